"""Have the values of a kpikit.toml the kinds that their names ask for? Said before anything is done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from kpikit.errors import UsageError, as_written

Check = Callable[[str, Any], None]


def of(is_right: Callable[[Any], bool], example: str) -> Check:
    """A check that refuses a value with an example of what would do."""

    def check(where: str, value: Any) -> None:
        if not is_right(value):
            raise UsageError("setting_kind", setting=where, value=as_written(value), example=example)

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _can_stand_in_a_table(value: Any) -> bool:
    """A number that a cell could hold: not nan, not without end, not of a thousand digits."""
    return _is_number(value) and abs(value) < 2**63


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


text = of(lambda v: isinstance(v, str), '"…"')
texts = of(_are_texts, '["…", "…"]')
names = of(lambda v: isinstance(v, str) or (_are_texts(v) and bool(v)), '"…", ["…", "…"]')
number = of(_is_number, "0.2")
file = of(lambda v: isinstance(v, str) and "\0" not in v, '"deals.csv"')
moment = of(lambda v: isinstance(v, (str, date)), "2026-07-18")
value = of(lambda v: isinstance(v, (str, bool, date)) or _can_stand_in_a_table(v), '"…", 1, true, 2026-01-31')


def table(**known: Check) -> Check:
    """A table whose known keys have these kinds; others are somebody else's to refuse."""

    def check(where: str, given: Any) -> None:
        _is_table(where, given)
        for key, kind in known.items():
            if key in given:
                kind(f"{where}.{key}" if where else key, given[key])

    return check


def each(kind: Check) -> Check:
    """A table whose every value has this kind."""

    def check(where: str, given: Any) -> None:
        _is_table(where, given)
        for key, one in given.items():
            kind(f"{where}.{key}", one)

    return check


_is_table = of(lambda v: isinstance(v, Mapping), "{ … }")
_LOOKUP = table(file=file, key=text, column=text, on=text)
_TABLE = table(
    file=file, columns=each(names), constants=each(value), lookup=each(_LOOKUP), values=each(each(value)),
    pipeline=names, order=texts, won=texts, lost=texts, own=each(table(column=text, known=text, kind=text)), url=text,
)  # fmt: skip
_EVENT_LOG = table(
    file=file, case=text, activity=text, time=text, pipeline=text, keep=each(texts), attributes=each(text),
    stages=texts, won=texts, lost=texts, void=texts,
)  # fmt: skip
#: the whole of a kpikit.toml
CONFIG = table(
    settings=table(
        time_zone=text, fiscal_year_starts=number, currency=text, bin=text, max_dropped=number, as_of=moment, url=text
    ),
    privacy=table(persons=text, agreement=text, min_people=number, min_deals=number, min_team=number),
    theme=table(logo=file, now=text, before=text, waiting=text, font=text, footer=text),
    formats=table(),
    tables=each(_TABLE),
    event_log=_EVENT_LOG,
)
