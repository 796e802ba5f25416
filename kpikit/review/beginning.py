"""How a review opens: a customer's words, what worked and what did not, and what became of what was agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from kpikit.analysis.voices.interviews import by_lot
from kpikit.analysis.winloss import stories
from kpikit.book import DealBook
from kpikit.book.selection import last_day
from kpikit.review.events_since import after, facts_of, moments
from kpikit.review.facts import in_polars
from kpikit.review.team_scope import ours, sessions_of
from kpikit.show.page import Message, message

if TYPE_CHECKING:
    from kpikit.log.log import Log, Reader


@dataclass(frozen=True, eq=False)
class Opening:
    """The first page of a session, as values.

    ``voice``: a customer's own words (a row of :func:`kpikit.winloss.stories`), or None. ``worked, did_not``: the
    team's words from the last session (entries of the log). ``agreements``: what is still to be talked about, the one
    that is due first: ``entry_id, deal_id, name, text, owner, due_on, made_at, state, is_in_book``. ``since``: what the
    book says happened after each: ``entry_id, kind, at, text, n`` (one row of kind ``nothing`` where nothing did,
    ``not_yet`` where the book ends before it was made, ``left`` where the deal is not in the book).
    Nobody's agreements are counted.
    """

    voice: Mapping[str, Any] | None
    worked: pl.DataFrame
    did_not: pl.DataFrame
    agreements: pl.DataFrame
    since: pl.DataFrame


def opening(
    book: DealBook, log: Log, *, session: date | None = None, seed: int = 0, reader: Reader = "team"
) -> Opening:
    """What does a session open with?

    Args:
        book: a deal book; for a team copy.
        log: the review log.
        session: the day of the session; by default the last day that the book speaks of.
        seed: of the lot by which a customer's words are drawn, among the stories told since the last session, else all.
        reader: who looks: the team, or coach and rep.

    Example:
        >>> import pathlib, tempfile
        >>> import kpikit
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     log = kpikit.review.open_log(pathlib.Path(folder) / "log.sqlite")
        ...     found = kpikit.review.opening(kpikit.open_book("demo"), log)
        >>> found.voice["told_by"], found.agreements.height
        ('interview', 0)
    """
    day = session or last_day(book)
    held = sessions_of(log, book).filter(pl.col("held_on") < day).sort("held_on")
    told = held["session_id"].to_list()
    words = {kind: _said(log, book, kind, told, reader) for kind in ("worked", "did_not")}
    agreements = _agreements(book, log, reader)
    voice = _voice(book, held["held_on"][-1] if held.height else None, f"{seed}\x1f{day.isoformat()}")
    return Opening(voice, words["worked"], words["did_not"], agreements, _since(book, agreements))


def _voice(book: DealBook, last_on: date | None, ticket: str) -> Mapping[str, Any] | None:
    """A story that the customer allowed us to use, drawn by lot: of the newest, if there are any."""
    told = stories(in_polars(book))
    if "story" not in told.columns or not told.height:
        return None
    new = told.filter(pl.col("told_at").dt.date() >= last_on) if last_on is not None else told.clear()
    rows: list[dict[str, Any]] = (new if new.height else told).to_dicts()
    tickets = {by_lot(ticket, row["deal_id"] + row["story"]): row for row in rows}
    return tickets[min(tickets)]


def _said(log: Log, book: DealBook, kind: str, sessions: list[str], reader: Reader) -> pl.DataFrame:
    """The room's own words of the last of these sessions that has any."""
    entries = ours(log.entries(kind=kind, reader=reader), log, book).filter(pl.col("text").is_not_null())
    there = set(entries["session_id"].to_list())
    last = next((session for session in reversed(sessions) if session in there), None)
    return entries.clear() if last is None else entries.filter(pl.col("session_id") == last)


def _agreements(book: DealBook, log: Log, reader: Reader) -> pl.DataFrame:
    """Agreements of which nobody has said that they are over, with the name of the deal."""
    made = ours(log.agreements(reader=reader), log, book)
    still = pl.col("state").is_null() | (pl.col("state") == "still_on")
    deals = book.tables["deals"].lazy().select("deal_id", "name", is_in_book=pl.lit(True)).collect()
    listed = made.filter(still & pl.col("text").is_not_null()).join(deals, on="deal_id", how="left")
    return listed.with_columns(pl.col("is_in_book").fill_null(False)).sort("due_on", "made_at", nulls_last=True)


def _since(book: DealBook, agreements: pl.DataFrame) -> pl.DataFrame:
    """What happened to the deal of each agreement after it was made: moves and the end, and the customer's last act."""
    kinds = {"entry_id": pl.String, "kind": pl.String, "at": pl.Datetime("us", "UTC"), "text": pl.String, "n": pl.Int64}
    known = agreements.filter("is_in_book")
    facts = facts_of(book, known["deal_id"].unique().to_list())
    asked = moments([(*row, None) for row in known.select("entry_id", "deal_id", "made_at").iter_rows()])
    found = after(facts, asked).rename({"key": "entry_id"})
    acts = found.filter(pl.col("kind") == "act").group_by("entry_id").agg(
        pl.col("at").max(), text=pl.col("text").last(), n=pl.len().cast(pl.Int64)
    ).with_columns(kind=pl.lit("act"))  # fmt: skip
    others = found.filter(pl.col("kind") != "act").with_columns(n=pl.lit(1, pl.Int64))
    why = pl.when(pl.col("made_at") >= book.as_of).then(pl.lit("not_yet")).otherwise(pl.lit("nothing"))
    quiet = known.join(found, on="entry_id", how="anti").select("entry_id", kind=why)
    left = agreements.filter(~pl.col("is_in_book") & pl.col("deal_id").is_not_null())
    some = (others, acts, quiet, left.select("entry_id", kind=pl.lit("left")))
    parts = [part.select(*(_column(part, name, kind) for name, kind in kinds.items())) for part in some]
    return pl.concat(parts).sort("entry_id", "at", "kind", nulls_last=True)


def _column(part: pl.DataFrame, name: str, kind: Any) -> pl.Expr:
    return (pl.col(name) if name in part.columns else pl.lit(None)).cast(kind).alias(name)


def since_words(row: Mapping[str, Any], day: date | None) -> Message:
    """A fact of :attr:`Opening.since` as a message; ``day`` is the local day of its instant.

    >>> from kpikit.words import Words
    >>> since_words({"kind": "nothing", "text": None, "n": None}, None).in_words(Words("en"))
    'The book shows nothing since.'
    """
    if row["kind"] in ("nothing", "not_yet", "left"):
        return message(f"review.since.{row['kind']}")
    if row["kind"] == "act":
        return message("review.since.act", n=row["n"], on=day)
    if row["kind"] in ("forward", "back"):
        return message(f"review.since.{row['kind']}", stage=row["text"], on=day)
    return message(f"review.since.{row['kind']}", on=day)
