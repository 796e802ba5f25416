"""What a question needs of a book, and why a book cannot answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kpikit.book.fitness.cuts import is_cut
from kpikit.engine.remembered import remembered
from kpikit.kpi import Card, place_of

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: the deals of which at least one must have a value; of other columns any row
_WHO = {"outcome_at": pl.col("outcome") != "open", "loss_reason": pl.col("outcome") == "lost"}
#: why a book without this table, or with no value in this column of deals, cannot say, where it is not ``no_<name>``
_REASONS = {"stage_events": "no_stage_history", "stages": "no_stage_order"}
#: columns of deals whose lack has a sentence of its own; that of any other is ``no_column``
_SAID = frozenset({"created_at", "outcome_at", "first_contact_at", "offered_at", "amount", "loss_reason", "segment"})
#: questions that can be asked of a file without any date: they count, and all of it is one window
WITHOUT_CLOCK = frozenset(
    {"win_rate_closed", "win_rate_finished", "win_rate_won_to_lost", "win_rate_value", "pooled_rates", "own_rate",
     "wins", "reasons", "competitors", "reasons_compared", "interviews_asked", "stories"}
)  # fmt: skip
#: questions that the deals left out of a file cut by its closing date would change: who began, who is open, how long
NEEDS_ALL = frozenset(
    {"win_rate_cohort", "win_rate_created", "win_rate_open_pipe", "win_rate_from_stage", "win_rate_overdue_lost",
     "win_rates", "rate_bridge", "win_curves", "win_triangle", "newest_cohort", "chain", "cycle", "time_in_stage",
     "stage_curves", "stage_changes", "exits", "funnel", "bottleneck", "naive_stage", "course", "silence", "load",
     "sleeping", "sleeping_outcome", "sleeping_rate", "throughput", "throughput_change", "pipeline_moved"}
)  # fmt: skip
_CLOCK = frozenset({"created_at", "outcome_at"})


def cannot_say(book: DealBook, card: Card) -> str | None:
    """Why this book cannot answer the question of a card, as a code; None if it can."""
    if not book.is_dated:
        if card.id not in WITHOUT_CLOCK:
            return "no_dates"
        needs = (need for need in card.needs if need not in _CLOCK)
        return next((reason for need in needs if (reason := _lacks(book, need))), None)
    lacks = next((reason for need in card.needs if (reason := _lacks(book, need))), None)
    if lacks is None and card.id in NEEDS_ALL and is_cut(book):
        return "cut_by_end"
    return lacks


@remembered(64)  # a book never changes, and every question asks
def _lacks(book: DealBook, need: str) -> str | None:
    table, column = place_of(need)
    if (column is None or table != "deals") and _is_empty(book, table):
        return _REASONS.get(table, f"no_{table}")
    if column is not None and _has_none(book.tables[table].lazy(), table, column):
        return f"no_{column}" if table == "deals" and column in _SAID else "no_column"
    return None


def _has_none(rows: pl.LazyFrame, table: str, column: str) -> bool:
    """There are rows that should have a value, and none has."""
    asked = rows.filter(_WHO[column]) if table == "deals" and column in _WHO else rows
    known = pl.col(column).count() if column in rows.collect_schema() else pl.lit(0, pl.UInt32)
    n, n_known = asked.select(pl.len(), known=known).collect().row(0)
    return n > 0 and n_known == 0


def _is_empty(book: DealBook, table: str) -> bool:
    return table not in book.tables or book.tables[table].lazy().select(pl.len() == 0).collect().item()
