"""The chances that are stated: higher or lower than they are (bias), or the stage's own because nobody thinks of it."""

from __future__ import annotations

import numpy as np
import polars as pl

from kpikit.simulate.recording.record import Dose, Mask, Record, marked
from kpikit.simulate.streams import Floats


def bias(record: Record, dose: Dose) -> Record:
    """Every stated chance moves by so many log-odds: up with a dose above 0, down with one below."""
    chosen = record.owned(dose)
    deals = record.tables["deals"]
    moved = pl.Series(_moved(deals["probability"].to_numpy(), dose.size))
    deals = deals.with_columns(probability=pl.when(marked(deals, chosen)).then(moved).otherwise("probability"))
    made = record.with_tables(deals=deals)
    changes = record.tables.get("changes")
    if changes is not None:
        is_said = (pl.col("field") == "probability") & marked(changes, chosen)
        made = made.with_tables(changes=_history(changes, is_said, dose.size))
    return made.noting("bias", dose, chosen)


def _history(changes: pl.DataFrame, is_said: pl.Expr, by: float) -> pl.DataFrame:
    """The changes with moved chances where one was stated."""
    for name in ("old", "new"):
        told = changes.select(pl.when(is_said).then(name)).to_series().cast(pl.Float64)
        text = pl.Series(_moved(told.to_numpy(), by)).fill_nan(None).cast(pl.String)
        changes = changes.with_columns(pl.when(is_said).then(text).otherwise(name).alias(name))
    return changes


def stage_default(record: Record, dose: Dose) -> Record:
    """For a share of deals nobody states a chance of their own: the stage's stands there."""
    chosen = record.chosen("stage_default", dose)
    deals = record.tables["deals"]
    default = pl.col("stage").replace_strict(
        record.stages["stage"], record.stages["probability"], return_dtype=pl.Float64
    )
    is_default = marked(deals, chosen)
    deals = deals.with_columns(probability=pl.when(is_default).then(default).otherwise("probability"))
    made = record.with_tables(deals=deals)
    if "changes" in record.tables:
        made = made.with_tables(changes=_defaults(record, chosen))
    return made.noting("stage_default", dose, chosen)


def _defaults(record: Record, chosen: Mask) -> pl.DataFrame:
    """The changes of chances as the CRM itself makes them: one at each entry to a stage."""
    changes, events = record.tables["changes"], record.tables["stage_events"]
    stated = (pl.col("field") == "probability") & marked(changes, chosen)
    said = pl.col("stage").replace_strict(record.stages["stage"], record.stages["probability"])
    moves = (
        events.filter(marked(events, chosen))
        .sort("deal", "entered_at", "seq")
        .select(
            "deal",
            "deal_id",
            pl.lit("probability").alias("field"),
            said.cast(pl.String).shift(1).over("deal").alias("old"),
            said.cast(pl.String).alias("new"),
            pl.col("entered_at").alias("changed_at"),
            pl.col("recorded_at"),
        )
    )
    has_history = changes.filter(pl.col("field") == "probability").height > 0
    return pl.concat([changes.filter(~stated), moves], how="diagonal") if has_history else changes


def _moved(chance: Floats, by: float) -> Floats:
    """Chances that stand on the 5 % grid, moved by log-odds, and on the grid again."""
    odds = np.log(chance / (1 - chance)) + by
    return (np.round(20 / (1 + np.exp(-odds))) / 20).clip(0.05, 0.95)
