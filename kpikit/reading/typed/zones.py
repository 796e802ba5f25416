"""Time zones as they stand behind a time: offsets, and abbreviations, of which some have two meanings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import polars as pl

#: What may stand behind a time, after brackets are taken away: ``Z``, ``+0100``, ``CET``, ``GMT+2``.
PATTERN = r"[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]{1,5}(?:[+-]\d{1,2}(?::?\d{2})?)?"
_HOURS = {
    **dict.fromkeys(("Z", "UTC", "UT", "GMT", "WET"), 0.0),
    **dict.fromkeys(("CET", "MET", "MEZ", "WEST"), 1.0),
    **dict.fromkeys(("CEST", "MEST", "MESZ", "EET", "SAST"), 2.0),
    **dict.fromkeys(("EEST", "MSK", "TRT"), 3.0),
    "EST": -5.0,
    "EDT": -4.0,
    "CDT": -5.0,
    "MST": -7.0,
    "MDT": -6.0,
    "PST": -8.0,
    "PDT": -7.0,
    "AKST": -9.0,
    "AKDT": -8.0,
    "HST": -10.0,
    "ADT": -3.0,
    "NDT": -2.5,
    "BRT": -3.0,
    "ART": -3.0,
    "PKT": 5.0,
    "ICT": 7.0,
    "WIB": 7.0,
    "SGT": 8.0,
    "HKT": 8.0,
    "AWST": 8.0,
    "JST": 9.0,
    "KST": 9.0,
    "ACST": 9.5,
    "ACDT": 10.5,
    "AEST": 10.0,
    "AEDT": 11.0,
    "NZST": 12.0,
    "NZDT": 13.0,
}
#: Abbreviations that mean two clocks: the one that is met most, then the other.
_TWO = {"CST": (-6.0, 8.0), "IST": (5.5, 1.0), "BST": (1.0, 6.0), "AST": (-4.0, 3.0), "GST": (4.0, -2.0)}
#: A winter and a summer day, on which a zone says what it calls its time.
_DAYS = (datetime(2025, 1, 15, tzinfo=UTC), datetime(2025, 7, 15, tzinfo=UTC))


@cache
def called_there(name: str) -> dict[str, int]:
    """What the clocks of a zone are called, with their offset in minutes.

    >>> called_there("Europe/London")
    {'GMT': 0, 'BST': 60}
    """
    found = [day.astimezone(ZoneInfo(name)) for day in _DAYS]
    return {at.tzname() or "": (at.utcoffset() or timedelta()) // timedelta(minutes=1) for at in found}


def minutes(zone: pl.Expr, book_zone: str) -> pl.Expr:
    """The offset in minutes of what stands behind a time; null where it is unknown."""
    known = {name: int(60 * hours) for name, hours in (_HOURS | {n: h for n, (h, _) in _TWO.items()}).items()}
    known |= {name: offset for name, offset in called_there(book_zone).items() if name in _TWO}
    name = zone.str.extract(r"^([A-Za-z]+)").str.to_uppercase()
    named = name.replace_strict(known, default=None, return_dtype=pl.Int32)
    hours = zone.str.extract(r"[+-](\d{1,2})").cast(pl.Int32)
    more = zone.str.extract(r"[+-]\d{1,2}:?(\d{2})$").cast(pl.Int32).fill_null(0)
    sign = pl.when(zone.str.contains("-", literal=True)).then(-1).otherwise(1)
    written = sign * (60 * hours + more)
    is_base = name.is_null() | name.is_in(["Z", "UTC", "UT", "GMT"])
    return pl.when(hours.is_null()).then(named).when(is_base).then(written).cast(pl.Int32)


def has_two_meanings(zone: pl.Expr, book_zone: str) -> pl.Expr:
    """Is it an abbreviation of which the book's own zone does not say which clock it means?"""
    unclear = [name for name in _TWO if name not in called_there(book_zone)]
    return zone.str.to_uppercase().is_in(unclear)


def two_meanings(zone: str) -> dict[str, str]:
    """The clock that an abbreviation was taken for and the other one, as ``UTC-6`` and ``UTC+8``."""
    taken, other = _TWO[zone]
    return {"zone": zone, "taken": f"UTC{taken:+g}", "other": f"UTC{other:+g}"}
