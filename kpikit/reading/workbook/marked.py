"""A sheet's cells as its marks mean them: formulas without a value, merged labels, hidden rows, numbers cut short."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from kpikit.errors import Fault
from kpikit.reading.workbook.marks import Marks, Place

_THREE = re.compile(r"\.\d{3}$")


@dataclass(slots=True)
class Marked:
    """The cells of a sheet (columns ``c0, c1, …``, a row for each of the sheet) and what there is to say of them.

    ``said`` are rules with the column, the rows (from 0) and an example; with the columns' names they become faults.
    """

    cells: pl.DataFrame
    said: list[tuple[str, int | None, list[int], str | None]] = field(default_factory=list)

    def faults(self, names: Sequence[str], first: int, file: str) -> list[Fault]:
        """What is said of the rows from ``first`` on."""
        faults = []
        for rule, column, rows, value in self.said:
            below = [row for row in rows if row >= first] if rows else []
            if below or not rows:
                name = names[column] if column is not None and column < len(names) else None
                row = below[0] + 1 if below else None
                faults.append(Fault(rule, file=file, row=row, column=name, value=value, n=len(below) or 1))
        return faults


def marked(cells: pl.DataFrame, marks: Marks | None, *, is_to_calculate: bool) -> Marked:
    """The cells with merged labels filled down and values that no formula ever came to taken out."""
    found = Marked(cells)
    if marks is None or not cells.height:
        return found
    _formulas(found, marks, is_to_calculate=is_to_calculate)
    _decimals(found, marks)
    _merged(found, marks)
    for column, places in _by_column(place for place, _ in marks.long).items():
        at = column - marks.first_column
        value = next(text for place, text in marks.long if place == places[0])
        found.said.append(("id_scientific", at, [row for row, _ in places], value))
    hidden = sorted(row for row in marks.hidden_rows if row < cells.height and _is_filled(cells, row))
    if hidden:
        found.said.append(("hidden_rows", None, hidden, None))
    for column in sorted(marks.hidden_columns):
        at = column - marks.first_column
        if 0 <= at < cells.width and cells[f"c{at}"].null_count() < cells.height:
            found.said.append(("hidden_column", at, [], None))
    return found


def _formulas(found: Marked, marks: Marks, *, is_to_calculate: bool) -> None:
    """Formulas that were never calculated: without a value, or with the 0 of a program that cannot calculate."""
    rows = {column: [row for row, _ in places] for column, places in _by_column(marks.empty).items()}
    for column, places in _by_column(marks.noughts if is_to_calculate else ()).items():
        if column not in marks.calculated:
            rows[column] = sorted([*rows.get(column, []), *(row for row, _ in places)])
    for column, uncalculated in rows.items():
        at = column - marks.first_column
        if not 0 <= at < found.cells.width:
            continue
        inside = [row for row in uncalculated if row < found.cells.height]
        found.cells = found.cells.with_columns(found.cells[f"c{at}"].scatter(inside, None).alias(f"c{at}"))
        found.said.append(("formulas_not_calculated", at, uncalculated, None))


def _decimals(found: Marked, marks: Marks) -> None:
    """Numbers with three decimals get a nought more: as texts they could be thousands, and here they are not."""
    for column, places in _by_column(marks.decimals).items():
        at, rows = column - marks.first_column, [row for row, _ in places if row < found.cells.height]
        if 0 <= at < found.cells.width:
            texts = found.cells[f"c{at}"]
            longer = [f"{text}0" if text and _THREE.search(text) else text for text in texts.gather(rows).to_list()]
            found.cells = found.cells.with_columns(texts.scatter(rows, longer).alias(f"c{at}"))


def _merged(found: Marked, marks: Marks) -> None:
    """A merged label stands for each of its rows; a number is one number, and stands for its first."""
    filled: dict[int, list[tuple[int, str]]] = {}
    numbers: dict[int, list[tuple[int, str]]] = {}
    for (top, left), (bottom, right) in marks.merged:
        at = left - marks.first_column
        if bottom <= top or not 0 <= at < found.cells.width or top >= found.cells.height:
            continue
        value = found.cells[f"c{at}"][top]
        if value is None or right - left + 1 >= max(2, found.cells.width):
            continue
        rows = range(top + 1, min(bottom, found.cells.height - 1) + 1)
        if _is_number(value):
            numbers.setdefault(at, []).extend((row, value) for row in rows)
        else:
            filled.setdefault(at, []).extend((row, value) for row in rows)
    for at, places in filled.items():
        series = found.cells[f"c{at}"].scatter([row for row, _ in places], [value for _, value in places])
        found.cells = found.cells.with_columns(series.alias(f"c{at}"))
        found.said.append(("merged_filled", at, sorted(row for row, _ in places), places[0][1]))
    for at, numbered in numbers.items():
        found.said.append(("merged_amounts", at, sorted(row for row, _ in numbered), numbered[0][1]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_filled(cells: pl.DataFrame, row: int) -> bool:
    return any(cell for cell in cells.row(row))


def _by_column(places: Iterable[Place]) -> dict[int, list[Place]]:
    found: dict[int, list[Place]] = {}
    for place in places:
        found.setdefault(place[1], []).append(place)
    return found
