"""An event log (a case, an activity and a time a row) as the raw tables of a deal book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.errors import DataError, Fault, UsageError
from kpikit.reading import Formats, RawTable, parse, read
from kpikit.schema import TABLES

_EVENT_LOG_KEYS = {
    "file",
    "case",
    "activity",
    "time",
    "keep",
    "stages",
    "won",
    "lost",
    "void",
    "attributes",
    "pipeline",
}


def event_log(log: Mapping[str, Any], folder: Path, formats: Formats, time_zone: str) -> dict[str, RawTable]:
    """An event log (a case, an activity and a time a row) as deals, stage events and stages.

    ``stages`` lists the activities that are stages, in order; ``won``, ``lost`` and ``void`` those that end a case
    (the last such activity decides, and is kept as the loss reason of a lost one); ``keep`` filters rows by the values
    of a column; ``attributes`` maps a column of ``deals`` (its first value in the case) or of ``stage_events``.
    A case is created at its first kept event.
    """
    for key in log:
        if key not in _EVENT_LOG_KEYS:
            allowed = ", ".join(sorted(_EVENT_LOG_KEYS))
            raise UsageError("unknown_setting", setting=f"event_log.{key}", allowed=allowed)
    for key in ("file", "case", "activity", "time", "stages"):
        if key not in log:
            raise UsageError("missing_setting", setting=f"event_log.{key}")
    raw = read(folder / log["file"], formats)
    _columns_exist(raw, log)
    keep = [pl.col(name).cast(pl.String).is_in(values) for name, values in log.get("keep", {}).items()]
    kept = raw.frame.filter(keep) if keep else raw.frame
    own = {name: column for name, column in log.get("attributes", {}).items() if name in TABLES["stage_events"].names}
    events = kept.select(
        "_row",
        deal_id=pl.col(log["case"]).cast(pl.String),
        stage=pl.col(log["activity"]).cast(pl.String),
        entered_at=log["time"],
        **{name: pl.col(column) for name, column in own.items()},
    )
    typed = parse(
        replace(raw, frame=events, faults=(), left_out=()), TABLES["stage_events"], formats, time_zone=time_zone
    )
    deals = _cases(typed.frame, kept, log)
    stages = pl.DataFrame({"stage": log["stages"]}).with_row_index("position", offset=1)
    stages = stages.with_columns(pl.lit(log.get("pipeline", "all")).alias("pipeline"))
    in_stages = typed.frame.filter(pl.col("stage").is_in(log["stages"]))
    return {
        "deals": RawTable(raw.file, _numbered(deals), (*raw.faults, *typed.faults), "frame", raw.left_out),
        "stage_events": RawTable(raw.file, in_stages, (), "frame"),
        "stages": RawTable(raw.file, _numbered(stages), (), "frame"),
    }


def beside(log: dict[str, RawTable], tables: Mapping[str, RawTable]) -> dict[str, RawTable]:
    """The log's tables with those that stand beside it; what a table of deals knows is joined to the log's cases."""
    return {**tables, **log}


def _columns_exist(raw: RawTable, log: Mapping[str, Any]) -> None:
    named = [log["case"], log["activity"], log["time"], *log.get("keep", {}), *log.get("attributes", {}).values()]
    faults = [Fault("no_such_column", file=raw.file, column=name) for name in named if name not in raw.frame.columns]
    if faults:
        raise DataError(faults)


def _cases(events: pl.DataFrame, kept: pl.DataFrame, log: Mapping[str, Any]) -> pl.DataFrame:
    """One row a case: when it began, how it ended, and its attributes."""
    ends = {activity: outcome for outcome in ("won", "lost", "void") for activity in log.get(outcome, [])}
    cases = events.group_by("deal_id", maintain_order=True).agg(created_at=pl.col("entered_at").min())
    last = (
        events.filter(pl.col("stage").is_in(list(ends)))
        .sort("entered_at", maintain_order=True)
        .group_by("deal_id")
        .last()
        .select(
            "deal_id", outcome_at="entered_at", outcome=pl.col("stage").replace_strict(ends, default=None), end="stage"
        )
    )
    reason = pl.when(pl.col("outcome") == "lost").then("end").alias("loss_reason")
    cases = cases.join(last, on="deal_id", how="left", maintain_order="left").with_columns(
        pl.col("outcome").fill_null("open"), pl.lit(log.get("pipeline", "all")).alias("pipeline"), reason
    )
    attributes = {n: c for n, c in log.get("attributes", {}).items() if n not in TABLES["stage_events"].names}
    firsts = kept.group_by(pl.col(log["case"]).cast(pl.String).alias("deal_id")).agg(
        pl.col(column).drop_nulls().first().alias(name) for name, column in attributes.items()
    )
    return cases.drop("end").join(firsts, on="deal_id", how="left", maintain_order="left")


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_row_index("_row", offset=2).cast({"_row": pl.UInt32})
