"""A skip is a failure where it must be, and only there."""

import pytest

from tests import conftest


@pytest.mark.parametrize(
    ("required", "tool", "fails"),
    [
        ({"all"}, "chromium", True),
        ({"all"}, "the pool gave another connection", True),
        ({"all"}, "shared", False),
        ({"all", "shared"}, "shared", True),
        ({"chromium"}, "spark", False),
        ({"chromium"}, "chromium", True),
        (set(), "chromium", False),
    ],
)
def test_what_may_be_skipped(monkeypatch, required, tool, fails):
    monkeypatch.setattr(conftest, "REQUIRED", frozenset(required))
    assert conftest.is_required(tool) is fails


def test_each_exception_says_why():
    assert all(len(why.split()) > 5 for why in conftest.MAY_BE_SKIPPED.values())
