"""Have the values of a kpikit.toml the kinds that their names ask for? Said before anything is done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from kpikit.book.settings import PER
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


def _are_files(value: Any) -> bool:
    one_or_more = [value] if isinstance(value, str) else value
    return _are_texts(one_or_more) and bool(one_or_more) and not any("\0" in name for name in one_or_more)


def _is_column(value: Any) -> bool:
    """A name, several of which the first that is filled counts, or one with what is to be said of it."""
    if isinstance(value, Mapping):
        return isinstance(value.get("column"), str) and value.get("per", "") in PER and set(value) <= {"column", "per"}
    return isinstance(value, str) or (_are_texts(value) and bool(value))


def _is_wide(value: Any) -> bool:
    """A stage of a wide history: its name and the column of its entry, perhaps of its exit, pipeline and time."""
    known = {"stage", "entered", "exited", "pipeline", "time"}
    return (
        isinstance(value, Mapping)
        and {"stage", "entered"} <= set(value) <= known
        and all(isinstance(one, str) for one in value.values())
    )


text = of(lambda v: isinstance(v, str), '"…"')
texts = of(_are_texts, '["…", "…"]')
names = of(lambda v: isinstance(v, str) or (_are_texts(v) and bool(v)), '"…", ["…", "…"]')
column = of(_is_column, '"Amount", ["Won time", "Lost time"], { column = "ARR", per = "year" }')
number = of(_is_number, "0.2")
file = of(lambda v: isinstance(v, str) and "\0" not in v, '"deals.csv"')
files = of(_are_files, '"deals.csv", ["2025.csv", "2026.csv"], "deals-*.csv"')
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
_STAGES = of(lambda v: isinstance(v, list) and all(map(_is_wide, v)) and bool(v), '[{ stage = "…", entered = "…" }]')
_TABLE = table(
    file=files, columns=each(column), rows=text, ends=each(text), constants=each(value), lookup=each(_LOOKUP),
    values=each(each(value)), pipeline=names, order=texts, won=texts, lost=texts, pipelines=each(texts),
    keep=each(texts),
    latest=text, made_from=text, shape=text, field=text, fields=each(text), stages=_STAGES, url=text,
    own=each(table(column=text, known=text, kind=text)), **{"from": text},
)  # fmt: skip
_EVENT_LOG = table(
    file=file, case=text, activity=text, time=text, pipeline=text, keep=each(texts), attributes=each(text),
    stages=texts, won=texts, lost=texts, void=texts, lifecycle=text,
)  # fmt: skip
#: the whole of a kpikit.toml
CONFIG = table(
    settings=table(
        time_zone=text,
        fiscal_year_starts=number,
        currency=text,
        amount_per=text,
        bin=text,
        max_dropped=number,
        as_of=moment,
        url=text,
    ),
    privacy=table(persons=text, agreement=text, min_people=number, min_deals=number, min_team=number),
    theme=table(logo=file, now=text, before=text, waiting=text, font=text, footer=text),
    formats=table(),
    tables=each(_TABLE),
    event_log=_EVENT_LOG,
    undecided=each(text),
)
