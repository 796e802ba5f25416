"""Columns that kpikit has no name for, on their way into the book: named, typed by their values, none lost unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from kpikit.book.own_fields import OWN_TABLES, OwnField, OwnKind, declared, own_name
from kpikit.crms import cell_words
from kpikit.errors import SEVERITY, Fault, UsageError
from kpikit.languages import small_set
from kpikit.reading.files import RawTable
from kpikit.reading.typed.formats import Formats
from kpikit.reading.typed.parsing import parse
from kpikit.schema import TABLES, Column, Table

Own = tuple[OwnField, ...]
#: by so many different values the kind of a column of texts is judged; all of it is read after that
_SAMPLE = 20_000
#: numbers that are names: a code that begins with 0, and more digits than a number keeps
_CODE = r"^[+-]?(?:0\d+|\d{16,})$"
#: columns that name colleagues
COLLEAGUES = (
    ("deals", "owner"), ("people", "owner"), ("activities", "owner"), ("stage_events", "actor"), ("changes", "actor"),
    ("notes", "by"),
)  # fmt: skip


def declared_in(given: Mapping[str, Mapping[str, Any]], where: str = "own") -> dict[str, dict[str, OwnField]]:
    """What a call says of own fields: table → name → ``{column, known, kind}``, as a kpikit.toml does."""
    return {table: declared(table, fields, f"{where}.{table}") for table, fields in given.items()}


def gathered(
    raws: Mapping[str, RawTable], said: Mapping[str, Mapping[str, OwnField]]
) -> tuple[dict[str, RawTable], Own]:
    """Tables in kpikit's own columns with all others as own fields; what has no place is named among the faults.

    Args:
        raws: the tables by their schema name.
        said: the own fields that somebody declared, by table and name; of the others nobody said when they are known.

    Raises:
        UsageError: a declared field whose column is not there.
    """
    tables, own = {}, ()
    for name, raw in raws.items():
        fields = said.get(name, {})
        for field in fields.values():
            if field.header not in raw.frame.columns:
                raise UsageError("own_column", field=field.name, column=field.header, table=name)
        extra = [c for c in raw.frame.columns if c not in TABLES[name].names and c != "_row"] if name in TABLES else []
        extra = [c for c in extra if c not in {field.header for field in fields.values()}]
        kept = [c for c in extra if name in OWN_TABLES and not raw.frame.schema[c].is_nested()]
        found = [*fields.values()]
        for header in kept:
            found.append(OwnField(name, own_name(header, [field.name for field in found]), header))
        tables[name] = with_own(raw, found, name, [c for c in extra if c not in kept])
        own += tuple(found)
    return tables, own


def with_own(raw: RawTable, fields: Iterable[OwnField], table: str, unused: Sequence[str] = ()) -> RawTable:
    """A table with its own fields under the names of their columns; the unused columns are named among its faults."""
    fields = tuple(fields)
    if not fields and not unused:
        return raw
    ours = [name for name in raw.frame.columns if name in TABLES[table].names]
    frame = raw.frame.select("_row", *ours, *(pl.col(field.header).alias(field.column) for field in fields))
    names = {**raw.names, **{field.column: field.header for field in fields}}
    return replace(raw, frame=frame, faults=(*raw.faults, *left_out(raw.file, table, unused)), names=names)


def left_out(file: str, table: str, unused: Sequence[str]) -> tuple[Fault, ...]:
    """Columns that no one asked for, by name."""
    if not unused:
        return ()
    shown = ", ".join(_plain(name) for name in unused[:12])
    more = "" if len(unused) <= 12 else f" … (+{len(unused) - 12})"
    return (Fault("columns_unused", table, file, n=len(unused), values={"names": shown + more}),)


def _plain(name: str) -> str:
    """A heading within a sentence: one line, cut."""
    return "".join(c if c.isprintable() else " " for c in name)[:60]


def read_own(
    raw: RawTable, fields: Iterable[OwnField], formats: Formats, time_zone: str
) -> tuple[list[pl.Series], Own, list[Fault]]:
    """The typed columns of a table's own fields, the fields with their kinds, and what was odd."""
    columns, known, faults = [], [], []
    for field in fields:
        kind = field.kind or _kind(raw, field, formats, time_zone)
        values, odd = _parsed(raw, field.column, kind, formats, time_zone)
        if field.kind is None and _is_odd(odd):
            kind = "text"
            values, odd = _parsed(raw, field.column, kind, formats, time_zone)
        columns.append(values)
        known.append(replace(field, kind=kind))
        faults += [fault for fault in odd if field.kind is not None or fault.rule == "excel_error"]
    return columns, tuple(known), faults


def _parsed(
    raw: RawTable, column: str, kind: OwnKind, formats: Formats, zone: str
) -> tuple[pl.Series, tuple[Fault, ...]]:
    alone = replace(raw, frame=raw.frame.select("_row", column))
    typed = parse(alone, Table("deals", (Column(column, kind),)), formats, time_zone=zone)
    return typed.frame[column], typed.faults


def _kind(raw: RawTable, field: OwnField, formats: Formats, zone: str) -> OwnKind:
    """What the values of a column are, if all of them are: yes or no, numbers or days; else text."""
    series = raw.frame[field.column]
    if series.dtype == pl.Boolean:
        return "bool"
    if series.dtype.is_numeric():
        return "number"
    if series.dtype in (pl.Date, pl.Datetime):
        return "day"
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    texts = series.cast(pl.String).str.strip_chars().unique(maintain_order=True).drop_nulls()
    texts = texts.filter(texts != "").head(_SAMPLE)
    if texts.is_empty() or texts.str.contains(_CODE).any():
        return "text"
    if _says_yes_or_no(set(texts.str.to_lowercase())):
        return "bool"
    sample = replace(raw, frame=texts.to_frame(field.column).with_row_index("_row", offset=2))
    for kind in ("number", "day"):
        values, odd = _parsed(sample, field.column, kind, formats, zone)
        if not _is_odd(odd) and values.count():
            return kind
    return "text"


def _says_yes_or_no(said: set[str]) -> bool:
    """Words for yes and for no and nothing else; of one side alone only if they are words (an "x" may be anything)."""
    yes, no = said & set(cell_words("yes")), said & set(cell_words("no"))
    if said != yes | no or any(text.isdigit() for text in said):
        return False
    return bool(yes and no) or all(len(text) > 1 for text in said)


def _is_odd(faults: Iterable[Fault]) -> bool:
    """Was anything read with more than a note?"""
    return any(SEVERITY.get(fault.rule, "error") != "note" for fault in faults)


def with_persons(own: Own, frames: Mapping[str, pl.DataFrame]) -> Own:
    """The own fields, with those marked that hold people: by what their column is called, or by the names in it."""
    said = [frames[t][c] for t, c in COLLEAGUES if t in frames and c in frames[t].columns]
    colleagues = _folded(pl.concat([names.cast(pl.String) for names in said])).unique() if said else pl.Series([""])
    return tuple(replace(field, is_person=_is_person(field, frames[field.table], colleagues)) for field in own)


def _is_person(field: OwnField, frame: pl.DataFrame, colleagues: pl.Series) -> bool:
    if field.kind != "text":
        return False
    if small_set("people", "columns") & {*own_name(field.header).split("_"), *field.name.split("_")}:
        return True
    filled = _folded(frame[field.column])
    named = filled.is_in(colleagues.implode()) | filled.str.contains(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    return len(filled) > 0 and 2 * int(named.sum()) >= len(filled)


def _folded(names: pl.Series) -> pl.Series:
    """Names without case and outer spaces, the empty ones left out."""
    plain = names.str.strip_chars().str.to_lowercase()
    return plain.filter(plain.is_not_null() & (plain != ""))
