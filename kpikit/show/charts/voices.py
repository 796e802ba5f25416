"""Charts of reasons and of what goes with winning: shares with ranges, two counts a line, dots sized by count.

The kinds, and what their frames hold:

- ``shares``: ``label, which`` (now, before), ``value, low, high`` (shares) and ``note`` (a message), a row a dot;
- ``pairs``: ``label, ours, theirs, note``, a row a reason: two counts over the same deals;
- ``cells``: ``label`` (a row), ``column`` and its ``place`` from the left, ``n``, ``is_untold``, a row a dot.

A label may be text of the CRM or a message.
"""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from kpikit.show.theme import colour
from kpikit.words import Words

Rows = list[dict[str, Any]]
#: stands where a label is broken into lines; nobody types it
_BREAK = "\u2063"
#: characters of a label that is longer than its place
SHORT = 34


def _shortened(text: str, most: int = SHORT) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _broken(text: str, most: int = 24) -> str:
    """A label in lines, the last of which says that there was more."""
    lines = wrap(_shortened(text, 2 * most), most)[:2]
    return _BREAK.join(lines) or text


def _axis(narrow: bool, labels: list[str], limit: int = 250) -> Any:
    """Labels at the left with room for the longest line, whatever font the reader has."""
    import altair as alt

    if narrow:
        return None
    longest = max((len(line) for label in labels for line in label.split(_BREAK)), default=0)
    return alt.Axis(
        labelPadding=10, labelFontSize=13, labelColor=colour("ink"), labelLimit=limit, domain=False, ticks=False,
        labelExpr=f"split(datum.label, '{_BREAK}')", labelLineHeight=15, minExtent=min(limit, 8 * longest + 10),
    )  # fmt: skip


def shares(rows: Rows, words: Words, width: int) -> Any:
    """Shares as dots with ranges on a scale of a hundred: one a row, or with (blue) and without (grey)."""
    import altair as alt

    narrow = width < 500
    inner = width - (24 if narrow else 430)
    most = min(1.0, max((row["high"] for row in rows if row["high"] is not None), default=1.0) * 1.06)
    for row in rows:
        row["label"] = _shortened(row["label"], 46) if narrow else _broken(row["label"])
        row.update({name: None if row[name] is None else 100 * row[name] for name in ("value", "low", "high")})
        row["named"] = f"{row['label']} · {row['note']}" if row["which"] == "now" else row["note"]
    order = list(dict.fromkeys(row["label"] for row in rows))
    x = alt.X(
        "low:Q", scale=alt.Scale(domain=[0, 100 * most], nice=False), title=words.say("chart.axis.in_hundred"),
        axis=alt.Axis(tickCount=5, grid=not narrow, domain=False, ticks=False),
    )  # fmt: skip
    both = any(row["which"] == "before" for row in rows)
    tint = alt.Color("which:N", scale=_scale("now", "before"), legend=None)
    base = alt.Chart(alt.InlineData(values=tuple(rows))).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=_axis(narrow, order, 230)),
        yOffset=alt.YOffset("which:N", sort=["now", "before"]),
    )
    place: dict[str, Any] = {"dx": 0, "dy": -12} if narrow else {"dx": 14, "dy": 0}
    layers = [
        base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=4, opacity=0.55, strokeCap="round").encode(
            x=x, x2=alt.X2("high:Q"), color=tint
        ),
        base.transform_filter("isValid(datum.value)").mark_point(filled=True, size=95, opacity=1).encode(
            x=alt.X("value:Q"), color=tint
        ),
        base.mark_text(align="left", fontSize=12, color=colour("muted"), **place).encode(
            x=alt.XValue(0 if narrow else inner), text=alt.Text("named:N" if narrow else "note:N")
        ),
    ]  # fmt: skip
    step = 36 if narrow else 26 if both or len(order) > 5 else 34
    return alt.layer(*layers, width=inner, height=alt.Step(step))


def pairs(rows: Rows, words: Words, width: int) -> Any:
    """A line a reason with two dots: how often we wrote it, how often the buyer named it."""
    import altair as alt

    narrow = width < 500
    inner = width - (24 if narrow else 400)
    for row in rows:
        row["label"] = _shortened(row["label"]) if narrow else _broken(row["label"])
        row["named"] = f"{row['label']} · {row['note']}"
    most = max((max(row["ours"], row["theirs"]) for row in rows), default=1) * 1.08
    order = [row["label"] for row in rows]
    x = alt.X(
        "ours:Q", scale=alt.Scale(domain=[0, most], nice=False), title=words.say("chart.axis.deals"),
        axis=alt.Axis(tickCount=5, tickMinStep=1, format="d", grid=not narrow, domain=False, ticks=False),
    )  # fmt: skip
    base = alt.Chart(alt.InlineData(values=tuple(rows))).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=_axis(narrow, order, 210))
    )
    place: dict[str, Any] = {"dy": -14} if narrow else {"dx": 14}
    layers = [
        base.mark_rule(strokeWidth=3, color=colour("line")).encode(x=x, x2=alt.X2("theirs:Q")),
        base.mark_point(filled=True, size=150, opacity=1, color=colour("before")).encode(x=alt.X("ours:Q")),
        base.mark_point(filled=True, size=70, opacity=1, color=colour("now")).encode(x=alt.X("theirs:Q")),
        base.mark_text(align="left", fontSize=12, color=colour("muted"), **place).encode(
            x=alt.XValue(0 if narrow else inner), text=alt.Text("named:N" if narrow else "note:N")
        ),
    ]
    step = 38 if narrow else 30 if len(order) <= 7 else 25
    return alt.layer(*layers, width=inner, height=alt.Step(step))


def cells(rows: Rows, words: Words, width: int) -> Any:  # noqa: ARG001 - one shape for all kinds
    """Dots sized by count where a row and a column meet; on a telephone rows and columns change places."""
    import altair as alt

    narrow = width < 500
    most = max((row["n"] for row in rows), default=1)
    largest = 700 if narrow else 1500
    for row in rows:
        row["size"] = largest * row["n"] / most
        row["token"] = "before" if row["is_untold"] else "now"
        row["inside"] = row["size"] >= (230 if row["n"] < 10 else 330)
        row["ink"] = colour("in_on") if row["inside"] else colour("ink")
        row["label"], row["column"] = _shortened(row["label"]), _shortened(row["column"], 26)
    lines = list(dict.fromkeys(row["label"] for row in rows))
    columns = list(dict.fromkeys(row["column"] for row in sorted(rows, key=lambda row: row["place"])))
    down, across = ("column", "label") if narrow else ("label", "column")
    ys, xs = (columns, lines) if narrow else (lines, columns)
    inner = width - (130 if narrow else 190)
    top = alt.Axis(
        orient="top", domain=False, ticks=False, labelFontSize=12, labelColor=colour("ink"), labelPadding=10,
        labelAngle=-35 if narrow else 0, labelAlign="left" if narrow else "center", labelLimit=90 if narrow else 160,
        labelExpr="datum.label" if narrow else f"split(datum.label, '{_BREAK}')", grid=False,
    )  # fmt: skip
    if not narrow:
        room = max(8, int(inner / max(len(xs), 1) / 7))
        wrapped = {text: _BREAK.join(wrap(text, room)[:3]) or text for text in xs}
        for row in rows:
            row[across] = wrapped[row[across]]
        xs = [wrapped[text] for text in xs]
    side = alt.Axis(
        labelPadding=10, labelFontSize=12 if narrow else 13, labelColor=colour("ink"), domain=False, ticks=False,
        labelLimit=(limit := 118 if narrow else 170), grid=True, minExtent=min(limit, 8 * max(map(len, ys), default=0)),
    )  # fmt: skip
    base = alt.Chart(alt.InlineData(values=tuple(rows))).encode(
        y=alt.Y(f"{down}:N", sort=ys, title=None, axis=side, scale=alt.Scale(domain=ys)),
        x=alt.X(f"{across}:N", sort=xs, title=None, axis=top, scale=alt.Scale(domain=xs)),
    )
    dots = base.mark_circle(opacity=1).encode(
        size=alt.Size("size:Q", scale=None, legend=None),
        color=alt.Color("token:N", scale=_scale("now", "before"), legend=None),
    )
    number: dict[str, Any] = {"fontSize": 12, "fontWeight": 600}
    inside = base.transform_filter("datum.inside").mark_text(**number)
    beside = base.transform_filter("!datum.inside").mark_text(**number, dx=16 if narrow else 18)
    ink = alt.Color("ink:N", scale=None)
    layers = [dots, inside.encode(text=alt.Text("n:Q"), color=ink), beside.encode(text=alt.Text("n:Q"), color=ink)]
    return alt.layer(*layers, width=inner, height=alt.Step(40 if narrow else 50 if len(ys) <= 6 else 36))


KINDS = {"shares": shares, "pairs": pairs, "cells": cells}


def _scale(*tokens: str) -> Any:
    import altair as alt

    return alt.Scale(domain=list(tokens), range=[colour(token) for token in tokens])
