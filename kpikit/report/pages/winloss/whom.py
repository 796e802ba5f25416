"""To whom, or to what, we lost."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.losses import FEW, UNTOLD, Losses
from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.losses import few, is_refused, label, named, refused_page, short
from kpikit.report.pages.wording import looked_back
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, message

LINES = 7


def page(figures: WinLossFigures) -> Page:
    """To whom, or to what, we lost."""
    losses = figures.losses
    found, certainty = losses.why, losses.certainty
    if is_refused(found.rows):
        return refused_page("whom", found.rows)
    told = found.rows.filter(~pl.col("group").is_in(UNTOLD))
    if told["n_events"].sum() < FEW:
        return few("whom", int(told["n_events"].sum() or 0))
    rows = told.to_dicts()
    top = rows[0]
    if top["group"] == "rest":
        return Page("whom", message("page.whom.title.unnamed"), folded=True)
    blank = int(found.rows.filter(pl.col("group").is_in(UNTOLD))["n_events"].sum())
    parts = {"n": top["n"], "parts": _parts(rows)}
    plain = message("page.whom.sentence", **parts)
    said = message("page.whom.sentence.blank", **parts, blank=blank) if blank else plain
    sentence = (*looked_back(found), said, *_most_named(losses))
    form = top["group"] if top["group"] in ("no_decision", "competitor", "price") else "written"
    title = message(f"page.whom.title.{form}", reason=short(top))
    if certainty == "unknown":
        title = message("page.whom.title.unknown", one=short(top), other=short(rows[1]))
    question = message(f"page.whom.question.{form}", reason=named(top))
    chart, folded = _shares(rows), certainty == "unknown"
    return Page("whom", title, sentence, chart, question, certainty, folded, terms=("clear",))


def _parts(rows: list[dict], most: int = 4) -> tuple[Message, ...]:
    """The most frequent reason with its share, the next ones as counts, the rest together."""
    first, *others = rows if len(rows) <= most else rows[: most - 1]
    parts = [message("page.whom.part", reason=named(first), n=first["n_events"], share=Estimate.of(first))]
    parts += [message("page.whom.part.plain", reason=named(row), n=row["n_events"]) for row in others]
    if len(rows) > most:
        rest = sum(row["n_events"] for row in rows[most - 1 :])
        parts.append(message("page.whom.part.plain", reason=message("reason_group.rest"), n=rest))
    return tuple(parts)


def _most_named(losses: Losses) -> list[Message]:
    if losses.rival is None:
        return []
    rival, n = losses.rival
    return [message("page.whom.rival", rival=rival, n=n)]


def _shares(rows: list[dict]) -> Chart:
    data = [
        {
            "label": label(row), "which": "now", "value": row["value"], "low": row["low"], "high": row["high"],
            "note": message("page.whom.note", k=row["n_events"], n=row["n"]),
        }
        for row in rows[:LINES]
    ]  # fmt: skip
    floats = dict.fromkeys(("value", "low", "high"), pl.Float64)
    schema = {"label": pl.Object, "which": pl.String, **floats, "note": pl.Object}
    return Chart("shares", pl.DataFrame(data, schema=schema), message("page.whom.chart"))
