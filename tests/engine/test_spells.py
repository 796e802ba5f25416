"""Spells: what one visit of one deal to one stage is, and how it ended."""

import itertools
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import DealBook, Refused
from kpikit.calendar import Period, add_months
from kpikit.engine import seen, spells
from kpikit.engine.observed import observed
from tests.oracles import MICROSECOND, spells_of
from tests.strategies import STAGES, as_book, as_frames, day, deal_rows, placed

HOUR = 3_600_000_000
few = settings(max_examples=15, deadline=None)


def book_of(events, outcome=("open", None), *, recorded=None, changes=(), as_of=200, stages=STAGES):
    """One deal in New: events are (day, stage) or (day, stage, seq, recorded day)."""
    rows = {
        "deals": [
            {
                "deal_id": "a", "pipeline": "New", "created_at": day(0), "outcome": outcome[0],
                "recorded_at": None if recorded is None else day(recorded),
                "outcome_at": None if outcome[1] is None else day(outcome[1]),
            }
        ],
        "stage_events": [
            {
                "deal_id": "a", "stage": e[1], "entered_at": day(e[0]), "seq": e[2] if len(e) > 2 else i,
                "recorded_at": day(e[3]) if len(e) > 3 else None,
            }
            for i, e in enumerate(events)
        ],
        "changes": [
            {"deal_id": "a", "field": "outcome", "old": old, "new": new, "changed_at": day(at), "seq": i}
            for i, (at, old, new) in enumerate(changes)
        ],
    }  # fmt: skip
    frames = as_frames(rows) | {"stages": stages}
    return DealBook.from_frames(**frames, as_of=day(as_of))


def told(book):
    """Each visit as (stage, day in, day out, kind)."""
    days = [(pl.col(c) - day(0)).dt.total_days() for c in ("entered_at", "left_at")]
    return spells(book).select("stage", *days, "kind").rows()


Q, D, P, N, WON, LOST = "Qualify", "Discovery", "Proposal", "Negotiation", "Closed won", "Closed lost"


@pytest.mark.parametrize(
    ("events", "outcome", "expected"),
    [
        ([(0, Q), (5, D)], ("open", None), [(Q, 0, 5, "advance"), (D, 5, None, "open")]),
        ([(0, P), (5, Q)], ("open", None), [(P, 0, 5, "back"), (Q, 5, None, "open")]),
        ([(0, Q)], ("lost", 9), [(Q, 0, 9, "lost")]),
        ([(0, N)], ("won", 9), [(N, 0, 9, "won")]),
        ([(0, Q)], ("void", 9), [(Q, 0, 9, "void")]),
        ([(0, Q), (2, Q), (5, Q), (7, D)], ("open", None), [(Q, 0, 7, "advance"), (D, 7, None, "open")]),
        # closed through a stage that means lost; the decision itself follows at once and ends the closed stage
        ([(0, Q), (6, LOST)], ("lost", 6), [(Q, 0, 6, "lost"), (LOST, 6, 6, "lost")]),
        ([(0, Q), (6, WON)], ("won", 6), [(Q, 0, 6, "won"), (WON, 6, 6, "won")]),
        # an entry at the instant of the outcome came before it
        ([(0, Q), (4, P)], ("won", 4), [(Q, 0, 4, "advance"), (P, 4, 4, "won")]),
        ([], ("won", 4), []),
    ],
)
def test_kinds(events, outcome, expected):
    book = book_of(events or [(0, Q)], outcome)
    if not events:
        book = book.replace(tables={**book.tables, "stage_events": book.tables["stage_events"].clear()})
    assert told(book) == expected


def test_a_skip_is_an_advance_that_says_where_it_went_and_makes_no_visit_in_between():
    found = spells(book_of([(0, Q), (5, N), (9, P), (12, D)]))
    assert found["stage"].to_list() == [Q, N, P, D]
    assert found["kind"].to_list() == ["advance", "back", "back", "open"]
    assert found["skipped_to"].to_list() == [N, None, None, None]


def test_the_next_stage_is_no_skip():
    assert spells(book_of([(0, Q), (5, D)]))["skipped_to"].to_list() == [None, None]


def test_a_stage_entered_again_is_a_second_visit():
    found = spells(book_of([(0, Q), (2, D), (4, Q), (6, D), (9, Q)]))
    assert found.select("stage", "visit").rows() == [(Q, 1), (D, 1), (Q, 2), (D, 2), (Q, 3)]


def test_reopened_through_its_outcome_it_takes_up_the_last_open_stage_again():
    book = book_of([(0, Q), (10, P)], changes=[(20, "open", "lost"), (30, "lost", "open")])
    assert told(book) == [(Q, 0, 10, "advance"), (P, 10, 20, "lost"), (P, 30, None, "open")]
    assert spells(book)["visit"].to_list() == [1, 1, 2]
    assert spells(book)["excluded"].to_list() == [None, None, None]


def test_reopened_into_a_stage_named_at_the_same_instant():
    events = [(0, Q), (10, P), (30, D)]
    book = book_of(events, changes=[(20, "open", "lost"), (30, "lost", "open")])
    assert told(book) == [(Q, 0, 10, "advance"), (P, 10, 20, "lost"), (D, 30, None, "open")]


def test_reopened_and_lost_for_good():
    book = book_of([(0, P)], ("lost", 50), changes=[(20, "open", "won"), (30, "won", "open"), (50, "open", "lost")])
    assert told(book) == [(P, 0, 20, "won"), (P, 30, 50, "lost")]


def test_a_reopening_after_the_outcome_that_holds_is_no_visit():
    changes = [
        (20, "open", "won"),
        (30, "won", "open"),
        (50, "open", "lost"),
        (60, "lost", "open"),
        (70, "open", "won"),
    ]
    book = book_of([(0, P)], ("lost", 50), changes=changes)
    assert told(book) == [(P, 0, 20, "won"), (P, 30, 50, "lost")]


def test_changes_of_other_fields_are_no_outcomes():
    book = book_of([(0, P)], changes=[(20, "open", "lost"), (30, "lost", "open")])
    told_otherwise = book.tables["changes"].with_columns(field=pl.lit("stage"))
    assert told(book.replace(tables={**book.tables, "changes": told_otherwise})) == [(P, 0, None, "open")]


def test_reopened_through_a_closed_stage():
    book = book_of([(0, P), (8, LOST), (20, D)])
    assert told(book) == [(P, 0, 8, "lost"), (LOST, 8, 20, "back"), (D, 20, None, "open")]
    assert spells(book)["excluded"].to_list() == [None, "closed_stage", None]


def test_within_one_instant_seq_decides():
    forward = book_of([(0, Q), (5, D, 1), (5, P, 2)])
    assert told(forward) == [(Q, 0, 5, "advance"), (D, 5, 5, "advance"), (P, 5, None, "open")]
    turned = book_of([(0, Q), (5, D, 2), (5, P, 1)])
    assert told(turned) == [(Q, 0, 5, "advance"), (P, 5, 5, "back"), (D, 5, None, "open")]


def test_a_visit_recorded_late_was_not_seen_from_its_start():
    found = spells(book_of([(0, Q, 1, 3), (10, D, 2, 10), (20, P, 3, 20.25)]))
    assert found["entry_age"].to_list() == [3 * 24 * HOUR, None, 6 * HOUR]
    assert found["excluded"].to_list() == [None, None, None]


def test_a_deal_recorded_late_was_not_seen_before():
    found = spells(book_of([(0, Q), (10, D), (20, P)], recorded=12))
    # Qualify was over (day 10) before day 12; Discovery came into view at the age of two days
    assert found["excluded"].to_list() == ["left_before_recorded", None, None]
    assert found["entry_age"].to_list() == [12 * 24 * HOUR, 2 * 24 * HOUR, None]


def test_recorded_at_the_instant_it_was_left_is_not_seen_either():
    assert spells(book_of([(0, Q, 1, 5), (5, D, 2, 5)]))["excluded"].to_list() == ["left_before_recorded", None]


def test_what_comes_after_the_final_outcome_is_set_aside():
    found = spells(book_of([(0, Q), (30, D)], ("lost", 10)))
    assert found.select("stage", "kind", "excluded").rows() == [(Q, "lost", None), (D, "open", "after_outcome")]


def test_a_stage_that_is_not_in_the_pipeline_is_set_aside():
    found = spells(book_of([(0, Q), (3, "Nowhere"), (6, D)]))
    assert found["excluded"].to_list() == [None, "unknown_stage", None]


def test_the_order_of_stages_is_the_pipelines_own():
    stages = pl.DataFrame({"pipeline": ["New", "New", "Old", "Old"], "stage": [Q, D, Q, D], "position": [1, 2, 2, 1]})
    assert told(book_of([(0, Q), (5, D)], stages=stages))[0] == (Q, 0, 5, "advance")
    other = stages.with_columns(pipeline=pl.col("pipeline").replace({"New": "Old", "Old": "New"}))
    assert told(book_of([(0, Q), (5, D)], stages=other))[0] == (Q, 0, 5, "back")


def test_a_stage_closed_in_one_pipeline_is_open_in_another():
    stages = pl.DataFrame(
        {
            "pipeline": ["New", "New", "Old", "Old"], "stage": [Q, "Done", Q, "Done"], "position": [1, 2, 1, 2],
            "is_won": [False, False, False, True],
        }
    )  # fmt: skip
    found = spells(book_of([(0, Q), (5, "Done")], stages=stages))
    assert found.select("kind", "excluded").rows() == [("advance", None), ("open", None)]


def test_a_closed_deal_without_a_date_is_not_still_there():
    found = spells(book_of([(0, Q), (5, D)], ("lost", None)))
    assert found["excluded"].to_list()[0] is None
    assert found["excluded"].to_list()[1] is not None


def test_what_lies_after_as_of_is_not_seen():
    book = book_of([(0, Q), (500, D)], as_of=20)
    assert seen(book).select("stage", "kind").rows() == [(Q, "open")]


def test_refused_without_stage_history_or_order():
    book = book_of([(0, Q)])
    for name, code in (("stage_events", "no_stage_history"), ("stages", "no_stage_order")):
        with pytest.raises(Refused) as refused:
            spells(book.replace(tables={k: v for k, v in book.tables.items() if k != name}))
        assert refused.value.code == code


# --- properties ------------------------------------------------------------------------------------------------------

COLUMNS = ("deal_id", "stage", "visit", "entered_at", "seq", "left_at", "kind", "skipped_to", "entry_age", "excluded")


def by_oracle(rows):
    found = []
    for deal in rows["deals"]:
        mine = [[r for r in rows[t] if r["deal_id"] == deal["deal_id"]] for t in ("stage_events", "changes")]
        found += spells_of(deal, *mine, STAGES.to_dicts())
    order = sorted(found, key=lambda s: (s["deal_id"], s["entered_at"], s["seq"], s["visit"], s["stage"]))
    return [tuple(s[c] for c in COLUMNS) for s in order]


def by_kpikit(book):
    found = spells(book).select(COLUMNS).rows()
    return sorted(found, key=lambda s: (s[0], s[3], s[4], s[2], s[1]))


@few
@given(deal_rows())
def test_spells_are_what_a_loop_over_each_deal_says(rows):
    if rows["stage_events"]:
        book = as_book(rows)
        assert by_kpikit(book) == by_oracle(placed(rows, book))


@pytest.mark.slow
@few
@given(deal_rows(max_deals=3), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    if not rows["stage_events"]:
        return
    expected = by_kpikit(as_book(rows))
    for name in ("deals", "stage_events", "changes"):
        random.shuffle(rows[name])
    assert by_kpikit(as_book(rows)) == expected


@few
@given(deal_rows())
def test_spells_share_out_the_life_of_a_deal(rows):
    """From the first entry to the end: no two visits overlap, and between them a deal was closed."""
    if not rows["stage_events"]:
        return
    book = as_book(rows)
    closed = {}
    for deal in book.tables["deals"].iter_rows(named=True):  # an end known by its day has its place within that day
        closed[deal["deal_id"]] = {deal["outcome_at"]} | {
            c["changed_at"]
            for c in rows["changes"]
            if c["deal_id"] == deal["deal_id"] and c["new"] in ("won", "lost", "void")
        }
    for (deal_id,), visits in spells(book).group_by("deal_id", maintain_order=True):
        lives = visits.select("entered_at", "left_at", "kind").rows()
        first = min(e["entered_at"] for e in rows["stage_events"] if e["deal_id"] == deal_id)
        assert lives[0][0] == first
        lives.sort(key=lambda life: (life[0], life[1] is None, life[1] or life[0]))
        for (_, left, kind), (entered, _, _) in itertools.pairwise(lives):
            assert left is not None
            assert left <= entered
            if left < entered:
                assert kind in ("won", "lost", "void")
                assert left in closed[deal_id]


@pytest.mark.slow
@few
@given(deal_rows())
def test_every_row_of_the_history_is_in_some_visit(rows):
    if not rows["stage_events"]:
        return
    visits = spells(as_book(rows)).select("deal_id", "stage", "entered_at", "left_at").rows()
    for event in rows["stage_events"]:
        assert any(
            d == event["deal_id"]
            and s == event["stage"]
            and i <= event["entered_at"]
            and (o is None or event["entered_at"] <= o)
            for d, s, i, o in visits
        )


@few
@given(deal_rows(), st.integers(-30, 90), st.integers(1, 4))
def test_a_window_enters_late_cuts_off_and_is_never_negative(rows, start, months):
    if not rows["stage_events"]:
        return
    book = as_book(rows)
    first_on = add_months(day(start).date(), 0)
    window = Period("w", first_on, months)
    visits = spells(book)
    found = seen(book, window)
    whole = {(r["deal_id"], r["stage"], r["visit"]): r for r in visits.to_dicts()}
    end = min(window.end, book.as_of)
    for row in found.filter(pl.col("excluded").is_null()).to_dicts():
        before = whole[row["deal_id"], row["stage"], row["visit"]]
        assert row["age"] >= 0
        assert row["entered_at"] <= book.as_of and row["entered_at"] < window.end
        assert timedelta(microseconds=row["age"]) <= end - row["entered_at"]
        if row["entry_age"] is not None:
            assert 0 < row["entry_age"] <= row["age"]
        if row["entered_at"] < window.start:
            assert row["entry_age"] >= (window.start - row["entered_at"]) // MICROSECOND
        left = before["left_at"]
        ended_inside = left is not None and left <= book.as_of and left < window.end
        assert row["kind"] == (before["kind"] if ended_inside else "open")
    # nobody under way in the window is forgotten
    kept = {(r["deal_id"], r["stage"], r["visit"]) for r in found.to_dicts()}
    for key, row in whole.items():
        left = row["left_at"]
        inside = max(row["entered_at"], window.start) < end and (
            left is None or left > max(window.start, row["entered_at"])
        )
        recorded = row["entered_at"] + timedelta(microseconds=row["entry_age"] or 0)
        if row["excluded"] is None and inside and recorded < end:
            assert key in kept


@few
@given(deal_rows())
def test_every_ending_is_in_exactly_one_of_the_months(rows):
    if not rows["stage_events"]:
        return
    book = as_book(rows)
    ended = spells(book).filter(pl.col("excluded").is_null() & (pl.col("kind") != "open"))
    months = [Period("w", add_months(day(0).date(), i), 1) for i in range(16)]
    found = pl.concat([seen(book, month) for month in months])
    found = found.filter(pl.col("excluded").is_null() & (pl.col("kind") != "open"))
    columns = ["deal_id", "stage", "visit", "kind"]
    assert found.select(columns).sort(columns).equals(ended.select(columns).sort(columns))


def test_an_exit_at_midnight_belongs_to_the_day_that_begins():
    from kpikit import Settings

    settings_ = Settings(time_zone="Europe/Amsterdam")
    book = DealBook.from_frames(
        deals=pl.DataFrame(
            {
                "deal_id": ["a"],
                "pipeline": ["New"],
                "outcome": ["lost"],
                "created_at": ["2026-09-01"],
                "outcome_at": ["2026-10-01"],
            }
        ),
        stage_events=pl.DataFrame({"deal_id": ["a"], "stage": [Q], "entered_at": ["2026-09-01"]}),
        stages=STAGES,
        settings=settings_,
        as_of=day(400),
    )
    kinds = [seen(book, settings_.period(name))["kind"].to_list() for name in ("2026Q3", "2026Q4")]
    assert kinds == [["open"], ["lost"]]


def test_what_began_after_the_window_or_after_the_book_is_not_in_it():
    """By hand, in microseconds: a visit at the last instant of the book is in it, one at the end of a window is not."""
    columns = {"entered_at": [0, 10, 20, 25], "left_at": [5, 15, 22, None], "kind": [1, 1, 1, 0]}
    nothing = {"entry_age": pl.Series([None] * 4, dtype=pl.Int64), "excluded": pl.Series([None] * 4, dtype=pl.String)}
    visits = pl.LazyFrame(columns | nothing, schema_overrides={"kind": pl.Int8})

    def entered(as_of, window=None):
        return observed(visits, as_of, window).collect()["entered_at"].to_list()

    assert entered(19) == [0, 10]
    assert entered(20) == [0, 10, 20]
    assert entered(100) == [0, 10, 20, 25]
    assert entered(100, (0, 20)) == [0, 10]
    assert entered(100, (0, 21)) == [0, 10, 20]
    assert entered(100, (5, 20)) == [0, 10]  # left at the first instant of the window
    assert entered(100, (6, 20)) == [10]  # left before it
    assert entered(15, (6, 40)) == [10]
