"""Three words of certainty for a set of comparisons that stand in one report."""

from __future__ import annotations

from statistics import NormalDist

import polars as pl

from kpikit import stats
from kpikit.analysis.base.comparison import Z_POWER

_Z95 = 1.959964


def judge(compared: pl.DataFrame, earlier: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Which differences are clear, which are a hint, and what would have been noticed in the others?

    Args:
        compared: all comparisons of a report, as :func:`kpikit.analysis.velocity.compare` gives them.
        earlier: the same comparisons one period earlier.
        keys: the columns that name a comparison.

    Returns:
        ``compared`` with ``p_holm`` (corrected over all that could be computed), ``certainty``, ``noticeable`` and
        ``low_together, high_together``: the interval widened so that all of them hold at once (Bonferroni).
        ``clear``: the corrected p is below .05, so the 95 % interval excludes no change. ``hint``: the 80 % interval
        does, on the same side, here and one period earlier. ``unknown`` else; ``noticeable`` is the smallest change
        that would have been clear four times in five, in the unit of the figure.

    Source: Holm 1979.
    """
    before = earlier.select(*keys, low80_earlier="low80", high80_earlier="high80")
    frame = compared.join(before, on=keys, how="left", nulls_equal=True)
    p = frame["p"].to_numpy()
    frame = (
        frame.with_columns(p_holm=stats.holm(p)["value"])
        if frame.height
        else frame.with_columns(p_holm=pl.lit(None, pl.Float64))
    )
    longer = (pl.col("low80") > 0) & (pl.col("low80_earlier") > 0)
    shorter = (pl.col("high80") < 0) & (pl.col("high80_earlier") < 0)
    z = NormalDist().inv_cdf(1 - 0.025 / max(frame["p"].drop_nulls().len(), 1))
    half = (pl.col("high") - pl.col("low")) / 2
    return frame.with_columns(
        pl.when(pl.col("p_holm") < 0.05).then(pl.lit("clear"))
        .when(longer | shorter).then(pl.lit("hint"))
        .otherwise(pl.lit("unknown")).alias("certainty"),
        noticeable=half * (z + Z_POWER) / _Z95,
        low_together=pl.col("value") - (pl.col("value") - pl.col("low")) * z / _Z95,
        high_together=pl.col("value") + (pl.col("high") - pl.col("value")) * z / _Z95,
    )  # fmt: skip
