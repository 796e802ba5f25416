"""What is read from a book the same way everywhere: its last day, its teams, its open stages; one team's part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.errors import Refused, UsageError

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: whose a deal's outcome is: the team on its day; of a deal without that day, the team on the day of its creation
OUTCOME_TEAM = pl.coalesce("outcome_team", "team")


#: what asks for the whole book: nothing, which no team can be called; and a word for it, where no team bears it
WHOLE, WHOLE_WORD = "", "all"


def last_day(book: DealBook) -> date:
    """The last day that the book speaks of, where its owner lives."""
    return book.as_of.astimezone(ZoneInfo(book.settings.time_zone)).date()


def teams(book: DealBook) -> list[str]:
    """All teams of a book, by name."""
    columns = [book.tables["deals"].lazy().select(team=pl.col(name)) for name in ("team", "outcome_team")]
    if "people" in book.tables:
        columns.append(book.tables["people"].lazy().select("team"))
    return (
        pl.concat(columns).drop_nulls().unique().sort("team").filter(pl.col("team") != "").collect()["team"].to_list()
    )


def is_whole(known: Sequence[str], team: str) -> bool:
    """Is the whole book asked for, and no team of it?

    Args:
        known: the teams of the book.
        team: as somebody wrote it.

    Raises:
        UsageError: it can be read both ways: among several teams one is called as the whole is.

    >>> is_whole(["North", "South"], "all"), is_whole(["North", "all"], ""), is_whole(["North", "all"], "North")
    (True, True, False)
    """
    if team != WHOLE_WORD:
        return team == WHOLE
    if team in known and len(known) > 1:
        raise UsageError("team_or_whole", team=team)
    return True


def asked_for(book: DealBook, team: str) -> DealBook:
    """The whole book, or one team's part of it: what a report is asked to be about.

    Where there is but one team, the whole is a report on that team, and needs as many people.

    Raises:
        UsageError: there is no such team, or it can be read both ways (:func:`is_whole`).
        Refused: fewer people in it than a team's own report needs.
    """
    known = teams(book)
    if not is_whole(known, team):
        return of_team(book, team)
    if len(known) != 1 or book.team is not None:
        return book
    only = of_team(book, known[0])
    return only.replace(team=None) if known == [WHOLE_WORD] else book  # "all": as a book without teams is completed


def of_team(book: DealBook, team: str) -> DealBook:
    """The book narrowed to one team: the deals it ever had, and every answer about its own part of them.

    Raises:
        UsageError: there is no such team.
        Refused: fewer people in it than a team's own report needs (``privacy.min_team``).
    """
    known = teams(book)
    if team not in known:
        raise UsageError("unknown_team", team=team, teams=", ".join(known))
    n_people = count_people(book, team)
    if n_people is not None and n_people < book.settings.privacy.min_team:
        raise Refused("team_too_small", team=team, least=book.settings.privacy.min_team)
    deals = book.tables["deals"].lazy()
    mine = [deals.filter((pl.col("team") == team) | (pl.col("outcome_team") == team)).select("deal_id")]
    if "stage_events" in book.tables:
        mine.append(book.tables["stage_events"].lazy().filter(pl.col("team") == team).select("deal_id"))
    ids = pl.concat(mine).unique().collect()
    tables = {
        name: frame.lazy().join(ids.lazy(), on="deal_id", how="semi").collect()
        if "deal_id" in frame.lazy().collect_schema().names()
        else frame
        for name, frame in book.tables.items()
    }
    part_of = f"{book.hash}/{team}" if book.hash else ""
    return book.replace(tables=tables, team=team, coded=None, hash=part_of)


def open_stages(book: DealBook) -> pl.LazyFrame:
    """``pipeline, stage, position`` of the stages in which a deal is still open; the book must have ``stages``."""
    closed = pl.any_horizontal(pl.col("is_won", "is_lost").fill_null(False))
    return book.tables["stages"].lazy().filter(~closed).select("pipeline", "stage", "position")


def count_people(book: DealBook, team: str) -> int | None:
    """How many people belong, or belonged, to a team; None where the book names nobody."""
    if "people" in book.tables:
        members = book.tables["people"].lazy().filter(pl.col("team") == team)
    else:
        members = book.tables["deals"].lazy().filter((pl.col("team") == team) & pl.col("owner").is_not_null())
    n = members.select(pl.col("owner").n_unique()).collect().item()
    return n or None
