"""An event log (a case, an activity and a time a row) as the raw tables of a deal book, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.book.door.histories.history import Reading, trimmed_text, typed
from kpikit.book.door.instants import last_event
from kpikit.errors import DataError, Fault, UsageError
from kpikit.reading import Formats, RawTable, read
from kpikit.schema import TABLES

_NEEDED = ("file", "case", "activity", "time", "stages")
_EVENT_LOG_KEYS = {*_NEEDED, "keep", "won", "lost", "void", "attributes", "pipeline", "lifecycle"}
_CLOSES = ("won", "lost", "void")
#: what a log calls the beginning and the end of an activity
_STARTS, _COMPLETES = ("start",), ("complete",)


@dataclass(frozen=True)
class Log:
    """A log's tables, and the instant of its last event (None: it has none that can be read)."""

    tables: Mapping[str, RawTable]
    until: datetime | None


def event_log(log: Mapping[str, Any], folder: Path, formats: Formats, time_zone: str) -> Log:
    """An event log (a case, an activity and a time a row) as deals, stage events, changes and stages.

    ``stages`` lists the activities that are stages, in order; ``won``, ``lost`` and ``void`` those that end a case.
    Every end counts: a stage after one opens the case again (``changes`` of the outcome say when), and the last state
    is the deal's; the activity that ended a lost one is its loss reason. ``keep`` filters rows by the values of a
    column; ``lifecycle`` names a column in which activities ``start`` and ``complete``: a stage is entered at its
    start, a case ends when what ends it is complete. ``attributes`` maps a column of ``deals`` (its first value in the
    case) or of ``stage_events``. A case is created at its first kept event; the log speaks up to its last one.

    Raises:
        UsageError: an unknown key, or one that is missing.
        DataError: the file lacks columns that are named.
    """
    for key in log:
        if key not in _EVENT_LOG_KEYS:
            allowed = ", ".join(sorted(_EVENT_LOG_KEYS))
            raise UsageError("unknown_setting", setting=f"event_log.{key}", allowed=allowed)
    for key in _NEEDED:
        if key not in log:
            raise UsageError("missing_setting", setting=f"event_log.{key}")
    raw = read(folder / log["file"], formats)
    _columns_exist(raw, log)
    keep = [pl.col(name).cast(pl.String).is_in(values) for name, values in log.get("keep", {}).items()]
    kept = raw.frame.filter(keep) if keep else raw.frame
    own = {name: column for name, column in log.get("attributes", {}).items() if name in TABLES["stage_events"].names}
    events = kept.select(
        "_row",
        deal_id=trimmed_text(log["case"]),
        stage=trimmed_text(log["activity"]),
        entered_at=log["time"],
        **{name: pl.col(column) for name, column in own.items()},
        **({"_phase": trimmed_text(log["lifecycle"]).str.to_lowercase()} if "lifecycle" in log else {}),
    )
    read_events, faults = typed(raw, events, "stage_events", Reading(formats, time_zone))
    dated = read_events.filter(pl.col("entered_at").is_not_null())
    if dated.is_empty():
        return Log(_tables(raw, log, read_events, kept, faults), None)
    return Log(_tables(raw, log, read_events, kept, faults), last_event(dated))


def _tables(
    raw: RawTable, log: Mapping[str, Any], events: pl.DataFrame, kept: pl.DataFrame, faults: tuple[Fault, ...]
) -> dict[str, RawTable]:
    ends = {activity: outcome for outcome in _CLOSES for activity in log.get(outcome, [])}
    used = _at_their_moment(events, ends) if "_phase" in events.columns else events
    steps = _outcomes(used, log["stages"], ends)
    stages = pl.DataFrame({"stage": log["stages"]}).with_row_index("position", offset=1)
    stages = stages.with_columns(pl.lit(log.get("pipeline", "all")).alias("pipeline"))
    in_stages = used.filter(pl.col("stage").is_in(log["stages"])).drop("_phase", strict=False)
    deals = _cases(events, steps, kept, log)
    changes = _reopenings(steps)
    reopened = changes["deal_id"].n_unique()
    noticed = [Fault("reopened_cases", "deals", raw.file, n=reopened, values={"of": deals.height})] if reopened else []
    found = {
        "deals": RawTable(raw.file, _numbered(deals), (*raw.faults, *faults, *noticed), "frame", raw.left_out),
        "stage_events": RawTable(raw.file, in_stages, (), "frame"),
        "stages": RawTable(raw.file, _numbered(stages), (), "frame"),
    }
    return found if changes.is_empty() else found | {"changes": RawTable(raw.file, changes, (), "frame")}


def _columns_exist(raw: RawTable, log: Mapping[str, Any]) -> None:
    named = [log["case"], log["activity"], log["time"], *log.get("keep", {}), *log.get("attributes", {}).values()]
    named += [log["lifecycle"]] if "lifecycle" in log else []
    faults = [Fault("no_such_column", file=raw.file, column=name) for name in named if name not in raw.frame.columns]
    if faults:
        raise DataError(faults)


def _at_their_moment(events: pl.DataFrame, ends: Mapping[str, str]) -> pl.DataFrame:
    """Of activities that start and complete, the rows that count: the start of a stage, the completion of an end."""
    wanted = pl.when(pl.col("stage").is_in(list(ends))).then(pl.lit(_COMPLETES[0])).otherwise(pl.lit(_STARTS[0]))
    known = events.filter(pl.col("_phase").is_in([*_STARTS, *_COMPLETES]) | pl.col("_phase").is_null())
    fits = (pl.col("_phase") == wanted).fill_null(value=True)
    has_one = fits.any().over("deal_id", "stage")
    return known.filter(fits | ~has_one)


def _outcomes(events: pl.DataFrame, stages: list[str], ends: Mapping[str, str]) -> pl.DataFrame:
    """``deal_id, at, outcome, stage, old``: each time that a case ended or was opened again, in order."""
    steps = (
        events.filter(pl.col("stage").is_in([*stages, *ends]) & pl.col("entered_at").is_not_null())
        .with_columns(outcome=pl.col("stage").replace_strict(ends, default="open", return_dtype=pl.String))
        .sort("deal_id", "entered_at", maintain_order=True)
        .select("_row", "deal_id", "outcome", "stage", at="entered_at")
        .with_columns(old=pl.col("outcome").shift(1).over("deal_id").fill_null("open"))
    )
    return steps.filter(pl.col("outcome") != pl.col("old"))


def _reopenings(steps: pl.DataFrame) -> pl.DataFrame:
    """The outcomes of cases that had more than one, as ``changes``."""
    several = steps.filter(pl.len().over("deal_id") > 1)
    changes = several.select("_row", "deal_id", field=pl.lit("outcome"), old="old", new="outcome", changed_at="at")
    return changes.with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64))


def _cases(events: pl.DataFrame, steps: pl.DataFrame, kept: pl.DataFrame, log: Mapping[str, Any]) -> pl.DataFrame:
    """One row a case: when it began, how it stands, and its attributes."""
    cases = events.group_by("deal_id", maintain_order=True).agg(created_at=pl.col("entered_at").min())
    last = steps.group_by("deal_id").last().filter(pl.col("outcome") != "open")
    last = last.select("deal_id", "outcome", outcome_at="at", end="stage")
    reason = pl.when(pl.col("outcome") == "lost").then("end").alias("loss_reason")
    cases = cases.join(last, on="deal_id", how="left", maintain_order="left").with_columns(
        pl.col("outcome").fill_null("open"), pl.lit(log.get("pipeline", "all")).alias("pipeline"), reason
    )
    attributes = {n: c for n, c in log.get("attributes", {}).items() if n not in TABLES["stage_events"].names}
    firsts = kept.group_by(trimmed_text(log["case"]).alias("deal_id")).agg(
        pl.col(column).drop_nulls().first().alias(name) for name, column in attributes.items()
    )
    return cases.drop("end").join(firsts, on="deal_id", how="left", maintain_order="left")


def beside(log: Mapping[str, RawTable], tables: Mapping[str, RawTable]) -> dict[str, RawTable]:
    """The log's tables with those that stand beside it.

    A table of deals is joined to the cases by its ``deal_id``: what it knows of a case wins, except how and when it
    ended, which the log decides. Cases that it has no row of, and rows of no case, are told.
    """
    found = {**tables, **log}
    if "deals" in tables:
        found["deals"] = _joined(log["deals"], tables["deals"])
    if "changes" in tables and "changes" in log:
        frames = [log["changes"].frame, tables["changes"].frame]
        found["changes"] = replace(tables["changes"], frame=pl.concat(frames, how="diagonal_relaxed"), source="frame")
    return {name: found[name] for name in TABLES if name in found}


def _joined(cases: RawTable, deals: RawTable) -> RawTable:
    theirs = deals.frame.drop("_row", "outcome", "outcome_at", strict=False)
    theirs = theirs.with_columns(trimmed_text("deal_id").alias("deal_id")).unique(
        "deal_id", keep="first", maintain_order=True
    )
    faults = list(cases.faults) + list(deals.faults)
    n_cases = cases.frame.join(theirs, on="deal_id", how="anti").height
    n_rows = theirs.join(cases.frame, on="deal_id", how="anti").height
    for rule, n, of in (
        ("cases_without_row", n_cases, cases.frame.height),
        ("rows_without_case", n_rows, theirs.height),
    ):
        if n:
            faults.append(Fault(rule, "deals", deals.file, n=n, values={"of": of, "log": cases.file}))
    both = cases.frame.join(theirs, on="deal_id", how="left", maintain_order="left", suffix="_theirs")
    shared = [name for name in theirs.columns if f"{name}_theirs" in both.columns]
    both = both.with_columns(
        pl.coalesce(pl.col(f"{n}_theirs").cast(pl.String), pl.col(n).cast(pl.String)).alias(n) for n in shared
    ).drop(f"{n}_theirs" for n in shared)
    return replace(cases, frame=both, faults=tuple(faults))


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_row_index("_row", offset=2).cast({"_row": pl.UInt32})
