"""Figures of an earlier report and what they are now, in words: behind the pages, and in the index of a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from kpikit.calendar import Period
from kpikit.report.figures.about import Restated
from kpikit.schema import Estimate
from kpikit.show.basis_words import all_differ
from kpikit.show.page import Message, Table, message


def restated(found: Restated) -> tuple[Message, tuple[Message | Table, ...]]:
    """A part of the back matter that tells then and now, and what the two do not have in common."""
    return message("back.restated"), (*all_differ(found.basis), _said(found))


def _said(found: Restated) -> Message | Table:
    if found.is_absent:
        return message("basis.absent")
    if found.is_apart:
        return message("basis.apart")
    return _table(found) if found.rows else message("back.restated.none", period=found.period)


def _table(found: Restated) -> Table:
    headings = tuple(message(f"back.restated.{name}") for name in ("figure", "period", "then", "now", "why"))
    return Table(headings, tuple(_row(row, found.period) for row in found.rows))


def _row(row: Mapping[str, Any], period: Period) -> tuple[Message, ...]:
    first_on = date.fromisoformat(row["first_on"])
    window = Period(row["first_on"][:7], first_on, row["months"], period.time_zone, period.fiscal_start)
    now = message("back.restated.gone") if row["now"] is None else value(row["now"])
    return (what(row), message("header.period", period=window), value(row), now, message(f"back.restated.{row['why']}"))


def what(figure: Mapping[str, Any]) -> Message:
    """The name of a headline figure."""
    return message(f"headline.{figure['figure']}", stage=figure["stage"] or "")


def value(figure: Mapping[str, Any]) -> Message:
    """A headline figure with its range and the number it rests on."""
    told = Estimate.of({"low": None, "high": None, "n": None, **figure})
    bare = told.low is None and told.high is None
    return message("headline.value.bare" if bare else "headline.value", figure=told, number=told.n or 0)
