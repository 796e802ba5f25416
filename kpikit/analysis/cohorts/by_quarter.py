"""Deals begun together, followed by age: how many are won by then, and what is too young to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import OUTCOME, with_wilson
from kpikit.analysis.cohorts.members import MONTHS, counts_from, followed, refused_early
from kpikit.book import DealBook
from kpikit.book.selection import last_day
from kpikit.errors import UsageError

__all__ = ["triangle", "win_curves"]

Step = Literal["month", "quarter", "year"]


@answer(kpi="win_curves")
def win_curves(
    book: DealBook,
    *,
    by: Literal["month", "quarter", "year", "all"] = "quarter",
    during: Window | None = None,
    at: Sequence[float] = (),
) -> pl.DataFrame:
    """Of the deals begun in the same quarter, how many are won by which age?

    Definition: Aalen–Johansen share won by age in days, a curve a cohort (the months of creation); open deals are open,
    lost and void ones have gone another way; deals recorded after they began enter late. Beyond ``followed_to`` some
    deals of the cohort are younger: there the curve ``is_young`` and may still move.
    Misleads when young parts are read as ends, or cohorts of ten deals are compared: pool them with ``by="all"``. Gamed
    by registering deals late.

    Args:
        book: a deal book.
        by: the width of a cohort; "all" pools the window in one curve, each age weighed by who was followed to it.
        during: cohorts that begin in this window; by default all.
        at: ages at which a row stands too, though nothing ended then: for the numbers at risk below a chart.

    Returns:
        A curve a ``cohort`` (its first day): ``time`` (days), ``n_at_risk, n_events, value, low, high``; ``n`` deals,
        ``n_open``, ``followed_to``, ``is_young``, ``from_age`` (with late entries, the age at which enough are
        followed). Cohorts that begin before ends are known at all (an export without earlier ends) are ``refused`` with
        ``outcomes_start_later``; one of which nothing has ended is ``not_reached``.

    Raises:
        UsageError: a width of another name.

    Source: Aalen & Johansen 1978.

    Example:
        >>> import kpikit
        >>> kpikit.cohorts.win_curves(kpikit.open_book("demo"))["cohort"].n_unique()
        10
    """
    during = as_period(during)
    used = followed(book, by, during)
    keys = ["cohort"]
    sizes = used.group_by(keys).agg(
        n=pl.col("usable").sum().cast(pl.Int64),
        n_excluded=(~pl.col("usable")).sum().cast(pl.Int64),
        n_open=((OUTCOME == "open") & pl.col("usable")).sum().cast(pl.Int64),
        followed_to=(pl.lit(last_day(book)) - pl.col("next_on").first()).dt.total_days().clip(lower_bound=0),
    )
    table, settled = counts_from(used, keys)
    curve = stats.aalen_johansen_by(table, keys).filter(pl.col("exit") == "won").drop("exit", "se")
    curve = _with_ages(curve, table, keys, at)
    frame = (
        sizes.join(settled, on=keys, how="left")
        .join(curve, on=keys, how="left")
        .with_columns(unit=pl.lit("day"), is_young=pl.col("time") > pl.col("followed_to"))
    )
    nothing = pl.col("time").is_null() & pl.col("from_age").is_not_null()
    frame = frame.with_columns(
        status=pl.when(nothing).then(pl.lit("not_reached")).otherwise(pl.lit("ok")),
        reason=pl.when(nothing).then(pl.lit("nothing_ended")),
    )
    return refused_early(frame, book).sort("cohort", "time", nulls_last=True)


def _with_ages(curve: pl.DataFrame, table: pl.DataFrame, keys: list[str], at: Sequence[float]) -> pl.DataFrame:
    """The curve with a row at each of these ages, as far as anybody is in view there."""
    rows = [
        stats.at_risk_by(table, keys, time=age).select(
            *keys, pl.lit(float(age)).alias("time"), pl.col("n_at_risk").cast(pl.Int64), n_events=pl.lit(0, pl.Int64)
        )
        for age in at
        if age > 0 and curve.height
    ]
    seen = pl.concat([curve, *(row.filter(pl.col("n_at_risk") > 0) for row in rows)], how="diagonal_relaxed")
    return seen.sort(*keys, "time", maintain_order=True).with_columns(
        pl.col("value", "low").forward_fill().over(keys).fill_null(0.0), pl.col("high").forward_fill().over(keys)
    )


@answer(kpi="win_triangle")
def triangle(
    book: DealBook, *, by: Step = "quarter", step: Step = "month", during: Window | None = None
) -> pl.DataFrame:
    """Of the deals begun together, how many were won after one, two, three months, and between what the end lies?

    Definition: a cell a ``cohort`` and ``age`` (in steps): deals won by that age of all deals of the cohort. A cell
    ``is_mature`` once the youngest deal of the cohort has reached that age; until then the share is at least
    ``low_bound`` (won so far) and at most ``high_bound`` (won, or open and young). Deals whose end has no day, or lies
    before their beginning, are ``n_excluded``.
    Misleads when a column is averaged over cohorts of which some are young, and where deals are recorded late: use
    :func:`win_curves`, which weighs by who was followed.

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
    during = as_period(during)
    if step not in MONTHS:
        raise UsageError("setting_value", setting="step", value=step, allowed=", ".join(MONTHS))
    deals, today = followed(book, by, during), last_day(book)
    months = pl.col("age") * MONTHS[step]
    cohort = pl.col("cohort")
    span = today.year * 12 + today.month - cohort.dt.year().cast(pl.Int64) * 12 - cohort.dt.month()
    cohorts = deals.group_by("cohort").agg(pl.col("next_on").first())
    cells = cohorts.with_columns(age=pl.int_ranges(1, span // MONTHS[step] + 2)).explode("age").drop_nulls("age")
    cells = cells.with_columns(is_mature=pl.col("next_on").dt.offset_by(pl.format("{}mo", months)) <= today)
    joined = cells.join(deals.select("cohort", "created_on", "outcome", "outcome_on", "usable"), on="cohort")
    reached, usable = pl.col("created_on").dt.offset_by(pl.format("{}mo", months)), pl.col("usable")
    won = usable & (OUTCOME == "won") & (pl.col("outcome_on") < reached)
    frame = joined.group_by("cohort", "age").agg(
        pl.col("is_mature").first(),
        n=usable.sum().cast(pl.Int64),
        n_events=won.fill_null(False).sum().cast(pl.Int64),
        n_open=(usable & (OUTCOME == "open") & (reached > today)).sum().cast(pl.Int64),
        n_excluded=(~usable).sum().cast(pl.Int64),
    )
    some = pl.col("n") > 0
    frame = with_wilson(frame).with_columns(
        *(pl.when("is_mature").then(name).alias(name) for name in ("value", "low", "high")),
        low_bound=pl.when(some).then(pl.col("n_events") / pl.col("n")),
        high_bound=pl.when(some).then((pl.col("n_events") + pl.col("n_open")) / pl.col("n")),
        status=pl.when("is_mature").then(pl.lit("ok")).otherwise(pl.lit("not_reached")),
        reason=pl.when(~pl.col("is_mature")).then(pl.lit("too_young")),
    )
    return refused_early(frame, book).sort("cohort", "age")
