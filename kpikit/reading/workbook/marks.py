"""What a sheet's own XML says of its cells beside their values, read as a stream and only where there is something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from defusedxml.ElementTree import iterparse

from kpikit.reading.workbook.parts import UNREADABLE, Part, Parts, local

#: What makes it worth reading a sheet's XML: a formula, something hidden or merged, a number too long to be kept whole,
#: or one with three decimals, which as a text could be thousands.
_WORTH = re.compile(
    rb"<(?:\w+:)?f[ >/]|<(?:\w+:)?mergeCell |\bhidden=[\"'](?:1|true)"
    rb"|<(?:\w+:)?v>-?(?:\d{16}|[\d.]+[eE]\+?1[5-9]|[1-9]\d{0,2}\.\d{3}(?:<|\d{9}))"
)
_CHUNK, _OVERLAP = 1 << 20, 64
#: A workbook keeps fifteen digits of a number.
_MOST_EXACT = 10**15
#: A round number has fewer digits than an id, however long it is.
_TELLING = 10
#: What a program that cannot calculate says a formula came to.
_NOUGHTS = ("0", "0.0")
#: A number that as a text could be thousands, and the length from which on one may be so or be too long.
_OPEN, _SHORT = re.compile(r"-?[1-9]\d{0,2}\.\d{3}$"), 5
_REFERENCE = re.compile(r"([A-Z]+)(\d+)")

Place = tuple[int, int]


@dataclass(slots=True)
class Marks:
    """What stands where in a sheet; rows and columns count from 0.

    ``first_column`` is the first one with a value: there the reader's cells begin. ``empty`` are formulas without a
    value, ``noughts`` those that came to 0, ``calculated`` the columns with formulas that came to something else.
    ``merged`` are first and last place of each merged area, ``long`` the numbers that lost digits, as they were saved,
    ``decimals`` numbers with three decimals.
    """

    first_column: int = 0
    empty: list[Place] = field(default_factory=list)
    noughts: list[Place] = field(default_factory=list)
    calculated: set[int] = field(default_factory=set)
    merged: list[tuple[Place, Place]] = field(default_factory=list)
    long: list[tuple[Place, str]] = field(default_factory=list)
    decimals: list[Place] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


def sheet_marks(parts: Parts, part: Part | None) -> Marks | None:
    """The marks of a sheet; None where there are none, or its XML cannot be read."""
    if part is None:
        return None
    try:
        if not _is_worth_reading(parts, part):
            return None
        with parts.stream(part) as stream:
            return _marks(iterparse(stream, events=("start", "end"), forbid_dtd=True))
    except UNREADABLE:
        return None


def _is_worth_reading(parts: Parts, part: Part) -> bool:
    last = b""
    with parts.stream(part) as stream:
        while chunk := stream.read(_CHUNK):
            if _WORTH.search(last + chunk):
                return True
            last = chunk[-_OVERLAP:]
    return False


def _marks(events: Iterable[tuple[str, Any]]) -> Marks:
    marks, first, row, open_rows = Marks(), 1 << 20, -1, None
    for event, element in events:
        name = local(element.tag)
        if event == "start":
            open_rows = element if name == "sheetData" else open_rows
        elif name == "row":
            row = int(element.get("r", row + 2)) - 1
            if element.get("hidden") in ("1", "true"):
                marks.hidden_rows.add(row)
            for place, cell, kind, value in _cells(element, row):
                first = min(first, place[1]) if value else first
                _note(marks, place, cell, kind, value)
            if open_rows is not None:
                open_rows.clear()
        elif name == "mergeCell":
            start, _, end = element.get("ref", "").partition(":")
            marks.merged.append((_place(start), _place(end or start)))
        elif name == "col" and element.get("hidden") in ("1", "true"):
            low, high = int(element.get("min", 1)), int(element.get("max", 1))
            marks.hidden_columns |= set(range(low - 1, min(high, low + 1000)))
    marks.first_column = 0 if first == 1 << 20 else first
    return marks


def _cells(row: Any, at: int) -> Iterator[tuple[Place, Any, str, str | None]]:
    """The cells of a row: place, element, kind, and the value as it was saved (None: there is none)."""
    column = -1
    for cell in row:
        if local(cell.tag) != "c":
            continue
        reference = cell.get("r")
        column = _place(reference)[1] if reference else column + 1
        inner = {local(e.tag): e for e in cell}
        value = inner["v"].text if "v" in inner else "".join(inner["is"].itertext()) if "is" in inner else None
        yield (at, column), inner.get("f"), cell.get("t", "n"), value


def _note(marks: Marks, place: Place, formula: Any, kind: str, value: str | None) -> None:
    if formula is not None:
        if not value and kind != "str":
            marks.empty.append(place)
        elif value in _NOUGHTS:
            marks.noughts.append(place)
        else:
            marks.calculated.add(place[1])
    if kind != "n" or not value or len(value) < _SHORT:
        return
    number = float(value)
    if _is_long(value, number):
        marks.long.append((place, value))
    elif _OPEN.match(f"{number!r}"):
        marks.decimals.append(place)


def _is_long(value: str, number: float) -> bool:
    digits = re.sub(r"[eE].*|\D", "", value).strip("0")
    return abs(number) >= _MOST_EXACT and number == int(number) and len(digits) >= _TELLING


def _place(reference: str) -> Place:
    """``B3`` as (2, 1)."""
    found = _REFERENCE.fullmatch(reference.replace("$", ""))
    if found is None:
        raise ValueError(reference)
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - 64
    return int(found[2]) - 1, column - 1
