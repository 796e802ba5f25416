"""The book as it was: what had been recorded at an earlier instant."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import DealBook, Settings, UsageError, winloss
from kpikit.engine import spells
from tests.strategies import STAGES, as_book, day, deal_rows

few = settings(max_examples=15, deadline=None)
NONE = pl.Series([None], dtype=pl.Datetime("us", "UTC"))


def book_of(deal, changes=(), **tables):
    """One deal; changes are (field, old, new, day) or with the day they were recorded."""
    deal = {"deal_id": "a", "pipeline": "New", "outcome": "open", "created_at": day(0), "outcome_at": None} | deal
    if changes:
        tables["changes"] = pl.DataFrame(
            [
                {
                    "deal_id": "a",
                    "field": c[0],
                    "old": c[1],
                    "new": c[2],
                    "changed_at": day(c[3]),
                    "seq": i,
                    "recorded_at": day(c[4]) if len(c) > 4 else None,
                }
                for i, c in enumerate(changes)
            ],
            schema_overrides={"old": pl.String, "new": pl.String, "recorded_at": pl.Datetime("us", "UTC")},
        )
    deals = pl.DataFrame([deal], schema_overrides={"outcome_at": pl.Datetime("us", "UTC")})
    tables.setdefault("as_of", day(100))
    return DealBook.from_frames(deals=deals, **tables)


def field(book, *names):
    row = book.tables["deals"].lazy().select(names).collect().rows()
    return row[0] if len(names) > 1 else row[0][0]


def test_an_outcome_that_had_not_been_reached_is_open():
    deal = {
        "outcome": "lost",
        "outcome_at": day(50),
        "loss_reason": "price",
        "competitor": "X",
        "more_like_this": False,
    }
    book = book_of(deal)
    names = ("outcome", "outcome_at", "outcome_day", "outcome_team", "loss_reason", "competitor", "more_like_this")
    assert field(book.at(day(49)), *names) == ("open", None, None, None, None, None, None)
    assert field(book.at(day(51)), "outcome", "outcome_at", "loss_reason") == ("lost", day(50), "price")


def test_open_now_lost_then():
    book = book_of({"outcome": "open"}, [("outcome", "open", "lost", 20), ("outcome", "lost", "open", 40)])
    assert field(book.at(day(10)), "outcome", "outcome_at") == ("open", None)
    assert field(book.at(day(30)), "outcome", "outcome_at") == ("lost", day(20))
    assert field(book.at(day(50)), "outcome", "outcome_at") == ("open", None)


def test_won_now_lost_then_and_open_between():
    deal = {"outcome": "won", "outcome_at": day(60)}
    changes = [("outcome", "open", "lost", 20), ("outcome", "lost", "open", 40), ("outcome", "open", "won", 60)]
    book = book_of(deal, changes)
    told = [field(book.at(day(d)), "outcome", "outcome_at") for d in (10, 20, 39, 40, 59, 60, 99)]
    assert told == [
        ("open", None),
        ("lost", day(20)),
        ("lost", day(20)),
        ("open", None),
        ("open", None),
        ("won", day(60)),
        ("won", day(60)),
    ]


def test_a_deal_decided_then_and_reopened_later_counts_on_its_day_then():
    changes = [("outcome", "open", "won", 20), ("outcome", "won", "open", 40)]
    book = book_of(
        {"outcome": "open", "team": "N", "amount": 75.0}, changes, settings=Settings(time_zone="Europe/Amsterdam")
    )
    then = book.at(day(30))
    period = book.settings.period("2026-01")  # day 20 is 21 January
    won = {r["figure"]: r["value"] for r in winloss.wins(then, by=["team"], during=period).filter(team="N").to_dicts()}
    assert won == {"won": 1.0, "won_value": 75.0}
    assert winloss.wins(book, during=period)["value"].to_list() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("name", "now", "changes", "then"),
    [
        (
            "amount",
            90.0,
            [("amount", "60", "75", 20), ("amount", "75", "90", 40)],
            {10: 60.0, 20: 75.0, 39: 75.0, 40: 90.0},
        ),
        ("owner", "z", [("owner", "x", "z", 40)], {10: "x", 50: "z"}),
        ("stage", "Proposal", [("stage", "Qualify", "Proposal", 30)], {29: "Qualify", 30: "Proposal"}),
        ("next_step", None, [("next_step", "call", None, 30)], {29: "call", 30: None}),
        ("amount", 90.0, [("amount", None, "90", 40)], {10: None, 50: 90.0}),
        ("is_icp", True, [("is_icp", "false", "true", 40)], {10: False, 50: True}),
    ],
)
def test_a_field_has_the_value_it_had_before_its_first_later_change(name, now, changes, then):
    book = book_of({name: now}, changes)
    assert {at: field(book.at(day(at)), name) for at in then} == then


def test_a_deal_keeps_its_own_number():
    """Whatever a system writes about a change of it: all tables are joined by it."""
    book = book_of({"amount": 90.0}, [("deal_id", "before", "after", 40), ("amount", "60", "90", 40)])
    mine = field(book, "deal_id")
    assert field(book.at(day(30)), "deal_id", "amount") == (mine, 60.0)


def test_a_day_is_taken_back():
    from datetime import date

    changes = [("expected_close_on", None, "2026-03-01", 10), ("expected_close_on", "2026-03-01", "2026-04-01", 40)]
    book = book_of({"expected_close_on": "2026-04-01"}, changes)
    assert [field(book.at(day(d)), "expected_close_on") for d in (5, 20, 50)] == [
        None,
        date(2026, 3, 1),
        date(2026, 4, 1),
    ]


def test_a_change_counts_from_when_it_was_recorded():
    book = book_of({"amount": 90.0}, [("amount", "60", "90", 10, 40)])
    assert field(book.at(day(30)), "amount") == 60.0


def test_several_changes_at_one_instant_are_undone_in_their_order():
    changes = [("amount", "10", "20", 40), ("amount", "20", "30", 40)]
    assert field(book_of({"amount": 30.0}, changes).at(day(30)), "amount") == 10.0


def test_deals_recorded_later_are_not_there_yet():
    deals = pl.DataFrame(
        {
            "deal_id": ["early", "late", "later", "who knows"],
            "pipeline": ["P"] * 4,
            "outcome": ["open"] * 4,
            "created_at": [day(0), day(0), day(40), None],
            "recorded_at": [None, day(30), None, None],
        }
    )
    book = DealBook.from_frames(deals=deals, as_of=day(60))
    there = {at: book.at(day(at)).tables["deals"]["deal_id"].to_list() for at in (10, 30, 50)}
    assert there == {
        10: ["early", "who knows"],
        30: ["early", "late", "who knows"],
        50: ["early", "late", "later", "who knows"],
    }


def test_logs_notes_and_activities_are_as_recorded():
    tables = {
        "stage_events": pl.DataFrame(
            {
                "deal_id": ["a"] * 3,
                "stage": ["Qualify", "Discovery", "Proposal"],
                "entered_at": [day(0), day(10), day(20)],
                "recorded_at": [day(0), day(25), day(20)],
            }
        ),
        "stages": STAGES,
        "activities": pl.DataFrame(
            {
                "activity_id": ["1", "2"],
                "kind": ["call"] * 2,
                "happened_at": [day(5), day(6)],
                "recorded_at": [day(5), day(30)],
            }
        ),
        "notes": pl.DataFrame(
            {"deal_id": ["a"] * 2, "at": [day(5), day(22)], "kind": ["story"] * 2, "text": ["x", "y"]}
        ),
        "interviews": pl.DataFrame({"deal_id": ["a"], "held_at": [day(22)], "reasons": ["price"]}),
    }
    then = book_of({}, **tables).at(day(21))
    assert then.tables["stage_events"]["stage"].to_list() == ["Qualify", "Proposal"]
    assert then.tables["activities"]["activity_id"].to_list() == ["1"]
    assert then.tables["notes"]["text"].to_list() == ["x"]
    assert then.tables["interviews"].is_empty()
    assert spells(then)["stage"].to_list() == ["Qualify", "Proposal"]


def test_offers_and_signatures_are_not_known_before_their_instant():
    book = book_of({"offered_at": day(20), "offer_asked_by": "customer", "signed_at": day(40)})
    names = ("offered_at", "offer_asked_by", "signed_at")
    assert field(book.at(day(10)), *names) == (None, None, None)
    assert field(book.at(day(30)), *names) == (day(20), "customer", None)


def test_after_the_end_of_the_book_is_refused():
    book = book_of({})
    assert book.at(book.as_of).as_of == book.as_of
    with pytest.raises(UsageError) as refused:
        book.at(book.as_of + timedelta(microseconds=1))
    assert refused.value.code == "after_as_of"


def test_team_settings_and_kind_of_answer_stay():
    book = book_of({}, settings=Settings(bin="hour")).replace(answers_in="pandas", team="all")
    then = book.at(day(1))
    assert (then.settings, then.answers_in, then.team, then.as_of) == (book.settings, "pandas", "all", day(1))


# --- bugs ------------------------------------------------------------------------------------------------------------


def test_the_value_of_a_win_is_the_amount_then():
    book = book_of({"outcome": "won", "outcome_at": day(10), "amount": 100.0}, [("amount", "60", "100", 30)])
    value = winloss.wins(book.at(day(20))).filter(figure="won_value")["value"][0]
    assert value == 60.0


def test_a_deal_does_not_depend_on_the_other_deals():
    deals = pl.DataFrame(
        {
            "deal_id": ["a", "b"],
            "pipeline": ["New"] * 2,
            "outcome": ["won", "lost"],
            "created_at": [day(0)] * 2,
            "outcome_at": [day(8), day(30)],
        }
    )
    changes = pl.DataFrame(
        {
            "deal_id": ["a", "b"],
            "field": ["outcome"] * 2,
            "old": ["open"] * 2,
            "new": ["won", "lost"],
            "changed_at": [day(10), day(30)],
        }
    )
    both = DealBook.from_frames(deals=deals, changes=changes, as_of=day(40)).at(day(20))
    alone = DealBook.from_frames(deals=deals[:1], changes=changes[:1], as_of=day(40)).at(day(20))
    assert both.tables["deals"]["outcome_at"][0] == alone.tables["deals"]["outcome_at"][0] == day(8)


@pytest.mark.parametrize(
    ("name", "now", "old", "then"),
    [("amount", "1.300,50", "1.250,50", 1250.5), ("is_icp", "nee", "ja", True)],
)
def test_old_values_are_read_as_their_column_is(name, now, old, then):
    assert field(book_of({name: now}, [(name, old, now, 30)]).at(day(20)), name) == then


def test_an_interview_not_yet_held_has_no_reasons():
    interviews = pl.DataFrame(
        {"deal_id": ["a"], "asked_at": [day(10)], "held_at": [day(30)], "reasons": ["price"], "story": ["s"]}
    )
    then = book_of({}, interviews=interviews).at(day(20)).tables["interviews"]
    assert then.select("held_at", "reasons", "story").rows() == [(None, None, None)]


def test_deals_stay_in_their_order():
    n = 40
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{i:02}" for i in range(n)],
            "pipeline": ["New"] * n,
            "outcome": ["open"] * n,
            "created_at": [day(0)] * n,
            "amount": [2.0] * n,
        }
    )
    changes = pl.DataFrame(
        {
            "deal_id": ["d01", "d07"],
            "field": ["amount"] * 2,
            "old": ["1"] * 2,
            "new": ["2"] * 2,
            "changed_at": [day(9)] * 2,
        }
    )
    book = DealBook.from_frames(deals=deals, changes=changes)
    for _ in range(60):
        assert book.at(day(5)).tables["deals"]["deal_id"].to_list() == deals["deal_id"].to_list()


# --- properties ------------------------------------------------------------------------------------------------------


def assert_same(one, other):
    assert one.as_of == other.as_of
    assert one.tables.keys() == other.tables.keys()
    for name in one.tables:
        keys = ["deal_id", *({"stage_events": ["seq"], "changes": ["field", "seq"]}.get(name, []))]
        if "deal_id" in one.tables[name].columns:
            assert one.tables[name].sort(keys).equals(other.tables[name].sort(keys)), name


@pytest.mark.slow
@few
@given(deal_rows(), st.integers(0, 90 * 24))
def test_twice_taken_back_is_once(rows, hours):
    book = as_book(rows)
    instant = min(day(hours / 24), book.as_of)
    then = book.at(instant)
    assert_same(then.at(instant), then)


@pytest.mark.slow
@few
@given(deal_rows(), st.integers(0, 90 * 24), st.integers(0, 90 * 24))
def test_by_way_of_a_later_instant_is_the_same(rows, one, other):
    book = as_book(rows)
    earlier, later = sorted(min(day(h / 24), book.as_of) for h in (one, other))
    assert_same(book.at(later).at(earlier), book.at(earlier))


@few
@given(deal_rows(), st.integers(0, 90 * 24))
def test_nothing_of_later_is_left(rows, hours):
    book = as_book(rows)
    instant = min(day(hours / 24), book.as_of)
    then = book.at(instant)
    deals = then.tables["deals"]
    assert deals.filter(pl.coalesce("recorded_at", "created_at") > instant).is_empty()
    assert deals.filter(pl.col("outcome_at") > instant).is_empty()
    assert deals.filter((pl.col("outcome") == "open") & pl.col("outcome_at").is_not_null()).is_empty()
    assert deals["outcome"].null_count() == 0
    if "stage_events" in then.tables:
        events = then.tables["stage_events"]
        assert events.filter(pl.coalesce("recorded_at", "entered_at") > instant).is_empty()


@few
@given(deal_rows(), st.integers(0, 90 * 24))
def test_a_deal_as_it_was_is_the_walk_up_to_then(rows, hours):
    """The outcome then is the last one in the walk that made the book; so is the amount."""
    book = as_book(rows)
    instant = min(day(hours / 24), book.as_of)
    for deal in book.at(instant).tables["deals"].to_dicts():
        mine = [c for c in rows["changes"] if c["deal_id"] == deal["deal_id"]]
        outcomes = [c for c in mine if c["field"] == "outcome"]
        past = [c["new"] for c in outcomes if c["changed_at"] <= instant]
        assert deal["outcome"] == (past[-1] if past else "open")
        amounts = [c for c in mine if c["field"] == "amount"]
        if amounts:
            known = [c["new"] for c in amounts if c["changed_at"] <= instant]
            assert deal["amount"] == float(known[-1] if known else amounts[0]["old"])


def test_a_book_that_was_taken_back_to_an_instant_is_that_book():
    """Taken back once for all reports of a run, and not again in each of them."""
    book = book_of({"outcome": "won", "outcome_at": day(30)}).replace(hash="abc")
    then = book.at(day(20))
    assert then.at(day(20)) is then
    assert then.at(day(10)) is not then
    assert book.at(day(100)) is not book  # up to its own as-of, but never taken back
