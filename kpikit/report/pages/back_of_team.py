"""What stands behind a team's review: limits, data, definitions, words."""

from __future__ import annotations

from collections.abc import Sequence

from kpikit.report.figures.team import TeamFigures
from kpikit.report.pages.matter import Matter, back_page
from kpikit.show.page import Page, message

TERMS = (
    "open", "half", "waiting", "ended", "range", "hundred", "clear", "hint", "unknown", "nine", "luck", "late",
    "set_aside",
)  # fmt: skip
USED = (
    "wins",
    "pipeline_moved",
    "time_in_stage",
    "exits",
    "stage_changes",
    "sleeping",
    "sleeping_rate",
    "rate_over_time",
)


def page(figures: TeamFigures, folded: Sequence[Page]) -> Page:
    """The back matter; ``folded`` are the pages that had nothing to say, in reading order."""
    counts = [message("back.deals", n=figures.n_deals)]
    if figures.refused is None:
        counts.append(message("back.excluded", n=int(figures.times["n_excluded"].fill_null(0).sum())))
    methods = (message("back.methods.text"), message("back.windows.text"))
    what = Matter(USED, TERMS, methods, tuple(counts))
    return back_page(figures.about, what, message("page.back.sentence"), folded)
