"""A deal review: what deserves talk, the story of a deal, what was said, and what came of it.

The names below are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpikit.log.opening import open_log
    from kpikit.review.beginning import opening
    from kpikit.review.lessons import learning
    from kpikit.review.listing.agenda import agenda
    from kpikit.review.telling import story

__all__ = ["agenda", "learning", "open_log", "opening", "story"]

_HOME = {
    "agenda": "kpikit.review.listing.agenda",
    "learning": "kpikit.review.lessons",
    "open_log": "kpikit.log.opening",
    "opening": "kpikit.review.beginning",
    "story": "kpikit.review.telling",
}


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # a checker would take every name for one that is there

    def __getattr__(name: str) -> object:
        """Load a public name where it lives."""
        if name not in _HOME:
            raise AttributeError(f"module 'kpikit.review' has no attribute {name!r}")
        return getattr(import_module(_HOME[name]), name)
