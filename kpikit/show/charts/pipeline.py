"""Charts of the pipeline.

The kinds, and what their frames hold:

- ``moves``: ``label`` (a message), ``part`` (a colour token), ``start, end`` (deals) and ``note`` (a message), a row a
  step of a waterfall that is read from above.
"""

from __future__ import annotations

from typing import Any

from kpikit.show.theme import colour
from kpikit.words import Words

Rows = list[dict[str, Any]]


def moves(rows: Rows, words: Words, width: int) -> Any:
    """Bars that take each other's place: what was open, what came in, what left, what is open now."""
    import altair as alt

    narrow = width < 500
    inner = width - (100 if narrow else 270)
    most = max((max(row["start"], row["end"]) for row in rows), default=1.0) or 1.0
    for row in rows:
        row["low"], row["high"] = sorted((row["start"], row["end"]))
        row["ink"] = colour(f"in_{row['part']}") if row["part"] in ("on", "lost") else colour("paper")
        row["size"] = words.number(row["high"] - row["low"])
        row["is_wide"] = (row["high"] - row["low"]) / most > (0.12 if narrow else 0.05)
    order = [row["label"] for row in rows]
    heading = alt.Axis(labelPadding=10, labelFontSize=13, labelColor=colour("ink"), domain=False, ticks=False)
    parts = list(dict.fromkeys(row["part"] for row in rows))
    tint = alt.Color("part:N", scale=alt.Scale(domain=parts, range=[colour(p) for p in parts]), legend=None)
    base = alt.Chart(alt.InlineData(values=tuple(rows))).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=None if narrow else heading)
    )
    x = alt.X("low:Q", scale=alt.Scale(domain=[0, most], nice=False), axis=None)
    bar: dict[str, Any] = {"height": 20, "yOffset": 8} if narrow else {"height": 26}
    inside = base.transform_filter("datum.is_wide").transform_calculate(middle="(datum.low + datum.high) / 2")
    beside = base.transform_filter("!datum.is_wide")
    low: dict[str, Any] = {"yOffset": 8} if narrow else {}
    number: dict[str, Any] = {"fontSize": 13, "fontWeight": "bold", **low}
    layers = [
        base.mark_bar(stroke=colour("paper"), strokeWidth=1, **bar).encode(x=x, x2=alt.X2("high:Q"), color=tint),
        inside.mark_text(**number).encode(
            x=alt.X("middle:Q"), text=alt.Text("size:N"), color=alt.Color("ink:N", scale=None)
        ),
        beside.mark_text(align="left", dx=5, color=colour("ink"), **number).encode(
            x=alt.X("high:Q"), text=alt.Text("size:N")
        ),
        base.mark_text(align="left", dx=12, fontSize=12, color=colour("muted"), **low).encode(
            x=alt.XValue(inner), text=alt.Text("note:N")
        ),
    ]
    if narrow:
        name: dict[str, Any] = {"align": "left", "dy": -11, "fontSize": 12}
        layers.append(base.mark_text(color=colour("ink"), **name).encode(x=alt.XValue(0), text=alt.Text("label:N")))
    return alt.layer(*layers, width=inner, height=alt.Step(44 if narrow else 38))


KINDS = {"moves": moves}
