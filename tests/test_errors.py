"""What an error carries: its exit code, its sentence, and values cut to a length that can be read."""

import pytest

from kpikit.errors import DataError, Fault, KpikitError, UsageError, as_written


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KpikitError("no_deals"), 1),
        (UsageError("period", period="soon"), 2),
        (DataError([Fault("no_deals")]), 3),
    ],
)
def test_each_kind_ends_with_its_own_code(error, code):
    assert error.exit_code == code


def test_a_fault_speaks_of_one_row_unless_it_says_otherwise():
    assert Fault("no_deals").n == 1
    assert Fault("no_deals").as_dict() == {
        "rule": "no_deals", "table": None, "file": None, "row": None, "column": None, "value": None, "n": 1,
        "values": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "most", "said"),
    [("abcd", 5, "abcd"), ("abcde", 5, "abcde"), ("abcdef", 5, "abcde…"), (12.5, 5, "12.5"), ("", 5, "")],
)
def test_a_value_is_cut_where_it_is_longer_than_that(value, most, said):
    assert as_written(value, most) == said


def test_a_value_is_cut_after_a_hundred_and_twenty_letters():
    assert as_written("x" * 120) == "x" * 120
    assert as_written("x" * 121) == "x" * 120 + "…"


def test_what_cannot_be_written_at_all_is_an_ellipsis():
    endless = []
    endless.append(endless)
    assert as_written(10**5000) == "…"
    assert as_written(endless) == "[[...]]"


@pytest.mark.parametrize(("n", "lines"), [(1, 2), (40, 41), (41, 42), (60, 42)])
def test_at_most_forty_faults_are_written_out(n, lines):
    said = DataError([Fault("no_deals")] * n).sentence().splitlines()
    assert len(said) == lines
    assert ("20" in said[-1]) is (n == 60)
