"""How a company writes down what happened: habits, and what looks like one and is none. What happened stays.

A habit is a pure function of the record, its dose and the seed. Its random numbers are its own and a deal's own: a
larger dose touches the same deals and more, and no dose moves another's draws. A dose of 0 is no habit.
"""

from kpikit.simulate.recording.plan import HABITS, LOOK_ALIKES, NOTHING, WORLDS, Plan, plan
from kpikit.simulate.recording.record import Dose, Record

__all__ = ["HABITS", "LOOK_ALIKES", "NOTHING", "WORLDS", "Dose", "Plan", "Record", "plan"]
