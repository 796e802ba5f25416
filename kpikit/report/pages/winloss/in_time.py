"""The rate from window to window: does one stand out?"""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages import process_chart as process
from kpikit.report.pages.wording import refused
from kpikit.show.page import Message, Page, message


def page(figures: WinLossFigures) -> Page:
    """Does a window stand out?"""
    if figures.refused is not None:
        return refused("in_time", "page.wl.time.title.refused", figures.refused, terms=("luck",))
    rows = figures.in_time
    unit = message(f"unit.wl.{rows['months'][0]}")
    if rows["centre"].drop_nulls().len() < process.LEAST:
        return Page("in_time", message("page.wl.time.title.few", unit=unit), folded=True, terms=("luck",))
    signal = process.signal(rows)
    sentence = [message("page.wl.time.within")] if signal is None else [message(f"page.wl.time.rule.{signal['rule']}")]
    sentence += _noticeable(rows, unit)
    renewed = _renewed(rows)
    if renewed is not None:
        sentence.append(message("page.wl.time.renewed", text=renewed["renewed_by"], day=renewed["renewed_on"]))
    sentence += process.late(rows)
    title = process.title(figures.period, signal, unit, renewed)
    question = message("page.wl.time.question" if signal is None else "page.wl.time.question.out")
    return Page("in_time", title, tuple(sentence), process.chart(rows), question, terms=("luck",))


def _renewed(rows: pl.DataFrame) -> dict | None:
    """The last window, if its limits were renewed at something that happened."""
    last = rows.row(-1, named=True)
    return last if last["renewed_on"] is not None else None


def _noticeable(rows: pl.DataFrame, unit: Message) -> list[Message]:
    last = rows.filter(~pl.col("is_young")).tail(1)
    if not last.height or last["noticeable"][0] is None:
        return []
    return [message("page.wl.time.noticeable", gap=process.hundredths(last["noticeable"][0]), unit=unit)]
