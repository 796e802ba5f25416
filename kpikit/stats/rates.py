"""Shares and their differences, with intervals that hold for small numbers."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.errors import EstimateError
from kpikit.stats.bounds import z_of
from kpikit.stats.checks import Floats, one_row, trials


def wilson_bounds(k: ArrayLike, n: ArrayLike, z: float) -> tuple[Floats, Floats]:
    """Low and high of Wilson's interval, of one share or of many; 0 to 1 where there is nothing."""
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    some = np.where(n == 0, 1.0, n)
    p, zz = k / some, z * z / some
    half = z * np.float_power(p * (1 - p) / some + zz / (4 * some), 0.5)
    low, high = (p + zz / 2 - half) / (1 + zz), (p + zz / 2 + half) / (1 + zz)
    return np.where(k == 0, 0.0, low), np.where(k == n, 1.0, high)


def with_shares(counts: pl.DataFrame, *, level: float = 0.95) -> pl.DataFrame:
    """What share is each row of a frame of counts, and what shares would fit as well?

    :func:`wilson` of ``n_events`` and ``n``, a row a share.

    Parameters:
        counts: a frame with ``n_events`` and ``n``.
        level: of the intervals.

    Returns:
        The frame with ``value, low, high``; where ``n`` is 0 ``value`` is null and the interval 0 to 1.

    Raises:
        EstimateError: not_k_of_n, not_between_0_and_1.

    Source: Wilson 1927.

    >>> frame = with_shares(pl.DataFrame({"n_events": [81, 0], "n": [263, 0]}))
    >>> frame.select(pl.col("value", "low", "high").round(4)).rows()
    [(0.308, 0.2553, 0.3662), (None, 0.0, 1.0)]
    """
    k, n = (counts[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("n_events", "n"))
    for i in np.flatnonzero(~((k >= 0) & (k <= n) & (k == np.floor(k)) & (n == np.floor(n)))):
        trials(k[i], n[i])
    low, high = wilson_bounds(k, n, z_of(level))
    shares = np.divide(
        k, n, out=np.full(n.shape, np.nan), where=n > 0
    )  # polars may divide by a column as by a constant
    value = pl.Series(shares).fill_nan(None)
    return counts.with_columns(value=value, low=pl.Series(low), high=pl.Series(high))


def wilson(k: float, n: float, *, level: float = 0.95) -> pl.DataFrame:
    """What share is it, and what shares would fit as well?

    k/n with Wilson's score interval. Misleads when the n are not alike or not independent.

    Parameters:
        k: how many of the ``n`` (whole number).
        n: how many there are; with 0 ``value`` is null and the interval is 0 to 1.
        level: of the interval.

    Returns:
        One row: ``value, se, low, high, n, n_events``.

    Raises:
        EstimateError: not_k_of_n, not_between_0_and_1.

    Source: Wilson 1927; Newcombe 1998.

    >>> wilson(81, 263).select(pl.col("low", "high").round(4)).row(0)
    (0.2553, 0.3662)
    """
    k, n = trials(k, n)
    low, high = (float(bound) for bound in wilson_bounds(k, n, z_of(level)))
    p = k / n if n else None
    se = (p * (1 - p) / n) ** 0.5 if p is not None else None
    return one_row({"value": p, "se": se, "low": low, "high": high}, n=n, n_events=k)


def newcombe(k1: float, n1: float, k2: float, n2: float, *, level: float = 0.95) -> pl.DataFrame:
    """How far apart are two shares, and what gaps would fit as well?

    k1/n1 - k2/n2 with Newcombe's hybrid score interval: Wilson's two intervals, squared and added.

    Parameters:
        k1: how many of the first ``n1`` (whole numbers).
        n1: the first group; with 0 in either group ``value`` is null.
        k2: how many of the second ``n2``.
        n2: the second group.
        level: of the interval.

    Returns:
        One row: ``value, se, low, high, n`` (of both), ``n_events``.

    Raises:
        EstimateError: not_k_of_n, not_between_0_and_1.

    Source: Newcombe 1998, Stat. Med. 17:873-890, method 10.

    >>> newcombe(56, 70, 48, 80).select(pl.col("value", "low", "high").round(4)).row(0)
    (0.2, 0.0524, 0.3339)
    """
    one, two = wilson(k1, n1, level=level), wilson(k2, n2, level=level)
    both = one["n"][0] + two["n"][0], one["n_events"][0] + two["n_events"][0]
    if one["n"][0] == 0 or two["n"][0] == 0:
        return one_row({"value": None, "se": None, "low": -1.0, "high": 1.0}, n=both[0], n_events=both[1])
    ends = [frame[c][0] for frame in (one, two) for c in ("value", "low", "high")]
    row = difference(*ends).row(0, named=True)
    se = (one["se"][0] ** 2 + two["se"][0] ** 2) ** 0.5
    values = {"value": row["value"], "se": se, "low": row["low"], "high": row["high"]}
    return one_row(values, n=both[0], n_events=both[1])


def difference(
    value1: float | None,
    low1: float | None,
    high1: float | None,
    value2: float | None,
    low2: float | None,
    high2: float | None,
) -> pl.DataFrame:
    """How far apart are two independent estimates that each have an interval of their own?

    value1 - value2; the distances to the bounds squared and added (MOVER). Works for any estimates whose intervals
    hold: shares, medians, areas. What is null (a bound that is not reached) stays null in what needs it.

    Parameters:
        value1: the first estimate, with ``low1`` and ``high1``.
        low1: its lower bound, or null.
        high1: its upper bound, or null.
        value2: the second estimate, with ``low2`` and ``high2`` of the same level.
        low2: its lower bound, or null.
        high2: its upper bound, or null.

    Returns:
        One row: ``value, low, high``.

    Raises:
        EstimateError: bounds_cross (a lower bound above its estimate or an upper one below it).

    Source: Zou & Donner 2008, Stat. Med. 27:1693-1702.

    >>> difference(0.8, 0.7, 0.9, 0.5, 0.4, 0.6).select(pl.all().round(4)).row(0)
    (0.3, 0.1586, 0.4414)
    """
    for value, low, high in ((value1, low1, high1), (value2, low2, high2)):
        if value is None:
            continue
        slack = 1e-9 * (1 + abs(value))
        if (low is not None and low > value + slack) or (high is not None and high < value - slack):
            raise EstimateError("bounds_cross", value=value, low=low, high=high)
    if value1 is None or value2 is None:
        return one_row({"value": None, "low": None, "high": None})
    gap = value1 - value2
    low = None if low1 is None or high2 is None else gap - ((value1 - low1) ** 2 + (high2 - value2) ** 2) ** 0.5
    high = None if high1 is None or low2 is None else gap + ((high1 - value1) ** 2 + (value2 - low2) ** 2) ** 0.5
    return one_row({"value": gap, "low": low, "high": high})
