"""The rules about customers and about what has just ended: who is due, who is silent, what there is to learn from."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from kpikit.analysis.retention import due as contracts_due
from kpikit.analysis.velocity.silences import THEIRS
from kpikit.book.selection import OUTCOME_TEAM
from kpikit.review.facts import Facts, Hits, hits, in_polars, rule_cards


def due(facts: Facts) -> Hits:
    """A contract falls due soon, or is due and nobody knows yet."""
    running = _running(facts)
    if isinstance(running, str):
        return running
    days = rule_cards()["customer_due"]["days"]
    left = (pl.col("due_on") - pl.lit(facts.today)).dt.total_days()
    soon = _of_deals(facts, running.filter(left <= days))
    return hits(soon, "day", value=left, on=pl.col("due_on"))


def silent(facts: Facts) -> Hits:
    """A customer under contract of whom nobody heard for half a year."""
    running = _running(facts)
    if isinstance(running, str):
        return running
    last = _last_acts(facts)
    if last is None:
        return "no_customer_acts"
    days = rule_cards()["customer_silent"]["days"]
    heard = running.join(last, on="account_id", how="left").with_columns(
        since=pl.max_horizontal("acted_on", "from_on")
    )  # fmt: skip
    ago = (pl.lit(facts.today) - pl.col("since")).dt.total_days()
    quiet = _of_deals(facts, heard.filter(ago > days))
    return hits(quiet, "day", value=ago, usual=pl.lit(days), on=pl.col("acted_on"))


def just_ended(facts: Facts) -> Hits:
    """Won or lost since the last session; ``detail`` tells which, and whether the customer told us why."""
    days = rule_cards()["just_ended"]["days"]
    deals = facts.book.tables["deals"].lazy().filter(pl.col("outcome").is_in(["won", "lost"]))
    if facts.book.team is not None:
        deals = deals.filter(facts.book.team == OUTCOME_TEAM)
    first, last = facts.before(facts.window(days)), facts.before(facts.today + timedelta(days=1))
    ended = deals.filter((pl.col("outcome_at") >= first) & (pl.col("outcome_at") < last)).select(
        "deal_id", "outcome", ended_on=facts.local("outcome_at")
    )
    ended = ended.join(_told(facts), on="deal_id", how="left").with_columns(pl.col("is_told").fill_null(False))
    detail = pl.when("is_told").then(pl.format("{}_told", "outcome")).otherwise("outcome")
    ago = (pl.lit(facts.today) - pl.col("ended_on")).dt.total_days()
    return hits(ended, "day", value=ago, on=pl.col("ended_on"), detail=detail)


def _told(facts: Facts) -> pl.LazyFrame:
    """Deals whose customer told a story that the team may use."""
    talks = facts.table("interviews")
    if talks is None:
        return pl.LazyFrame(schema={"deal_id": pl.String, "is_told": pl.Boolean})
    may = pl.col("permission").fill_null(False) & pl.col("story").is_not_null()
    return talks.filter(may).select("deal_id").unique().with_columns(is_told=pl.lit(True))


def _running(facts: Facts) -> pl.LazyFrame | str:
    """Running contracts: ``account_id, from_on, due_on``; a code where the book cannot say."""
    found = contracts_due(in_polars(facts.book))
    if "due_on" not in found.columns:
        return found["reason"][0]
    return found.lazy().select("account_id", "from_on", "due_on")


def _of_deals(facts: Facts, customers: pl.LazyFrame) -> pl.LazyFrame:
    """Each customer with the deal to talk about: the largest open one, else the last won."""
    won = facts.book.tables["deals"].lazy().filter(pl.col("outcome") == "won")
    won = won.sort("outcome_at", "deal_id", descending=[True, False], nulls_last=True)
    won = won.select("account_id", "deal_id").group_by("account_id", maintain_order=True).first()
    opened = facts.deals.lazy().sort("amount", "deal_id", descending=[True, False], nulls_last=True)
    opened = opened.select("account_id", open_id="deal_id").group_by("account_id", maintain_order=True).first()
    both = customers.join(won, on="account_id", how="left").join(opened, on="account_id", how="left")
    return both.with_columns(deal_id=pl.coalesce("open_id", "deal_id")).filter(pl.col("deal_id").is_not_null())


def _last_acts(facts: Facts) -> pl.LazyFrame | None:
    """``account_id, acted_on``: what customers did after their deal was won; None where no book row shows any."""
    acts = facts.table("activities")
    if acts is None:
        return None
    deals = facts.book.tables["deals"].lazy().select("deal_id", "outcome_at", its_account="account_id")
    theirs = acts.filter(pl.col("direction").is_in(THEIRS) & (pl.col("happened_at") <= facts.book.as_of))
    known = theirs.join(deals, on="deal_id", how="left").with_columns(
        account_id=pl.coalesce("account_id", "its_account")
    )
    later = pl.col("outcome_at").is_null() | (pl.col("happened_at") > pl.col("outcome_at"))
    if (
        not known.filter(later & pl.col("deal_id").is_null() | (pl.col("happened_at") > pl.col("outcome_at")))
        .select(pl.len() > 0)
        .collect()
        .item()
    ):
        return None
    return known.filter(pl.col("account_id").is_not_null()).group_by("account_id").agg(
        acted_on=facts.local("happened_at").max()
    )  # fmt: skip
