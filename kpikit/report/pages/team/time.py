"""How long deals stay in each stage, now and the year before."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.team import TeamFigures
from kpikit.report.figures.windows import Window
from kpikit.report.pages.wording import refused, side, size, surest, unnoticed
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, message


def page(figures: TeamFigures) -> Page | None:
    """How long deals stay in each stage, now and the year before."""
    if figures.is_few:
        return None
    if figures.refused:
        return refused("time", "page.time.title.refused", figures.refused, terms=("half",))
    rows = surest(figures.changes.filter(pl.col("figure") == "median"))
    key = _key(figures.time_window)
    chart = Chart("ranges", _data(figures), message("page.time.chart"), key=key, unit=figures.bin)
    if not rows or rows[0]["certainty"] == "unknown":
        title = message("page.time.title.unknown")
        return Page("time", title, unnoticed("time", rows), chart, folded=True, terms=("half",))
    top = rows[0]
    now, before = (_median(frame, top["stage"]) for frame in (figures.times, figures.times_before))
    n_open = figures.times.filter(pl.col("stage") == top["stage"])["n_open"][0]
    values = {"stage": top["stage"], "now": now, "before": before}
    sentence = (
        message("page.time.sentence", **values, window=message(f"window.{top['window']}")),
        message(f"page.time.change.{side(top)}", change=size(top)),
        message("page.time.n", n=now.n, n_open=n_open),
    )
    title = message(f"page.time.title.{top['certainty']}.{side(top)}", **values)
    question = message("page.time.question", stage=top["stage"])
    return Page("time", title, sentence, chart, question, top["certainty"], terms=("half",))


def _median(times: pl.DataFrame, stage: str) -> Estimate:
    return Estimate.of(times.filter(pl.col("stage") == stage).to_dicts()[0])


def _data(figures: TeamFigures) -> pl.DataFrame:
    rows = []
    before = {row["stage"]: row for row in figures.times_before.to_dicts()}
    for row in figures.times.to_dicts():
        for which, one in (("now", row), ("before", before.get(row["stage"]))):
            if one is not None:
                rows.append(
                    {
                        "label": row["stage"], "which": which, "value": one["value"], "low": one["low"],
                        "high": one["high"] if one["value"] is not None else one["low"], "note": _note(one),
                    }
                )  # fmt: skip
    floats = dict.fromkeys(("value", "low", "high"), pl.Float64)
    return pl.DataFrame(rows, schema={"label": pl.String, "which": pl.String, **floats, "note": pl.Object})


def _note(row: dict) -> Message:
    if row["status"] == "ok":
        return message("page.time.note", figure=Estimate.of(row), n=row["n"], n_open=row["n_open"])
    return message(f"page.time.note.{row['status']}", n=row["n"], n_open=row["n_open"])


def _key(window: Window) -> tuple[tuple[str, Message], ...]:
    return (("now", message("key.period", period=window.now)), ("before", message("key.period", period=window.before)))
