"""A log of all fields: rows of the stage become stage events, rows of other fields what changed on a deal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from kpikit.book.door.histories.history import History, Reading, trimmed_text, typed
from kpikit.book.door.histories.moves import moves, with_first
from kpikit.errors import Fault
from kpikit.reading import RawTable

#: rows that say that a deal was made, and hold no value of it
BIRTHS = ("created", "add_time", "opportunitycreatedfromlead", "created by lead convert")
_STAGE, _PIPELINE = "stage", "pipeline"


def field_log(raw: RawTable, asked: Mapping[str, Any], deals: pl.DataFrame, reading: Reading) -> History:
    """Which stages was each deal in and since when, and what else changed on it?

    Args:
        raw: the file, a row a change of one field.
        asked: ``columns`` (``deal_id``, ``stage``: the new value, ``entered_at``: when, ``actor``, …), ``field``: the
            column that names the field, ``fields``: its values → the column of ``deals`` that each is, and ``from``:
            the column of the old value, where there is one (else the value before it is the old one).
        deals: see :func:`kpikit.book.door.histories.history.of_deals`.
        reading: how cells are written.
    """
    names = {str(theirs).strip().casefold(): ours for theirs, ours in asked["fields"].items()}
    frame = raw.frame.with_columns(_field=trimmed_text(asked["field"]).str.to_lowercase())
    frame = frame.with_columns(_ours=pl.col("_field").replace_strict(names, default=None, return_dtype=pl.String))
    faults = list(_unused(raw, frame))
    log, unread = moves(_only(raw, frame, pl.col("_ours") == _STAGE), asked["columns"], asked.get("from"), reading)
    events, noticed = with_first(log, deals, raw.file, reading.time_zone)
    changes, more = _changes(_only(raw, frame, (pl.col("_ours") != _STAGE).fill_null(value=False)), asked, reading)
    events = _where(events.drop("old"), changes, deals)
    return History(events, changes, (*faults, *unread, *more, *noticed))


def _only(raw: RawTable, frame: pl.DataFrame, rows: pl.Expr) -> RawTable:
    return RawTable(raw.file, frame.filter(rows), (), raw.source)


def _unused(raw: RawTable, frame: pl.DataFrame) -> list[Fault]:
    """Fields of which nothing is made, with how many rows they have."""
    rest = frame.filter(pl.col("_ours").is_null() & ~pl.col("_field").is_in(BIRTHS).fill_null(value=False))
    if rest.is_empty():
        return []
    names = rest["_field"].fill_null("").unique().sort().head(8)
    return [Fault("log_fields_unused", "stage_events", raw.file, n=rest.height, values={"fields": ", ".join(names)})]


def _changes(raw: RawTable, asked: Mapping[str, Any], reading: Reading) -> tuple[pl.DataFrame, tuple[Fault, ...]]:
    """The rows of other fields as ``changes``; without a column of old values, the value before is the old one."""
    columns = {
        ("changed_at" if k == "entered_at" else "new" if k == "stage" else k): v for k, v in asked["columns"].items()
    }
    frame = raw.frame.select("_row", field="_ours", **{k: pl.col(v) for k, v in columns.items() if isinstance(v, str)})
    before = asked.get("from")
    frame = frame.with_columns(trimmed_text("deal_id").alias("deal_id"), trimmed_text("new").alias("new"))
    if before:
        frame = frame.hstack(raw.frame.select(trimmed_text(before).alias("old")))
    found, faults = typed(raw, frame, "changes", reading)
    found = found.filter(pl.col("deal_id").is_not_null()).sort("deal_id", "changed_at", maintain_order=True)
    if not before:
        found = found.with_columns(old=pl.col("new").shift(1).over("deal_id", "field"))
        found = found.filter(pl.col("old").is_not_null())  # the first value of a field is not a change of it
    return found.with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64)), faults


def _where(events: pl.DataFrame, changes: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """The events with the pipeline that their deal was in then, where the log tells when it changed."""
    moved = changes.filter(pl.col("field") == _PIPELINE)
    if moved.is_empty():
        return events
    long_ago = pl.lit(0).cast(pl.Datetime("us", "UTC"))
    first = moved.group_by("deal_id", maintain_order=True).first().select("deal_id", since=long_ago, pipeline="old")
    rest = deals.join(first, on="deal_id", how="anti").select("deal_id", since=long_ago, pipeline="pipeline")
    spans = pl.concat([first, rest, moved.select("deal_id", since="changed_at", pipeline="new")]).sort("since")
    dated = events.with_row_index("_i").sort("entered_at")
    dated = dated.join_asof(spans, left_on="entered_at", right_on="since", by="deal_id", check_sortedness=False)
    return dated.sort("_i").drop("_i", "since", strict=False)
