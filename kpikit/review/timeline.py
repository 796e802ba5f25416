"""What happened to one deal, in order: stages, dates, amounts, probabilities, acts, notes and talks."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from kpikit.book import DealBook
from kpikit.engine import spells
from kpikit.errors import Refused

INSTANT = pl.Datetime("us", "UTC")
#: ``at`` (and ``until``, of what lasts), ``recorded_at`` (when the system was told), the lane in which it stands, what
#: it is (a code), the day or number that it is about and the one before, and the CRM's own text
TIMELINE = {
    "at": INSTANT, "until": INSTANT, "recorded_at": INSTANT, "lane": pl.String, "kind": pl.String, "on": pl.Date,
    "was_on": pl.Date, "value": pl.Float64, "was": pl.Float64, "text": pl.String,
}  # fmt: skip
LANES = ("stage", "close", "amount", "probability", "customer", "us", "words")


def one_deal(book: DealBook, deal_id: str) -> DealBook:
    """The book narrowed to one deal: its rows in every table that has deals."""
    return some_deals(book, [deal_id])


def some_deals(book: DealBook, deal_ids: list[str]) -> DealBook:
    """The book narrowed to some deals."""
    theirs = pl.col("deal_id").is_in(deal_ids)
    tables = {
        name: frame.lazy().filter(theirs).collect() if "deal_id" in frame.lazy().collect_schema().names() else frame
        for name, frame in book.tables.items()
    }
    return book.replace(tables=tables, coded=None, hash="", answers_in="polars")


def timeline(alone: DealBook) -> pl.DataFrame:
    """The timeline of a book that holds one deal (:func:`one_deal`), in order of time.

    Args:
        alone: a book of one deal.

    Returns:
        :data:`TIMELINE`, a row a thing: a visit to a stage (lane ``stage``; kind: how it ended), a close date
        (``set, later, earlier``, and ``later_late``: moved only after it had passed), ``amount`` and ``probability``
        as stated from then on, an act (lane ``customer`` or ``us``; kind: call, email …; done by both: ``customer``),
        ``words`` (listening, story, context, interview) and the outcome.
    """
    parts = [part.select(_columns(part)) for part in _parts(alone) if part.height]
    frame = pl.concat(parts) if parts else pl.DataFrame(schema=TIMELINE)
    known = frame.filter(pl.col("at").is_not_null() & (pl.col("at") <= alone.as_of))
    lanes = {lane: i for i, lane in enumerate(LANES)}
    return known.sort("at", pl.col("lane").replace_strict(lanes, return_dtype=pl.Int64), maintain_order=True)


def _columns(part: pl.DataFrame) -> list[pl.Expr]:
    return [
        (pl.col(name) if name in part.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in TIMELINE.items()
    ]


def _parts(alone: DealBook) -> Iterator[pl.DataFrame]:
    deals = alone.tables["deals"].lazy().collect()
    yield _stages(alone)
    for field, lane, column in (
        ("expected_close_on", "close", "expected_close_on"),
        ("amount", "amount", "amount"),
        ("probability", "probability", "probability"),
    ):
        yield _stated(alone, deals, field, lane, column)
    yield _acts(alone)
    yield from _words(alone)
    ended = deals.filter(pl.col("outcome") != "open").select(
        at="outcome_at", lane=pl.lit("stage"), kind="outcome", text="loss_reason"
    )
    yield ended


def _stages(alone: DealBook) -> pl.DataFrame:
    """Visits to stages, as long as they lasted."""
    try:
        found = spells(alone)
    except Refused:
        return pl.DataFrame()
    used = found.filter(pl.col("excluded").is_null() | (pl.col("excluded") != "closed_stage"))
    return used.select(
        at="entered_at", until=pl.col("left_at").fill_null(alone.as_of), lane=pl.lit("stage"),
        kind=pl.format("visit_{}", "kind"), text="stage",
        recorded_at=pl.col("entered_at") + pl.duration(microseconds="entry_age"),
    )  # fmt: skip


def _stated(alone: DealBook, deals: pl.DataFrame, field: str, lane: str, column: str) -> pl.DataFrame:
    """A field's values from the beginning on, a row each time it was stated anew."""
    is_day = field == "expected_close_on"
    now = deals.select(new=pl.col(column), at=pl.coalesce("created_at", "recorded_at", "first_contact_at"))
    changes = _changes(alone, field, is_day)
    first = now.with_columns(new=pl.lit(changes["old"][0], changes["old"].dtype) if changes.height else pl.col("new"))
    rows = pl.concat([first.select("new", "at"), changes.select("new", at="changed_at")])
    rows = rows.with_columns(old=pl.col("new").shift()).filter(pl.col("new").is_not_null())
    moved = pl.when(pl.col("old").is_null()).then(pl.lit("set"))
    if not is_day:
        rows = rows.filter(pl.col("old").is_null() | (pl.col("old") != pl.col("new")))
        kind = moved.when(pl.col("new") > pl.col("old")).then(pl.lit("up")).otherwise(pl.lit("down"))
        return rows.select(at="at", lane=pl.lit(lane), kind=kind, value="new", was="old")
    day = pl.col("at").dt.convert_time_zone(alone.settings.time_zone).dt.date()
    kind = (
        moved.when(pl.col("new") == pl.col("old")).then(pl.lit("same"))
        .when(pl.col("new") < pl.col("old")).then(pl.lit("earlier"))
        .when(day > pl.col("old")).then(pl.lit("later_late")).otherwise(pl.lit("later"))
    )  # fmt: skip
    rows = rows.with_columns(kind=kind).filter(pl.col("kind") != "same")
    return rows.select(at="at", lane=pl.lit(lane), kind="kind", on="new", was_on="old")


def _changes(alone: DealBook, field: str, is_day: bool) -> pl.DataFrame:
    kind = pl.Date if is_day else pl.Float64
    if "changes" not in alone.tables:
        return pl.DataFrame(schema={"old": kind, "new": kind, "changed_at": INSTANT})
    found = alone.tables["changes"].lazy().filter(pl.col("field") == field).sort("changed_at", "seq").collect()

    def read(name: str) -> pl.Expr:
        text = pl.col(name).str.slice(0, 10) if is_day else pl.col(name)
        return (text.str.to_date(strict=False) if is_day else text.cast(pl.Float64, strict=False)).alias(name)

    return found.select(read("old"), read("new"), "changed_at")


def _acts(alone: DealBook) -> pl.DataFrame:
    if "activities" not in alone.tables:
        return pl.DataFrame()
    theirs = pl.when(pl.col("direction").is_in(["customer", "both"])).then(pl.lit("customer")).otherwise(pl.lit("us"))
    return alone.tables["activities"].lazy().select(
        at="happened_at", recorded_at="recorded_at", lane=theirs, kind="kind", text="outcome"
    ).collect()  # fmt: skip


def _words(alone: DealBook) -> Iterator[pl.DataFrame]:
    """Notes, and talks after the decision that the customer allowed us to use."""
    if "notes" in alone.tables:
        yield alone.tables["notes"].lazy().select(at="at", lane=pl.lit("words"), kind="kind", text="text").collect()
    if "interviews" in alone.tables:
        may = pl.col("permission").fill_null(False) & pl.col("held_at").is_not_null()
        yield alone.tables["interviews"].lazy().filter(may).select(
            at="held_at", lane=pl.lit("words"), kind=pl.lit("interview"), text="story"
        ).collect()  # fmt: skip
