"""A file as it stands: every cell as text, every row with the number that a spreadsheet shows. No meaning yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from kpikit.errors import DataError, Fault, UsageError
from kpikit.reading import archives
from kpikit.reading.delimited import CELL, read_delimited
from kpikit.reading.logs import xes
from kpikit.reading.repair.mending import LeftOut
from kpikit.reading.typed.formats import Formats

#: ``excel_1904``: a workbook whose days are counted from 1904 on.
Source = Literal["csv", "excel", "excel_1904", "parquet", "frame"]
#: First bytes of files that are no table, with what they are.
_FOREIGN = (
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"SQLite format 3", "SQLite"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"{\\rtf", "RTF"),
)


@dataclass(frozen=True, slots=True)
class RawTable:
    """A file or frame before any meaning.

    ``file`` is its name alone, ``frame`` has ``_row`` and the columns under their own names (String from text and
    workbooks, typed from Parquet and frames), ``faults`` what was odd, ``source`` the kind of file, ``left_out`` the
    rows that fit no column: number, rule and cells (see :func:`kpikit.book.door.validation.left_out`),
    ``names`` the file's own name of each renamed column, for the faults.
    """

    file: str
    frame: pl.DataFrame
    faults: tuple[Fault, ...] = ()
    source: Source = "csv"
    left_out: tuple[LeftOut, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def read(path: str | Path, formats: Formats | None = None) -> RawTable:
    """What does this file hold? CSV and its kin, Excel, Parquet or an XES log, told by its first bytes, not its name.

    Args:
        path: the file.
        formats: what the settings say about it; None: find out.

    Returns:
        The cells as they stand. Odd lines that could be read are in the table and among its faults; lines that could
        not be read are among the faults alone. A file that holds nothing is an empty table with ``empty_file``.

    Raises:
        DataError: there is no table to be had (a damaged or foreign file).
        UsageError: there is no such file, or it may not be read.
    """
    path, formats = Path(path), formats or Formats()
    if (part := archives.inside(path)) is not None:
        return _part(*part, formats)
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        code = "file_not_found" if isinstance(error, FileNotFoundError) else "file_not_readable"
        raise UsageError(code, file=path.name) from None
    _check_size(path, path.stat().st_size, formats)
    try:
        return _read(path, head, formats)
    except DataError as error:
        if [fault.rule for fault in error.faults] != ["empty_file"]:
            raise
        return RawTable(path.name, pl.DataFrame(schema={"_row": pl.UInt32}), error.faults)


def _part(archive: Path, name: str, formats: Formats) -> RawTable:
    """A table in an archive, called by its way through it."""
    called = f"{archive.name}/{name}"
    with archives.unpacked(archive, name, formats.memory) as path:
        try:
            raw = read(path, formats)
        except DataError as error:
            raise DataError([replace(fault, file=called) for fault in error.faults]) from None
    return replace(raw, file=called, faults=tuple(replace(fault, file=called) for fault in raw.faults))


def _read(path: Path, head: bytes, formats: Formats) -> RawTable:
    if head.startswith(b"PAR1"):
        return _parquet(path, formats)
    if xes.is_xes(path, head):
        return RawTable(path.name, xes.read_xes(path))
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        from kpikit.reading.workbook import read_workbook

        frame, faults, source = read_workbook(path, formats)
        return RawTable(path.name, frame, tuple(faults), source)
    _refuse_foreign(path, head)
    frame, faults, left_out = read_delimited(path, formats)
    return RawTable(path.name, frame, tuple(faults), "csv", tuple(left_out))


def read_all(paths: Iterable[Path], formats: Formats | None = None) -> dict[Path, RawTable]:
    """What do these files hold? Each is read once; what is wrong with any of them is said for all at once.

    Raises:
        DataError: the faults of every file that holds no table.
        UsageError: there is no such file, or it may not be read.
    """
    found: dict[Path, RawTable] = {}
    faults: list[Fault] = []
    for path in dict.fromkeys(paths):
        try:
            found[path] = read(path, formats)
            faults += [fault for fault in found[path].faults if fault.rule == "empty_file"]
        except DataError as error:
            faults += error.faults
    if faults:
        raise DataError(faults)
    return found


def _refuse_foreign(path: Path, head: bytes) -> None:
    """Files that are no table at all, said by what they are."""
    kind = next((name for mark, name in _FOREIGN if head.startswith(mark)), None)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<table")):
        kind = "HTML"
    elif start.startswith(b"<?xml"):
        kind = "XML"
    elif start.startswith((b"[{", b'{"', b"{\n", b"{\r")):
        kind = "JSON"
    if kind:
        raise DataError([Fault("not_a_table", file=path.name, value=kind)])
    if path.suffix.lower() in (".parquet", ".pq") and head:
        raise DataError([Fault("broken_parquet", file=path.name)])


def _check_size(path: Path, size: int, formats: Formats) -> None:
    """Refuse what cannot be held in the memory that it may take."""
    if size > formats.memory:
        values = {"megabytes": size >> 20, "limit": formats.memory >> 20}
        raise DataError([Fault("file_too_large", file=path.name, values=values)])


def _parquet(path: Path, formats: Formats) -> RawTable:
    """A table that says itself how large it is: a constant column of a milliard rows is a small file.

    A number takes half as much as a text.
    """
    try:
        rows = pl.scan_parquet(path, glob=False)
        cells = rows.select(pl.len()).collect().item() * len(rows.collect_schema())
        _check_size(path, cells * CELL // 2, formats)
        frame = pl.read_parquet(path, glob=False)
    except DataError:
        raise
    except Exception as error:
        raise DataError([Fault("broken_parquet", file=path.name, value=type(error).__name__)]) from None
    if not frame.columns:
        raise DataError([Fault("empty_file", file=path.name)])
    return RawTable(path.name, numbered(frame), (), "parquet")


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with ``_row`` as its first column: 2 for the first row, as under a header."""
    if "_row" in frame.columns:
        return frame.select(pl.col("_row").cast(pl.UInt32, strict=False), pl.exclude("_row"))
    return frame.with_row_index("_row", offset=2)


def from_frame(frame: Any, name: str = "frame") -> RawTable:
    """A pandas or polars frame (or anything narwhals knows) as a raw table; pandas NaN and NaT become null.

    Args:
        frame: the rows; kinds stay as they are. A pandas index is left out.
        name: what the faults call it.

    Raises:
        UsageError: ``not_a_frame`` when it is none.

    Example:
        >>> from_frame(pl.DataFrame({"deal_id": ["a", "b"]})).frame["_row"].to_list()
        [2, 3]
    """
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, pl.DataFrame):
        frame = _to_polars(frame)
    floats = [c for c, dtype in frame.schema.items() if dtype.is_float()]
    return RawTable(name, numbered(frame.with_columns(pl.col(floats).fill_nan(None))), (), "frame")


def _to_polars(frame: Any) -> pl.DataFrame:
    """Any frame as polars; pandas columns of mixed objects as text."""
    import narwhals.stable.v2 as nw

    try:
        known = nw.from_native(frame)
    except TypeError:
        raise UsageError("not_a_frame", kind=type(frame).__name__) from None
    if isinstance(known, nw.LazyFrame):
        known = known.collect()
    native = known.to_native()
    names = [str(c) for c in known.columns]
    if not known.implementation.is_pandas():
        return known.to_polars().rename(dict(zip(known.columns, names, strict=True)))
    columns = {name: _from_pandas(native.iloc[:, i]) for i, name in enumerate(names)}
    return pl.DataFrame({name: series.alias(name) for name, series in columns.items()})


def _from_pandas(series: Any) -> pl.Series:
    try:
        return pl.from_pandas(series.reset_index(drop=True), nan_to_null=True)
    except Exception:
        blank = series.isna().tolist()
        values = [None if b else str(v) for b, v in zip(blank, series.tolist(), strict=True)]
        return pl.Series(values, dtype=pl.String)
