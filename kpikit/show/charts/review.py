"""Charts of a deal's story: its timeline in lanes, and what became of similar deals by age.

The kinds, and what their frames hold:

- ``timeline``: ``mark`` (lane, tick, now, room, bar, end, said, later, later_late, earlier, due, beyond, value, dot,
  tail, quote, silence), ``lane`` (from above), ``x, x2`` (days), ``tone`` (a colour token), ``label``, ``size``;
- ``course``: ``part`` (a colour token; ``mark``: this deal's age), ``time`` (days), ``low, high`` (of a hundred),
  ``label`` (at the last step, and at the mark), a row a step.

A label may be text of the CRM or a message.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from kpikit.show.theme import colour
from kpikit.words import Words

Rows = list[dict[str, Any]]
#: pixels a letter takes, about, as a part of its size
_LETTER = 0.56
#: ▸ ◂ as paths, so that no font decides how they look
_LATER, _EARLIER = "M-0.6,-1L0.9,0L-0.6,1Z", "M0.6,-1L-0.9,0L0.6,1Z"
_SHAPES = {"later": _LATER, "later_late": _LATER, "earlier": _EARLIER, "said": "circle", "dot": "circle",
           "quote": "square", "due": "diamond", "beyond": _LATER}  # fmt: skip


def timeline(rows: Rows, words: Words, width: int) -> Any:  # noqa: ARG001 - one shape for all kinds
    """One picture: a lane a kind of thing, from the beginning at the left to now at the right."""
    import altair as alt

    narrow = width < 500
    size, step, left = (12, 46, 8) if narrow else (14, 36, 118)
    inner = width - left - (14 if narrow else 22)
    lanes = sorted({row["lane"] for row in rows if row["mark"] == "lane"})
    end = max((row["x2"] if row["x2"] is not None else row["x"] for row in rows if row["x"] is not None), default=1.0)
    for row in rows:
        row["y"] = row["lane"] * step + step * (0.68 if narrow else 0.5)
        row["px"] = None if row["x"] is None else row["x"] / (end or 1.0) * inner
        row["px2"] = None if row["x2"] is None else row["x2"] / (end or 1.0) * inner
        row["ink"] = colour(row["tone"])
    height = step * len(lanes)
    layers = [
        _lines(alt, lanes, step, inner, narrow),
        _ticks(alt, rows, inner, height, size, narrow),
        _bars(alt, rows, size),
        _stretches(alt, rows),
        _points(alt, rows, narrow),
        *_texts(alt, rows, inner, size),
        _names(alt, rows, left, size, narrow, step),
    ]
    return alt.layer(*layers).properties(width=inner, height=height + 30).resolve_scale(x="shared", y="shared")


def _at(alt: Any, inner: str = "px") -> Any:
    return alt.X(f"{inner}:Q", scale=None, axis=None)


def _y(alt: Any) -> Any:
    return alt.Y("y:Q", scale=None, axis=None)


def _chart(alt: Any, rows: Rows) -> Any:
    return alt.Chart(alt.InlineData(values=rows))


def _lines(alt: Any, lanes: list[int], step: int, inner: float, narrow: bool) -> Any:
    """A quiet line under each lane."""
    rows = [{"px": 0.0, "px2": inner, "y": lane * step + step * (0.68 if narrow else 0.5)} for lane in lanes]
    return _chart(alt, rows).mark_rule(color=colour("line")).encode(x=_at(alt), x2="px2:Q", y=_y(alt))


def _ticks(alt: Any, rows: Rows, inner: float, height: int, size: int, narrow: bool) -> Any:
    """Months under the lanes, as many as there is room for, and where the data end."""
    ticks = sorted((row for row in rows if row["mark"] == "tick"), key=lambda row: row["px"])
    shown: Rows = []
    for row in ticks:
        half = len(row["label"]) * size * _LETTER / 2
        middle = min(max(row["px"], half), inner - half)
        if not shown or middle - half > shown[-1]["right"] + 8:
            shown.append(
                {"px": middle, "at": row["px"], "right": middle + half, "y": height + 18, "label": row["label"]}
            )
    for row in shown:
        row["y1"], row["y2"] = height - 2, height + 4
    text = _chart(alt, shown).mark_text(fontSize=size - (0 if narrow else 1), color=colour("muted"))
    marks = _chart(alt, shown).mark_rule(color=colour("muted")).encode(
        x=_at(alt, "at"), y=alt.Y("y1:Q", scale=None, axis=None), y2="y2:Q"
    )  # fmt: skip
    now = [{"px": row["px"], "y1": 0, "y2": height, "label": row["label"]} for row in rows if row["mark"] == "now"]
    line = _chart(alt, now).mark_rule(color=colour("muted"), strokeDash=[3, 3]).encode(
        x=_at(alt), y=alt.Y("y1:Q", scale=None, axis=None), y2="y2:Q"
    )  # fmt: skip
    ahead = [row | {"y": 8} for row in now if row["px"] < inner - 60]
    name = _chart(alt, ahead).mark_text(align="left", dx=6, fontSize=size - 1, color=colour("muted"))
    named = [part.encode(x=_at(alt), y=_y(alt), text="label:N") for part in (text, name)]
    return alt.layer(line, marks, *named)


def _bars(alt: Any, rows: Rows, size: int) -> Any:
    """Visits to stages, with their names where they have room."""
    bars = [row | {"top": row["y"] - size, "bottom": row["y"] + size} for row in rows if row["mark"] == "bar"]
    for row in bars:
        room = int((row["px2"] - row["px"] - 8) / (size * _LETTER))
        row["name"] = row["label"] if len(row["label"]) <= room else f"{row['label'][: room - 1]}…" if room > 4 else ""
        row["left"], row["on"] = row["px"] + 5, colour("in_on" if row["tone"] == "now" else "in_other")
    box = _chart(alt, bars).mark_rect(stroke=colour("paper"), strokeWidth=2, cornerRadius=3).encode(
        x=_at(alt), x2="px2:Q", y=alt.Y("top:Q", scale=None, axis=None), y2="bottom:Q",
        color=alt.Color("ink:N", scale=None),
    )  # fmt: skip
    name = _chart(alt, bars).mark_text(align="left", fontSize=size, fontWeight=600).encode(
        x=_at(alt, "left"), y=_y(alt), text="name:N", color=alt.Color("on:N", scale=None)
    )  # fmt: skip
    return alt.layer(box, name)


def _stretches(alt: Any, rows: Rows) -> Any:
    """Pale tails to the day on which something was logged, and the customer's silence."""
    tails = [row for row in rows if row["mark"] == "tail"]
    quiet = [row for row in rows if row["mark"] == "silence"]
    tint = alt.Color("ink:N", scale=None)
    pale = _chart(alt, tails).mark_rule(strokeWidth=7, opacity=0.28, strokeCap="round")
    dashed = _chart(alt, quiet).mark_rule(strokeWidth=3, strokeDash=[2, 5], strokeCap="round")
    return alt.layer(*(part.encode(x=_at(alt), x2="px2:Q", y=_y(alt), color=tint) for part in (pale, dashed)))


def _points(alt: Any, rows: Rows, narrow: bool) -> Any:
    """Acts, notes, moves of the close date."""
    area = 62 if narrow else 78
    dots = [
        row
        | {
            "shape": _SHAPES[row["mark"]],
            "area": area * row["size"] * (1.5 if row["mark"] in ("due", "beyond") else 1.0),
        }
        for row in rows
        if row["mark"] in _SHAPES
    ]
    return _chart(alt, dots).mark_point(filled=True, opacity=0.9, stroke=colour("paper"), strokeWidth=1).encode(
        x=_at(alt), y=_y(alt), color=alt.Color("ink:N", scale=None), shape=alt.Shape("shape:N", scale=None),
        size=alt.Size("area:Q", scale=None),
    )  # fmt: skip


def _texts(alt: Any, rows: Rows, inner: float, size: int) -> list[Any]:
    """Values and direct labels; of two that would overlap, the later one is kept."""
    kept: Rows = []
    free: dict[int, float] = {}
    labelled = [row for row in rows if row["mark"] in ("value", "end", "due", "beyond", "silence")]
    for row in sorted(labelled, key=lambda row: (row["lane"], -(row["px"] or 0.0))):
        wide = len(row["label"]) * size * _LETTER
        if row["mark"] == "silence":
            middle = (row["px"] + row["px2"]) / 2
            start = min(max(middle - wide / 2, 0.0), inner - wide)
        else:
            after = row["px"] + 9
            start = (
                after
                if after + wide <= inner
                else max(row["px"] - wide - 9, 0.0)
                if row["mark"] != "value"
                else inner - wide
            )
        if start + wide <= free.get(row["lane"], inner + 1):
            kept.append(row | {"start": start})
            free[row["lane"]] = start - 8
    for row in kept:
        row["ty"] = row["y"] - (12 if row["mark"] in ("silence", "due", "beyond") else 0)
        row["ink"] = colour("ink" if row["mark"] in ("value", "end") else row["tone"])
    halo: dict[str, Any] = {"align": "left", "fontSize": size, "stroke": colour("paper"), "strokeWidth": 5}
    steps = [row | {"y1": row["y"] - 7, "y2": row["y"] + 7} for row in rows if row["mark"] == "value"]
    tick = _chart(alt, steps).mark_rule(color=colour("before"), strokeWidth=2).encode(
        x=_at(alt), y=alt.Y("y1:Q", scale=None, axis=None), y2="y2:Q"
    )  # fmt: skip
    place = {"x": _at(alt, "start"), "y": alt.Y("ty:Q", scale=None, axis=None), "text": "label:N"}
    on_line = [row for row in kept if row["mark"] in ("value", "end")]
    under = _chart(alt, on_line).mark_text(**halo).encode(**place)
    over = _chart(alt, kept).mark_text(align="left", fontSize=size).encode(
        **place, color=alt.Color("ink:N", scale=None)
    )  # fmt: skip
    return [tick, under, over]


def _names(alt: Any, rows: Rows, left: int, size: int, narrow: bool, step: int) -> Any:
    """What a lane holds: at its left, or above it on a telephone."""
    names = [row | {"px": 0 if narrow else -12, "y": row["lane"] * step + (9 if narrow else step / 2)}
             for row in rows if row["mark"] == "lane"]  # fmt: skip
    mark: dict[str, Any] = {"align": "left" if narrow else "right", "fontSize": size - (1 if narrow else 0)}
    return _chart(alt, names).mark_text(**mark, color=colour("muted"), limit=left + 190 if narrow else left).encode(
        x=_at(alt), y=_y(alt), text="label:N"
    )  # fmt: skip


def course(rows: Rows, words: Words, width: int) -> Any:
    """Parts of a hundred similar deals by age, as stacked steps, with a line at this deal's age."""
    import altair as alt

    narrow = width < 500
    size = 12 if narrow else 14
    right = 112 if narrow else 190
    inner = width - right - 34
    parts = [row for row in rows if row["part"] != "mark"]
    last = max((row["time"] for row in parts), default=1.0)
    scale = alt.Scale(domain=[min(row["time"] for row in parts), last], nice=False, zero=False)
    x = alt.X(
        "time:Q", scale=scale, title=words.say("review.course.axis"),
        axis=alt.Axis(tickCount=4 if narrow else 7, grid=False, labelFontSize=size - 1, titleFontSize=size - 1),
    )  # fmt: skip
    levels = alt.Axis(values=[0, 50, 100], grid=False, domain=False, ticks=False, labelFontSize=size - 1)
    y = alt.Y("low:Q", scale=alt.Scale(domain=[0, 100]), title=None, axis=levels)
    tokens = list(dict.fromkeys(row["part"] for row in parts))
    tint = alt.Color("part:N", legend=None, scale=alt.Scale(domain=tokens, range=[colour(token) for token in tokens]))
    # those still there are the ground on which the others stand
    areas = [
        _chart(alt, [row for row in parts if (row["part"] == "waiting") is pale])
        .mark_area(interpolate="step-after", stroke=colour("paper"), strokeWidth=1.5, fillOpacity=0.5 if pale else 1.0)
        .encode(x=x, y=y, y2="high:Q", color=tint)
        for pale in (True, False)
    ]
    ends = [
        row | {"middle": (row["low"] + row["high"]) / 2}
        for row in parts
        if row["label"] and row["high"] - row["low"] >= 1
    ]
    _apart(ends, 9.5 if narrow else 8.0)
    labels = _chart(alt, ends).mark_text(align="left", fontSize=size, color=colour("ink")).encode(
        x=alt.value(inner + 8), y=alt.Y("middle:Q", scale=alt.Scale(domain=[0, 100])), text="label:N"
    )  # fmt: skip
    mark = [
        row | {"near": row["time"] > (min(r["time"] for r in parts) + last) / 2}
        for row in rows
        if row["part"] == "mark"
    ]
    line = _chart(alt, mark).mark_rule(color=colour("ink"), strokeWidth=3).encode(x=x, y=y, y2="high:Q")
    named: dict[str, Any] = {"fontSize": size, "fontWeight": 600, "baseline": "bottom", "dy": -5}
    sides = [
        _chart(alt, [row for row in mark if row["near"] is near]).mark_text(align="right" if near else "left", **named)
        .encode(x=x, y=alt.Y("high:Q", scale=alt.Scale(domain=[0, 100])), text="label:N")
        for near in (True, False)
    ]  # fmt: skip
    return alt.layer(*areas, line, labels, *sides).properties(width=inner, height=170 if narrow else 200)


def _apart(rows: Rows, least: float) -> None:
    """Labels at the right edge, so far apart that they can be read."""
    rows.sort(key=lambda row: row["middle"])
    for below, above in pairwise(rows):
        above["middle"] = max(above["middle"], below["middle"] + least)
    if rows and (over := rows[-1]["middle"] - 98) > 0:
        for i, row in enumerate(reversed(rows)):
            row["middle"] = min(row["middle"], 98 - i * least) if over else row["middle"]


KINDS = {"timeline": timeline, "course": course}
