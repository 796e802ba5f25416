"""Keeping customers: who renews, what stays of their revenue, how long they stay, and which wins are regretted.

The questions live in :mod:`~kpikit.analysis.renewal`, :mod:`~kpikit.analysis.due`, :mod:`~kpikit.analysis.tenure`
and :mod:`~kpikit.analysis.regret`.
"""

from kpikit.analysis.due import due
from kpikit.analysis.regret import likeness, regret
from kpikit.analysis.renewal import gross_net, renewal
from kpikit.analysis.tenure import curves, projection, returns

__all__ = ["curves", "due", "gross_net", "likeness", "projection", "regret", "renewal", "returns"]
