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
        "naive_stage": Floor(1, 0, "shown beside the honest figure, which has its own floor"),
        "cycle": Floor(10, 5, "as time in a stage: fewer ends leave the interval without a bound"),
        "funnel": Floor(10, 0, "below ten deals a share is one deal either way"),
        "throughput": Floor(8, 8, "a sum of fewer than eight amounts is those amounts (methods 2)"),
        "throughput_change": Floor(8, 0, "as throughput, in each window"),
        "bottleneck": Floor(8, 0, "fewer than eight won deals say nothing about the next"),
        "sleeping": Floor(0, 0, "a list of deals to talk about, not a figure"),
        "sleeping_rate": Floor(10, 0, "below ten visits that old a share is one deal either way"),
        "sleeping_outcome": Floor(10, 0, "below ten deals that old a share is one deal either way"),
        "load": Floor(0, 0, "counts are facts at any size"),
        "wins": Floor(0, 0, "counts are facts at any size"),
    }
)
