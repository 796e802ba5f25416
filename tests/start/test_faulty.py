"""Exports of many kinds go through the door: right, or refused in words; never wrong with nothing said."""

from datetime import UTC

import polars as pl
import pytest

from kpikit.errors import KpikitError
from kpikit.start.starting import understand
from tests.start import faulty

#: how many of the cases must come out right, as the door was when this was written
RIGHT = 0.6


def verdict(case, folder):
    """right, refused, told (not what the file meant, but what differs is said), or wrong."""
    try:
        made = understand(case.write(folder), folder / "mine", None)
    except KpikitError:
        return "refused"
    if not made.is_clear:
        return "refused"
    deals = made.book.tables["deals"]
    columns = ("name", "outcome", "amount", "created_at", "outcome_at")
    found = {
        (name, outcome, amount, begun and begun.astimezone(UTC).date(), ended and ended.astimezone(UTC).date())
        for name, outcome, amount, begun, ended in deals.select(columns).iter_rows()
    }
    if found == faulty.truth() and deals.height == len(found):
        return "right"
    told = [one.code for one in made.guess.told] + [fault.rule for fault in made.book.faults]
    return "told" if {"ends_differ", "unreadable_number", "duplicate_id"} & set(told) else "wrong"


@pytest.mark.parametrize("case", faulty.CASES, ids=lambda case: f"{case.kind} · {case.dose}")
def test_nothing_is_wrong_in_silence(case, tmp_path):
    found = verdict(case, tmp_path)
    assert found in (("right", "refused") if case.can_be_known else ("right", "refused", "told"))


def test_most_are_right(tmp_path):
    found = [verdict(case, tmp_path / str(i)) for i, case in enumerate(faulty.CASES)]
    assert len(found) >= 150
    assert found.count("right") >= RIGHT * len(found)
    # what the files tell is not asked about: a door that asks too much is as bad
    known = [one for one, case in zip(found, faulty.CASES, strict=True) if case.can_be_known]
    assert known.count("right") >= 0.97 * len(known)


@pytest.mark.parametrize("case", list(faulty.clean()), ids=lambda case: f"{case.kind} · {case.dose}")
def test_a_clean_file_goes_through_without_a_question(case, tmp_path):
    """A day without a time stands for its midnight in the book's zone, so days are compared in it."""
    made = understand(case.write(tmp_path), tmp_path / "mine", None)
    assert made.is_clear, made.error and made.error.sentence()
    zone = made.book.settings.time_zone
    deals = made.book.tables["deals"].with_columns(
        pl.col("created_at", "outcome_at").dt.convert_time_zone(zone).dt.date()
    )
    found = set(deals.select("name", "outcome", "amount", "created_at", "outcome_at").iter_rows())
    assert found == faulty.truth() if "iso T" not in case.dose else len(found) == 40
