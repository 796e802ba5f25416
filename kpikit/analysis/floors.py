"""How many it takes before a figure is given at all, and the smallest group that may be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Floor:
    """At least ``n`` units and ``n_events`` of what is counted; below it the answer is "too few" and no number.

    ``counts``: of which deals each group of a breakdown must have enough, and enough people: "created" in the window,
    "closed" (won or lost) in it, "won" in it, "visits" of each stage, or "customers" (by their first won deal). All
    questions about ends count the same ones: else what one hides another would tell.
    """

    n: int
    n_events: int
    reason: str
    counts: str = ""


FLOORS: Mapping[str, Floor] = MappingProxyType(
    {
        "time_in_stage": Floor(
            10, 5, "fewer than five exits leave the median's interval without a bound (methods: KM)", counts="visits"
        ),
        "exits": Floor(
            10, 5, "a share resting on fewer than five exits of that kind has no usable interval", counts="visits"
        ),
        "stage_curves": Floor(
            10, 0, "a curve of fewer than ten visits is a list of deals: talk about each", counts="visits"
        ),
        "stage_changes": Floor(
            10, 5, "below ten visits or five exits on either side no difference can be told", counts="visits"
        ),
        "naive_stage": Floor(1, 0, "shown beside the honest figure, which has its own floor", counts="visits"),
        "cycle": Floor(10, 5, "as time in a stage: fewer ends leave the interval without a bound", counts="created"),
        "funnel": Floor(10, 0, "below ten deals a share is one deal either way", counts="created"),
        "throughput": Floor(8, 8, "a sum of fewer than eight amounts is those amounts (methods 2)", counts="closed"),
        "throughput_change": Floor(8, 0, "as throughput, in each window"),
        "bottleneck": Floor(8, 0, "fewer than eight won deals say nothing about the next"),
        "silence": Floor(0, 0, "a list of deals to talk about, not a figure"),
        "agenda": Floor(0, 0, "a list of deals to talk about, not a figure"),
        "course": Floor(10, 0, "a curve of fewer than ten visits is a list of deals: talk about each"),
        "sleeping": Floor(0, 0, "a list of deals to talk about, not a figure"),
        "sleeping_rate": Floor(10, 0, "below ten visits that old a share is one deal either way"),
        "sleeping_outcome": Floor(10, 0, "below ten deals that old a share is one deal either way"),
        "load": Floor(0, 0, "counts are facts at any size"),
        "win_rate_cohort": Floor(
            10,
            0,
            "below ten deals a share is one deal either way; the curve asks for five wins besides",
            counts="created",
        ),
        "win_rate_finished": Floor(
            10, 0, "below ten deals a share is one deal either way (methods 3.4)", counts="closed"
        ),
        "win_rate_closed": Floor(10, 0, "as the finished rate", counts="closed"),
        "win_rate_value": Floor(10, 0, "as the finished rate, and as many equal deals as ten", counts="closed"),
        "win_rate_overdue_lost": Floor(10, 0, "as the finished rate", counts="closed"),
        "win_rate_won_to_lost": Floor(10, 0, "as the finished rate", counts="closed"),
        "win_rate_created": Floor(10, 0, "as the finished rate", counts="created"),
        "win_rate_open_pipe": Floor(10, 0, "as the finished rate", counts="closed"),
        "win_rate_from_stage": Floor(10, 0, "as the cohort rate", counts="visits"),
        "win_rates": Floor(0, 0, "each row has the floor of its own definition"),
        "rate_bridge": Floor(1, 0, "a sum of counts: facts at any size; its last step has the cohort rate's floor"),
        "pooled_rates": Floor(
            5, 0, "below five deals the range of a group is that of the others (methods 3.4)", counts="closed"
        ),
        "own_rate": Floor(5, 0, "below five deals talk about each"),
        "rate_over_time": Floor(0, 0, "a point a window; limits from three windows on"),
        "mix_and_rate": Floor(10, 0, "below ten deals in a window nothing can be split", counts="closed"),
        "endings": Floor(0, 0, "counts are facts at any size", counts="closed"),
        "pipeline_moved": Floor(0, 0, "counts are facts at any size"),
        "wins": Floor(0, 0, "counts are facts at any size", counts="closed"),
        "reasons": Floor(10, 0, "below ten lost deals a share is one deal either way"),
        "reasons_compared": Floor(5, 0, "below five deals no interval is given (methods 3)"),
        "reason_lag": Floor(10, 5, "as time in a stage: fewer ends leave the interval without a bound"),
        "competitors": Floor(10, 0, "below ten lost deals a share is one deal either way"),
        "last_stage": Floor(10, 0, "below ten lost deals a share is one deal either way"),
        "lost_after_offer": Floor(10, 0, "below ten lost deals a share is one deal either way"),
        "drivers": Floor(10, 0, "below ten decided deals there is nothing to compare; five on each side (methods 4)"),
        "stories": Floor(0, 0, "a list of stories, not a figure"),
        "interviews_drawn": Floor(0, 0, "a list of deals, not a figure"),
        "interviews_asked": Floor(5, 0, "below five asked the counts say it all"),
        "win_curves": Floor(10, 0, "a curve of fewer than ten deals is a list of deals: talk about each"),
        "win_triangle": Floor(10, 0, "below ten deals a cell is one deal either way"),
        "newest_cohort": Floor(10, 0, "below ten deals in a quarter a share is one deal either way"),
        "chain": Floor(10, 0, "below ten leads known at a step a share is one lead either way", counts="created"),
        "contracts_due": Floor(0, 0, "a list of customers to talk about, not a figure"),
        "renewal": Floor(10, 0, "below ten contracts due a share is one customer either way", counts="customers"),
        "revenue_kept": Floor(
            20, 0, "fewer than twenty customers: one of them moves the figure (methods 5)", counts="customers"
        ),
        "customer_curves": Floor(
            10, 0, "a curve of fewer than ten customers is a list of customers", counts="customers"
        ),
        "customer_projection": Floor(20, 0, "a model of fewer than twenty customers tells of those customers"),
        "returns": Floor(10, 0, "below ten customers a share is one customer either way", counts="customers"),
        "regret": Floor(10, 0, "below ten wins a share is one win either way", counts="won"),
        "likeness": Floor(0, 0, "a list of deals to talk about, not a figure"),
    }
)
