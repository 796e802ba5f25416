"""Coded visits of a book, in buckets of deals: a large book is never in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from kpikit.engine.codes import Coded, Codes, encode
from kpikit.engine.observed import observed
from kpikit.engine.remembered import remembered
from kpikit.errors import Refused

if TYPE_CHECKING:
    from kpikit.book import DealBook
    from kpikit.calendar import Period

#: deals in a bucket; everything of a deal stands alone, so any cut between deals is right
BUCKET = 400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Visits:
    """Coded spells of some deals (:func:`kpikit.engine.kernel.spelled`) and what the numbers stand for."""

    frame: pl.DataFrame
    codes: Codes


def visits(book: DealBook) -> Iterator[Visits]:
    """The coded spells of a book, bucket by bucket; those of a book of one bucket are made once.

    Raises:
        Refused: the book has no stage history, or no order of stages.
    """
    for name, code in (("stage_events", "no_stage_history"), ("stages", "no_stage_order")):
        if name not in book.tables:
            raise Refused(code)
    coded = _coded(book)
    if coded.n_deals <= BUCKET:
        yield _all(book)
        return
    for first in range(0, coded.n_deals, BUCKET):
        some = coded.visits.filter(pl.col("deal").is_between(first, first + BUCKET - 1))
        yield Visits(some.collect(), coded.codes)


@remembered(1)
def _coded(book: DealBook) -> Coded:
    return book.coded or encode(book.tables)


@remembered(1)
def _all(book: DealBook) -> Visits:
    """A book never changes, so its visits are read once."""
    coded = _coded(book)
    return Visits(coded.visits.collect(), coded.codes)


def seen_in(part: Visits, book: DealBook, during: Period | None) -> Visits:
    """The visits as a window of the book saw them, and of its team if it is narrowed to one."""
    frame = part.frame.lazy()
    if book.team is not None:
        code = part.codes.teams.index(book.team) if book.team in part.codes.teams else -1
        frame = frame.filter(pl.col("team") == code)
    window = None if during is None else (_microseconds(during.start), _microseconds(during.end))
    return replace(part, frame=observed(frame, _microseconds(book.as_of), window).collect())


def _microseconds(instant: datetime) -> int:
    """Microseconds since 1970, exactly."""
    passed = instant - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
