"""Many small shares at once: each drawn towards the others as far as they are alike, with nothing plugged in."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from kpikit.stats.checks import Floats, fraction, not_empty, not_negative, refuse_where, same_length

_MEANS = np.linspace(0.02, 0.98, 97)
_SIZES = np.geomspace(2, 500, 40)
_SHRINK = 20.0
_NEGLIGIBLE = 1e-6


def pooled_rates(
    k: ArrayLike, n: ArrayLike, *, draws: int = 20_000, seed: int = 0, level: float = 0.95
) -> pl.DataFrame:
    """What is each group's true share, given that the groups are more or less alike?

    Beta-binomial with mean mu and prior size kappa both integrated over a grid: mu uniform on 97 points from .02 to
    .98, kappa on 40 points (even on the log scale) from 2 to 500 with density 20/(kappa + 20)^2, so that the weight
    kappa/(kappa + 20) is uniform. Each share is then a mixture of betas. The usual short cut, one best kappa, says
    with 5 to 10 groups far too often that all are the same. Ranks come as intervals: mostly they say that the groups
    cannot be told apart.

    Parameters:
        k: successes of each group, (m,), whole numbers.
        n: size of each group, (m,), whole numbers, 0 allowed.
        draws: how many joint draws for the ranks (values and intervals need none).
        seed: of the draws.
        level: of the intervals.

    Returns:
        A row per group, in order: ``value`` (posterior mean), ``se`` (posterior spread), ``low, high, raw`` (k/n),
        ``p_best`` (chance of the largest share), ``rank_low, rank_high`` (1 is the largest), ``n, n_events``.

    Raises:
        EstimateError: not_numbers, not_a_row, not_finite, negative, lengths_differ, empty, not_k_of_n,
            not_between_0_and_1.

    Source: Gelman et al., Bayesian Data Analysis, section 5.3, on a grid.

    >>> pooled_rates([5, 2, 3, 9], [12, 10, 15, 24], draws=2000)["value"].round(2).to_list()
    [0.35, 0.29, 0.28, 0.34]
    """
    wins, size = not_negative(k, "k"), not_negative(n, "n")
    same_length(k=wins, n=size)
    not_empty(size, "n")
    refuse_where("not_k_of_n", (wins > size) | (wins != np.floor(wins)) | (size != np.floor(size)))
    tail = (1 - fraction(level, "level")) / 2
    a, b, weight = _cells(wins, size)
    mean = weight @ (a / (a + b))
    square = weight @ (a * (a + 1) / ((a + b) * (a + b + 1)))
    ranks = _ranks(wins, size, a, b, weight, draws, seed)
    low_rank, high_rank = np.quantile(ranks, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return pl.DataFrame(
        {
            "value": mean,
            "se": np.sqrt(np.maximum(square - mean**2, 0)),
            "low": _mixture_quantile(a, b, weight, tail),
            "high": _mixture_quantile(a, b, weight, 1 - tail),
            "raw": np.where(size > 0, wins / np.maximum(size, 1), np.nan),
            "p_best": _alike((ranks == 1).mean(axis=0), wins, size),
            "rank_low": low_rank.astype(np.int64),
            "rank_high": high_rank.astype(np.int64),
            "n": size.astype(np.int64),
            "n_events": wins.astype(np.int64),
        }
    ).with_columns(pl.col("raw").fill_nan(None))


def _cells(wins: Floats, size: Floats) -> tuple[Floats, Floats, Floats]:
    """Beta parameters of each group in each grid cell that matters, (cells, m), and the cells' weights."""
    from scipy.special import betaln

    mu, kappa = (grid.ravel()[:, None] for grid in np.meshgrid(_MEANS, _SIZES, indexing="ij"))
    a, b = mu * kappa, (1 - mu) * kappa
    log_weight = (betaln(a + wins, b + size - wins) - betaln(a, b)).sum(axis=1)
    log_weight += np.log(kappa[:, 0] * _SHRINK / (kappa[:, 0] + _SHRINK) ** 2)
    weight = np.exp(log_weight - log_weight.max())
    kept = weight > _NEGLIGIBLE * weight.max()
    return a[kept] + wins, b[kept] + size - wins, weight[kept] / weight[kept].sum()


def _mixture_quantile(a: Floats, b: Floats, weight: Floats, p: float) -> Floats:
    """The p-quantile of each group's mixture of betas: Newton's steps, kept within a shrinking bracket."""
    from scipy.special import betainc, betaln

    low, high, norm = np.zeros(a.shape[1]), np.ones(a.shape[1]), betaln(a, b)
    x = weight @ (a / (a + b))
    for _ in range(40):
        gap = weight @ betainc(a, b, x) - p
        slope = weight @ np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - norm)
        low, high = np.where(gap < 0, x, low), np.where(gap < 0, high, x)
        step = x - gap / np.maximum(slope, 1e-300)
        step = np.where((step > low) & (step < high), step, (low + high) / 2)
        if np.abs(step - x).max() < 1e-9:
            return step
        x = step
    return x


def _ranks(
    wins: Floats, size: Floats, a: Floats, b: Floats, weight: Floats, draws: int, seed: int
) -> NDArray[np.int64]:
    """Ranks (1 = largest) of joint posterior draws, (draws, m); drawn in an order that the input's does not touch."""
    rng = np.random.default_rng(seed)
    order = np.lexsort((wins, size))
    cell = rng.choice(len(weight), size=draws, p=weight)
    theta = rng.beta(a[cell][:, order], b[cell][:, order])
    ranks = np.empty(theta.shape, dtype=np.int64)
    ranks[:, order] = (-theta).argsort(axis=1).argsort(axis=1) + 1
    return ranks


def _alike(p_best: Floats, wins: Floats, size: Floats) -> Floats:
    """Groups with the same numbers get the same chance: the mean of theirs."""
    same = (wins[:, None] == wins) & (size[:, None] == size)
    return (same @ p_best) / same.sum(axis=1)
