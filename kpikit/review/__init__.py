"""A deal review: what deserves talk, the story of a deal, what was said, and what came of it.

The names below are loaded when first used. ``agenda``, ``story``, ``opening`` and ``learning`` are functions that
live in modules of the same name; importing such a module puts the function here, not the module.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpikit.log.log import open_log as open_log
    from kpikit.review.agenda import agenda as agenda
    from kpikit.review.learning import learning as learning
    from kpikit.review.opening import opening as opening
    from kpikit.review.story import story as story

_HOME = {
    "agenda": "kpikit.review.agenda",
    "learning": "kpikit.review.learning",
    "open_log": "kpikit.log.log",
    "opening": "kpikit.review.opening",
    "story": "kpikit.review.story",
}

__all__ = [*_HOME]  # noqa: PLE0604 - made from the table of homes


def __getattr__(name: str) -> Any:
    """Load a public name where it lives."""
    if name not in _HOME:
        raise AttributeError(f"module 'kpikit.review' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


class _Window(ModuleType):
    """A package in which a function keeps its name when its module, which has the same, is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        same = isinstance(value, ModuleType) and name in _HOME
        super().__setattr__(name, getattr(value, name) if same else value)


sys.modules[__name__].__class__ = _Window
