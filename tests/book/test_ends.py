"""When a deal ended: a day is not a midnight, and an end may stand in the history alone. All figures by hand."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

import kpikit
from kpikit import DealBook, Settings
from kpikit.book.door.histories.stage_lists import in_every_pipeline, with_ends
from kpikit.engine import spells


def at(day, hour=0, minute=0, month=3):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


STAGES = pl.DataFrame(
    {
        "pipeline": ["P"] * 4,
        "stage": ["A", "B", "Won", "Lost"],
        "position": [1, 2, 3, 4],
        "is_won": [False, False, True, False],
        "is_lost": [False, False, False, True],
    }
)


def book_of(deals, events=(), zone="UTC", **more):
    """Deals (id, outcome, created, ended) and events (id, stage, at)."""
    frame = pl.DataFrame(
        [{"deal_id": d, "pipeline": "P", "outcome": o, "created_at": c, "outcome_at": e} for d, o, c, e in deals],
        schema_overrides={"outcome_at": pl.Datetime("us", "UTC")},
    )
    rows = pl.DataFrame([{"deal_id": d, "stage": s, "entered_at": a} for d, s, a in events]) if events else None
    stages = STAGES if events else None
    return DealBook.from_frames(
        deals=frame, stage_events=rows, stages=stages, settings=Settings(time_zone=zone), **more
    )


def end(book, deal="a"):
    return book.tables["deals"].filter(pl.col("deal_id") == deal)["outcome_at"][0]


def test_begun_and_closed_on_one_day_took_no_day_at_all():
    book = book_of([("a", "won", at(3, 9), at(3))])
    assert end(book) == at(3, 9)  # between 0 and 15 hours; 0 days of the calendar
    assert book.faults == ()
    median = kpikit.velocity.cycle(book).row(0, named=True)
    assert (median["n"], median["n_excluded"]) == (1, 0)


def test_a_length_in_days_is_that_of_the_calendar():
    assert end(book_of([("a", "lost", at(3, 9), at(19))])) == at(19, 9)  # 16 days


def test_an_end_with_a_time_of_day_stays():
    assert end(book_of([("a", "won", at(3, 9), at(19, 0, 1))])) == at(19, 0, 1)


def test_a_midnight_among_many_times_of_day_is_a_midnight():
    """One of eleven ends at 0:00 and ten others at odd minutes: the column has times of day."""
    others = [(f"b{i}", "won", at(3, 9), at(10 + i, 8, 17)) for i in range(10)]
    assert end(book_of([("a", "won", at(3, 9), at(19)), *others])) == at(19)
    assert end(book_of([("a", "won", at(3, 9), at(19)), *others[:9]])) == at(19, 9)  # one of ten may be a day


def test_the_day_is_the_local_one():
    """Closed on 19 March in Amsterdam is 18 March 23:00 UTC; created there at 10:00."""
    book = book_of([("a", "won", at(3, 9), at(18, 23))], zone="Europe/Amsterdam")
    assert end(book) == at(19, 9)
    assert book.tables["deals"]["outcome_day"][0] == (date(2026, 3, 19) - date(1970, 1, 1)).days


def test_the_clock_may_change_between_them():
    """Created at 10:00 in winter time (9:00 UTC), closed on 30 March: 10:00 in summer time is 8:00 UTC."""
    book = book_of([("a", "won", at(3, 9), at(29, 22))], zone="Europe/Amsterdam")
    assert end(book) == at(30, 8)


def test_the_history_knows_the_moment_of_that_day():
    events = [("a", "A", at(3, 9)), ("a", "Won", at(19, 14, 30))]
    assert end(book_of([("a", "won", at(3, 9), at(19))], events)) == at(19, 14, 30)


def test_a_closing_on_another_day_or_of_another_kind_is_not_that_moment():
    events = [("a", "A", at(3, 9)), ("a", "Won", at(18, 14)), ("b", "A", at(3, 9)), ("b", "Lost", at(19, 7))]
    book = book_of([("a", "won", at(3, 9), at(19)), ("b", "won", at(3, 10), at(19))], events)
    assert end(book) == at(19, 9)
    assert end(book, "b") == at(19, 10)


def test_no_visit_of_that_day_lies_after_the_end():
    events = [("a", "A", at(3, 9)), ("a", "B", at(19, 11))]
    book = book_of([("a", "won", at(3, 9), at(19))], events)
    found = spells(book).select("stage", "kind", "excluded").rows()
    assert found == [("A", "advance", None), ("B", "won", None)]
    assert end(book) == at(19, 11)


def test_an_open_deal_has_no_end():
    assert end(book_of([("a", "open", at(3, 9), at(19))])) is None


def test_a_day_of_creation_and_a_day_of_end_stay_midnights():
    assert end(book_of([("a", "won", at(3), at(19))])) == at(19)


# --- from the history ------------------------------------------------------------------------------------------------


def test_an_end_without_a_date_is_taken_from_the_history():
    events = [("a", "A", at(3, 9)), ("a", "Won", at(19, 14)), ("a", "Won", at(20, 14))]
    book = book_of([("a", "won", at(3, 9), None)], events)
    assert end(book) == at(19, 14)  # the first of the closings in a row
    assert [(fault.rule, fault.n) for fault in book.faults] == [("ends_from_history", 1)]


@pytest.mark.parametrize(
    "events",
    [
        [("a", "A", at(3, 9)), ("a", "Lost", at(19, 14))],  # it ended otherwise
        [("a", "A", at(3, 9)), ("a", "Won", at(19, 14)), ("a", "B", at(20, 14))],  # it was opened again
        [("a", "A", at(3, 9))],
    ],
)
def test_a_history_that_says_something_else_gives_no_end(events):
    book = book_of([("a", "won", at(3, 9), None)], events)
    assert end(book) is None
    assert "closed_without_date" in {fault.rule for fault in book.faults}


# --- lists of stages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sure", "unsure"), [(1.0, 0.4), (100.0, 40.0)])
def test_closed_stages_are_won_or_lost_by_their_probability(sure, unsure):
    listed = pl.DataFrame(
        {"stage": list("ABCD"), "is_closed": [False, True, True, True], "probability": [0.0, sure, 0.0, unsure]}
    )
    assert with_ends(listed).select("is_won", "is_lost").rows() == [
        (False, False), (True, False), (False, True), (False, False),
    ]  # fmt: skip


def test_a_closed_stage_that_is_not_won_is_lost():
    listed = pl.DataFrame({"stage": list("ABC"), "is_closed": [False, True, True], "is_won": [False, True, False]})
    assert with_ends(listed).select("is_won", "is_lost").rows() == [(False, False), (True, False), (False, True)]


def test_what_the_list_says_itself_stays():
    listed = pl.DataFrame(
        {"stage": ["A"], "is_closed": [True], "probability": [0.0], "is_won": [True], "is_lost": [False]}
    )
    assert with_ends(listed).select("is_won", "is_lost").rows() == [(True, False)]


def test_stages_of_all_pipelines_are_in_each_that_has_no_list_of_its_own():
    listed = pl.DataFrame({"pipeline": ["all", "all", "New"], "stage": ["A", "B", "C"], "position": [1, 2, 1]})
    deals = pl.DataFrame({"deal_id": ["1", "2"], "pipeline": ["New", "Old"]})
    found = in_every_pipeline({"stages": listed, "deals": deals})["stages"]
    assert found.sort("pipeline", "stage").select("pipeline", "stage").rows() == [
        ("New", "C"), ("Old", "A"), ("Old", "B"),
    ]  # fmt: skip


def test_a_closing_earlier_on_its_day_than_the_hour_of_creation():
    """Created at 9:00, closed by the history at 7:30 on the day of the end: 7:30, not 9:00."""
    events = [("a", "A", at(3, 9)), ("a", "Won", at(19, 7, 30))]
    assert end(book_of([("a", "won", at(3, 9), at(19))], events)) == at(19, 7, 30)
