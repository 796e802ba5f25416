"""A stage's criteria beside what is recorded: only what a book can show is checked, the rest is for the room to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import polars as pl

from kpikit.analysis.velocity.silences import THEIRS
from kpikit.review.facts import Facts, recognised

Met = pl.DataFrame


def _goal(facts: Facts) -> Met:
    """What the customer wants is written down."""
    return facts.deals.select("deal_id", met=pl.col("customer_goal").fill_null("").str.strip_chars() != "")


def _asked_for_offer(facts: Facts) -> Met:
    """The customer asked for the offer."""
    return facts.deals.select("deal_id", met=pl.col("offer_asked_by").is_in(THEIRS).fill_null(False))


def _next_day(facts: Facts) -> Met:
    """A day for what comes next is written down."""
    return facts.deals.select("deal_id", met=pl.col("next_step_on").is_not_null())


def _two_talks(facts: Facts) -> Met:
    """The customer met or called us on two days."""
    acts = facts.table("activities")
    if acts is None:
        return facts.deals.select("deal_id", met=pl.lit(None, pl.Boolean))
    talks = acts.filter(pl.col("direction").is_in(THEIRS) & pl.col("kind").is_in(["meeting", "call"]))
    talks = talks.join(facts.ids, on="deal_id", how="semi").group_by("deal_id").agg(
        met=facts.local("happened_at").n_unique() >= 2
    )  # fmt: skip
    return _known(facts, talks)


def _two_contacts(facts: Facts) -> Met:
    """Two people at the customer are known."""
    contacts = facts.table("contacts")
    if contacts is None:
        return facts.deals.select("deal_id", met=pl.lit(None, pl.Boolean))
    known = contacts.join(facts.ids, on="deal_id", how="semi").group_by("deal_id").agg(
        met=pl.col("contact_key").n_unique() >= 2
    )  # fmt: skip
    return _known(facts, known)


def _known(facts: Facts, met: pl.LazyFrame) -> Met:
    joined = facts.ids.join(met, on="deal_id", how="left", maintain_order="left")
    return joined.select("deal_id", pl.col("met").fill_null(False)).collect()


#: facts that a criterion can be recognised by
SHOWN: Mapping[str, Callable[[Facts], Met]] = MappingProxyType(
    {
        "goal": _goal, "asked_for_offer": _asked_for_offer, "next_day": _next_day, "two_talks": _two_talks,
        "two_contacts": _two_contacts,
    }
)  # fmt: skip


def fact_of(criterion: str) -> str | None:
    """The fact that shows a criterion, by its wording; None where no language's ``rules.toml`` names it.

    >>> fact_of("The customer asked for the offer"), fact_of("The customer is pleased")
    ('asked_for_offer', None)
    """
    text = criterion.casefold()
    return next((fact for part, fact in recognised().items() if part.casefold() in text), None)


def stage_criteria(facts: Facts) -> pl.DataFrame:
    """``pipeline, stage, criterion, fact`` of the book; ``fact`` is null where nothing in a book can show it.

    What shows a criterion is what the company says (``shown_by``), else what its wording says.
    """
    table = facts.table("criteria")
    if table is None:
        return pl.DataFrame(schema=dict.fromkeys(("pipeline", "stage", "criterion", "fact"), pl.String))
    found = table.select("pipeline", "stage", "criterion", "shown_by").collect()
    facts_of = {text: fact_of(text) for text in found["criterion"].unique()}
    worded = pl.col("criterion").replace_strict(facts_of, return_dtype=pl.String)
    return found.select("pipeline", "stage", "criterion", fact=pl.coalesce("shown_by", worded))


def unmet(facts: Facts) -> pl.DataFrame | str:
    """Criteria of each open deal's own stage that the book could show and does not: ``deal_id, criterion``.

    ``n_recognised``: of how many. A fact that nobody in this book ever recorded shows nothing and is left out.
    """
    wanted = stage_criteria(facts)
    if not wanted.height:
        return "no_criteria"
    known = wanted.filter(pl.col("fact").is_not_null())
    met = {fact: SHOWN[fact](facts) for fact in known["fact"].unique().sort()}
    met = {fact: frame for fact, frame in met.items() if frame["met"].any()}
    if not met:
        return "no_criteria_shown"
    shown = pl.concat([frame.with_columns(fact=pl.lit(fact)) for fact, frame in met.items()])
    placed = facts.deals.lazy().select("deal_id", "pipeline", "stage").join(
        known.lazy().with_row_index("_i"), on=["pipeline", "stage"], maintain_order="left"
    )  # fmt: skip
    both = placed.join(shown.lazy(), on=["deal_id", "fact"], how="inner", maintain_order="left").with_columns(
        n_recognised=pl.len().over("deal_id")
    )
    return both.filter(~pl.col("met")).sort("deal_id", "_i").select("deal_id", "criterion", "n_recognised").collect()
