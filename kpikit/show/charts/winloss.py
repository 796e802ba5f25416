"""Charts of the quarterly report: a rate over time, counts with the way to our figure, slopes with effects.

The kinds, and what their frames hold:

- ``process``: ``label`` (a message), ``value, centre, low_limit, high_limit`` (shares), ``phase, is_young, is_out``,
  ``flag`` and ``began`` (texts of what happened, and of what the limits began with, or null), a row a window;
- ``counts``: ``panel`` "counts" with ``label, part`` (a colour token), ``value``; ``panel`` "bridge" with ``label``,
  ``value, low, high`` (shares) and ``note``;
- ``slopes``: ``panel`` "slope" with ``label``, ``before, now`` (shares) and ``note_before, note_now``; ``panel``
  "effect" with ``label, value, low, high`` (changes in share) and ``certainty``;
- small lines: ``panel`` "line" with ``what`` and ``label`` (messages), ``height`` (from 0 on), ``note`` (its figure),
  ``month`` and ``is_now``, a row a window.
"""

from __future__ import annotations

import json
from itertools import pairwise
from math import floor
from textwrap import shorten
from typing import Any

from kpikit.show.theme import colour
from kpikit.words import Words

Rows = list[dict[str, Any]]


def _alt() -> Any:
    import altair

    return altair


def process(rows: Rows, words: Words, width: int) -> Any:
    """Dots in their order with centre and limits of each window; hollow while young, amber where one stands out."""
    alt, narrow = _alt(), width < 500
    inner = width - (60 if narrow else 90)
    phases = {row["phase"] for row in rows}
    for before, row in pairwise([{"phase": min(phases, default=1)}, *rows]):
        row["is_renewed"] = row["phase"] != before["phase"]
        for name in ("value", "centre", "low_limit", "high_limit"):
            row[name] = None if row[name] is None else 100 * row[name]
        row["named"] = shorten(str(row["began"] or ""), 26 if narrow else 44, placeholder=" …")
        row["state"] = "waiting" if row["is_out"] else "now"
        row["shown"] = "" if row["value"] is None else words.number(floor(row["value"] + 0.5 + 1e-9))
    tops = [row[name] for row in rows for name in ("value", "high_limit", "centre") if row[name] is not None]
    top = min(100.0, max(tops, default=50.0) * 1.18)
    order = [row["label"] for row in rows]
    below = alt.Axis(labelAngle=-90 if narrow else 0, ticks=False, domain=False)
    x = alt.X("label:O", sort=order, title=None, axis=below)
    scale = alt.Scale(domain=[0, top], nice=False)
    beside = alt.Axis(tickCount=4, grid=False, domain=False, ticks=False)
    y = alt.Y("value:Q", scale=scale, title=None, axis=beside)
    base = alt.Chart(alt.InlineData(values=tuple(rows))).encode(x=x)
    band = inner / max(len(rows), 1)
    limit: dict[str, Any] = {"orient": "horizontal", "size": band * 0.96, "color": colour("before")}
    flags = base.transform_filter("datum.flag != null")
    layers = [
        base.mark_tick(thickness=1.2, opacity=0.8, **limit).encode(y=alt.Y("low_limit:Q", scale=scale)),
        base.mark_tick(thickness=1.2, opacity=0.8, **limit).encode(y=alt.Y("high_limit:Q", scale=scale)),
        base.mark_tick(thickness=2, opacity=0.75, **limit).encode(y=alt.Y("centre:Q", scale=scale)),
        flags.mark_point(shape="triangle-down", filled=True, size=60, opacity=1, color=colour("waiting"), y=4),
        base.transform_filter("datum.is_renewed").mark_rule(
            color=colour("waiting"), strokeDash=[2, 3], xOffset=-band / 2
        ),
        base.mark_line(strokeWidth=1.4, color=colour("now"), opacity=0.45).encode(y=y, detail=alt.Detail("phase:N")),
        base.transform_filter("isValid(datum.value) && !datum.is_young")
        .mark_point(filled=True, size=95, opacity=1)
        .encode(y=y, color=alt.Color("state:N", scale=_scale("now", "waiting"), legend=None)),
        base.transform_filter("isValid(datum.value) && datum.is_young")
        .mark_point(filled=True, size=90, opacity=1, fill=colour("paper"), stroke=colour("now"), strokeWidth=1.8)
        .encode(y=y),
        base.mark_text(dy=-13, fontSize=11 if narrow else 12).encode(y=y, text=alt.Text("shown:N")),
        base.transform_filter("datum.is_renewed && datum.named != ''").mark_text(
            align="left", xOffset=-band / 2 + 5, y=18, fontSize=11, color=colour("muted")
        ).encode(text=alt.Text("named:N")),
    ]  # fmt: skip
    return alt.layer(*layers, width=inner, height=210 if narrow else 250)


def small_lines(rows: Rows, words: Words, width: int) -> Any:  # noqa: ARG001 - as all that draw
    """A small line for each figure, from nothing up: the windows before in grey, this one in blue with its number."""
    alt, narrow = _alt(), width < 500
    parts = {row["what"]: [one for one in rows if one["what"] == row["what"]] for row in rows}
    room = 118
    inner = width - room - 8 if narrow else (width - 2 * room - 40) // 2
    drawn = [_small_line(alt, part, inner) for part in parts.values()]
    return alt.vconcat(*drawn, spacing=14) if narrow else alt.hconcat(*drawn, spacing=room + 24)


def _small_line(alt: Any, rows: Rows, inner: int) -> Any:
    for i, row in enumerate(rows):
        row["at"] = i
        row["end"] = row["month"] if i in (0, len(rows) - 1) else ""
        row["side"] = "left" if i == 0 else "right"
    x = alt.X("at:Q", scale=alt.Scale(domain=[0, max(len(rows) - 1, 1)], nice=False), title=None, axis=None)
    top = max((row["height"] for row in rows if row["height"] is not None), default=1) * 1.1 or 1
    y = alt.Y("height:Q", scale=alt.Scale(domain=[0, top], nice=False), title=None, axis=None)
    base = alt.Chart(alt.InlineData(values=tuple(rows))).encode(x=x)
    now = base.transform_filter("datum.is_now")
    months = base.transform_filter("datum.end != ''").mark_text(
        dy=11, fontSize=11, color=colour("muted"), align=alt.expr("datum.side")
    )
    title = alt.TitleParams(rows[0]["what"], anchor="start", fontSize=12, fontWeight="normal", color=colour("muted"))
    layers = [
        base.mark_rule(color=colour("line")).encode(x=x, y=alt.YValue("height")),
        base.mark_line(color=colour("before"), strokeWidth=2).encode(y=y),
        base.mark_point(filled=True, size=22, opacity=1, color=colour("before")).encode(y=y),
        now.mark_point(filled=True, size=85, opacity=1, color=colour("now")).encode(y=y),
        now.mark_text(align="left", dx=11, fontSize=18, fontWeight=600, color=colour("now")).encode(
            y=y, text=alt.Text("note:N")
        ),
        months.encode(y=alt.YValue("height"), text=alt.Text("end:N")),
    ]
    return alt.layer(*layers, width=inner, height=46, title=title)


def counts(rows: Rows, words: Words, width: int) -> Any:
    """Bars of counts, a row a group; under them the steps from the CRM's figure to ours."""
    alt, narrow = _alt(), width < 500
    inner = width - (30 if narrow else 200)
    bars, steps = ([row for row in rows if row["panel"] == panel] for panel in ("counts", "bridge"))
    starts: dict[str, float] = {}
    for row in bars:
        row["from"] = starts.get(row["label"], 0.0)
        row["to"] = starts[row["label"]] = row["from"] + row["value"]
        row["middle"], row["ink"] = (row["from"] + row["to"]) / 2, colour(f"in_{row['part']}")
    most = max(starts.values(), default=1.0)
    for row in bars:
        row["shown"] = words.number(row["value"]) if row["value"] / most > (0.07 if narrow else 0.025) else ""
    order = list(dict.fromkeys(row["label"] for row in bars))
    parts = list(dict.fromkeys(row["part"] for row in bars))
    y = alt.Y("label:N", sort=order, title=None, axis=_axis(alt, narrow))
    base = alt.Chart(alt.InlineData(values=tuple(bars))).encode(y=y)
    x = alt.X("from:Q", scale=alt.Scale(domain=[0, most], nice=False), axis=None)
    layers = [
        base.mark_bar(height=24, stroke=colour("paper"), strokeWidth=1.5).encode(
            x=x, x2=alt.X2("to:Q"), color=alt.Color("part:N", scale=_scale(*parts), legend=None)
        ),
        base.mark_text(fontSize=13, fontWeight=600).encode(
            x=alt.X("middle:Q"), text=alt.Text("shown:N"), color=alt.Color("ink:N", scale=None)
        ),
    ]
    layers += _labels_above(alt, order) if narrow else []
    upper = alt.layer(*layers, width=inner, height=alt.Step(50 if narrow else 36))
    return alt.vconcat(upper, _dots(alt, steps, inner, narrow), spacing=26).resolve_scale(color="independent")


def _dots(alt: Any, rows: Rows, inner: float, narrow: bool) -> Any:
    """Shares with ranges, in order, the last in the colour of this period."""
    for i, row in enumerate(rows):
        for name in ("value", "low", "high"):
            row[name] = None if row[name] is None else 100 * row[name]
        row["state"] = "before" if i == 0 else "now"
    order = [row["label"] for row in rows]
    note: dict[str, Any] = {"align": "left", "fontSize": 12, "color": colour("muted")}
    most = max((row["high"] or row["value"] or 0 for row in rows), default=50.0) * 1.05
    room = 0 if narrow else 190
    x = alt.X(
        "low:Q", scale=alt.Scale(domain=[0, most or 1], nice=False, range=[0, inner - room]), title=None,
        axis=alt.Axis(tickCount=5, domain=False, ticks=False),
    )  # fmt: skip
    y = alt.Y("label:N", sort=order, title=None, axis=_axis(alt, narrow))
    base = alt.Chart(alt.InlineData(values=tuple(rows))).encode(y=y)
    tint = alt.Color("state:N", scale=_scale("before", "now"), legend=None)
    dots = base.transform_filter("isValid(datum.value)").mark_point(filled=True, size=95, opacity=1)
    layers = [
        base.mark_rule(strokeWidth=4, opacity=0.5, strokeCap="round").encode(x=x, x2=alt.X2("high:Q"), color=tint),
        dots.encode(x=alt.X("value:Q"), color=tint),
    ]
    if narrow:
        layers += [base.mark_text(dy=-14, **note).encode(x=alt.XValue(0), text=alt.Text("said:N"))]
        for row in rows:
            row["said"] = f"{row['label']}: {row['note']}"
    else:
        layers.append(base.mark_text(**note).encode(x=alt.XValue(inner - room + 14), text=alt.Text("note:N")))
    return alt.layer(*layers, width=inner, height=alt.Step(42 if narrow else 26))


def slopes(rows: Rows, words: Words, width: int) -> Any:
    """Left a line a group, from its rate before to now; right what the mix and the rates did, around no change."""
    alt, narrow = _alt(), width < 500
    left, right = ([row for row in rows if row["panel"] == panel] for panel in ("slope", "effect"))
    part = width - 110 if narrow else 300
    points = [
        {"label": row["label"], "when": when, "share": 100 * row[when], "note": row[f"note_{when}"]}
        for row in left
        for when in ("before", "now")
    ]
    base = alt.Chart(alt.InlineData(values=tuple(points)))
    top = max((point["share"] for point in points), default=50.0) * 1.15
    said = {when: words.say(f"chart.{when}") for when in ("now", "before")}
    x = alt.X(
        "when:O", sort=["before", "now"], title=None, scale=alt.Scale(padding=0.5),
        axis=alt.Axis(labelExpr=f"({json.dumps(said)})[datum.value]", labelAngle=0, ticks=False, domain=False),
    )  # fmt: skip
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, top], nice=False), title=None, axis=None)
    now, before = (base.transform_filter(f"datum.when == '{when}'") for when in ("now", "before"))
    slope = alt.layer(
        base.mark_line(strokeWidth=2, color=colour("now"), opacity=0.75).encode(x=x, y=y, detail=alt.Detail("label:N")),
        base.mark_point(filled=True, size=80, opacity=1, color=colour("now")).encode(x=x, y=y),
        before.mark_text(align="right", dx=-9, fontSize=11, color=colour("muted")).encode(
            x=x, y=y, text=alt.Text("note:N")
        ),
        now.mark_text(align="left", dx=9, fontSize=11).encode(x=x, y=y, text=alt.Text("note:N")),
    ).properties(width=part, height=190)
    drawn = [_effects(alt, right, words, width - 130 if narrow else width - part - 230, narrow)]
    if points:
        drawn.insert(0, slope)
    return (alt.vconcat if narrow else alt.hconcat)(*drawn, spacing=30)


def _effects(alt: Any, rows: Rows, words: Words, inner: float, narrow: bool) -> Any:
    for i, row in enumerate(rows):
        row["row"], row["sure"] = i, words.say(f"certainty.{row['certainty']}")
        for name in ("value", "low", "high"):
            row[name] = None if row[name] is None else 100 * row[name]
    ends = [abs(row[name]) for row in rows for name in ("low", "high", "value") if row[name] is not None]
    reach = max(ends, default=10.0) * 1.08
    y = alt.Y("row:Q", axis=None, scale=alt.Scale(domain=[len(rows) - 0.4, -0.6], nice=False, zero=False))
    base = alt.Chart(alt.InlineData(values=tuple(rows))).encode(y=y)
    x = alt.X(
        "low:Q", scale=alt.Scale(domain=[-reach, reach], nice=False), title=words.say("chart.axis.effect"),
        axis=alt.Axis(tickCount=5, domain=False, ticks=False),
    )  # fmt: skip
    tint = alt.Color(
        "certainty:N", scale=_scale("now", "now", "before", domain=["clear", "hint", "unknown"]), legend=None
    )
    zero = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color=colour("muted")).encode(x=alt.X("zero:Q"))
    layers = [
        zero,
        base.mark_rule(strokeWidth=4, opacity=0.5, strokeCap="round").encode(x=x, x2=alt.X2("high:Q"), color=tint),
        base.mark_point(filled=True, size=110, opacity=1).encode(x=alt.X("value:Q"), color=tint),
        base.mark_text(align="left", dy=-20, fontSize=13).encode(x=alt.XValue(0), text=alt.Text("label:N")),
        base.mark_text(align="left", fontSize=12 if narrow else 13, fontWeight=600).encode(
            x=alt.XValue(inner + 10), text=alt.Text("sure:N"), color=tint
        ),
    ]
    return alt.layer(*layers, width=inner, height=74 * max(len(rows), 1))


def _labels_above(alt: Any, order: list[str]) -> list[Any]:
    titles = alt.Chart(alt.InlineData(values=[{"label": label} for label in order]))
    y = alt.Y("label:N", sort=order, axis=None)
    return [
        titles.mark_text(align="left", dy=-21, fontSize=12, color=colour("ink")).encode(
            y=y, x=alt.XValue(0), text=alt.Text("label:N")
        )
    ]


def _axis(alt: Any, narrow: bool) -> Any:
    if narrow:
        return None
    return alt.Axis(
        labelPadding=10,
        labelFontSize=13,
        labelColor=colour("ink"),
        labelLimit=180,
        minExtent=132,
        domain=False,
        ticks=False,
    )


def _scale(*tokens: str, domain: list[str] | None = None) -> Any:
    return _alt().Scale(domain=domain or list(tokens), range=[colour(token) for token in tokens])


KINDS = {"process": process, "counts": counts, "slopes": slopes}
