"""Between which limits does a figure move by luck alone, from one period to the next?"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.stats.checks import Floats, not_empty, not_negative, numbers, refuse_where, same_length

#: the mean moving range of two is so many standard deviations (Shewhart's d2)
_D2 = 1.128
#: a moving range so many times the mean of them is itself a signal, and left out (Nelson 1982)
_NELSON = 3.267
#: fewer moving ranges than this say nothing about their own size
_LEAST_RANGES = 3


def p_limits(k: ArrayLike, n: ArrayLike, *, phase: ArrayLike | None = None) -> pl.DataFrame:
    """Between which shares do periods of these sizes lie by luck, if nothing changes?

    centre = sum k/sum n of the phase; limits centre +- 3 s sqrt(c(1-c)/n). s is the mean moving range of the
    standardised shares over 1.128, of all phases together (never across two), without ranges above 3.267 times that
    mean, and 1 if it is less or rests on fewer than three ranges: p'-chart, so that periods which differ more than
    coins do not raise false alarms. A limit outside 0 to 1 is null.

    Parameters:
        k: how many in each period, (m,), whole numbers.
        n: out of how many, (m,), 0 allowed: such a period has no limits.
        phase: labels of the stretches with limits of their own, (m,); by default one.

    Returns:
        A row per period: ``value, centre, low_limit, high_limit, spread`` (s).

    Raises:
        EstimateError: not_numbers, not_a_row, not_finite, negative, lengths_differ, empty, not_k_of_n.

    Source: Laney 2002, Quality Engineering 14:531-537; Nelson 1982, J. Quality Technology 14:172-173.

    >>> p_limits([10, 10], [20, 20]).select(pl.col("centre", "low_limit").round(4)).row(0)
    (0.5, 0.1646)
    """
    won, size = not_negative(k, "k"), not_negative(n, "n")
    same_length(k=won, n=size)
    not_empty(size, "n")
    refuse_where("not_k_of_n", (won > size) | (won != np.floor(won)) | (size != np.floor(size)))
    labels = _labels(phase, size.size)
    sums = [np.array([values[labels == label].sum() for label in labels]) for values in (won, size)]
    with np.errstate(divide="ignore", invalid="ignore"):
        share, centre = won / size, sums[0] / sums[1]
        sigma = np.sqrt(centre * (1 - centre) / size)
        z = (share - centre) / sigma
    ranges = _moving_ranges(z, labels)
    if ranges.size:
        ranges = ranges[ranges <= _NELSON * ranges.mean()]
    spread = max(1.0, float(ranges.mean()) / _D2) if ranges.size >= _LEAST_RANGES else 1.0
    low, high = centre - 3 * spread * sigma, centre + 3 * spread * sigma
    known = np.isfinite(sigma) & (sigma > 0)
    return _frame(
        share, centre, np.where(known & (low >= 0), low, np.nan), np.where(known & (high <= 1), high, np.nan), spread
    )


def xmr_limits(values: ArrayLike, *, phase: ArrayLike | None = None) -> pl.DataFrame:
    """Between which values do periods lie by luck, for a figure that is no share?

    Individuals chart: centre = mean of the phase; limits centre +- 2.66 times its mean moving range. A limit below 0 is
    null: none of our figures can be negative.

    Parameters:
        values: a figure of each period, (m,); NaN or null where there is none.
        phase: labels of the stretches with limits of their own, (m,); by default one.

    Returns:
        A row per period: ``value, centre, low_limit, high_limit, spread`` (mean moving range of its phase).

    Raises:
        EstimateError: not_numbers, not_a_row, lengths_differ, empty.

    Source: Shewhart 1931; Wheeler, Understanding Variation.

    >>> xmr_limits([10, 12, 10, 12]).select("centre", "high_limit").row(0)
    (11.0, 16.32)
    """
    x = numbers(values, "values")
    not_empty(x, "values")
    labels = _labels(phase, x.size)
    centre, spread = np.full(x.size, np.nan), np.full(x.size, np.nan)
    for label in np.unique(labels):
        mine = (labels == label) & ~np.isnan(x)
        ranges = np.abs(np.diff(x[mine]))
        centre[labels == label] = x[mine].mean() if mine.any() else np.nan
        spread[labels == label] = ranges.mean() if ranges.size else np.nan
    low, high = centre - 2.66 * spread, centre + 2.66 * spread
    return _frame(x, centre, np.where(low >= 0, low, np.nan), high, spread)


def _labels(phase: ArrayLike | None, length: int) -> np.ndarray:
    labels = np.zeros(length, dtype=np.int64) if phase is None else np.asarray(phase)
    same_length(values=np.empty(length), phase=labels)
    return labels


def _moving_ranges(z: Floats, labels: np.ndarray) -> Floats:
    """Distances between neighbours of one phase, where both are known."""
    seen = np.isfinite(z)
    z, labels = z[seen], labels[seen]
    return np.abs(np.diff(z))[labels[1:] == labels[:-1]]


def _frame(value: Floats, centre: Floats, low: Floats, high: Floats, spread: Floats | float) -> pl.DataFrame:
    columns = {"value": value, "centre": centre, "low_limit": low, "high_limit": high}
    frame = pl.DataFrame({name: np.asarray(column, dtype=np.float64) for name, column in columns.items()})
    return frame.with_columns(spread=pl.Series(np.broadcast_to(spread, frame.height).astype(np.float64))).fill_nan(None)
