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


def das_gupta_counts(
    k1: ArrayLike,
    n1: ArrayLike,
    k2: ArrayLike,
    n2: ArrayLike,
    *,
    dimensions: Sequence[str] = ("mix",),
    draws: int = 1999,
    seed: int = 0,
    level: float = 0.95,
) -> pl.DataFrame:
    """As :func:`kitagawa_counts` for units that are cross-classified: which dimension of the mix, or the rates?

    Each cell's share of the units is a product of one factor per dimension (for two: sqrt(n_ij/n_.j) sqrt(n_i./n) for
    the first), so that no order of the dimensions is preferred; a dimension's effect is the change of its factor at the
    average of all else. With one dimension it is Kitagawa's. Interval: percentiles of draws in which each period is
    sampled again, unit by unit; ``p`` is twice the share of draws on the far side of 0 (at least 2/(draws + 1)).
    Where a cell is empty in one period its rate is that of the other.

    Parameters:
        k1: successes in each cell before: an array with one axis per dimension, whole numbers.
        n1: sizes of the cells before, of the same shape; 0 allowed, but not everywhere.
        k2: successes after.
        n2: sizes after.
        dimensions: the names of the axes.
        draws: how many samples.
        seed: of the samples.
        level: of the interval.

    Returns:
        A row per dimension, one for "rate" and one for "total": ``part, value, low, high, p``.

    Raises:
        EstimateError: not_numbers, not_finite, negative, lengths_differ, names_differ, empty, not_k_of_n,
            not_between_0_and_1, not_positive.

    Source: Das Gupta 1993, Standardization and Decomposition of Rates, chapter 5.

    >>> das_gupta_counts([20, 15], [40, 60], [11, 54], [20, 180])["value"].round(4).to_list()
    [-0.075, 0.05, -0.025]
    """
    shape = np.shape(n1)
    if len(shape) != len(dimensions) or any(np.shape(x) != shape for x in (k1, k2, n2)):
        raise EstimateError("names_differ", shape=list(shape), names=list(dimensions))
    flat = [not_negative(np.ravel(x), w) for x, w in zip((k1, n1, k2, n2), ("k1", "n1", "k2", "n2"), strict=True)]
    for k, n in ((flat[0], flat[1]), (flat[2], flat[3])):
        not_empty(n, "n")
        refuse_where("not_k_of_n", (k > n) | (k != np.floor(k)) | (n != np.floor(n)))
        if n.sum() <= 0:
            raise EstimateError("not_positive", what="n", value=0.0)
    rng, tail = np.random.default_rng(seed), (1 - fraction(level, "level")) / 2
    drawn = [_again(rng, k, n, draws) for k, n in ((flat[0], flat[1]), (flat[2], flat[3]))]
    one, two = (
        (np.vstack([n, m]), np.vstack([k, y])) for (m, y), (k, n) in zip(drawn, (flat[:2], flat[2:]), strict=True)
    )
    effects = _by_dimension(one, two, shape)
    values, samples = effects[:, 0], effects[:, 1:]
    low, high = np.quantile(samples, [tail, 1 - tail], axis=1)
    least = np.minimum((samples <= 0).sum(axis=1), (samples >= 0).sum(axis=1))
    p = np.minimum(1.0, 2 * (least + 1) / (draws + 1))
    return pl.DataFrame({"part": [*dimensions, "rate", "total"], "value": values, "low": low, "high": high, "p": p})


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
    return sizes.astype(float), rng.binomial(sizes, k / np.maximum(n, 1)).astype(float)


def _by_dimension(one: tuple[Floats, Floats], two: tuple[Floats, Floats], shape: tuple[int, ...]) -> Floats:
    """Effects (dimensions, rate, total) of every sample: sizes and successes are (samples, cells)."""
    n1, k1, n2, k2 = *one, *two
    r1, r2 = k1 / np.maximum(n1, 1), k2 / np.maximum(n2, 1)
    r1, r2 = np.where(n1 > 0, r1, r2), np.where(n2 > 0, r2, r1)
    mean_rate = (r1 + r2) / 2
    f1, f2 = (_factors(n.reshape(-1, *shape)) for n in (n1, n2))
    effects = []
    for j in range(len(shape)):
        weighted = _shapley_of(f1, f2, j).reshape(n1.shape) * mean_rate
        effects.append(weighted.sum(axis=1))
    w1, w2 = n1 / n1.sum(axis=1, keepdims=True), n2 / n2.sum(axis=1, keepdims=True)
    effects.append(((r2 - r1) * (w1 + w2) / 2).sum(axis=1))
    return np.stack([*effects, (w2 * r2 - w1 * r1).sum(axis=1)])


def _factors(n: Floats) -> list[Floats]:
    """One factor per dimension, (samples, *shape); their product is the cell's share."""
    k = n.ndim - 1
    found = []
    for j in range(k):
        others, factor = [i for i in range(k) if i != j], np.ones_like(n)
        for r in range(k):
            weight = factorial(r) * factorial(k - 1 - r) / factorial(k)
            for chosen in combinations(others, r):
                below = _summed(n, chosen)
                ratio = np.divide(_summed(n, (*chosen, j)), below, out=np.zeros_like(n), where=below > 0)
                factor = factor * ratio**weight
        found.append(factor)
    return found


def _summed(n: Floats, kept: tuple[int, ...]) -> Floats:
    """Sizes summed over all dimensions but those kept, in the shape of the whole."""
    over = tuple(i + 1 for i in range(n.ndim - 1) if i not in kept)
    return np.broadcast_to(n.sum(axis=over, keepdims=True), n.shape)


def _shapley_of(f1: Sequence[Floats], f2: Sequence[Floats], j: int) -> Floats:
    """The effect of factor j of products of arrays, cell by cell."""
    k, others = len(f1), [i for i in range(len(f1)) if i != j]
    whole = np.zeros_like(f1[j])
    for r in range(k):
        weight = factorial(r) * factorial(k - r - 1) / factorial(k)
        for chosen in combinations(others, r):
            product = np.ones_like(whole)
            for i in others:
                product = product * (f2[i] if i in chosen else f1[i])
            whole = whole + weight * product
    return whole * (f2[j] - f1[j])


def _shapley(f1: list[float], f2: list[float], j: int) -> float:
    """The effect of factor j."""
    k, others = len(f1), [i for i in range(len(f1)) if i != j]
    whole = 0.0
    for r in range(k):
        weight = factorial(r) * factorial(k - r - 1) / factorial(k)
        products = (prod(f2[i] if i in chosen else f1[i] for i in others) for chosen in combinations(others, r))
        whole += weight * sum(products)
    return whole * (f2[j] - f1[j])
