"""Which customers are written down, and as what: warm ones only, or those that did not buy as of another kind."""

from __future__ import annotations

import numpy as np
import polars as pl

from kpikit.errors import wrong_setting
from kpikit.simulate.recording.record import Dose, Record, marked

#: Where nobody knew us yet.
COLD = ("outbound", "event")


def warm(record: Record, dose: Dose) -> Record:
    """A share of the cold deals is not written down: of a new market, or from our own calls and events.

    Raises:
        UsageError: the simulated company writes down neither.
    """
    deals = record.tables["deals"]
    cold = [pl.col("is_new_market")] if "is_new_market" in deals.columns else []
    cold += [pl.col("source").is_in(COLD)] if "source" in deals.columns else []
    if not cold:
        raise wrong_setting("--plant", f"warm={dose.size:g}", "a world with sources or new markets")
    is_cold = np.zeros(record.past.height, dtype=bool)
    is_cold[deals["deal"].to_numpy()] = deals.select(c=pl.any_horizontal(cold).fill_null(False))["c"].to_numpy()
    chosen = record.chosen("warm", dose, is_cold)
    return record.without(chosen).noting("warm", dose, chosen)


def recode(record: Record, dose: Dose) -> Record:
    """A share of the deals that are not won in the end is written in the last segment, the hardest to win."""
    is_not_won = record.past.select(pl.col("outcome") != "won").to_series().to_numpy()
    chosen = record.chosen("recode", dose, is_not_won)
    deals = record.tables["deals"]
    last = record.parameters.segments[-1].name
    segment = pl.when(marked(deals, chosen)).then(pl.lit(last)).otherwise("segment")
    return record.with_tables(deals=deals.with_columns(segment=segment)).noting("recode", dose, chosen)
