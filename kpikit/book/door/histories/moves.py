"""Moves from one stage to another, in order, and the stage that a deal was in before the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from kpikit.book.door.histories.history import Reading, texts, trimmed_text, typed
from kpikit.errors import Fault
from kpikit.reading import RawTable

#: a log that lacks this share of the deals that ended before its first row, and at least so many, was begun late
_SHARE, _LEAST = 0.02, 3
_DAY = timedelta(days=1)


def moves(
    raw: RawTable, columns: Mapping[str, Any], before: str | None, reading: Reading
) -> tuple[pl.DataFrame, tuple[Fault, ...]]:
    """The rows of a log as moves: what the schema's ``stage_events`` knows, and ``old``, the stage that was left.

    Args:
        raw: the log; each row is a move.
        columns: kpikit's column → the file's.
        before: the file's column of the stage left, if it has one.
        reading: how cells are written.

    Returns:
        The moves by deal and instant. Within one instant those follow each other whose stages do; what else stands in
        one instant keeps the order of the file.
    """
    frame = texts(raw, columns)
    old = raw.frame.select(trimmed_text(before)).to_series() if before else pl.Series([None] * raw.frame.height)
    frame = frame.with_columns(old.cast(pl.String).alias("old"))
    found, faults = typed(raw, frame, "stage_events", reading)
    kept = found.filter(pl.col("deal_id").is_not_null() & pl.col("entered_at").is_not_null())
    return chained(kept.sort("deal_id", "entered_at", maintain_order=True)), faults


def chained(log: pl.DataFrame) -> pl.DataFrame:
    """Rows of one deal and instant in the order in which one takes up what the other left.

    >>> at = pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 1), eager=True)[0]
    >>> log = pl.DataFrame({"deal_id": ["a"] * 2, "old": ["B", "A"], "stage": ["C", "B"], "entered_at": [at] * 2})
    >>> chained(log)["stage"].to_list()
    ['B', 'C']
    """
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    numbered = log.with_columns(_at=place)
    same = numbered.filter(pl.struct("deal_id", "entered_at").is_duplicated())
    order = numbered["_at"].to_list()
    for group in same.partition_by("deal_id", "entered_at", maintain_order=True):
        rows = group.select("_at", "old", "stage").rows()
        first = int(rows[0][0])
        left = log["stage"][first - 1] if first and log["deal_id"][first - 1] == group["deal_id"][0] else None
        order[first : first + len(rows)] = _linked(rows, left)
    return log[order] if order else log


def _linked(rows: list[tuple[int, str | None, str | None]], left: str | None) -> list[int]:
    """The places of rows, each after the one that came to the stage that it leaves."""
    rest, found = list(rows), []
    entered = {stage for _, _, stage in rest}
    while rest:
        fits = [row for row in rest if row[1] is not None and row[1] == left]
        begins = [row for row in rest if row[1] not in entered]
        place, _, left = (fits or begins or rest)[0]
        found.append(place)
        rest = [row for row in rest if row[0] != place]
    return found


def with_first(log: pl.DataFrame, deals: pl.DataFrame, file: str, zone: str) -> tuple[pl.DataFrame, list[Fault]]:
    """The moves with the stage that each deal was in before its first one, from the deal's creation.

    A deal without a move is taken to have been in its present stage since it was created. Where the log was begun late
    (deals ended before its first row and are not in it), neither is known of the deals created before it: those begin
    with their first move, and are counted. A move that is known by its day only may be one of the day of creation.
    """
    faults = []
    firsts = log.group_by("deal_id", maintain_order=True).first().select("deal_id", "old", first="entered_at")
    known = deals.join(firsts, on="deal_id", how="left", maintain_order="left")
    begun_at: Any = log["entered_at"].min()
    is_early = pl.lit(value=False)
    if begun_at is not None and _begun_late(known, begun_at):
        is_early = (pl.col("created_at") < begun_at - _DAY).fill_null(value=False)
        n = known.filter(is_early).height
        faults.append(
            Fault("log_begins_late", "stage_events", file, n=n, values={"of": deals.height, "on": begun_at.date()})
        )
    is_moved = pl.col("first").is_not_null()
    missing = is_moved & pl.col("old").is_not_null() & ~is_early
    days = [pl.col(name).dt.convert_time_zone(zone).dt.date() for name in ("created_at", "first")]
    placeable = (days[0] <= days[1]).fill_null(value=False) & (
        (pl.col("created_at") <= pl.col("first")) | (pl.col("first").dt.convert_time_zone(zone).dt.time() == pl.time(0))
    )
    n = known.filter(missing & ~placeable).height
    if n:
        faults.append(Fault("first_stage_unplaced", "stage_events", file, n=n, values={"of": firsts.height}))
    still = ~is_moved & ~is_early & pl.col("created_at").is_not_null() & pl.col("stage").is_not_null()
    n = known.filter(still).height
    if n:
        faults.append(Fault("never_moved", "stage_events", file, n=n, values={"of": deals.height}))
    firsts = known.filter((missing & placeable) | still).select(
        "deal_id",
        stage=pl.when(is_moved).then("old").otherwise("stage"),
        entered_at=pl.min_horizontal("created_at", "first"),
    )
    n = _gaps(log)
    if n:
        faults.append(Fault("log_gaps", "stage_events", file, n=n, values={"of": log.height}))
    whole = pl.concat([firsts, log.filter(pl.col("stage").is_not_null())], how="diagonal")
    whole = whole.with_columns(pl.col("_row").fill_null(pl.col("_row").min().over("deal_id")).fill_null(1))
    whole = whole.sort("deal_id", "entered_at", maintain_order=True)
    return whole.with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64)), faults


def _begun_late(known: pl.DataFrame, begun_at: Any) -> bool:
    """Have deals ended before the log's first row without a trace in it?"""
    early = known.filter((pl.col("outcome_at") < begun_at - _DAY) & pl.col("first").is_null())
    return early.height >= max(_LEAST, _SHARE * known.height)


def _gaps(log: pl.DataFrame) -> int:
    """How many moves leave another stage than the one that the deal had come to: a move between them is missing."""
    before = pl.col("stage").shift(1).over("deal_id")
    return log.select((pl.col("old") != before).fill_null(value=False).sum()).item()
