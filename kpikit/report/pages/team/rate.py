"""Of the deals begun in a quarter, how many became customers within half a year?"""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.team import TeamFigures
from kpikit.report.pages import process_chart as process
from kpikit.report.pages.wording import alone, refused, share
from kpikit.show.page import Page, message


def page(figures: TeamFigures) -> Page | None:
    """Of the deals begun in a quarter, how many became customers within half a year?"""
    if figures.is_few:
        return None
    rows, days = figures.rates, round(figures.rate_days)
    if "phase" not in rows.columns:
        return refused("rate", "page.rate.title.refused", rows["reason"][0], terms=("luck",))
    old = rows.filter(~pl.col("is_young") & (pl.col("n") > 0))
    if not old.height and not rows["n"].sum() and rows["n_excluded"].sum():
        return refused("rate", "page.rate.title.refused", "no_created_at", terms=("luck",))
    if not old.height:
        return Page("rate", message("page.rate.title.young", days=days), folded=True, terms=("luck",))
    top = old.row(-1, named=True)
    values = {"k": top["n_events"], "n": top["n"], "days": days, "period": process.window(top, figures.period)}
    now = process.hundredths(top["value"] or 0)
    sentence = [message("page.rate.sentence", **values, now=now, chance=share(top))]
    if top["centre"] is not None and old.height > process.LEAST:
        sentence.append(message("page.rate.usual", usual=alone(top["centre"], "share")))
    if top["noticeable"] is not None:
        sentence.append(message("page.rate.noticeable", n=top["n"], gap=process.hundredths(top["noticeable"])))
    sentence += process.late(old)
    chart, signal = process.chart(rows), process.signal(rows)
    if signal is None:
        return Page("rate", message("page.rate.title.unknown"), tuple(sentence), chart, folded=True, terms=("luck",))
    unit = message(f"unit.wl.{rows['months'][0]}")
    title = process.title(figures.period, signal, unit, None)
    return Page("rate", title, tuple(sentence), chart, message("page.rate.question"), terms=("luck",))
