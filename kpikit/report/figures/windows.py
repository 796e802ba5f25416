"""Windows that widen by themselves until there is enough to tell: the period, four quarters, all there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from kpikit.calendar import Period
from kpikit.show.page import Message, message


@dataclass(frozen=True)
class Told:
    """What was found, in which window, and a sentence where that is wider than the period."""

    rows: pl.DataFrame
    window: Period | None
    name: Literal["period", "year", "all"]

    @property
    def said(self) -> tuple[Message, ...]:
        """Nothing for the period itself; else how far the page looks back."""
        if self.name == "period":
            return ()
        return (message("wider.year", period=self.window) if self.window else message("wider.all"),)


def widening(
    period: Period,
    ask: Callable[[Period | None], pl.DataFrame],
    *,
    enough: int,
    farthest: Literal["year", "all"] = "all",
) -> Told:
    """The narrowest window in which column ``_n`` sums to enough; the period itself where none does."""
    year = period.widened(12) if period.months < 12 else None
    windows = [(period, "period"), *([(year, "year")] if year else []), *([(None, "all")] if farthest == "all" else [])]
    first = None
    for window, name in windows:
        rows = ask(window)
        found = Told(rows, window, name)  # type: ignore[arg-type]
        first = first or found
        if rows.height and rows["_n"].sum() >= enough:
            return found
    return first  # type: ignore[return-value]
