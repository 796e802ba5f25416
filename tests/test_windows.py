"""Windows: a public name is loaded where it lives, once, when somebody asks for it."""

import sys
import types

import pytest

import kpikit
from kpikit.windows import loading


@pytest.fixture
def window(monkeypatch):
    module = types.ModuleType("a_window")
    monkeypatch.setitem(sys.modules, "a_window", module)
    module.__getattr__ = loading("a_window", {"room": "kpikit.stats", "Fault": "kpikit.errors:Fault"})
    return module


def test_a_room_and_what_stands_in_one_are_loaded_and_kept(window):
    assert "Fault" not in vars(window)
    assert window.Fault is sys.modules["kpikit.errors"].Fault
    assert window.room is sys.modules["kpikit.stats"]
    assert set(vars(window)) >= {"Fault", "room"}


@pytest.mark.parametrize("name", ["fault", "stats", "loading", "_homes", ""])
def test_what_is_not_public_is_not_there(window, name):
    with pytest.raises(AttributeError, match=f"module 'a_window' has no attribute '{name}'"):
        getattr(window, name)


@pytest.mark.parametrize("package", [kpikit, kpikit.review], ids=["kpikit", "review"])
def test_every_public_name_is_there(package):
    assert [name for name in package.__all__ if not hasattr(package, name)] == []
    assert dir(package) == sorted(package.__all__)
