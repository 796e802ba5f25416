"""All figures of a team review report, computed and judged once, before a page is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from kpikit.analysis.base.certainty import judge
from kpikit.analysis.pipeline import moved
from kpikit.analysis.velocity import compare, exits, time_in_stage
from kpikit.analysis.winloss import over_time, wins
from kpikit.book import DealBook
from kpikit.calendar import MICROSECONDS_PER_UNIT, Period
from kpikit.report.figures.about import About
from kpikit.report.figures.headline import of_review, whole_from
from kpikit.report.figures.tries import UNKNOWN, Tried, Tries, tried
from kpikit.report.figures.voices import Voices, voices
from kpikit.report.figures.waiting import Waiting, waiting_deals
from kpikit.report.figures.windows import Window

#: fewer deals than this are talked about one by one; figures would mislead
FEW_DEALS = 10
HORIZON_DAYS = 60
#: won within so many days of beginning, and so many windows of a quarter, half a year or a year
RATE_DAYS, RATE_POINTS = 180.0, 12
KEYS = ["stage", "figure"]


@dataclass(frozen=True)
class TeamFigures:
    """What the pages of one team's report are written from.

    ``changes`` holds every comparison of the report with its word of certainty: ``stage, figure`` (median,
    still_there), ``value, low, high, unit, n, n_before, p_holm, certainty, noticeable, window``. ``refused`` is why
    stage questions cannot be answered from this book; ``bin`` the unit of times.
    """

    about: About
    n_deals: int
    bin: str
    whole_from: date | None
    wins: pl.DataFrame
    changes: pl.DataFrame
    time_window: Window
    times: pl.DataFrame
    times_before: pl.DataFrame
    ends_window: Window
    ends: pl.DataFrame
    ends_before: pl.DataFrame
    waiting: Waiting
    voices: Voices
    tried: Tried
    rates: pl.DataFrame
    moved: pl.DataFrame
    rate_days: float = RATE_DAYS

    @property
    def period(self) -> Period:
        """The period of the report."""
        return self.about.period

    @property
    def refused(self) -> str | None:
        """Why stage questions cannot be answered from this book; None if they can."""
        refused = self.times.filter(pl.col("status") == "refused")
        return refused["reason"][0] if refused.height else None

    @property
    def is_few(self) -> bool:
        """So few deals that each is talked about."""
        return self.n_deals < FEW_DEALS

    @property
    def kept(self) -> tuple[Mapping[str, Any], ...]:
        """What a run remembers of the report (:mod:`kpikit.report.figures.headline`)."""
        times = self.times.clear() if self.is_few or self.refused else self.times
        return of_review(self.wins, times, self.period, self.time_window.now)


def team_figures(book: DealBook, about: About, tries: Tries = UNKNOWN) -> TeamFigures:
    """All figures of a team's report; ``book`` is already narrowed to the team and the period's end."""
    period = about.period
    unit = MICROSECONDS_PER_UNIT["day"] / MICROSECONDS_PER_UNIT[book.settings.bin]
    horizon = HORIZON_DAYS * unit
    quarter = Window("period", period, period.back(12, 12))
    year = Window("year", period.widened(12), period.widened(12).back(12))
    narrow, wide = (_compared(book, window, horizon) for window in (quarter, year))
    times = year if _answers(wide, "median") and not _answers(narrow, "median") else quarter
    ends = quarter if _answers(narrow, "still_there") and not _answers(wide, "still_there") else year
    changes = pl.concat(
        [
            (narrow if times is quarter else wide).filter(pl.col("figure") == "median"),
            (narrow if ends is quarter else wide).filter(pl.col("figure") == "still_there"),
        ],
        how="diagonal_relaxed",
    )
    return TeamFigures(
        about=about,
        n_deals=_under_review(book, period),
        bin=book.settings.bin,
        changes=_judged(book, changes, times, ends, horizon),
        rates=_rates(book, period),
        time_window=times,
        times=time_in_stage(book, during=times.now).frame,
        times_before=time_in_stage(book, during=times.before).frame,
        ends_window=ends,
        ends=exits(book, during=ends.now, horizon=horizon).frame,
        ends_before=exits(book, during=ends.before, horizon=horizon).frame,
        whole_from=whole_from(book, period),
        wins=wins(book, during=[period.back(period.months * i) for i in range(8)]).frame,
        waiting=waiting_deals(book, period, about.copy),
        voices=voices(book, period, about.copy),
        tried=tried(book, tries.of(book, period), about.copy),
        moved=moved(book, during=period).frame,
    )


def _rates(book: DealBook, period: Period) -> pl.DataFrame:
    """Of the deals begun in a quarter the share won in half a year, from quarter to quarter; longer where few."""
    found = pl.DataFrame()
    for months in (3, 6, 12):
        last = period.widened(months) if months > period.months else period
        found = over_time(book, definition="cohort", during=last, periods=RATE_POINTS, horizon=RATE_DAYS)
        found = found.with_columns(months=pl.lit(last.months, pl.Int64))
        if "phase" not in found.columns or (found.select(pl.col("n").median()).item() or 0) >= FEW_DEALS:
            break
    return found


def _compared(book: DealBook, window: Window, horizon: float) -> pl.DataFrame:
    found = compare(book, during=window.now, before=window.before, horizon=horizon, permutations=0)
    if "figure" not in found.columns:
        found = found.with_columns(stage=pl.lit(None, pl.String), figure=pl.lit(None, pl.String))
    return found.with_columns(window=pl.lit(window.name))


def _answers(compared: pl.DataFrame, figure: str) -> bool:
    return compared.filter((pl.col("figure") == figure) & (pl.col("status") == "ok")).height > 0


def _judged(book: DealBook, changes: pl.DataFrame, times: Window, ends: Window, horizon: float) -> pl.DataFrame:
    """Certainty over all comparisons; a hint needs the same side one period earlier."""
    seen = (pl.col("figure") != "median") | (pl.col("value").abs() >= 1)  # less than a bin cannot be told apart
    usable = changes.filter((pl.col("status") == "ok") & seen)
    if not usable.height:
        figures = ("p", "p_holm", "noticeable", "low_together", "high_together")
        empty = {"certainty": pl.String, **dict.fromkeys(figures, pl.Float64)}
        return changes.clear().with_columns(pl.lit(None, dtype).alias(name) for name, dtype in empty.items())
    parts = []
    for window, figure in ((times, "median"), (ends, "still_there")):
        step = window.now.months
        found = _compared(book, Window("earlier", window.now.back(step), window.before.back(step)), horizon)
        parts.append(found.filter(pl.col("figure") == figure))
    return judge(usable, pl.concat(parts, how="diagonal_relaxed"), KEYS)


def _under_review(book: DealBook, period: Period) -> int:
    """Deals that were open, or decided in the last twelve months, at the end of the period."""
    year = period.widened(12)
    deals = book.tables["deals"].lazy()
    if book.team is not None:
        deals = deals.filter((pl.col("team") == book.team) | (pl.col("outcome_team") == book.team))
    recent = (pl.col("outcome") == "open") | (pl.col("outcome_day").cast(pl.Date) >= year.first_on)
    return deals.filter(recent.fill_null(True)).select(pl.len()).collect().item()
