"""Keeping customers: who renews, what stays of their revenue, how long they stay, and which wins are regretted."""

from kpikit.analysis.retention.due_contracts import due
from kpikit.analysis.retention.regrets import likeness, regret
from kpikit.analysis.retention.renewals import gross_net, renewal
from kpikit.analysis.retention.tenure import curves, projection, returns

__all__ = ["curves", "due", "gross_net", "likeness", "projection", "regret", "renewal", "returns"]


def __dir__() -> list[str]:
    return sorted(__all__)
