"""Differences between two windows, with an interval at any width and a p-value that never disagrees with it."""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np
import polars as pl

from kpikit import stats
from kpikit.stats.bounds import exit_bounds, survival_bounds, z_of
from kpikit.stats.checks import Floats
from kpikit.stats.curves import survival
from kpikit.stats.steps import ANY, Counted, exit_steps, first_where, taken

#: widths (in standard errors) at which the interval is computed to find where it first takes in no change
_Z95, _Z80 = z_of(0.95), z_of(0.80)
_WIDTHS = tuple(sorted((*(0.25 + 0.5 * i for i in range(10)), _Z95, _Z80)))
_AT = np.array(_WIDTHS)
#: the normal quantile of "noticed four times in five"
Z_POWER = 0.8416212


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures by name (``*keys, figure``), with a value and the bounds at every width; NaN where they are not known."""

    names: pl.DataFrame
    value: Floats
    low: Floats
    high: Floats


def figures(counts: Counted, keys: list[str], shares: pl.DataFrame) -> Figures:
    """Median of every group, and its shares at a horizon as they are told, with bounds at every width."""
    still = (shares["exit"] == ANY).to_numpy()[:, None]
    value, se, n = (shares[name].to_numpy().astype(np.float64)[:, None] for name in ("value", "se", "n_at_risk"))
    bounds = zip(survival_bounds(value, se, n, _AT), exit_bounds(value, se, n, _AT), strict=True)
    low, high = (np.where(still, stays, left) for stays, left in bounds)
    names = shares.select(*keys, figure=pl.col("exit").replace(ANY, "still_there"))
    medians = _medians(counts, keys)
    return Figures(
        pl.concat([medians.names, names]),
        np.concatenate([medians.value, value.ravel()]),
        np.concatenate([medians.low, low]),
        np.concatenate([medians.high, high]),
    )


def _medians(counts: Counted, keys: list[str]) -> Figures:
    """Medians with the ages at which the band around the curve crosses one half, for every width."""
    steps = exit_steps(counts, keys)
    base = survival(steps)
    value, n = base.value[:, None], steps.n_at_risk.astype(np.float64)[:, None]
    low, high = survival_bounds(value, value * np.sqrt(base.green)[:, None], n, _AT)
    ages = [
        np.stack([taken(steps.time, first_where(below, steps.first)) for below in crossed.T], axis=1)
        for crossed in (low <= 0.5, high < 0.5)
    ]
    medians = stats.quantile_by(steps, keys)
    names = medians.select(*keys, figure=pl.lit("median"))
    return Figures(names, medians["value"].to_numpy(), *ages)


def with_p(now: Figures, then: Figures) -> pl.DataFrame:
    """``now`` minus ``then`` by square-and-add, at 95 and 80 %, and ``p``, of the figures that both have.

    ``p`` is where the interval, widened, first takes in no change; bounds between the widths are interpolated.
    """
    rows = [side.names.with_row_index(row) for side, row in ((now, "_now"), (then, "_then"))]
    both = rows[0].join(rows[1], on=now.names.columns, how="inner", nulls_equal=True, maintain_order="left")
    i, j = (both[name].to_numpy() for name in ("_now", "_then"))
    value, value_then = now.value[i], then.value[j]
    gap, at, at_then = value - value_then, value[:, None], value_then[:, None]
    down = np.sqrt((at - now.low[i]) ** 2 + (then.high[j] - at_then) ** 2)
    up = np.sqrt((now.high[i] - at) ** 2 + (at_then - then.low[j]) ** 2)
    low, high = gap[:, None] - down, gap[:, None] + up
    near = np.nan_to_num(np.where(gap[:, None] > 0, low, -high), nan=-1.0)
    p = np.where(np.isnan(gap), np.nan, [_p(row) for row in near.tolist()]) if gap.size else gap
    columns = {"value": gap}
    for z, names in ((_Z95, ("low", "high")), (_Z80, ("low80", "high80"))):
        columns |= {name: side[:, _WIDTHS.index(z)] for name, side in zip(names, (low, high), strict=True)}
    columns |= {"p": p, "noticeable": (columns["high"] - columns["low"]) / 2 * (_Z95 + Z_POWER) / _Z95}
    floats = [pl.Series(name, values, pl.Float64).fill_nan(None) for name, values in columns.items()]
    return both.drop("_now", "_then").hstack(floats)


def _p(near: list[float]) -> float:
    """Two-sided p at the width where the near bound crosses no change."""
    z = 0.0
    for i, distance in enumerate(near):
        if distance <= 0:
            z = _WIDTHS[i - 1] + (_WIDTHS[i] - _WIDTHS[i - 1]) * near[i - 1] / (near[i - 1] - distance) if i else 0.0
            break
        z = _WIDTHS[i]
    return 1 - erf(z / sqrt(2))
