"""Is a book fine enough in time, and large enough, for its questions?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book.fitness.finding import Finding
from kpikit.book.fitness.needs import cannot_say
from kpikit.kpi import cards

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: from this share on a column has days and no times
_DAYS = 0.9
#: where half of all takes less than this many days, a day is too coarse a unit
_SHORT = 3


def findings(book: DealBook) -> Iterator[Finding]:
    """Days where hours would be needed, and questions for which the whole book is too small."""
    if book.is_dated:
        yield from _coarse(book)
        yield from _thin(book)


def _coarse(book: DealBook) -> Iterator[Finding]:
    """Dates without a time of day, where what they bound is often over within days, or is asked in hours."""
    deals = book.tables["deals"].lazy().select("created_at", "outcome_at").drop_nulls().collect()
    yield from _too_coarse("deals.created_at", deals["created_at"], deals["outcome_at"] - deals["created_at"], book)
    if "stage_events" not in book.tables:
        return
    events = book.tables["stage_events"].lazy().select("deal_id", "entered_at", "seq").collect()
    events = events.sort("deal_id", "entered_at", "seq").with_columns(
        gap=(pl.col("entered_at").shift(-1) - pl.col("entered_at")).over("deal_id")
    )
    yield from _too_coarse("stage_events.entered_at", events["entered_at"], events["gap"].drop_nulls(), book)


def _too_coarse(subject: str, moments: pl.Series, times: pl.Series, book: DealBook) -> Iterator[Finding]:
    local = moments.dt.convert_time_zone(book.settings.time_zone).dt.time()
    n = int((local == time(0)).sum()) if len(local) else 0  # type: ignore[arg-type]
    if not n or n < _DAYS * len(local) or times.is_empty():
        return
    half = times.dt.total_days().median()
    short = half is not None and half < _SHORT  # type: ignore[operator]
    if short or book.settings.bin != "day":
        yield Finding("history", "too_coarse", subject, "look", n, len(local), example=f"{half:g}")


def _thin(book: DealBook) -> Iterator[Finding]:
    """Questions that can be asked and need more deals than there are in all of the book."""
    deals = book.tables["deals"].lazy().select("outcome", "created_at", "outcome_at").collect()
    closed = deals.filter(pl.col("outcome").is_in(["won", "lost"]) & pl.col("outcome_at").is_not_null())
    there = {
        "created": deals["created_at"].count(),
        "closed": closed.height,
        "won": closed.filter(pl.col("outcome") == "won").height,
    }
    for card in cards().values():
        n = there.get(card.floor.counts)
        if n is not None and n < card.floor.n and cannot_say(book, card) is None:
            yield Finding("left_out", "too_thin", card.id, "look", n, card.floor.n)
