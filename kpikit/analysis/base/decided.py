"""The deals that were decided in a window, as every question about won and lost reads them."""

from __future__ import annotations

import polars as pl

from kpikit.analysis.base.coding import coded, several
from kpikit.book import DealBook
from kpikit.book.selection import OUTCOME_TEAM
from kpikit.calendar import Period
from kpikit.errors import UsageError

#: groups that are no reason: nobody wrote one, or wrote that it is not known
UNTOLD = ("blank", "unknown")


def decided(
    book: DealBook, during: Period | None, outcomes: tuple[str, ...] = ("won", "lost")
) -> tuple[pl.DataFrame, int]:
    """Deals with one of the outcomes, by the local day of it; and how many have no such day.

    Without a window all of them are taken, dated or not. ``team`` is the team on the day of the outcome.
    """
    deals = book.tables["deals"].lazy().filter(pl.col("outcome").is_in(outcomes))
    deals = deals.with_columns(OUTCOME_TEAM.alias("team")).collect()
    if book.team is not None:
        deals = deals.filter(pl.col("team") == book.team)
    if during is None:
        return deals, 0
    undated = pl.col("outcome_day").is_null()
    day = pl.col("outcome_day").cast(pl.Date)
    inside = deals.filter((day >= during.first_on) & (day < during.next_on))
    return inside, deals.filter(undated).height


def lost_deals(book: DealBook, during: Period | None) -> tuple[pl.DataFrame, int]:
    """Lost deals with our first reason coded (``key, reason, group``), and how many have no day of outcome."""
    deals, undated = decided(book, during, ("lost",))
    deals = deals.with_columns(_ours=several(deals["loss_reason"]).list.first())
    codes = coded(deals["_ours"].to_list())
    return deals.join(codes, left_on="_ours", right_on="text", how="left", nulls_equal=True).drop("_ours"), undated


def in_copy(reasons: pl.DataFrame, book: DealBook, copy: str) -> pl.DataFrame:
    """Coded reasons (``deal_id, owner, key, reason, group``) as this copy may tell them.

    What leaves the team spells a reason out only where as many deals and people have it as any group needs; rarer ones,
    which may name a customer, are told together as ``rest``.
    """
    if copy not in ("team", "company"):
        raise UsageError("copy", copy=copy)
    if copy == "team":
        return reasons
    least = book.settings.privacy
    sizes = reasons.group_by("key").agg(
        n=pl.col("deal_id").n_unique(), people=pl.col("owner").drop_nulls().n_unique()
    )  # fmt: skip
    is_rare = pl.col("n") < least.min_deals
    if reasons["owner"].null_count() < reasons.height:
        is_rare |= pl.col("people") < least.min_people
    rare = pl.col("key").is_in(sizes.filter(is_rare)["key"].implode()) & (pl.col("group") == "other")
    return reasons.with_columns(
        key=pl.when(rare).then(pl.lit("rest")).otherwise("key"),
        reason=pl.when(~rare).then("reason"),
        group=pl.when(rare).then(pl.lit("rest")).otherwise("group"),
    )


def told() -> pl.Expr:
    """Is this a reason at all?"""
    return ~pl.col("group").is_in(UNTOLD)
