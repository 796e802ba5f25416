"""Do the tables keep the rules of a deal book? Good rows go on, bad rows are dropped, everything is counted.

Plain polars expressions: each rule is one mask over one table, so ten million events take seconds and no further
library (dataframely costs a second or two to import and drops columns that nobody declared).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from kpikit import schema
from kpikit.book.door.instants import UNDATED, as_utc, last_recorded
from kpikit.book.door.refused_rows import AT, DROPPED, Desk
from kpikit.errors import Fault
from kpikit.reading.files import RawTable

__all__ = ["DROPPED", "Validated", "left_out", "validate"]

#: Tables whose rows belong to a deal: a row of an unknown deal is dropped.
_OF_DEALS = ("stage_events", "changes", "activities", "contacts", "notes", "interviews")
#: The order of stages is doubted from this many moves on, when more than half of them go back.
_FEWEST_MOVES = 20
_SAMPLE = 200_000


@dataclass(frozen=True, slots=True)
class Validated:
    """The good rows by table, the dropped rows with the rule they broke, all faults, and up to when the data speak."""

    frames: dict[str, pl.DataFrame]
    dropped: pl.DataFrame
    faults: tuple[Fault, ...] = ()
    last: datetime = UNDATED


def left_out(table: str, raw: RawTable) -> pl.DataFrame:
    """The rows that the reader could lay over no columns, as a frame like :attr:`Validated.dropped`.

    Args:
        table: the schema's name of the table.
        raw: the table as it was read.

    Returns:
        One row for each; ``row`` holds its cells as a JSON list.
    """
    rows = [
        (table, raw.file, row, rule, None, None, json.dumps(cells, ensure_ascii=False))
        for row, rule, cells in raw.left_out
    ]
    return pl.DataFrame(rows, schema=DROPPED, orient="row")


def validate(
    frames: Mapping[str, pl.DataFrame],
    *,
    as_of: datetime | None = None,
    files: Mapping[str, str] | None = None,
    time_zone: str = "UTC",
) -> Validated:
    """Which rows of these tables can be trusted, and what is wrong with the others?

    Args:
        frames: typed tables by their schema name, as :func:`kpikit.reading.typed.parsing.parse` returns them.
        as_of: what lies after it has not happened yet; activities after it are noted.
        files: the file that each table came from, for the faults.
        time_zone: the book's zone; a day without a time stands at its midnight there.

    Returns:
        The frames without the dropped rows (``_row`` kept), what was dropped, and every fault;
        ``SEVERITY[fault.rule]`` says how grave each is, and the caller decides. ``last`` is ``as_of``, or the last
        instant recorded. Nothing is raised.

    Example:
        >>> deals = pl.DataFrame({"deal_id": ["a", "a"], "pipeline": ["p", "q"], "outcome": ["won", "won"]})
        >>> [(f.rule, f.row) for f in validate({"deals": deals}).faults]
        [('duplicate_id', 3)]
    """
    numbered = {n: f if "_row" in f.columns else f.with_row_index("_row", offset=2) for n, f in frames.items()}
    desk = Desk({n: f.with_row_index(AT) for n, f in numbered.items()}, files or {})
    for name in [n for n in schema.TABLES if n in desk.frames]:
        table = schema.TABLES[name]
        _required(desk, table)
        _choices(desk, table)
        _duplicates(desk, table)
    if "deals" in desk.frames:
        _deals(desk, time_zone)
        for name in _OF_DEALS:
            _unknown_deals(desk, name)
    _stages(desk)
    if as_of is not None and _has(desk, "activities", "happened_at"):
        desk.report("activities", "future_activity", "happened_at", pl.col("happened_at") > as_of)
    last = last_recorded(desk, time_zone) if as_of is None else as_utc(as_of)
    dropped = pl.concat(desk.dropped) if desk.dropped else DROPPED.to_frame()
    return Validated({n: f.drop(AT) for n, f in desk.frames.items()}, dropped, tuple(desk.faults), last)


def _has(desk: Desk, table: str, *columns: str) -> bool:
    return table in desk.frames and all(c in desk.frames[table].columns for c in columns)


def _required(desk: Desk, table: schema.Table) -> None:
    """Required columns are there, the table has rows, and each row fills the required cells."""
    frame = desk.frames[table.name]
    if frame.is_empty():
        desk.add("empty_deals" if table.name == "deals" else "header_only", table.name)
    needed = [c.name for c in table.columns if c.required]
    for name in needed:
        if name not in frame.columns:
            desk.add("missing_column", table.name, name)
    found = [c for c in needed if c in frame.columns and frame[c].null_count()]
    for column in found:
        desk.report(table.name, "required_empty", column, pl.col(column).is_null())
    for column in found:
        empty = desk.frames[table.name].filter(pl.col(column).is_null())
        if empty.height:
            desk.keep(table.name, empty, "required_empty", column)


def _choices(desk: Desk, table: schema.Table) -> None:
    """Values of a choice are among its choices; others cost the row where the column is required, else the cell."""
    for column in table.columns:
        if not column.choices or not _has(desk, table.name, column.name):
            continue
        odd = ~pl.col(column.name).is_in(column.choices) & pl.col(column.name).is_not_null()
        allowed = ", ".join(column.choices)
        if column.required:
            desk.drop(table.name, "unknown_choice", column.name, odd, allowed=allowed)
        elif desk.report(table.name, "unknown_choice", column.name, odd, allowed=allowed).height:
            emptied = pl.when(~odd).then(column.name).alias(column.name)
            desk.frames[table.name] = desk.frames[table.name].with_columns(emptied)


def _duplicates(desk: Desk, table: schema.Table) -> None:
    """A key names one row: of several, the first is kept. Without a key, rows that are equal throughout are noted."""
    frame = desk.frames[table.name]
    key = [c for c in table.key if c in frame.columns]
    if table.key and len(key) < len(table.key):
        return
    rest = frame.drop("_row", AT)
    if not rest.columns:  # a file with none of our columns: rows of nothing are not alike
        return
    if key:
        doubled = rest.select(key).is_duplicated() if len(key) > 1 else rest[key[0]].is_duplicated()
    else:
        frame = _whole_deals(frame, _SAMPLE)
        rest = frame.drop("_row", AT)
        doubled = rest.hash_rows().is_duplicated()
    if not doubled.any():
        return
    some = frame.filter(doubled)
    rest = some.drop("_row", AT)
    later = some.filter(~rest.select(pl.struct(rest.columns).is_first_distinct()).to_series())
    if not key:
        desk.report(table.name, "repeated_row", table.names[0], pl.col(AT).is_in(later[AT].implode()))
        return
    column = "stage" if table.name == "stages" else key[0]
    desk.drop(table.name, "duplicate_row", column, pl.col(AT).is_in(later[AT].implode()))
    some = desk.frames[table.name].filter(pl.struct(key).is_duplicated())
    other = some.filter(~pl.struct(key).is_first_distinct())
    desk.drop(table.name, "duplicate_id", column, pl.col(AT).is_in(other[AT].implode()))


def _deals(desk: Desk, zone: str) -> None:
    """Amounts, probabilities and the two ends of a deal's life."""
    lost, closed = pl.col("outcome") == "lost", pl.col("outcome").is_in(["won", "lost"])
    if _has(desk, "deals", "amount"):
        desk.report("deals", "negative_amount", "amount", pl.col("amount") < 0)
    if _has(desk, "deals", "amount", "outcome"):
        of_lost = desk.frames["deals"].filter(lost & pl.col("amount").is_not_null())
        if of_lost.height >= _FEWEST_MOVES and (of_lost["amount"] == 0).all():
            desk.add("zero_amount_of_lost", "deals", "amount", n=of_lost.height)
    if _has(desk, "deals", "probability"):
        desk.report("deals", "probability_range", "probability", ~pl.col("probability").is_between(0, 100))
    if _has(desk, "deals", "outcome", "outcome_at"):
        at = pl.col("outcome_at")
        desk.report("deals", "closed_without_date", "outcome_at", closed & at.is_null())
        desk.report("deals", "open_with_end", "outcome_at", (pl.col("outcome") == "open") & at.is_not_null())
        for start in ("created_at", "first_contact_at"):
            if _has(desk, "deals", start):
                desk.report("deals", f"outcome_before_{start.removesuffix('_at')}", "outcome_at", _before(start, zone))
        # the expected end of an open deal is no end: it must not decide how far the data go
        desk.frames["deals"] = desk.frames["deals"].with_columns(
            pl.when(pl.col("outcome") != "open").then("outcome_at")
        )


def _before(start: str, zone: str) -> pl.Expr:
    """Is the outcome before the start? A midnight stands for its whole day (CRMs keep close dates without a time)."""
    begun, ended = (pl.col(c).dt.convert_time_zone(zone) for c in (start, "outcome_at"))
    is_day = ended.dt.time() == pl.time(0, 0)
    return pl.when(is_day).then(ended.dt.date() < begun.dt.date()).otherwise(ended < begun) & (
        pl.col("outcome") != "open"
    )


def _unknown_deals(desk: Desk, table: str) -> None:
    """Rows of a deal that is not in the book are dropped; ids in two lengths are said first."""
    if not (_has(desk, table, "deal_id") and _has(desk, "deals", "deal_id")):
        return
    known = desk.frames["deals"]["deal_id"]
    events = desk.frames[table].lazy().select(AT, "deal_id")
    stranger = events.join(desk.frames["deals"].lazy().select("deal_id"), on="deal_id", how="anti").collect()
    stranger = stranger.filter(pl.col("deal_id").is_not_null())
    if stranger.is_empty():
        return
    ids = stranger["deal_id"].unique()
    short, long = ids.filter(ids.str.len_chars() == 15), ids.filter(ids.str.len_chars() == 18)
    twins = short.filter(short.is_in(known.str.slice(0, 15).implode()))
    twins = len(twins) + len(long.filter(long.str.slice(0, 15).is_in(known.implode())))
    if twins:
        desk.add("id_15_18", table, "deal_id", n=twins)
    desk.drop(table, "unknown_deal", "deal_id", pl.col(AT).is_in(stranger[AT].implode()))


def _stages(desk: Desk) -> None:
    """Stages in use are declared, and their order agrees with how deals moved."""
    if not _has(desk, "stages", "stage") or desk.frames["stages"].is_empty():
        return
    declared = desk.frames["stages"]["stage"].unique().implode()
    for table in ("deals", "stage_events"):
        if _has(desk, table, "stage"):
            odd = pl.col("stage").is_not_null() & ~pl.col("stage").is_in(declared)
            desk.report(table, "unknown_stage", "stage", odd)
    if _has(desk, "stages", "pipeline") and _has(desk, "deals", "pipeline"):
        listed = desk.frames["stages"]["pipeline"].unique().implode()
        others = desk.frames["deals"].filter(~pl.col("pipeline").is_in(listed))
        if others.height:
            names = ", ".join(others["pipeline"].unique().sort().head(5))
            values = {"of": desk.frames["deals"].height, "pipelines": names}
            desk.add("pipeline_without_stages", "stages", "pipeline", n=others.height, **values)
    if _has(desk, "stages", "position", "pipeline") and _has(desk, "stage_events", "deal_id", "stage", "entered_at"):
        _stage_order(desk)


def _whole_deals(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    """About ``most`` rows of a big table, all rows of a deal or none; a smaller table as it is."""
    every = frame.height // most
    if every <= 1 or "deal_id" not in frame.columns:
        return frame
    return frame.filter(pl.col("deal_id").hash(0) % every == 0)


def _stage_order(desk: Desk) -> None:
    """Most moves go forward in the order of the stages, or the order is wrong (seen on a sample of whole deals)."""
    events = _whole_deals(desk.frames["stage_events"], _SAMPLE)
    events = events.lazy().with_columns(seq=pl.col("seq") if "seq" in events.columns else pl.lit(0))
    on = ["stage"]
    if _has(desk, "deals", "deal_id", "pipeline"):
        own = pl.col("pipeline") if _has(desk, "stage_events", "pipeline") else pl.lit(None, pl.String)
        events = events.with_columns(_own=own).drop("pipeline", strict=False)
        events = events.join(desk.frames["deals"].lazy().select("deal_id", "pipeline"), on="deal_id", how="left")
        events = events.with_columns(pipeline=pl.coalesce("_own", "pipeline"))
        on = ["pipeline", "stage"]
    places = desk.frames["stages"].lazy().unique(on, keep="first").select(*on, "position")
    moves = (
        events.join(places, on=on, how="inner")
        .sort("deal_id", "entered_at", "seq", "_row")
        .select(step=pl.col("position").diff().over("deal_id"))
        .filter(pl.col("step") != 0)
        .select(n=pl.len(), back=(pl.col("step") < 0).sum())
        .collect()
    )
    n, back = moves.row(0)
    if n >= _FEWEST_MOVES and back > n / 2:
        desk.add("stage_order", "stages", "position", n=back, moves=n)
