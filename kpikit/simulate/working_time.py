"""Moves drawn instants into working hours without changing their order: a week becomes its working days, 8:30 to 17:30.

Drawn time runs through nights and weekends. The map is monotone and keeps every week's Monday, so days between two
instants change by two at most and medians of weeks hardly at all.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from kpikit.simulate.paths import DAY, SECOND, microseconds
from kpikit.simulate.streams import Floats, Ints

WEEK = 7 * DAY
OPENS, HOURS = int(8.5 * 3600), 9 * 3600
FIRST_MONDAY, WEEKS = date(2023, 1, 2), 240
#: Days on which nobody works, in all the countries of the demo.
HOLIDAYS = frozenset(
    date(year, month, day)
    for year in range(2023, 2028)
    for month, day in ((1, 1), (12, 24), (12, 25), (12, 26), (12, 31))
) | {
    date(2024, 4, 1),
    date(2025, 4, 21),
    date(2025, 5, 29),
    date(2025, 6, 9),
    date(2026, 4, 6),
    date(2026, 5, 14),
    date(2026, 5, 25),
}


def _weeks() -> tuple[Ints, Ints]:
    """For each week its number of working days, and which they are (week × 5, days after Monday)."""
    count, days = np.zeros(WEEKS, dtype=np.int64), np.zeros((WEEKS, 5), dtype=np.int64)
    for w in range(WEEKS):
        monday = FIRST_MONDAY + timedelta(weeks=w)
        open_days = [d for d in range(5) if monday + timedelta(days=d) not in HOLIDAYS]
        count[w], days[w, : len(open_days)] = len(open_days), open_days
    return count, days


COUNT, DAYS = _weeks()
ORIGIN = microseconds(FIRST_MONDAY)


def to_working_time(drawn: Ints) -> Ints:
    """Local working instants for drawn instants (both µs, without a zone)."""
    week, rest = np.divmod(np.asarray(drawn) - ORIGIN, WEEK)
    place = rest / WEEK * COUNT[week]
    nth = np.minimum(place.astype(np.int64), COUNT[week] - 1)
    second = OPENS + ((place - nth) * HOURS).astype(np.int64)
    return ORIGIN + week * WEEK + DAYS[week, nth] * DAY + second * SECOND


def working_days(first: date, until: date) -> list[date]:
    """The working days from ``first`` on, without ``until``."""
    every = (first + timedelta(days=d) for d in range((until - first).days))
    return [d for d in every if d.weekday() < 5 and d not in HOLIDAYS]


def drawn_time(days: list[date], share: Floats) -> Ints:
    """Drawn instants that land on these working days, at this share (0 to 1) of the working hours."""
    start = np.array([microseconds(d) for d in days]) - ORIGIN
    week, rest = np.divmod(start, WEEK)
    nth = (DAYS[week] == (rest // DAY)[:, None]).argmax(axis=1)
    place = (nth + 0.02 + 0.96 * share) / COUNT[week]
    return ORIGIN + week * WEEK + (place * WEEK / SECOND).astype(np.int64) * SECOND


def utc(drawn: pl.Series, time_zone: str) -> pl.Series:
    """Drawn instants (µs, null stays null) as UTC instants in working hours of the time zone."""
    known = drawn.drop_nulls().to_numpy()
    local = pl.Series(to_working_time(known)).cast(pl.Datetime("us")).dt.replace_time_zone(time_zone)
    whole = pl.DataFrame(
        {"i": pl.Series(np.flatnonzero(drawn.is_not_null().to_numpy())), "at": local.dt.convert_time_zone("UTC")}
    )
    index = pl.DataFrame({"i": pl.Series(np.arange(len(drawn)))})
    return index.join(whole, on="i", how="left", maintain_order="left")["at"].alias(drawn.name)
