"""kpikit: deal review and win/loss analysis with honest numbers for small teams.

Everything a notebook needs is reachable from here and loaded when first used; importing kpikit reads no file, sets no
option and prints nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpikit import book, engine, review, simulate, stats
    from kpikit.analysis import cohorts, pipeline, retention, velocity, winloss
    from kpikit.analysis.base.answers import Answer
    from kpikit.analysis.voices import interviews
    from kpikit.book import DealBook, Privacy, Settings, open_book, prepare
    from kpikit.errors import DataError, KpikitError, RankingRefused, Refused, UsageError

__version__ = "0.1.0"

# fmt: off
__all__ = [
    "Answer", "DataError", "DealBook", "KpikitError", "Privacy", "RankingRefused", "Refused", "Settings", "UsageError",
    "__version__", "book", "cohorts", "engine", "interviews", "open_book", "pipeline", "prepare", "retention",
    "review", "simulate", "stats", "velocity", "winloss",
]
# fmt: on
_ROOMS = {
    "book": "kpikit.book",
    "cohorts": "kpikit.analysis.cohorts",
    "engine": "kpikit.engine",
    "interviews": "kpikit.analysis.voices.interviews",
    "pipeline": "kpikit.analysis.pipeline",
    "retention": "kpikit.analysis.retention",
    "review": "kpikit.review",
    "simulate": "kpikit.simulate",
    "stats": "kpikit.stats",
    "velocity": "kpikit.analysis.velocity",
    "winloss": "kpikit.analysis.winloss",
}
_HOMES = {
    "Answer": "kpikit.analysis.base.answers",
    **dict.fromkeys(("DealBook", "Privacy", "Settings", "open_book", "prepare"), "kpikit.book"),
    **dict.fromkeys(("DataError", "KpikitError", "RankingRefused", "Refused", "UsageError"), "kpikit.errors"),
}


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # a checker would take every name for one that is there

    def __getattr__(name: str) -> object:
        """Load a public name where it lives."""
        if name not in __all__:
            raise AttributeError(f"module 'kpikit' has no attribute {name!r}")
        value = import_module(_ROOMS[name]) if name in _ROOMS else getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
