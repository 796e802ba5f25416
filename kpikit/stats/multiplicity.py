"""Many questions at once: p-values corrected for the number of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.stats.checks import Floats, fraction, numbers, refuse_where


def holm(p: ArrayLike, *, level: float = 0.95) -> pl.DataFrame:
    """Which findings stand if not one of them may be false?

    Holm's step-down correction. A missing p-value (NaN or null) stays missing and does not count as a question.

    Parameters:
        p: p-values from 0 to 1.
        level: one less the chance of any false finding.

    Returns:
        A row per p-value, in order: ``p, value`` (the corrected p-value), ``rejected``; null where ``p`` is missing.

    Raises:
        EstimateError: not_numbers, not_a_row, not_a_probability, not_between_0_and_1.

    Source: Holm 1979.

    >>> holm([0.01, None, 0.04, 0.03])["value"].round(2).to_list()
    [0.03, None, 0.06, 0.06]
    """
    return _corrected(p, _step_down, level)


def benjamini_hochberg(p: ArrayLike, *, level: float = 0.95) -> pl.DataFrame:
    """Which findings stand if a share of them may be false?

    Benjamini and Hochberg's step-up correction. A missing p-value stays missing and does not count as a question.

    Parameters:
        p: p-values from 0 to 1.
        level: one less the expected share of false findings among the findings.

    Returns:
        A row per p-value, in order: ``p, value`` (the corrected p-value), ``rejected``; null where ``p`` is missing.

    Raises:
        EstimateError: not_numbers, not_a_row, not_a_probability, not_between_0_and_1.

    Source: Benjamini & Hochberg 1995.

    >>> benjamini_hochberg([0.01, 0.02, 0.03])["value"].round(2).to_list()
    [0.03, 0.03, 0.03]
    """
    return _corrected(p, _step_up, level)


def _step_down(p: Floats) -> Floats:
    """Holm: the i-th smallest times the number not yet judged, never below the one before it."""
    order = p.argsort()
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def _step_up(p: Floats) -> Floats:
    from scipy.stats import false_discovery_control

    return false_discovery_control(p, method="bh")


def _corrected(p: ArrayLike, correct: Callable[[Floats], Floats], level: float) -> pl.DataFrame:
    """The correction of the p-values that are there; the others keep their place."""
    given = numbers(p, "p")
    there = ~np.isnan(given)
    refuse_where("not_a_probability", there & ~((given >= 0) & (given <= 1)), what="p")
    value = np.full(given.size, np.nan)
    alpha = 1 - fraction(level, "level")
    if there.any():
        value[there] = correct(given[there])
    frame = pl.DataFrame({"p": given, "value": value, "rejected": value <= alpha + 1e-12})
    return frame.with_columns(pl.when(pl.lit(pl.Series(there))).then(pl.all()))
