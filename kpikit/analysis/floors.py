"""How many it takes before a figure is given at all, and the smallest group that may be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Floor:
    """At least ``n`` units and ``n_events`` of what is counted; below it the answer is "too few" and no number."""

    n: int
    n_events: int
    reason: str


FLOORS: Mapping[str, Floor] = MappingProxyType(
    {
        "time_in_stage": Floor(
            10, 5, "fewer than five exits leave the median's interval without a bound (methods: KM)"
        ),
        "exits": Floor(10, 5, "a share resting on fewer than five exits of that kind has no usable interval"),
        "stage_curves": Floor(10, 0, "a curve of fewer than ten visits is a list of deals: talk about each"),
        "stage_changes": Floor(10, 5, "below ten visits or five exits on either side no difference can be told"),
        "wins": Floor(0, 0, "counts are facts at any size"),
    }
)
