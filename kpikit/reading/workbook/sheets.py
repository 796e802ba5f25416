"""Which sheets of a workbook hold the table that is wanted: passed over, taken together, or asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from kpikit.errors import DataError, Fault
from kpikit.reading.header_names import is_known
from kpikit.reading.headers import Layout

#: A sheet with so large a share of the best one's known columns may be meant just as well.
_NEAR = 0.8
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet as a table: its name, its cells with ``_row``, where its header and data stand, what was odd."""

    name: str
    frame: pl.DataFrame
    layout: Layout
    faults: list[Fault]
    is_hidden: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The names of its columns, whatever their order and case."""
        return frozenset(name.casefold() for name in self.frame.columns if name != "_row")

    @property
    def is_table(self) -> bool:
        """Has it a header of two columns or more, and rows?"""
        return self.layout.header is not None and len(self.names) > 1 and self.frame.height > 0

    @property
    def known(self) -> int:
        """How many of its columns bear names of a column of deals, or else of any table."""
        return sum(2 * is_known(name, "deals") or is_known(name) for name in self.names)


def fitting(sheets: Sequence[Sheet], file: str) -> list[Sheet]:
    """The sheets to read: the one table, the one whose columns are known best, all with the same columns as that.

    Raises:
        DataError: ``which_sheet`` – two tables of different columns fit alike.
    """
    shown = [s for s in sheets if not s.is_hidden] or list(sheets)
    tables = [s for s in shown if s.is_table]
    if not tables:
        return shown[:1]
    best = max(tables, key=lambda s: s.known)
    others = [s for s in tables if s.names != best.names]
    rivals = [s for s in others if s.known >= _NEAR * best.known]
    if rivals:
        told = ", ".join(f"{s.name} ({s.frame.height})" for s in [best, *rivals][:_SHOWN])
        raise DataError([Fault("which_sheet", file=file, values={"sheets": told, "sheet": best.name})])
    return _without_copies([s for s in tables if s.names == best.names])


def _without_copies(sheets: Sequence[Sheet]) -> list[Sheet]:
    """The sheets that have a row which no earlier one has: a sheet kept as a copy is not read twice."""
    found: list[Sheet] = []
    seen: set[tuple[str | None, ...]] = set()
    names = sorted(sheets[0].names)
    for sheet in sheets:
        by_name = {name.casefold(): name for name in sheet.frame.columns}
        rows = set(sheet.frame.select(by_name[name] for name in names).rows())
        if not found or not rows <= seen:
            found.append(sheet)
            seen |= rows
    return found


def together(sheets: Sequence[Sheet], file: str) -> tuple[pl.DataFrame, list[Fault]]:
    """Several sheets as one table, with a column ``Sheet``; each further one has its rows numbered from a round number.

    So row 1007 of a table is row 7 of its second sheet, and row 2007 that of its third.
    """
    if len(sheets) == 1:
        return sheets[0].frame, list(sheets[0].faults)
    step = max(1000, 10 ** len(str(max(int(s.frame["_row"].max() or 0) for s in sheets))))  # type: ignore[arg-type]
    frames, faults = [], []
    names = {name.casefold(): name for sheet in reversed(sheets) for name in sheet.frame.columns}
    for i, sheet in enumerate(sheets):
        frame = sheet.frame.rename({name: names[name.casefold()] for name in sheet.frame.columns})
        frame = frame.with_columns((pl.col("_row") + i * step).cast(pl.UInt32))
        frames.append(frame if "Sheet" in names.values() else frame.with_columns(Sheet=pl.lit(sheet.name)))
        faults += [_moved(fault, i * step) for fault in sheet.faults]
    values = {"sheets": ", ".join(s.name for s in sheets), "last": sheets[1].name, "row": step + 7}
    rows = ", ".join(f"{s.name}: {s.frame.height}" for s in sheets)
    joined = pl.concat(frames, how="diagonal")
    return joined, [Fault("sheets_joined", file=file, value=rows, values=values), *faults]


def _moved(fault: Fault, by: int) -> Fault:
    return replace(fault, row=fault.row + by) if fault.row and by else fault


def passed_over(sheets: Sequence[Sheet], read: Sequence[Sheet], file: str) -> list[Fault]:
    """The sheets that were not read, and those that a reader of the workbook does not see."""
    others = [s.name for s in sheets if s not in read]
    if not others:
        return []
    values = {"sheet": ", ".join(s.name for s in read), "others": ", ".join(others[:_SHOWN])}
    faults = [Fault("other_sheets", file=file, n=len(others), values=values)]
    hidden = [s.name for s in sheets if s not in read and s.is_hidden and s.is_table]
    if hidden:
        faults.append(Fault("hidden_sheets", file=file, n=len(hidden), values={"others": ", ".join(hidden[:_SHOWN])}))
    return faults
