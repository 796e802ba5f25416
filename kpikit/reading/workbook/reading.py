"""The sheets of a workbook as one table of text: formulas by their values, cells with an error said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from kpikit.errors import DataError, Fault, UsageError
from kpikit.reading.headers import find_layout
from kpikit.reading.repair.plain_cells import plain_cells
from kpikit.reading.tidying import tidy
from kpikit.reading.typed.formats import Formats
from kpikit.reading.workbook.archive import broken, refused
from kpikit.reading.workbook.marked import marked
from kpikit.reading.workbook.marks import sheet_marks
from kpikit.reading.workbook.parts import Parts, workbook_parts
from kpikit.reading.workbook.sheets import Sheet, fitting, passed_over, together

if TYPE_CHECKING:
    import fastexcel

Source = Literal["excel", "excel_1904"]
_ERRORS = {
    "NA": "#N/A",
    "Ref": "#REF!",
    "Value": "#VALUE!",
    "Div0": "#DIV/0!",
    "Name": "#NAME?",
    "Num": "#NUM!",
    "Null": "#NULL!",
    "GettingData": "#GETTING_DATA",
}
_SAMPLE_RECORDS = 400


def read_sheets(path: Path, formats: Formats) -> tuple[pl.DataFrame, list[Fault], Source]:
    """The sheets that the settings name, else the one that fits, as String columns with ``_row``, and what was odd.

    Sheets with the same columns as the one that fits are read as one table (see :mod:`kpikit.reading.workbook`).

    Raises:
        DataError: ``broken_workbook`` (not a workbook, damaged, protected), ``empty_file``, ``which_sheet``.
        UsageError: ``unknown_sheet``.
    """
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        names = book.sheet_names
        parts = workbook_parts(path)
        wanted = _wanted(names, formats, path.name)
        sheets = [s for name in wanted or names if (s := _sheet(book, name, parts, formats)) is not None]
    except BaseException as error:
        if isinstance(error, fastexcel.FastExcelError) or type(error).__name__ == "PanicException":
            raise _not_loaded(error, path, formats) from None
        raise
    if not sheets:
        raise DataError([Fault("empty_file", file=path.name)])
    read = sheets if wanted else fitting(sheets, path.name)
    frame, faults = together(read, path.name)
    frame, unmeant = plain_cells(frame, path.name, is_ascii=False)
    faults = faults + unmeant if wanted else [*passed_over(sheets, read, path.name), *faults, *unmeant]
    return frame, faults, "excel_1904" if parts.counts_from_1904 else "excel"


def _not_loaded(error: BaseException, path: Path, formats: Formats) -> DataError:
    """Why the library gave up: some kinds of sheets it does not load beyond a size of its own."""
    if "limit exceeded" in str(error):
        return refused(path, "workbook_memory", limit=formats.memory >> 20)
    return broken(path, type(error).__name__)


def _wanted(names: list[str], formats: Formats, file: str) -> list[str]:
    """The sheets that the settings name, by name or number; none where they name none."""
    if formats.sheet is None:
        return []
    found = []
    for wanted in formats.sheet if isinstance(formats.sheet, tuple) else (formats.sheet,):
        if (isinstance(wanted, int) and wanted > len(names)) or (isinstance(wanted, str) and wanted not in names):
            raise UsageError("unknown_sheet", file=file, sheet=str(wanted), known=", ".join(names))
        found.append(names[wanted - 1] if isinstance(wanted, int) else wanted)
    return found


def _sheet(book: fastexcel.ExcelReader, name: str, parts: Parts, formats: Formats) -> Sheet | None:
    """A sheet as a table; None if it holds no cell."""
    loaded = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
    if not (loaded.height and loaded.width):
        return None
    file, part = parts.file.name, parts.sheet(name)
    done = marked(_cells(loaded), sheet_marks(parts, part), is_to_calculate=parts.is_to_calculate)
    records = [["" if c is None else c for c in row] for row in done.cells.head(_SAMPLE_RECORDS).rows()]
    layout = find_layout(records, done.cells.width, file, formats.header_row)
    frame, faults = tidy(done.cells.with_row_index("_row", offset=1).slice(layout.first), layout, file)
    said = done.faults(layout.names, layout.first, file)
    return Sheet(name, frame, layout, [*layout.faults, *faults, *said], is_hidden=part is not None and part.is_hidden)


def _cells(sheet: Any) -> pl.DataFrame:
    """All cells as text, errors as the sheet shows them."""
    batch, errors = sheet.to_arrow_with_errors()
    frame = pl.DataFrame(pl.from_arrow(batch))
    frame = frame.rename({c: f"c{i}" for i, c in enumerate(frame.columns)})
    by_column: dict[int, dict[int, str]] = {}
    for error in errors.errors if errors is not None else ():
        row, column = error.offset_position
        name = error.detail.rpartition("Error(")[2].rstrip("')")
        by_column.setdefault(column, {})[row] = _ERRORS.get(name, "#VALUE!")
    for column, found in by_column.items():
        series = frame[f"c{column}"].scatter(list(found), list(found.values()))
        frame = frame.with_columns(series)
    return frame
