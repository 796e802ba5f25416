"""The grammar of kpikit.toml: from somebody's own columns to kpikit's, still raw.

A table of the book is made from a file by exactly these: ``columns`` (rename), ``constants``, ``lookup`` (a column of
another file by a key), ``values`` (what is written there → what it means) and ``own`` (columns that kpikit has no name
for). Stages may be given as ``order`` instead
of a file. Whatever needs more is Python, through :meth:`kpikit.DealBook.from_frames`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.book.door.event_log import event_log
from kpikit.book.door.lookup import look_up
from kpikit.book.door.own_columns import Own, left_out
from kpikit.book.own_fields import OwnField, declared
from kpikit.errors import DataError, Fault, UsageError
from kpikit.reading import Formats, RawTable, read_all
from kpikit.schema import TABLES, Table

#: what a table may say of itself; ``pipeline``, ``order``, ``won``, ``lost`` only for stages without a file
KEYS = ("file", "columns", "constants", "lookup", "values", "own")
STAGE_KEYS = ("pipeline", "order", "won", "lost")
LOOKUP_KEYS = ("file", "key", "column", "on")
#: in ``values``: what stands for an empty cell, and for everything that is not listed
EMPTY, OTHERS = "", "*"


def map_tables(config: Mapping[str, Any], folder: Path, formats: Formats) -> dict[str, RawTable]:
    """The raw tables that a configuration names; empty if it maps nothing.

    Raises:
        UsageError: the grammar is not kept: an unknown key, table or column, or no such file.
        DataError: a file lacks columns that the mapping names; all of them at once.
    """
    if "event_log" in config:
        zone = config.get("settings", {}).get("time_zone", "UTC")
        return event_log(config["event_log"], folder, formats, zone)
    tables = config.get("tables", {})
    for name, table in tables.items():
        _check(name, table)
    named = [name for table in tables.values() for name in _files(table)]
    raws = read_all([folder / name for name in named], formats)

    def file(name: str) -> RawTable:
        return raws[folder / name]

    faults = [fault for name, table in tables.items() for fault in _missing(table, file)]
    if faults:
        raise DataError(faults)
    return {
        name: _stages(table) if "order" in table else _mapped(TABLES[name], table, file)
        for name, table in tables.items()
    }


def own_of(config: Mapping[str, Any]) -> Own:
    """The own fields that a configuration declares (``[tables.deals.own]``)."""
    tables = config.get("tables", {})
    return tuple(
        field for name, table in tables.items() if "own" in table for field in declared(name, table["own"]).values()
    )


def _check(name: str, table: Mapping[str, Any]) -> None:
    """Refuse what the grammar does not know, before a file is opened."""
    _known("tables", [name], TABLES)
    own = (*KEYS, *STAGE_KEYS) if name == "stages" else (*KEYS, "url") if name == "deals" else KEYS
    _known(f"tables.{name}", table, own)
    if "order" not in table and "file" not in table:
        raise UsageError("missing_setting", setting=f"tables.{name}.file")
    for part in ("columns", "constants", "lookup", "values"):
        _known(f"tables.{name}.{part}", table.get(part, {}), TABLES[name].names)
    for column, lookup in table.get("lookup", {}).items():
        where = f"tables.{name}.lookup.{column}"
        _known(where, lookup, LOOKUP_KEYS)
        for key in LOOKUP_KEYS[:3]:
            if key not in lookup:
                raise UsageError("missing_setting", setting=f"{where}.{key}")
    if "own" in table:
        declared(name, table["own"])
    sources = [column for part in ("columns", "constants", "lookup") for column in table.get(part, {})]
    for column in sources:
        if sources.count(column) > 1:
            raise UsageError("mapped_twice", setting=f"tables.{name}", column=column)


def _known(where: str, names: Any, allowed: Any) -> None:
    for name in names:
        if name not in allowed:
            raise UsageError("unknown_setting", setting=f"{where}.{name}", allowed=", ".join(allowed))


def _files(table: Mapping[str, Any]) -> list[str]:
    """The files that a table is made from."""
    own = [table["file"]] if "order" not in table else []
    return own + [lookup["file"] for lookup in table.get("lookup", {}).values()]


def _missing(table: Mapping[str, Any], file: Any) -> list[Fault]:
    """The columns that a table names and its files do not have."""
    if "file" not in table:
        return []
    wanted = [(table["file"], column) for named in table.get("columns", {}).values() for column in _several(named)]
    wanted += [(table["file"], field.get("column", name)) for name, field in table.get("own", {}).items()]
    for lookup in table.get("lookup", {}).values():
        wanted += [
            (table["file"], lookup.get("on", lookup["key"])),
            *((lookup["file"], lookup[k]) for k in ("key", "column")),
        ]
    raws = {name: file(name) for name, _ in wanted}
    return [
        Fault("no_such_column", file=raws[name].file, column=str(column))
        for name, column in dict.fromkeys(wanted)
        if column not in raws[name].frame.columns
    ]


def _mapped(table: Table, asked: Mapping[str, Any], file: Any) -> RawTable:
    """One file as a table in kpikit's columns; without ``columns`` those that bear kpikit's names."""
    raw: RawTable = file(asked["file"])
    faults = list(raw.faults)
    own = [name for name in table.names if name in raw.frame.columns and name not in asked.get("constants", {})]
    columns = asked.get("columns", {name: name for name in own if name not in asked.get("lookup", {})})
    fields = declared(table.name, asked["own"]).values() if "own" in asked else ()
    frame = raw.frame.select(
        "_row",
        **{ours: _first_filled(theirs) for ours, theirs in columns.items()},
        **{field.column: pl.col(field.header) for field in fields},
    )
    faults += left_out(raw.file, table.name, _unused(raw, columns, asked, fields))
    for ours, value in asked.get("constants", {}).items():
        frame = frame.with_columns(pl.lit(_text(value)).alias(ours))
    for ours, lookup in asked.get("lookup", {}).items():
        keys = raw.frame[lookup.get("on", lookup["key"])]
        found, noticed = look_up(keys, raw, file(lookup["file"]), lookup["key"], lookup["column"])
        frame = frame.with_columns(found.alias(ours))
        faults += [
            f for f in noticed if f not in faults and (f.rule != "lookup_missed" or not _may_miss(asked, lookup))
        ]
    for ours, meanings in asked.get("values", {}).items():
        if ours not in frame.columns:
            raise UsageError("values_of_nothing", setting=f"tables.{table.name}.values.{ours}")
        meant, unused = _meant(frame[ours], {str(k): _text(v) for k, v in meanings.items()})
        frame = frame.with_columns(meant.alias(ours))
        faults += [Fault("value_unused", table.name, raw.file, column=ours, value=value) for value in unused]
    names = {ours: " / ".join(_several(theirs)) for ours, theirs in columns.items()}
    names |= {field.column: field.header for field in fields}
    return RawTable(raw.file, frame, tuple(faults), raw.source, raw.left_out, names)


def _unused(raw: RawTable, columns: Mapping[str, Any], asked: Mapping[str, Any], own: Iterable[OwnField]) -> list[str]:
    """The columns of a table's own file that nothing names."""
    used = {theirs for named in columns.values() for theirs in _several(named)} | {field.header for field in own}
    used |= {lookup.get("on", lookup["key"]) for lookup in asked.get("lookup", {}).values()}
    return [name for name in raw.frame.columns if name not in used | {"_row"}]


def _several(named: str | list[str]) -> list[str]:
    return [named] if isinstance(named, str) else named


def _first_filled(theirs: str | list[str]) -> pl.Expr:
    """A column as it is; of several, the first that is filled in a row (a won and a lost time, say)."""
    if isinstance(theirs, str):
        return pl.col(theirs)
    texts = [pl.col(name).cast(pl.String) for name in theirs]
    return pl.coalesce(pl.when(text.str.strip_chars() != "").then(text) for text in texts)


def _may_miss(asked: Mapping[str, Any], lookup: Mapping[str, Any]) -> bool:
    """Does the table say what it means when this key is not found (``values`` with an empty cell)?"""
    explained = [column for column, meanings in asked.get("values", {}).items() if EMPTY in meanings]
    same = [other for column, other in asked["lookup"].items() if column in explained]
    return any((other["file"], other["key"]) == (lookup["file"], lookup["key"]) for other in same)


def _meant(cells: pl.Series, meanings: Mapping[str, str]) -> tuple[pl.Series, list[str]]:
    """What the cells mean, and the meanings that no cell asked for. Case and outer spaces do not count."""
    given = {value.strip().casefold(): meaning for value, meaning in meanings.items()}
    texts = cells.cast(pl.String).str.strip_chars()
    distinct = texts.unique().to_list()
    known = {text: given[low] for text in distinct if text and (low := text.casefold()) in given}
    met = {text.casefold() for text in known} | ({EMPTY} if None in distinct or "" in distinct else set())
    others = pl.lit(given[OTHERS]) if OTHERS in given else pl.col("t")
    is_known = pl.col("t").is_in(list(known))
    meant = pl.col("t").replace(known)
    empty = pl.lit(given.get(EMPTY), pl.String)
    is_empty = pl.col("t").is_null() | (pl.col("t") == "")
    values = texts.to_frame("t").select(pl.when(is_empty).then(empty).when(is_known).then(meant).otherwise(others))
    unused = [value for value in meanings if value.strip().casefold() not in met | {OTHERS}]
    return values.to_series(), unused


def _stages(table: Mapping[str, Any]) -> RawTable:
    """The stages in the order that the owner wrote down, the same for each pipeline named."""
    names = [*table["order"], *(n for k in ("won", "lost") for n in table.get(k, []) if n not in table["order"])]
    rows = [
        {
            "pipeline": pipeline,
            "stage": stage,
            "position": str(i),
            "is_won": _text(stage in table.get("won", [])),
            "is_lost": _text(stage in table.get("lost", [])),
        }
        for pipeline in _several(table.get("pipeline", "all"))
        for i, stage in enumerate(names, start=1)
    ]
    return RawTable("kpikit.toml", pl.DataFrame(rows).with_row_index("_row", offset=2), (), "frame")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
