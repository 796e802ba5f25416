"""Deals begun together: which cohort each belongs to, their ages, and the cohorts of which no end is known."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from kpikit import stats
from kpikit.analysis.base.ages import DAY_US, aged
from kpikit.analysis.base.durations import counts
from kpikit.analysis.base.population import begun, inside, population
from kpikit.book import DealBook
from kpikit.book.fitness.history import outcomes_start
from kpikit.book.selection import last_day
from kpikit.calendar import Period
from kpikit.errors import UsageError

MONTHS = {"month": 1, "quarter": 3, "year": 12}
_FIGURES = ("value", "low", "high", "low_bound", "high_bound")


def followed(book: DealBook, by: str, during: Period | None) -> pl.DataFrame:
    """The deals of the book's team by cohort, with their ages, and whether those can be used."""
    deals = _cohorts(book, by, during)
    late = pl.col("recorded_at") - pl.col("created_at")
    return aged(book, deals.with_columns(begun_at="created_at", entry_age=late))


def counts_from(used: pl.DataFrame, keys: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ages as the estimators read them, from the age on at which enough are followed, and that age (``from_age``)."""
    table = counts(used.filter("usable"), keys, DAY_US)
    settled = stats.settled_from(table, keys).select(*keys, from_age="start_of_curve")
    table = table.join(settled, on=keys, how="left", nulls_equal=True).filter(pl.col("time") >= pl.col("from_age"))
    return table.drop("from_age"), settled


def _cohorts(book: DealBook, by: str, during: Period | None) -> pl.DataFrame:
    """The deals of the book's team that were ever one, with the first day of their cohort and of the next."""
    if by not in {*MONTHS, "all"}:
        raise UsageError("setting_value", setting="by", value=by, allowed=", ".join([*MONTHS, "all"]))
    deals = begun(population(book), book).filter(~pl.col("is_never") & pl.col("created_on").is_not_null())
    if by == "all":
        deals = deals.filter(inside(during, "created_on"))
        first_on = during.first_on if during else pl.col("created_on").min()
        next_on = during.next_on if during else pl.col("created_on").max() + pl.duration(days=1)
        return deals.with_columns(cohort=first_on, next_on=next_on)
    width, start = MONTHS[by], book.settings.fiscal_year_starts - 1
    created = pl.col("created_on")
    first = (created.dt.year().cast(pl.Int64) * 12 + created.dt.month() - 1 - start) // width * width + start
    deals = deals.with_columns(
        cohort=pl.date(first // 12, first % 12 + 1, 1),
        next_on=pl.date((first + width) // 12, (first + width) % 12 + 1, 1),
    )
    return deals if during is None else deals.filter(inside(during, "cohort"))


def refused_early(frame: pl.DataFrame, book: DealBook) -> pl.DataFrame:
    """No figure for cohorts that begin before any end is known."""
    known = ends_known_from(book)
    if known is None:
        return frame
    early = pl.col("cohort") < known
    hidden = [name for name in _FIGURES if name in frame.columns]
    return frame.with_columns(
        *(pl.when(~early).then(name).alias(name) for name in hidden),
        status=pl.when(early).then(pl.lit("refused")).otherwise("status"),
        reason=pl.when(early).then(pl.lit("outcomes_start_later")).otherwise("reason"),
    )


def ends_known_from(book: DealBook) -> date | None:
    """The day from which on ends are known, where the export holds none before."""
    deals = book.tables["deals"].lazy().select("created_day", "outcome_day").collect()
    known = outcomes_start(deals, last_day(book))
    return None if known is None else date(1970, 1, 1) + timedelta(days=known[0])
