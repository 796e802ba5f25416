"""What several questions ask of deals that are followed by age: counts for the estimators, and who came in late."""

from __future__ import annotations

import polars as pl

from kpikit.book import DealBook
from kpikit.book.selection import open_stages
from kpikit.engine import spells


def late_deals(book: DealBook) -> pl.DataFrame:
    """Deals first recorded at a stage that is not the first of their pipeline: ``deal_id, is_late``."""
    if "stage_events" not in book.tables or "stages" not in book.tables:
        return pl.DataFrame(schema={"deal_id": pl.String, "is_late": pl.Boolean})
    first = spells(book).lazy().group_by("deal_id", maintain_order=True).first()
    firsts = open_stages(book).group_by("pipeline").agg(first_position=pl.col("position").min())
    known = first.join(firsts, on="pipeline", how="left")
    return known.select("deal_id", is_late=pl.col("position") > pl.col("first_position")).collect()


def counts(deals: pl.DataFrame, keys: list[str], width_us: int) -> pl.DataFrame:
    """Exact ages as the estimators read them; nothing takes no time (half a bin at least).

    Who came into view and left on the same weekend is at risk just before that.
    """
    time = pl.max_horizontal(pl.col("age") / width_us, pl.when(pl.col("age") == 0).then(0.5).otherwise(0.0))
    ended = deals.select(*keys, time=time, exit="exit")
    late = deals.filter(pl.col("entry_age") > 0)
    just_before = pl.col("age") * (1 - 1e-9)
    entry = pl.min_horizontal("entry_age", just_before) / width_us
    entered = late.select(*keys, time=entry, exit=pl.lit("entered_late"))
    return pl.concat([ended, entered]).group_by(*keys, "time", "exit").agg(n=pl.len().cast(pl.Int64))
