"""Deal velocity: how long deals stay in each stage and how that ends, and what passes through the pipeline.

``stages``: one stage. ``cycles``: a deal from beginning to end. ``outflow``: what comes out. ``sleepers``: what
waits. ``silences``: who was not heard of. ``courses``: how it went with deals like one.
"""

from kpikit.analysis.velocity.courses import course
from kpikit.analysis.velocity.cycles import cycle, funnel
from kpikit.analysis.velocity.outflow import bottleneck, throughput, throughput_change
from kpikit.analysis.velocity.silences import silence
from kpikit.analysis.velocity.sleepers import load, sleeping, sleeping_outcome, sleeping_rate, waiting
from kpikit.analysis.velocity.stages import compare, curves, exits, naive, time_in_stage

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


def __dir__() -> list[str]:
    return sorted(__all__)
