"""A deal review: what deserves talk, the story of a deal, what was said, and what came of it.

The names below are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpikit.log.opening import open_log as open_log
    from kpikit.review.beginning import opening as opening
    from kpikit.review.lessons import learning as learning
    from kpikit.review.listing.agenda import agenda as agenda
    from kpikit.review.telling import story as story

_HOME = {
    "agenda": "kpikit.review.listing.agenda",
    "learning": "kpikit.review.lessons",
    "open_log": "kpikit.log.opening",
    "opening": "kpikit.review.beginning",
    "story": "kpikit.review.telling",
}

__all__ = [*_HOME]  # noqa: PLE0604 - made from the table of homes


def __getattr__(name: str) -> Any:
    """Load a public name where it lives."""
    if name not in _HOME:
        raise AttributeError(f"module 'kpikit.review' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
