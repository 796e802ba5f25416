"""Is this all of the deals, or only those that ended within some time? A file cut by its closing date looks complete.

Judged by its own deals. If nothing was left out, then of the deals that began before the first end a few, by the
times that deals take, should have ended sooner; and of those that began last a few should be open still. By the very
fact that the first end is the first and the last day the last, about one is expected on either side; where it is
several on both, the others are not in the file. (Simulated: whole files without an open deal, of young companies,
finished years and seasons, are not taken for a cut one; one quarter's ends of a deal a day nearly always are.)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book.fitness.finding import Finding
from kpikit.book.selection import last_day
from kpikit.engine.remembered import remembered

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: so many deals that should be there and are not: on each side, and together
_EACH, _BOTH = 2.5, 7.0
#: of a long time so few are missing that only its edges suffer, which each question looks after
_SHARE = 0.1
#: so many that should be open, where none is
_OPEN = 5.0
#: a book of fewer deals is not judged
_LEAST = 15
#: intake has stopped where so many deals should have begun since, by the pace before
_UNBEGUN = 10.0
_EPOCH = date(1970, 1, 1)


@remembered(16)
def is_cut(book: DealBook) -> bool:
    """Does the book hold only deals that ended within some time?"""
    days = _days(book)
    early, young = _missed(days, last_day(book))
    return min(early, young) >= _EACH and early + young >= max(_BOTH, _SHARE * days.height)


def _missed(days: pl.DataFrame, today: date) -> tuple[float, float]:
    """How many deals should have ended before the first, and be open today; none where one is open."""
    ended = days.filter(pl.col("end").is_not_null())
    if ended.height < _LEAST or days.height > ended.height:
        return 0.0, 0.0
    ended = ended.with_columns(
        time=pl.col("end") - pl.col("begin"), until_first=pl.col("end").min() - pl.col("begin"),
        age=(today - _EPOCH).days - pl.col("begin") + 1,
    )  # fmt: skip
    times = ended["time"].sort()
    return _earlier(times, ended["until_first"]), ended.height - _earlier(times, ended["age"])


def _earlier(times: pl.Series, ages: pl.Series) -> float:
    """How many deals of these ages should have ended before them, by the times that all of them took."""
    return float((times.search_sorted(ages.clip(lower_bound=0), side="left") / len(times)).sum())  # type: ignore[operator]


def _days(book: DealBook) -> pl.DataFrame:
    """``begin, end`` of the deals that have both in order, or are open; days since 1970-01-01."""
    deals = book.tables["deals"].lazy().select(begin="created_day", end="outcome_day", outcome="outcome").collect()
    is_open, in_order = pl.col("outcome") == "open", pl.col("end") >= pl.col("begin")
    return deals.filter(pl.col("begin").is_not_null() & (is_open | in_order.fill_null(False)))


def findings(book: DealBook) -> Iterator[Finding]:
    """A file cut by the day of the end, and deals that no longer begin while others end."""
    if not book.is_dated:
        return
    days = _days(book)
    if is_cut(book):
        first = int(days["end"].min())  # type: ignore[arg-type]
        n = days.filter(pl.col("begin") < first).height
        yield Finding("history", "cut_by_end", "deals.outcome_at", "look", n, days.height, at=_EPOCH + timedelta(first))
        return
    young = _missed(days, last_day(book))[1]
    if young >= _OPEN:
        yield Finding("history", "no_open", "deals.outcome", "look", round(young), days.height)
    yield from _stopped(days)


def _stopped(days: pl.DataFrame) -> Iterator[Finding]:
    """Deals no longer begin, although others end: from then on the file knows no new ones."""
    begun = days["begin"].sort()
    ends = days["end"].drop_nulls()
    if len(begun) < _LEAST or ends.is_empty():
        return
    last = int(begun[-1])
    silence, longest = int(ends.max()) - last, int(begun.diff().max() or 0)  # type: ignore[arg-type]
    pace = len(begun.filter(begun > last - 365)) / max(1, last - max(int(begun[0]), last - 365))
    if silence > 2 * longest and silence * pace >= _UNBEGUN:
        n = int((ends > last).sum())
        yield Finding(
            "history", "intake_stopped", "deals.created_at", "look", n, len(ends), at=_EPOCH + timedelta(last)
        )
