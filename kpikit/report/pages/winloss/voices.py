"""Why they chose us, why they did not: customers' own words."""

from __future__ import annotations

from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages import stories
from kpikit.report.pages.wording import looked_back
from kpikit.show.page import Page, message


def page(figures: WinLossFigures) -> Page:
    """Why they chose us, why they did not."""
    found = figures.voices
    cards = stories.cards(found, others=2)
    if not cards:
        return stories.nobody("voices", found)
    sides = {card.heading.code.rpartition(".")[2] for card in cards}
    title = message(f"page.voices.title.{'both' if len(sides) > 1 else sides.pop()}")
    sentence = (*stories.counted(found), *looked_back(found.told), message("page.voices.differ"))
    return Page("voices", title, sentence, question=message("page.voices.question"), cards=cards)
