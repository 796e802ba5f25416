"""Many questions at once: p-values corrected for the number of them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.stats.checks import fraction, numbers, refuse_where


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
    return _corrected(p, "holm", level)


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
    return _corrected(p, "fdr_bh", level)


def _corrected(p: ArrayLike, method: Literal["holm", "fdr_bh"], level: float) -> pl.DataFrame:
    """The correction of the p-values that are there; the others keep their place."""
    given = numbers(p, "p")
    there = ~np.isnan(given)
    refuse_where("not_a_probability", there & ~((given >= 0) & (given <= 1)), what="p")
    value = np.full(given.size, np.nan)
    alpha = 1 - fraction(level, "level")
    if there.any():
        from statsmodels.stats.multitest import multipletests

        value[there] = multipletests(given[there], method=method)[1]
    frame = pl.DataFrame({"p": given, "value": value, "rejected": value <= alpha + 1e-12})
    return frame.with_columns(pl.when(pl.lit(pl.Series(there))).then(pl.all()))
