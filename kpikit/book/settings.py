"""What a book's owner has settled: time zone, fiscal year, currency, bin width, and who may see what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book.house_style import Theme
from kpikit.calendar import MICROSECONDS_PER_UNIT, Period
from kpikit.errors import UsageError, wrong_setting

#: what an amount may be for; "" once
PER = ("", "year", "month")
#: no floor is higher: a group of so many is no group any more
_MOST = 1_000_000
#: an address of the web whose host is written out; none of the signs that could end an attribute of a page
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d{1,5})?/[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%{}-]*")


@dataclass(frozen=True, slots=True)
class Privacy:
    """``[privacy]`` in kpikit.toml.

    ``persons`` is "off" (no output shows or groups by a person) or "self" (a person's own pages exist, for that
    person). A breakdown within a report needs ``min_people`` people and ``min_deals`` deals in each group, a team's own
    report ``min_team`` people. ``agreement`` is the reference of the agreement with staff, printed in each footer.
    """

    persons: Literal["off", "self"] = "off"
    min_people: int = 5
    min_deals: int = 10
    min_team: int = 3
    agreement: str = ""

    def __post_init__(self) -> None:
        if self.persons not in ("off", "self"):
            raise wrong_setting("privacy.persons", self.persons, "off, self")
        for name, least in (("min_people", 5), ("min_deals", 10), ("min_team", 3)):
            value = getattr(self, name)
            if not isinstance(value, int) or not least <= value <= _MOST:
                raise wrong_setting(f"privacy.{name}", value, f"{least} – {_MOST}")


@dataclass(frozen=True, slots=True)
class Settings:
    """``[settings]`` in kpikit.toml.

    ``time_zone``: IANA name; local days are its days. ``fiscal_year_starts``: month 1 to 12. ``currency``: the one that
    sums are given in (None: amounts are taken as they are). ``amount_per``: what an amount is for, "year", "month",
    or "" once; every sum says it. ``bin``: the width in which time is counted.
    ``max_dropped``: the share of rows that may be refused before the book does not open. ``holidays``: days on which
    nobody works besides Saturdays and Sundays (figures in working days leave them out). ``as_of``: up to when the data
    speak, where that is not the last instant recorded in them; a day is meant to its end. ``url``: where a deal can be
    looked up, as ``https://crm.example/deals/{deal_id}``; the team's own pages then link there.
    """

    time_zone: str = "UTC"
    fiscal_year_starts: int = 1
    currency: str | None = None
    amount_per: Literal["", "year", "month"] = ""
    bin: Literal["day", "hour", "minute"] = "day"
    max_dropped: float = 0.2
    holidays: tuple[date, ...] = ()
    as_of: datetime | None = field(default=None, repr=False)  # a book says itself up to when it speaks
    url: str = field(default="", repr=False)  # where its deals can be looked up is no part of what a book says
    privacy: Privacy = field(default_factory=Privacy)
    theme: Theme = field(default_factory=Theme, repr=False)  # how it looks is no part of what a book says

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
            pl.select(pl.lit(0).cast(pl.Datetime("us", self.time_zone)))  # "localtime" is none for a table
        except (KeyError, ValueError, OSError, pl.exceptions.PolarsError):
            raise wrong_setting("time_zone", self.time_zone, "Europe/Amsterdam, UTC, …") from None
        if not isinstance(self.fiscal_year_starts, int) or self.fiscal_year_starts not in range(1, 13):
            raise wrong_setting("fiscal_year_starts", self.fiscal_year_starts, "1 – 12")
        if self.amount_per not in PER:
            raise wrong_setting("amount_per", self.amount_per, '"", year, month')
        if self.bin not in MICROSECONDS_PER_UNIT:
            raise wrong_setting("bin", self.bin, "day, hour, minute")
        if not 0 <= self.max_dropped <= 1:  # neither does nan lie between
            raise wrong_setting("max_dropped", self.max_dropped, "0 – 1")
        object.__setattr__(self, "holidays", _days(self.holidays))
        object.__setattr__(self, "as_of", as_instant(self.as_of, self.time_zone))
        if self.url and not _is_address(self.url):
            raise wrong_setting("url", self.url, "https://…/{deal_id}")

    def deal_url(self, deal_id: str) -> str:
        """Where a deal can be looked up; "" where the book does not say.

        >>> Settings(url="https://crm.example/deal?id={deal_id}").deal_url("A&b/1")
        'https://crm.example/deal?id=A%26b%2F1'
        """
        return self.url.replace("{deal_id}", quote(deal_id, safe="")) if self.url else ""

    @classmethod
    def from_tables(
        cls,
        settings: Mapping[str, Any],
        privacy: Mapping[str, Any],
        theme: Mapping[str, Any] = MappingProxyType({}),
        folder: Path = Path(),
    ) -> Settings:
        """From the tables of a kpikit.toml, which lies in ``folder``; an unknown key is refused."""
        _known("settings", settings, {f.name for f in fields(cls)} - {"privacy", "theme"})
        _known("privacy", privacy, {f.name for f in fields(Privacy)})
        return cls(**settings, privacy=Privacy(**privacy), theme=Theme.from_table(theme, folder))

    def period(self, text: str) -> Period:
        """Read a period such as ``2026Q3`` or ``FY2026Q2`` by this book's calendar."""
        return Period.parse(text, fiscal_start=self.fiscal_year_starts, time_zone=self.time_zone)


def _days(given: Any) -> tuple[date, ...]:
    """Holidays in order, from TOML dates or from text."""
    try:
        return tuple(sorted(day if type(day) is date else date.fromisoformat(day) for day in given))
    except (TypeError, ValueError):
        raise wrong_setting("holidays", given, "[2026-12-25, …]") from None


def _is_address(url: str) -> bool:
    """An address on the web, by https, with the place of the deal's id behind its host and nothing else to fill in."""
    if not isinstance(url, str) or not _ADDRESS.fullmatch(url):
        return False
    return "{" not in (bare := url.replace("{deal_id}", "")) and "}" not in bare and bare != url


def as_instant(given: datetime | date | str | None, time_zone: str) -> datetime | None:
    """A moment as somebody wrote it, in UTC: a day is meant to its end, a time without a zone is local.

    Raises:
        UsageError: it is neither a day nor a time.

    >>> as_instant("2026-07-18", "Europe/Amsterdam").isoformat(timespec="minutes")
    '2026-07-18T21:59+00:00'
    """
    if given is None:
        return None
    zone = ZoneInfo(time_zone)
    try:
        if isinstance(given, str):
            given = date.fromisoformat(given) if len(given) == len("2026-07-18") else datetime.fromisoformat(given)
        if isinstance(given, datetime):
            return (given if given.tzinfo is not None else given.replace(tzinfo=zone)).astimezone(UTC)
        next_day = datetime.combine(given + timedelta(days=1), time(), zone)
        return next_day.astimezone(UTC) - timedelta(microseconds=1)
    except (TypeError, ValueError, OverflowError):
        raise wrong_setting("as_of", given, "2026-07-18, 2026-07-18T17:00") from None


def _known(table: str, values: Mapping[str, Any], names: set[str]) -> None:
    for key in values:
        if key not in names:
            raise UsageError("unknown_setting", setting=f"{table}.{key}", allowed=", ".join(sorted(names)))
