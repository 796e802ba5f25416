"""How a file writes things down: what a user may say about it. Data, no reading."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.errors import UsageError, wrong_setting
from kpikit.processes.memory import quarter

DATE_ORDERS = ("dmy", "mdy", "ymd")


@dataclass(frozen=True, slots=True)
class Formats:
    """The ``[formats]`` table of kpikit.toml; what is None, the reader finds out by itself.

    ``delimiter`` between cells; ``encoding`` a Python codec name; ``decimal`` and ``thousands`` the marks in numbers;
    ``date_order`` how 03-04-2026 reads; ``date_formats`` strptime patterns tried before all else; ``time_zone`` (IANA)
    of times that carry no offset; ``nulls`` further texts that mean empty (never in a column of ids); ``header_row``
    the header's row as a spreadsheet shows it, or several rows that are one header; ``sheet`` the name or number
    (from 1) of the sheet in a workbook, or several that are one table; ``memory_mb`` how much memory reading one file
    may take (None: a quarter of the machine's).

    Example:
        >>> Formats.from_settings({"decimal": ",", "date_order": "dmy"}).decimal
        ','
    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: Literal[",", "."] | None = None
    thousands: str | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    date_formats: tuple[str, ...] | None = None
    time_zone: str | None = None
    nulls: tuple[str, ...] | None = None
    header_row: int | tuple[int, ...] | None = None
    sheet: str | int | tuple[str | int, ...] | None = None
    memory_mb: int | None = None

    @property
    def memory(self) -> int:
        """How much memory reading one file may take, in bytes."""
        return quarter() if self.memory_mb is None else self.memory_mb << 20

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Formats:
        """The formats that a ``[formats]`` table asks for.

        Raises:
            UsageError: ``unknown_setting`` for an unknown key, ``setting_value`` for a value that its key cannot take.
        """
        known = [f.name for f in fields(cls)]
        for key in settings:
            if key not in known:
                raise UsageError("unknown_setting", setting=f"formats.{key}", allowed=", ".join(known))
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in settings.items()}
        values |= {key: (values[key],) for key in ("nulls", "date_formats") if isinstance(values.get(key), str)}
        for key, value in values.items():
            if not _CHECKS[key](value):
                raise wrong_setting(f"formats.{key}", value, _ALLOWED[key])
        return cls(**values)


def _is_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(v, str) for v in value)


def _is_encoding(value: Any) -> bool:
    try:
        is_of_text = isinstance(value, str) and bool(codecs.lookup(value)._is_text_encoding)
        return is_of_text and b"a".decode(value, "replace") == "a"  # some that Python lists read no file
    except (LookupError, ValueError):
        return False


def _is_zone(value: Any) -> bool:
    try:
        if not isinstance(value, str) or not ZoneInfo(value):
            return False
        pl.select(pl.lit(0).cast(pl.Datetime("us", value)))  # "localtime" is none for a table
        return True
    except (KeyError, ValueError, OSError, pl.exceptions.PolarsError):
        return False


def _is_row(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_sheet(value: Any) -> bool:
    return isinstance(value, str) or _is_row(value)


_CHECKS = {
    "delimiter": lambda v: isinstance(v, str) and v != "" and not set(v) & set('\r\n"'),
    "encoding": _is_encoding,
    "decimal": lambda v: v in (",", "."),
    "thousands": lambda v: isinstance(v, str) and v in (",", ".", " ", "'", "’", "_", "\u00a0", "\u202f"),
    "date_order": lambda v: v in DATE_ORDERS,
    "date_formats": _is_texts,
    "time_zone": _is_zone,
    "nulls": _is_texts,
    "header_row": lambda v: _is_row(v) or (isinstance(v, tuple) and v != () and all(map(_is_row, v))),
    "memory_mb": lambda v: isinstance(v, int) and not isinstance(v, bool) and 64 <= v <= 1 << 24,
    "sheet": lambda v: _is_sheet(v) or (isinstance(v, tuple) and v != () and all(map(_is_sheet, v))),
}
_ALLOWED = {
    "delimiter": '";"',
    "encoding": '"utf-8", "cp1252", "utf-16"',
    "decimal": '",", "."',
    "thousands": '".", ",", " ", "\'"',
    "date_order": ", ".join(f'"{o}"' for o in DATE_ORDERS),
    "date_formats": '["%d-%m-%Y %H:%M"]',
    "time_zone": '"Europe/Brussels"',
    "memory_mb": "64 – 16777216",
    "nulls": '["Select", "NA"]',
    "header_row": "1, 2, 3, [1, 2]",
    "sheet": '"Sheet1", 1, ["2025", "2026"]',
}
