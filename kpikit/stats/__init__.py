"""Estimators: arrays or counts in, polars frames out; they always compute, and know no floors and no words."""

from kpikit.stats.comparisons import gray, log_rank
from kpikit.stats.curves import aalen_johansen_by, at_horizon, at_horizon_by, curves_by, kaplan_meier_by
from kpikit.stats.decomposition import das_gupta, das_gupta_counts, kitagawa, kitagawa_counts
from kpikit.stats.firth import firth, firth_predictions, marginal_effects
from kpikit.stats.limits import detectable_difference, funnel_limits, p_of_difference, poisson_binomial_tail
from kpikit.stats.multiplicity import benjamini_hochberg, holm
from kpikit.stats.pooling import pooled_rates
from kpikit.stats.process import p_limits, xmr_limits
from kpikit.stats.projection import beta_geometric, chain_ladder
from kpikit.stats.rates import difference, newcombe, wilson, with_shares
from kpikit.stats.summaries import at_risk_by, followed_by, quantile_by, rmst_by, settled_from
from kpikit.stats.survival import aalen_johansen, kaplan_meier, median, rmst
from kpikit.stats.totals import compound_velocity, value_weighted

__all__ = [
    "aalen_johansen",
    "aalen_johansen_by",
    "at_horizon",
    "at_horizon_by",
    "at_risk_by",
    "benjamini_hochberg",
    "beta_geometric",
    "chain_ladder",
    "compound_velocity",
    "curves_by",
    "das_gupta",
    "das_gupta_counts",
    "detectable_difference",
    "difference",
    "firth",
    "firth_predictions",
    "followed_by",
    "funnel_limits",
    "gray",
    "holm",
    "kaplan_meier",
    "kaplan_meier_by",
    "kitagawa",
    "kitagawa_counts",
    "log_rank",
    "marginal_effects",
    "median",
    "newcombe",
    "p_limits",
    "p_of_difference",
    "poisson_binomial_tail",
    "pooled_rates",
    "quantile_by",
    "rmst",
    "rmst_by",
    "settled_from",
    "value_weighted",
    "wilson",
    "with_shares",
    "xmr_limits",
]


def __dir__() -> list[str]:
    return sorted(__all__)
