"""Win/loss: what was won, how often, why that changed, and what customers say.

The questions live in :mod:`~kpikit.analysis.wins` (counts and money), :mod:`~kpikit.analysis.definitions` (the rate
under every definition), :mod:`~kpikit.analysis.groups` (segments and sources with few deals),
:mod:`~kpikit.analysis.over_time` (luck or change), :mod:`~kpikit.analysis.mix` (what we chased, how we did),
:mod:`~kpikit.analysis.drivers` (what goes with winning), :mod:`~kpikit.analysis.reasons` (why and to whom we lost),
:mod:`~kpikit.analysis.stories` (customers' words).
"""

from kpikit.analysis.definitions import bridge, definitions, win_rate
from kpikit.analysis.drivers import drivers
from kpikit.analysis.groups import own, pooled
from kpikit.analysis.mix import mix_and_rate
from kpikit.analysis.over_time import over_time
from kpikit.analysis.reasons import competitors, last_stage, lost_after_offer, reason_lag, reasons, reasons_compared
from kpikit.analysis.stories import stories, stories_like
from kpikit.analysis.wins import endings, wins

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
