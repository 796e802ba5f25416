"""The rows of a file of deals: how each ended by its flags, what its close date is, and which row of a deal counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from kpikit.errors import Fault
from kpikit.reading import yes_no
from kpikit.schema import Table

#: which yes-or-no columns may say how a deal ended, and which of a deal's rows may count
ENDS, ROWS = ("won", "lost", "closed"), ("first", "last")


def by_flags(frame: pl.DataFrame, ends: Mapping[str, str]) -> pl.Series:
    """How each deal ended, by yes-or-no columns for ``won``, ``lost`` and ``closed``; what is neither is open."""
    blank = pl.Series([False] * frame.height, dtype=pl.Boolean)
    parts = {key: yes_no(frame[ends[key]]).fill_null(value=False) if key in ends else blank for key in ENDS}
    won, lost, closed = (pl.col(key) for key in ENDS)
    said = pl.when(won).then(pl.lit("won")).when(lost | closed).then(pl.lit("lost")).otherwise(pl.lit("open"))
    return pl.DataFrame(parts).select(said).to_series()


def until_ended(frame: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """One column may be the end of a deal that ended and the expected end of one that goes on: it is either."""
    both = columns.get("outcome_at"), columns.get("expected_close_on")
    if both[0] is None or both[0] != both[1] or "outcome" not in frame.columns:
        return frame
    is_open = pl.col("outcome").cast(pl.String).str.strip_chars().str.to_lowercase() == "open"
    return frame.with_columns(pl.when(~is_open.fill_null(value=False)).then("outcome_at").alias("outcome_at"))


def one_row_each(frame: pl.DataFrame, table: Table, file: str, which: str) -> tuple[pl.DataFrame, list[Fault]]:
    """The first or the last row of each key; how many others there were is told."""
    key = [name for name in table.key if name in frame.columns]
    if not key or not frame.select(key).is_duplicated().any():
        return frame, []
    texts = [pl.col(name).cast(pl.String).str.strip_chars() for name in key]
    is_kept = pl.struct(texts).is_first_distinct() if which == "first" else pl.struct(texts).is_last_distinct()
    is_blank = pl.all_horizontal(text.is_null() for text in texts)
    kept, others = frame.filter(is_kept | is_blank), frame.filter(~(is_kept | is_blank))
    if others.is_empty():
        return frame, []
    first = others.row(0, named=True)
    about = {"rows": frame.height, "kept": kept.height}
    told = Fault(
        f"rows_set_aside_{which}",
        table.name,
        file,
        int(first["_row"]),
        key[0],
        str(first[key[0]]),
        others.height,
        about,
    )
    return kept, [told]
