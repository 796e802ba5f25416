"""A deal review: what deserves talk, the story of a deal, what was said, and what came of it.

The names below are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpikit import windows

if TYPE_CHECKING:
    from kpikit.log.opening import open_log
    from kpikit.review.beginning import opening
    from kpikit.review.lessons import learning
    from kpikit.review.listing.agenda import agenda
    from kpikit.review.telling import story

__all__ = ["agenda", "learning", "open_log", "opening", "story"]

_HOMES = {
    "agenda": "kpikit.review.listing.agenda:agenda",
    "learning": "kpikit.review.lessons:learning",
    "open_log": "kpikit.log.opening:open_log",
    "opening": "kpikit.review.beginning:opening",
    "story": "kpikit.review.telling:story",
}


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # a checker would take every name for one that is there
    __getattr__ = windows.loading(__name__, _HOMES)
