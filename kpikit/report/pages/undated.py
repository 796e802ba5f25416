"""The pages of a file without dates: what can be counted, and behind it what a clock would be needed for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kpikit.report.figures.headline import Undated
from kpikit.report.pages.matter import Matter, Part, back_page
from kpikit.report.pages.wording import share
from kpikit.show.page import Message, Page, Table, message

USED = ("win_rate_finished", "win_rate_closed", "win_rate_value", "reasons")


def pages(figures: Undated) -> tuple[Page, ...]:
    """The one page that can be told, and the back matter with the rest of the counts."""
    counts = message("check.counts", **figures.outcomes)
    rate = figures.rates[0]
    title = message("page.undated.title", n=rate["n"], won=figures.outcomes["won"])
    headings = (message("page.undated.field"), message("page.undated.share"), message("page.undated.deals"))
    rows = [(message(f"kpi.win_rate_{row['name']}"), *_told(row)) for row in figures.rates]
    rows += [(f"{row['field']}: {row['group']}", *_told(row)) for row in figures.groups]
    front = Page("front", title, (message("page.undated.sentence", counts=counts),), table=Table(headings, tuple(rows)))
    what = Matter(USED, (), (message("back.methods.text"),), (counts,), _reasons(figures))
    return front, back_page(figures.about, what, message("page.back.sentence"), ())


def _told(row: Mapping[str, Any]) -> tuple[Message | str, str]:
    """A share with its range and its count, or why there is none."""
    if row["value"] is None:
        return (message(f"reason.{row['reason']}") if row["reason"] else "–"), ""
    return message("page.undated.figure", share=share(dict(row))), str(row["n"])


def _reasons(figures: Undated) -> Part | None:
    """The reasons of lost deals, as they were written."""
    if not figures.reasons or figures.reasons[0]["status"] == "refused":
        return None
    rows = tuple(
        (row["loss_reason"] or message(f"page.undated.{row['group']}"), f"{row['n_events']} / {row['n']}")
        for row in figures.reasons
    )
    return message("kpi.reasons"), (Table((message("page.undated.reason"), message("page.undated.deals")), rows),)
