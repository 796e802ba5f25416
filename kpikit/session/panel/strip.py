"""The strip of open deals: a row a stage, a dot a deal at its days, a mark where nine in ten had left."""

from __future__ import annotations

from math import sqrt

import polars as pl

from kpikit.session.panel.nodes import Node, node
from kpikit.words import Words

WIDTH, ROW, TOP, LABELS = 560, 27, 6, 112
#: dots drawn in a row; of more, those that wait longest
DOTS = 250


def strip(deals: pl.DataFrame, chosen: str | None, words: Words) -> Node | None:
    """The picture of the deals whose days are known, as nodes; None where there are none.

    Args:
        deals: ``deal_id, name, stage, position, days, mark_days, is_sleeping``.
        chosen: the deal on the screen; its dot is ringed.
        words: the language of the axis and of the dots' names.
    """
    known = deals.filter(pl.col("days").is_not_null())
    if not known.height:
        return None
    stages = known.group_by("stage").agg(pl.col("position").min(), pl.col("mark_days").median())
    stages = stages.sort("position", "stage", nulls_last=True)
    most = max(float(known["days"].max() or 1.0), float(stages["mark_days"].max() or 1.0)) * 1.03  # type: ignore[arg-type]
    height = TOP + ROW * stages.height
    rows = []
    for i, (stage, _, mark) in enumerate(stages.iter_rows()):
        inside = known.filter(pl.col("stage") == stage).sort("days", descending=True).head(DOTS)
        rows.append(_row(i, stage, mark, inside, most, chosen, words))
    axis = [_tick(days, most, height) for days in _ticks(most)]
    caption = node("text", words.say("panel.strip.axis"), x=WIDTH, y=height + 34, fill="var(--muted)",
                   text_anchor="end", font_size=13)  # fmt: skip
    label = words.say("panel.strip.label", n=known.height)
    return node("svg", *axis, *rows, caption, viewBox=f"0 0 {WIDTH} {height + 40}", role="group", aria_label=label)


def _x(days: float, most: float) -> float:
    """Square roots: the young ones lie apart, the oldest stay on the screen."""
    return round(LABELS + (WIDTH - LABELS - 8) * sqrt(max(days, 0.0) / most), 1)


def _apart(places: list[float]) -> list[float]:
    """How far up or down each dot stands, so that no dot hides another as long as there is room."""
    last = dict.fromkeys((0.0, -7.0, 7.0), float("inf"))
    found = []
    for x in places:  # from right to left
        lane = next((one for one, before in last.items() if before - x >= 11), max(last, key=lambda one: last[one]))
        last[lane] = x
        found.append(lane)
    return found


def _row(
    i: int, stage: str, mark: float | None, deals: pl.DataFrame, most: float, chosen: str | None, words: Words
) -> Node:
    y = TOP + ROW * i + ROW / 2
    line = node("line", x1=LABELS, x2=WIDTH, y1=y, y2=y, stroke="var(--line)")
    name = node("text", stage if len(stage) <= 15 else f"{stage[:14]}…", x=0, y=y + 5, fill="var(--ink)", font_size=15)
    rows = deals.to_dicts()
    lanes = _apart([_x(row["days"], most) for row in rows])
    dots = [_dot(row, y + lane, most, chosen, words) for row, lane in zip(rows, lanes, strict=True)]
    parts = [line, name, *dots]
    if mark is not None:
        x = _x(mark, most)
        parts.append(node("line", x1=x, x2=x, y1=y - 10, y2=y + 10, stroke="var(--ink)", stroke_width=3,
                          pointer_events="none"))  # fmt: skip
    return node("g", *parts, key=f"strip-{stage}")


def _dot(row: dict, y: float, most: float, chosen: str | None, words: Words) -> Node:
    is_chosen = row["deal_id"] == chosen
    named = words.say("panel.strip.dot", name=row["name"], n=round(row["days"]))
    return node(
        "circle",
        node("title", named),
        do={"do": "select", "deal": row["deal_id"]},
        key=f"dot-{row['deal_id']}",
        cx=_x(row["days"], most),
        cy=y,
        r=9 if is_chosen else 6,
        fill=f"var(--{'waiting' if row['is_sleeping'] else 'before'})",
        fill_opacity=1 if is_chosen else 0.65,
        stroke="var(--ink)" if is_chosen else "var(--paper)",
        stroke_width=3 if is_chosen else 1,
        role="button",
        tabindex=-1,
        aria_label=named,
        data_deal=row["deal_id"],
    )


def _ticks(most: float) -> list[int]:
    """Round days for the axis, not crowded where roots crowd."""
    return [days for days in (7, 30, 90, 180, 365, 730, 1460, 2920) if days <= most][:6]


def _tick(days: int, most: float, height: int) -> Node:
    x = _x(days, most)
    line = node("line", x1=x, x2=x, y1=TOP, y2=height, stroke="var(--line)", stroke_dasharray="2 3")
    return node("g", line, node("text", str(days), x=x, y=height + 16, fill="var(--muted)", text_anchor="middle",
                                font_size=13), key=f"tick-{days}")  # fmt: skip
