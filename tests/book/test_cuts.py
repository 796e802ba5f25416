"""A file cut by its closing date is noticed and what needs the others is refused; whole files alike are not."""

from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import polars as pl
import pytest

import kpikit
from kpikit import DealBook, cohorts, velocity, winloss
from kpikit.book.fitness.cuts import is_cut
from kpikit.book.fitness.needs import NEEDS_ALL
from kpikit.kpi import cards
from kpikit.words import LANGUAGES, Words

DAY0 = datetime(2025, 1, 1, tzinfo=UTC)
SCHEMA = {"deal_id": pl.String, "pipeline": pl.String, "outcome": pl.String,
          "created_at": pl.Datetime("us", "UTC"), "outcome_at": pl.Datetime("us", "UTC")}  # fmt: skip


def book(begun, times, *, until=10_000.0, keep=lambda begun, end: True) -> DealBook:  # noqa: ARG005
    """Deals that begin on a day and take so many; open where they end after ``until``; those that are kept."""
    rows = []
    for i, (b, t) in enumerate(zip(begun, times, strict=True)):
        end = b + t if b + t <= until else None
        if keep(b, end):
            outcome = "open" if end is None else "won" if i % 4 == 0 else "lost"
            ended = None if end is None else DAY0 + timedelta(days=float(end))
            rows.append((f"d{i}", "P", outcome, DAY0 + timedelta(days=float(b)), ended))
    return DealBook.from_frames(deals=pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def drawn(seed, rate, days, mean, shape):
    random = np.random.default_rng(seed)
    n = int(rate * days)
    return np.sort(random.uniform(0, days, n)), random.gamma(shape, mean / shape, n)


def cell(*given):
    return pytest.mark.parametrize("mean, shape, rate, seed", list(product(*given)))


@cell((40, 60, 120), (1, 2, 4), (0.8, 2), range(3))
def test_one_quarter_of_ends_is_noticed(mean, shape, rate, seed):
    begun, times = drawn(seed, rate, 720, mean, shape)
    quarter = book(begun, times, keep=lambda _, end: end is not None and 450 <= end < 540)
    assert is_cut(quarter)
    found = quarter.fitness().filter(pl.col("code") == "cut_by_end").to_dicts()
    first = DAY0.date() + timedelta(days=450)
    assert first <= found[0]["at"] <= first + timedelta(days=9)  # the first end of that quarter


@cell((20, 60, 120), (1, 2, 4), (0.3, 0.8, 2), range(3))
def test_whole_files_are_not(mean, shape, rate, seed):
    begun, times = drawn(seed, rate, 120, mean, shape)
    assert not is_cut(book(begun, times, until=120))  # a young company
    assert not is_cut(book(begun, times))  # one that has stopped, all deals ended
    season = np.concatenate([begun, begun + 365])
    assert not is_cut(book(season, np.concatenate([times, times[::-1]])))  # two seasons, all ended
    some = book(begun, times, until=200, keep=lambda b, _: b >= 60)  # cut by the day of the beginning
    assert not is_cut(some)


def test_a_single_open_deal_tells_that_open_ones_are_exported():
    begun, times = drawn(1, 2, 720, 60, 2)
    quarter = book(begun, times, until=700, keep=lambda _, end: end is None or 450 <= end < 540)
    assert not is_cut(quarter)
    assert "no_open" not in quarter.fitness()["code"].to_list()


def test_only_ended_deals_of_all_time_are_told_and_nothing_is_refused():
    begun, times = drawn(1, 2, 720, 60, 2)
    ended = book(begun, times, until=720, keep=lambda _, end: end is not None)
    assert not is_cut(ended)
    (row,) = ended.fitness().filter(pl.col("code") == "no_open").to_dicts()
    n_open = sum(b + t > 720 for b, t in zip(begun, times, strict=True))
    assert 5 <= row["n"] <= n_open  # short times are all that an ended deal can show


def test_an_intake_that_stops_is_told():
    begun, times = drawn(2, 1, 400, 60, 2)
    stopped = book(begun, times, until=400, keep=lambda b, _: b < 330)
    (row,) = stopped.fitness().filter(pl.col("code") == "intake_stopped").to_dicts()
    assert row["at"] <= DAY0.date() + timedelta(days=330)
    assert "intake_stopped" not in book(begun, times, until=400).fitness()["code"].to_list()


@pytest.fixture
def case(shared_data):
    raw = pl.read_csv(shared_data / "cases" / "shapes" / "same-300-deals" / "cut-by-close-date.csv")
    outcome = pl.when(pl.col("Deal Stage") == "Closed Won").then(pl.lit("won")).otherwise(pl.lit("lost"))
    deals = raw.select(
        deal_id=pl.col("Record ID").cast(pl.String), pipeline="Pipeline", outcome=outcome, created_at="Create Date",
        outcome_at="Close Date", owner="Deal owner", team="HubSpot Team", product="Product line",
    )  # fmt: skip
    return DealBook.from_frames(deals=deals)


def test_the_quarter_of_the_300_deals(case):
    assert is_cut(case)
    for answer in (winloss.win_rate(case), cohorts.win_curves(case), velocity.cycle(case), cohorts.triangle(case)):
        assert set(answer.frame["reason"]) == {"cut_by_end"}
        assert set(answer.frame["status"]) == {"refused"}
    closed = winloss.win_rate(case, definition="closed").frame
    assert closed.select("n", "n_events").row(0) == (43, 13)
    for language in LANGUAGES:
        words = Words(language)
        assert words.has("reason.cut_by_end")
        assert words.has("fitness.cut_by_end")


def test_the_demo_is_whole():
    demo = kpikit.open_book("demo")
    assert not is_cut(demo)
    assert not {"cut_by_end", "no_open", "intake_stopped"} & set(demo.fitness()["code"])


def test_what_needs_all_deals_are_questions():
    assert set(cards()) >= NEEDS_ALL
