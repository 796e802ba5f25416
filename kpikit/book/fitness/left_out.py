"""What do figures leave out, for which reason and in which stage: k of n each, with a deal to look at.

Nothing is dropped in silence: what the engine sets aside, and what a question cannot place in time, is counted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book.fitness.finding import Finding
from kpikit.book.selection import OUTCOME_TEAM
from kpikit.engine import spells
from kpikit.engine.kernel import EXCLUDED
from kpikit.errors import as_written

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: why the engine leaves out a visit; an end that stands among the stages is an end, and no visit
REASONS = tuple(reason for reason in EXCLUDED if reason != "closed_stage")
#: reasons that are told one by one
_MOST = 8
_ENDED = pl.col("outcome").is_in(["won", "lost"])
_IS_VOID = pl.col("outcome") == "void"


def findings(book: DealBook) -> Iterator[Finding]:
    """What is left out of figures, deals first, then visits stage by stage."""
    deals = book.tables["deals"].lazy().with_columns(team=OUTCOME_TEAM).collect()
    if book.is_dated:
        yield from _undated(deals)
        yield from _backwards(deals)
    yield from _set_aside(deals)
    if "stage_events" in book.tables:
        yield from _early_entries(book, deals)
        if "stages" in book.tables:
            yield from _visits(book)


def _told(code: str, subject: str, rows: pl.DataFrame, of: int) -> Iterator[Finding]:
    if rows.height:
        example = rows["deal_id"].drop_nulls().min()
        yield Finding("left_out", code, subject, "look", rows.height, of, example=example)  # type: ignore[arg-type]


def _undated(deals: pl.DataFrame) -> Iterator[Finding]:
    """Deals without the day that a clock starts at, or, ended, without the day of the end."""
    yield from _told("no_beginning", "deals.created_at", deals.filter(pl.col("created_at").is_null()), deals.height)
    for outcome in ("won", "lost", "void"):
        ended = deals.filter(pl.col("outcome") == outcome)
        undated = ended.filter(pl.col("outcome_at").is_null())
        yield from _told(f"no_end_{outcome}", "deals.outcome_at", undated, ended.height)


def _backwards(deals: pl.DataFrame) -> Iterator[Finding]:
    """Deals that ended on a day before they began: their time would be less than nothing."""
    both = deals.filter(pl.col("created_day").is_not_null() & pl.col("outcome_day").is_not_null())
    yield from _told("negative_time", "deals", both.filter(pl.col("outcome_day") < pl.col("created_day")), both.height)


def _set_aside(deals: pl.DataFrame) -> Iterator[Finding]:
    """Void deals, reason by reason: neither won nor lost."""
    ended = deals.filter(_ENDED | _IS_VOID)
    void = deals.filter(_IS_VOID).with_columns(pl.col("loss_reason").fill_null(""))
    parts = sorted(void.group_by("loss_reason"), key=lambda part: (-part[1].height, str(part[0][0])))
    for (reason,), rows in parts[:_MOST]:
        yield from _told("void_reason" if reason else "void_blank", as_written(reason), rows, ended.height)
    if rest := [rows for _, rows in parts[_MOST:]]:
        yield from _told("void_rest", "", pl.concat(rest), ended.height)


def _early_entries(book: DealBook, deals: pl.DataFrame) -> Iterator[Finding]:
    """Stages entered on a day before the deal began."""
    events = book.tables["stage_events"].lazy().select("deal_id", "stage", "entered_day").collect()
    both = events.join(deals.select("deal_id", "created_day"), on="deal_id", how="inner")
    early = both.filter(pl.col("entered_day") < pl.col("created_day"))
    sizes = dict(both.group_by("stage").len().iter_rows())
    for (stage,), rows in sorted(early.group_by("stage"), key=lambda part: (-part[1].height, str(part[0][0]))):
        yield from _told("before_creation", str(stage), rows, sizes[stage])


def _visits(book: DealBook) -> Iterator[Finding]:
    """Visits that no curve counts, by reason and stage; and returns, of which first visits alone are counted."""
    visits = spells(book)
    sizes = dict(visits.group_by("stage").len().iter_rows())
    known = pl.col("excluded").is_in(REASONS)
    again = visits.filter(pl.col("excluded").is_null() & (pl.col("visit") > 1)).with_columns(
        excluded=pl.lit("re_entry")
    )
    parts = pl.concat([visits.filter(known), again]).group_by("excluded", "stage")
    order = {reason: i for i, reason in enumerate((*REASONS, "re_entry"))}
    for (reason, stage), rows in sorted(parts, key=lambda p: (order[str(p[0][0])], -p[1].height, str(p[0][1]))):
        yield from _told(f"visit_{reason}", str(stage), rows, sizes[stage])
