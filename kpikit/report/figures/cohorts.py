"""What is still to come and who stays: the newest cohorts, contracts due, the chain of a hundred leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from kpikit.analysis.base.certainty import judge
from kpikit.analysis.cohorts import chain, newest, win_curves
from kpikit.analysis.retention import regret, renewal
from kpikit.book import DealBook
from kpikit.calendar import Period, add_months
from kpikit.report.figures.windows import Found, widening
from kpikit.schema import AGES_SHOWN, Certainty

HORIZON_DAYS = 90
#: fewer customers due than this tell nothing together
ENOUGH_DUE = 10
SOURCES = 5


@dataclass(frozen=True)
class Newest:
    """The newest quarter that is old enough against those before it, and the same a quarter ``earlier``.

    Both frames hold ``finding, value, low, high, low80, high80, p`` besides the rest of :func:`kpikit.cohorts.newest`;
    ``row`` is the first as a mapping. ``cohort``, ``following`` (the quarter after it) and ``before`` name the curves
    (now, waiting, before), as far as they can be drawn; ``following`` is None where it has not begun.
    """

    now: pl.DataFrame
    earlier: pl.DataFrame
    row: Mapping[str, Any]
    certainty: Certainty
    cohort: Period | None = None
    following: Period | None = None
    before: Period | None = None
    curves: Mapping[str, pl.DataFrame] | None = None


def newest_figures(book: DealBook, period: Period) -> Newest:
    """How the deals begun in the last quarters run; ``book`` is narrowed to the team and the period's end."""
    now, earlier = (
        newest(book, horizon=HORIZON_DAYS, back=back, during=period).frame.with_columns(finding=pl.lit("newest"))
        for back in (0, 1)
    )
    row = now.to_dicts()[0]
    if row["status"] == "refused" or row["value"] is None:
        return Newest(now, earlier, row, "unknown")
    judged = judge(now, earlier, ["finding"])["certainty"][0] if {"low80", "high80"} <= set(earlier.columns) else None
    cohort, following = (_span(row[name], 3) for name in ("cohort", "cohort_next"))
    months = (row["cohort"].year - row["usual_from"].year) * 12 + row["cohort"].month - row["usual_from"].month
    before = _span(row["usual_from"], months)
    has_begun = following.first_on < period.next_on
    return Newest(
        now, earlier, row, judged or "unknown", cohort, following if has_begun else None, before,
        _curves(book, cohort, following if has_begun else None, before),
    )  # fmt: skip


def newest_judged(found: Newest, sure: Certainty | None) -> Newest:
    """With the certainty of the difference as it was judged over the whole report, where it was."""
    return found if sure is None else replace(found, certainty=sure)


def _span(first_on: date, months: int) -> Period:
    """So many months from a day on, called by their months."""
    return Period(f"{first_on:%Y-%m}+{months}", first_on, months)


def _curves(book: DealBook, cohort: Period, following: Period | None, before: Period) -> dict[str, pl.DataFrame]:
    """The newest quarter that is old enough, the one after it, and those before it together."""
    quarters = win_curves(book, by="quarter", during=_span(cohort.first_on, 6), at=AGES_SHOWN).frame
    parts = {
        "before": win_curves(book, by="all", during=before, at=AGES_SHOWN).frame,
        "now": quarters.filter(pl.col("cohort") == cohort.first_on),
        "waiting": quarters.filter(pl.col("cohort") == (following.first_on if following else None)),
    }
    return {name: part.filter(pl.col("value").is_not_null()) for name, part in parts.items()}


@dataclass(frozen=True)
class Stay:
    """Who renewed when due, which wins are wanted again, and the chain of a hundred leads.

    ``due`` is one row, ``months`` tells it by month where any were due; ``wanted`` is of
    :func:`kpikit.retention.regret`; ``links`` is the chain by source as far as it is known, the largest sources first.
    """

    due: Found
    wanted: Mapping[str, Any]
    months: pl.DataFrame
    links: pl.DataFrame

    @property
    def n_due(self) -> int:
        """Contracts due whose renewal can be told."""
        row = self.due.rows.row(0, named=True)
        return row["n"] if row["status"] != "refused" and row["n"] else 0

    @property
    def n_asked(self) -> int:
        """Wins of which somebody said whether they are wanted again."""
        return (self.wanted.get("n_wanted") or 0) + (self.wanted.get("n_unwanted") or 0)


def stay_figures(book: DealBook, period: Period) -> Stay:
    """Who stays, as a report tells it; ``book`` is already narrowed to the team and the period's end."""
    due = widening(period, lambda window: _due(book, window), enough=ENOUGH_DUE)
    year = period.widened(12) if period.months < 12 else period
    found = Stay(due, regret(book, by=(), during=year).frame.to_dicts()[0], pl.DataFrame(), pl.DataFrame())
    if not found.n_due and not found.n_asked:
        return found
    months = _months(book, due.window or period.widened(12)) if found.n_due else pl.DataFrame()
    return replace(found, months=months, links=_links(book))


def _due(book: DealBook, window: Period | None) -> pl.DataFrame:
    rows = renewal(book, during=window).frame
    return rows.with_columns(_n=pl.col("n").fill_null(0))


def _months(book: DealBook, window: Period) -> pl.DataFrame:
    """For each month how many contracts fell due, and what became of them."""
    rows = []
    for i in range(window.months):
        first: date = add_months(window.first_on, i)
        found = renewal(book, during=_span(first, 1)).frame.to_dicts()[0]
        n, stayed = found["n"] or 0, found["n_events"] or 0
        rows.append({"month": first, "stayed": stayed, "left": n - stayed, "unknown": found["n_open"] or 0})
    return pl.DataFrame(rows, schema={"month": pl.Date, **dict.fromkeys(("stayed", "left", "unknown"), pl.Int64)})


def _links(book: DealBook) -> pl.DataFrame:
    """The chain of the sources with most leads, as far as it is known."""
    found = chain(book, by="source").frame
    if "step" not in found.columns:
        return pl.DataFrame()
    known = found.filter((pl.col("status") == "ok") & pl.col("value").is_not_null()).sort("n_leads", descending=True)
    first = known["source"].unique(maintain_order=True).head(SOURCES)
    return known.filter(pl.col("source").is_in(first.implode(), nulls_equal=True))
