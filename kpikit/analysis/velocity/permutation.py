"""Two windows with too few visits for an interval: what shuffling the visits between them says."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.engine import seen
from kpikit.engine.clock import WIDTH_US, on_clock
from kpikit.stats.shuffled import shuffled_difference

#: how a visit ends, as :func:`kpikit.analysis.velocity.stages.exits` tells it
ON = {"advance": "on", "won": "on"}


def few_visits(book: DealBook, few: pl.DataFrame, *, during: Period, before: Period, unit: str) -> pl.DataFrame:
    """First visits of the groups in ``few``, one by one: its columns, ``time, entry`` in the unit, ``exit, is_now``."""
    columns = [name for name in few.columns if name not in ("stage", "team")]
    deals = book.tables["deals"].lazy().select("deal_id", *columns)
    parts = []
    for window, is_now in ((during, True), (before, False)):
        visits = seen(book, window).lazy().drop("pipeline")
        visits = visits.filter((pl.col("visit") == 1) & pl.col("excluded").is_null())
        visits = visits.join(deals, on="deal_id", how="left").join(few.lazy(), on=few.columns, nulls_equal=True)
        visits = visits.with_columns(pl.col("entered_at").dt.epoch("us"), pl.col("kind").replace(ON).alias("exit"))
        visits = on_clock(visits, unit, book.settings)
        time, entry = pl.col("age") / WIDTH_US[unit], pl.col("entry_age").fill_null(0) / WIDTH_US[unit]
        parts.append(visits.select(*few.columns, "exit", time=time, entry=entry, is_now=pl.lit(is_now)))
    visits = pl.concat(parts).collect()
    at_once = pl.col("entry") >= pl.col("time")  # seen for an instant only: at risk just before it
    half = pl.when(pl.col("time") <= 0).then(0.5).otherwise("time")
    return visits.with_columns(time=half, entry=pl.when(at_once).then(half * (1 - 1e-9)).otherwise("entry"))


def permuted(
    visits: pl.DataFrame, keys: Sequence[str], *, horizon: float, permutations: int, seed: int
) -> pl.DataFrame:
    """``*keys, figure, p_permuted, least_shown`` of every group of visits that both windows have."""
    parts = []
    for group in visits.sort("time", "entry", "exit", "is_now").partition_by(keys):
        if group["is_now"].n_unique() < 2:
            continue
        found = shuffled_difference(
            group["time"], group["exit"], group["is_now"], group["entry"],
            horizon=horizon, permutations=permutations, seed=seed,
        )  # fmt: skip
        parts.append(group.select(keys).head(1).join(found, how="cross"))
    schema = {**{k: visits.schema[k] for k in keys}, "figure": pl.String, "p": pl.Float64, "least_shown": pl.Float64}
    table = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
    return table.select(*keys, "figure", p_permuted="p", least_shown="least_shown")
