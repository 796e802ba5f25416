"""What the columns of a chart's frame stand for: for the notes of a live chart, and for a worksheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kpikit.show.page import Chart, Message
from kpikit.words import Words

_RANGE = ("value", "low", "high")
#: kind of chart, or panel within one → how a column is read: a "share", or a "time" in the chart's unit
STYLES: Mapping[str, Mapping[str, str]] = {
    "ranges": dict.fromkeys(_RANGE, "time"),
    "strips": {"value": "time"},
    "hundreds": {"share": "share"},
    "shares": dict.fromkeys(_RANGE, "share"),
    "process": dict.fromkeys(("value", "centre", "low_limit", "high_limit"), "share"),
    "bridge": dict.fromkeys(_RANGE, "share"),
    "slope": {"before": "share", "now": "share"},
    "effect": dict.fromkeys(_RANGE, "share"),
    "curve": {"time": "time", **dict.fromkeys(_RANGE, "share")},
    "view": {"time": "time"},
    "chain": dict.fromkeys(("accepted", "won", "kept", "low", "high"), "share"),
}


def styles(chart: Chart, panel: str | None = None) -> Mapping[str, str]:
    """How the columns of a chart, or of one of its panels, are read; a column that is not named is a plain value."""
    return STYLES.get(panel or "", STYLES.get(chart.kind, {}))


def meaning(chart: Chart, column: str, value: Any, words: Words) -> Any:
    """A value as a reader may see it: codes by the chart's own key or by their words, messages in words."""
    if isinstance(value, Message):
        return value.in_words(words)
    if isinstance(value, bool):
        return words.say("column.yes" if value else "column.no")
    if column in ("which", "part") and value in dict(chart.key):
        return dict(chart.key)[value].in_words(words)
    if column in ("which", "part", "certainty"):
        code = f"certainty.{value}" if column == "certainty" else f"column.part.{value}"
        return words.say(code) if words.has(code) else value
    return value
