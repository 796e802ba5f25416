"""A sales process with known truth: draw deal books of any size, and hold estimates against what was put in."""

from kpikit.simulate.circumstances import Circumstances, DealType
from kpikit.simulate.frames import frames, in_schemas, recorded
from kpikit.simulate.parameters import COMPANY, DRESSED, STANDARD, Effect, Exit, Parameters, Segment, Stage, stage
from kpikit.simulate.recording import Plan, plan
from kpikit.simulate.simulated import SimulatedBook, process
from kpikit.simulate.truth import truth_of
from kpikit.simulate.writing import write

__all__ = [
    "COMPANY",
    "DRESSED",
    "STANDARD",
    "Circumstances",
    "DealType",
    "Effect",
    "Exit",
    "Parameters",
    "Plan",
    "Segment",
    "SimulatedBook",
    "Stage",
    "frames",
    "in_schemas",
    "plan",
    "process",
    "recorded",
    "stage",
    "truth_of",
    "write",
]


def __dir__() -> list[str]:
    return sorted(__all__)
