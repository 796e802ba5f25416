"""What earlier sessions left behind for this one: who is parked, who is back, which deals should be left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book import DealBook
from kpikit.calendar import midnight
from kpikit.review.team_scope import sessions_of

if TYPE_CHECKING:
    from kpikit.log.log import Log


@dataclass(frozen=True)
class Memory:
    """What the log knows before a session.

    ``away``: deals that were parked before it, beyond its day; ``now``: those that were parked in it. ``since``: the
    day of the last session (null: none is known). ``back``: deals whose parking is over, with the day until which.
    ``asked``: deals that somebody asked to leave out this time, and whether the team may know.
    """

    away: frozenset[str] = frozenset()
    now: frozenset[str] = frozenset()
    since: date | None = None
    back: tuple[tuple[str, date], ...] = ()
    asked: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))


def memory(log: Log | None, book: DealBook, day: date) -> Memory:
    """What the log knows before the session of a day; nothing without one."""
    if log is None:
        return Memory()
    held = sessions_of(log, book).filter(pl.col("held_on") < day).drop_nulls("held_on").sort("held_on")
    since = held["held_on"].to_list()[-1] if held.height else None
    today = log.opened_on(day)
    later = pl.col("until_on") > day
    parked = log.parked(besides=today)
    now = log.parked().filter(later & pl.col("session_id").is_in(today))["deal_id"]
    recently = pl.lit(True) if since is None else pl.col("until_on") > since
    over = parked.filter((pl.col("until_on") <= day) & recently).select("deal_id", "until_on").sort("deal_id")
    away = frozenset(parked.filter(later)["deal_id"].to_list())
    asked = MappingProxyType(_asked(log, _end(held, book)))
    return Memory(away, frozenset(now.to_list()), since, tuple(over.iter_rows()), asked)


def _end(held: pl.DataFrame, book: DealBook) -> datetime | None:
    """When the last session ended: when it was closed, else with its day."""
    if not held.height:
        return None
    day, closed_at = held.select("held_on", "closed_at").row(-1)
    return closed_at or midnight(day + timedelta(days=1), book.settings.time_zone)


def _asked(log: Log, since: datetime | None) -> dict[str, bool]:
    """Requests that were written after the last session."""
    asked = log.entries(kind="prepared", reader="coach_and_rep").filter(pl.col("code") == "leave_out")
    if since is not None:
        asked = asked.filter(pl.col("written_at") > since)
    return dict(asked.select("deal_id", pl.col("seen_by") == "team").drop_nulls().iter_rows())
