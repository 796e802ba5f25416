"""What stands behind the quarterly report: every definition of the rate, limits, data, words."""

from __future__ import annotations

from collections.abc import Sequence

from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.matter import Matter, back_page
from kpikit.report.pages.wording import alone
from kpikit.schema import Estimate
from kpikit.show.page import Message, Page, Table, message

TERMS = (
    "won_rate", "both", "chased", "luck", "goes_with", "open", "range", "hundred", "clear", "hint", "unknown",
    "set_aside", "late",
)  # fmt: skip
USED = (
    "wins", "endings", "win_rate_finished", "win_rate_cohort", "rate_bridge", "rate_over_time", "mix_and_rate",
    "reasons", "reasons_compared", "competitors", "last_stage", "drivers",
)  # fmt: skip


def page(figures: WinLossFigures, folded: Sequence[Page]) -> Page:
    """The back matter; ``folded`` are the pages that had nothing to say, in reading order."""
    methods = (message("back.wl.methods.text"), message("back.wl.windows.text"))
    counts = (message("back.wl.deals", n=figures.n_finished),)
    what = Matter(USED, TERMS, methods, counts, (message("back.wl.rates"), _rates(figures)))
    return back_page(figures.about, what, message("page.wl.back.sentence"), folded)


def _rates(figures: WinLossFigures) -> tuple[Message | Table, ...]:
    """The same data under every definition."""
    rows = []
    for row in figures.definitions.to_dicts():
        name = message(f"kpi.{row['kpi']}")
        name = message("back.wl.at_stage", what=name, stage=row["stage"]) if row.get("stage") else name
        counts, figure = _in_words(row)
        rows.append((name, counts, figure, _late(row)))
    headings = tuple(message(f"back.wl.{name}") for name in ("definition", "counted", "figure", "late"))
    return (message("back.wl.rates.text"), Table(headings, tuple(rows)))


def _late(row: dict) -> Message | str:
    """The companion of every rate: how many of those counted were first recorded at a later stage."""
    if row.get("n_late") is None or not row["n"]:
        return ""
    return message("back.wl.k_of_n", k=row["n_late"], n=row["n"])


def _in_words(row: dict) -> tuple[Message | str, Message | str]:
    """K of n, and the figure with its range."""
    counts = message("back.wl.k_of_n", k=row["n_events"], n=row["n"]) if row["n"] is not None else ""
    if row["value"] is None:
        reason = row["reason"] or "few_deals"
        if row["status"] == "not_reached" and row.get("high_bound") is not None:
            ends = {"low": round(100 * row["low_bound"]), "high": round(100 * row["high_bound"])}
            return counts, message("back.wl.bounds", **ends)
        return counts, message(f"reason.{reason}")
    figure = Estimate(row["value"], row["low"], row["high"], row["unit"], row["n"])
    if row.get("without_largest") is not None:
        rest = alone(row["without_largest"], row["unit"])
        return counts, message("back.wl.value.largest", figure=figure, rest=rest)
    return counts, message("back.wl.value" if row["low"] is not None else "back.wl.value.bare", figure=figure)
