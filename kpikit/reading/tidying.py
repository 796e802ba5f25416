"""A table of text without what is no data: blank rows, headers and footnotes among the rows, nameless empty columns."""

from __future__ import annotations

import polars as pl

from kpikit.errors import Fault
from kpikit.reading.headers import Layout, find_tail, shown


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
