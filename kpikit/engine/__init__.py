"""Events → spells → histogram: one definition, written once for every dataframe library."""

from kpikit.engine.elsewhere import histogram_elsewhere
from kpikit.engine.histogram import counts, histogram
from kpikit.engine.spells import seen, spells

__all__ = ["counts", "histogram", "histogram_elsewhere", "seen", "spells"]


def __dir__() -> list[str]:
    return sorted(__all__)
