"""What the books of earlier sessions rested on: kept in the log with each session, and said where it is another now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from kpikit.book import DealBook, teams
from kpikit.book.basis import Difference, basis, differences, is_touched
from kpikit.log.entries import LIMITS
from kpikit.review.team_scope import sessions_of
from kpikit.show.basis_words import all_differ, listed
from kpikit.show.page import Message, message

if TYPE_CHECKING:
    from kpikit.log.log import Log


def as_text(whole: DealBook) -> str | None:
    """What a book rests on, as the log keeps it; None where that is longer than an entry may be.

    Args:
        whole: the book, not a team's part of it.
    """
    text = json.dumps(basis(whole), ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= LIMITS["text"] else None


def differences_since(log: Log, held: pl.DataFrame, whole: DealBook) -> dict[str, tuple[Difference, ...]]:
    """Of each of these sessions, what its book rested on that is another now; a session that wrote nothing has none."""
    wanted = set(held["session_id"])
    rows = log.entries(kind="basis").select("session_id", "text").iter_rows()
    texts = {session: text for session, text in rows if session in wanted and text}
    found = {text: differences(_read(text), whole) for text in set(texts.values())}
    return {session: found[text] for session, text in texts.items()}


def _read(text: str) -> Mapping[str, Any] | None:
    try:
        return json.loads(text)
    except ValueError:
        return None


def left_out(log: Log, book: DealBook, whole: DealBook) -> dict[str, tuple[Difference, ...]]:
    """Sessions that are not counted with the others, each with why: their days were others, or their team was.

    Nothing else of the basis turns what is learned from sessions into something else.

    Args:
        log: the log.
        book: the team's part of the book, or all of it.
        whole: the book.
    """
    apart = {}
    for session, found in differences_since(log, sessions_of(log, book), whole).items():
        why = tuple(one for one in found if one.what == "time_zone" or _is_other_team(one, book.team))
        if why:
            apart[session] = why
    return apart


def _is_other_team(one: Difference, team: str | None) -> bool:
    return is_touched(one, team) and set(one.then) != set(one.now)


def notices(log: Log, book: DealBook, whole: DealBook, day: date) -> tuple[Message, ...]:
    """What is said before a session: what the last one rested on that is another now, and sessions that are not read.

    Args:
        log: the log.
        book: the team's part of the book, or all of it.
        whole: the book.
        day: of the session.
    """
    held = sessions_of(log, book).filter(pl.col("held_on") < day).sort("held_on").tail(1)
    said: list[Message] = []
    for found in differences_since(log, held, whole).values():
        said += [message("basis.session", on=held["held_on"][0]), *all_differ(found)] if found else []
    return (*said, *_unread(log, book, whole))


def _unread(log: Log, book: DealBook, whole: DealBook) -> tuple[Message, ...]:
    """Sessions of teams that the book does not have, perhaps under an earlier name of this one."""
    if book.team is None:
        return ()
    named = log.sessions().select(team=pl.col("book_hash").str.extract(r"(?s)^[^/]*/(.*)$")).drop_nulls()["team"]
    others = [team for team in named.to_list() if team not in teams(whole)]
    if not others:
        return ()
    return (message("basis.other_teams", n=len(others), names=listed(sorted(set(others)))),)
