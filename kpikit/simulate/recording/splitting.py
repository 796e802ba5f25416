"""How much stands in one deal: a win over two records of one account, or a small amount where a loss is expected."""

from __future__ import annotations

import polars as pl

from kpikit.simulate.recording.record import Dose, Record, marked


def split(record: Record, dose: Dose) -> Record:
    """A share of the won deals is written as two of half the amount, with the same days and the same account."""
    tables = record.tables
    deals = tables["deals"]
    chosen = record.chosen("split", dose, record.having("won"))
    second = pl.format("{}b", "deal_id").alias("deal_id")
    half = (pl.col("amount") / 20).round() * 10
    is_split = marked(deals, chosen)
    other = deals.filter(is_split).with_columns(second, amount=pl.col("amount") - half)
    deals = pl.concat([deals.with_columns(amount=pl.when(is_split).then(half).otherwise("amount")), other])
    copied = {
        name: pl.concat([frame, frame.filter(marked(frame, chosen)).with_columns(second)])
        for name in ("stage_events", "changes")
        if (frame := tables.get(name)) is not None
    }
    return record.with_tables(deals=deals, **copied).noting("split", dose, chosen)


def small(record: Record, dose: Dose) -> Record:
    """A share of the deals that are not won in the end is written with half its amount."""
    is_not_won = record.past.select(pl.col("outcome") != "won").to_series().to_numpy()
    chosen = record.chosen("small", dose, is_not_won)
    deals = record.tables["deals"]
    amount = pl.when(marked(deals, chosen)).then((pl.col("amount") / 20).round() * 10).otherwise("amount")
    return record.with_tables(deals=deals.with_columns(amount=amount)).noting("small", dose, chosen)
