"""kpikit: deal review and win/loss analysis with honest numbers for small teams.

Everything a notebook needs is reachable from here and loaded when first used; importing kpikit reads no file, sets no
option and prints nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpikit import windows

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
_HOMES = {
    "Answer": "kpikit.analysis.base.answers:Answer",
    **{name: f"kpikit.{name}" for name in ("book", "engine", "review", "simulate", "stats")},
    **{name: f"kpikit.analysis.{name}" for name in ("cohorts", "pipeline", "retention", "velocity", "winloss")},
    "interviews": "kpikit.analysis.voices.interviews",
    **{name: f"kpikit.book:{name}" for name in ("DealBook", "Privacy", "Settings", "open_book", "prepare")},
    **{name: f"kpikit.errors:{name}" for name in ("DataError", "KpikitError", "RankingRefused", "Refused")},
    "UsageError": "kpikit.errors:UsageError",
}


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:  # a checker would take every name for one that is there
    __getattr__ = windows.loading(__name__, _HOMES)
