"""Where a workbook is loaded: here, if a look at it shows that it is small; else in a program that may die of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kpikit.errors import DataError, Fault
from kpikit.processes.apart import Died, apart
from kpikit.reading.typed.formats import Formats
from kpikit.reading.workbook import archive, extent
from kpikit.reading.workbook.reading import Source, read_sheets

#: how long a workbook may take; a million rows take a quarter of a minute
_SECONDS = 300.0


def read_workbook(path: Path, formats: Formats) -> tuple[pl.DataFrame, list[Fault], Source]:
    """The sheets that the settings name, else the one that fits, as String columns with ``_row``, and what was odd.

    It never takes more memory than the settings allow: archives are looked at first, and what is not known to be small
    is loaded by a program of its own.

    Raises:
        DataError: ``broken_workbook`` (not a workbook, damaged, protected), ``empty_file``, ``which_sheet``;
            ``workbook_far_cell``, ``workbook_unpacks``, ``workbook_packed``, ``workbook_parts``,
            ``workbook_lies``, ``workbook_entities``,
            ``workbook_memory``, ``workbook_slow`` (it would take too much).
        UsageError: ``unknown_sheet``.
    """
    memory = formats.memory
    looked = archive.look(path, memory) if _is_archive(path) else None
    if looked is not None and looked.unpacked <= extent.SMALL:
        if extent.is_near(looked):
            return read_sheets(path, formats)
        extent.check(looked, memory)
    try:
        return apart(__name__, "loaded", path, formats, memory=memory, seconds=_SECONDS)
    except Died as died:
        if looked is not None and died.of == "memory":
            extent.check(looked, memory)
        raise _without_answer(path, died, memory) from None


def loaded(path: Path, formats: Formats) -> tuple[pl.DataFrame, list[Fault], Source]:
    """What :func:`read_workbook` answers, asked in a program that may die."""
    return read_sheets(path, formats)


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _without_answer(path: Path, died: Died, memory: int) -> DataError:
    if died.of == "memory":
        return archive.refused(path, "workbook_memory", limit=memory >> 20)
    if died.of == "time":
        return archive.refused(path, "workbook_slow", minutes=round(_SECONDS / 60))
    return archive.broken(path)
