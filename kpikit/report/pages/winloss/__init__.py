"""The pages of the quarterly win/loss report, by name; their order stands in the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages import back_of_quarter as back
from kpikit.report.pages.order import written
from kpikit.report.pages.winloss import (
    counted,
    front,
    goes_with,
    in_time,
    next_steps,
    reasons,
    stay,
    to_come,
    voices,
    where,
    whom,
    why,
)
from kpikit.show.page import Page

__all__ = ["PAGES", "TEMPLATE", "pages"]

TEMPLATE = "quarterly-winloss"
PAGES: Mapping[str, Callable[[WinLossFigures], Page | None]] = {
    "counted": counted.page,
    "front": front.page,
    "goes_with": lambda figures: goes_with.page(figures.drivers),
    "in_time": in_time.page,
    "next": next_steps.page,
    "reasons": lambda figures: reasons.page(figures.losses),
    "stay": lambda figures: stay.page(figures.stay),
    "to_come": lambda figures: to_come.page(figures.newest),
    "voices": lambda figures: voices.page(figures.voices),
    "where": lambda figures: where.page(figures.losses),
    "whom": lambda figures: whom.page(figures.losses),
    "why": why.page,
}


def pages(figures: WinLossFigures) -> tuple[Page, ...]:
    """All pages of the report, in reading order."""
    return written(figures, TEMPLATE, PAGES, back.page)
