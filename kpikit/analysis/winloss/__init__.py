"""Win/loss: what was won, how often, why that changed, and what customers say.

``won``: counts and money. ``win_rates``: the rate under every definition. ``groups``: segments and sources with few
deals. ``series``: luck or change. ``mix``: what we chased, how we did. ``driver_gaps``: what goes with winning. Why and
to whom we lost, and customers' words, live in :mod:`kpikit.analysis.voices`.
"""

from kpikit.analysis.voices.reasons import (
    competitors,
    last_stage,
    lost_after_offer,
    reason_lag,
    reasons,
    reasons_compared,
)
from kpikit.analysis.voices.stories import stories, stories_like
from kpikit.analysis.winloss.driver_gaps import drivers
from kpikit.analysis.winloss.groups import own, pooled
from kpikit.analysis.winloss.mix import mix_and_rate
from kpikit.analysis.winloss.series import over_time
from kpikit.analysis.winloss.win_rates import bridge, definitions, win_rate
from kpikit.analysis.winloss.won import endings, wins

__all__ = [
    "bridge",
    "competitors",
    "definitions",
    "drivers",
    "endings",
    "last_stage",
    "lost_after_offer",
    "mix_and_rate",
    "over_time",
    "own",
    "pooled",
    "reason_lag",
    "reasons",
    "reasons_compared",
    "stories",
    "stories_like",
    "win_rate",
    "wins",
]


def __dir__() -> list[str]:
    return sorted(__all__)
