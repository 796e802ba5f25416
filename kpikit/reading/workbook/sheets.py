"""A sheet of a workbook as text: formulas by their values, cells with an error said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from kpikit.errors import DataError, Fault, UsageError
from kpikit.reading.headers import find_layout
from kpikit.reading.tidying import tidy
from kpikit.reading.typed.formats import Formats
from kpikit.reading.workbook.archive import broken, refused

if TYPE_CHECKING:
    import fastexcel

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


def read_sheet(path: Path, formats: Formats) -> tuple[pl.DataFrame, list[Fault]]:
    """The sheet that the settings name, else the first one that holds anything, as String columns with ``_row``.

    Raises:
        DataError: ``broken_workbook`` (not a workbook, damaged, protected), ``empty_file``.
        UsageError: ``unknown_sheet``.
    """
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        names = book.sheet_names
        sheet = _sheet(book, names, formats, path.name)
    except BaseException as error:
        if isinstance(error, fastexcel.FastExcelError) or type(error).__name__ == "PanicException":
            raise _not_loaded(error, path, formats) from None
        raise
    if sheet is None:
        raise DataError([Fault("empty_file", file=path.name)])
    cells = _cells(sheet)
    records = [["" if c is None else c for c in row] for row in cells.head(_SAMPLE_RECORDS).rows()]
    layout = find_layout(records, cells.width, path.name, formats.header_row)
    frame = cells.with_row_index("_row", offset=1).slice(layout.first)
    frame, faults = tidy(frame, layout, path.name)
    others = [n for n in names if n != sheet.name]
    if others and formats.sheet is None:
        values = {"sheet": sheet.name, "others": ", ".join(others[:5])}
        faults.insert(0, Fault("other_sheets", file=path.name, n=len(others), values=values))
    return frame, [*layout.faults, *faults]


def _not_loaded(error: BaseException, path: Path, formats: Formats) -> DataError:
    """Why the library gave up: some kinds of sheets it does not load beyond a size of its own."""
    if "limit exceeded" in str(error):
        return refused(path, "workbook_memory", limit=formats.memory >> 20)
    return broken(path, type(error).__name__)


def _sheet(book: fastexcel.ExcelReader, names: list[str], formats: Formats, file: str) -> Any:
    """The sheet to read; None when none holds a cell."""
    wanted = formats.sheet
    if wanted is not None:
        if (isinstance(wanted, int) and wanted > len(names)) or (isinstance(wanted, str) and wanted not in names):
            raise UsageError("unknown_sheet", file=file, sheet=str(wanted), known=", ".join(names))
        return _loaded(book, wanted - 1 if isinstance(wanted, int) else wanted)
    for i in range(len(names)):
        sheet = _loaded(book, i)
        if sheet.height and sheet.width:
            return sheet
    return None


def _loaded(book: fastexcel.ExcelReader, sheet: int | str) -> Any:
    return book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")


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
