"""Events → spells → histogram: one definition, written once for every dataframe library."""

from kpikit.engine.histogram import counts, histogram
from kpikit.engine.spells import seen, spells

__all__ = ["counts", "histogram", "seen", "spells"]
