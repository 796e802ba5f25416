"""A deal's story: what the customer wants, what happened, how it went with deals like it, and what there is to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from kpikit.analysis.velocity import course
from kpikit.analysis.winloss import stories_like
from kpikit.book import DealBook
from kpikit.book.selection import last_day
from kpikit.errors import UsageError
from kpikit.review.facts import Facts, in_polars
from kpikit.review.listing.agenda import found_by_rules
from kpikit.review.listing.criteria import SHOWN, stage_criteria
from kpikit.review.listing.memory import memory
from kpikit.review.questions import Questions, read_questions, step_of
from kpikit.review.timeline import one_deal, timeline

if TYPE_CHECKING:
    from kpikit.log.log import Log, Reader

#: what stands at the head of a story; no column of it names a person
HEAD = (
    "deal_id", "name", "account_id", "pipeline", "stage", "segment", "source", "deal_type", "amount", "currency",
    "outcome", "outcome_at", "created_at", "offered_at", "offer_asked_by", "expected_close_on", "probability",
    "forecast_category", "next_step", "next_step_on", "customer_goal", "loss_reason", "competitor",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Story:
    """One deal, as a review looks at it: codes, numbers and the CRM's own text, which stays text.

    ``deal``: the columns of :data:`HEAD`. ``reasons``: the rules that it meets, as :func:`kpikit.review.agenda` gives
    them. ``timeline``: :data:`kpikit.review.timeline.TIMELINE`. ``course``: how it went with similar deals
    (:func:`kpikit.velocity.course`; refused or too few: see ``status``). ``meaning`` of the stage and its ``criteria``:
    ``criterion, fact, met`` (null: the book cannot show it; ask). ``step`` and ``questions`` (:meth:`asks`). ``like``:
    at most one story of a customer like this one. ``prepared``: the rep's own words from before the session, which
    stand first. ``said``: what was said of the deal in reviews, from the log.
    """

    deal: Mapping[str, Any]
    reasons: pl.DataFrame
    timeline: pl.DataFrame
    course: pl.DataFrame
    meaning: str | None
    criteria: pl.DataFrame
    step: str | None
    questions: Questions
    like: pl.DataFrame
    prepared: pl.DataFrame | None
    said: pl.DataFrame | None
    as_of: Any
    time_zone: str

    def asks(self, language: str) -> tuple[str, ...]:
        """The open questions for this deal, those of its step first."""
        return self.questions.of(self.step, language)


def story(
    book: DealBook,
    deal_id: str,
    *,
    log: Log | None = None,
    session: date | None = None,
    questions: Questions | None = None,
    reader: Reader = "team",
) -> Story:
    """What is the story of this deal?

    Args:
        book: a deal book; for a team copy.
        deal_id: the deal.
        log: the review log, for what was said and prepared before.
        session: the day of the session; by default the last day that the book speaks of.
        questions: a company's own (:func:`kpikit.review.questions.read_questions`); by default kpikit's.
        reader: who looks: the team, or coach and rep.

    Raises:
        UsageError: the book has no such deal; ``deal_left_export`` where the log knows it from an earlier one.

    Example:
        >>> import kpikit
        >>> found = kpikit.review.story(kpikit.open_book("demo"), "D1078")
        >>> found.deal["stage"], found.step
        ('Proposal', 'offer')
    """
    alone = one_deal(book, deal_id)
    deals = alone.tables["deals"].lazy().collect()
    entries = None if log is None else log.entries(deal_id=deal_id, reader=reader)
    if not deals.height:
        known = entries is not None and entries.height > 0
        raise UsageError("deal_left_export" if known else "unknown_deal", deal=deal_id)
    deal = deals.select(HEAD).row(0, named=True)
    asked = questions or read_questions()
    day = session or last_day(book)
    polars = in_polars(book)
    facts = Facts(alone, day)
    return Story(
        deal,
        _reasons(book, deal_id, log, day),
        timeline(alone),
        course(polars, deal_id=deal_id).frame if "stage_events" in book.tables else pl.DataFrame(),
        _meaning(book, deal),
        _criteria(facts, deal),
        step_of(book, deal["pipeline"], deal["stage"], asked),
        asked,
        stories_like(polars, deal_id, n=1).frame,
        None if entries is None else entries.filter(pl.col("kind") == "prepared"),
        None if entries is None else entries.filter(~pl.col("kind").is_in(["prepared", "listed"])),
        book.as_of,
        book.settings.time_zone,
    )


def _reasons(book: DealBook, deal_id: str, log: Log | None, day: date) -> pl.DataFrame:
    """Every rule that the deal meets, with its figure."""
    known = memory(log, book, day)
    found = found_by_rules(book, day, known.since, known.back).hits
    return found.filter(pl.col("deal_id") == deal_id)


def _meaning(book: DealBook, deal: Mapping[str, Any]) -> str | None:
    if "stages" not in book.tables:
        return None
    mine = (pl.col("pipeline") == deal["pipeline"]) & (pl.col("stage") == pl.lit(deal["stage"], pl.String))
    found = book.tables["stages"].lazy().filter(mine).select("meaning").collect()
    return found["meaning"][0] if found.height else None


def _criteria(facts: Facts, deal: Mapping[str, Any]) -> pl.DataFrame:
    """The criteria of the deal's stage beside what is recorded."""
    every = stage_criteria(facts)
    here = (pl.col("pipeline") == deal["pipeline"]) & (pl.col("stage") == pl.lit(deal["stage"], pl.String))
    mine = every.filter(here)
    met = {}
    for fact in mine["fact"].drop_nulls().unique():
        found = SHOWN[fact](facts)["met"]
        met[fact] = found[0] if len(found) else None
    shown = pl.Series("met", [met.get(fact) for fact in mine["fact"]], pl.Boolean)
    return mine.select("criterion", "fact").with_columns(shown)
