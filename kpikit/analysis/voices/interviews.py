"""Talks with buyers after the decision: whom to ask, drawn by lot; how many were asked and answered; what to ask."""

from __future__ import annotations

from hashlib import sha256

import polars as pl

from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.decided import decided, lost_deals
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import with_wilson
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.errors import UsageError

__all__ = ["asked", "draw"]


def __dir__() -> list[str]:
    return sorted(__all__)


#: how a deal ended, as far as whom to ask goes
ENDS = ("won", "lost", "no_decision")
#: the six questions, in the order in which they are asked; their words are ``interview.<code>``
QUESTIONS = ("permission", "quotable", "goal", "turned", "reasons", "other")


def by_lot(seed: int | str, deal_id: str) -> str:
    """A ticket that depends on nothing but the seed and the deal: the smallest are drawn.

    >>> by_lot(1, "a") == by_lot(1, "a"), by_lot(1, "a") == by_lot(2, "a")
    (True, False)
    """
    return sha256(f"{seed}\x1f{deal_id}".encode()).hexdigest()


def _ended(book: DealBook, during: Period | None) -> tuple[pl.DataFrame, int]:
    """Decided deals with ``end``: won, lost, or no decision where our reason says so."""
    won, _ = decided(book, during, ("won",))
    lost, _ = lost_deals(book, during)
    undated = decided(book, during)[1]
    end = pl.when(pl.col("group") == "no_decision").then(pl.lit("no_decision")).otherwise(pl.lit("lost"))
    ends = [won.select("deal_id", "team", "segment", "outcome_at", end=pl.lit("won"))]
    ends.append(lost.select("deal_id", "team", "segment", "outcome_at", end=end))
    return pl.concat(ends), undated


def _asked_deals(book: DealBook) -> pl.DataFrame:
    """``deal_id, is_held, is_permitted, is_quotable``: a row a deal whose buyer was asked."""
    kinds = {"deal_id": pl.String, **dict.fromkeys(("is_held", "is_permitted", "is_quotable"), pl.Boolean)}
    if "interviews" not in book.tables:
        return pl.DataFrame(schema=kinds)
    held = pl.col("held_at").is_not_null()
    said = {f"is_{name}": held & pl.col(c).fill_null(False) for name, c in
            (("permitted", "permission"), ("quotable", "quotable"))}  # fmt: skip
    return book.tables["interviews"].lazy().group_by("deal_id").agg(
        is_held=held.any(), **{name: yes.any() for name, yes in said.items()}
    ).collect()  # fmt: skip


@answer(kpi="interviews_drawn")
def draw(book: DealBook, n: int = 6, seed: int = 0, *, during: Window | None = None) -> pl.DataFrame:
    """Whom do we ask? Deals drawn by lot: as many won as lost as ended without a decision.

    Definition: deals decided in the window whose buyer has not been asked yet, in three groups; a group with too few
    leaves its places to the others. The lot depends on the seed and the deal's id alone: rows in another order, or
    more deals of another group, change nothing.
    Misleads when the list is not asked in full: leaving out the awkward ones makes it a chosen sample. Gamed by
    drawing again with another seed until it pleases.

    Args:
        book: a deal book; for a team copy (it lists deals).
        n: how many to draw.
        seed: of the lot; write it down before drawing.
        during: deals decided in this window; by default all.

    Returns:
        A list of at most ``n``: ``deal_id, end`` (won, lost, no_decision), ``segment, outcome_at``; ``n`` deals of that
        end to draw from.

    Raises:
        UsageError: ``n`` below 1.

    Example:
        >>> import kpikit
        >>> kpikit.interviews.draw(kpikit.open_book("demo"), n=6, seed=1)["end"].to_list()
        ['won', 'won', 'lost', 'lost', 'no_decision', 'no_decision']
    """
    during = as_period(during)
    if n < 1:
        raise UsageError("draw_none", n=n)
    ended, undated = _ended(book, during)
    open_to_ask = ended.join(_asked_deals(book), on="deal_id", how="anti")
    lots = open_to_ask.with_columns(
        lot=pl.Series([by_lot(seed, deal) for deal in open_to_ask["deal_id"]], dtype=pl.String)
    )
    there = {end: lots.filter(pl.col("end") == end).height for end in ENDS}
    places = _places(n, there)
    parts = [lots.filter(pl.col("end") == end).sort("lot").head(places[end]) for end in ENDS]
    sizes = pl.DataFrame({"end": ENDS, "n": [there[end] for end in ENDS]}, schema_overrides={"n": pl.Int64})
    drawn = pl.concat(parts).join(sizes, on="end", how="left", maintain_order="left")
    return drawn.select(
        "deal_id", "end", "segment", "outcome_at", "n", n_excluded=pl.lit(undated, pl.Int64), unit=pl.lit("deal")
    )


def _places(n: int, there: dict[str, int]) -> dict[str, int]:
    """How many of each end: one at a time in turn, until there are n or nobody is left."""
    places = dict.fromkeys(there, 0)
    while sum(places.values()) < min(n, sum(there.values())):
        for end in places:
            if places[end] < there[end] and sum(places.values()) < n:
                places[end] += 1
    return places


@answer(kpi="interviews_asked")
def asked(book: DealBook, *, during: Window | None = None) -> pl.DataFrame:
    """Of the customers who decided, how many were asked, and how many of those answered?

    Definition: deals won or lost in the window; asked: an interview of the deal is in the book; answered: one was held.
    Misleads: who answers may differ from who does not. Gamed by asking only those who are pleased: read it by ``end``.

    Args:
        book: a deal book.
        during: deals decided in this window; by default all.

    Returns:
        An estimate an ``end`` (all, won, lost, no_decision): the share of those asked that answered; ``n`` asked,
        ``n_events`` answered, ``n_decided``, ``n_permitted`` and ``n_quotable`` of those answered.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.interviews.asked(kpikit.open_book("demo"))["end"].to_list()
        ['all', 'won', 'lost', 'no_decision']
    """
    during = as_period(during)
    ended, undated = _ended(book, during)
    told = ended.join(_asked_deals(book).with_columns(is_asked=True), on="deal_id", how="left")
    both = pl.concat([told.with_columns(end=pl.lit("all")), told])
    flags = {"n": "is_asked", "n_events": "is_held", "n_permitted": "is_permitted", "n_quotable": "is_quotable"}
    counts = both.group_by("end").agg(
        *(pl.col(flag).fill_null(False).sum().cast(pl.Int64).alias(name) for name, flag in flags.items()),
        n_decided=pl.len().cast(pl.Int64),
    )
    rows = pl.DataFrame({"end": ["all", *ENDS]}).join(counts, on="end", how="left", maintain_order="left")
    return with_wilson(
        rows.with_columns(pl.col(*flags, "n_decided").fill_null(0), n_excluded=pl.lit(undated, pl.Int64))
    )
