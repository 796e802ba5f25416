"""Deals begun together, followed by age; what became of a hundred leads; the newest against those before."""

from kpikit.analysis.cohorts.by_quarter import triangle, win_curves
from kpikit.analysis.cohorts.leads import chain
from kpikit.analysis.cohorts.newest_cohort import newest

__all__ = ["chain", "newest", "triangle", "win_curves"]


def __dir__() -> list[str]:
    return sorted(__all__)
