"""Differences between two windows, with an interval at any width and a p-value that never disagrees with it."""

from __future__ import annotations

from math import erf, sqrt

import polars as pl

from kpikit import stats
from kpikit.stats.bounds import exit_bounds, survival_bounds, z_of

#: widths (in standard errors) at which the interval is computed to find where it first takes in no change
_Z95, _Z80 = z_of(0.95), z_of(0.80)
_WIDTHS = tuple(sorted((*(0.25 + 0.5 * i for i in range(10)), _Z95, _Z80)))
_Z = pl.col("z")
#: the normal quantile of "noticed four times in five"
Z_POWER = 0.8416212


def figures(counts: pl.DataFrame, keys: list[str], horizon: float) -> pl.DataFrame:
    """Median and shares at the horizon of every group, with bounds at every width.

    Returns ``*keys, figure, z, value, low, high``.
    """
    widths = pl.DataFrame({"z": _WIDTHS})
    survival = stats.kaplan_meier_by(counts, keys)
    left = stats.at_horizon(stats.aalen_johansen_by(counts, keys), keys, horizon).rename({"exit": "figure"})
    still = stats.at_horizon(survival, keys, horizon).with_columns(figure=pl.lit("still_there"))
    columns = [*keys, "figure", "z", "value", "low", "high"]
    value, se, n = pl.col("value"), pl.col("se"), pl.col("n_at_risk").cast(pl.Float64)
    parts = [_medians(counts, survival, keys, widths)]
    for shares, bounds in ((left, exit_bounds), (still, survival_bounds)):
        low, high = bounds(value, se, n, _Z)  # type: ignore[arg-type] - a width may be a column
        parts.append(shares.join(widths, how="cross").with_columns(low=low, high=high))
    return pl.concat([part.select(columns) for part in parts])


def _medians(counts: pl.DataFrame, survival: pl.DataFrame, keys: list[str], widths: pl.DataFrame) -> pl.DataFrame:
    """Medians with the ages at which the band around the curve crosses one half, for every width."""
    n = pl.col("n_at_risk").cast(pl.Float64)
    low, high = survival_bounds(pl.col("value"), pl.col("se"), n, _Z)  # type: ignore[arg-type]
    time = pl.col("time")
    crossed = (
        survival.lazy()
        .join(widths.lazy(), how="cross")
        .with_columns(low=low, high=high)
        .group_by(*keys, "z", maintain_order=True)
        .agg(low=time.filter(pl.col("low") <= 0.5).first(), high=time.filter(pl.col("high") < 0.5).first())
        .collect()
    )
    medians = stats.quantile_by(counts, keys).select(*keys, "value")
    return crossed.join(medians, on=keys, how="left", nulls_equal=True).with_columns(figure=pl.lit("median"))


def with_p(now: pl.DataFrame, then: pl.DataFrame, keys: list[str], horizon: float) -> pl.DataFrame:
    """``now`` minus ``then`` by square-and-add, at 95 and 80 %, and ``p``.

    ``p`` is where the interval, widened, first takes in no change; bounds between the widths are interpolated.
    """
    names = [*keys, "figure"]
    both = figures(now, keys, horizon).join(
        figures(then, keys, horizon), on=[*names, "z"], how="inner", suffix="_then", nulls_equal=True
    )
    gap = pl.col("value") - pl.col("value_then")
    down = ((pl.col("value") - pl.col("low")) ** 2 + (pl.col("high_then") - pl.col("value_then")) ** 2).sqrt()
    up = ((pl.col("high") - pl.col("value")) ** 2 + (pl.col("value_then") - pl.col("low_then")) ** 2).sqrt()
    gaps = both.select(*names, "z", value=gap, low=gap - down, high=gap + up)
    main = gaps.filter(_Z == _Z95).drop("z")
    narrow = gaps.filter(_Z == _Z80).select(*names, low80="low", high80="high")
    near = pl.when(pl.col("value") > 0).then("low").otherwise(-pl.col("high")).fill_null(-1.0)
    widths = gaps.filter(_Z.is_in(_WIDTHS)).sort("z").group_by(names).agg(near.alias("near"))
    frame = main.join(narrow, on=names, how="left", nulls_equal=True).join(
        widths, on=names, how="left", nulls_equal=True
    )
    p = pl.Series("p", [_p(near) for near in frame["near"]], pl.Float64)
    half = (pl.col("high") - pl.col("low")) / 2
    return frame.with_columns(
        pl.when(pl.col("value").is_not_null()).then(p).alias("p"), noticeable=half * (_Z95 + Z_POWER) / _Z95
    ).drop("near")


def _p(near: list[float]) -> float:
    """Two-sided p at the width where the near bound crosses no change."""
    z = 0.0
    for i, distance in enumerate(near):
        if distance <= 0:
            z = _WIDTHS[i - 1] + (_WIDTHS[i] - _WIDTHS[i - 1]) * near[i - 1] / (near[i - 1] - distance) if i else 0.0
            break
        z = _WIDTHS[i]
    return 1 - erf(z / sqrt(2))
