"""Deal velocity: how long deals stay in each stage and how that ends, and what passes through the pipeline.

The questions live in :mod:`~kpikit.analysis.stages` (one stage), :mod:`~kpikit.analysis.cycles` (a deal from beginning
to end), :mod:`~kpikit.analysis.throughput` (what comes out) and :mod:`~kpikit.analysis.sleeping` (what waits).
"""

from kpikit.analysis.cycles import cycle, funnel
from kpikit.analysis.sleeping import load, sleeping, sleeping_outcome, sleeping_rate, waiting
from kpikit.analysis.stages import compare, curves, exits, naive, time_in_stage
from kpikit.analysis.throughput import bottleneck, throughput, throughput_change

__all__ = [
    "bottleneck",
    "compare",
    "curves",
    "cycle",
    "exits",
    "funnel",
    "load",
    "naive",
    "sleeping",
    "sleeping_outcome",
    "sleeping_rate",
    "throughput",
    "throughput_change",
    "time_in_stage",
    "waiting",
]
