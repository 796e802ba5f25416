"""The pages of the quarterly win/loss report, one module a page; their order stands in the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages import back_of_quarter as back
from kpikit.report.pages.order import pages_in, written
from kpikit.show.page import Page

__all__ = ["PAGES", "TEMPLATE", "pages"]

TEMPLATE = "quarterly-winloss"
PAGES: Mapping[str, Callable[[WinLossFigures], Page | None]] = pages_in(__name__, __path__)


def pages(figures: WinLossFigures) -> tuple[Page, ...]:
    """All pages of the report, in reading order."""
    return written(figures, TEMPLATE, PAGES, back.page)
