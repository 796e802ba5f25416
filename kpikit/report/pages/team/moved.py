"""What was open, what came in, what left, what is open now."""

from __future__ import annotations

import polars as pl

from kpikit.calendar import Period
from kpikit.report.figures.team import TeamFigures
from kpikit.report.pages.wording import alone, refused
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, message

#: step → its colour, and whether it adds to what is open
_STEPS = {
    "open_then": ("before", 1), "new": ("now", 1), "taken_over": ("now", 1), "won": ("on", -1), "lost": ("lost", -1),
    "set_aside": ("lost", -1), "handed_over": ("lost", -1), "open_now": ("before", 0),
}  # fmt: skip
_ALWAYS = ("open_then", "new", "won", "lost", "open_now")


def page(figures: TeamFigures) -> Page | None:
    """What was open, what came in, what left, what is open now."""
    return None if figures.is_few else moved(figures.moved, figures.period)


def moved(found: pl.DataFrame, period: Period) -> Page:
    """The page as a value; counts, so it needs no word of certainty."""
    rows = {row["figure"]: row for row in found.to_dicts() if "figure" in row}
    if not rows or rows["open_then"]["status"] != "ok":
        return refused("moved", "page.moved.title.refused", found["reason"][0])
    n = {step: int(row["value"]) for step, row in rows.items()}
    left = n["won"] + n["lost"] + n["set_aside"] + n["handed_over"]
    came = n["new"] + n["taken_over"]
    if not came and not left:
        return Page("moved", message("page.moved.title.still", n=n["open_now"]), folded=True)
    side = "out" if left > came else "in" if came > left else "even"
    sentence = [
        message("page.moved.then", n=n["open_then"], day=period.first_on),
        _flow(n),
        *(message(f"page.moved.{step}", n=n[step]) for step in ("taken_over", "handed_over") if n[step]),
        message("page.moved.now", n=n["open_now"], value=_money(rows["open_now"])),
        *([message("page.moved.postponed", n=n["postponed"])] if n["postponed"] else []),
    ]
    question = message("page.moved.question", n=n["new"]) if n["new"] else message("page.moved.question.none")
    title = message(f"page.moved.title.{side}")
    return Page("moved", title, tuple(sentence), _chart(rows, period), question, terms=("set_aside",))


def _flow(n: dict[str, int]) -> Message:
    code = "page.moved.flow.aside" if n["set_aside"] else "page.moved.flow"
    return message(code, came=n["new"], won=n["won"], lost=n["lost"], aside=n["set_aside"])


def _money(row: dict) -> Estimate:
    return alone(row["money"], "money")


def _chart(rows: dict[str, dict], period: Period) -> Chart:
    level, drawn = 0.0, []
    for step, (part, sign) in _STEPS.items():
        size = rows[step]["value"]
        start, end = (0.0, size) if not sign else (level, level + sign * size)
        level = end
        if size or step in _ALWAYS:
            label = message(f"step.{step}", day=period.first_on)
            drawn.append({"label": label, "part": part, "start": start, "end": end, "note": _note(rows[step])})
    schema = {"label": pl.Object, "part": pl.String, "start": pl.Float64, "end": pl.Float64, "note": pl.Object}
    return Chart("moves", pl.DataFrame(drawn, schema=schema), message("page.moved.chart"))


def _note(row: dict) -> Message:
    if not row["value"]:
        return message("step.no_money")
    return message("step.money", value=_money(row))
