"""Rows that two quotation marks gone astray, one below the other, have made one: parted again, or counted as lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from kpikit.errors import Fault
from kpikit.reading.headers import shown
from kpikit.reading.repair.mending import LeftOut
from kpikit.reading.repair.ragged import Profile

#: Rows with a cell over several lines that are looked into, for each column.
_MOST = 10_000
#: Rows from which on one knows what the columns look like.
_FEWEST = 3


@dataclass(slots=True)
class Parted:
    """A table with its fused rows parted, what is said about them, and the rows that stay swallowed."""

    frame: pl.DataFrame
    faults: list[Fault] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    more: dict[int, int] = field(default_factory=dict)

    def moved(self, row: int) -> int:
        """The number of a row now that ``more`` rows stand above it."""
        return row + sum(n for above, n in self.more.items() if above < row)


def part(frame: pl.DataFrame, delimiter: str, file: str) -> Parted:
    """The table without cells that hold the end of one row and the beginning of another.

    ``frame`` has ``_row`` and the columns of the text. Of a cell over several lines whose every line is, together with
    what stands around it, a row like all others, each line becomes a row of its own, and what follows moves down.
    """
    names = [n for n in frame.columns if n != "_row"]
    candidates = _candidates(frame, names, delimiter)
    if not candidates:
        return Parted(frame)
    single = frame.filter(~pl.any_horizontal(pl.col(n).str.contains("\n", literal=True) for n in names))
    profile = Profile(single.select(names).head(1000).rows(), len(names))
    if profile.n < _FEWEST:
        return Parted(frame)
    parted = {row: lines for row, lines in candidates.items() if all(_is_row(line, profile) for line in lines)}
    if not parted:
        return Parted(frame)
    found = Parted(_with_rows(frame, names, parted), more={row: len(lines) - 1 for row, lines in parted.items()})
    found.faults += [
        Fault("fused_rows", file=file, row=found.moved(row), value=shown(lines[0]), values={"lines": len(lines)})
        for row, lines in sorted(parted.items())
    ]
    return found


def swallowed(frame: pl.DataFrame, delimiter: str, file: str) -> Parted:
    """Cells over several lines of which one looks like a row of the table: those lines count as rows left out."""
    names = [n for n in frame.columns if n != "_row"]
    found = Parted(frame)
    profile: Profile | None = None
    for name in names:
        cells = frame.filter(pl.col(name).str.contains("\n", literal=True)).select("_row", name).head(_MOST)
        for row, cell in cells.rows():
            inner = [line.removesuffix("\r").split(delimiter) for line in cell.split("\n")[1:-1]]
            inner = [line for line in inner if len(line) == len(names) > 1]
            profile = profile or (Profile(frame.select(names).head(1000).rows(), len(names)) if inner else None)
            lost = [line for line in inner if profile and all(profile.is_usual(i, c) for i, c in enumerate(line))]
            if lost:
                values = {"lines": len(lost)}
                found.faults.append(Fault("swallowed_rows", file=file, row=row, column=name, values=values))
                found.left_out += [(row, "swallowed_rows", tuple(line)) for line in lost]
    return found


def _candidates(frame: pl.DataFrame, names: list[str], delimiter: str) -> dict[int, list[list[str | None]]]:
    """The rows whose cell over several lines has just the delimiters that whole rows would have, as those rows."""
    width = len(names)
    found: dict[int, list[list[str | None]]] = {}
    for i, name in enumerate(names):
        lines = pl.col(name).str.split("\n")
        counts = lines.list.eval(pl.element().str.count_matches(delimiter, literal=True))
        inner = counts.list.slice(1, pl.max_horizontal(counts.list.len().cast(pl.Int64) - 2, 0))
        is_fused = (counts.list.first() == width - 1 - i) & (counts.list.last() == i)
        is_fused &= inner.list.eval(pl.element() == width - 1).list.all()
        rows = frame.filter(pl.col(name).str.contains("\n", literal=True)).filter(is_fused).head(_MOST)
        for row, *cells in rows.select("_row", *names).iter_rows():
            first, *between, last = (line.removesuffix("\r").split(delimiter) for line in cells[i].split("\n"))
            found[row] = [cells[:i] + first, *between, last + cells[i + 1 :]]
    return found


def _is_row(cells: Sequence[str | None], profile: Profile) -> bool:
    """Are the cells what their columns usually hold, but for one in five?"""
    usual = sum(profile.is_usual(i, cell) for i, cell in enumerate(cells))
    return usual >= profile.width - profile.width // 5


def _with_rows(frame: pl.DataFrame, names: list[str], parted: dict[int, list[list[str | None]]]) -> pl.DataFrame:
    """The frame with each fused row replaced by its lines; the numbers of all rows below move down."""
    shift = pl.DataFrame(
        {"_row": list(parted), "more": [len(lines) - 1 for lines in parted.values()]},
        schema={"_row": pl.UInt32, "more": pl.Int64},
    ).sort("_row")
    below = frame.select("_row").join(shift, on="_row", how="left", maintain_order="left")["more"].fill_null(0)
    moved = frame.with_columns(_new=(pl.col("_row").cast(pl.Int64) + below.cum_sum() - below).cast(pl.UInt32))
    start = dict(moved.filter(pl.col("_row").is_in(list(parted))).select("_row", "_new").iter_rows())
    rows = [(start[row] + i, *cells) for row, lines in parted.items() for i, cells in enumerate(lines)]
    added = pl.DataFrame(rows, schema={"_row": pl.UInt32} | dict.fromkeys(names, pl.String), orient="row")
    rest = moved.filter(~pl.col("_row").is_in(list(parted))).with_columns(_row="_new").drop("_new")
    return pl.concat([rest, added.with_columns(pl.col(names).replace("", None))]).sort("_row")
