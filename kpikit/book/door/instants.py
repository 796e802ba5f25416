"""Up to when data speak: the last instant at which anything was recorded in them, and the dates that lie beyond it.

A date after all else is a slip of a hand more often than the last thing that happened: a deal closed "31 December" in
July. Whether it is one is judged by how far it lies from the rest, by whether the file has been as quiet before, and by
what else the same deal has at that time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from kpikit.book.door.refused_rows import AT, Desk
from kpikit.errors import Fault
from kpikit.schema import TABLES

#: The columns whose last instant is the book's as-of.
AS_OF_COLUMNS = {
    "deals": ("created_at", "recorded_at", "outcome_at"),
    "stage_events": ("entered_at", "recorded_at"),
    "changes": ("changed_at", "recorded_at"),
}
#: up to when a book speaks in which nothing has a date (:attr:`kpikit.DealBook.is_dated`)
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _YEAR, _TICK = timedelta(days=1), timedelta(days=365), timedelta(microseconds=1)
#: so long a silence before a date puts it in doubt: alone, and where other evidence speaks against it; a quiet month,
#: a summer or a lost quarter's end is shorter than the first
_ALONE, _DOUBTED = timedelta(days=45), timedelta(days=7)
#: a date is beyond all else only if the rest is so many instants, and it is one of a few
_LEAST, _FEW, _SHARE = 20, 3, 0.02
#: what nearly all of a column do, so that one that does not is odd
_NEARLY_ALL = 0.9
_MOST = 50_000


def as_utc(instant: datetime) -> datetime:
    """An instant in UTC; one without a zone is taken as UTC."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def last_recorded(desk: Desk, time_zone: str = "UTC") -> datetime:
    """The last instant at which anything was created, entered, changed, recorded or decided.

    A date beyond all else does not count: it is reported with its row and emptied, or its row is dropped where nothing
    is left without it. :data:`UNDATED` where nothing has a date.

    Where of a few dates the last lies more than a year beyond the one before it (a 9999-12-31), too little stands
    beside it to tell: that is a fault, and the owner must say ``as_of``.
    """
    at = _sorted(desk.frames)
    if at.is_empty():
        return UNDATED
    cut = _cut(at, desk, time_zone)
    if cut is None:
        return _instant(at[-1])
    usual, last = _instant(at[cut - 1]), _instant(at[-1])
    if cut < _LEAST:
        desk.faults.append(Fault("as_of_unclear", values={"last": last.date(), "usual": usual.date()}))
    else:
        _set_aside(desk, _instants(desk.frames)[cut:], usual.date())
    return usual


def last_event(events: pl.DataFrame) -> datetime:
    """The last instant of a log's events (``deal_id, entered_at``) that does not lie beyond all else."""
    return last_recorded(Desk({"stage_events": events.with_row_index(AT)}, {}))


def _sorted(frames: Mapping[str, pl.DataFrame]) -> pl.Series:
    """All instants in order, as microseconds since 1970."""
    found = [
        frame[column].drop_nulls().dt.epoch("us")
        for table, columns in AS_OF_COLUMNS.items()
        if (frame := frames.get(table)) is not None
        for column in columns
        if column in frame.columns
    ]
    return pl.concat(found).sort() if found else pl.Series(dtype=pl.Int64)


def _instant(microseconds: int) -> datetime:
    return UNDATED + timedelta(microseconds=microseconds)


def _instants(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """``at, table, column, row, deal_id`` of every instant, in order."""
    parts = [
        frame.select(
            at=pl.col(column).cast(pl.Datetime("us", "UTC")), table=pl.lit(table), column=pl.lit(column), row=AT,
            deal_id=pl.col("deal_id").cast(pl.String) if "deal_id" in frame.columns else pl.lit(None, pl.String),
        ).filter(pl.col("at").is_not_null())
        for table, columns in AS_OF_COLUMNS.items()
        if (frame := frames.get(table)) is not None
        for column in columns
        if column in frame.columns
    ]  # fmt: skip
    return pl.concat(parts).sort("at", maintain_order=True)


def _cut(at: pl.Series, desk: Desk, time_zone: str) -> int | None:
    """The place of the first instant that lies beyond all else; None where none does."""
    n, gaps = len(at), at.diff()
    first = max(1, n - max(_FEW, int(_SHARE * n)))
    for i in (gaps[first:] > _DOUBTED // _TICK).arg_true() + first:
        gap, recent = timedelta(microseconds=gaps[i]), at[:i] > at[i - 1] - _YEAR // _TICK
        usual = timedelta(microseconds=gaps[:i].filter(recent).max() or 0)  # type: ignore[arg-type]
        if gap > _YEAR or (i >= _LEAST and gap > 2 * usual and _is_doubtful(desk, i, gap, time_zone)):
            return i
    return None


@dataclass(frozen=True, slots=True)
class _Beside:
    """Of the instants of one column: how many share their day with another of their deal, and how many have a time."""

    n: int
    attended: float
    timed: float


def _is_doubtful(desk: Desk, cut: int, gap: timedelta, time_zone: str) -> bool:
    """Does what lies beyond a silence look like slips: nothing else of its deals is there, or no time of day is?"""
    found = _instants(desk.frames)
    marked = _marked(found, time_zone)
    beyond = marked[max(0, marked.height - (found.height - cut)) :]
    if beyond["attended"].any():
        return False
    if gap > _ALONE:
        return True
    usual = marked[: marked.height - beyond.height]
    return all(
        _stands_out(_beside(usual, table, column), timed.all())
        for (table, column), timed in (
            (key, part["timed"]) for key, part in beyond.group_by("table", "column", maintain_order=True)
        )
    )


def _stands_out(usual: _Beside, is_timed: bool) -> bool:
    """Nearly all others of the column have company, or a time of day, and these have none."""
    if usual.n < _LEAST:
        return False
    return usual.attended >= _NEARLY_ALL or (usual.timed >= _NEARLY_ALL and not is_timed)


def _beside(marked: pl.DataFrame, table: str, column: str) -> _Beside:
    mine = marked.filter((pl.col("table") == table) & (pl.col("column") == column))
    n = mine.height
    return _Beside(n, mine["attended"].mean() or 0, mine["timed"].mean() or 0) if n else _Beside(0, 0, 0)  # type: ignore[arg-type]


def _marked(found: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """The last instants with whether another of the same deal, in another column, lies within a day, and a time."""
    some = found.tail(_MOST).with_row_index("_place")
    alike = some.sort("deal_id", "at", maintain_order=True)
    for shift in (1, -1):
        other = pl.all().shift(shift).name.suffix("_other")
        near = (pl.col("at") - pl.col("at_other")).abs() <= _DAY
        told = (pl.col("deal_id") == pl.col("deal_id_other")) & (pl.col("column") != pl.col("column_other")) & near
        pair = alike.select("at", "deal_id", "column", pl.struct("at", "deal_id", "column").alias("_s"))
        pair = pair.with_columns(other).select(told=told.fill_null(False))
        alike = alike.with_columns(pair["told"].alias(f"_near{shift}"))
    local = pl.col("at").dt.convert_time_zone(time_zone).dt.time()
    return alike.with_columns(
        attended=pl.any_horizontal("_near1", "_near-1"), timed=local != pl.time(0, 0)
    ).sort("_place")  # fmt: skip


def _set_aside(desk: Desk, beyond: pl.DataFrame, usual: date) -> None:
    """Report the dates beyond all else with their rows; empty the cells, or drop the rows that need them."""
    for (table, column), part in beyond.group_by("table", "column", maintain_order=True):
        odd = pl.col(AT).is_in(part["row"].implode())
        if TABLES[str(table)][str(column)].required:
            desk.drop(str(table), "after_all_else", str(column), odd, usual=usual)
            continue
        desk.report(str(table), "after_all_else", str(column), odd, usual=usual)
        emptied = pl.when(~odd).then(pl.col(str(column))).alias(str(column))
        desk.frames[str(table)] = desk.frames[str(table)].with_columns(emptied)
