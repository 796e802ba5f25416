"""Deal velocity: how long deals stay in each stage and how that ends, and what passes through the pipeline.

The questions live in :mod:`~kpikit.analysis.stages` (one stage), :mod:`~kpikit.analysis.cycles` (a deal from beginning
to end), :mod:`~kpikit.analysis.throughput` (what comes out), :mod:`~kpikit.analysis.sleeping` (what waits) and
:mod:`~kpikit.analysis.silence` (who was not heard of); :mod:`~kpikit.analysis.course` tells how it went with deals
like one.
"""

from kpikit.analysis.course import course
from kpikit.analysis.cycles import cycle, funnel
from kpikit.analysis.silence import silence
from kpikit.analysis.sleeping import load, sleeping, sleeping_outcome, sleeping_rate, waiting
from kpikit.analysis.stages import compare, curves, exits, naive, time_in_stage
from kpikit.analysis.throughput import bottleneck, throughput, throughput_change

__all__ = [
    "bottleneck",
    "compare",
    "course",
    "curves",
    "cycle",
    "exits",
    "funnel",
    "load",
    "naive",
    "silence",
    "sleeping",
    "sleeping_outcome",
    "sleeping_rate",
    "throughput",
    "throughput_change",
    "time_in_stage",
    "waiting",
]
