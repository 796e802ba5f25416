"""The pages of the team review report, by name; their order stands in the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kpikit.report.figures.team import TeamFigures
from kpikit.report.pages import back_of_team as back
from kpikit.report.pages.order import written
from kpikit.report.pages.team import customer, deals, ends, front, moved, next_steps, rate, time, tried
from kpikit.show.page import Page

__all__ = ["PAGES", "TEMPLATE", "pages"]

TEMPLATE = "team-review"
#: None: a team with so few deals has no such page
PAGES: Mapping[str, Callable[[TeamFigures], Page | None]] = {
    "customer": lambda figures: customer.page(figures.voices),
    "deals": deals.page,
    "ends": ends.page,
    "front": front.page,
    "moved": moved.page,
    "next": next_steps.page,
    "rate": rate.page,
    "time": time.page,
    "tried": lambda figures: tried.page(figures.tried, own=figures.about.copy == "team"),
}


def pages(figures: TeamFigures) -> tuple[Page, ...]:
    """All pages of the report, in reading order."""
    return written(figures, TEMPLATE, PAGES, back.page)
