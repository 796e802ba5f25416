"""A log that several teams share, as one team reads it: its own sessions, and of a whole company's its own deals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kpikit.book import DealBook

if TYPE_CHECKING:
    from kpikit.log.log import Log


def sessions_of(log: Log, book: DealBook) -> pl.DataFrame:
    """The log's sessions on this team's book, or on the whole book; all of them where the book is no team's."""
    held = log.sessions()
    if book.team is None:
        return held
    return held.filter(_is_its(book.team) | _is_everybodys())


def ours(entries: pl.DataFrame, log: Log, book: DealBook) -> pl.DataFrame:
    """Entries of the team's own sessions; of sessions of everybody, and of none, only those about its deals.

    Args:
        entries: of the log, with ``session_id`` and ``deal_id``.
        log: the log.
        book: a team's part of a book, or a whole one, for which all entries are ours.
    """
    if book.team is None:
        return entries
    held = log.sessions()
    own, every = (held.filter(which)["session_id"].to_list() for which in (_is_its(book.team), _is_everybodys()))
    deals = book.tables["deals"].lazy().select("deal_id").collect()["deal_id"].to_list()
    session, deal = pl.col("session_id"), pl.col("deal_id")
    about_ours = deal.is_in(deals) | (deal.is_null() & session.is_in(every))
    of_nobody = session.is_null() | session.is_in(every)
    return entries.filter(session.is_in(own).fill_null(False) | (of_nobody & about_ours).fill_null(False))


def _is_its(team: str) -> pl.Expr:
    """Was the session held on this team's part of a book? A part's hash is the whole's, a stroke, and its team.

    A team's name may hold strokes itself: "West/North" is not North.
    """
    part = pl.col("book_hash")
    return (part.str.strip_prefix(part.str.extract(r"^([^/]*/)")) == team).fill_null(False)


def _is_everybodys() -> pl.Expr:
    return ~pl.col("book_hash").str.contains("/", literal=True).fill_null(False)
