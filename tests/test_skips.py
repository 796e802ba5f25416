"""A skip is a failure where it must be, and only there; what needs quiet has it."""

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


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("tests/browser/test_index.py", "quiet"),
        ("tests/hostile/test_in_browser.py", "quiet"),
        ("tests/log/test_log.py", "quiet"),
        ("tests/report/test_run_killed.py", "quiet"),
        ("tests/stats/test_firth.py", "tests/stats/test_firth.py"),
    ],
)
def test_what_needs_quiet_runs_in_one_process(file, group):
    assert conftest.group_of(file) == group
