"""Sums of unequal amounts: how fast they come in, and what share of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.stats.bounds import z_of
from kpikit.stats.checks import flags, not_empty, not_negative, one_row, positive, same_length
from kpikit.stats.rates import wilson_bounds


def compound_velocity(
    amounts: ArrayLike, days: float, *, tails: Literal["normal", "student"] = "normal", level: float = 0.95
) -> pl.DataFrame:
    """How much comes in per day?

    V0 = sum of amounts / days, with the interval of a compound Poisson sum on the log scale:
    V0 exp(+-z sqrt(sum x^2)/sum x). A few large amounts make it wide, as they should. Misleads where amounts are so
    unequal that the large ones are mostly absent: then it is too narrow, and "student" tails (n_eff + 1 degrees of
    freedom, a number chosen by the coverage study in ``benchmarks/coverage.py``) hold better.

    Parameters:
        amounts: what came in, (n,), not negative; may be empty.
        days: over how many days.
        tails: "normal" takes z; "student" a wider quantile, for few or very unequal amounts.
        level: of the interval.

    Returns:
        One row: ``value, se, low, high`` per day, ``n_eff`` ((sum x)^2/sum x^2), ``n``. Nothing came in: ``value`` 0
        and ``high`` null, since nothing is known about how large an amount would be.

    Raises:
        EstimateError: not_numbers, not_a_row, not_finite, negative, not_positive.

    >>> compound_velocity([10, 10, 10, 10], 8).select(pl.col("value", "low", "high").round(3)).row(0)
    (5.0, 1.877, 13.322)
    """
    x, z = not_negative(amounts, "amounts"), z_of(level)
    length = positive(days, "days")
    total, spread = float(x.sum()), float((x**2).sum() ** 0.5)
    if total == 0:
        return one_row({"value": 0.0, "se": 0.0, "low": 0.0, "high": None, "n_eff": 0.0}, n=x.size)
    if tails == "student":
        from scipy.stats import t

        z = float(t.ppf((1 + level) / 2, (total / spread) ** 2 + 1))
    value, factor = total / length, float(np.exp(z * spread / total))
    row = {"value": value, "se": spread / length, "low": value / factor, "high": value * factor}
    return one_row(row | {"n_eff": (total / spread) ** 2}, n=x.size)


def value_weighted(won: ArrayLike, amount: ArrayLike, *, level: float = 0.95) -> pl.DataFrame:
    """What share of the amount succeeded?

    R = sum(w y)/sum(w); se = sqrt(sum w^2 (y - R)^2)/sum(w); n_eff = (sum w)^2/sum w^2 is how many equal amounts would
    tell as much. Interval: Wilson's with n_eff. One whale can be the whole answer: read ``without_largest`` beside it.

    Parameters:
        won: 1 or 0 for each, (n,).
        amount: its weight, (n,), not negative.
        level: of the interval.

    Returns:
        One row: ``value, se, low, high, n_eff, without_largest, n, n_events``; null where there is no amount.

    Raises:
        EstimateError: not_numbers, not_a_row, not_finite, negative, not_zero_or_one, lengths_differ, empty.

    Source: Kish 1965 for n_eff.

    >>> frame = value_weighted([1, 0, 0, 1, 0, 0, 0, 1, 0, 0], [500, 40, 35, 30, 30, 25, 20, 20, 15, 10])
    >>> frame.select(pl.col("value", "without_largest", "n_eff").round(2)).row(0)
    (0.76, 0.22, 2.05)
    """
    y, w, z = flags(won, "won"), not_negative(amount, "amount"), z_of(level)
    same_length(won=y, amount=w)
    not_empty(w, "amount")
    total, counts = float(w.sum()), {"n": w.size, "n_events": int(y.sum())}
    if total == 0:
        return one_row(dict.fromkeys(("value", "se", "low", "high", "n_eff", "without_largest")), **counts)
    value = float(w[y].sum()) / total
    se = float((w**2 * (y - value) ** 2).sum() ** 0.5) / total
    n_eff = total**2 / float((w**2).sum())
    low, high = (float(bound) for bound in wilson_bounds(value * n_eff, n_eff, z))
    rest = np.delete(np.arange(w.size), w.argmax())
    without = float(w[rest] @ y[rest]) / float(w[rest].sum()) if w[rest].sum() > 0 else None
    row = {"value": value, "se": se, "low": low, "high": high, "n_eff": n_eff, "without_largest": without}
    return one_row(row, **counts)
