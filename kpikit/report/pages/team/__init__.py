"""The pages of the team review report, one module a page; their order stands in the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kpikit.report.figures.team import TeamFigures
from kpikit.report.pages import back_of_team as back
from kpikit.report.pages.order import pages_in, written
from kpikit.show.page import Page

__all__ = ["PAGES", "TEMPLATE", "pages"]

TEMPLATE = "team-review"
#: a page that is None: a team with so few deals has no such page
PAGES: Mapping[str, Callable[[TeamFigures], Page | None]] = pages_in(__name__, __path__)


def pages(figures: TeamFigures) -> tuple[Page, ...]:
    """All pages of the report, in reading order."""
    return written(figures, TEMPLATE, PAGES, back.page)
