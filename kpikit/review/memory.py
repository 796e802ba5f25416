"""What earlier sessions left behind for this one: who is parked, who is back, which deals should be left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book import DealBook
from kpikit.calendar import midnight
from kpikit.review.ours import sessions_of

if TYPE_CHECKING:
    from kpikit.log.log import Log


@dataclass(frozen=True)
class Memory:
    """What the log knows before a session.

    ``away``: deals that are parked on its day. ``since``: the day of the last session (null: none is known). ``back``:
    deals whose parking is over, with the day until which. ``asked``: deals that somebody asked to leave out this time,
    and whether the team may know.
    """

    away: frozenset[str] = frozenset()
    since: date | None = None
    back: tuple[tuple[str, date], ...] = ()
    asked: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))


def memory(log: Log | None, book: DealBook, day: date) -> Memory:
    """What the log knows before the session of a day; nothing without one."""
    if log is None:
        return Memory()
    held = sessions_of(log, book).filter(pl.col("held_on") < day)["held_on"].drop_nulls()
    since = max(held.to_list(), default=None)
    parked = log.parked().filter(pl.col("until_on").is_not_null())
    away = frozenset(parked.filter(pl.col("until_on") > day)["deal_id"].to_list())
    recently = pl.lit(True) if since is None else pl.col("until_on") > since
    over = parked.filter((pl.col("until_on") <= day) & recently).select("deal_id", "until_on").sort("deal_id")
    return Memory(away, since, tuple(over.iter_rows()), MappingProxyType(_asked(log, book, since)))


def _asked(log: Log, book: DealBook, since: date | None) -> dict[str, bool]:
    """Requests that were written after the last session."""
    asked = log.entries(kind="prepared", reader="coach_and_rep").filter(pl.col("code") == "leave_out")
    if since is not None:
        asked = asked.filter(pl.col("written_at") >= midnight(since + timedelta(days=1), book.settings.time_zone))
    return dict(asked.select("deal_id", pl.col("seen_by") == "team").drop_nulls().iter_rows())
