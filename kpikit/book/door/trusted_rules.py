"""The rules of a deal book as expressions that an engine can count: for tables that are too large to look at twice.

The same rules as :mod:`kpikit.book.door.validation`, written in narwhals. Days are those of the engine's clock; rows
that are repeated in a table without a key are not looked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from kpikit.book.door.instants import AS_OF_COLUMNS, UNDATED, as_utc
from kpikit.book.door.own_columns import COLLEAGUES, Own, left_out, with_persons
from kpikit.book.own_fields import OWN_TABLES, OwnField, OwnKind, own_name
from kpikit.errors import DataError, Fault, UsageError
from kpikit.schema import TABLES, Column, Table

_YEAR = timedelta(days=365)
#: so many different texts are looked at to see whether they name people
_MANY = 5_000


def with_own(
    frames: Mapping[str, nw.LazyFrame], said: Mapping[str, Mapping[str, OwnField]]
) -> tuple[dict[str, nw.LazyFrame], Own, list[Fault]]:
    """Tables with their own fields under the names of their columns; those fields; and the columns without a place.

    Raises:
        UsageError: a declared field whose column is not there.
    """
    tables, own, unused = {}, [], []
    for name, frame in frames.items():
        kinds = {header: _own_kind(dtype) for header, dtype in frame.collect_schema().items()}
        ours, fields = [header for header in kinds if header in TABLES[name].names], [*said.get(name, {}).values()]
        for field in fields:
            if field.header not in kinds:
                raise UsageError("own_column", field=field.name, column=field.header, table=name)
        extra = [h for h in kinds if h not in {*ours, "_row"} and h not in {field.header for field in fields}]
        kept = [header for header in extra if name in OWN_TABLES and kinds[header] is not None]
        for header in kept:
            fields.append(OwnField(name, own_name(header, [field.name for field in fields]), header))
        unused += left_out(name, name, [header for header in extra if header not in kept])
        fields = [replace(field, kind=field.kind or kinds[field.header] or "text") for field in fields]
        mine = [_own_values(field).alias(field.column) for field in fields]
        tables[name] = frame.select(*ours, *mine) if fields else frame
        own += fields
    return tables, with_persons(tuple(own), _names_in(tables, own)), unused


def _own_kind(dtype: Any) -> OwnKind | None:
    """The kind of an engine's column, if it has one."""
    if dtype.is_numeric():
        return "number"
    kinds: tuple[tuple[tuple[Any, ...], OwnKind], ...] = (
        ((nw.String, nw.Categorical, nw.Enum), "text"), ((nw.Boolean,), "bool"), ((nw.Date, nw.Datetime), "day"),
    )  # fmt: skip
    return next((kind for types, kind in kinds if dtype in types), None)


def _own_values(field: OwnField) -> nw.Expr:
    value = nw.col(field.header)
    if field.kind == "number":
        number = value.cast(nw.Float64)
        return nw.when(number.is_finite()).then(number)
    return value.cast(nw.String) if field.kind == "text" else value.cast(nw.Date) if field.kind == "day" else value


def _names_in(tables: Mapping[str, nw.LazyFrame], own: Sequence[OwnField]) -> dict[str, pl.DataFrame]:
    """The different texts in own fields and in columns that name colleagues, table by table."""
    found = {}
    for name, frame in tables.items():
        texts = [field.column for field in own if field.table == name and field.kind == "text"]
        names = [c for t, c in COLLEAGUES if t == name and c in frame.collect_schema().names()]
        columns = [collected(frame.select(nw.col(c).cast(nw.String)).unique().head(_MANY))[c] for c in (*texts, *names)]
        found[name] = pl.concat([c.to_frame() for c in columns], how="diagonal") if columns else pl.DataFrame()
    return found


def as_declared(frames: Mapping[str, nw.LazyFrame], own: Sequence[OwnField] = ()) -> dict[str, nw.LazyFrame]:
    """The tables with the columns that the schema names, in its types, and with their own fields.

    Raises:
        DataError: a required column is missing, or a column is of a type that would have to be parsed.
    """
    faults, typed = [], {}
    for name, frame in frames.items():
        table, has = TABLES[name], frame.collect_schema()
        faults += [
            Fault("missing_column", name, column=c.name) for c in table.columns if c.required and c.name not in has
        ]
        found = [(column, has[column.name]) for column in table.columns if column.name in has]
        for column, dtype in found:
            if not _fits(column, dtype):
                values = {"found": str(dtype), "wanted": column.kind}
                faults.append(Fault("column_type", name, column=column.name, values=values))
        fields = [nw.col(field.column) for field in own if field.table == name]
        typed[name] = frame.select(*(_typed(column, dtype) for column, dtype in found), *fields)
    if faults:
        raise DataError(faults)
    return typed


def _fits(column: Column, dtype: Any) -> bool:
    if column.kind in ("id", "text", "choice"):
        return dtype.is_integer() or dtype in (nw.String, nw.Categorical, nw.Enum)
    if column.kind == "number":
        return dtype.is_numeric()
    if column.kind == "integer":
        return dtype.is_integer()
    wanted = {"instant": (nw.Datetime,), "day": (nw.Date,), "bool": (nw.Boolean,)}
    return dtype in wanted[column.kind]


def _typed(column: Column, dtype: Any) -> nw.Expr:
    value = nw.col(column.name)
    if column.kind in ("id", "text", "choice") and dtype != nw.String:
        return value.cast(nw.String)
    return value.cast(nw.Float64) if column.kind == "number" else value


def good(table: str, frame: nw.LazyFrame) -> nw.LazyFrame:
    """The rows of a table that can be used on their own account, with cells that are no choice emptied."""
    has = frame.collect_schema().names()
    columns = [column for column in TABLES[table].columns if column.name in has]
    for column in columns:
        if column.required:
            frame = frame.filter(~_missing(column))
        if column.kind == "number":
            value = nw.col(column.name)
            frame = frame.with_columns(nw.when(value.is_finite()).then(value).alias(column.name))
        if column.choices and column.required:
            frame = frame.filter(nw.col(column.name).is_in(column.choices))
        elif column.choices:
            known = nw.when(nw.col(column.name).is_in(column.choices)).then(nw.col(column.name))
            frame = frame.with_columns(known.alias(column.name))
    if table == "deals" and "outcome_at" in has:  # the expected end of an open deal is no end
        frame = frame.with_columns(nw.when(nw.col("outcome") != "open").then(nw.col("outcome_at")).alias("outcome_at"))
    return frame


def _missing(column: Column) -> nw.Expr:
    """Which cells are empty: null, or a text without a letter."""
    value = nw.col(column.name)
    return value.is_null() | (value == "") if column.kind in ("id", "text") else value.is_null()


def broken(name: str, frame: nw.LazyFrame, deals: nw.LazyFrame, stages: pl.DataFrame | None) -> tuple[int, list[Fault]]:
    """How many rows a table has, and how many of them break each rule.

    Three queries at most: the rules about a row in one, keys that name several rows, rows of unknown deals.
    """
    table, has = TABLES[name], frame.collect_schema().names()
    rules = _row_rules(table, has, stages)
    ones = [_ones(rule).alias(f"r{i}") for i, rule in enumerate(rules.values())]
    n, *counts = _row(frame.select(nw.len().alias("n"), *ones))
    if n == 0:
        return 0, [Fault("empty_deals" if name == "deals" else "header_only", name)]
    found = [
        _fault(rule, name, column, k, frame.filter(mask))
        for ((rule, column), mask), k in zip(rules.items(), counts, strict=True)
    ]
    usable = good(name, frame)
    if table.key:
        key = table.key[0]
        n_usable, n_keys = _row(usable.select(nw.len().alias("n"), nw.col(key).n_unique().alias("keys")))
        doubled = usable.group_by(key).agg(nw.len().alias("n")).filter(nw.col("n") > 1)
        found.append(_fault("duplicate_id", name, key, n_usable - n_keys, doubled))
    if name != "deals" and "deal_id" in has:
        named = usable.filter(~nw.col("deal_id").is_null()).select("deal_id")
        strangers = named.join(good("deals", deals).select("deal_id"), on="deal_id", how="anti")
        found.append(_fault("unknown_deal", name, "deal_id", _row(strangers.select(nw.len().alias("n")))[0], strangers))
    return n, [fault for fault in found if fault is not None]


def _ones(mask: nw.Expr) -> nw.Expr:
    """How many rows are under the mask (engines do not all add up booleans)."""
    return nw.when(mask).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def _fault(rule: str, table: str, column: str, n: int, rows: nw.LazyFrame) -> Fault | None:
    """The fault of so many rows, with the smallest of their values as its example."""
    if not n:
        return None
    least = collected(rows.select(nw.col(column).min())).item()
    allowed = {"allowed": ", ".join(TABLES[table][column].choices)} if rule == "unknown_choice" else {}
    shown = f"{as_utc(least):%Y-%m-%d %H:%M} UTC" if isinstance(least, datetime) else least
    return Fault(rule, table, column=column, value=None if least is None else str(shown), n=n, values=allowed)


def _row_rules(table: Table, has: list[str], stages: pl.DataFrame | None) -> dict[tuple[str, str], nw.Expr]:
    """(rule, column) → which rows break it."""
    rules: dict[tuple[str, str], nw.Expr] = {}
    for column in table.columns:
        if column.name not in has:
            continue
        value = nw.col(column.name)
        if column.required:
            rules["required_empty", column.name] = _missing(column)
        if column.kind == "number":
            rules["unreadable_number", column.name] = ~value.is_null() & ~value.is_nan() & ~value.is_finite()
        if column.choices:
            rules["unknown_choice", column.name] = ~value.is_null() & ~value.is_in(column.choices)
    if stages is not None and table.name in ("deals", "stage_events") and "stage" in has:
        declared = stages["stage"].unique().to_list()
        rules["unknown_stage", "stage"] = ~_missing(table["stage"]) & ~nw.col("stage").is_in(declared)
    if table.name == "deals":
        rules |= _deal_rules()
    return {(rule, column): mask for (rule, column), mask in rules.items() if _needs(rule, column) <= set(has)}


def _needs(rule: str, column: str) -> set[str]:
    return {column, rule.removeprefix("outcome_before_") + "_at"} if rule.startswith("outcome_before_") else {column}


def _deal_rules() -> dict[tuple[str, str], nw.Expr]:
    outcome, ended, chance = nw.col("outcome"), nw.col("outcome_at"), nw.col("probability")
    rules = {
        ("negative_amount", "amount"): nw.col("amount") < 0,
        ("probability_range", "probability"): ~chance.is_between(0, 100) & ~chance.is_nan(),
        ("closed_without_date", "outcome_at"): outcome.is_in(["won", "lost"]) & ended.is_null(),
        ("open_with_end", "outcome_at"): (outcome == "open") & ~ended.is_null(),
    }
    for start in ("created_at", "first_contact_at"):
        begun = nw.col(start)
        early = nw.when(ended == ended.dt.truncate("1d")).then(ended < begun.dt.truncate("1d")).otherwise(ended < begun)
        rules[f"outcome_before_{start.removesuffix('_at')}", "outcome_at"] = early & (outcome != "open")
    return rules


def last_instant(frames: Mapping[str, nw.LazyFrame]) -> datetime:
    """The last instant at which anything was created, entered, changed, recorded or decided.

    :data:`UNDATED` where nothing has a date.

    Raises:
        DataError: not one in a thousand of them lies within the year before it (a 9999-12-31, a
            planned call): then the owner must say ``as_of``.
    """
    columns = [
        (frame, name) for table, frame in frames.items()
        for name in AS_OF_COLUMNS[table] if name in frame.collect_schema().names()
    ]  # fmt: skip
    ends = [_row(frame.select(nw.col(name).max().alias("last")))[0] for frame, name in columns]
    known = [as_utc(end) for end in ends if end is not None]
    if not known:
        return UNDATED
    last = max(known)
    n = n_late = 0
    usual: list[datetime] = []
    for frame, name in columns:
        at, zone = nw.col(name), frame.collect_schema()[name].time_zone  # type: ignore[attr-defined]
        limit = nw.lit(last - _YEAR if zone else (last - _YEAR).replace(tzinfo=None))
        before = nw.when(at <= limit).then(at).max()
        some, beyond, end = _row(
            frame.select(at.count().alias("n"), _ones(at > limit).alias("late"), before.alias("before"))
        )
        n, n_late = n + some, n_late + beyond
        usual += [] if end is None else [as_utc(end)]
    if usual and n_late <= max(1, n // 1000):
        raise DataError([Fault("as_of_unclear", values={"last": last.date(), "usual": max(usual).date()})])
    return last


def _row(query: nw.LazyFrame) -> list[Any]:
    """The one row of an aggregate: whole numbers as int, instants in UTC."""
    row = collected(query).row(0)
    return [value if value is None or isinstance(value, datetime) else int(value) for value in row]


def collected(frame: nw.LazyFrame) -> pl.DataFrame:
    """A lazy frame's rows in polars; a polars scan is streamed."""
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):
        return native.collect(engine="streaming")
    return frame.collect("polars").to_native()
