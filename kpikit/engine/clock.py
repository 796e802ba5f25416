"""Clocks: how long something took, by the calendar or in days on which people work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from kpikit.calendar import MICROSECONDS_PER_UNIT
from kpikit.errors import UsageError

if TYPE_CHECKING:
    from kpikit.book.settings import Settings

Days = Literal["calendar", "working"]
WORKING_DAY = "working_day"
#: every unit in which time is counted, in microseconds of its own clock (a working day has 24 hours too)
WIDTH_US = {**MICROSECONDS_PER_UNIT, WORKING_DAY: MICROSECONDS_PER_UNIT["day"]}


def unit_of(days: Days, settings: Settings) -> str:
    """The unit in which a question counts: the book's own, or working days.

    >>> from kpikit.book import Settings
    >>> unit_of("working", Settings(bin="hour"))
    'working_day'
    """
    if days not in ("calendar", "working"):
        raise UsageError("setting_value", setting="days", value=days, allowed="calendar, working")
    return WORKING_DAY if days == "working" else settings.bin


def elapsed(start: pl.Expr, end: pl.Expr, unit: str, settings: Settings) -> pl.Expr:
    """Microseconds from one UTC instant to a later one, on the clock of the unit.

    The clock of working days stands still on Saturdays, Sundays and ``settings.holidays``, by the book's local days,
    and runs round the clock on the others: from Friday 18:00 to Monday 6:00 half a working day passes.

    >>> from datetime import UTC, datetime
    >>> from kpikit.book import Settings
    >>> friday, monday = datetime(2026, 5, 8, 18, tzinfo=UTC), datetime(2026, 5, 11, 6, tzinfo=UTC)
    >>> pl.select(elapsed(pl.lit(friday), pl.lit(monday), "working_day", Settings()) / 3_600_000_000).item()
    12.0
    """
    if unit != WORKING_DAY:
        return (end - start).dt.total_microseconds()
    begun, ended = (at.dt.convert_time_zone(settings.time_zone) for at in (start, end))
    days = pl.business_day_count(begun.dt.date(), ended.dt.date(), holidays=settings.holidays)
    past = days.cast(pl.Int64) * WIDTH_US[WORKING_DAY]
    worked = past + _worked_today(ended, settings) - _worked_today(begun, settings)
    return worked.clip(lower_bound=0)  # within an hour that a change of clocks repeats, time does not run back


def _worked_today(local: pl.Expr, settings: Settings) -> pl.Expr:
    """Microseconds since the local midnight, none where nobody works that day."""
    passed = local.dt.time().cast(pl.Int64) // 1000
    return pl.when(local.dt.date().dt.is_business_day(holidays=settings.holidays)).then(passed).otherwise(0)


def on_clock(visits: pl.LazyFrame, unit: str, settings: Settings) -> pl.LazyFrame:
    """Observed, coded visits with their ages (``age``, ``entry_age``) on the clock of the unit."""
    if unit != WORKING_DAY:
        return visits
    ages = [
        elapsed(_instant(pl.col("entered_at")), _instant(pl.col("entered_at") + pl.col(age)), unit, settings).alias(age)
        for age in ("age", "entry_age")
    ]
    return visits.with_columns(ages)


def _instant(microseconds: pl.Expr) -> pl.Expr:
    return microseconds.cast(pl.Datetime("us", "UTC"))
