"""What a system wrote in one go: deals that were brought over from elsewhere."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from kpikit.calendar import midnight
from kpikit.simulate.recording.record import Dose, Record, marked

#: The import runs on the 180th day.
ON_DAY = 180


def bulk(record: Record, dose: Dose) -> Record:
    """A share of the deals begun in the first 180 days is written by an import on that day, with the days it claims.

    What happened to them until then bears the import's mark: origin "import", in bulk.
    """
    at = midnight(record.start + timedelta(days=ON_DAY), record.time_zone) + timedelta(hours=10)
    deals, events = record.tables["deals"], record.tables["stage_events"]
    early = np.zeros(record.past.height, dtype=bool)
    early[deals.filter(pl.col("created_at") < at)["deal"].to_numpy()] = True
    chosen = record.chosen("bulk", dose, early)
    deals = deals.with_columns(
        recorded_at=pl.when(marked(deals, chosen)).then(pl.lit(at)).otherwise("recorded_at"),
    )
    is_old = marked(events, chosen) & (events["entered_at"] < at)
    events = events.with_columns(
        recorded_at=pl.when(is_old).then(pl.lit(at)).otherwise("recorded_at"),
        origin=pl.when(is_old).then(pl.lit("import")).otherwise("origin"),
        is_bulk=is_old,
    )
    return record.with_tables(deals=deals, stage_events=events).noting("bulk", dose, chosen)
