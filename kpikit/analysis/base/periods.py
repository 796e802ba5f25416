"""Windows of time as they are asked for: a period, or its text by the book's calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter
from typing import TypeAlias, overload

from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.errors import UsageError

#: the parameters that name a window
NAMES = ("during", "before")
#: what a window is asked with: a period, or "2026Q3", "FY2026Q2", "2026-07"
Window: TypeAlias = Period | str


def read_windows(book: DealBook, asked: Mapping[str, object], takes: Mapping[str, Parameter]) -> dict[str, object]:
    """The windows among what was asked, as periods; several only where the question takes a sequence of them.

    Raises:
        UsageError: it is no period, or none where the question needs one.
    """
    found: dict[str, object] = {}
    for name in NAMES:
        if name in takes:
            given, several = asked[name], "Sequence" in str(takes[name].annotation)
            if given is None and takes[name].default is None:
                found[name] = None
            elif several and isinstance(given, Sequence) and not isinstance(given, str):
                found[name] = [_read(book, one) for one in given]
            else:
                found[name] = _read(book, given)
    return found


def _read(book: DealBook, given: object) -> Period:
    if isinstance(given, Period):
        return given
    if not isinstance(given, str):
        raise UsageError("period", period=given)
    return book.settings.period(given)


@overload
def as_period(window: Window) -> Period: ...
@overload
def as_period(window: Window | None) -> Period | None: ...
def as_period(window: Window | None) -> Period | None:
    """The period that a window has become before its question sees it; this says so to a type checker.

    Raises:
        TypeError: it is still a text: the question was reached past :func:`kpikit.analysis.base.answer.answer`.
    """
    if isinstance(window, str):
        raise TypeError(f"{window!r} was never read as a period")
    return window
