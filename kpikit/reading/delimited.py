"""A text file with delimiters as a table: polars reads what is regular, one record at a time what is not."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from kpikit.errors import DataError, Fault
from kpikit.reading.dialect import Dialect, find_dialect, split
from kpikit.reading.headers import Layout, find_layout
from kpikit.reading.repair.fused import part, swallowed
from kpikit.reading.repair.mending import LeftOut, mended
from kpikit.reading.repair.plain_cells import plain_cells
from kpikit.reading.repair.quoted_lines import unwrapped
from kpikit.reading.repair.records import Record, read_record
from kpikit.reading.structure import irregular_lines, is_regular
from kpikit.reading.texts import Text, read_text
from kpikit.reading.tidying import tidy
from kpikit.reading.typed.formats import Formats

#: what the text of a cell takes in memory at least
CELL = 16
_SAMPLE = 1 << 18
_SAMPLE_RECORDS = 400


@dataclass(frozen=True, slots=True)
class _Table:
    """What is known of the text before its data is read."""

    text: Text
    dialect: Dialect
    layout: Layout
    width: int
    line: int
    """The physical line (from 0) where the data begins."""
    record: int
    """The records before it: the first data row is ``record + 1`` in a spreadsheet."""
    offset: int
    """The byte where the data begins."""


def read_delimited(path: Path, formats: Formats) -> tuple[pl.DataFrame, list[Fault], list[LeftOut]]:
    """The cells of a delimited text as String columns with ``_row``, what was odd, and the rows left out."""
    text = read_text(path, formats.encoding)
    table = _survey(text, path.name, formats)
    faults = [*text.faults, *table.layout.faults]
    if table.offset >= len(table.text.data):
        return _empty(table.layout.names), faults, []
    _check_cells(table, path.name, formats)
    frame = _fast(table) if _is_fast(table) else None
    left_out: list[LeftOut] = []
    if frame is None:
        frame, odd, left_out = _careful(table, path.name)
        faults += odd
    if table.text.lines > frame.height + len(left_out) + table.line:
        parted = part(frame, table.dialect.delimiter, path.name)
        frame, moved = parted.frame, parted.moved
        if parted.more:
            faults = [dataclasses.replace(f, row=moved(f.row)) if f.row else f for f in faults] + parted.faults
            left_out = [(moved(row), rule, cells) for row, rule, cells in left_out]
    frame, more = tidy(frame, table.layout, path.name)
    if table.text.lines > frame.height + len(left_out) + table.line:
        lost = swallowed(frame, table.dialect.delimiter, path.name)
        faults, left_out = faults + lost.faults, left_out + lost.left_out
    frame, unmeant = plain_cells(frame, path.name, is_ascii=table.text.is_ascii)
    return frame, faults + more + unmeant, left_out


def _check_cells(table: _Table, file: str, formats: Formats) -> None:
    """Refuse what cannot be held in the memory that it may take: a blank cell is one byte here, and many there."""
    cells = table.text.lines * table.width
    if cells * CELL > formats.memory:
        values = {"megabytes": cells * CELL >> 20, "limit": formats.memory >> 20}
        raise DataError([Fault("file_too_large", file=file, values=values)])


def _empty(names: list[str]) -> pl.DataFrame:
    return pl.DataFrame(schema={"_row": pl.UInt32} | dict.fromkeys(names, pl.String))


def _survey(text: Text, file: str, formats: Formats) -> _Table:
    """Dialect, header and the place where the data begins, from the first part of the text."""
    raw = text.slice(0, _SAMPLE)
    if len(raw) < len(text.data) and b"\n" in raw:
        raw = raw[: raw.rindex(b"\n") + 1]
    sample = raw.decode("utf-8", "ignore")
    bare = unwrapped(sample, formats.delimiter) if text.quotes else sample
    dialect = find_dialect(bare, formats.delimiter)
    if dialect.is_runs:
        return _survey(_squeezed(text), file, dataclasses.replace(formats, delimiter=" "))
    width = _width(bare, dialect)
    lines = sample.replace("\r\n", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    records, starts = _sample_records(lines, dialect, width)
    is_told = bool(lines) and lines[0].lower().strip('"').startswith("sep=") and len(lines[0].strip('"')) == 5
    layout = find_layout(records[1:] if is_told else records, width, file, formats.header_row)
    first = layout.first + is_told
    while first < len(starts) and not any(c.strip() for c in records[first]):
        first += 1
    line = starts[first] if first < len(starts) else len(lines)
    offset = _offset(raw, line) if first < len(starts) else len(text.data)
    if width == 1 and text.lines and _is_unparted(lines, layout):
        raise DataError([Fault("not_a_table", file=file, value=lines[0][:60])])
    return _Table(text, dialect, layout, width, line, first, offset)


def _squeezed(text: Text) -> Text:
    """Columns of fixed width: each run of blanks as one, none around a line."""
    raw = re.sub(rb" +", b" ", text.slice(0, len(text.data)))
    raw = re.sub(rb" ?\r*\n ?", b"\n", raw).strip(b" ")
    return dataclasses.replace(text, data=np.frombuffer(raw, dtype=np.uint8), path=None, returns=0)


def _is_unparted(lines: list[str], layout: Layout) -> bool:
    """Does the text look like a page or a program rather than like one column of values?"""
    head = "\n".join(lines[:5]).lstrip().lower()
    return layout.header is not None and head.startswith(("<!doctype", "<html", "<?xml", "{", "[{", "%pdf"))


def _offset(raw: bytes, line: int) -> int:
    at = 0
    for _ in range(line):
        at = raw.index(b"\n", at) + 1
    return at


def _width(sample: str, dialect: Dialect) -> int:
    """The number of cells that most records have."""
    widths = Counter(len(r) for r in split(sample, dialect)[:_SAMPLE_RECORDS] if any(c.strip() for c in r))
    return max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 1))[0]


def _sample_records(lines: list[str], dialect: Dialect, width: int) -> tuple[list[list[str]], list[int]]:
    """The first records, and the line where each one starts."""
    records: list[list[str]] = []
    starts: list[int] = []
    at = 0
    while at < len(lines) and len(records) < _SAMPLE_RECORDS:
        record = _record(lines.__getitem__, at, len(lines), dialect, width)
        records.append(record.cells)
        starts.append(at)
        at += record.lines
    return records, starts


def _record(line, at: int, n: int, dialect: Dialect, width: int) -> Record:
    return read_record(lambda i: line(i) if i < n else None, at, dialect, width)


def _is_fast(table: _Table) -> bool:
    """Has every record the same width, with all quotes in place, so that polars alone reads it right?"""
    text, dialect = table.text, table.dialect
    if not dialect.is_plain or text.returns:
        return False
    data = text.data[table.offset :]
    if not text.quotes and dialect.quote == '"':
        return is_regular(data, ord(dialect.delimiter), None, table.width)
    return is_regular(data, ord(dialect.delimiter), ord(dialect.quote), table.width)


def _polars(source: Path | bytes, table: _Table, *, skip: int = 0) -> pl.DataFrame:
    """The regular lines of a source as text."""
    return pl.read_csv(
        source,
        has_header=False,
        separator=table.dialect.delimiter,
        quote_char=table.dialect.quote or None,
        skip_lines=skip,
        infer_schema=False,
        glob=False,
        schema={f"c{i}": pl.String for i in range(table.width)},
    )


def _fast(table: _Table) -> pl.DataFrame | None:
    """All of the data in one go (a blank line is a row of nulls, as in a spreadsheet); None if polars refuses."""
    on_disk = table.text.path if table.line else None
    try:
        source = on_disk or table.text.slice(table.offset, len(table.text.data))
        frame = _polars(source, table, skip=table.line if on_disk else 0)
    except pl.exceptions.PolarsError:
        return None
    return frame.with_row_index("_row", offset=table.record + 1)


def _careful(table: _Table, file: str) -> tuple[pl.DataFrame, list[Fault], list[LeftOut]]:
    """Regular lines by polars, the others one by one, put together in the order of the file."""
    data = table.text.data[table.offset :]
    if table.dialect.is_plain:
        quote = ord(table.dialect.quote) if table.text.quotes or table.dialect.quote != '"' else None
        starts, odd = irregular_lines(data, ord(table.dialect.delimiter), quote, table.width)
    else:
        starts = np.concatenate(([0], np.flatnonzero(data == 10) + 1))
        starts = starts[starts < len(data)]
        odd = np.ones(len(starts), dtype=bool)
    ends = np.append(starts[1:], len(data))
    records, taken = _odd_records(table, data, starts, ends, odd)
    begins = np.ones(len(starts), dtype=bool)
    for at, record in records:
        begins[at + 1 : at + record.lines] = False
    rows = np.cumsum(begins) + table.record
    plain = ~taken
    regular = _regular_lines(table, data, starts, ends, plain)
    regular = regular.insert_column(0, pl.Series("_row", rows[plain].astype(np.uint32)))
    numbered = [(int(rows[at]), record) for at, record in records]
    others, faults, left_out = mended(numbered, regular, table.width, table.dialect.delimiter, file)
    return pl.concat([regular, others]).sort("_row"), faults, left_out


def _odd_records(
    table: _Table, data: np.ndarray, starts: np.ndarray, ends: np.ndarray, odd: np.ndarray
) -> tuple[list[tuple[int, Record]], np.ndarray]:
    """The records that start at irregular lines, and all lines that they take."""

    def line(i: int) -> str:
        raw = data[starts[i] : ends[i]].tobytes().decode("utf-8", "replace")
        return raw.removesuffix("\n").removesuffix("\r")

    taken = odd.copy()
    records: list[tuple[int, Record]] = []
    following = 0
    for at in np.flatnonzero(odd).tolist():
        if at < following:
            continue
        record = _record(line, at, len(starts), table.dialect, table.width)
        records.append((at, record))
        following = at + record.lines
        taken[at:following] = True
    return records, taken


def _regular_lines(
    table: _Table, data: np.ndarray, starts: np.ndarray, ends: np.ndarray, plain: np.ndarray
) -> pl.DataFrame:
    """The lines under the mask, read by polars."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], plain, [False])).astype(np.int8)))
    parts = [data[starts[a] : ends[b - 1]].tobytes() for a, b in zip(edges[::2], edges[1::2], strict=True)]
    if not parts:
        return pl.DataFrame(schema={f"c{i}": pl.String for i in range(table.width)})
    return _polars(b"".join(p if p.endswith(b"\n") else p + b"\n" for p in parts), table)
