"""A day in each deal's life, and what was known of the deal on that day: nothing that came later."""

from __future__ import annotations

from typing import Any

import polars as pl

from kpikit import schema
from kpikit.analysis.base.coding import of_words
from kpikit.analysis.base.decided import decided
from kpikit.book import DealBook
from kpikit.book.door.completion import DTYPES
from kpikit.book.own_fields import OwnField, own_field, stage_known
from kpikit.calendar import Period
from kpikit.engine import spells
from kpikit.errors import Refused, UsageError

#: the landmark that is no stage: the day of our first offer
OFFER = "offer"
_DAY = 86_400_000_000
#: what is written down with the outcome or after it, or is no fact about the customer: no driver
TOO_LATE = of_words(
    """outcome outcome_at loss_reason competitor more_like_this signed_at stage forecast_category deal_id name"""
)
#: facts with a day of their own: on the landmark they are known if that day has come
_DATED = {"offer_asked_by": "offered_at"}


def at_landmark(book: DealBook, landmark: str, during: Period | None) -> tuple[pl.DataFrame, int]:
    """Decided deals that reached the landmark before they were decided, with ``at``; and how many did not."""
    deals, undated = decided(book, during)
    if landmark == OFFER:
        if book.tables["deals"].lazy().select(pl.col("offered_at").count()).collect().item() == 0:
            raise Refused("no_offers")
        deals = deals.with_columns(at="offered_at")
    else:
        deals = deals.join(_first_entries(book, landmark), on="deal_id", how="left")
    reached = (pl.col("at") <= pl.col("outcome_at")).fill_null(False)
    inside = deals.filter(reached).sort("deal_id")
    return inside, undated + deals.height - inside.height


def _first_entries(book: DealBook, stage: str) -> pl.DataFrame:
    """``deal_id, at``: the first entry to a stage."""
    if "stage_events" not in book.tables or "stages" not in book.tables:
        raise Refused("no_stage_history")
    known = book.tables["stages"].lazy().select("stage").collect()["stage"].unique().sort().to_list()
    if stage not in known:
        raise UsageError("unknown_landmark", landmark=stage, stages=", ".join([OFFER, *known]))
    return spells(book).filter(pl.col("stage") == stage).group_by("deal_id").agg(at=pl.col("entered_at").min())


def column_then(book: DealBook, deals: pl.DataFrame, name: str) -> tuple[pl.Series, str]:
    """A deal column as it stood at each landmark, and how that is known.

    ``dated``: the fact has a day of its own; ``changes``: taken back through recorded changes; ``as_now``: no change of
    this column was ever recorded, so it is as the export has it (it may have been filled in later).
    """
    if name in _DATED:
        there = pl.col(_DATED[name]) <= pl.col("at")
        return deals.select(pl.when(there).then(pl.col(name)).alias(name))[name], "dated"
    field = own_field(book, name) if name not in schema.TABLES["deals"].names else None
    changes = book.tables.get("changes")
    if field is not None and (changes is None or not _has_changes(changes, name)):
        return _since_known(book, deals, field)
    if changes is None:
        return deals[name], "as_now"
    of_field = changes.lazy().filter(pl.col("field") == name).collect()
    if not of_field.height:
        return deals[name], "as_now"
    known = pl.coalesce("recorded_at", "changed_at")
    later = of_field.select("deal_id", "old", "changed_at", "seq", known=known).join(
        deals.select("deal_id", "at"), on="deal_id", how="inner"
    )
    later = later.filter(pl.col("known") > pl.col("at")).sort("changed_at", "seq")
    before = later.group_by("deal_id").agg(pl.col("old").first(), _changed=pl.lit(True))
    dtype = field.dtype if field is not None else DTYPES[schema.TABLES["deals"][name].kind]
    typed = _typed(pl.col("old"), dtype)
    joined = deals.select("deal_id", name).join(before, on="deal_id", how="left", maintain_order="left")
    return joined.select(pl.when(pl.col("_changed")).then(typed).otherwise(pl.col(name)).alias(name))[name], "changes"


def _has_changes(changes: Any, name: str) -> bool:
    return changes.lazy().select((pl.col("field") == name).any()).collect().item()


def _since_known(book: DealBook, deals: pl.DataFrame, field: OwnField) -> tuple[pl.Series, str]:
    """An own field where the day from which on it is known had come; one known from the end is refused."""
    values, stage = deals[field.column], stage_known(field.known)
    if field.known == "created":
        return values, "as_now"
    if field.known == "end":
        raise UsageError("own_driver_too_late", driver=field.name)
    since = deals["offered_at"] if stage is None else _entered(book, deals, stage)
    return values.set(~(since <= deals["at"]).fill_null(False), None), "dated"


def _entered(book: DealBook, deals: pl.DataFrame, stage: str) -> pl.Series:
    first = _first_entries(book, stage).rename({"at": "_first"})
    return deals.select("deal_id").join(first, on="deal_id", how="left", maintain_order="left")["_first"]


def _typed(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A value that a log of changes wrote as text."""
    if isinstance(dtype, pl.Boolean):
        return text.str.to_lowercase() == "true"
    return text.cast(dtype, strict=False)


def acts_before(book: DealBook, deals: pl.DataFrame) -> pl.DataFrame:
    """Activities that had happened and been recorded before each deal's landmark."""
    if "activities" not in book.tables:
        raise Refused("no_activities")
    acts = book.tables["activities"].lazy().filter(pl.col("deal_id").is_not_null())
    acts = acts.join(deals.lazy().select("deal_id", "at"), on="deal_id", how="inner")
    happened, known = pl.col("happened_at") < pl.col("at"), pl.col("recorded_at") <= pl.col("at")
    return acts.filter(happened & known.fill_null(True)).collect()


def per_deal(deals: pl.DataFrame, counted: pl.DataFrame) -> pl.Series:
    """``deal_id, k`` as a number for each deal; none is 0."""
    joined = deals.select("deal_id").join(counted, on="deal_id", how="left", maintain_order="left")
    return joined["k"].fill_null(0).cast(pl.Int64)


def days_until(deals: pl.DataFrame, start: str) -> pl.Series:
    """Days from one of a deal's dates to the landmark; null if it has none, or a later one."""
    days = (pl.col("at") - pl.col(start)).dt.total_microseconds() / _DAY
    return deals.select(pl.when(days >= 0).then(days).alias("days"))["days"]
