"""Charts: a frame of codes and numbers → a Vega-Lite chart, in one language and one width.

The kinds, and what their frames hold:

- ``ranges``: ``label, which`` (now, before), ``value, low, high`` and ``note`` (a message), a row a dot;
- ``hundreds``: ``label`` (a message), ``part`` (a colour token), ``share``, a row a segment;
- ``strips``: ``label, value`` (days) and ``is_sleeping``, a row an open deal; null marks where nine in ten had left;
- ``findings``: ``label`` and ``words`` (messages), ``value, low, high`` (a difference), ``certainty``, a row a finding;
- ``headline``: ``panel`` "line" as in :mod:`kpikit.show.charts.winloss`, ``panel`` "finding" as ``findings``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from textwrap import wrap
from typing import Any

import altair as alt
import polars as pl
from altair.utils.schemapi import debug_mode

from kpikit.show.charts import cohorts as cohort_charts
from kpikit.show.charts import pipeline as pipeline_charts
from kpikit.show.charts import review as review_charts
from kpikit.show.charts import voices as voices_charts
from kpikit.show.charts import winloss as winloss_charts
from kpikit.show.page import Chart, Message
from kpikit.show.theme import colour, vega_config
from kpikit.words import Words

WIDE, NARROW = 860, 328


def draw(chart: Chart, words: Words, width: int = WIDE) -> alt.TopLevelMixin:
    """The chart in one language, drawn for a width in pixels."""
    kinds = {
        "ranges": _ranges, "hundreds": _hundreds, "findings": _findings, "strips": _strips, "headline": _headline,
    }  # fmt: skip
    from_rows = voices_charts.KINDS | winloss_charts.KINDS | cohort_charts.KINDS | pipeline_charts.KINDS
    from_rows |= review_charts.KINDS
    with debug_mode(False):  # Altair would validate each part as it is made; tests validate the whole of every kind
        if chart.kind in from_rows:
            drawn: Any = from_rows[chart.kind](_rows(chart.data, words), words, width)
        else:
            drawn = kinds[chart.kind](chart, words, width)
        # set, where properties() and configure() would copy every layer
        drawn.description = chart.description.in_words(words)
        drawn.config = alt.Config(**vega_config())
    return drawn


#: characters that a drawing cannot take: controls, line ends of JavaScript's own, and what XML forbids
_UNDRAWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def _rows(frame: pl.DataFrame, words: Words) -> list[dict[str, Any]]:
    """The frame as plain rows, with its messages in words and its texts without what cannot be drawn."""
    return [{k: _drawable(v, words) for k, v in row.items()} for row in frame.to_dicts()]


def _drawable(value: Any, words: Words) -> Any:
    text = value.in_words(words) if isinstance(value, Message) else value
    return _UNDRAWABLE.sub(" ", text) if isinstance(text, str) else text


def _data(rows: list[dict[str, Any]]) -> alt.InlineData:
    """Rows as a tuple, which Altair does not copy for each layer and property, as it does with lists."""
    return alt.InlineData(values=tuple(rows))


def _ranges(chart: Chart, words: Words, width: int) -> Any:
    """Rows with two dots and ranges: this period in blue, before in grey, how many at the right edge."""
    rows = _rows(chart.data, words)
    ends = [row[k] for row in rows for k in ("value", "low", "high") if row[k] is not None]
    factor, unit = words.scale(max(ends, default=1), chart.unit)
    most = max(ends, default=1) * 1.06 * factor
    for row in rows:
        row.update({k: row[k] * factor for k in ("value", "low", "high") if row[k] is not None})
        row["end"] = most if row["high"] is None else row["high"]
        row["beyond"] = row["high"] is None
        row["named"] = f"{row['label']} · {row['note']}" if row["which"] == "now" else row["note"]
    narrow = width < 500
    inner = width - (40 if narrow else 370)
    order = list(dict.fromkeys(row["label"] for row in rows))
    heading = alt.Axis(labelPadding=10, labelFontSize=13, labelColor=colour("ink"), domain=False, ticks=False)
    y = alt.Y("label:N", sort=order, title=None, axis=None if narrow else heading)
    offset = alt.YOffset("which:N", sort=["now", "before"])
    x = alt.X(
        "low:Q", scale=alt.Scale(domain=[0, most], nice=False), title=words.say(f"chart.axis.{unit}"),
        axis=alt.Axis(tickCount=5, grid=True, domain=False, ticks=False),
    )  # fmt: skip
    tint = alt.Color("which:N", scale=_scale("now", "before"), legend=None)
    base = alt.Chart(_data(rows)).encode(y=y, yOffset=offset)
    dot: dict[str, Any] = {"filled": True, "size": 95, "opacity": 1}
    beyond: dict[str, Any] = {"shape": "triangle-right", "filled": True, "size": 70, "opacity": 0.8}
    note: dict[str, Any] = {"dx": 0, "dy": -11} if narrow else {"dx": 14, "dy": 0}
    layers = [
        base.mark_rule(strokeWidth=4, opacity=0.55, strokeCap="round").encode(x=x, x2=alt.X2("end:Q"), color=tint),
        base.transform_filter("isValid(datum.value)").mark_point(**dot).encode(x=alt.X("value:Q"), color=tint),
        base.transform_filter("datum.beyond").mark_point(**beyond).encode(x=alt.X("end:Q"), color=tint),
        base.mark_text(align="left", fontSize=12, color=colour("muted"), **note).encode(
            x=alt.XValue(0 if narrow else inner), text=alt.Text("named:N" if narrow else "note:N")
        ),
    ]
    step = 34 if narrow else 25 if len(order) <= 5 else 15
    return alt.layer(*layers, width=inner, height=alt.Step(step))


def _hundreds(chart: Chart, words: Words, width: int) -> Any:
    """Bars of a hundred: what became of a hundred deals, part by part, with the number in each part."""
    rows = _rows(chart.data, words)
    starts: dict[str, float] = {}
    for row in rows:
        row["from"] = starts.get(row["label"], 0.0)
        row["to"] = starts[row["label"]] = row["from"] + 100 * row["share"]
        row["ink"] = colour(f"in_{row['part']}")
        row["middle"] = (row["from"] + row["to"]) / 2
        row["shown"] = words.hundred(row["share"]) if 100 * row["share"] >= (3 if width > 500 else 6) else ""
    narrow = width < 500
    inner = width - (16 if narrow else 250)
    order = list(dict.fromkeys(row["label"] for row in rows))
    parts = list(dict.fromkeys(row["part"] for row in rows))
    axis = (
        None
        if narrow
        else alt.Axis(labelPadding=10, labelFontSize=13, labelColor=colour("ink"), domain=False, ticks=False)
    )
    base = alt.Chart(_data(rows)).encode(y=alt.Y("label:N", sort=order, title=None, axis=axis))
    x = alt.X("from:Q", scale=alt.Scale(domain=[0, 100], nice=False), title=None, axis=None)
    bars = base.mark_bar(height=34, stroke=colour("paper"), strokeWidth=2).encode(
        x=x, x2=alt.X2("to:Q"), color=alt.Color("part:N", scale=_scale(*parts), legend=None)
    )
    ink = alt.Color("ink:N", scale=None)
    numbers = base.mark_text(fontSize=14, fontWeight=600).encode(
        x=alt.X("middle:Q"), text=alt.Text("shown:N"), color=ink
    )
    layers = [bars, numbers]
    if narrow:
        first = [row for row in rows if row["from"] == 0.0]
        titles = alt.Chart(_data(first)).mark_text(align="left", dy=-27, fontSize=12, color=colour("ink"))
        layers.append(titles.encode(y=alt.Y("label:N", sort=order), x=alt.XValue(0), text=alt.Text("label:N")))
    return alt.layer(*layers, width=inner, height=alt.Step(52 if not narrow else 70))


def _strips(chart: Chart, words: Words, width: int) -> Any:
    """A strip a stage: each open deal a dot at its days, and a mark where nine in ten before it had left."""
    rows = _rows(chart.data, words)
    narrow = width < 500
    inner = width - (40 if narrow else 150)
    order = list(dict.fromkeys(row["label"] for row in rows))
    marks = [row for row in rows if row["is_sleeping"] is None and row["value"] is not None]
    open_deals = [row for row in rows if row["is_sleeping"] is not None]
    dots = [row | {"state": "waiting" if row["is_sleeping"] else "before"} for row in open_deals]
    most = max((float(row["value"]) for row in (*dots, *marks)), default=1.0) * 1.04
    heading = alt.Axis(labelPadding=10, labelFontSize=13, labelColor=colour("ink"), domain=False, ticks=False)
    y = alt.Y("label:N", sort=order, title=None, axis=None if narrow else heading)
    x = alt.X(
        "value:Q", scale=alt.Scale(type="sqrt", domain=[0, most], nice=False),
        title=wrap(words.say("chart.axis.waiting"), 44 if narrow else 110),
        axis=alt.Axis(tickCount=6, grid=True, domain=False, ticks=False),
    )  # fmt: skip
    tint = alt.Color("state:N", scale=_scale("waiting", "before"), legend=None)
    layers = [
        alt.Chart(_data(dots)).mark_point(filled=True, size=70, opacity=0.6).encode(x=x, y=y, color=tint),
        alt.Chart(_data(marks))
        .mark_tick(thickness=3, size=20 if len(order) <= 5 else 14, color=colour("ink"))
        .encode(x=alt.X("value:Q"), y=y),
    ]
    if narrow:
        names = alt.Chart(_data([{"label": name} for name in order])).mark_text(align="left", dy=-20, fontSize=12)
        layers.append(
            names.encode(y=alt.Y("label:N", sort=order, axis=None), x=alt.XValue(0), text=alt.Text("label:N"))
        )
    return alt.layer(*layers, width=inner, height=alt.Step(52 if narrow else 26 if len(order) <= 5 else 18))


def _findings(chart: Chart, words: Words, width: int) -> Any:
    """Differences as dots with ranges around "as before", each on a scale of its own, the certainty at the right."""
    rows = _rows(chart.data, words)
    for i, row in enumerate(rows):
        reach = max((abs(row[k]) for k in ("value", "low", "high") if row[k] is not None), default=1.0) or 1.0
        row["row"] = i
        for name in ("value", "low", "high"):
            row[name] = None if row[name] is None else row[name] / reach
        row["low"] = -1.0 if row["low"] is None else row["low"]
        row["high"] = 1.0 if row["high"] is None else row["high"]
        row["sure"] = words.say(f"certainty.{row['certainty']}")
        row["zero"] = 0.0
        row["label"] = wrap(row["label"], 46 if width < 500 else 110)
    narrow = width < 500
    inner = width - (150 if narrow else 180)
    y = alt.Y("row:Q", title=None, axis=None, scale=alt.Scale(domain=[len(rows) - 0.4, -0.5], nice=False, zero=False))
    base = alt.Chart(_data(rows)).encode(y=y)
    x = alt.X("low:Q", scale=alt.Scale(domain=[-1.05, 1.05], nice=False), title=None, axis=None)
    tint = alt.Color(
        "certainty:N", scale=_scale("now", "now", "before", domain=["clear", "hint", "unknown"]), legend=None
    )
    label = 12 if narrow else 14
    above: dict[str, Any] = {"baseline": "top", "dy": -30} if narrow else {"baseline": "middle", "dy": -14}
    layers = [
        base.mark_rule(strokeWidth=4, opacity=0.5, strokeCap="round", yOffset=12).encode(
            x=x, x2=alt.X2("high:Q"), color=tint
        ),
        base.mark_rule(color=colour("muted"), yOffset=1, y2Offset=23).encode(x=alt.X("zero:Q"), y2=alt.Y2("row:Q")),
        base.transform_filter("isValid(datum.value)").mark_point(filled=True, size=110, opacity=1, yOffset=12).encode(
            x=alt.X("value:Q"), color=tint
        ),
        base.mark_text(align="left", fontSize=label, lineHeight=15, **above).encode(
            x=alt.XValue(0), text=alt.Text("label:N")
        ),
        base.mark_text(align="left", fontSize=label, fontWeight=600, dy=12).encode(
            x=alt.XValue(inner + 14), text=alt.Text("sure:N"), color=tint
        ),
    ]  # fmt: skip
    if rows:
        note = alt.Chart(_data(rows[-1:])).encode(y=y).mark_text(fontSize=11, dy=33, color=colour("muted"))
        layers.append(note.encode(x=alt.X("zero:Q"), text=alt.TextValue(words.say("chart.as_before"))))
    return alt.layer(*layers, width=inner, height=(84 if narrow else 64) * len(rows))


def _headline(chart: Chart, words: Words, width: int) -> Any:
    """Small lines of what was won, above the findings."""
    lines, findings = (chart.data.filter(pl.col("panel") == panel) for panel in ("line", "finding"))
    upper = winloss_charts.small_lines(_rows(lines, words), words, width)
    if not findings.height:
        return upper
    return alt.vconcat(upper, _findings(replace(chart, data=findings), words, width), spacing=26)


def _scale(*tokens: str, domain: list[str] | None = None) -> alt.Scale:
    return alt.Scale(domain=domain or list(tokens), range=[colour(token) for token in tokens])
