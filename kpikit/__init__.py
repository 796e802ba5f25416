"""kpikit: deal review and win/loss analysis with honest numbers for small teams.

Everything a notebook needs is reachable from here and loaded when first used; importing kpikit reads no file, sets no
option and prints nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpikit import engine, review, simulate, stats
    from kpikit.analysis import velocity, winloss
    from kpikit.analysis.voices import interviews
    from kpikit.book import DealBook, Privacy, Settings, open_book, prepare
    from kpikit.errors import DataError, KpikitError, RankingRefused, Refused, UsageError

__version__ = "0.1.0"

_HOME = {
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
    "DealBook": "kpikit.book",
    "Privacy": "kpikit.book",
    "Settings": "kpikit.book",
    "open_book": "kpikit.book",
    "prepare": "kpikit.book",
    "DataError": "kpikit.errors",
    "KpikitError": "kpikit.errors",
    "RankingRefused": "kpikit.errors",
    "Refused": "kpikit.errors",
    "UsageError": "kpikit.errors",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    """Load a public name where it lives."""
    if name not in _HOME:
        raise AttributeError(f"module 'kpikit' has no attribute {name!r}")
    module = import_module(_HOME[name])
    value = module if _HOME[name].endswith(f".{name}") else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
