"""The pages on what is still to come and on who stays: cohorts by quarter, customers due, the chain of a hundred leads.

Each is called with a book narrowed to the team and to the period's end.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import polars as pl

from kpikit.analysis.base.certainty import judge
from kpikit.analysis.cohorts import chain, newest, win_curves
from kpikit.analysis.retention import regret, renewal
from kpikit.book import DealBook
from kpikit.calendar import Period, add_months
from kpikit.report.figures.windows import Told, widening
from kpikit.schema import Estimate
from kpikit.show.charts.cohorts import TICKS, curve_rows
from kpikit.show.page import Certainty, Chart, Message, Page, message

HORIZON_DAYS = 90
#: a quarter that would only have shown a larger difference than this cannot be called usual
NOTICEABLE = 0.15
#: fewer customers due than this tell nothing together
ENOUGH_DUE = 10
SOURCES = 5
_STEPS = ("accepted", "won", "kept")


# --- page 10 ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)  # the report judges it and the page shows it: computed once
def compared(book: DealBook, period: Period) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The newest quarter against those before it, and the same a quarter earlier: for judging a report's comparisons.

    Both hold ``finding, value, low, high, low80, high80, p`` besides the rest of :func:`kpikit.cohorts.newest`.
    """
    now, earlier = (newest(book, horizon=HORIZON_DAYS, back=back, during=period) for back in (0, 1))
    return tuple(frame.with_columns(finding=pl.lit("newest")) for frame in (now, earlier))  # type: ignore[return-value]


def to_come(book: DealBook, period: Period, copy: str, sure: Certainty | None = None) -> Page:  # noqa: ARG001
    """Quarterly report, page 10: how the deals begun in the last quarters run, as far as they are old enough.

    Args:
        book: narrowed to the team and the period's end.
        period: of the report.
        copy: "team" or "company"; no deal is named in either.
        sure: the certainty of the difference, judged over the whole report; by default over this page.
    """
    now, earlier = compared(book, period)
    row = now.to_dicts()[0]
    if row["status"] == "refused":
        return Page("to_come", message("page.to_come.title.refused", reason=_reason(row)), folded=True)
    if row["value"] is None:
        sentence = message("page.to_come.young", reason=_reason(row), days=HORIZON_DAYS)
        return Page("to_come", message("page.to_come.title.unknown"), (sentence,), folded=True)
    judged = {"low80", "high80"} <= set(earlier.columns) and judge(now, earlier, ["finding"])["certainty"][0]
    certainty: Certainty = sure or judged or "unknown"  # type: ignore[assignment]
    cohort, following = (_span(row[name], 3) for name in ("cohort", "cohort_next"))
    form = _form(row, certainty)
    title = _title(form, cohort, following if following.first_on < period.next_on else None)
    values = {
        name: Estimate(row[name], None, None, "share") for name in ("usual", "low_bound", "high_bound", "noticeable")
    }
    share = Estimate(row["share"], row["share_low"], row["share_high"], "share", row["n"])
    still = Estimate(row["n_open"] / row["n"], None, None, "share")
    begun = {"begun": cohort, "n": row["n"], "days": HORIZON_DAYS, "share": share, "usual": values["usual"]}
    sentence = [message("page.to_come.sentence", **begun)]
    ends = {name: values[name] for name in ("low_bound", "high_bound")}
    sentence += [message("page.to_come.open", still=still, **ends)] if row["n_open"] else []
    if certainty != "clear":
        sentence.append(message("page.to_come.noticeable", n=row["n"], noticeable=values["noticeable"]))
    return Page(
        "to_come", title, tuple(sentence), _curves(book, period, row), message("page.to_come.question"),
        None if form.startswith("usual") else certainty, folded=form == "unknown.these", terms=("open",),
    )  # fmt: skip


def _span(first_on: date, months: int) -> Period:
    """So many months from a day on, called by their months."""
    return Period(f"{first_on:%Y-%m}+{months}", first_on, months)


def _reason(row: dict) -> Message:
    return message(f"reason.{row['reason'] or 'few_deals'}")


def _title(form: str, cohort: Period, following: Period | None) -> Message:
    """The finding on one quarter; where there is none, also that the one after it is too young."""
    these = _season(cohort, "these")
    if form != "usual":
        return message(f"page.to_come.title.{form}", these=these)
    if following is None:
        return message("page.to_come.title.usual.alone", these=these)
    return message("page.to_come.title.usual", these=these, those=_season(following, "those"))


def _form(row: dict, certainty: str) -> str:
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


def _curves(book: DealBook, period: Period, row: dict) -> Chart:
    """The newest quarter that is old enough, the one after it, and those before it together."""
    months = (row["cohort"].year - row["usual_from"].year) * 12 + row["cohort"].month - row["usual_from"].month
    before = _span(row["usual_from"], months)
    quarters = win_curves(book, by="quarter", during=_span(row["cohort"], 6), at=TICKS)
    parts = {
        "before": win_curves(book, by="all", during=before, at=TICKS),
        "now": quarters.filter(pl.col("cohort") == row["cohort"]),
        "waiting": quarters.filter((pl.col("cohort") == row["cohort_next"]) & (pl.col("cohort") < period.next_on)),
    }
    usable = {name: part.filter(pl.col("value").is_not_null()) for name, part in parts.items()}
    names = {"before": before, "now": _span(row["cohort"], 3), "waiting": _span(row["cohort_next"], 3)}
    rows, key = [], []
    for name, part in usable.items():
        if part.height:
            rows += curve_rows(part, name)
            key.append((name, message("key.begun.usual" if name == "before" else "key.begun", period=names[name])))
    figures = dict.fromkeys(("time", "value", "low", "high"), pl.Float64)
    schema = {"panel": pl.String, "which": pl.String, **figures, "is_young": pl.Boolean, "n": pl.Int64}
    data = pl.DataFrame(rows, schema=schema)
    return Chart("cohorts", data, message("page.to_come.chart", days=HORIZON_DAYS), key=tuple(reversed(key)))


# --- page 11 ---------------------------------------------------------------------------------------------------------


def stay(book: DealBook, period: Period, copy: str) -> Page:  # noqa: ARG001
    """Quarterly report, page 11: who renewed when due, and what became of a hundred leads."""
    due = widening(period, lambda window: _due(book, window), enough=ENOUGH_DUE)
    found = due.rows.to_dicts()[0]
    wanted = regret(book, by=(), during=period.widened(12) if period.months < 12 else period).to_dicts()[0]
    n_asked = (wanted.get("n_wanted") or 0) + (wanted.get("n_unwanted") or 0)
    n_due = found["n"] if found["status"] != "refused" and found["n"] else 0
    if not n_due and not n_asked:
        reason = _reason(found) if found["status"] == "refused" else message("reason.nobody_due")
        return Page("stay", message("page.stay.title.refused", reason=reason), folded=True)
    again = {"yes": wanted.get("n_wanted"), "asked": n_asked}
    counts = {"k": found.get("n_events"), "n": n_due}
    form = "both" if n_due and n_asked else "due" if n_due else "wanted"
    values = {"both": counts | again, "due": counts, "wanted": again}[form]
    sentence = [*(_renewed(found, due) if n_due else [message("page.stay.no_due", reason=_reason(found))])]
    asked = {"yes": wanted["n_wanted"], "no": wanted["n_unwanted"], "n": wanted["n_unasked"]} if n_asked else {}
    sentence.append(message("page.stay.wanted", **asked) if n_asked else message("page.stay.unasked"))
    chart = _stays(book, due if n_due else None, period)
    return Page(
        "stay", message(f"page.stay.title.{form}", **values), tuple(sentence), chart,
        message("page.stay.question"), terms=("hundred",),
    )  # fmt: skip


def _due(book: DealBook, window: Period | None) -> pl.DataFrame:
    rows = renewal(book, during=window)
    return rows.with_columns(_n=pl.col("n").fill_null(0))


def _renewed(row: dict, due: Told) -> list[Message]:
    """Of those due so many stayed, with the range where there is one, and how many are not known yet."""
    values = {"k": row["n_events"], "n": row["n"]}
    if row["status"] == "ok":
        told = message("page.stay.sentence", share=Estimate.of(row), **values)
    else:
        told = message("page.stay.sentence.few", **values)
    late = [message("page.stay.open", n=row["n_open"])] if row["n_open"] else []
    return [*due.said, told, *late]


def _stays(book: DealBook, due: Told | None, period: Period) -> Chart | None:
    """Squares by the month in which contracts fell due; beside them the chain of a hundred leads by source."""
    rows = [] if due is None else _squares(book, due.window or period.widened(12))
    links = _links(book)
    if not rows and not links:
        return None
    figures = dict.fromkeys(("accepted", "won", "kept", "low", "high"), pl.Float64)
    counts = dict.fromkeys(("stayed", "left", "unknown"), pl.Int64)
    schema = {"panel": pl.String, "label": pl.Object, **counts, **figures, "note": pl.Object}
    states = [("now", "stayed"), ("before", "left"), ("other", "unknown")]
    shown = [(token, message(f"key.{state}")) for token, state in states if any(row.get(state) for row in rows)]
    data = pl.DataFrame([*rows, *links], schema=schema)
    return Chart("stays", data, message("page.stay.chart"), key=tuple(shown))


def _squares(book: DealBook, window: Period) -> list[dict]:
    """For each month how many contracts fell due, and what became of them."""
    rows = []
    for i in range(window.months):
        first: date = add_months(window.first_on, i)
        found = renewal(book, during=_span(first, 1)).to_dicts()[0]
        n, stayed = found["n"] or 0, found["n_events"] or 0
        label = message("label.month", month=first)
        rows.append(
            {"panel": "due", "label": label, "stayed": stayed, "left": n - stayed, "unknown": found["n_open"] or 0}
        )
    return rows


def _links(book: DealBook) -> list[dict]:
    """The chain of the sources with most leads, as far as it is known."""
    found = chain(book, by="source")
    if "step" not in found.columns:
        return []
    known = found.filter((pl.col("status") == "ok") & pl.col("value").is_not_null()).sort("n_leads", descending=True)
    rows = []
    for part in known.partition_by("source", maintain_order=True)[:SOURCES]:
        steps = {row["step"]: row for row in part.to_dicts()}
        last = steps.get("kept") or steps.get("won") or steps["accepted"]
        shares = {name: steps[name]["value"] if name in steps else None for name in _STEPS}
        numbers = {name: Estimate(share, None, None, "share") for name, share in shares.items()}
        label = part["source"][0] or message("label.no_source")
        note = message(f"page.stay.note.{last['step']}", **{name: numbers[name] for name in _STEPS[: len(steps)]})
        rows.append(
            {"panel": "chain", "label": label, **shares, "low": last["low"], "high": last["high"], "note": note}
        )
    return rows
