"""Differences between two windows, with an interval at any level and a p-value that never disagrees with it."""

from __future__ import annotations

from math import erf, sqrt

import polars as pl

from kpikit import stats

#: widths (in standard errors) at which the interval is computed to find where it first excludes no change
_Z = tuple(0.25 + 0.5 * i for i in range(10))
_LEVELS = {f"{z:.2f}": erf(z / sqrt(2)) for z in _Z}


def figures(counts: pl.DataFrame, keys: list[str], horizon: float, level: float) -> pl.DataFrame:
    """Median and shares at the horizon of every group: ``*keys, figure, value, low, high``."""
    medians = stats.quantile_by(counts, keys, level=level).with_columns(figure=pl.lit("median"))
    left = stats.at_horizon(stats.aalen_johansen_by(counts, keys, level=level), keys, horizon, level=level)
    still = stats.at_horizon(stats.kaplan_meier_by(counts, keys, level=level), keys, horizon, level=level)
    columns = [*keys, "figure", "value", "low", "high"]
    parts = (medians, left.rename({"exit": "figure"}), still.with_columns(figure=pl.lit("still_there")))
    return pl.concat([part.select(columns) for part in parts])


def gaps(now: pl.DataFrame, then: pl.DataFrame, keys: list[str], horizon: float, level: float) -> pl.DataFrame:
    """``now`` minus ``then`` for every figure of every group, by square-and-add."""
    both = figures(now, keys, horizon, level).join(
        figures(then, keys, horizon, level), on=[*keys, "figure"], how="inner", suffix="_then", nulls_equal=True
    )
    gap = pl.col("value") - pl.col("value_then")
    down = ((pl.col("value") - pl.col("low")) ** 2 + (pl.col("high_then") - pl.col("value_then")) ** 2).sqrt()
    up = ((pl.col("high") - pl.col("value")) ** 2 + (pl.col("value_then") - pl.col("low_then")) ** 2).sqrt()
    return both.select(*keys, "figure", value=gap, low=gap - down, high=gap + up)


def with_p(now: pl.DataFrame, then: pl.DataFrame, keys: list[str], horizon: float) -> pl.DataFrame:
    """The gaps at 95 and 80 %, and ``p``: where the interval, widened step by step, first takes in no change."""
    frame = gaps(now, then, keys, horizon, 0.95)
    narrow = gaps(now, then, keys, horizon, 0.8).rename({"low": "low80", "high": "high80"})
    frame = frame.join(narrow.drop("value"), on=[*keys, "figure"], how="left", nulls_equal=True)
    for name, level in _LEVELS.items():
        gap = gaps(now, then, keys, horizon, level)
        near = pl.when(pl.col("value") > 0).then(pl.col("low")).otherwise(-pl.col("high"))
        distance = gap.select(*keys, "figure", near.fill_null(-1.0).alias(name))
        frame = frame.join(distance, on=[*keys, "figure"], how="left", nulls_equal=True)
    p = pl.Series("p", [_p(row) for row in frame.select(_LEVELS.keys()).iter_rows()], pl.Float64)
    return frame.with_columns(pl.when(pl.col("value").is_not_null()).then(p).alias("p")).drop(_LEVELS.keys())


def _p(distances: tuple[float | None, ...]) -> float:
    """Two-sided p at the width where the distance of the near bound from no change crosses zero."""
    z = 0.0
    for i, distance in enumerate(distances):
        if distance is None or distance <= 0:
            before = distances[i - 1] if i else None
            if i and before is not None and distance is not None:
                z = _Z[i - 1] + (_Z[i] - _Z[i - 1]) * before / (before - distance)
            break
        z = _Z[i]
    return 1 - erf(z / sqrt(2))
