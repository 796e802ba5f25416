"""Which deals each definition of the win rate counts, and which of them as won: definitions as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from kpikit import stats
from kpikit.analysis.base.coding import folded
from kpikit.analysis.base.durations import late_deals
from kpikit.book import DealBook
from kpikit.book.selection import OUTCOME_TEAM, last_day
from kpikit.calendar import Period
from kpikit.languages import small_set

OUTCOME = pl.col("outcome")
_SET_ASIDE = (OUTCOME == "void") & ~pl.col("is_never")
_CLOSED = OUTCOME.is_in(["won", "lost"])


@dataclass(frozen=True, slots=True)
class Counting:
    """A definition that is k of n: the day that puts a deal into a window, and which deals are counted."""

    day: Literal["outcome_on", "created_on", "settled_on"]
    counted: pl.Expr
    scale: Literal["share", "ratio"] = "share"


#: definitions that are so many won of so many counted
COUNTED: Mapping[str, Counting] = MappingProxyType(
    {
        "closed": Counting("outcome_on", _CLOSED),
        "finished": Counting("outcome_on", _CLOSED | _SET_ASIDE),
        "every_end": Counting("outcome_on", OUTCOME != "open"),
        "overdue_lost": Counting("settled_on", _CLOSED | pl.col("is_overdue")),
        "won_to_lost": Counting("outcome_on", _CLOSED, "ratio"),
        "created": Counting("created_on", ~pl.col("is_never")),
    }
)


def population(book: DealBook) -> pl.DataFrame:
    """All deals of a book with what the definitions ask of them.

    As :func:`dated`, with ``is_late`` (first recorded at a stage that is not the first; null where that is not known).
    """
    return dated(book).join(late_deals(book), on="deal_id", how="left", maintain_order="left")


def dated(book: DealBook) -> pl.DataFrame:
    """All deals of a book with the days and marks that put them into a count.

    ``outcome_on``, ``created_on``; ``settled_on`` (the outcome's day, for an open deal the day it was expected to
    close, once that is past: then ``is_overdue``); ``is_never`` (a duplicate, merged or a test). ``team`` is that of
    the outcome, ``team_begun`` that of the creation.
    """
    today = last_day(book)
    overdue = ((OUTCOME == "open") & (pl.col("expected_close_on") < today)).fill_null(False)
    deals = (
        book.tables["deals"]
        .lazy()
        .with_columns(
            OUTCOME_TEAM.alias("team"),
            pl.col("outcome_day").cast(pl.Date).alias("outcome_on"),
            pl.col("created_day").cast(pl.Date).alias("created_on"),
            team_begun="team",
            is_overdue=overdue,
            _all=pl.lit(0, pl.Int64),
        )
        .with_columns(settled_on=pl.when("is_overdue").then("expected_close_on").otherwise("outcome_on"))
        .collect()
    )
    reasons = deals.filter(OUTCOME == "void")["loss_reason"].drop_nulls().unique().to_list()
    told = small_set("reasons", "never")  # the same deal twice, or none at all
    if not book.is_dated:  # all of it is one window
        deals = deals.with_columns(outcome_on=pl.when(OUTCOME != "open").then(pl.lit(today)))
    never = [reason for reason in reasons if told & set(folded(reason).split())]
    is_never = ((OUTCOME == "void") & pl.col("loss_reason").is_in(never)).fill_null(False)
    return deals.with_columns(is_never=is_never)


def ended(deals: pl.DataFrame, book: DealBook) -> pl.DataFrame:
    """The deals of the book's team by the day of the outcome."""
    return deals if book.team is None else deals.filter(pl.col("team") == book.team)


def begun(deals: pl.DataFrame, book: DealBook) -> pl.DataFrame:
    """The deals of the book's team by the day of the creation; ``team`` is that team."""
    deals = deals.with_columns(team="team_begun")
    return deals if book.team is None else deals.filter(pl.col("team") == book.team)


def inside(during: Period | None, day: str) -> pl.Expr:
    """Does this day lie in the window?"""
    if during is None:
        return pl.col(day).is_not_null()
    return ((pl.col(day) >= during.first_on) & (pl.col(day) < during.next_on)).fill_null(False)


def tally(deals: pl.DataFrame, keys: Sequence[str], definition: str, during: Period | None) -> pl.DataFrame:
    """How many are counted and how many of them were won, a row a group.

    Returns ``*keys, n, n_events, n_open, n_set_aside, n_never, n_late, n_excluded``: ``n_excluded`` would have counted
    but have no date; ``n_never`` were duplicates, merged or tests.
    """
    how = COUNTED[definition]
    here = inside(during, how.day)
    counted = how.counted & here
    undated = how.counted & pl.col(how.day).is_null()
    return _filled(
        deals.group_by(keys).agg(
            n=counted.sum(),
            n_events=(counted & (OUTCOME == "won")).sum(),
            n_open=(counted & (OUTCOME == "open")).sum(),
            n_set_aside=(_SET_ASIDE & here).sum(),
            n_never=(pl.col("is_never") & here).sum(),
            n_late=late(counted),
            n_excluded=undated.sum(),
        ),
        keys,
    )


def late(counted: pl.Expr) -> pl.Expr:
    """How many of the counted were first recorded at a later stage; null where the book has no stage history."""
    known = pl.col("is_late").is_not_null().any()
    return pl.when(known).then((counted & pl.col("is_late").fill_null(False)).sum())


def _filled(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Counts as whole numbers, in the order of the groups; without groups one row, even of nothing."""
    if not frame.height and keys == ["_all"]:
        counts = {name: 0 for name in frame.columns if name not in keys}
        frame = pl.DataFrame({"_all": 0} | counts)
    return frame.with_columns(pl.col(name).cast(pl.Int64) for name in frame.columns if name not in keys).sort(keys)


def with_wilson(counts: pl.DataFrame, scale: str = "share") -> pl.DataFrame:
    """``n_events`` of ``n`` with Wilson's interval; as a ratio, so many for each of the others."""
    frame = stats.with_shares(counts).with_columns(unit=pl.lit(scale))
    if scale == "share":
        return frame
    odds = [
        pl.when(pl.col(name) < 1).then(pl.col(name) / (1 - pl.col(name))).alias(name)
        for name in ("value", "low", "high")
    ]
    all_won = (pl.col("n") > 0) & (pl.col("n") == pl.col("n_events"))
    return frame.with_columns(
        *odds,
        status=pl.when(all_won).then(pl.lit("not_reached")).otherwise(pl.lit("ok")),
        reason=pl.when(all_won).then(pl.lit("nothing_lost")),
    )
