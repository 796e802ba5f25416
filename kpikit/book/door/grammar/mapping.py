"""The grammar of kpikit.toml: from somebody's own columns to kpikit's, still raw.

A table of the book is made from a file (or several, or the newest that fits a pattern) by exactly these: ``columns``
(rename), ``constants``, ``lookup`` (a column of another file by a key), ``values`` (what is written there → what it
means), ``keep`` (only rows with these values of a column), ``ends`` (yes-or-no columns that say how a deal ended),
``rows`` (which row of a deal counts) and ``own`` (columns that kpikit has no name for). Stages may be given as
``order`` instead of a file, a stage history may have any of the shapes of :mod:`kpikit.book.door.histories`, and deals
may be the ``latest`` row of each, or be made from the history. Whatever needs more is Python, through
:meth:`kpikit.DealBook.from_frames`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.book.door.grammar.deal_rows import ENDS, ROWS, by_flags, one_row_each, until_ended
from kpikit.book.door.grammar.event_log import beside, event_log
from kpikit.book.door.grammar.exports import is_pattern, newest, one_after_another
from kpikit.book.door.grammar.lookup import look_up
from kpikit.book.door.histories import deals as deals_of
from kpikit.book.door.histories import shapes
from kpikit.book.door.histories.history import History, Reading, of_deals
from kpikit.book.door.histories.reconciled import disagreement
from kpikit.book.door.own_columns import Own, left_out
from kpikit.book.own_fields import OwnField, declared
from kpikit.errors import DataError, Fault, UsageError, wrong_setting
from kpikit.reading import Formats, RawTable, read_all
from kpikit.schema import TABLES, Table

#: what a table may say of itself, and what only some may: stages without a file, deals, a stage history
KEYS = ("file", "columns", "constants", "lookup", "values", "keep", "rows", "own")
OWN_KEYS = {
    "stages": ("pipeline", "order", "won", "lost", "pipelines"),
    "deals": ("latest", "made_from", "ends", "url"),
    "stage_events": shapes.KEYS,
}
LOOKUP_KEYS = ("file", "key", "column", "on")
#: in ``values``: what stands for an empty cell, and for everything that is not listed
EMPTY, OTHERS = "", "*"


@dataclass(frozen=True)
class Mapped:
    """The raw tables that a configuration names; of an event log also the instant of its last event."""

    raws: Mapping[str, RawTable]
    until: datetime | None = None


def map_tables(config: Mapping[str, Any], folder: Path, formats: Formats) -> Mapped:
    """The raw tables that a configuration names; none if it maps nothing.

    Raises:
        UsageError: the grammar is not kept: an unknown key, table or column, or no such file.
        DataError: a file lacks columns that the mapping names; all of them at once.
    """
    reading = Reading(formats, config.get("settings", {}).get("time_zone", "UTC"))
    tables = config.get("tables", {})
    for name, table in tables.items():
        _check(name, table)
    if "made_from" in tables.get("deals", {}) and "stage_events" not in tables:
        raise UsageError("missing_setting", setting="tables.stage_events.file")
    named = [name for table in tables.values() for name in _files(table) if not is_pattern(name, folder)]
    raws = read_all([folder / name for name in named], formats)
    patterns = {
        pattern: newest(pattern, name, table, folder, formats)
        for name, table in tables.items()
        for pattern in _files(table)
        if is_pattern(pattern, folder)
    }

    def file(name: str | list[str]) -> RawTable:
        if isinstance(name, list):
            return one_after_another([file(one) for one in name])
        return patterns[name] if name in patterns else raws[folder / name]

    faults = [fault for name, table in tables.items() for fault in _missing(table, file)]
    if faults:
        raise DataError(faults)
    made = {name: _made(name, table, file, reading) for name, table in tables.items() if "made_from" not in table}
    if "event_log" in config:
        log = event_log(config["event_log"], folder, formats, reading.time_zone)
        return Mapped(beside(log.tables, made), log.until)
    return _with_history(made, tables, reading)


def _made(name: str, table: Mapping[str, Any], file: Any, reading: Reading) -> RawTable:
    """One table by itself: stages as they were written down, or columns of a file."""
    if name == "stages" and "file" not in table:
        return _stages(table)
    raw: RawTable = file(table["file"])
    deal = table.get("columns", {}).get("deal_id", "deal_id" if "deal_id" in raw.frame.columns else None)
    if "keep" in table:
        raw = deals_of.kept(raw, table["keep"], deal if isinstance(deal, str) else None)
    if "latest" in table and isinstance(deal, str):
        raw = deals_of.latest(raw, deal, table["latest"], reading)
    return raw if table.get("shape", shapes.LONG) != shapes.LONG else _mapped(TABLES[name], table, raw, file)


def _with_history(made: dict[str, RawTable], tables: Mapping[str, Any], reading: Reading) -> Mapped:
    """The tables with the stage history in its own shape turned into stage events and changes, and ends marked."""
    asked, until = tables.get("stage_events", {}), None
    meanings = tables.get("deals", {}).get("values", {}).get("outcome", {})
    if asked.get("shape", shapes.LONG) != shapes.LONG:
        turned = shapes.SHAPES[asked["shape"]](
            made["stage_events"], asked, of_deals(made.get("deals"), reading), reading
        )
        made |= _turned(made, turned, asked, meanings)
        until = turned.until
    if tables.get("deals", {}).get("made_from"):
        deals = deals_of.made(made["stage_events"], tables["deals"], reading)
        made["deals"] = _explained(deals, tables["deals"], "deals")
    if "stages" in made and meanings:
        made["stages"] = _with_ends(made["stages"], meanings)
    if {"deals", "stage_events"} <= set(made) and not tables["deals"].get("made_from"):
        odd = disagreement(made["deals"], made["stage_events"], {str(k).casefold(): v for k, v in meanings.items()})
        made["stage_events"] = replace(made["stage_events"], faults=(*made["stage_events"].faults, *odd))
    return Mapped({name: made[name] for name in TABLES if name in made}, until)


def _turned(
    made: Mapping[str, RawTable], history: History, asked: Mapping[str, Any], meanings: Mapping[str, Any]
) -> dict[str, RawTable]:
    """What a shape gave, as raw tables; changes of an outcome in the words that the deals' own values have."""
    raw = made["stage_events"]
    faults = (*raw.faults, *history.faults)
    found = {"stage_events": RawTable(raw.file, history.events, faults, "frame", raw.left_out)}
    found["stage_events"] = _explained(found["stage_events"], asked, "stage_events")
    if history.changes is not None and not history.changes.is_empty():
        changes = history.changes
        if meanings:
            known = {str(k): _text(v) for k, v in meanings.items()}
            is_outcome = pl.col("field") == "outcome"
            explained = {name: _meant(changes[name], known)[0] for name in ("old", "new")}
            changes = changes.with_columns(
                pl.when(is_outcome).then(cells).otherwise(name).alias(name) for name, cells in explained.items()
            )
        given = [made["changes"].frame] if "changes" in made else []
        frames = [frame.cast({"_row": pl.UInt32}) for frame in (changes, *given)]
        found["changes"] = RawTable(raw.file, pl.concat(frames, how="diagonal_relaxed"), (), "frame")
    return found


def _with_ends(stages: RawTable, meanings: Mapping[str, Any]) -> RawTable:
    """A stage that is called as an outcome is an end, whatever else the list says or leaves out."""
    known = {str(value).strip().casefold(): _text(meaning) for value, meaning in meanings.items()}
    means = pl.col("stage").cast(pl.String).str.strip_chars().str.to_lowercase().replace_strict(
        known, default=None, return_dtype=pl.String
    )  # fmt: skip
    ends = {}
    for outcome in ("won", "lost"):
        name = f"is_{outcome}"
        given = pl.col(name).cast(pl.String) if name in stages.frame.columns else pl.lit(None, pl.String)
        ends[name] = pl.when(means.is_in(["won", "lost"])).then((means == outcome).cast(pl.String)).otherwise(given)
    return replace(stages, frame=stages.frame.with_columns(**ends))


def own_of(config: Mapping[str, Any]) -> Own:
    """The own fields that a configuration declares (``[tables.deals.own]``)."""
    tables = config.get("tables", {})
    return tuple(
        field for name, table in tables.items() if "own" in table for field in declared(name, table["own"]).values()
    )


def _check(name: str, table: Mapping[str, Any]) -> None:
    """Refuse what the grammar does not know, before a file is opened."""
    _known("tables", [name], TABLES)
    _known(f"tables.{name}", table, (*KEYS, *OWN_KEYS.get(name, ())))
    if not {"order", "pipelines", "made_from", "file"} & set(table):
        raise UsageError("missing_setting", setting=f"tables.{name}.file")
    if table.get("made_from", "stage_events") != "stage_events":
        raise wrong_setting(f"tables.{name}.made_from", table["made_from"], "stage_events")
    _check_shape(table)
    for part in ("columns", "constants", "lookup", "values"):
        _known(f"tables.{name}.{part}", table.get(part, {}), TABLES[name].names)
    for column, lookup in table.get("lookup", {}).items():
        where = f"tables.{name}.lookup.{column}"
        _known(where, lookup, LOOKUP_KEYS)
        for key in LOOKUP_KEYS[:3]:
            if key not in lookup:
                raise UsageError("missing_setting", setting=f"{where}.{key}")
    if name != "deals" and "ends" in table:
        raise UsageError("unknown_setting", setting=f"tables.{name}.ends", allowed=", ".join(KEYS))
    _known(f"tables.{name}.ends", table.get("ends", {}), ENDS)
    if table.get("rows", "first") not in ROWS:
        raise wrong_setting(f"tables.{name}.rows", table["rows"], ", ".join(ROWS))

    if "own" in table:
        declared(name, table["own"])
    sources = [column for part in ("columns", "constants", "lookup") for column in table.get(part, {})]
    sources += ["outcome"] if "ends" in table else []
    for column in sources:
        if sources.count(column) > 1:
            raise UsageError("mapped_twice", setting=f"tables.{name}", column=column)


def _check_shape(table: Mapping[str, Any]) -> None:
    """A stage history says what its shape needs, and nothing that belongs to another shape."""
    shape = table.get("shape", shapes.LONG)
    where = "tables.stage_events"
    if shape != shapes.LONG and shape not in shapes.SHAPES:
        raise wrong_setting(f"{where}.shape", shape, ", ".join((shapes.LONG, *shapes.SHAPES)))
    for key in shapes.NEEDS.get(shape, ()):
        if key not in table:
            raise UsageError("missing_setting", setting=f"{where}.{key}")
    may = (*shapes.NEEDS.get(shape, ()), *shapes.MAY_HAVE.get(shape, ()), "shape")
    for key in table:
        if key in shapes.KEYS and key not in may:
            raise UsageError("unknown_setting", setting=f"{where}.{key}", allowed=", ".join((*KEYS, *may)))
    if "fields" in table:
        _known(f"{where}.fields", table["fields"].values(), TABLES["deals"].names)
    if shape != shapes.LONG:
        for column in shapes.COLUMNS.get(shape, shapes.EVENT):
            if column not in table.get("columns", {}):
                raise UsageError("missing_setting", setting=f"{where}.columns.{column}")


def _known(where: str, names: Any, allowed: Any) -> None:
    for name in names:
        if name not in allowed:
            raise UsageError("unknown_setting", setting=f"{where}.{name}", allowed=", ".join(allowed))


def _files(table: Mapping[str, Any]) -> list[str]:
    """The files that a table is made from."""
    own = _several(table["file"]) if "file" in table and not {"order", "pipelines"} & set(table) else []
    return own + [lookup["file"] for lookup in table.get("lookup", {}).values()]


def _missing(table: Mapping[str, Any], file: Any) -> list[Fault]:
    """The columns that a table names and its files do not have."""
    if "file" not in table or {"order", "pipelines"} & set(table):
        return []
    own = table["file"]
    wanted = [(own, column) for named in table.get("columns", {}).values() for column in _several(_column(named))]
    more = [*table.get("keep", {}), *([table["latest"]] if "latest" in table else []), *shapes.columns_named(table)]
    wanted += [(own, column) for column in (*more, *table.get("ends", {}).values())]
    wanted += [(own, field.get("column", name)) for name, field in table.get("own", {}).items()]
    for lookup in table.get("lookup", {}).values():
        wanted += [
            (own, lookup.get("on", lookup["key"])),
            *((lookup["file"], lookup[k]) for k in ("key", "column")),
        ]
    raws = {str(name): file(name) for name, _ in wanted}
    return [
        Fault("no_such_column", file=raws[name].file, column=str(column))
        for name, column in dict.fromkeys((str(name), column) for name, column in wanted)
        if column not in raws[name].frame.columns
    ]


def _mapped(table: Table, asked: Mapping[str, Any], raw: RawTable, file: Any) -> RawTable:
    """One file as a table in kpikit's columns; without ``columns`` those that bear kpikit's names."""
    faults = list(raw.faults)
    own = [name for name in table.names if name in raw.frame.columns and name not in asked.get("constants", {})]
    columns = asked.get("columns", {name: name for name in own if name not in asked.get("lookup", {})})
    columns = {ours: _column(theirs) for ours, theirs in columns.items()}
    fields = declared(table.name, asked["own"]).values() if "own" in asked else ()
    frame = raw.frame.select(
        "_row",
        **{ours: _first_filled(theirs) for ours, theirs in columns.items()},
        **{field.column: pl.col(field.header) for field in fields},
    )
    faults += left_out(raw.file, table.name, _unused(raw, columns, asked, fields))
    if "ends" in asked:
        frame = frame.with_columns(by_flags(raw.frame, asked["ends"]).alias("outcome"))
    for ours, value in asked.get("constants", {}).items():
        frame = frame.with_columns(pl.lit(_text(value)).alias(ours))
    for ours, lookup in asked.get("lookup", {}).items():
        keys = raw.frame[lookup.get("on", lookup["key"])]
        found, noticed = look_up(keys, raw, file(lookup["file"]), lookup["key"], lookup["column"])
        frame = frame.with_columns(found.alias(ours))
        faults += [
            f for f in noticed if f not in faults and (f.rule != "lookup_missed" or not _may_miss(asked, lookup))
        ]
    names = {ours: " / ".join(_several(theirs)) for ours, theirs in columns.items()}
    names |= {field.column: field.header for field in fields}
    mapped = RawTable(raw.file, frame, tuple(faults), raw.source, raw.left_out, names)
    return _one_row_each(_explained(mapped, asked, table.name), table, asked, columns)


def _one_row_each(raw: RawTable, table: Table, asked: Mapping[str, Any], columns: Mapping[str, Any]) -> RawTable:
    """The table once its meanings are known: the end only of deals that ended, one row of each where that is asked."""
    frame, noticed = until_ended(raw.frame, columns), []
    if "rows" in asked:
        frame, noticed = one_row_each(frame, table, raw.file, asked["rows"])
    return replace(raw, frame=frame, faults=(*raw.faults, *noticed))


def _explained(raw: RawTable, asked: Mapping[str, Any], table: str) -> RawTable:
    """A table with what its ``values`` mean in place of what is written; meanings that no cell asked for are told."""
    frame, faults = raw.frame, list(raw.faults)
    for ours, meanings in asked.get("values", {}).items():
        if ours not in frame.columns:
            raise UsageError("values_of_nothing", setting=f"tables.{table}.values.{ours}")
        meant, unused = _meant(frame[ours], {str(k): _text(v) for k, v in meanings.items()})
        frame = frame.with_columns(meant.alias(ours))
        faults += [Fault("value_unused", table, raw.file, column=ours, value=value) for value in unused]
    return replace(raw, frame=frame, faults=tuple(faults))


def _column(named: Any) -> Any:
    """The column that a mapping names, also where it says more of it (``{ column = "ARR", per = "year" }``)."""
    return named["column"] if isinstance(named, Mapping) else named


def amount_per(config: Mapping[str, Any]) -> str:
    """What the deals' amounts are for, where their column says it: year, month, or "" once."""
    named = config.get("tables", {}).get("deals", {}).get("columns", {}).get("amount")
    return named.get("per", "") if isinstance(named, Mapping) else ""


def _unused(raw: RawTable, columns: Mapping[str, Any], asked: Mapping[str, Any], own: Iterable[OwnField]) -> list[str]:
    """The columns of a table's own file that nothing names."""
    used = {theirs for named in columns.values() for theirs in _several(named)} | {field.header for field in own}
    used |= {lookup.get("on", lookup["key"]) for lookup in asked.get("lookup", {}).values()}
    used |= {*asked.get("ends", {}).values(), *asked.get("keep", {}), asked.get("latest")}
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
    """The stages in the order that the owner wrote down: the same for each pipeline named, or an order for each."""
    one: list[str] = table.get("order", [])
    orders = table.get("pipelines") or dict.fromkeys(_several(table.get("pipeline", "all")), one)
    ends = [(name, outcome) for outcome in ("won", "lost") for name in table.get(outcome, [])]
    rows = [
        {
            "pipeline": pipeline,
            "stage": stage,
            "position": str(i),
            "is_won": _text(stage in table.get("won", [])),
            "is_lost": _text(stage in table.get("lost", [])),
        }
        for pipeline, order in orders.items()
        for i, stage in enumerate([*order, *(name for name, _ in ends if name not in order)], start=1)
    ]
    return RawTable("kpikit.toml", pl.DataFrame(rows).with_row_index("_row", offset=2), (), "frame")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
