"""What the book says happened to deals after a moment: moves, acts of the customer, an end, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from kpikit.analysis.velocity.silences import THEIRS
from kpikit.book import DealBook
from kpikit.engine import spells
from kpikit.errors import Refused
from kpikit.review.timeline import INSTANT, some_deals

#: a fact: the deal it is of, what it is, when, and the stage or outcome it led to
FACTS = {"deal_id": pl.String, "kind": pl.String, "at": INSTANT, "text": pl.String}
#: what moves a deal: forward, or to an end
MOVES = ("forward", "won", "lost", "void")


def facts_of(book: DealBook, deal_ids: list[str]) -> pl.DataFrame:
    """All that can be told of some deals, in order of time: :data:`FACTS`.

    ``kind``: forward, back, won, lost, void, act (of the customer). A new note, date or probability is none.
    """
    some = some_deals(book, deal_ids)
    parts = [pl.DataFrame(schema=FACTS), *_moves(some), *_acts(some)]
    return pl.concat(parts).filter(pl.col("at").is_not_null()).sort("at", "deal_id", "kind")


def _moves(some: DealBook) -> list[pl.DataFrame]:
    deals = some.tables["deals"].lazy().collect()
    ended = deals.filter(pl.col("outcome") != "open").select("deal_id", kind="outcome", at="outcome_at", text="outcome")
    try:
        found = spells(some)
    except Refused:
        return [ended]
    visits = found.filter(pl.col("excluded").is_null()).sort("deal_id", "entered_at", "seq")
    kinds = {"advance": "forward", "back": "back"}
    ahead = pl.col("stage").shift(-1).over("deal_id")
    moved = visits.with_columns(text=ahead).filter(pl.col("kind").is_in(list(kinds)))
    return [ended, moved.select("deal_id", kind=pl.col("kind").replace_strict(kinds), at="left_at", text="text")]


def _acts(some: DealBook) -> list[pl.DataFrame]:
    if "activities" not in some.tables:
        return []
    acts = some.tables["activities"].lazy().filter(
        pl.col("direction").is_in(THEIRS) & (pl.col("happened_at") <= some.as_of)
    )  # fmt: skip
    return [acts.select("deal_id", kind=pl.lit("act"), at="happened_at", text="kind").collect()]


def after(facts: pl.DataFrame, moments: pl.DataFrame) -> pl.DataFrame:
    """The facts after a moment of their deal: ``moments`` has ``key, deal_id, moment, until`` (null: no end)."""
    both = moments.join(facts, on="deal_id", how="inner")
    until = pl.col("until").is_null() | (pl.col("at") <= pl.col("until"))
    return both.filter((pl.col("at") > pl.col("moment")) & until)


def moments(rows: Sequence[tuple[str, str, datetime, datetime | None]]) -> pl.DataFrame:
    """Moments of deals, as :func:`after` takes them."""
    kinds = {"key": pl.String, "deal_id": pl.String, "moment": INSTANT, "until": INSTANT}
    return pl.DataFrame(list(rows), schema=kinds, orient="row")
