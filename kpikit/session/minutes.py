"""The minutes of a session: one page for the team, a calendar file and a list of tasks."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.book import DealBook
from kpikit.log.entries import LogError
from kpikit.log.log import Log
from kpikit.review.beginning import opening
from kpikit.review.facts import in_polars
from kpikit.session.exports import as_calendar, as_table
from kpikit.session.papers import foot, head, written
from kpikit.show.document import paper
from kpikit.show.page import Message, message
from kpikit.words import Words

_COLUMNS = ("what", "customer", "who", "by")
_SENTENCE = re.compile(r"(?s).+?[.!?…][\"'”’»)]*(?=\s|$)")


def minutes(book: DealBook, log: Log, session_id: str, out: str | Path, words: Words) -> tuple[Path, ...]:
    """Write the minutes of a session: only what the team may see.

    A customer's sentence, what we learned, what worked and what did not, who does what for which customer by when,
    until when deals are parked, and the next session. Who does what is what the room itself wrote down; nothing is
    counted by person.

    Args:
        book: the session's book.
        log: the review log.
        session_id: the session.
        out: a folder; the files go into one of the session's day in it.
        words: the language.

    Returns:
        ``minutes.html``, ``agreements.ics`` (agreements that have a day, and the next session), ``tasks.csv``.

    Raises:
        LogError: the log has no such session.
        UsageError: the folder cannot be written.
    """
    held = log.sessions().filter(pl.col("session_id") == session_id)
    if not held.height:
        raise LogError("log_no_session", session=session_id)
    session = held.row(0, named=True)
    mine = in_polars(book)
    names = _names(mine)
    made = log.agreements().filter((pl.col("session_id") == session_id) & pl.col("text").is_not_null())
    agreed = [{**row, "customer": names.get(row["deal_id"], row["deal_id"])} for row in made.to_dicts()]
    folder = Path(out) / f"{session['held_on']}-{hashlib.sha256(session_id.encode()).hexdigest()[:4]}"
    texts = {
        "minutes.html": _page(mine, log, session, agreed, words),
        "agreements.ics": as_calendar(agreed, session, words),
        "tasks.csv": as_table(agreed, words),
    }
    return tuple(written(folder, name, text) for name, text in texts.items())


def _page(book: DealBook, log: Log, session: dict[str, Any], agreed: list[dict[str, Any]], words: Words) -> str:
    session_id, day = session["session_id"], session["held_on"]
    names = _names(book)
    said = {
        kind: [
            (row["text"], names.get(row["deal_id"], row["deal_id"])) for row in _of(log, kind, session_id).to_dicts()
        ]
        for kind in ("learned", "worked", "did_not")
    }
    parked = log.entries(kind="parked", session_id=session_id).unique("deal_id", keep="last", maintain_order=True)
    next_on = session["next_on"]
    return paper(
        "minutes.html",
        words,
        book.settings.theme,
        title=message("minutes.title", on=day),
        lines=head(book),
        footer=foot(book),
        voice=_voice(book, log, day),
        **said,
        headings=[message(f"minutes.column.{name}") for name in _COLUMNS],
        agreed=[_row(row) for row in agreed],
        ended=_ended(log, session_id),
        parked=[
            (names.get(row["deal_id"], row["deal_id"]), message("panel.parked", day=row["due_on"]))
            for row in parked.to_dicts()
            if row["due_on"] is not None and row["due_on"] > day
        ],
        next=message("minutes.next", on=next_on) if next_on else message("minutes.next.open"),
    )


def _names(book: DealBook) -> dict[str | None, str]:
    deals = book.tables["deals"].lazy().select("deal_id", pl.coalesce("name", "deal_id")).collect()
    return dict(deals.iter_rows())


def _of(log: Log, kind: str, session_id: str) -> pl.DataFrame:
    """What the team said in this session; what was erased is gone."""
    return log.entries(kind=kind, session_id=session_id).filter(pl.col("text").is_not_null())


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    by: Message | str = message("panel.by", day=row["due_on"]) if row["due_on"] else "–"
    return row["text"], row["customer"] or "–", row["owner"] or "–", by


def _ended(log: Log, session_id: str) -> list[tuple[str, Message]]:
    """Earlier agreements and how they ended, as it was said in this session."""
    said = (
        log.entries(kind="ended", session_id=session_id).sort("seq").unique("about", keep="last", maintain_order=True)
    )
    texts = dict(log.agreements().select("entry_id", "text").iter_rows())
    rows = [(texts.get(row["about"]), row["code"]) for row in said.to_dicts()]
    return [(text, message(f"panel.end.{state}")) for text, state in rows if text]


def _voice(book: DealBook, log: Log, day: date) -> dict[str, Any] | None:
    """The first sentence of the customer's words with which the session opened."""
    voice = opening(book, log, session=day).voice
    if voice is None:
        return None
    story = voice["story"].strip()
    first = _SENTENCE.match(story)
    return {"said": message("minutes.quote", said=first[0] if first else story), "language": voice["language"]}
