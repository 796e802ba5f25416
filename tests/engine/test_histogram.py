"""Histograms: small counts that add up."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import DealBook, RankingRefused, UsageError, prepare
from kpikit.calendar import Period, add_months
from kpikit.engine import buckets as visits
from kpikit.engine import histogram, spells
from kpikit.engine.histogram import tabulate
from kpikit.schema import PERSON_COLUMNS
from tests.oracles import histogram_of, spells_of
from tests.strategies import STAGES, as_book, as_frames, day, deal_rows, placed, spell_rows

few = settings(max_examples=15, deadline=None)
WIDTHS = {"day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}
DAY_US = 86_400_000_000


def as_dict(table):
    return {(r["stage"], r["bin"], r["kind"]): (r["n"], r["us"]) for r in table.to_dicts()}


def by_oracle(rows, width, window=None):
    visits = []
    for deal in rows["deals"]:
        mine = [[r for r in rows[t] if r["deal_id"] == deal["deal_id"]] for t in ("stage_events", "changes")]
        visits += spells_of(deal, *mine, STAGES.to_dicts())
    ends = (window.start, window.end) if window else (None, None)
    return histogram_of(visits, rows["as_of"], width, *ends)


def test_bins_kinds_and_sums_by_hand():
    # three visits to Qualify: left after 2.5 days, after 2.75 days, still there after 400 days (as_of is day 400)
    book = as_book(spell_rows([(0, 2.5, "advance"), (0, 2.75, "lost"), (0, None, "open")]))
    qualify = histogram(book).filter(pl.col("stage") == "Qualify").select("bin", "kind", "n", "us")
    assert sorted(qualify.rows()) == [
        (2, "advance", 1, 5 * DAY_US // 2),
        (2, "lost", 1, 11 * DAY_US // 4),
        (400, "open", 1, 400 * DAY_US),
    ]
    hours = histogram(book, bin="hour").filter((pl.col("stage") == "Qualify") & (pl.col("kind") == "lost"))
    assert hours["bin"].to_list() == [66]  # 2.75 × 24


def test_a_visit_recorded_within_its_first_bin_is_no_late_entry():
    # recorded at the age of 0.9 days: within the first day; at 1.0 days: in the second
    book = as_book(spell_rows([(0, 5, "lost"), (0, 5, "lost")], recorded=[0.9, 1.0]))
    late = histogram(book).filter(pl.col("kind") == "entered_late")
    assert late.select("bin", "n", "us").rows() == [(1, 1, DAY_US)]


def test_first_visits_or_all():
    rows = spell_rows([(0, 4, "advance")])
    rows["stage_events"].append({"deal_id": "d0000", "stage": "Qualify", "entered_at": day(10), "seq": 3})
    book = as_book(rows)
    n = {
        which: histogram(book, visits=which).filter(pl.col("stage") == "Qualify")["n"].sum()
        for which in ("first", "all")
    }
    assert n == {"first": 1, "all": 2}


def test_groups_are_columns_of_the_deal():
    rows = spell_rows([(0, 4, "lost"), (0, 5, "lost"), (0, 6, "lost")], segment=["big", "small", None])
    found = histogram(as_book(rows), by=["segment"])
    assert set(found.select("segment", "bin").rows()) == {("big", 4), ("small", 5), (None, 6)}
    assert found.columns == ["segment", "stage", "bin", "kind", "n", "us"]


@pytest.mark.parametrize("column", sorted(PERSON_COLUMNS))
def test_people_are_refused(column):
    with pytest.raises(RankingRefused) as refused:
        histogram(as_book(spell_rows([(0, 4, "lost")], owner=["x"])), by=[column])
    assert refused.value.values["column"] == column


@pytest.mark.parametrize("column", ["shoe_size", "deal_id", "name"])
def test_what_is_no_group_is_refused(column):
    with pytest.raises(UsageError) as refused:
        histogram(as_book(spell_rows([(0, 4, "lost")])), by=[column])
    assert refused.value.code == "unknown_group"


@pytest.mark.slow
@few
@given(deal_rows(), st.sampled_from(sorted(WIDTHS)))
def test_it_is_what_a_dict_counts(rows, width):
    if rows["stage_events"]:
        book = as_book(rows)
        assert as_dict(histogram(book, bin=width)) == by_oracle(placed(rows, book), WIDTHS[width])


@few
@given(deal_rows(), st.integers(-1, 3), st.integers(1, 3))
def test_in_a_window_it_is_what_a_dict_counts(rows, months, length):
    if rows["stage_events"]:
        window = Period("w", add_months(day(0).date(), months), length)
        book = as_book(rows)
        assert as_dict(histogram(book, during=window)) == by_oracle(placed(rows, book), WIDTHS["day"], window)


@few
@given(deal_rows())
def test_all_kinds_but_late_entries_add_up_to_the_visits(rows):
    if not rows["stage_events"]:
        return
    book = as_book(rows)
    used = spells(book).filter(pl.col("excluded").is_null())
    came_into_view = pl.col("entered_at") + pl.duration(microseconds="entry_age")
    used = used.filter(pl.col("entry_age").is_null() | (came_into_view <= book.as_of))
    table = histogram(book, visits="all")
    assert table.filter(pl.col("kind") != "entered_late")["n"].sum() == used.height
    ages = (used["left_at"].fill_null(book.as_of) - used["entered_at"]).dt.total_microseconds()
    assert table.filter(pl.col("kind") != "entered_late")["us"].sum() == ages.sum()
    assert table.filter(pl.col("n") <= 0).is_empty()


@pytest.mark.slow
@few
@given(deal_rows(max_deals=5), st.data())
def test_parts_add_up_to_the_whole(rows, data):
    if not rows["stage_events"]:
        return
    mine = {deal["deal_id"] for deal in rows["deals"] if data.draw(st.booleans())}
    tables = []
    for is_mine in (True, False):
        part = {
            n: [r for r in rows[n] if (r["deal_id"] in mine) == is_mine] for n in ("deals", "stage_events", "changes")
        }
        if part["stage_events"]:
            tables.append(histogram(as_book({**part, "as_of": rows["as_of"]}), by=["segment"]))
    keys = ["segment", "stage", "bin", "kind"]
    whole = histogram(as_book(rows), by=["segment"]).sort(keys)
    added = pl.concat(tables).group_by(keys).agg(pl.col("n", "us").sum()).sort(keys)
    assert added.equals(whole)


def two_pipelines():
    """Two deals of each of two pipelines, which both have a stage Qualify, left after 2 and 3 days."""
    rows = spell_rows([(0, 2, "lost"), (0, 3, "lost")] * 2, as_of=40)
    for deal in rows["deals"][2:]:
        deal["pipeline"] = "Renewal"
    frames = as_frames(rows)
    stages = pl.concat([STAGES, STAGES.with_columns(pipeline=pl.lit("Renewal"))])
    return DealBook.from_frames(**(frames | {"stages": stages}), as_of=rows["as_of"])


def test_stages_of_one_name_are_one_unless_asked_by_pipeline():
    found = histogram(two_pipelines()).select("stage", "bin", "n", "us").rows()
    assert found == [("Qualify", 2, 2, 4 * DAY_US), ("Qualify", 3, 2, 6 * DAY_US)]
    apart = histogram(two_pipelines(), by=["pipeline"]).select("pipeline", "bin", "n").rows()
    assert apart == [("New", 2, 1), ("New", 3, 1), ("Renewal", 2, 1), ("Renewal", 3, 1)]


@pytest.mark.parametrize("by", [(), ["team"], ["segment"]])
def test_a_book_in_buckets_adds_up_to_the_same(demo, tmp_path, monkeypatch, by):
    whole = tabulate(demo, by=by)
    monkeypatch.setattr(visits, "BUCKET", 100)
    monkeypatch.setitem(tabulate.__globals__, "_MANY", 500)
    parts = tabulate(prepare(demo, tmp_path / "book"), by=by)
    assert parts[0].equals(whole[0])
    assert parts[1].sort(parts[1].columns).equals(whole[1].sort(whole[1].columns))
