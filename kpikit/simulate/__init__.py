"""A sales process with known truth: draw deal books of any size, and hold estimates against what was put in."""

from kpikit.simulate.frames import frames
from kpikit.simulate.parameters import DRESSED, STANDARD, Effect, Exit, Parameters, Segment, Stage, stage
from kpikit.simulate.simulated import SimulatedBook, process
from kpikit.simulate.truth import truth_of
from kpikit.simulate.writing import write

__all__ = [
    "DRESSED",
    "STANDARD",
    "Effect",
    "Exit",
    "Parameters",
    "Segment",
    "SimulatedBook",
    "Stage",
    "frames",
    "process",
    "stage",
    "truth_of",
    "write",
]


def __dir__() -> list[str]:
    return sorted(__all__)
