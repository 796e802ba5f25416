"""A file as it stands: every cell as text, every row with the number that a spreadsheet shows. No meaning yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from kpikit.book.formats import Formats
from kpikit.errors import DataError, Fault

Source = Literal["csv", "excel", "parquet", "frame"]


@dataclass(frozen=True, slots=True)
class RawTable:
    """A file or frame before any meaning: ``file`` is its name alone, ``frame`` has ``_row``, ``faults`` what was odd."""

    file: str
    frame: pl.DataFrame
    faults: tuple[Fault, ...] = ()
    source: Source = "csv"


def read(path: str | Path, formats: Formats = Formats()) -> RawTable:
    """What does this file hold? CSV and its kin, Excel or Parquet, told apart by content, not by name."""
    path = Path(path)
    if path.suffix.lower() in (".parquet", ".pq"):
        return RawTable(path.name, numbered(pl.read_parquet(path)), (), "parquet")
    head = path.read_text(encoding="utf-8-sig").split("\n", 1)[0]
    delimiter = formats.delimiter or max(",;\t|", key=head.count)
    if not head.strip():
        raise DataError([Fault("empty_file", file=path.name)])
    frame = pl.read_csv(path, separator=delimiter, infer_schema=False)
    return RawTable(path.name, numbered(frame), ())


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with ``_row`` as its first column: 2 for the first row, as under a header."""
    return frame if "_row" in frame.columns else frame.with_row_index("_row", offset=2)


def from_frame(frame: Any, name: str = "frame") -> RawTable:
    """A pandas or polars frame as a raw table; pandas NaN and NaT become null, kinds stay."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    elif not isinstance(frame, pl.DataFrame):
        frame = pl.from_pandas(frame, nan_to_null=True)
    return RawTable(name, numbered(frame), (), "frame")
