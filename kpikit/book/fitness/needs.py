"""What a question needs of a book, and why a book cannot answer it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from kpikit.kpi import Card

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: tables, and the code of "this book has none"
_TABLES = {
    "stage_events": "no_stage_history",
    "stages": "no_stage_order",
    "people": "no_people",
    "interviews": "no_interviews",
    "activities": "no_activities",
    "revenue": "no_revenue",
}
#: columns of deals, and the deals of which at least one must have a value
_COLUMNS = {
    "outcome_at": pl.col("outcome") != "open",
    "created_at": pl.lit(True),
    "amount": pl.lit(True),
    "loss_reason": pl.col("outcome") == "lost",
    "segment": pl.lit(True),
}


def cannot_say(book: DealBook, card: Card) -> str | None:
    """Why this book cannot answer the question of a card, as a code; None if it can."""
    return next((reason for need in card.needs if (reason := _lacks(book, need))), None)


@lru_cache(maxsize=32)  # a book never changes, and every question asks
def _lacks(book: DealBook, need: str) -> str | None:
    if need in _TABLES and _is_empty(book, need):
        return _TABLES[need]
    if need in _COLUMNS and _has_none(book.tables["deals"].lazy().filter(_COLUMNS[need]), need):
        return f"no_{need}"
    return None


def _has_none(deals: pl.LazyFrame, column: str) -> bool:
    known, n = deals.select(pl.col(column).count(), n=pl.len()).collect().row(0)
    return n > 0 and known == 0


def _is_empty(book: DealBook, table: str) -> bool:
    return table not in book.tables or book.tables[table].lazy().select(pl.len() == 0).collect().item()
