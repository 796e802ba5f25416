"""Charts of what is to come and who stays: win curves by quarter, customers due as squares, the chain of 100 leads.

The kinds, and what their frames hold:

- ``cohorts``: ``which`` (a colour token); ``panel`` "curve" with ``time, value, low, high`` (shares) and ``is_young``,
  a row a step; ``panel`` "view" with ``time`` and ``n``, how many were in view at that age;
- ``stays``: ``label``; ``panel`` "due" with ``stayed, left, unknown`` (counts), a row a month; ``panel`` "chain" with
  ``accepted, won, kept`` (shares of a hundred leads, null where not known), ``low, high`` of the last, and ``note``.
"""

from __future__ import annotations

import json
from itertools import pairwise
from math import ceil
from textwrap import shorten, wrap
from typing import Any

import polars as pl

from kpikit.schema import AGES_SHOWN
from kpikit.show.theme import colour
from kpikit.words import Words

Rows = list[dict[str, Any]]
#: the age that the page tells about
HORIZON = 90
#: a curve is drawn to the last of them, and while so many are in view
TICKS = AGES_SHOWN
IN_VIEW, MOST_STEPS = 5, 60
#: so many squares stand above one another at most; more are drawn as one for several
HIGHEST = 16


def curve_rows(curve: pl.DataFrame, which: str, label: str | None = None) -> Rows:
    """What is drawn of one curve of ``win_curves(at=TICKS)``: at most sixty steps, and who was in view at each age."""
    drawn = curve.filter((pl.col("n_at_risk") >= IN_VIEW) & (pl.col("time") <= TICKS[-1]))
    seen, young = drawn.filter(pl.col("n_events") > 0), curve["followed_to"][0]
    most = min(seen.height, MOST_STEPS)
    places = sorted({round(i * (seen.height - 1) / max(most - 1, 1)) for i in range(most)})
    columns = ("time", "value", "low", "high", "is_young")
    first = {"time": 0.0, "value": 0.0, "low": 0.0, "high": 0.0, "is_young": young == 0}
    steps = [first, *seen[places].select(columns).to_dicts(), *drawn.tail(1).select(columns).to_dicts()]
    known = dict(curve.filter(pl.col("time").is_in(TICKS)).select("time", "n_at_risk").rows())
    counts = {0.0: curve["n"][0], **{tick: known.get(tick, 0) for tick in TICKS}}
    views = [{"panel": "view", "time": t, "n": n, "is_young": t > young} for t, n in counts.items()]
    rows = [{"panel": "curve", "n": None, **step} for step in steps] + views
    return [{"which": which, **row} | ({"label": label} if label else {}) for row in rows]


def cohorts(rows: Rows, words: Words, width: int) -> Any:
    """Step curves with bands where the cohort is old enough, hollow where it is not; under them who was in view."""
    alt = _alt()
    narrow = width < 500
    inner = width - (58 if narrow else 110)
    steps, views = ([row for row in rows if row["panel"] == panel] for panel in ("curve", "view"))
    ticks = sorted({row["time"] for row in views})[:: 2 if narrow else 1]
    for row in steps:
        row.update({name: None if row[name] is None else 100 * row[name] for name in ("value", "low", "high")})
    names = list(dict.fromkeys(row["which"] for row in steps))
    top = min(100.0, max((row["high"] or 0 for row in steps if not row["is_young"]), default=50.0) * 1.1)
    top = max(top, max((row["value"] for row in steps), default=0) * 1.1, 1.0)
    scale, end = alt.Scale(domain=[0, top], nice=False, clamp=True), max(ticks, default=180.0)
    x_scale = alt.Scale(domain=[0, end], nice=False)
    axis = alt.Axis(values=ticks, format=".0f", grid=False, ticks=False)
    x = alt.X("time:Q", scale=x_scale, title=words.say("chart.axis.begun"), axis=axis)
    tint = alt.Color("which:N", scale=_scale(alt, *names), legend=None)
    layers = [_mark(alt, x_scale)]
    for name in names:
        own = [row for row in steps if row["which"] == name]
        layers += _curve(alt, own, x, scale, tint)
    title = _heading(alt, words.say("chart.won_of_100"), narrow)
    upper = alt.layer(*layers, width=inner, height=185 if narrow else 190, title=title)
    views = [row for row in views if row["time"] in ticks]
    order = list(reversed(names))
    said = {row["which"]: row.get("label") for row in views}
    heads = alt.Axis(domain=False, ticks=False, labelPadding=22, labelColor=colour("ink"), labelExpr=_lookup(said))
    side = alt.Y("which:N", sort=order, title=None, axis=heads if any(said.values()) else None)
    base = alt.Chart(alt.InlineData(values=tuple(views))).encode(y=side, color=tint)
    numbers = base.mark_text(fontSize=12).encode(x=alt.X("time:Q", scale=x_scale, axis=None), text=alt.Text("n:Q"))
    heading = _heading(alt, words.say("chart.still_open"), narrow)
    lower = numbers.properties(width=inner, height=alt.Step(17), title=heading)
    return alt.vconcat(upper, lower, spacing=8)


def _lookup(said: dict[str, Any]) -> str:
    """Vega's expression for the label of each row."""
    return f"({json.dumps(said)})[datum.value]"


def _mark(alt: Any, scale: Any) -> Any:
    """The age that the page tells about."""
    rule = alt.Chart(alt.InlineData(values=[{"time": HORIZON}])).mark_rule(color=colour("line"), strokeWidth=1.5)
    return rule.encode(x=alt.X("time:Q", scale=scale))


def _curve(alt: Any, own: Rows, x: Any, scale: Any, tint: Any) -> list[Any]:
    """One curve: the old enough part with its band, then the young part as a hollow line."""
    y = alt.Y("value:Q", scale=scale, title=None, axis=alt.Axis(tickCount=4, domain=False, ticks=False, grid=True))
    first_young = next((i for i, row in enumerate(own) if row["is_young"]), len(own))
    old, young = own[:first_young], own[max(first_young - 1, 0) :] if first_young < len(own) else []
    if old and young:  # the old part ends where the young one begins
        old = [*old, {**old[-1], "time": young[1]["time"] if len(young) > 1 else old[-1]["time"]}]
    line: dict[str, Any] = {"interpolate": "step-after"}
    drawn = []
    if old:
        base = alt.Chart(alt.InlineData(values=tuple(old)))
        band = base.mark_area(opacity=0.16, **line)
        drawn.append(band.encode(x=x, y=alt.Y("low:Q", scale=scale, title=None), y2=alt.Y2("high:Q"), color=tint))
        drawn.append(base.mark_line(strokeWidth=2.4, **line).encode(x=x, y=y, color=tint))
    if young:
        base = alt.Chart(alt.InlineData(values=tuple(young)))
        drawn.append(base.mark_line(strokeWidth=4.6, strokeCap="butt", **line).encode(x=x, y=y, color=tint))
        drawn.append(base.mark_line(strokeWidth=2.2, color=colour("paper"), **line).encode(x=x, y=y))
    return drawn


def stays(rows: Rows, words: Words, width: int) -> Any:
    """Squares by month due, and beside them (on a telephone below) the chain by source."""
    alt = _alt()
    narrow = width < 500
    due, links = ([row for row in rows if row["panel"] == panel] for panel in ("due", "chain"))
    parts, used = [], 0.0
    if due:
        squares = _squares(alt, due, words, narrow, width - 30 if narrow else width * 0.46)
        parts, used = [squares], squares.width + 60
    if links:
        parts.append(_chain(alt, links, words, narrow, width - 30 if narrow else min(width - used, 620)))
    return (alt.vconcat if narrow else alt.hconcat)(*parts, spacing=30)


def _squares(alt: Any, months: Rows, words: Words, narrow: bool, inner: float) -> Any:
    """A square for each contract due (or for several), stacked over its month."""
    per_row = 1 if len(months) > 6 else 4
    most = max(row["stayed"] + row["left"] + row["unknown"] for row in months)
    each = max(1, ceil(most / (HIGHEST * per_row)))
    squares = []
    order = [row["label"] for row in months]
    for place, row in enumerate(months):
        filled = _whole([row[state] / each for state in ("stayed", "left", "unknown")])
        tokens = [token for token, n in zip(("now", "before", "other"), filled, strict=True) for _ in range(n)]
        for i, token in enumerate(tokens):
            squares.append({"at": place * (per_row + 0.9) + i % per_row, "up": i // per_row, "token": token})
    across, high = len(months) * (per_row + 0.9), max((square["up"] for square in squares), default=0) + 1
    side = min(inner / across, 240 / max(high, 6), 24)
    x = alt.X("at:Q", axis=None, scale=alt.Scale(domain=[-0.5, across - 0.5], nice=False))
    y = alt.Y("up:Q", axis=None, scale=alt.Scale(domain=[-1.1, high - 0.4], nice=False))
    tint = alt.Color("token:N", scale=_scale(alt, "now", "before", "other"), legend=None)
    marks = alt.Chart(alt.InlineData(values=tuple(squares))).mark_square(size=(0.8 * side) ** 2, opacity=1)
    names = [
        {"at": i * (per_row + 0.9) + (per_row - 1) / 2, "label": label, "up": -1}
        for i, label in enumerate(order)
        if len(order) <= 6 or i % 3 == 0
    ]
    labels = alt.Chart(alt.InlineData(values=tuple(names))).mark_text(fontSize=11, color=colour("muted"), dy=2)
    heading = words.say("chart.due") if each == 1 else words.say("chart.due.each", n=each)
    return alt.layer(marks.encode(x=x, y=y, color=tint), labels.encode(x=x, y=y, text=alt.Text("label:N"))).properties(
        width=side * across, height=side * (high + 0.7), title=_heading(alt, heading, narrow)
    )


def _whole(parts: list[float]) -> list[int]:
    """Parts as whole squares whose sum is that of the parts, rounded."""
    ends = [0.0]
    for part in parts:
        ends.append(ends[-1] + part)
    return [round(end) - round(start) for start, end in pairwise(ends)]


def _chain(alt: Any, links: Rows, words: Words, narrow: bool, inner: float) -> Any:
    """Bars within bars: of a hundred leads so many accepted, of these so many won, of these so many still customers."""
    for row in links:
        row["label"] = shorten(row["label"], 22, placeholder=" …")
        row.update(
            {
                name: None if row[name] is None else 100 * row[name]
                for name in ("accepted", "won", "kept", "low", "high")
            }
        )
        row["named"] = f"{row['label']}: {row['note']}" if narrow else row["note"]
    order = [row["label"] for row in links]
    room = 0 if narrow else 120
    axis = alt.Axis(
        labelPadding=8, labelFontSize=13, labelColor=colour("ink"), labelLimit=120, domain=False, ticks=False
    )
    base = alt.Chart(alt.InlineData(values=tuple(links))).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=None if narrow else axis)
    )
    width = inner - (0 if narrow else 80 + room)
    scale = alt.Scale(domain=[0, 100], nice=False)

    def bar(name: str, height: int, token: str) -> Any:
        bars = base.transform_filter(f"isValid(datum.{name})").mark_bar(height=height, color=colour(token))
        return bars.encode(x=alt.X(f"{name}:Q", scale=scale, axis=None))

    layers = [
        bar("accepted", 20, "line"), bar("won", 20, "back"), bar("kept", 10, "on"),
        base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=1.6, color=colour("ink")).encode(
            x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q")
        ),
        base.mark_text(align="left", fontSize=12, color=colour("muted"), dy=-18 if narrow else 0).encode(
            x=alt.XValue(0 if narrow else width + 10), text=alt.Text("named:N")
        ),
    ]  # fmt: skip
    heading = _heading(alt, words.say("chart.chain"), narrow)
    return alt.layer(*layers, width=width, height=alt.Step(44 if narrow else 32), title=heading)


def _alt() -> Any:
    import altair

    return altair


def _heading(alt: Any, text: str, narrow: bool) -> Any:
    """A quiet heading above a part of the picture."""
    lines = wrap(text, 46) if narrow else text
    return alt.Title(lines, anchor="start", fontSize=12, fontWeight="normal", color=colour("muted"), offset=8)


def _scale(alt: Any, *tokens: str) -> Any:
    return alt.Scale(domain=list(tokens), range=[colour(token) for token in tokens])


KINDS = {"cohorts": cohorts, "stays": stays}
