"""What came into the pipeline and what left it: counted by hand, and always adding up."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kpikit import pipeline
from kpikit.book import of_team
from kpikit.calendar import Period
from tests.analysis.rate_books import rate_book

QUARTER = Period("2026Q2", date(2026, 4, 1), 3, "UTC")
AS_OF = datetime(2026, 7, 1, tzinfo=UTC)


def at(month, day=15):
    return datetime(2026, month, day, 12, tzinfo=UTC)


def book(rows, **tables):
    start = datetime(2026, 1, 1, tzinfo=UTC)  # day(0) of the strategies
    made = [{"created_at": at(2), "outcome_at": at(5) if row["outcome"] != "open" else None, **row} for row in rows]
    return rate_book(made, as_of=(AS_OF - start).days, **tables)


def counted(found, column="value"):
    return dict(found.select("figure", column).iter_rows())


def test_each_deal_is_counted_where_it_was():
    rows = [
        {"outcome": "open"},  # open then and now
        {"outcome": "open", "created_at": at(5)},  # new, open now
        {"outcome": "won", "created_at": at(4), "outcome_at": at(6)},  # new and won
        {"outcome": "won"},  # open then, won
        {"outcome": "lost"},  # open then, lost
        {"outcome": "lost", "outcome_at": at(3)},  # ended before: not counted
        {"outcome": "void", "loss_reason": "unqualified"},  # open then, set aside
        {"outcome": "void", "loss_reason": "duplicate"},  # never a deal
    ]
    found = pipeline.moved(book(rows), during=QUARTER)
    # open then: rows 1, 4, 5, 7; new: rows 2, 3; 4 + 2 - 2 - 1 - 1 = 2
    expected = {
        "open_then": 4.0, "new": 2.0, "taken_over": 0.0, "won": 2.0, "lost": 1.0, "set_aside": 1.0,
        "handed_over": 0.0, "open_now": 2.0, "postponed": 0.0,
    }  # fmt: skip
    assert counted(found) == expected
    assert counted(found, "money")["open_then"] == 40.0  # 10 each


def test_the_first_and_last_day_of_the_window_belong_to_it():
    rows = [
        {"outcome": "open", "created_at": datetime(2026, 4, 1, tzinfo=UTC)},
        {"outcome": "open", "created_at": datetime(2026, 3, 31, 23, 59, tzinfo=UTC)},
        {"outcome": "won", "outcome_at": datetime(2026, 6, 30, 23, 59, tzinfo=UTC)},
    ]
    found = counted(pipeline.moved(book(rows), during=QUARTER))
    assert (found["open_then"], found["new"], found["won"], found["open_now"]) == (2.0, 1.0, 1.0, 2.0)


def test_a_deal_without_its_days_is_counted_apart_and_one_without_an_amount_is_not_priced():
    rows = [
        {"outcome": "open", "created_at": None},
        {"outcome": "won", "outcome_at": None},
        {"outcome": "won", "outcome_at": at(3)},
        {"outcome": "open", "amount": None},
    ]
    found = pipeline.moved(book(rows), during=QUARTER)
    assert found["n_excluded"].to_list() == [2] * 9
    now = found.filter(pl.col("figure") == "open_now").row(0, named=True)
    assert (now["value"], now["money"], now["n_unpriced"]) == (1.0, 0.0, 1)


@pytest.mark.parametrize(
    ("was", "now", "postponed"),
    [("2026-06-10", "2026-08-01", 1.0), ("2026-06-10", "2026-06-20", 0.0), ("2026-08-01", "2026-09-01", 0.0)],
)
def test_a_date_that_moved_beyond_the_window(was, now, postponed):
    changes = pl.DataFrame(
        {
            "deal_id": ["D0"], "field": ["expected_close_on"], "old": [was], "new": [now], "changed_at": [at(5)],
            "seq": [1],
        }
    )  # fmt: skip
    found = pipeline.moved(book([{"outcome": "open", "expected_close_on": now}], changes=changes), during=QUARTER)
    assert counted(found)["postponed"] == postponed


def test_a_deal_handed_to_another_team_leaves_one_and_enters_the_other():
    rows = [
        {"outcome": "open", "owner": "b"},  # was a's until May
        {"outcome": "won", "owner": "b"},  # was a's until 1 May, won on 15 May by b's team
        {"outcome": "open", "owner": "a"},
    ]
    changes = pl.DataFrame(
        {
            "deal_id": ["D0", "D1"], "field": ["owner"] * 2, "old": ["a"] * 2, "new": ["b"] * 2,
            "changed_at": [at(5, 1)] * 2, "seq": [1, 2],
        }
    )  # fmt: skip
    day = date(2020, 1, 1)
    people = pl.DataFrame(
        {"owner": list("abcdef"), "team": ["North", "South"] * 3, "from_on": [day] * 6, "until_on": [None] * 6},
        schema_overrides={"until_on": pl.Date},
    )
    events = pl.DataFrame(
        {"deal_id": ["D0", "D1", "D2"], "stage": ["Offer"] * 3, "entered_at": [at(5, 10)] * 3, "seq": [1, 2, 3]}
    )
    stages = pl.DataFrame({"pipeline": ["New"], "stage": ["Offer"], "position": [1]})
    whole = book(rows, changes=changes, people=people, stage_events=events, stages=stages)
    north, south = (counted(pipeline.moved(of_team(whole, team), during=QUARTER)) for team in ("North", "South"))
    assert (north["open_then"], north["handed_over"], north["won"], north["open_now"]) == (3.0, 2.0, 0.0, 1.0)
    assert (south["open_then"], south["taken_over"], south["won"], south["open_now"]) == (0.0, 2.0, 1.0, 1.0)
    assert counted(pipeline.moved(whole, during=QUARTER))["handed_over"] == 0.0


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(0, 8), st.sampled_from(["open", "won", "lost", "void"])), max_size=12
    )
)
@examples(max_examples=25, deadline=None)
def test_it_always_adds_up(deals):
    rows = []
    for month, later, outcome in deals:
        created = datetime(2025, month, 3, tzinfo=UTC)
        ended = min(datetime(2026, 1 + later % 6, 20, tzinfo=UTC), AS_OF)
        rows.append({"outcome": outcome, "created_at": created, "outcome_at": ended if outcome != "open" else None})
    rows.append({"outcome": "open"})
    n = counted(pipeline.moved(book(rows), during=QUARTER))
    left = n["won"] + n["lost"] + n["set_aside"] + n["handed_over"]
    assert n["open_then"] + n["new"] + n["taken_over"] - left == n["open_now"]
