"""What a live chart tells of the mark under the pointer: one line of words, the same figures as in the picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from kpikit.schema import Estimate
from kpikit.show.columns import meaning, styles
from kpikit.show.page import Chart, Message
from kpikit.words import Words

_MARKS = {"point", "circle", "square", "bar", "rect", "tick"}
Row = Mapping[str, Any]


def with_tips(chart: Chart, words: Words) -> Chart:
    """The chart with a column ``tip``: what is said of each row, "" where there is nothing to add."""
    tips = [_tip(chart, row, words) for row in chart.data.to_dicts()]
    data = chart.data.with_columns(pl.Series("tip", tips, dtype=pl.String))
    return Chart(chart.kind, data, chart.description, chart.key, chart.unit)


def touchable(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification, with its tips on every mark that can be pointed at."""
    has_tips = {name for name, rows in spec.get("datasets", {}).items() if any(row.get("tip") for row in rows)}
    for unit in _units(spec, None, has_tips):
        unit.setdefault("encoding", {})["tooltip"] = {"field": "tip", "type": "nominal"}
    return spec


def _units(spec: dict[str, Any], data: str | None, has_tips: set[str]) -> Iterable[dict[str, Any]]:
    data = spec.get("data", {}).get("name", data)
    for parts in ("layer", "hconcat", "vconcat"):
        for part in spec.get(parts, ()):
            yield from _units(part, data, has_tips)
    mark = spec.get("mark")
    if (mark.get("type") if isinstance(mark, dict) else mark) in _MARKS and data in has_tips:
        yield spec


def _tip(chart: Chart, row: Row, words: Words) -> str:
    what = [meaning(chart, name, row[name], words) for name in ("label", "column", "which", "part") if row.get(name)]
    return _said(chart, row, " · ".join(map(str, what)), words)


def _said(chart: Chart, row: Row, what: str, words: Words) -> str:
    """The line for one row, by what the row holds."""
    style = styles(chart, row.get("panel"))
    if chart.kind == "findings" or row.get("panel") in ("view", "finding"):
        return ""
    if chart.kind == "strips" and row["is_sleeping"] is None:
        return words.say("tip.nine", what=what, time=_estimate(chart, row, style, words)) if _known(row) else ""
    if chart.kind == "process":
        return _process(row, what, words)
    if row.get("panel") == "slope":
        return words.say("tip.slope", what=what, before=words.hundred(row["before"]), now=words.hundred(row["now"]))
    if row.get("panel") == "due":
        return words.say("tip.due", what=what, stayed=row["stayed"], left=row["left"])
    if row.get("panel") == "curve":
        time = Estimate(row["time"], None, None, chart.unit)
        return words.say("tip.within", what=what, value=words.hundred(row["value"]), time=time) if _known(row) else ""
    return _valued(chart, row, what, words)


def _valued(chart: Chart, row: Row, what: str, words: Words) -> str:
    style = styles(chart, row.get("panel"))
    if _known(row):
        figure = _estimate(chart, row, style, words)
        if row.get("low") is None and row.get("high") is None:
            return words.say("tip.value", what=what, value=figure)
        return words.say("tip.range", what=what, value=figure, range=words.range(_figure(chart, row, style)))
    if row.get("share") is not None:
        share = words.plain(Estimate(row["share"], None, None, "share"))
        return words.say("tip.value", what=what, value=share)
    if row.get("start") is not None and row.get("end") is not None:
        return words.say("tip.value", what=what, value=words.number(abs(row["end"] - row["start"])))
    if row.get("n") is not None:
        return words.say("tip.value", what=what, value=words.number(row["n"]))
    note = row.get("note")
    return words.say("tip.value", what=what, value=note.in_words(words)) if isinstance(note, Message) else ""


def _process(row: Row, what: str, words: Words) -> str:
    if row["value"] is None:
        return ""
    limits = Estimate(row["centre"], row["low_limit"], row["high_limit"], "share")
    value = words.hundred(row["value"])
    return words.say("tip.luck", what=what, value=value, range=words.range(limits))


def _known(row: Row) -> bool:
    return row.get("value") is not None


def _figure(chart: Chart, row: Row, style: Mapping[str, str]) -> Estimate:
    unit = {"share": "share", "time": chart.unit}.get(style.get("value", ""), "")
    return Estimate(row["value"], row.get("low"), row.get("high"), unit)


def _estimate(chart: Chart, row: Row, style: Mapping[str, str], words: Words) -> str:
    figure = _figure(chart, row, style)
    return words.plain(figure) if figure.unit else words.number(row["value"])
