"""Customers' own words in a report: who was asked, and the stories that its copy may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from kpikit.analysis.voices.interviews import asked, by_lot
from kpikit.analysis.winloss import stories
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.report.figures.about import Copy
from kpikit.report.figures.windows import Found, widening


@dataclass(frozen=True)
class Voices:
    """``counts``: decided, asked, answered. ``told``: stories in the order of a lot, with where each was found."""

    copy: Copy
    counts: Mapping[str, Any]
    told: Found


def voices(book: DealBook, period: Period, copy: Copy) -> Voices:
    """Who was asked about deals of the period, and the stories this copy may hold: older ones if there are none."""
    counts = asked(book, during=period).frame.filter(pl.col("end") == "all").to_dicts()[0]
    found = widening(period, lambda window: _stories(book, copy, window), enough=1, farthest="year")
    return Voices(copy, counts, Found(_by_lot(found.rows, str(period.first_on)), found.window, found.name))


def _by_lot(rows: pl.DataFrame, seed: str) -> pl.DataFrame:
    if "story" not in rows.columns:
        return rows
    told = rows["story"].to_list()
    return rows[sorted(range(len(told)), key=lambda i: by_lot(seed, told[i]))]


def _stories(book: DealBook, copy: Copy, window: Period | None) -> pl.DataFrame:
    return stories(book, copy=copy, during=window).frame.with_columns(_n=pl.lit(1))
