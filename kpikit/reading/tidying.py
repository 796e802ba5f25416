"""A table of text without what is no data: blank rows, headers and footnotes among the rows, nameless empty columns."""

from __future__ import annotations

import polars as pl

from kpikit.errors import Fault
from kpikit.reading.headers import Layout, find_tail, is_total, shown

#: Tables longer than this are not searched for rows that stand twice, or for totals between the rows.
_SEARCHED = 200_000
#: Rows that stand twice are a file saved twice from so many on, and one in so many rows.
_COPIES, _IN_ROWS = 5, 10


def tidy(frame: pl.DataFrame, layout: Layout, file: str) -> tuple[pl.DataFrame, list[Fault]]:
    """The frame of a layout, cleared of all that is no data, and what was cleared.

    ``frame`` has ``_row`` and as many columns as the layout has names, or fewer.
    """
    cells = [c for c in frame.columns if c != "_row"]
    frame = frame.rename(dict(zip(cells, layout.names, strict=False)))
    frame = frame.with_columns(pl.lit(None, pl.String).alias(n) for n in layout.names[len(cells) :])
    faults: list[Fault] = []
    frame = _without_blank_rows(frame, layout.names)
    frame, found = _without_repeated_header(frame, layout, file)
    faults += found
    frame, found = _without_tail(frame, layout.names, file)
    faults += found
    frame, found = _without_totals(frame, layout.names, file)
    faults += found
    if not any(fault.rule == "repeated_header" for fault in faults):  # a second table may repeat rows of the first
        frame, found = _without_copies(frame, layout.names, file)
        faults += found
    nameless = [n for i, n in enumerate(layout.names) if n == f"column_{i + 1}" and layout.header is not None]
    empty = [n for n in nameless if _is_blank(frame[n]).all()]
    faults += [Fault("unnamed_column", file=file, column=n) for n in nameless if n not in empty]
    return frame.drop(empty), faults


def _is_blank(series: pl.Series) -> pl.Series:
    return series.is_null() | (series.str.strip_chars() == "")


def _without_blank_rows(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    blank: pl.Series | None = None
    for name in names:
        here = frame[name].is_null() | (frame[name] == "")
        blank = here if blank is None else blank & here
        if not bool(blank.any()):
            return frame
    return frame if blank is None else frame.filter(~blank)


def _without_repeated_header(frame: pl.DataFrame, layout: Layout, file: str) -> tuple[pl.DataFrame, list[Fault]]:
    """Exports glued together: the header once more among the rows."""
    if layout.header is None or not layout.names or frame.is_empty():
        return frame, []
    again = frame[layout.names[0]] == layout.names[0]
    if not again.any():
        return frame, []
    same = pl.all_horizontal(pl.col(n).str.strip_chars() == n.removesuffix(" (2)") for n in layout.names)
    rows = frame.filter(again & frame.select(same).to_series().fill_null(value=False))["_row"]
    if rows.is_empty():
        return frame, []
    fault = Fault("repeated_header", file=file, row=rows[0], n=len(rows))
    return frame.filter(~pl.col("_row").is_in(rows.implode())), [fault]


def _without_tail(frame: pl.DataFrame, names: list[str], file: str) -> tuple[pl.DataFrame, list[Fault]]:
    tail = frame.tail(20)
    n, rule = find_tail(tail.select(names).rows()) if len(names) > 2 else (0, None)
    if not n or rule is None:
        return frame, []
    gone = tail.tail(n)
    cells = [str(c) for c in gone.select(names).row(0) if c]
    return frame.head(frame.height - n), [Fault(rule, file=file, row=gone["_row"][0], value=shown(cells), n=n)]


def _without_totals(frame: pl.DataFrame, names: list[str], file: str) -> tuple[pl.DataFrame, list[Fault]]:
    """Totals between the rows and several below them: their first filled cell says so, and half of them is empty."""
    if len(names) < 4 or not 0 < frame.height <= _SEARCHED:
        return frame, []
    empty = pl.sum_horizontal((pl.col(n).fill_null("").str.strip_chars() == "").cast(pl.Int32) for n in names)
    rows = frame.filter(2 * empty >= len(names)).select("_row", *names).rows()
    totals = [row for row, *cells in rows if is_total(cells)]
    if not totals or 2 * len(totals) > frame.height:
        return frame, []
    first = next(cells for row, *cells in rows if row == totals[0])
    fault = Fault("total_row", file=file, row=totals[0], value=shown(first), n=len(totals))
    return frame.filter(~pl.col("_row").is_in(totals)), [fault]


def _without_copies(frame: pl.DataFrame, names: list[str], file: str) -> tuple[pl.DataFrame, list[Fault]]:
    """Lines that were saved twice: each cell the same, in a table with a column that otherwise names each row."""
    if len(names) < 3 or not _COPIES < frame.height <= _SEARCHED:
        return frame, []
    once = frame.unique(names, keep="first", maintain_order=True)
    copies = frame.height - once.height
    if copies < _COPIES or copies * _IN_ROWS < frame.height or once.height < _COPIES:
        return frame, []
    if not any(once[name].n_unique() == once.height and not once[name].null_count() for name in names):
        return frame, []
    row = frame.filter(~pl.col("_row").is_in(once["_row"].implode()))["_row"][0]
    return once, [Fault("saved_twice", file=file, row=row, n=copies)]
