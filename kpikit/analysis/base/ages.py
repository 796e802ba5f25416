"""Shares won by an age: deals followed from their creation, or from a stage, with open ones counted as open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from kpikit import stats
from kpikit.analysis.base.durations import counts
from kpikit.analysis.base.population import OUTCOME, late
from kpikit.book import DealBook
from kpikit.calendar import MICROSECONDS_PER_UNIT, Period
from kpikit.engine import spells
from kpikit.stats.bounds import z_of
from kpikit.stats.rates import wilson_bounds
from kpikit.stats.steps import all_steps
from kpikit.stats.summaries import at_risk, starts_of_curves

#: definitions that follow deals by age
FOLLOWED = ("cohort", "from_stage")
DAY_US = MICROSECONDS_PER_UNIT["day"]
_CERTAIN = 1e-9
#: below so many won while others are still open the curve's interval has no footing (methods 1.7)
_LEAST_WON = 5


def mature_window(book: DealBook, during: Period, horizon: float) -> Period:
    """The youngest window of the same length whose deals were all followed to the horizon."""
    window = during
    while window.end + timedelta(days=horizon) > book.as_of:
        window = window.back(window.months)
    return window


def from_creation(
    deals: pl.DataFrame, book: DealBook, keys: Sequence[str], during: Period | None, horizon: float, every: int = 1
) -> pl.DataFrame:
    """Of the deals created in the window, the share won within so many days; numbered groups are all told, 0, 1 …."""
    never = deals.filter("is_never")
    deals = deals.filter(~pl.col("is_never"))
    if during is not None:
        never, deals = (
            frame.filter((pl.col("created_at") >= during.start) & (pl.col("created_at") < during.end) | undated)
            for frame, undated in ((never, pl.lit(False)), (deals, pl.col("created_at").is_null()))
        )
    deals = deals.with_columns(begun_at="created_at", entry_age=(pl.col("recorded_at") - pl.col("created_at")))
    counts = never.group_by(keys).agg(n_never=pl.len().cast(pl.Int64))
    groups = range(every) if list(keys) in (["_all"], ["_window"]) else None
    return _won_by(aged(book, deals), keys, horizon, counts, groups)


def from_creation_in(deals: pl.DataFrame, book: DealBook, windows: Sequence[Period], horizon: float) -> pl.DataFrame:
    """:func:`from_creation` of several windows at once, a row a window in their order: ``_window`` is its number."""
    created = pl.col("created_at")
    undated = created.is_null() & ~pl.col("is_never")  # left out of every window
    parts = [
        deals.lazy()
        .filter((created >= window.start) & (created < window.end) | undated)
        .with_columns(_window=pl.lit(i))
        for i, window in enumerate(windows)
    ]
    return from_creation(pl.concat(parts).collect(), book, ["_window"], None, horizon, every=len(windows))


def from_stages(
    deals: pl.DataFrame, book: DealBook, keys: Sequence[str], during: Period | None, horizon: float
) -> pl.DataFrame:
    """Of the first visits to each stage that began in the window, the share won within so many days."""
    visits = spells(book).lazy().filter((pl.col("visit") == 1) & pl.col("excluded").is_null())
    if during is not None:
        visits = visits.filter((pl.col("entered_at") >= during.start) & (pl.col("entered_at") < during.end))
    visits = visits.select("deal_id", "position", begun_at="entered_at", at_stage="stage", entry="entry_age").collect()
    joined = deals.join(visits, on="deal_id", how="inner").with_columns(
        stage="at_stage", entry_age=pl.duration(microseconds="entry")
    )
    groups = [*(key for key in keys if key != "stage"), "stage"]
    never = joined.filter("is_never").group_by(groups).agg(n_never=pl.len().cast(pl.Int64))
    found = _won_by(aged(book, joined.filter(~pl.col("is_never"))), groups, horizon, never)
    order = joined.group_by("stage").agg(pl.col("position").min())
    return found.join(order, on="stage", how="left").sort(*groups[:-1], "position", "stage").drop("position")


def aged(book: DealBook, deals: pl.DataFrame) -> pl.DataFrame:
    """Ages in microseconds from ``begun_at`` to the outcome or to as-of, and whether they can be used."""
    is_over = OUTCOME != "open"
    until = pl.when(is_over).then("outcome_at").otherwise(pl.lit(book.as_of))
    deals = deals.with_columns(
        age=(until - pl.col("begun_at")).dt.total_microseconds(),
        entry_age=pl.col("entry_age").dt.total_microseconds(),
        exit=OUTCOME,
    )
    usable = (pl.col("age") >= 0) & (pl.col("entry_age").is_null() | (pl.col("entry_age") < pl.col("age")))
    return deals.with_columns(usable=usable.fill_null(False))


def _won_by(
    aged: pl.DataFrame, keys: Sequence[str], horizon: float, never: pl.DataFrame, groups: range | None = None
) -> pl.DataFrame:
    """The share won by the horizon, its interval, and between what the end lies; a row a group, of nothing too."""
    keys = list(keys)
    used = aged.filter("usable")
    by_then = pl.col("age") <= horizon * DAY_US
    sizes = aged.group_by(keys).agg(
        n=pl.col("usable").sum(),
        n_events=((OUTCOME == "won") & by_then & pl.col("usable")).sum(),
        n_open=((OUTCOME == "open") & pl.col("usable")).sum(),
        n_young=((OUTCOME == "open") & ~(pl.col("age") >= horizon * DAY_US) & pl.col("usable")).sum(),
        n_late=late(pl.col("usable")),
        n_excluded=(~pl.col("usable")).sum(),
    )
    sizes = sizes.with_columns(pl.exclude(keys).cast(pl.Int64))
    for missing in sorted(set(groups or ()) - set(sizes[keys[0]])) if groups else ():
        sizes = sizes.vstack(pl.DataFrame([(missing, *([0] * (sizes.width - 1)))], schema=sizes.schema, orient="row"))
    sizes = sizes.join(never, on=keys, how="left", nulls_equal=True).with_columns(pl.col("n_never").fill_null(0))
    steps = all_steps(counts(used, keys, DAY_US), keys)
    start = starts_of_curves(steps)
    settled = steps.named({"from_age": pl.Series(start).fill_nan(None)})
    steps = steps.since(start)
    curves = stats.at_horizon_by(steps, keys, horizon=horizon)
    won = curves.filter(pl.col("exit") == "won").select(*keys, "value", "low", "high")
    still = curves.filter(pl.col("exit") == "any").select(*keys, still="value")
    followed = steps.named({"n_at_risk": at_risk(steps, horizon)})
    frame = sizes.lazy()
    for part in (settled, won, still, followed):
        frame = frame.join(part.lazy(), on=keys, how="left", nulls_equal=True)
    frame = frame.collect()
    return _stated(frame, horizon).sort(keys)


def _stated(frame: pl.DataFrame, horizon: float) -> pl.DataFrame:
    """Bounds of the end, the interval of a share that is known exactly, and what cannot be said yet."""
    some = pl.col("n") > 0
    share, still = pl.col("value").fill_null(0.0), pl.col("still").fill_null(1.0)
    frame = frame.with_columns(
        low_bound=pl.when(some).then(share), high_bound=pl.when(some).then((share + still).clip(upper_bound=1.0))
    )
    wilson = wilson_bounds(frame["n_events"], frame["n"], z_of(0.95))
    exact = (pl.col("n_young") == 0) & ((share - pl.col("n_events") / pl.col("n")).abs() < _CERTAIN) & some
    unseen = some & (pl.col("n_at_risk").fill_null(0) == 0) & (still > _CERTAIN) & (pl.col("n_young") > 0)
    early = some & (pl.col("from_age") > horizon).fill_null(False)
    few = ~exact & (pl.col("n_events") < _LEAST_WON)
    unseen = unseen | early
    bounds = [pl.Series(name, bound) for name, bound in zip(("low", "high"), wilson, strict=True)]
    known = ~unseen & some
    frame = frame.with_columns(
        value=pl.when(known).then(share),
        **{b.name: pl.when(known & exact).then(b).when(known).then(b.name) for b in bounds},
    )
    return frame.with_columns(
        pl.lit("share").alias("unit"),
        pl.lit(float(horizon)).alias("horizon"),
        pl.when(some).then("from_age").otherwise(0.0).alias("from_age"),
        status=pl.when(unseen).then(pl.lit("not_reached")).when(few).then(pl.lit("too_few")).otherwise(pl.lit("ok")),
        reason=pl.when(unseen).then(pl.lit("nobody_followed")).when(few).then(pl.lit("few_exits")),
    ).drop("still", "n_at_risk", "n_young")
