"""Two customers in their own words, one won, one not."""

from __future__ import annotations

from kpikit.report.figures.team import TeamFigures
from kpikit.report.pages import stories
from kpikit.report.pages.wording import looked_back
from kpikit.show.page import Page, message


def page(figures: TeamFigures) -> Page:
    """Two customers in their own words, one won, one not."""
    found = figures.voices
    cards = stories.cards(found, others=0)
    if not cards:
        return stories.nobody("customer", found)
    title = message("page.customer.title.quote", quote=stories.quote(cards[0].story))
    sentence = (*stories.counted(found), *looked_back(found.told))
    return Page("customer", title, sentence, question=message("page.customer.question"), cards=cards)
