"""What every report says of itself: whose it is, of which period, from which book, and what has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook, Settings
from kpikit.book.basis import Difference, are_apart
from kpikit.calendar import Period
from kpikit.report.figures import restated
from kpikit.report.figures.headline import last_on
from kpikit.schema import Look

Copy = Literal["team", "company"]


@dataclass(frozen=True)
class Restated:
    """The figures of an earlier report that are no longer the same, as :mod:`kpikit.report.figures.restated` finds.

    ``basis`` is what they rested on that is another now. ``is_apart``: so they are not held against these.
    ``is_absent``: the earlier run had no report on this team.
    """

    period: Period
    rows: tuple[Mapping[str, Any], ...]
    basis: tuple[Difference, ...] = ()
    is_apart: bool = False
    is_absent: bool = False


@dataclass(frozen=True)
class About:
    """What stands on the cover and behind the pages.

    ``team`` is None for the whole book. ``as_of`` is local, None where nothing has a date; ``dropped`` counts the rows
    set aside at the door by ``table`` and ``rule``; ``fitness`` is that of the book; ``last_on`` the last day on which
    anything was recorded; ``settings`` are what the figures rest on.
    """

    team: str | None
    period: Period
    copy: Copy
    currency: str
    amount_per: str
    look: Look
    as_of: datetime | None
    hash: str
    dropped: pl.DataFrame
    fitness: pl.DataFrame
    agreement: str
    last_on: date | None
    settings: Settings
    restated: Restated | None = None


def about(
    book: DealBook, period: Period, copy: Copy, *, team: str = "", since: str | Path = "", whole: DealBook | None = None
) -> About:
    """What a report says of itself; ``book`` is already narrowed to the team and the period's end.

    Args:
        book: of the report.
        period: of the report.
        copy: of the report.
        team: as it was asked for, and as an earlier run's record has it.
        since: the record of an earlier run, or "".
        whole: the book that ``book`` is the team's part of, where it is one.
    """
    settings = book.settings
    earlier = _earlier(restated.read(since), book, whole or book, team) if since else None
    return About(
        team=book.team,
        period=period,
        copy=copy,
        currency=settings.currency or "",
        amount_per=settings.amount_per,
        look=settings.theme,
        as_of=book.as_of.astimezone(ZoneInfo(settings.time_zone)) if book.is_dated else None,
        hash=book.hash,
        dropped=book.dropped.group_by("table", "rule").len(name="n").sort("table", "rule").cast({"n": pl.Int64}),
        fitness=book.fitness() if copy == "team" else _without_deals(book),
        agreement=settings.privacy.agreement,
        last_on=last_on(book),
        settings=settings,
        restated=earlier,
    )


def _earlier(record: Mapping[str, Any], part: DealBook, whole: DealBook, team: str) -> Restated:
    """An earlier run's figures held against today's, unless the two rest on something else."""
    period, found = restated.period_of(record, whole.settings), restated.differences_of(record, whole)
    if restated.row_of(record, part, team) is None:
        return Restated(period, (), found, is_absent=True)
    if are_apart(found, part.team):
        return Restated(period, (), found, is_apart=True)
    return Restated(period, restated.restated(record, part, team, found), found)


def _void_together(found: pl.DataFrame) -> pl.DataFrame:
    """Deals set aside as one line: a reason that few have may name a customer."""
    is_void = pl.col("code").is_in(["void_reason", "void_blank", "void_rest"])
    void = found.filter(is_void)
    if void.is_empty():
        return found
    whole = void.head(1).with_columns(
        code=pl.lit("void_all"),
        subject=pl.lit(""),
        n=pl.lit(void["n"].sum(), pl.Int64),
        example=pl.lit(None, pl.String),
    )
    return pl.concat([found.filter(~is_void), whole])


def _without_deals(book: DealBook) -> pl.DataFrame:
    """What the book can answer, without an example that is a deal: it leaves the team.

    The column is made anew: a value that is only masked still lies in the memory that is written.
    """
    ids = set(book.tables["deals"].lazy().select("deal_id").collect()["deal_id"])
    found = book.fitness()
    found = _void_together(found)
    examples = [None if example in ids else example for example in found["example"]]
    return found.with_columns(pl.Series("example", examples, found.schema["example"]))
