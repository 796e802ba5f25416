"""The few figures of a report that a run remembers: for its index, and to see later what has become another figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.analysis.velocity import time_in_stage
from kpikit.analysis.winloss import reasons, win_rate, wins
from kpikit.book import DealBook
from kpikit.calendar import Period, add_months
from kpikit.schema import OUTCOMES

if TYPE_CHECKING:
    from kpikit.report.figures.about import About

#: groups of a field that are told beside each other
_MOST_GROUPS = 12
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


@dataclass(frozen=True)
class Undated:
    """What a file without dates can tell: how deals stand, each rate, the reasons, and the share of each group.

    ``outcomes``: how many are won, lost, open and set aside. ``rates``, ``reasons`` and ``groups`` are rows of answers;
    a group says its ``field``, and its ``value`` is None where it is hidden or too small.
    """

    about: About
    outcomes: Mapping[str, int]
    rates: tuple[Mapping[str, Any], ...]
    reasons: tuple[Mapping[str, Any], ...]
    groups: tuple[Mapping[str, Any], ...]


def undated(book: DealBook, about: About) -> Undated:
    """The figures of a book without dates; own fields only in the team's copy, as they may name a customer."""
    outcomes = book.tables["deals"].lazy().select("outcome").collect()["outcome"]
    names = ("finished", "closed", "value")
    rates = [win_rate(book, definition=name).frame.to_dicts()[0] | {"name": name} for name in names]  # type: ignore[arg-type]
    why = reasons(book, copy=about.copy).frame
    mine = [f.column for f in book.own if f.table == "deals" and f.kind in ("text", "bool") and not f.is_person]
    own = {field.column: field.header for field in book.own}
    columns = ("team", "segment", "source", "deal_type", *(mine if about.copy == "team" else ()))
    groups = [
        row | {"field": own.get(column, column), "group": row[column]}
        for column in columns
        if 2
        <= book.tables["deals"].lazy().select(pl.col(column).drop_nulls().n_unique()).collect().item()
        <= _MOST_GROUPS
        for row in win_rate(book, by=column, definition="finished").frame.to_dicts()
    ]
    counts = {name: int((outcomes == name).sum()) for name in OUTCOMES}
    return Undated(about, counts, tuple(rates), tuple(why.to_dicts()), tuple(groups))
