"""Intervals of a probability that lies on a curve: log(-log) inside, Wilson with an effective n at 0 and 1."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from kpikit.stats.checks import Floats, fraction


def z_of(level: float) -> float:
    """The normal quantile of a two-sided interval.

    >>> round(z_of(0.95), 4)
    1.96
    """
    return NormalDist().inv_cdf(0.5 + fraction(level, "level") / 2)


def survival_bounds(value: Floats, se: Floats, n: Floats, z: float | Floats) -> tuple[Floats, Floats]:
    """Low and high of a probability of staying: S ** exp(+-z se / (S |log S|)).

    At S = 0 or 1 the transform says nothing, and an interval of no width would be a lie: there it is Wilson's with
    ``n``, the effective number of observations (Rothman 1978).
    """
    with np.errstate(all="ignore"):  # what the transform cannot say is not taken from it
        log_s = np.log(value)
        spread = np.exp(z * se / np.abs(value * log_s))
        low, high = np.exp(log_s * spread), np.exp(log_s / spread)
    slack = z * z / (n + z * z)
    low = np.where(value <= 0, 0.0, np.where(value >= 1, 1 - slack, low))
    return low, np.where(value <= 0, slack, np.where(value >= 1, 1.0, high))


def exit_bounds(value: Floats, se: Floats, n: Floats, z: float | Floats) -> tuple[Floats, Floats]:
    """Low and high of a probability of having left: the bounds of its complement, turned round."""
    low, high = survival_bounds(1 - value, se, n, z)
    return 1 - high, 1 - low
