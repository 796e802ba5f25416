"""Text becomes typed columns, as the schema says; a cell that cannot be read becomes null and a fault.

What a column means (decimal comma, day or month first) is decided for the column as a whole, never cell by cell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache

import polars as pl

from kpikit import schema
from kpikit.crms import cell_words
from kpikit.errors import Fault
from kpikit.reading.cells import Cells, Reading, clean, distinct, laid_back
from kpikit.reading.files import RawTable
from kpikit.reading.typed import moments, numerals
from kpikit.reading.typed.evidence import Evidence
from kpikit.reading.typed.formats import Formats

#: The day from which workbooks count theirs.
_DAY_ZERO = {"excel": "1899-12-30", "excel_1904": "1904-01-01"}
#: Columns of tables with more rows than this are parsed side by side.
_MANY, _THREADS = 200_000, min(4, os.cpu_count() or 1)


#: Ids in which long numbers are looked for, and how many must end in noughts before that is no chance.
_SAMPLE, _FEWEST = 1000, 3


@dataclass(frozen=True, slots=True)
class Parsed:
    """A typed frame, with ``_row`` first, the faults of its cells, and by column how each was read and why.

    ``evidence`` has every column that is not plain text: its notation, how many cells decided it and how many were
    against, a cell that did, and how many could not be read.
    """

    frame: pl.DataFrame
    faults: tuple[Fault, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)


@cache
def _yes_no() -> dict[str, str]:
    """Words for yes and no in any language."""
    return dict.fromkeys(cell_words("yes"), "true") | dict.fromkeys(cell_words("no"), "false")


@cache
def _excel_error() -> str:
    """Error cells as spreadsheets show them, in any language."""
    return rf"^#(?:{'|'.join(map(re.escape, cell_words('errors')))})$"


def parse(
    raw: RawTable, table: schema.Table | str, formats: Formats | None = None, *, time_zone: str = "UTC"
) -> Parsed:
    """What do the cells of this table mean?

    Args:
        raw: the table as read, its columns already named as in the schema.
        table: the schema's table, or its name; columns that it does not know are left out.
        formats: what the settings say about notation.
        time_zone: the book's IANA zone: a day without a time starts at midnight there, and times without an offset
            are there too unless ``formats.time_zone`` says otherwise.

    Returns:
        The typed columns that the raw table has, in the schema's order, and ``_row``: id, text and choice as String,
        instant as Datetime("us", "UTC"), day as Date, number as Float64, integer as Int64, bool as Boolean.

    Example:
        >>> from kpikit.reading.files import from_frame
        >>> raw = from_frame(pl.DataFrame({"deal_id": ["007"], "amount": ["€ 1.234,50"]}))
        >>> parse(raw, "deals").frame.select("deal_id", "amount").row(0)
        ('007', 1234.5)
    """
    table = schema.TABLES[table] if isinstance(table, str) else table
    formats = formats or Formats()
    present = [c for c in table.columns if c.name in raw.frame.columns]
    done = _side_by_side(lambda c: _column(raw, table.name, c, formats, time_zone), present, raw.frame.height)
    read = dict(zip((c.name for c in present), done, strict=True))
    for name, order in _beside(read).items():
        told = _column(raw, table.name, table[name], replace(formats, date_order=order), time_zone)
        read[name] = _as_beside(name, told, read, order)
    columns = [raw.frame["_row"], *(column.values.alias(name) for name, column in read.items())]
    evidence = {name: column.evidence for name, column in read.items() if column.evidence is not None}
    return Parsed(pl.DataFrame(columns), tuple(fault for column in read.values() for fault in column.faults), evidence)


def _side_by_side(read: Callable[[schema.Column], Reading], columns: list[schema.Column], rows: int) -> list[Reading]:
    """Each column as it is read: of a large table several at a time, a small one is done before threads are begun."""
    if rows <= _MANY:
        return [read(column) for column in columns]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(read, columns))


def _beside(read: Mapping[str, Reading]) -> dict[str, str]:
    """The columns of dates that do not tell day from month themselves, with the order that all others have."""
    orders = {r.evidence.notation for r in read.values() if r.evidence} & {"dmy", "mdy"}
    if len(orders) != 1:
        return {}
    order = next(iter(orders))
    against = "mdy" if order == "dmy" else "dmy"
    open_ones = {n: f for n, r in read.items() for f in r.faults if f.rule == "day_month_ambiguous"}
    return {name: order for name, fault in open_ones.items() if not fault.values[against]}


def _as_beside(name: str, told: Reading, read: Mapping[str, Reading], order: str) -> Reading:
    """The column as it reads in the order of those beside it, which is said."""
    fault = next(f for f in read[name].faults if f.rule == "day_month_ambiguous")
    beside = next(n for n, r in read.items() if r.evidence and r.evidence.notation == order)
    note = replace(fault, rule="order_as_beside", values=fault.values | {"order": order, "beside": beside})
    was = read[name].evidence or Evidence(name)
    failed = told.evidence.failed if told.evidence else 0
    evidence = replace(was, notation=order, failed=failed)
    return Reading(told.values, [*told.faults, note], evidence)


def _column(raw: RawTable, table: str, column: schema.Column, formats: Formats, zone: str) -> Reading:
    series = raw.frame[column.name]
    cells = Cells(table, raw.file, column.name, raw.frame["_row"], series)
    typed = _typed(cells, column, formats, zone) if series.dtype != pl.String else _plain(cells, column, formats, zone)
    if typed is not None:
        return typed
    series = _as_text(series)
    text, faults = _without_blanks(
        Cells(table, raw.file, column.name, raw.frame["_row"], clean(series)), column, formats
    )
    cells = Cells(table, raw.file, column.name, raw.frame["_row"], text)
    read = _from_text(cells, column, formats, zone, raw)
    evidence = read.evidence and replace(read.evidence, failed=read.values.null_count() - text.null_count())
    return Reading(read.values, faults + read.faults, evidence)


def _plain(cells: Cells, column: schema.Column, formats: Formats, zone: str) -> Reading | None:
    """Columns of text as machines write it, which need no closer look."""
    if formats.nulls or formats.date_formats:
        return None
    match column.kind:
        case "number" | "integer":
            return numerals.read_plain(cells, formats, is_whole=column.kind == "integer")
        case "instant" | "day":
            return moments.read_machine(cells, formats, zone=zone, is_day=column.kind == "day")
        case _:
            return None


def _from_text(cells: Cells, column: schema.Column, formats: Formats, zone: str, raw: RawTable) -> Reading:
    match column.kind:
        case "number" | "integer":
            has_currency = "currency" in raw.frame.columns and raw.frame["currency"].null_count() < raw.frame.height
            is_whole = column.kind == "integer"
            return numerals.read_numbers(cells, formats, is_whole=is_whole, has_currency=has_currency)
        case "instant" | "day":
            day_zero = _DAY_ZERO.get(raw.source)
            return moments.read_moments(cells, formats, zone=zone, is_day=column.kind == "day", day_zero=day_zero)
        case "bool":
            return _words(cells, _yes_no(), "unreadable_yes_no")
        case "choice":
            return _words(cells, {choice: choice for choice in column.choices}, "unknown_choice")
        case "id":
            return Reading(cells.text, _damaged_ids(cells))
        case _:
            return Reading(cells.text, [])


def _words(cells: Cells, meanings: dict[str, str], rule: str) -> Reading:
    """Texts of a closed list, whatever their case; all others break ``rule``."""
    word = pl.col("text").str.to_lowercase()
    value = word.replace_strict(list(meanings), list(meanings.values()), default=None, return_dtype=pl.String)
    known = distinct(cells.text).select("text", value=value)
    found = laid_back(cells.text, known.with_columns(rule=pl.when(pl.col("value").is_null()).then(pl.lit(rule))))
    faults = cells.faults(found["rule"], allowed=", ".join(dict.fromkeys(meanings.values())))
    is_bool = rule == "unreadable_yes_no"
    return Reading((found["value"] == "true") if is_bool else found["value"], faults, Evidence(cells.column))


def _damaged_ids(cells: Cells) -> list[Fault]:
    """Long ids that a spreadsheet has turned into ``1.23457E+14``, or their last digits into noughts."""
    damaged = cells.text.str.contains("E+", literal=True)
    if damaged.any():
        damaged = cells.text.str.contains(r"^\d([.,]\d+)?E\+\d+$")
    else:
        if not cells.text.head(_SAMPLE).str.contains(r"^\d{16,}$").any():
            return []
        damaged = cells.text.str.contains(r"^\d{15}0+$")
        long, n = int(cells.text.str.contains(r"^\d{16,}$").sum()), int(damaged.sum())
        if n < _FEWEST or n < 0.9 * long:
            return []
    return cells.faults(pl.select(pl.when(damaged).then(pl.lit("id_scientific"))).to_series())


def _without_blanks(cells: Cells, column: schema.Column, formats: Formats) -> tuple[pl.Series, list[Fault]]:
    """The texts without those that mean empty; words such as NA stay in text (with a note) and ids (as they are)."""
    text = cells.text
    if column.kind == "id":
        return text, []
    if formats.nulls:
        text = text.set(text.is_in(list(formats.nulls)), None)
    rules = [
        pl.when(pl.col("t").str.starts_with("#") & pl.col("t").str.contains(_excel_error())).then(pl.lit("excel_error"))
    ]
    if column.kind == "text":
        rules.append(pl.when(pl.col("t").is_in(cell_words("placeholders"))).then(pl.lit("placeholder_text")))
    else:
        is_empty = (pl.col("t").str.len_chars() <= 10) & pl.col("t").str.to_lowercase().is_in(cell_words("empty"))
        rules.append(pl.when(is_empty).then(pl.lit("read_as_empty")))
    found = text.to_frame("t").select(pl.coalesce(rules)).to_series()
    if found.null_count() == len(found):
        return text, []
    faults = Cells(cells.table, cells.file, cells.column, cells.rows, text).faults(found)
    return text.set((found != "placeholder_text").fill_null(value=False), None), faults


def _as_text(series: pl.Series) -> pl.Series:
    """Any kind as text: whole floats as whole numbers (pandas turns ids with a gap into 1001.0)."""
    if series.dtype == pl.String:
        return series
    if series.dtype.is_float() and (series.drop_nans().drop_nulls() % 1 == 0).all():
        series = series.fill_nan(None)
        whole = series.cast(pl.Int64, strict=False)
        series = whole if whole.null_count() == series.null_count() else series
    if series.dtype in (pl.Object, pl.List, pl.Struct, pl.Array, pl.Binary):
        return pl.Series(series.name, [None if v is None else str(v) for v in series.to_list()], dtype=pl.String)
    return series.cast(pl.String)


def _typed(cells: Cells, column: schema.Column, formats: Formats, zone: str) -> Reading | None:
    """Columns that come with a fitting type (Parquet, frames); None: read them as text."""
    series, dtype = cells.text, cells.text.dtype
    if column.kind in ("number", "integer") and (dtype.is_numeric() or dtype.is_decimal()):
        return _typed_number(cells, is_whole=column.kind == "integer")
    if column.kind == "bool" and dtype == pl.Boolean:
        return Reading(series, [])
    if column.kind in ("instant", "day") and dtype in (pl.Date, pl.Datetime):
        return moments.settle(cells, moments.from_typed(series), formats, zone=zone, is_day=column.kind == "day")
    if column.kind in ("instant", "day") and dtype == pl.Null:
        return Reading(series.cast(pl.Date if column.kind == "day" else pl.Datetime("us", "UTC")), [])
    return None


def _typed_number(cells: Cells, *, is_whole: bool) -> Reading:
    if is_whole and cells.text.dtype.is_integer():
        return Reading(cells.text.cast(pl.Int64, strict=False), [])
    values = cells.text.cast(pl.Float64).fill_nan(None)
    broken = values.is_infinite()
    faults: list[Fault] = []
    if broken.any():
        faults = cells.faults(pl.select(pl.when(broken).then(pl.lit("unreadable_number"))).to_series())
        values = values.set(broken.fill_null(value=False), None)
    return numerals.whole(cells, values, faults) if is_whole else Reading(values, faults)
