"""Fiscal periods and local days: which instants belong to "2026Q3" or "FY2026Q2".

``2026Q3`` is a calendar quarter, ``FY2026Q2`` the second quarter of the fiscal year that *starts* in 2026; also
``2026``, ``FY2026``, ``2026-07``. Periods are half-open: from the first instant of the first local day up to, and
without, the first instant of the next period.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from kpikit.errors import UsageError

MICROSECONDS_PER_UNIT = {"day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000}

_PERIOD = re.compile(r"(?P<fiscal>FY)?(?P<year>\d{4})(?:Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?", re.IGNORECASE)


def midnight(day: date, time_zone: str) -> datetime:
    """The UTC instant at which a local day begins."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The first day of the month so many months later (or earlier)."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """A run of whole months, on one time zone's days.

    ``first_on`` is its first day and ``next_on`` the first day after it. ``name`` is what was asked for.
    """

    name: str
    first_on: date
    months: int
    time_zone: str = "UTC"
    fiscal_start: int = 1

    @classmethod
    def parse(cls, text: str, *, fiscal_start: int = 1, time_zone: str = "UTC") -> Period:
        """Read ``2026Q3``, ``FY2026Q2``, ``2026``, ``FY2026`` or ``2026-07``.

        ``fiscal_start`` is the month (1 to 12) in which the fiscal year begins.

        >>> Period.parse("FY2026Q2", fiscal_start=4).first_on
        datetime.date(2026, 7, 1)
        """
        match = _PERIOD.fullmatch(text.strip())
        if match is None or (match["fiscal"] and match["month"]) or not 1900 <= int(match["year"]) <= 2999:
            raise UsageError("period", period=text)
        start = date(int(match["year"]), fiscal_start if match["fiscal"] else 1, 1)
        if match["month"]:
            start, months = add_months(start, int(match["month"]) - 1), 1
        elif match["quarter"]:
            start, months = add_months(start, 3 * (int(match["quarter"]) - 1)), 3
        else:
            months = 12
        return cls(text.strip().upper(), start, months, time_zone, fiscal_start)

    @property
    def next_on(self) -> date:
        """The first day after the period."""
        return add_months(self.first_on, self.months)

    @property
    def start(self) -> datetime:
        """The first instant (UTC)."""
        return midnight(self.first_on, self.time_zone)

    @property
    def end(self) -> datetime:
        """The first instant after the period (UTC)."""
        return midnight(self.next_on, self.time_zone)

    def back(self, months: int, length: int | None = None) -> Period:
        """The period that begins so many months earlier, of the same length unless told."""
        first_on, length = add_months(self.first_on, -months), length or self.months
        return Period(f"{first_on:%Y-%m}+{length}", first_on, length, self.time_zone, self.fiscal_start)

    def widened(self, months: int) -> Period:
        """The period of so many months that ends when this one ends."""
        return self.back(months - self.months, months)

    @property
    def label(self) -> str:
        """``Q2 FY26/27`` for a fiscal quarter, ``Q3 2026`` for a calendar one, ``FY26/27``; else nothing."""
        if re.fullmatch(r"\d{4}(-\d{2}(\+\d+)?)?", self.name):
            return ""
        start = self.fiscal_start if self.name.startswith("FY") else 1
        year = self.first_on.year - (self.first_on.month < start)
        quarter = f"Q{(self.first_on.month - start) % 12 // 3 + 1} " if self.months == 3 else ""
        if not self.name.startswith("FY"):
            return f"{quarter}{year}"
        return f"{quarter}FY{year % 100:02}/{(year + 1) % 100:02}" if start > 1 else f"{quarter}FY{year % 100:02}"
