"""The book as it was: what had been recorded at an earlier instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from kpikit import schema
from kpikit.book.door.completion import DTYPES, derived
from kpikit.book.door.instants import AS_OF_COLUMNS, as_utc
from kpikit.book.own_fields import OwnField, stage_known
from kpikit.errors import UsageError

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: the instant at which a row became known, best source first
KNOWN_AT = {
    "stage_events": ("recorded_at", "entered_at"),
    "changes": ("recorded_at", "changed_at"),
    "activities": ("recorded_at", "happened_at"),
    "notes": ("at",),
    "interviews": ("asked_at", "held_at"),
}
#: what an interview says is only known once it was held
WHEN_HELD = ("held_at", "with_whom", "reasons", "story", "permission", "quotable")
#: facts of a deal that were not there before their own instant
DATED_FACTS = {"offered_at": ("offered_at", "offer_asked_by"), "signed_at": ("signed_at",)}
#: facts that are only known with the outcome
WITH_OUTCOME = ("outcome_at", "loss_reason", "competitor", "more_like_this")


def at(book: DealBook, instant: datetime) -> DealBook:
    """The book as recorded at ``instant``.

    Later events, changes, activities, notes and interviews are gone; deals recorded later are gone; each field with a
    recorded change after the instant has its earlier value again; an outcome that had not been reached is open. A
    field whose changes were never recorded keeps its present value: that is the limit of what an export can say.

    Raises:
        UsageError: the instant lies after the book's own ``as_of``.
    """
    if not book.is_dated:
        return book  # nothing in it has a day on which it became known
    instant = as_utc(instant)
    if instant > book.as_of:
        raise UsageError("after_as_of", instant=instant.date(), as_of=book.as_of.date())
    mark = f"@{instant:%Y-%m-%dT%H:%M:%SZ}"
    if instant == book.as_of and book.hash.partition("/")[0].endswith(mark):  # a team may be called so
        return book  # it was taken back to then before
    tables = {name: _known(frame.lazy(), name, instant).collect() for name, frame in book.tables.items()}
    deals, changes = book.tables["deals"].lazy(), book.tables.get("changes")
    known = pl.coalesce("recorded_at", "created_at")
    deals = deals.filter(known.is_null() | (known <= instant))
    if changes is not None:
        deals = _undo(deals, changes.lazy(), instant, book.own)
    deals = _undecided(deals, instant)
    if book.own and _is_past(book, instant):
        deals = _unknown_yet(deals, tables, instant, book.own)
    tables["deals"] = deals.collect()
    was = f"{book.hash}{mark}" if book.hash else ""
    return book.replace(tables=derived(tables, book.settings), as_of=instant, coded=None, hash=was)


def _known(frame: pl.LazyFrame, name: str, instant: datetime) -> pl.LazyFrame:
    if name not in KNOWN_AT:
        return frame
    known = pl.coalesce(*KNOWN_AT[name])
    frame = frame.filter(known.is_null() | (known <= instant))
    if name == "interviews":
        held = pl.col("held_at") <= instant
        frame = frame.with_columns(pl.when(held).then(pl.col(column)).alias(column) for column in WHEN_HELD)
    return frame


def _undo(deals: pl.LazyFrame, changes: pl.LazyFrame, instant: datetime, own: Sequence[OwnField]) -> pl.LazyFrame:
    """Each deal field as it was before the first change after the instant."""
    known = pl.coalesce("recorded_at", "changed_at")
    dtypes = {c.name: DTYPES[c.kind] for c in schema.TABLES["deals"].columns if c.name != "deal_id"}
    dtypes |= {field.column: field.dtype for field in own if field.table == "deals"}
    later = changes.filter(known > instant).sort("changed_at", "seq")
    before = later.group_by("deal_id", "field").agg(pl.col("old").first()).collect()
    for name in before["field"].unique().sort().to_list():
        if name not in dtypes:
            continue
        dtype = dtypes[name]
        old = (
            before.lazy().filter(pl.col("field") == name).select("deal_id", _typed(pl.col("old"), dtype).alias("_old"))
        )
        old = old.with_columns(pl.lit(True).alias("_changed"))
        deals = deals.join(old, on="deal_id", how="left", maintain_order="left")
        value = pl.when(pl.col("_changed")).then("_old").otherwise(pl.col(name))
        deals = deals.with_columns(value.alias(name))
        if name == "outcome":
            deals = _earlier_outcome(deals, changes, instant)
        deals = deals.drop("_old", "_changed")
    return deals


def _is_past(book: DealBook, instant: datetime) -> bool:
    """Does the book know of anything later: is it taken back, and not only said up to when it speaks?"""
    if instant < book.as_of:
        return True
    later = [
        frame.lazy().select((pl.col(name) > instant).any()).collect().item()
        for table, names in AS_OF_COLUMNS.items()
        if (frame := book.tables.get(table)) is not None
        for name in names
        if name in frame.lazy().collect_schema().names()
    ]
    return any(later)


def _unknown_yet(
    deals: pl.LazyFrame, tables: Mapping[str, pl.DataFrame], instant: datetime, own: Sequence[OwnField]
) -> pl.LazyFrame:
    """Own fields that are known from a later point of a deal's life on are empty in the deals that had not come there.

    ``tables`` are those of the past already: what stands in them has happened.
    """
    for field in own:
        if field.table != "deals" or field.known == "created":
            continue
        stage = stage_known(field.known)
        if stage is not None:
            events = tables.get("stage_events")
            ids = [] if events is None else events.filter(pl.col("stage") == stage)["deal_id"].unique().to_list()
            is_known = pl.col("deal_id").is_in(ids)
        elif field.known == "offer":
            is_known = pl.col("offered_at") <= instant
        else:
            is_known = pl.col("outcome") != "open"
        deals = deals.with_columns(pl.when(is_known).then(pl.col(field.column)).alias(field.column))
    return deals


def _typed(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        return text.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    if isinstance(dtype, pl.Date):
        return text.str.to_date(strict=False)
    if isinstance(dtype, pl.Boolean):
        return text.str.to_lowercase() == "true"
    return text.cast(dtype, strict=False)


def _earlier_outcome(deals: pl.LazyFrame, changes: pl.LazyFrame, instant: datetime) -> pl.LazyFrame:
    """A deal that was decided then and reopened later was decided at its last change of outcome."""
    made = changes.filter((pl.col("field") == "outcome") & (pl.coalesce("recorded_at", "changed_at") <= instant))
    last = made.group_by("deal_id").agg(pl.col("changed_at").max().alias("_decided_at"))
    decided = pl.col("_changed") & (pl.col("outcome") != "open") & pl.col("_decided_at").is_not_null()
    outcome_at = pl.when(decided).then("_decided_at").otherwise("outcome_at")
    joined = deals.join(last, on="deal_id", how="left", maintain_order="left")
    return joined.with_columns(outcome_at.alias("outcome_at")).drop("_decided_at")


def _undecided(deals: pl.LazyFrame, instant: datetime) -> pl.LazyFrame:
    """No outcome after the instant, and none of the facts that come with one or have a date of their own."""
    is_open = (pl.col("outcome") == "open") | (pl.col("outcome_at") > instant)
    deals = deals.with_columns(pl.when(is_open).then(pl.lit("open")).otherwise("outcome").alias("outcome"))
    is_open = pl.col("outcome") == "open"
    deals = deals.with_columns(pl.when(is_open).then(None).otherwise(pl.col(name)).alias(name) for name in WITH_OUTCOME)
    for when, names in DATED_FACTS.items():
        deals = deals.with_columns(pl.when(pl.col(when) <= instant).then(pl.col(name)).alias(name) for name in names)
    return deals
