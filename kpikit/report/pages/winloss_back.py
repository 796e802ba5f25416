"""What stands behind the quarterly report: every definition of the rate, limits, data, words."""

from __future__ import annotations

from kpikit.report.figures.winloss import WinLoss
from kpikit.report.pages.back import Matter, matter
from kpikit.report.pages.winloss_text import share_in_words
from kpikit.show.page import Message, Page, Table, message

TERMS = (
    "won_rate", "both", "chased", "luck", "goes_with", "open", "range", "hundred", "clear", "hint", "unknown",
    "set_aside", "late",
)  # fmt: skip
USED = (
    "wins", "endings", "win_rate_finished", "win_rate_cohort", "rate_bridge", "rate_over_time", "mix_and_rate",
    "reasons", "reasons_compared", "competitors", "last_stage", "drivers",
)  # fmt: skip


def back(figures: WinLoss, folded: list[Page]) -> Page:
    """The back matter as a page."""
    methods = (message("back.wl.methods.text"), message("back.wl.windows.text"))
    what = Matter(figures.book, figures.period, USED, TERMS, methods, (message("back.wl.deals", n=figures.n_finished),))
    details = matter(what, folded)
    rates = (message("back.wl.rates"), _rates(figures))
    place = 1 if folded else 0
    details = (*details[:place], rates, *details[place:])
    return Page("back", message("page.back.title"), (message("page.wl.back.sentence"),), details=details)


def _rates(figures: WinLoss) -> tuple[Message | Table, ...]:
    """The same data under every definition."""
    rows = []
    for row in figures.definitions.to_dicts():
        name = message(f"kpi.{row['kpi']}")
        name = message("back.wl.at_stage", what=name, stage=row["stage"]) if row.get("stage") else name
        counts, figure = share_in_words(row)
        rows.append((name, counts, figure, _late(row)))
    headings = tuple(message(f"back.wl.{name}") for name in ("definition", "counted", "figure", "late"))
    return (message("back.wl.rates.text"), Table(headings, tuple(rows)))


def _late(row: dict) -> Message | str:
    """The companion of every rate: how many of those counted were first recorded at a later stage."""
    if row.get("n_late") is None or not row["n"]:
        return ""
    return message("back.wl.k_of_n", k=row["n_late"], n=row["n"])
