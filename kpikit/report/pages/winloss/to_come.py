"""How the deals begun in the last quarters run, as far as they are old enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from kpikit.calendar import Period
from kpikit.report.figures.cohorts import HORIZON_DAYS, Newest
from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.wording import alone, refused
from kpikit.schema import Estimate
from kpikit.show.charts.cohorts import curve_rows
from kpikit.show.page import Chart, Message, Page, message

#: a quarter that would only have shown a larger difference than this cannot be called usual
NOTICEABLE = 0.15


def page(figures: WinLossFigures) -> Page:
    """How the deals begun in the last quarters run, as far as they are old enough."""
    found = figures.newest
    row, certainty, cohort = found.row, found.certainty, found.cohort
    if row["status"] == "refused":
        return refused("to_come", "page.to_come.title.refused", _reason(row))
    if cohort is None:
        sentence = message("page.to_come.young", reason=message(f"reason.{_reason(row)}"), days=HORIZON_DAYS)
        return Page("to_come", message("page.to_come.title.unknown"), (sentence,), folded=True)
    form = _form(row, certainty)
    title = _title(form, cohort, found.following)
    values = {name: alone(row[name], "share") for name in ("usual", "low_bound", "high_bound", "noticeable")}
    share = Estimate(row["share"], row["share_low"], row["share_high"], "share", row["n"])
    still = alone(row["n_open"] / row["n"], "share")
    begun = {"begun": cohort, "n": row["n"], "days": HORIZON_DAYS, "share": share, "usual": values["usual"]}
    sentence = [message("page.to_come.sentence", **begun)]
    ends = {name: values[name] for name in ("low_bound", "high_bound")}
    sentence += [message("page.to_come.open", still=still, **ends)] if row["n_open"] else []
    if certainty != "clear":
        sentence.append(message("page.to_come.noticeable", n=row["n"], noticeable=values["noticeable"]))
    return Page(
        "to_come", title, tuple(sentence), _curves(found), message("page.to_come.question"),
        None if form.startswith("usual") else certainty, folded=form == "unknown.these", terms=("open",),
    )  # fmt: skip


def _reason(row: Mapping[str, Any]) -> str:
    return row["reason"] or "few_deals"


def _title(form: str, cohort: Period, following: Period | None) -> Message:
    """The finding on one quarter; where there is none, also that the one after it is too young."""
    these = _season(cohort, "these")
    if form != "usual":
        return message(f"page.to_come.title.{form}", these=these)
    if following is None:
        return message("page.to_come.title.usual.alone", these=these)
    return message("page.to_come.title.usual", these=these, those=_season(following, "those"))


def _form(row: Mapping[str, Any], certainty: str) -> str:
    """Which title: a difference, nothing beyond what would have been noticed, or nothing that could be."""
    if certainty != "unknown":
        return f"{certainty}.{'more' if row['value'] > 0 else 'less'}"
    return "usual" if row["noticeable"] is not None and row["noticeable"] <= NOTICEABLE else "unknown.these"


def _season(quarter: Period, which: str) -> Message:
    """A quarter of the calendar by its season, any other by its months; ``these`` begins a title."""
    first = quarter.first_on.month
    if first in (1, 4, 7, 10):
        return message(f"season.{which}.{first}")
    return message(f"season.{which}", period=quarter)


def _curves(found: Newest) -> Chart:
    """The newest quarter that is old enough, the one after it, and those before it together."""
    names = {"before": found.before, "now": found.cohort, "waiting": found.following}
    rows, key = [], []
    for name, part in (found.curves or {}).items():
        if part.height:
            rows += curve_rows(part, name)
            key.append((name, message("key.begun.usual" if name == "before" else "key.begun", period=names[name])))
    figures = dict.fromkeys(("time", "value", "low", "high"), pl.Float64)
    schema = {"panel": pl.String, "which": pl.String, **figures, "is_young": pl.Boolean, "n": pl.Int64}
    data = pl.DataFrame(rows, schema=schema)
    return Chart("cohorts", data, message("page.to_come.chart", days=HORIZON_DAYS), key=tuple(reversed(key)))
