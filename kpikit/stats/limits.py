"""What a comparison could have seen, how surprising a result is, and between which limits chance alone stays."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.errors import EstimateError
from kpikit.stats.bounds import z_of
from kpikit.stats.checks import fraction, not_empty, numbers, one_row, probabilities, refuse_where, trials


def p_of_difference(interval: Callable[[float], tuple[float | None, float | None]]) -> float:
    """How surprising is a gap, judged by its own interval?

    The smallest alpha at which the interval of level 1 - alpha leaves out 0, by bisection: a p-value that can never
    disagree with the interval shown beside it. A null bound counts as unlimited.

    Parameters:
        interval: from a level between 0 and 1 to (low, high); it must widen with the level.

    Returns:
        The p-value: 1 if even the narrowest interval holds 0, and not below 1e-12.

    >>> round(p_of_difference(lambda level: (1 - z_of(level) / 2, 1 + z_of(level) / 2)), 4)
    0.0455
    """

    def leaves_out(alpha: float) -> bool:
        low, high = interval(1 - alpha)
        return (low is not None and low > 0) or (high is not None and high < 0)

    below, above = 1e-12, 1 - 1e-9
    if leaves_out(below):
        return below
    if not leaves_out(above):
        return 1.0
    while above - below > 1e-7 * above:
        middle = (below * above) ** 0.5 if above < 0.01 else (below + above) / 2
        below, above = (below, middle) if leaves_out(middle) else (middle, above)
    return above


def detectable_difference(n1: int, n2: int, p: float, *, power: float = 0.8, level: float = 0.95) -> pl.DataFrame:
    """How large would a gap between two shares have to be for this comparison to see it?

    The smallest rise above ``p`` in the second group that the two-sided test of two proportions (pooled variance)
    finds with the given power. Print it beside every comparison that finds nothing.

    Parameters:
        n1: size of the group with share ``p``.
        n2: size of the other group.
        p: the share to start from.
        power: the chance of finding the gap.
        level: one less the two-sided error rate.

    Returns:
        One row: ``value`` (the rise in share; null if not even a share of 1 would be seen).

    Raises:
        EstimateError: not_positive, not_between_0_and_1.

    >>> detectable_difference(50, 50, 0.25)["value"].round(2).item()
    0.27
    """
    for name, n in (("n1", n1), ("n2", n2)):
        if not n >= 1:
            raise EstimateError("not_positive", what=name, value=n)
    fraction(p, "p")
    z_test, z_power = z_of(level), NormalDist().inv_cdf(fraction(power, "power"))

    def seen(gap: float) -> bool:
        other = p + gap
        pooled = (n1 * p + n2 * other) / (n1 + n2)
        null = (pooled * (1 - pooled) * (1 / n1 + 1 / n2)) ** 0.5
        own = (p * (1 - p) / n1 + other * (1 - other) / n2) ** 0.5
        return gap >= z_test * null + z_power * own

    low, high = 0.0, 1 - p
    if not seen(high):
        return one_row({"value": None})
    while high - low > 1e-10:
        middle = (low + high) / 2
        low, high = (low, middle) if seen(middle) else (middle, high)
    return one_row({"value": high})


def funnel_limits(n: ArrayLike, target: float, *, level: float = 0.95) -> pl.DataFrame:
    """Between which shares do groups of these sizes lie by chance alone, if all have the same true share?

    Exact binomial limits, interpolated: (r - a)/n with r the binomial quantile of p and a = (F(r) - p)/(F(r) - F(r-1)),
    for p = (1 - level)/2 and (1 + level)/2, kept within 0 and 1.

    Parameters:
        n: sizes of the groups, (m,), whole numbers of 1 or more.
        target: the common share.
        level: the share of groups that stays inside.

    Returns:
        A row per size, in order: ``n, value`` (the target), ``low, high``.

    Raises:
        EstimateError: not_numbers, not_a_row, not_a_size, not_between_0_and_1.

    Source: Spiegelhalter 2005, Stat. Med. 24:1185-1202, appendix A.1.1.

    >>> funnel_limits([20], 0.25).select(pl.col("low", "high").round(4)).row(0)
    (0.0505, 0.4294)
    """
    from scipy.stats import binom

    sizes = numbers(n, "n")
    refuse_where("not_a_size", ~((sizes >= 1) & (sizes == np.floor(sizes))))
    share, tail = fraction(target, "target"), (1 - fraction(level, "level")) / 2

    def limit(p: float) -> np.ndarray:
        r = binom.ppf(p, sizes, share)
        above, below = binom.cdf(r, sizes, share), binom.cdf(r - 1, sizes, share)
        return np.clip((r - (above - p) / (above - below)) / sizes, 0, 1)

    low, high = limit(tail), limit(1 - tail)
    return pl.DataFrame({"n": sizes.astype(np.int64), "value": np.full(sizes.size, share), "low": low, "high": high})


def poisson_binomial_tail(p: ArrayLike, k: float) -> pl.DataFrame:
    """How surprising are k successes, if each trial had the chance that was stated for it?

    Exact distribution of a sum of unlike coins, by convolution.

    Parameters:
        p: the stated chance of each trial, (n,), 0 to 1.
        k: how many succeeded (whole number from 0 to n).

    Returns:
        One row: ``value`` (expected number), ``se`` (its spread), ``z`` ((k - value)/se; null without spread),
        ``at_most`` P(X <= k), ``at_least`` P(X >= k), ``n, n_events``.

    Raises:
        EstimateError: not_numbers, not_a_row, not_a_probability, empty, not_k_of_n.

    >>> stated = [0.9, 0.9, 0.75, 0.75, 0.6, 0.6, 0.5, 0.5, 0.25, 0.25]
    >>> poisson_binomial_tail(stated, 3).select(pl.col("value", "z", "at_most").round(4)).row(0)
    (6.0, -2.1707, 0.0347)
    """
    chances = probabilities(p, "p")
    not_empty(chances, "p")
    k, n = trials(k, chances.size)
    share = np.ones(1)
    for chance in chances:
        share = np.convolve(share, (1 - chance, chance))
    expected, spread = float(chances.sum()), float((chances * (1 - chances)).sum() ** 0.5)
    values = {"value": expected, "se": spread, "z": (k - expected) / spread if spread > 0 else None}
    tails = {"at_most": min(1.0, float(share[: k + 1].sum())), "at_least": min(1.0, float(share[k:].sum()))}
    return one_row(values | tails, n=n, n_events=k)
