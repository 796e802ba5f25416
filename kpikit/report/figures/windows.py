"""Windows that widen by themselves until there is enough to tell: the period, four quarters, all there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from kpikit.calendar import Period


@dataclass(frozen=True)
class Window:
    """Two stretches of time that a page compares, as narrow as the data allow."""

    name: str
    now: Period
    before: Period


@dataclass(frozen=True)
class Found:
    """What was found, and in which window; ``window`` is None for all there is."""

    rows: pl.DataFrame
    window: Period | None
    name: Literal["period", "year", "all"]


def widening(
    period: Period,
    ask: Callable[[Period | None], pl.DataFrame],
    *,
    enough: int,
    farthest: Literal["year", "all"] = "all",
) -> Found:
    """The narrowest window in which column ``_n`` sums to enough; the period itself where none does."""
    year = period.widened(12) if period.months < 12 else None
    windows = [(period, "period"), *([(year, "year")] if year else []), *([(None, "all")] if farthest == "all" else [])]
    first = None
    for window, name in windows:
        rows = ask(window)
        found = Found(rows, window, name)  # type: ignore[arg-type]
        first = first or found
        if rows.height and rows["_n"].sum() >= enough:
            return found
    return first  # type: ignore[return-value]
