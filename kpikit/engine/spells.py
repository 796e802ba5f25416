"""Spells: one visit of one deal to one stage, and how it ended or that it has not.

The definition is written once, in narwhals, with times as int64 microseconds, so that the same lines run on polars,
DuckDB and Spark. Events of a deal are put in order; repeats of the same stage collapse into one visit; what comes next
decides how a visit ended::

    deal  stage      entered  left      kind
    a     Qualify    day 0    day 12    advance     next stage stands later in the pipeline
    a     Proposal   day 12   day 40    lost        the deal was lost from here
    a     Proposal   day 55   –         open        reopened, still there
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import polars as pl

from kpikit.engine.buckets import Visits, seen_in, visits
from kpikit.engine.observed import decoded

if TYPE_CHECKING:
    from kpikit.book import DealBook
    from kpikit.calendar import Period

COLUMNS = (
    "deal_id", "stage", "visit", "entered_at", "seq", "entry_age", "left_at", "kind", "skipped_to", "excluded",
    "team", "pipeline", "position",
)  # fmt: skip
_ORDER = ("at", "rank", "seq")
#: at one instant: a reopening, then stage events, then the outcome
_REOPENED, _ENTERED, _DECIDED = 0, 1, 2


def spells(book: DealBook) -> pl.DataFrame:
    """Every visit of every deal to every stage, deal by deal and in order; nothing is left out.

    Args:
        book: a deal book with ``stage_events`` and ``stages``.

    Returns:
        One row a visit: ``deal_id, stage, visit`` (1 for the first), ``entered_at`` and ``left_at`` (UTC; null while
        open), ``seq``, ``entry_age`` (microseconds of age at which the system first recorded the visit, null if from
        its start), ``kind`` (advance, back, lost, won, void, open), ``skipped_to`` (the stage reached by skipping
        others), ``excluded`` (a code: why a curve leaves it out; null if it does not), ``team`` on the entry day.

    Raises:
        Refused: the book has no stage history, or no order of stages.

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> kpikit.engine.spells(book)["kind"].unique().sort().to_list()
        ['advance', 'back', 'lost', 'open', 'void', 'won']
    """
    return pl.concat([_named(part, book) for part in visits(book)]).select(COLUMNS)


def seen(book: DealBook, during: Period | None = None) -> pl.DataFrame:
    """The spells as a window saw them, with ``age`` in microseconds; of its own team if the book is narrowed to one.

    What began before the window entered it late (``entry_age``), what ended after it is open, what was over before it
    or began after it is not in it (:func:`kpikit.engine.observed.observed`).
    """
    parts = [_named(seen_in(part, book, during), book) for part in visits(book)]
    return pl.concat(parts).select(*COLUMNS, "age")


def _named(part: Visits, book: DealBook) -> pl.DataFrame:
    deals = book.tables["deals"].lazy().select("deal_id", "pipeline").collect()
    return decoded(part.frame, part.codes, deals)


def defined(book: DealBook) -> pl.DataFrame:
    """The spells of a book by the definition itself: slower, and the same rows (in order of deal and instant)."""
    native: Any = define(_integers(book)).collect().to_native()
    return native.select(
        pl.from_epoch(name, "us").dt.replace_time_zone("UTC") if name.endswith("_at") else name for name in COLUMNS
    )


def _integers(book: DealBook) -> dict[str, nw.LazyFrame]:
    """The tables that spells are made of, with instants as microseconds."""
    wanted = {
        "stage_events": ["deal_id", "stage", "entered_at", "seq", "recorded_at", "team", "pipeline"],
        "deals": ["deal_id", "pipeline", "outcome", "outcome_at", "recorded_at"],
        "stages": ["pipeline", "stage", "position", "is_won", "is_lost"],
        "changes": ["deal_id", "field", "new", "changed_at", "seq"],
    }
    tables = {n: book.tables[n].lazy().select(columns) for n, columns in wanted.items() if n in book.tables}
    return {n: nw.from_native(t.with_columns(pl.selectors.datetime().dt.epoch("us"))) for n, t in tables.items()}


def define(tables: Mapping[str, nw.LazyFrame]) -> nw.LazyFrame:
    """The definition of spells over lazy tables with integer times, for any library that narwhals knows."""
    return _excluded(_ended(_collapsed(_events(tables)), tables))


def _events(tables: Mapping[str, nw.LazyFrame]) -> nw.LazyFrame:
    """All that happened to a deal: ``deal_id, at, rank, seq, stage?, recorded_at?, team?, close?, is_reopened``."""
    is_won, is_lost = (nw.col(name).fill_null(False) for name in ("is_won", "is_lost"))
    closed = tables["stages"].filter(is_won | is_lost).select(
        "pipeline", "stage", nw.when(is_won).then(nw.lit("won")).otherwise(nw.lit("lost")).alias("close")
    )  # fmt: skip
    pipelines = tables["deals"].select("deal_id", nw.col("pipeline").alias("deal_pipeline"))
    entered = tables["stage_events"].join(pipelines, on="deal_id", how="inner")
    own = [nw.col("pipeline")] if "pipeline" in entered.collect_schema().names() else []
    entered = entered.with_columns(nw.coalesce(*own, "deal_pipeline").alias("pipeline"))
    entered = entered.join(closed, on=["pipeline", "stage"], how="left")
    parts = [_event(entered, "entered_at", _ENTERED)]
    decided = tables["deals"].filter((nw.col("outcome") != "open") & ~nw.col("outcome_at").is_null())
    parts.append(_event(decided.with_columns(nw.col("outcome").alias("close")), "outcome_at", _DECIDED))
    if "changes" in tables:
        moves = tables["changes"].filter(nw.col("field") == "outcome")
        final = decided.select("deal_id", "outcome_at")
        moves = moves.join(final, on="deal_id", how="left")
        earlier = moves.filter(nw.col("outcome_at").is_null() | (nw.col("changed_at") < nw.col("outcome_at")))
        closing = earlier.filter(nw.col("new").is_in(["won", "lost", "void"]))
        parts.append(_event(closing.with_columns(nw.col("new").alias("close")), "changed_at", _DECIDED))
        parts.append(_event(earlier.filter(nw.col("new") == "open"), "changed_at", _REOPENED))
    return nw.concat(parts, how="vertical")


def _event(frame: nw.LazyFrame, at: str, rank: int) -> nw.LazyFrame:
    columns = frame.collect_schema().names()
    names = ("stage", "pipeline", "team", "close")
    text = {name: nw.col(name) if name in columns else nw.lit(None, nw.String) for name in names}
    if rank != _ENTERED:
        text |= dict.fromkeys(("stage", "pipeline"), nw.lit(None, nw.String))
    recorded_at = nw.col("recorded_at") if rank == _ENTERED else nw.lit(None, nw.Int64)
    seq = nw.col("seq") if "seq" in columns else nw.lit(0, nw.Int64)
    return frame.select(
        "deal_id",
        nw.col(at).alias("at"),
        nw.lit(rank, nw.Int64).alias("rank"),
        seq.cast(nw.Int64).alias("seq"),
        recorded_at.alias("recorded_at"),
        *(expression.alias(name) for name, expression in text.items()),
    )


def _collapsed(events: nw.LazyFrame) -> nw.LazyFrame:
    """Repeats gone: a stage after the same stage, a second closing; a reopening takes the last open stage again."""
    follows = nw.col("at").shift(-1).over("deal_id", order_by=_ORDER)
    follows_rank = nw.col("rank").shift(-1).over("deal_id", order_by=_ORDER)
    superseded = (nw.col("rank") == _REOPENED) & (follows == nw.col("at")) & (follows_rank == _ENTERED)
    events = events.with_columns(superseded.fill_null(False).alias("superseded")).filter(~nw.col("superseded"))
    places = ("stage", "pipeline")
    events = events.with_columns(
        nw.when(nw.col("close").is_null()).then(nw.col(name)).alias(f"last_{name}") for name in places
    )
    last = {n: nw.col(f"last_{n}").fill_null(strategy="forward").over("deal_id", order_by=_ORDER) for n in places}
    place = [nw.when(nw.col("rank") == _REOPENED).then(last[n]).otherwise(nw.col(n)).alias(n) for n in places]
    team = nw.col("team").fill_null(strategy="forward").over("deal_id", order_by=_ORDER)
    events = events.with_columns(*place, team.alias("team"))
    events = events.filter(~nw.col("stage").is_null() | ~nw.col("close").is_null())
    what = [
        nw.when(nw.col("stage").is_null()).then(nw.lit("!")).otherwise(nw.col(n)).alias(f"what_{n}") for n in places
    ]
    events = events.with_columns(*what)
    before = [nw.col(f"what_{n}").shift(1).over("deal_id", order_by=_ORDER).alias(f"before_{n}") for n in places]
    is_other = [nw.col(f"before_{n}") != nw.col(f"what_{n}") for n in places]
    return events.with_columns(*before).filter(nw.col("before_stage").is_null() | is_other[0] | is_other[1])


def _ended(events: nw.LazyFrame, tables: Mapping[str, nw.LazyFrame]) -> nw.LazyFrame:
    """Each visit with what came next: when it was left, and how."""
    following = [
        nw.col(name).shift(-1).over("deal_id", order_by=_ORDER).alias(f"next_{name}")
        for name in ("at", "stage", "pipeline", "close")
    ]
    visits = events.with_columns(*following).filter(~nw.col("stage").is_null())
    count = nw.col("at").cum_count().over("deal_id", "pipeline", "stage", order_by=_ORDER)
    visits = visits.with_columns(count.alias("visit"))
    places = tables["stages"].select("pipeline", "stage", "position")
    deals = tables["deals"].select("deal_id", nw.col("recorded_at").alias("deal_recorded_at"), "outcome", "outcome_at")
    visits = visits.join(deals, on="deal_id", how="inner").join(places, on=["pipeline", "stage"], how="left")
    ahead = places.select(nw.all().name.prefix("next_"))
    visits = visits.join(ahead, on=["next_pipeline", "next_stage"], how="left")
    step = nw.col("next_position") - nw.col("position")
    step = nw.when(nw.col("pipeline") == nw.col("next_pipeline")).then(step)  # the orders of two do not compare
    kind = (
        nw.when(~nw.col("next_close").is_null()).then(nw.col("next_close"))
        .when(nw.col("next_at").is_null()).then(nw.lit("open"))
        .when(step < 0).then(nw.lit("back"))
        .otherwise(nw.lit("advance"))
    )  # fmt: skip
    skipped = (step > 1) & nw.col("next_close").is_null()
    return visits.with_columns(
        kind.alias("kind"),
        nw.when(skipped).then(nw.col("next_stage")).alias("skipped_to"),
        nw.col("at").alias("entered_at"),
        nw.col("next_at").alias("left_at"),
    )


def _excluded(visits: nw.LazyFrame) -> nw.LazyFrame:
    """The age at which a visit came under observation, and why a curve cannot use it."""
    recorded = nw.max_horizontal("recorded_at", "deal_recorded_at")
    visits = visits.with_columns(
        nw.when(recorded > nw.col("entered_at")).then(recorded - nw.col("entered_at")).alias("entry_age")
    )
    age = nw.col("left_at") - nw.col("entered_at")
    after = (nw.col("entered_at") > nw.col("outcome_at")).fill_null(False)
    unseen = (nw.col("entry_age") >= age).fill_null(False)
    undated = (nw.col("outcome") != "open") & nw.col("outcome_at").is_null() & nw.col("left_at").is_null()
    reason = (
        nw.when(~nw.col("close").is_null()).then(nw.lit("closed_stage"))
        .when(after).then(nw.lit("after_outcome"))
        .when(nw.col("position").is_null()).then(nw.lit("unknown_stage"))
        .when(unseen).then(nw.lit("left_before_recorded"))
        .when(undated).then(nw.lit("end_unknown"))
    )  # fmt: skip
    return visits.with_columns(reason.alias("excluded")).select(*COLUMNS)
