"""What stands around a table: title lines above, one header line or more, totals and footnotes below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from kpikit.crms import cell_words
from kpikit.errors import Fault
from kpikit.reading.header_names import column_names

_TYPED = re.compile(
    r"^\s*(?:[-+(]?\s?(?:[€$£¥]|EUR|USD)?\s?-?\d[\d.,' \u00a0]*\s?(?:[%€$£]|EUR|USD)?\)?"
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{1,2}:\d{2}.*|true|false)\s*$",
    re.IGNORECASE,
)
#: Names of columns that look like values: years, months, quarters.
_PERIOD = re.compile(r"^\s*(?:19|20)\d\d(?:[-/ ]?(?:Q[1-4]|\d\d))?\s*$", re.IGNORECASE)
#: Lines looked at in search of the header, and rows looked at in search of what follows the table.
_SEARCHED, _TAIL = 40, 20


@dataclass(frozen=True, slots=True)
class Layout:
    """``names`` of the columns, the first record that is data, the header's record (None: there is none), faults."""

    names: list[str]
    first: int
    header: int | None = 0
    faults: list[Fault] = field(default_factory=list)


def is_typed(cell: str) -> bool:
    """Is this cell a number, a day, a time or a truth value rather than words?"""
    return bool(_TYPED.match(cell[:80]))


def find_layout(
    records: Sequence[Sequence[str]], width: int, file: str, header_row: int | tuple[int, ...] | None = None
) -> Layout:
    """Where the header stands and where the data begins, told from the kinds of cells in the first records.

    ``header_row`` (from 1) settles it; several rows are joined to one header; 0 says that there is none.
    """
    typed = _typed_columns(records, width)
    if isinstance(header_row, tuple):
        return _joined(records, [row - 1 for row in header_row], width, file)
    if header_row is not None and header_row > 0:
        return _told(records, header_row - 1, width, file)
    if not records:
        return Layout([f"column_{i + 1}" for i in range(width)], 0, None)
    at = next((i for i, r in enumerate(records[:_SEARCHED]) if _is_full(r, width)), None)
    if at is None:
        at = next((i for i, r in enumerate(records) if any(c.strip() for c in r)), 0)
    faults = [_preamble(records, at, file)] if any(any(c.strip() for c in r) for r in records[:at]) else []
    if header_row == 0 or _is_data(records[at], typed):
        names = [f"column_{i + 1}" for i in range(width)]
        faults += [] if header_row == 0 else [Fault("no_header", file=file, row=at + 1, value=shown(records[at]))]
        return Layout(names, at, None, faults)
    last = at
    while last + 1 < len(records) and last < at + 3 and _is_second(records[last + 1], records[at], typed, width):
        last += 1
    chosen = max(range(at, last + 1), key=lambda i: (_filled_distinct(records[i]), -i))
    if last > at:
        faults.append(Fault("two_headers", file=file, row=last + 1, n=last - at, values={"used": chosen + 1}))
    names, more = column_names(records[chosen], records[last + 1 :], width, file, chosen + 1)
    return Layout(names, last + 1, chosen, faults + more)


def _told(records: Sequence[Sequence[str]], at: int, width: int, file: str) -> Layout:
    """The layout with the header where the settings say it is."""
    cells = records[at] if at < len(records) else []
    names, faults = column_names(cells, records[at + 1 :], width, file, at + 1)
    return Layout(names, min(at + 1, len(records)), at, faults)


def _joined(records: Sequence[Sequence[str]], rows: Sequence[int], width: int, file: str) -> Layout:
    """The layout with a header of several rows; a cell above speaks for the blank ones to its right."""
    lines: list[list[str]] = []
    for n, row in enumerate(rows):
        cells = [c.strip() for c in records[row]] if row < len(records) else []
        cells += [""] * (width - len(cells))
        if n < len(rows) - 1:
            for i in range(1, len(cells)):
                cells[i] = cells[i] or cells[i - 1]
        lines.append(cells)
    names = [" ".join(filter(None, parts)) for parts in zip(*lines, strict=False)]
    last = max(rows)
    names, faults = column_names(names, records[last + 1 :], width, file, last + 1)
    return Layout(names, min(last + 1, len(records)), last, faults)


def _typed_columns(records: Sequence[Sequence[str]], width: int) -> set[int]:
    """The columns in which nearly all cells below the first records are numbers, days or truth values."""
    rows = [r for r in records if len(r) == width]
    rows = rows[min(3, max(1, len(rows) - 2)) :]
    typed = set[int]()
    for i in range(width):
        cells = [r[i] for r in rows if r[i].strip()]
        if cells and sum(map(is_typed, cells)) >= 0.8 * len(cells):
            typed.add(i)
    return typed


def _is_full(record: Sequence[str], width: int) -> bool:
    """Could this be the header or a row: about as many cells as the table, half of them filled?"""
    filled = sum(bool(c.strip()) for c in record)
    return len(record) >= min(2, width) and len(record) >= width / 2 and filled >= max(1, width / 2)


def _is_data(record: Sequence[str], typed: set[int]) -> bool:
    """Has the record values, and no words, where the columns below have values?"""
    cells = [record[i] for i in typed if i < len(record) and record[i].strip()]
    are_periods = len(set(cells)) > 1 and all(map(_PERIOD.match, cells))
    return bool(cells) and all(map(is_typed, cells)) and not are_periods


def _is_second(record: Sequence[str], header: Sequence[str], typed: set[int], width: int) -> bool:
    """Is this line below the header a further header: words where the columns have values?"""
    if list(record) == list(header) and len(record) == width:
        return True
    cells = [record[i].strip() for i in typed if i < len(record) and record[i].strip()]
    words = [c for c in record if c.strip()]
    if len(typed) < 2 or len(cells) < 2 or any(map(is_typed, words)):
        return False
    return len(set(words)) == len(words) and all(len(c) <= 60 and c.strip()[0].isalpha() for c in words)


def _filled_distinct(record: Sequence[str]) -> int:
    return len({c.strip() for c in record if c.strip()})


def _preamble(records: Sequence[Sequence[str]], at: int, file: str) -> Fault:
    """What was said above the header."""
    row, record = next((i, r) for i, r in enumerate(records[:at]) if any(c.strip() for c in r))
    return Fault("preamble", file=file, row=row + 1, value=shown(record), n=at - row)


def shown(record: Sequence[str | None]) -> str:
    """A record as a short text, for a fault."""
    text = ", ".join(c.strip() for c in record if c and c.strip())
    return text if len(text) <= 80 else text[:79] + "…"


@cache
def _total() -> re.Pattern[str]:
    """A cell that says that its line is a total, in any language."""
    before, totals, after = ("|".join(map(re.escape, cell_words(key))) for key in ("before", "totals", "after"))
    return re.compile(rf"^\s*(?:(?:{before})[ -]?)?(?:{totals})(?: (?:{after}))?\s*:?\s*[\d.,]*\s*$", re.IGNORECASE)


def find_tail(rows: Sequence[Sequence[str | None]]) -> tuple[int, str | None]:
    """How many of the last rows are footnotes or totals rather than data, and the rule for them.

    ``rows`` are the last rows of a table. A footnote fills one cell, in rows that otherwise are half full, with a text
    unlike those above it; a total says so in its first filled cell.
    """
    filled = [[(c or "").strip() for c in r] for r in rows]
    counts = [sum(map(bool, r)) for r in filled]
    usual = sorted(counts)[len(counts) // 2] if len(counts) > 4 else max(counts, default=0)
    n = len(rows)
    while n and counts[n - 1] <= 1 < usual - 1 and _is_note(filled, n - 1):
        n -= 1
    if n and counts[n - 1] < usual and _total().match(next((c for c in filled[n - 1] if c), "")):
        return len(rows) - n + 1, "total_row"
    return (len(rows) - n, "footer") if n < len(rows) else (0, None)


def is_total(row: Sequence[str | None]) -> bool:
    """Does the first filled cell say that the row is a total, and are most others empty?"""
    filled = [c.strip() for c in row if c and c.strip()]
    return bool(filled) and 2 * len(filled) <= len(row) and bool(_total().match(filled[0]))


def _is_note(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Is the one filled cell of this row written like no other cell of its column?"""
    column = next((i for i, c in enumerate(rows[at]) if c), None)
    if column is None:
        return True
    others = {written(r[column]) for i, r in enumerate(rows) if i != at and sum(map(bool, r)) > 1}
    return written(rows[at][column]) not in others


def written(cell: str | None) -> str:
    """How a cell is written: digits as 9, runs of letters as a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", (cell or "").strip()[:60]))
