"""Why did a figure change? Exact parts that add up to the whole change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial, prod

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.errors import EstimateError
from kpikit.stats.checks import Floats, finite, fraction, not_empty, not_negative, refuse_where, same_length


def kitagawa(weights1: ArrayLike, rates1: ArrayLike, weights2: ArrayLike, rates2: ArrayLike) -> pl.DataFrame:
    """Did the rate change because the mix changed, or because the rates inside the groups did?

    mix = sum (w2 - w1)(r1 + r2)/2, rate = sum (r2 - r1)(w1 + w2)/2; together the whole change, exactly. Weights are
    made shares of their sum. Misleads with a group that is empty in one period: merge it first.

    Parameters:
        weights1: sizes or shares of the groups before, (s,), not negative.
        rates1: their rates before, (s,).
        weights2: sizes or shares after, (s,).
        rates2: their rates after, (s,).

    Returns:
        Three rows: ``part`` ("mix", "rate", "total"), ``value`` in the unit of the rates.

    Raises:
        EstimateError: not_numbers, not_a_row, not_finite, negative, lengths_differ, empty, not_positive.

    Source: Kitagawa 1955, J. Am. Stat. Assoc. 50:1168-1194.

    >>> kitagawa([40, 60], [0.5, 0.25], [20, 180], [0.55, 0.3])["value"].round(4).to_list()
    [-0.075, 0.05, -0.025]
    """
    w1, r1 = _shares(weights1, "weights1"), finite(rates1, "rates1")
    w2, r2 = _shares(weights2, "weights2"), finite(rates2, "rates2")
    same_length(weights1=w1, rates1=r1, weights2=w2, rates2=r2)
    return pl.DataFrame({"part": _PARTS, "value": _mix_and_rate(w1, r1, w2, r2)})


def kitagawa_counts(
    k1: ArrayLike,
    n1: ArrayLike,
    k2: ArrayLike,
    n2: ArrayLike,
    *,
    draws: int = 1999,
    seed: int = 0,
    level: float = 0.95,
) -> pl.DataFrame:
    """As :func:`kitagawa` for counts, and how sure is it?

    Interval: percentiles of draws in which each period is sampled again with replacement, unit by unit (so the mix
    and the rates both vary). In a draw in which a group is empty its rate is that of the other period.

    Parameters:
        k1: successes in each group before, (s,), whole numbers.
        n1: sizes of the groups before, (s,), 1 or more.
        k2: successes after.
        n2: sizes after.
        draws: how many samples.
        seed: of the samples.
        level: of the interval.

    Returns:
        Three rows: ``part`` ("mix", "rate", "total"), ``value, low, high``.

    Raises:
        EstimateError: not_numbers, not_a_row, not_finite, negative, lengths_differ, empty, not_k_of_n,
            not_between_0_and_1.

    >>> kitagawa_counts([20, 15], [40, 60], [11, 54], [20, 180])["value"].round(4).to_list()
    [-0.075, 0.05, -0.025]
    """
    k1, n1, k2, n2 = (not_negative(x, w) for x, w in zip((k1, n1, k2, n2), ("k1", "n1", "k2", "n2"), strict=True))
    same_length(k1=k1, n1=n1, k2=k2, n2=n2)
    not_empty(n1, "n1")
    for k, n in ((k1, n1), (k2, n2)):
        refuse_where("not_k_of_n", (k > n) | (n < 1) | (k != np.floor(k)) | (n != np.floor(n)))
    values = kitagawa(n1, k1 / n1, n2, k2 / n2)
    rng, tail = np.random.default_rng(seed), (1 - fraction(level, "level")) / 2
    (m1, y1), (m2, y2) = (_again(rng, k, n, draws) for k, n in ((k1, n1), (k2, n2)))
    r1, r2 = y1 / np.maximum(m1, 1), y2 / np.maximum(m2, 1)
    r1, r2 = np.where(m1 > 0, r1, r2), np.where(m2 > 0, r2, r1)
    drawn = np.stack(_mix_and_rate(m1 / n1.sum(), r1, m2 / n2.sum(), r2))
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=1)
    return values.with_columns(low=pl.Series(low), high=pl.Series(high))


def das_gupta(
    factors1: Mapping[str, float] | Sequence[float], factors2: Mapping[str, float] | Sequence[float]
) -> pl.DataFrame:
    """Which factor of a product moved it, and by how much?

    The effect of factor j is its change times the product of the others, averaged over all orders in which the
    factors could have changed: sum over subsets T of the others, of size r, of r!(K-r-1)!/K! times the product with T
    after and the rest before. The effects add up to the whole change, exactly, and no order is preferred.

    Parameters:
        factors1: the factors before: a mapping from name to value, or a sequence; at most 16.
        factors2: the same factors after.

    Returns:
        A row per factor and one for the "total": ``part, value`` in the unit of the product.

    Raises:
        EstimateError: factors_differ (names or number), too_many_factors, empty, not_finite, not_numbers.

    Source: Das Gupta 1993, Standardization and Decomposition of Rates, chapter 2.

    >>> das_gupta({"n": 2.0, "p": 0.5}, {"n": 4.0, "p": 0.75}).rows()
    [('n', 1.25), ('p', 0.75), ('total', 2.0)]
    """
    names = tuple(factors1) if isinstance(factors1, Mapping) else tuple(str(i) for i in range(len(factors1)))
    after = tuple(factors2) if isinstance(factors2, Mapping) else tuple(str(i) for i in range(len(factors2)))
    if set(names) != set(after) or len(names) != len(after):
        raise EstimateError("factors_differ", before=list(names), after=list(after))
    if len(names) > 16:
        raise EstimateError("too_many_factors", n=len(names), most=16)
    f1 = finite(list(factors1.values()) if isinstance(factors1, Mapping) else list(factors1), "factors1")
    f2 = finite([factors2[n] for n in names] if isinstance(factors2, Mapping) else list(factors2), "factors2")
    not_empty(f1, "factors1")
    effects = [_shapley(f1.tolist(), f2.tolist(), j) for j in range(len(names))]
    return pl.DataFrame({"part": [*names, "total"], "value": [*effects, float(np.prod(f2) - np.prod(f1))]})


_PARTS = ["mix", "rate", "total"]


def _shares(weights: ArrayLike, what: str) -> Floats:
    """Weights as shares of their sum."""
    array = not_negative(weights, what)
    not_empty(array, what)
    if array.sum() <= 0:
        raise EstimateError("not_positive", what=what, value=0.0)
    return array / array.sum()


def _mix_and_rate(w1: Floats, r1: Floats, w2: Floats, r2: Floats) -> list[Floats]:
    """The mix part, the rate part and the whole change, over the last axis."""
    mix = ((w2 - w1) * (r1 + r2) / 2).sum(axis=-1)
    rate = ((r2 - r1) * (w1 + w2) / 2).sum(axis=-1)
    return [mix, rate, (w2 * r2).sum(axis=-1) - (w1 * r1).sum(axis=-1)]


def _again(rng: np.random.Generator, k: Floats, n: Floats, draws: int) -> tuple[Floats, Floats]:
    """Sizes and successes of each group when the units of a period are drawn again, (draws, s)."""
    sizes = rng.multinomial(int(n.sum()), n / n.sum(), size=draws)
    return sizes.astype(float), rng.binomial(sizes, k / n).astype(float)


def _shapley(f1: list[float], f2: list[float], j: int) -> float:
    """The effect of factor j."""
    k, others = len(f1), [i for i in range(len(f1)) if i != j]
    whole = 0.0
    for r in range(k):
        weight = factorial(r) * factorial(k - r - 1) / factorial(k)
        products = (prod(f2[i] if i in chosen else f1[i] for i in others) for chosen in combinations(others, r))
        whole += weight * sum(products)
    return whole * (f2[j] - f1[j])
