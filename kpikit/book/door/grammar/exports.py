"""Which file a table is made from: the one named, several after each other, or the newest that fits a pattern."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.errors import DataError, Fault, UsageError
from kpikit.reading import Formats, RawTable, parse, read_all

#: what a folder of reports holds: nothing in it is an export
_REPORTS = "run.json"
_WILD = ("*", "?")
#: columns of ours by whose last instant a file is new, the first that it has
_NEWEST_BY = {"deals": ("created_at",), "stage_events": ("entered_at",), "activities": ("happened_at",)}


@dataclass(frozen=True)
class Export:
    """A file of a pattern: its table, the last instant in it, and how many rows it has."""

    raw: RawTable
    last: datetime | None

    @property
    def age(self) -> tuple[bool, Any, int, str]:
        """What the newest file has most of: a last instant, then rows, then its name."""
        return (self.last is not None, self.last, self.raw.frame.height, self.raw.file)


def is_pattern(name: str, folder: Path) -> bool:
    """Does a name stand for whichever files fit it? A file of that very name is one file."""
    return any(sign in name for sign in _WILD) and not (folder / name).exists()


def fitting(name: str, folder: Path) -> list[Path]:
    """The files that fit a pattern, without what kpikit itself wrote.

    Raises:
        UsageError: ``no_file_fits``.
    """
    place = folder / name
    found = [path for path in sorted(place.parent.glob(place.name)) if path.is_file() and not _is_ours(path)]
    if not found:
        raise UsageError("no_file_fits", pattern=name)
    return found


def newest(name: str, table: str, asked: Mapping[str, Any], folder: Path, formats: Formats) -> RawTable:
    """The newest file that fits a pattern, by the last instant in it; which one it is and what is gone is told.

    Args:
        name: the pattern, relative to ``folder``.
        table: the table of the book that is made from it.
        asked: what the kpikit.toml says of that table.
        folder: where the kpikit.toml lies.
        formats: how files write things.
    """
    paths = fitting(name, folder)
    raws = read_all(paths, formats)
    exports = sorted((Export(raws[path], _last(raws[path], table, asked, formats)) for path in paths), key=_age)
    chosen = exports[-1]
    about = {"pattern": name, "n": len(exports), "at": chosen.last.date() if chosen.last else ""}
    told = [Fault("file_taken", table, chosen.raw.file, values=about)] if len(exports) > 1 else []
    if len(exports) > 1:
        told += differences(exports[-2].raw, chosen.raw, table, asked)
    return replace(chosen.raw, faults=(*chosen.raw.faults, *told))


def one_after_another(raws: Sequence[RawTable]) -> RawTable:
    """Several files as one table, the columns of any of them; a fault still names its own file and row."""
    names = [raw.file for raw in raws]
    frames = [raw.frame.with_columns(pl.exclude("_row").cast(pl.String, strict=False)) for raw in raws]
    frame = pl.concat(frames, how="diagonal")
    faults = [fault for raw in raws for fault in raw.faults]
    left_out = tuple(row for raw in raws for row in raw.left_out)
    return RawTable(" + ".join(names), frame, tuple(faults), raws[0].source, left_out)


def _age(export: Export) -> tuple[bool, str, int, str]:
    has_last, last, rows, name = export.age
    return (has_last, last.isoformat() if last else "", rows, name)


def _is_ours(path: Path) -> bool:
    """Did kpikit write this file?"""
    if (path.parent / _REPORTS).exists():
        return True
    if path.suffix.lower() != ".xlsx":
        return False
    try:
        with zipfile.ZipFile(path) as parts:
            return b">kpikit<" in parts.read("docProps/core.xml")
    except (zipfile.BadZipFile, KeyError, OSError):
        return False


def _last(raw: RawTable, table: str, asked: Mapping[str, Any], formats: Formats) -> datetime | None:
    """The last instant of a file, by the column that says when its rows came to be."""
    columns = asked.get("columns", {})
    for ours in _NEWEST_BY.get(table, ()):
        theirs = columns.get(ours, ours)
        if isinstance(theirs, str) and theirs in raw.frame.columns:
            frame = raw.frame.select("_row", **{ours: pl.col(theirs)})
            try:
                return parse(RawTable(raw.file, frame, (), raw.source), table, formats).frame[ours].max()  # type: ignore[return-value]
            except DataError:
                return None
    return None


def differences(before: RawTable, now: RawTable, table: str, asked: Mapping[str, Any]) -> list[Fault]:
    """What the export before has and this one lacks: columns, and deals."""
    faults = []
    gone = [c for c in before.frame.columns if c not in now.frame.columns]
    if gone:
        values = {"before": before.file, "columns": ", ".join(gone)}
        faults.append(Fault("columns_gone", table, now.file, n=len(gone), values=values))
    key = asked.get("columns", {}).get("deal_id", "deal_id")
    if table == "deals" and all(key in one.frame.columns for one in (before, now)):
        ids, mine = (one.frame[key].cast(pl.String).drop_nulls().unique() for one in (before, now))
        lost = ids.filter(~ids.is_in(mine.implode())).sort()
        if len(lost):
            values = {"before": before.file, "rows": len(ids)}
            faults.append(Fault("deals_gone", table, now.file, value=lost[0], n=len(lost), values=values))
    return faults
