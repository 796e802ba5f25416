"""The parsed door: raw tables → typed → validated → completed → a book, with all faults at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from kpikit.book.door.completion import complete
from kpikit.book.door.histories.ends import filled
from kpikit.book.door.histories.stage_lists import in_every_pipeline, with_ends
from kpikit.book.door.own_columns import Own, declared_in, gathered, read_own, with_persons
from kpikit.book.door.validation import left_out, validate
from kpikit.book.own_fields import of_accounts
from kpikit.book.settings import Settings
from kpikit.errors import SEVERITY, DataError, Fault, UsageError
from kpikit.reading.files import RawTable, from_frame
from kpikit.reading.typed.formats import Formats
from kpikit.reading.typed.parsing import parse
from kpikit.schema import TABLES, Column, Table


@dataclass(frozen=True)
class Admitted:
    """What came through the parsed door: the fields of a book, up to the last instant recorded in it."""

    tables: Mapping[str, pl.DataFrame]
    settings: Settings
    as_of: datetime
    dropped: pl.DataFrame
    faults: tuple[Fault, ...]
    answers_in: Literal["polars", "pandas"]
    own: Own = ()


def from_frames(
    frames: Mapping[str, Any],
    settings: Settings,
    as_of: datetime | None,
    own: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Admitted:
    """A book from dataframes; answers come back in pandas if the deals did."""
    module = type(frames["deals"]).__module__
    raws = {name: from_frame(frame, name) for name, frame in frames.items()}
    kind: Literal["polars", "pandas"] = "pandas" if module.startswith("pandas") else "polars"
    tables, fields = gathered(raws, declared_in(own))
    return build(tables, Formats(), settings, as_of, kind, fields)


def build(
    raws: Mapping[str, RawTable],
    formats: Formats,
    settings: Settings,
    as_of: datetime | None = None,
    answers_in: Literal["polars", "pandas"] = "polars",
    own: Own = (),
    until: datetime | None = None,
) -> Admitted:
    """Parse, validate and complete raw tables in kpikit's columns and those of their own fields.

    ``until`` is an instant up to which the source is known to speak beyond what these tables hold (a log's last event).
    """
    unknown = [name for name in raws if name not in TABLES]
    if unknown:
        raise UsageError("unknown_table", tables=", ".join(unknown), allowed=", ".join(TABLES))
    if "deals" not in raws:
        raise DataError([Fault("no_deals")])
    faults = [fault for raw in raws.values() for fault in raw.faults]
    parsed = {}
    for name, raw in raws.items():
        typed = parse(raw, TABLES[name], formats, time_zone=settings.time_zone)
        columns, fields, odd = read_own(raw, [f for f in own if f.table == name], formats, settings.time_zone)
        parsed[name] = typed.frame.with_columns(columns)
        own = tuple(field for field in own if field.table != name) + fields
        faults += [*typed.faults, *odd]
    if "changes" in parsed:
        parsed["changes"] = _readable(parsed["changes"], formats, settings.time_zone, own)
    files = {name: raw.file for name, raw in raws.items()}
    parsed, noticed = _settled(parsed, files.get("stage_events"))
    faults += noticed
    valid = validate(parsed, as_of=as_of, files=files, time_zone=settings.time_zone)
    faults += valid.faults
    faults = [_in_their_words(fault, raws) for fault in faults]
    unread = [left_out(name, raw) for name, raw in raws.items()]
    dropped = pl.concat([*unread, valid.dropped])
    n_rows = sum(frame.height for frame in (*parsed.values(), *unread))
    _refuse(faults, dropped, n_rows, settings.max_dropped)
    last = valid.last if until is None or as_of is not None else max(valid.last, until)
    own = with_persons(own, valid.frames)
    tables, whole = (
        complete(valid.frames, settings, own),
        (*own, *of_accounts(own, [f.column for f in own if f.table == "deals"])),
    )
    return Admitted(tables, settings, last, dropped, tuple(faults), answers_in, whole)


def _settled(parsed: dict[str, pl.DataFrame], file: str | None) -> tuple[dict[str, pl.DataFrame], list[Fault]]:
    """What one table says for another: which stages end a deal, in which pipelines they are, when a deal ended."""
    if "stages" in parsed:
        parsed["stages"] = with_ends(parsed["stages"])
    return filled(in_every_pipeline(parsed), file)


def _in_their_words(fault: Fault, raws: Mapping[str, RawTable]) -> Fault:
    """A fault with the column's own name in the file before kpikit's: ``close_value (amount)``."""
    raw = raws.get(fault.table or "")
    theirs = raw.names.get(fault.column or "") if raw is not None and raw.file == fault.file else None
    return fault if theirs in (None, fault.column) else replace(fault, column=f"{theirs} ({fault.column})")


def _readable(changes: pl.DataFrame, formats: Formats, time_zone: str, own: Own) -> pl.DataFrame:
    """Old and new values written as their column is read, whatever notation the export has them in.

    Changes of an own field bear the name of its column, whichever of its names the export has for it.
    """
    fields = [field for field in own if field.table == "deals"]
    called = {name: f.column for f in fields for name in (f.header, f.name) if name not in TABLES["deals"].names}
    changes = changes.with_columns(pl.col("field").replace(called)) if called else changes
    known = Table("deals", (*TABLES["deals"].columns, *(Column(f.column, f.kind or "text") for f in fields)))
    kinds = {c.name: c.kind for c in known.columns if c.kind not in ("id", "text", "choice")}
    for field in changes["field"].drop_nulls().unique().sort():
        if field not in kinds:
            continue
        rows = changes.filter(pl.col("field") == field)
        both = pl.concat([rows["old"].alias(field), rows["new"].alias(field)]).to_frame()
        raw = from_frame(both, "changes")
        typed = parse(raw, known, formats, time_zone=time_zone).frame[field]
        if typed.dtype == pl.Datetime:
            typed = typed.dt.to_string("iso:strict")
        texts = typed.cast(pl.String)
        place = changes.with_row_index("_i").filter(pl.col("field") == field)["_i"]
        old, new = texts.head(rows.height), texts.tail(rows.height)
        changes = changes.with_columns(changes["old"].scatter(place, old), changes["new"].scatter(place, new))
    return changes


def _refuse(faults: Iterable[Fault], dropped: pl.DataFrame, n_rows: int, max_dropped: float) -> None:
    """Refuse data with an error, or with more dropped rows than the owner allows."""
    faults = list(faults)
    if any(SEVERITY.get(fault.rule, "error") == "error" for fault in faults):
        raise DataError(faults)
    lost = dropped.filter(pl.col("rule") != "duplicate_row")  # the same row once more is no row lost
    n_dropped = lost.select("table", "_row").n_unique()
    if n_dropped > max_dropped * n_rows:
        most = Fault("too_many_dropped", n=n_dropped, values={"rows": n_rows, "share": max_dropped})
        raise DataError([most, *faults])
