"""The few figures of a report that a run remembers: for its index, and to see later what has become another figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.analysis.velocity import time_in_stage
from kpikit.analysis.winloss import win_rate, wins
from kpikit.book import DealBook
from kpikit.calendar import Period, add_months

_KEPT = ("unit", "value", "low", "high", "n", "n_late", "definition")


def of_review(wins_: pl.DataFrame, times: pl.DataFrame, period: Period, window: Period) -> tuple[dict[str, Any], ...]:
    """Of a team's review: what was won in the period, and how long half of the deals stay in each stage.

    ``times`` are those of the window; none where deals are too few, or stages cannot be told.
    """
    return (*_won(wins_, period), *_medians(times, window))


def of_winloss(wins_: pl.DataFrame, bridge: pl.DataFrame, period: Period, window: Period) -> tuple[dict[str, Any], ...]:
    """Of the quarterly report: what was won in the period, and the share won of what was finished in the window."""
    rows = bridge.filter(pl.col("step") == "finished") if "step" in bridge.columns else pl.DataFrame()
    return (*_won(wins_, period), *_told(rows, "finished", window))


def whole_from(book: DealBook, period: Period) -> date | None:
    """The first day from which the wins of a period can be whole.

    A book begins with deals that begin: what was won in its first period was mostly begun before, and is not in it.
    """
    day = book.tables["deals"].lazy().select(pl.col("created_day").min().cast(pl.Date)).collect().item()
    return None if day is None else add_months(day, period.months)


def last_on(book: DealBook) -> date | None:
    """The last local day on which a deal began, changed its stage or ended."""
    days = [book.tables["deals"].lazy().select(at=pl.max_horizontal("created_at", "outcome_at"))]
    if "stage_events" in book.tables:
        days.append(book.tables["stage_events"].lazy().select(at="entered_at"))
    last = pl.concat(days, how="vertical_relaxed").select(pl.col("at").max()).collect().item()
    return None if last is None else last.astimezone(ZoneInfo(book.settings.time_zone)).date()


def again(book: DealBook, earlier: Iterable[Mapping[str, Any]]) -> list[dict[str, Any] | None]:
    """The same figures of the same windows, as this book tells them; None where it cannot any more."""
    found: dict[tuple[str, str, int], dict[tuple[str, str | None], dict[str, Any]]] = {}
    answers = []
    for figure in earlier:
        first_on, months, name = figure["first_on"], figure["months"], figure["figure"]
        family = "won" if name == "won_value" else name
        key = (family, first_on, months)
        if key not in found:
            settings = book.settings
            start = date.fromisoformat(first_on)
            window = Period(first_on, start, months, settings.time_zone, settings.fiscal_year_starts)
            found[key] = {(row["figure"], row["stage"]): row for row in _asked(book, family, window)}
        answers.append(found[key].get((name, figure["stage"])))
    return answers


def _asked(book: DealBook, family: str, window: Period) -> tuple[dict[str, Any], ...]:
    if family == "won":
        return _won(wins(book, during=[window]).frame, window)
    if family == "median":
        return _medians(time_in_stage(book, during=window).frame, window)
    if family == "finished":
        return _told(win_rate(book, definition="finished", during=window).frame, "finished", window)
    return ()  # a figure that this version does not know any more


def _won(wins_: pl.DataFrame, period: Period) -> tuple[dict[str, Any], ...]:
    if "period" not in wins_.columns:
        return ()
    mine = wins_.filter(pl.col("period") == period.first_on)
    return tuple(
        row for name in ("won", "won_value") for row in _told(mine.filter(pl.col("figure") == name), name, period)
    )


def _medians(times: pl.DataFrame, window: Period) -> tuple[dict[str, Any], ...]:
    return _told(times, "median", window)


def _told(rows: pl.DataFrame, figure: str, window: Period) -> tuple[dict[str, Any], ...]:
    """What is told of each row; a figure that was too few for the page, or suppressed, is not kept either."""
    return tuple(
        {"figure": figure, "stage": row.get("stage"), "first_on": window.first_on.isoformat(), "months": window.months}
        | {name: row[name] for name in _KEPT if name in row}
        for row in rows.to_dicts()
        if row["status"] == "ok" and row["value"] is not None
    )
