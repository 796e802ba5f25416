"""Cells that say yes or no."""

from __future__ import annotations

import polars as pl

from kpikit.crms import cell_words


def yes_no(cells: pl.Series) -> pl.Series:
    """Cells as yes or no, whatever the language; null where they say neither.

    >>> yes_no(pl.Series(["Ja", "false", "maybe", None])).to_list()
    [True, False, None, None]
    """
    if cells.dtype == pl.Boolean:
        return cells
    words = dict.fromkeys(cell_words("yes"), True) | dict.fromkeys(cell_words("no"), False)
    texts = cells.cast(pl.String, strict=False).str.strip_chars().str.to_lowercase()
    return texts.replace_strict(words, default=None, return_dtype=pl.Boolean)
