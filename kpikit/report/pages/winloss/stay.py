"""Who renewed when due, and what became of a hundred leads."""

from __future__ import annotations

from typing import Any

import polars as pl

from kpikit.report.figures.cohorts import Stay
from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.wording import alone, looked_back, refused
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, message

_STEPS = ("accepted", "won", "kept")


def page(figures: WinLossFigures) -> Page:
    """Who renewed when due, and what became of a hundred leads."""
    found = figures.stay
    row, wanted, n_due, n_asked = found.due.rows.row(0, named=True), found.wanted, found.n_due, found.n_asked
    if not n_due and not n_asked:
        return refused("stay", "page.stay.title.refused", _reason(row) if row["status"] == "refused" else "nobody_due")
    again = {"yes": wanted.get("n_wanted"), "asked": n_asked}
    counts = {"k": row.get("n_events"), "n": n_due}
    form = "both" if n_due and n_asked else "due" if n_due else "wanted"
    values = {"both": counts | again, "due": counts, "wanted": again}[form]
    no_due = message("page.stay.no_due", reason=message(f"reason.{_reason(row)}"))
    sentence = [*(_renewed(found) if n_due else [no_due])]
    asked = {"yes": wanted["n_wanted"], "no": wanted["n_unwanted"], "n": wanted["n_unasked"]} if n_asked else {}
    sentence.append(message("page.stay.wanted", **asked) if n_asked else message("page.stay.unasked"))
    return Page(
        "stay", message(f"page.stay.title.{form}", **values), tuple(sentence), _chart(found),
        message("page.stay.question"), terms=("hundred",),
    )  # fmt: skip


def _reason(row: dict[str, Any]) -> str:
    return row["reason"] or "few_deals"


def _renewed(found: Stay) -> list[Message]:
    """Of those due so many stayed, with the range where there is one, and how many are not known yet."""
    row = found.due.rows.row(0, named=True)
    values = {"k": row["n_events"], "n": row["n"]}
    if row["status"] == "ok":
        told = message("page.stay.sentence", share=Estimate.of(row), **values)
    else:
        told = message("page.stay.sentence.few", **values)
    late = [message("page.stay.open", n=row["n_open"])] if row["n_open"] else []
    return [*looked_back(found.due), told, *late]


def _chart(found: Stay) -> Chart | None:
    """Squares by the month in which contracts fell due; beside them the chain of a hundred leads by source."""
    rows = [_square(row) for row in found.months.to_dicts()]
    links = _links(found.links) if found.links.height else []
    if not rows and not links:
        return None
    figures = dict.fromkeys((*_STEPS, "low", "high"), pl.Float64)
    counts = dict.fromkeys(("stayed", "left", "unknown"), pl.Int64)
    schema = {"panel": pl.String, "label": pl.Object, **counts, **figures, "note": pl.Object}
    states = [("now", "stayed"), ("before", "left"), ("other", "unknown")]
    shown = [(token, message(f"key.{state}")) for token, state in states if any(row.get(state) for row in rows)]
    data = pl.DataFrame([*rows, *links], schema=schema)
    return Chart("stays", data, message("page.stay.chart"), key=tuple(shown))


def _square(row: dict[str, Any]) -> dict[str, Any]:
    """How many contracts fell due in a month, and what became of them."""
    counts = {name: row[name] for name in ("stayed", "left", "unknown")}
    return {"panel": "due", "label": message("label.month", month=row["month"]), **counts}


def _links(known: pl.DataFrame) -> list[dict]:
    """The chain of each source, as far as it is known."""
    rows = []
    for part in known.partition_by("source", maintain_order=True):
        steps = {row["step"]: row for row in part.to_dicts()}
        last = steps.get("kept") or steps.get("won") or steps["accepted"]
        shares = {name: steps[name]["value"] if name in steps else None for name in _STEPS}
        numbers = {name: alone(share, "share") for name, share in shares.items()}
        label = part["source"][0] or message("label.no_source")
        note = message(f"page.stay.note.{last['step']}", **{name: numbers[name] for name in _STEPS[: len(steps)]})
        rows.append(
            {"panel": "chain", "label": label, **shares, "low": last["low"], "high": last["high"], "note": note}
        )
    return rows
