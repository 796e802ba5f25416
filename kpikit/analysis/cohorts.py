"""Deals begun together, followed by age: how many are won by then, and what is too young to say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import polars as pl

from kpikit import stats
from kpikit.analysis._answer import answer
from kpikit.analysis._by_age import DAY_US, aged
from kpikit.analysis._rates import begun, inside, population
from kpikit.analysis.chain import chain
from kpikit.analysis.cycles import _counts
from kpikit.book import DealBook
from kpikit.book.history import outcomes_start
from kpikit.calendar import Period
from kpikit.errors import UsageError

__all__ = ["chain", "triangle", "win_curves"]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
Step = Literal["month", "quarter", "year"]


@answer(kpi="win_curves")
def win_curves(book: DealBook, *, by: Step = "quarter", during: Period | None = None) -> pl.DataFrame:
    """Of the deals begun in the same quarter, how many are won by which age?

    Definition: Aalen–Johansen share won by age in days, a curve a cohort (the months of creation); open deals are open,
    lost and void ones have gone another way; deals recorded after they began enter late. Beyond ``followed_to`` some
    deals of the cohort are younger: there the curve ``is_young`` and may still move.
    Misleads when young parts are read as ends, or cohorts of ten deals are compared. Gamed by registering deals late.

    Args:
        book: a deal book.
        by: the width of a cohort.
        during: cohorts that begin in this window; by default all.

    Returns:
        A curve a ``cohort`` (its first day): ``time`` (days), ``n_at_risk, n_events, value, low, high``; ``n`` deals,
        ``n_open``, ``followed_to``, ``is_young``, ``from_age`` (with late entries, the age at which enough are
        followed). Cohorts that begin before ends are known at all (an export without earlier ends) are ``refused`` with
        ``outcomes_start_later``.

    Raises:
        UsageError: a width of another name.

    Source: Aalen & Johansen 1978.

    Example:
        >>> import kpikit
        >>> kpikit.cohorts.win_curves(kpikit.open_book("demo"))["cohort"].n_unique()
        10
    """
    deals = _cohorts(book, by, during)
    used = aged(book, deals.with_columns(begun_at="created_at", entry_age=pl.col("recorded_at") - pl.col("created_at")))
    keys = ["cohort"]
    sizes = used.group_by(keys).agg(
        n=pl.col("usable").sum().cast(pl.Int64),
        n_excluded=(~pl.col("usable")).sum().cast(pl.Int64),
        n_open=((pl.col("outcome") == "open") & pl.col("usable")).sum().cast(pl.Int64),
        next_on=pl.col("next_on").first(),
    )
    table = _counts(used.filter("usable"), keys, DAY_US)
    settled = stats.settled_from(table, keys).select(*keys, from_age="start_of_curve")
    table = table.join(settled, on=keys, how="left")
    curve = stats.aalen_johansen_by(table.filter(pl.col("time") >= pl.col("from_age")).drop("from_age"), keys)
    curve = curve.filter(pl.col("exit") == "won").drop("exit", "se")
    frame = sizes.join(settled, on=keys, how="left").join(curve, on=keys, how="left").with_columns(unit=pl.lit("day"))
    followed = (pl.lit(book.as_of.date()) - pl.col("next_on")).dt.total_days() + 1
    frame = frame.with_columns(followed_to=followed.clip(lower_bound=0)).drop("next_on")
    frame = frame.with_columns(is_young=pl.col("time") > pl.col("followed_to"))
    return _refused_early(frame, book).sort("cohort", "time")


def _cohorts(book: DealBook, by: Step, during: Period | None) -> pl.DataFrame:
    """The deals of the book's team that were ever one, with the first day of their cohort and of the next."""
    if by not in _MONTHS:
        raise UsageError("setting_value", setting="by", value=by, allowed=", ".join(_MONTHS))
    width, start = _MONTHS[by], book.settings.fiscal_year_starts - 1
    deals = begun(population(book), book).filter(~pl.col("is_never") & pl.col("created_on").is_not_null())
    created = pl.col("created_on")
    first = (created.dt.year().cast(pl.Int64) * 12 + created.dt.month() - 1 - start) // width * width + start
    deals = deals.with_columns(
        cohort=pl.date(first // 12, first % 12 + 1, 1),
        next_on=pl.date((first + width) // 12, (first + width) % 12 + 1, 1),
    )
    return deals if during is None else deals.filter(inside(during, "cohort"))


def _refused_early(frame: pl.DataFrame, book: DealBook) -> pl.DataFrame:
    """No figure for cohorts that begin before any end is known."""
    deals = book.tables["deals"].lazy().select("created_day", "outcome_day").collect()
    known = outcomes_start(deals, book.as_of.date())
    if known is None:
        return frame
    status, reason = (pl.col(n) if n in frame.columns else pl.lit(v) for n, v in (("status", "ok"), ("reason", None)))
    early = pl.col("cohort") < date(1970, 1, 1) + timedelta(days=known[0])
    hidden = [name for name in ("value", "low", "high", "low_bound", "high_bound") if name in frame.columns]
    return frame.with_columns(
        *(pl.when(~early).then(name).alias(name) for name in hidden),
        status=pl.when(early).then(pl.lit("refused")).otherwise(status),
        reason=pl.when(early).then(pl.lit("outcomes_start_later")).otherwise(reason),
    )


@answer(kpi="win_triangle")
def triangle(
    book: DealBook, *, by: Step = "quarter", step: Step = "month", during: Period | None = None
) -> pl.DataFrame:
    """Of the deals begun together, how many were won after one, two, three months, and between what the end lies?

    Definition: a cell a ``cohort`` and ``age`` (in steps): deals won by that age of all deals of the cohort. A cell
    ``is_mature`` once the youngest deal of the cohort has reached that age; until then the share is at least
    ``low_bound`` (won so far) and at most ``high_bound`` (won, or open and young).
    Misleads when a column is averaged over cohorts of which some are young: use :func:`win_curves`, which weighs by who
    was followed.

    Args:
        book: a deal book.
        by: the width of a cohort.
        step: the width of an age.
        during: cohorts that begin in this window; by default all.

    Returns:
        An estimate a cell: ``value`` with Wilson's interval where mature (else null, ``not_reached``), ``low_bound``,
        ``high_bound``, ``n`` deals, ``n_events`` won by then, ``n_open`` still open and younger.

    Raises:
        UsageError: a width of another name.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.cohorts.triangle(kpikit.open_book("demo"))["age"].min()
        1
    """
    if step not in _MONTHS:
        raise UsageError("setting_value", setting="step", value=step, allowed=", ".join(_MONTHS))
    deals = _cohorts(book, by, during)
    today = book.as_of.date()
    months = pl.col("age") * _MONTHS[step]
    ages = deals.group_by("cohort").agg(pl.col("next_on").first())
    span = (today.year * 12 + today.month) - (
        pl.col("cohort").dt.year().cast(pl.Int64) * 12 + pl.col("cohort").dt.month()
    )
    cells = ages.with_columns(age=pl.int_ranges(1, span // _MONTHS[step] + 2)).explode("age", empty_as_null=True)
    cells = cells.drop_nulls("age").with_columns(
        is_mature=pl.col("next_on").dt.offset_by(pl.format("{}mo", months)) <= today
    )
    reached = pl.col("created_on").dt.offset_by(pl.format("{}mo", months))
    joined = cells.join(deals.select("cohort", "created_on", "outcome", "outcome_on"), on="cohort")
    won = ((pl.col("outcome") == "won") & (pl.col("outcome_on") < reached)).fill_null(False)
    still = (pl.col("outcome") == "open") & (reached > today)
    frame = joined.group_by("cohort", "age").agg(
        pl.col("is_mature").first(),
        n=pl.len().cast(pl.Int64),
        n_events=won.sum().cast(pl.Int64),
        n_open=still.sum().cast(pl.Int64),
        n_excluded=pl.lit(0, pl.Int64),
    )
    rows = [stats.wilson(k, n).select("value", "low", "high").row(0) for k, n in frame.select("n_events", "n").rows()]
    schema = dict.fromkeys(("value", "low", "high"), pl.Float64)
    frame = frame.hstack(pl.DataFrame(rows, schema=schema, orient="row"))
    frame = frame.with_columns(
        *(pl.when("is_mature").then(name).alias(name) for name in schema),
        low_bound=pl.col("n_events") / pl.col("n"),
        high_bound=(pl.col("n_events") + pl.col("n_open")) / pl.col("n"),
        unit=pl.lit("share"),
        status=pl.when("is_mature").then(pl.lit("ok")).otherwise(pl.lit("not_reached")),
        reason=pl.when(~pl.col("is_mature")).then(pl.lit("too_young")),
    )
    return _refused_early(frame, book).sort("cohort", "age")
