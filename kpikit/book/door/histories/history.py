"""What a shape gives: stage events, other fields' changes, and what was noticed; and how its cells are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import polars as pl

from kpikit.errors import Fault
from kpikit.reading import Formats, RawTable, parse
from kpikit.schema import TABLES

#: what a shape may want to know of the deals
OF_DEALS = ("deal_id", "created_at", "pipeline", "stage", "outcome", "outcome_at")


@dataclass(frozen=True)
class Reading:
    """How cells are written: the formats that the owner settled, and the zone that days and bare times are of."""

    formats: Formats = field(default_factory=Formats)
    time_zone: str = "UTC"


@dataclass(frozen=True)
class History:
    """Typed rows of ``stage_events``, and of ``changes`` where the shape tells those too; what was noticed.

    ``until`` is the last instant that the file speaks of, where that may be later than the last stage entered.
    """

    events: pl.DataFrame
    changes: pl.DataFrame | None = None
    faults: tuple[Fault, ...] = ()
    until: datetime | None = None


def texts(raw: RawTable, columns: Mapping[str, Any]) -> pl.DataFrame:
    """The file's columns under kpikit's names, a column at a time; the stage without outer spaces."""
    named = {ours: pl.col(theirs) for ours, theirs in columns.items() if isinstance(theirs, str)}
    frame = raw.frame.select("_row", **named)
    trimmed = [trimmed_text(name).alias(name) for name in ("deal_id", "stage") if name in frame.columns]
    return frame.with_columns(trimmed)


def trimmed_text(name: str) -> pl.Expr:
    """A column as text without outer spaces; nothing where it is empty."""
    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def typed(raw: RawTable, frame: pl.DataFrame, table: str, reading: Reading) -> tuple[pl.DataFrame, tuple[Fault, ...]]:
    """The rows of a frame with what the schema knows in its own kind; other columns stay as they are.

    A cell that cannot be read is empty, and among the faults by its row in the file.
    """
    rows = replace(raw, frame=frame, faults=(), left_out=())
    found = parse(rows, TABLES[table], reading.formats, time_zone=reading.time_zone)
    rest = [name for name in frame.columns if name not in found.frame.columns]
    return found.frame.hstack(frame.select(rest)), found.faults


def of_deals(raw: RawTable | None, reading: Reading) -> pl.DataFrame:
    """What shapes want to know of the deals (:data:`OF_DEALS`), typed; columns that the export lacks are empty."""
    kinds = {c.name: pl.Datetime("us", "UTC") if c.kind == "instant" else pl.String() for c in TABLES["deals"].columns}
    frame = pl.DataFrame(schema={"_row": pl.UInt32}) if raw is None else raw.frame
    there = [name for name in OF_DEALS if name in frame.columns]
    if raw is not None and there:
        frame, _ = typed(raw, texts(raw, {name: name for name in there}), "deals", reading)
    return frame.select(
        pl.col(n).cast(kinds[n]) if n in there else pl.lit(None, kinds[n]).alias(n) for n in OF_DEALS
    ).filter(pl.col("deal_id").is_not_null()).unique("deal_id", keep="first", maintain_order=True)  # fmt: skip
