"""Intervals of a probability that lies on a curve: log(-log) inside, Wilson with an effective n at 0 and 1."""

from __future__ import annotations

from statistics import NormalDist

import polars as pl

from kpikit.stats.checks import fraction


def z_of(level: float) -> float:
    """The normal quantile of a two-sided interval.

    >>> round(z_of(0.95), 4)
    1.96
    """
    return NormalDist().inv_cdf(0.5 + fraction(level, "level") / 2)


def survival_bounds(value: pl.Expr, se: pl.Expr, n: pl.Expr, z: float) -> tuple[pl.Expr, pl.Expr]:
    """Low and high of a probability of staying: S ** exp(+-z se / (S |log S|)).

    At S = 0 or 1 the transform says nothing, and an interval of no width would be a lie: there it is Wilson's with
    ``n``, the effective number of observations (Rothman 1978).
    """
    log_s = value.log()
    spread = (z * se / (value * log_s).abs()).exp()
    slack = z * z / (n + z * z)
    low = pl.when(value <= 0).then(0.0).when(value >= 1).then(1 - slack).otherwise((log_s * spread).exp())
    high = pl.when(value <= 0).then(slack).when(value >= 1).then(1.0).otherwise((log_s / spread).exp())
    return low, high


def exit_bounds(value: pl.Expr, se: pl.Expr, n: pl.Expr, z: float) -> tuple[pl.Expr, pl.Expr]:
    """Low and high of a probability of having left: the bounds of its complement, turned round."""
    low, high = survival_bounds(1 - value, se, n, z)
    return 1 - high, 1 - low
