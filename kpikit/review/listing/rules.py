"""The rules of the agenda about open deals: each takes the facts and gives the deals that meet it, with its figure.

What a rule gives back: ``deal_id, value, usual, unit, on, detail`` - the figure, what is usual (null where nothing is),
the day that it is about, and a code or the company's own text. Where a book cannot say, the rule gives the code of the
reason instead. Who owns a deal plays no part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import polars as pl

from kpikit.analysis.velocity import silence, waiting
from kpikit.review.facts import LOOKED_BACK, Facts, Hits, hits, in_polars
from kpikit.review.listing import customers
from kpikit.review.listing.criteria import unmet

#: a change of the amount is worth a talk from this share on
MOVED = 0.2
#: a deal is a large part of the pipeline from this share on, and this many times an equal share
LARGE, TIMES = 0.1, 3


def returned(facts: Facts) -> Hits:
    """Parked, and the day is there."""
    if facts.returned is None:
        return "no_log"
    back = facts.returned.lazy().join(facts.ids, on="deal_id", how="semi")
    return hits(back, "day", value=(pl.lit(facts.today) - pl.col("until_on")).dt.total_days(), on=pl.col("until_on"))


def silent(facts: Facts) -> Hits:
    """No act of the customer for longer than nine in ten at this stage."""
    found = silence(in_polars(facts.book))
    if "deal_id" not in found.columns or (refused := found.filter(pl.col("status") == "refused")).height:
        return found["reason"][0] if "deal_id" not in found.columns else refused["reason"][0]
    late = found.lazy().filter("is_silent").join(facts.ids, on="deal_id", how="semi")
    return hits(
        late, "day", value=pl.col("days_silent"), usual=pl.col("mark_days"), on=facts.local("last_act_at"),
        detail=pl.when(pl.col("last_act_at").is_null()).then(pl.lit("never")).otherwise(pl.lit("once")),
    )  # fmt: skip


def sleeping(facts: Facts) -> Hits:
    """In its stage for longer than nine in ten before it."""
    found = waiting(in_polars(facts.book))
    if "deal_id" not in found.columns:
        return found["reason"][0]
    late = found.lazy().filter("is_sleeping").join(facts.ids, on="deal_id", how="semi")
    days, mark, on = pl.col("days_in_stage"), pl.col("mark_days"), facts.local("entered_at")
    return hits(late, "day", value=days, usual=mark, on=on, detail=pl.col("stage"))


def overdue(facts: Facts) -> Hits:
    """The expected close date has passed. A date that was moved before it passed is good news, and never a reason."""
    if facts.deals["expected_close_on"].null_count() == facts.deals.height:
        return "no_close_dates"
    late = facts.deals.lazy().filter(pl.col("expected_close_on") < facts.today)
    days = (pl.lit(facts.today) - pl.col("expected_close_on")).dt.total_days()
    return hits(late, "day", value=days, on=pl.col("expected_close_on"))


def criteria(facts: Facts) -> Hits:
    """In a stage, without what the customer should have done before it, as far as the book can show it."""
    found = unmet(facts)
    if isinstance(found, str):
        return found
    missing = found.group_by("deal_id", maintain_order=True).agg(
        value=pl.len(), usual=pl.col("n_recognised").first(), detail=pl.col("criterion").first()
    )
    return hits(missing.lazy(), "criterion", value=pl.col("value"), usual=pl.col("usual"), detail=pl.col("detail"))


def no_next_step(facts: Facts) -> Hits:
    """Nothing that the customer will do is written down, or its day has passed."""
    recorded = pl.col("next_step").is_not_null() | pl.col("next_step_on").is_not_null()
    if not facts.deals.select(recorded.any()).item():
        return "no_next_steps"
    passed = pl.col("next_step_on") < facts.today
    some = facts.deals.lazy().filter(passed.fill_null(False) | ~recorded)
    days = (pl.lit(facts.today) - pl.col("next_step_on")).dt.total_days()
    detail = pl.when(recorded).then(pl.lit("passed")).otherwise(pl.lit("none"))
    return hits(some, "day", value=days, on=pl.col("next_step_on"), detail=detail)


def amount_moved(facts: Facts) -> Hits:
    """The amount has changed by more than a fifth since the last session, or in the last 90 days."""
    changes = facts.table("changes")
    moves = None if changes is None else changes.filter(pl.col("field") == "amount")
    if moves is None or moves.select(pl.len() == 0).collect().item():
        return "no_amount_changes"
    recent = moves.filter(pl.col("changed_at") >= facts.before(facts.window(LOOKED_BACK)))
    recent = recent.join(facts.ids, on="deal_id", how="semi").sort("deal_id", "changed_at", "seq")
    ends = recent.group_by("deal_id", maintain_order=True).agg(
        then=pl.col("old").first().cast(pl.Float64, strict=False),
        now=pl.col("new").last().cast(pl.Float64, strict=False),
        changed_at=pl.col("changed_at").last(),
    )
    change = pl.col("now") / pl.col("then") - 1
    moved = ends.filter((pl.col("then") > 0) & (change.abs() > MOVED))
    way = pl.when(change > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    return hits(moved, "share", value=change, usual=pl.lit(MOVED), on=facts.local("changed_at"), detail=way)


def large(facts: Facts) -> Hits:
    """A tenth of the open value or more, and three times an equal share."""
    amounts = facts.deals["amount"]
    if amounts.null_count() == len(amounts):
        return "no_amount"
    n, total = amounts.count(), amounts.sum()
    share = pl.col("amount") / total
    big = facts.deals.lazy().filter((share >= max(LARGE, TIMES / n)) & (total > 0))
    return hits(big, "share", value=share, usual=pl.lit(1 / n))


def single_contact(facts: Facts) -> Hits:
    """Past the first stage with one person known at the customer, where two or more are usual among won deals."""
    contacts = facts.table("contacts")
    if contacts is None:
        return "no_contacts"
    won = facts.book.tables["deals"].lazy().filter(pl.col("outcome") == "won").select("deal_id", is_won=pl.lit(True))
    later = facts.deals.lazy().filter(pl.col("rank") > 1).select("deal_id", is_won=pl.lit(False))
    every = pl.concat([won, later]).with_row_index("_i").collect().lazy()
    known = contacts.join(every, on="deal_id", how="inner").select("_i", "contact_key").unique()
    counted = every.join(known.group_by("_i").len("n"), on="_i", how="left").collect()
    middle = counted.filter("is_won")["n"].median()
    if not isinstance(middle, float):
        return "no_contacts"
    counted = counted.lazy().filter(~pl.col("is_won")).with_columns(pl.col("n").fill_null(0))
    alone = counted.filter((pl.col("n") <= 1) & pl.lit(middle >= 2))
    return hits(alone, "contact", value=pl.col("n"), usual=pl.lit(middle))


#: code → rule; what they mean and weigh stands in ``rules.toml``
RULES: Mapping[str, Callable[[Facts], Hits]] = MappingProxyType(
    {
        "returned": returned, "silent": silent, "sleeping": sleeping, "overdue": overdue, "criteria": criteria,
        "no_next_step": no_next_step, "amount_moved": amount_moved, "large": large, "single_contact": single_contact,
        "customer_silent": customers.silent, "customer_due": customers.due, "just_ended": customers.just_ended,
    }
)  # fmt: skip
#: rules that read every visit to a stage, the slowest first
READS_VISITS = ("silent", "sleeping")
