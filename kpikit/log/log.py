"""The review log: what was said, predicted and agreed, kept where nothing is changed silently.

A new version of an entry is a new row that names what it replaces. Two people may have a log open at once. What an
older or a younger kpikit wrote, and what a disk has damaged, is said and never overwritten.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from kpikit.log import erasing, salvage
from kpikit.log.connecting import trouble
from kpikit.log.entries import GIVEN, TALK, UNPARKED, Entry, LogError, Reader, ServerLost, checked, new_id, same_name
from kpikit.log.inserting import put
from kpikit.log.namesakes import Namesake
from kpikit.log.server import patient_server
from kpikit.log.tables import CLOCKS, ENTRIES, FRAME

#: seconds after a silence of the server in which no reader waits for it again
AGAIN = 1.0
_COLUMNS = [ENTRIES.c[name] for name in FRAME]


class Log:
    """An open review log. Frames hold codes, numbers and the room's own words; times are UTC.

    ``place`` is where it is, without a password; ``notices`` what its user should know, as errors that were not raised;
    ``author`` who writes where an entry does not say.
    """

    def __init__(
        self, engine: Engine, place: str, path: Path | None, notices: tuple[LogError, ...], *, author: str | None,
    ) -> None:  # fmt: skip
        self.author = author
        self.engine, self.place, self.path, self.notices = engine, place, path, notices
        self._file = path.stat().st_ino if path is not None and path.exists() else None
        self._silent_since = -math.inf

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Log: {self.place}"

    def close(self) -> None:
        """Let go of the file or the server."""
        self.engine.dispose()

    # --- writing ------------------------------------------------------------------------------------------------------

    def write(self, entry: Entry) -> Entry:
        """Keep an entry: when this returns, it is on the disk. Writing it again changes nothing.

        Returns:
            The entry as it stands in the log, with ``written_at``.

        Raises:
            LogError: it cannot be kept; ``text`` still holds what was to be written.
        """
        entry = checked(replace(entry, author=entry.author or self.author))
        if entry.kind == "erased":
            raise LogError("log_kind", text=entry.text or "", kind=entry.kind, allowed="")
        with self.writing(entry.text or "") as connection:
            return put(connection, entry)

    def write_all(self, entries: Sequence[Entry]) -> None:
        """Keep several entries, all of them or none.

        Raises:
            LogError: as :meth:`write`.
        """
        made = [checked(replace(entry, author=entry.author or self.author)) for entry in entries]
        if made:
            with self.writing() as connection:
                for entry in made:
                    put(connection, entry)

    def edit(self, entry_id: str, *, author: str | None = None, **changes: Any) -> Entry:
        """A new version of an entry: ``text``, ``owner``, ``due_on``, ``seen_by`` and the like by name.

        Raises:
            LogError: there is no such entry, or its new version cannot be kept.
        """
        text = changes.get("text")
        now = self._current(entry_id, text)
        kept = {name: now[name] for name in GIVEN} | changes
        return self.write(Entry(**{**kept, "id": changes.get("id", new_id()), "replaces": now["id"], "author": author}))

    def correct(self, entry_id: str, text: str, *, author: str | None = None) -> Entry:
        """Say it better: a new version with this text."""
        return self.edit(entry_id, author=author, text=text)

    def end(
        self, agreement: str, state: str, *, author: str | None = None, text: str | None = None,
        session_id: str | None = None,
    ) -> Entry:  # fmt: skip
        """Say how an agreement ended, perhaps in a session: done, changed_our_mind, still_on, overtaken.

        Raises:
            LogError: no such agreement or state; or ``author`` neither made it nor is the one who was to do it.
        """
        author = author or self.author
        now = self._current(agreement, text, kind="agreement")
        made_by = self.history(agreement, reader="coach_and_rep")["author"][0]
        theirs = {same_name(made_by), same_name(now["owner"])} - {None}
        if theirs and same_name(author) not in theirs:
            raise LogError("log_not_yours", text=text or "", author=author)
        return self.write(
            Entry(
                kind="ended", about=now["entry_id"], code=state, author=author, text=text, deal_id=now["deal_id"],
                seen_by=now["seen_by"], session_id=session_id,
            )
        )  # fmt: skip

    # --- reading ------------------------------------------------------------------------------------------------------

    def entries(
        self,
        *,
        kind: str | None = None,
        deal_id: str | None = None,
        session_id: str | None = None,
        reader: Reader = "team",
    ) -> pl.DataFrame:
        """Entries as they now stand, in the order in which they were begun.

        Columns: :data:`kpikit.log.tables.FRAME`.
        ``entry_id`` stays the same over an entry's versions, ``id`` names this one. A text that is null where its kind
        needs one was erased.
        """
        wanted = {"kind": kind, "deal_id": deal_id, "session_id": session_id}
        ends = select(func.min(ENTRIES.c.seq).label("first"), func.max(ENTRIES.c.seq).label("last"))
        threads = ends.group_by(ENTRIES.c.entry_id).subquery()
        query = select(*_COLUMNS).join(threads, ENTRIES.c.seq == threads.c.last).order_by(threads.c.first)
        query = query.where(*(ENTRIES.c[name] == value for name, value in wanted.items() if value is not None))
        return self.frame(query.where(*_seen(reader)))

    def history(self, entry_id: str, *, reader: Reader = "team") -> pl.DataFrame:
        """All versions of an entry, the earliest first; none for the team if it is no longer the team's."""
        found = self.frame(select(*_COLUMNS).where(ENTRIES.c.entry_id == entry_id).order_by(ENTRIES.c.seq))
        if reader == "coach_and_rep" or (found.height and found["seen_by"][-1] != "team"):
            return found if reader == "coach_and_rep" else found.clear()
        return found.filter(pl.col("seen_by") == "team")

    def agreements(self, *, deal_id: str | None = None, reader: Reader = "team") -> pl.DataFrame:
        """Agreements with their latest state, which is null as long as nobody has said.

        A list to talk about (nobody's agreements are counted): ``entry_id, session_id, deal_id, text, owner, due_on,
        author, made_at, state, stated_at, seen_by``.
        """
        made = self.entries(kind="agreement", deal_id=deal_id, reader=reader)
        versions = self.frame(select(*_COLUMNS).where(ENTRIES.c.kind == "agreement").order_by(ENTRIES.c.seq))
        first = versions.group_by("entry_id").first()
        ended = _last(self.entries(kind="ended", reader=reader), "about")
        made = made.drop("author", "written_at").join(
            first.select("entry_id", "author", made_at="written_at"), on="entry_id", how="left"
        )
        states = ended.select(entry_id="about", state="code", stated_at="written_at")
        return (
            made.join(states, on="entry_id", how="left", maintain_order="left")
            .select("entry_id", "session_id", "deal_id", "text", "owner", "due_on", "author", "made_at", "state",
                    "stated_at", "seen_by")
        )  # fmt: skip

    def sessions(self) -> pl.DataFrame:
        """Sessions, the earliest first: ``session_id, held_on, opened_at, closed_at, next_on, book_hash``.

        One in which nothing was said or parked, and which was not closed, is none: somebody only looked, or prepared.
        """
        opened = _last(self.entries(kind="opened"), "session_id")
        opened = opened.filter(pl.col("session_id").is_in(list(self._spoken())))
        closed = _last(self.entries(kind="closed"), "session_id")
        opened = opened.select("session_id", held_on="due_on", opened_at="written_at", book_hash="book_hash")
        closed = closed.select("session_id", closed_at="written_at", next_on="due_on")
        return opened.join(closed, on="session_id", how="left", maintain_order="left").select(
            "session_id", "held_on", "opened_at", "closed_at", "next_on", "book_hash"
        )

    def agenda(self, session_id: str) -> pl.DataFrame:
        """What was listed for a session: ``position, deal_id, rule, value, unit, is_lot``.

        A deal that was taken off before anything was said about it was not talked about, and is not in it.
        """
        listed = self.entries(kind="listed", session_id=session_id).unique("deal_id", keep="last", maintain_order=True)
        said = self.entries(session_id=session_id, reader="coach_and_rep").filter(pl.col("kind").is_in(TALK))
        placed = _last(self.entries(kind="placed", session_id=session_id), "deal_id")
        gone = pl.col("code").is_in(["dropped", "off"]) & ~pl.col("deal_id").is_in(said["deal_id"].to_list())
        off = placed.filter(gone)
        return listed.join(off, on="deal_id", how="anti", maintain_order="left").select(
            "position", "deal_id", "value", "unit", rule="code", is_lot=pl.col("code") == "lot"
        ).sort("position", nulls_last=True, maintain_order=True)  # fmt: skip

    def opened_on(self, day: date) -> list[str]:
        """The sessions of a day, whether or not anything was said in them yet."""
        opened = _last(self.entries(kind="opened"), "session_id")
        return opened.filter(pl.col("due_on") == day)["session_id"].to_list()

    def parked(self, *, besides: Collection[str] = ()) -> pl.DataFrame:
        """Until when each deal is parked: ``deal_id, until_on, text, parked_at, session_id``.

        A parking that was undone in its own session never was, and what held before holds again. ``besides``: sessions
        whose parkings do not count.
        """
        said = self.entries(kind="parked").filter(~pl.col("session_id").is_in([*besides]).fill_null(False))
        still = _last(said, "session_id", "deal_id").filter(pl.col("due_on").ne_missing(UNPARKED))
        return _last(still, "deal_id").select(
            "deal_id", "text", "session_id", until_on="due_on", parked_at="written_at"
        )  # fmt: skip

    # --- a person's rights -------------------------------------------------------------------------------------------

    def keep(self, months: int) -> int:
        """Erase what is older than so many months; a row stays that says how many were erased, and when."""
        return erasing.keep(self, months)

    def namesakes(self, person: str) -> tuple[Namesake, ...]:
        """Spellings that may be this person too, and that :meth:`forget` and :meth:`export` do not reach."""
        return erasing.namesakes_of(self, person)

    def taken_for_same(self, person: str) -> tuple[Namesake, ...]:
        """Spellings that :meth:`forget` and :meth:`export` take for this person: other capitals, spaces, codes."""
        return erasing.same_of(self, person)

    def export(self, person: str) -> list[dict[str, Any]]:
        """Everything that someone wrote, was to do, or is named in, all versions, as plain values for JSON."""
        return erasing.export(self, person)

    def forget(self, person: str | None = None, *, deal_id: str | None = None) -> int:
        """Erase a person (or the texts about a deal) from all versions, down to the bytes of the file."""
        return erasing.forget(self, person, deal_id=deal_id)

    def rescue(self, path: str | Path) -> Path:
        """Write what was saved from a damaged log to a new file; the damaged one stays as it is."""
        return salvage.rescued(self, Path(path))

    # --- what the parts of the log share -----------------------------------------------------------------------------

    @property
    def is_at_server(self) -> bool:
        """Does it lie in a PostgreSQL database?"""
        return self.engine.dialect.name == "postgresql"

    def patient(self) -> Log:
        """The same log at its server, for work that may take its time."""
        engine = patient_server(self.engine.url)
        return Log(engine, self.place, None, self.notices, author=self.author)

    def clock(self) -> int:
        """The log's own clock, in microseconds: one for all machines that share a log.

        Raises:
            LogError: the log cannot be read.
        """
        with self._reading() as connection:
            return connection.scalar(CLOCKS[connection.dialect.name]) or 0

    @contextmanager
    def writing(self, text: str = "") -> Iterator[Connection]:
        """A transaction that writes; what goes wrong is a :class:`LogError` that keeps the text."""
        if self.notices and self.notices[-1].code in ("log_damaged", "log_read_only"):
            last = self.notices[-1]
            raise LogError(last.code, text=text, **last.values)
        if self.path is not None and (not self.path.exists() or self.path.stat().st_ino != self._file):
            raise LogError("log_moved", text=text, where=self.place)
        with self._answering(text), self.engine.execution_options(writes=True).begin() as connection:
            yield connection

    def frame(self, query: Any) -> pl.DataFrame:
        """The rows of a query over entries."""
        with self._reading() as connection:
            rows = connection.execute(query).mappings().all()
        kinds = {name: pl.Int64 if name == "written_at" else kind for name, kind in FRAME.items()}
        found = pl.DataFrame([tuple(row[name] for name in FRAME) for row in rows], schema=kinds, orient="row")
        return found.with_columns(pl.col("written_at").cast(pl.Datetime("us", "UTC")))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection that reads; what goes wrong is a :class:`LogError`."""
        if monotonic() - self._silent_since < AGAIN:  # a screen asks for much at once
            raise ServerLost("log_unreachable", where=self.place)
        with self._answering(None), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _answering(self, text: str | None) -> Iterator[None]:
        """What goes wrong is a :class:`LogError`; a silence of the server is remembered."""
        try:
            yield
        except (DBAPIError, sqlite3.Error, OSError) as error:
            if isinstance(error, TimeoutError):
                self._silent_since = monotonic()
            raise trouble(error, self.place, text) from error

    def _spoken(self) -> set[str | None]:
        """Sessions in which something was said or decided, whoever may read it."""
        query = select(ENTRIES.c.session_id).where(ENTRIES.c.kind.in_((*TALK, "parked", "closed"))).distinct()
        with self._reading() as connection:
            return {*connection.scalars(query)} - {None}

    def _current(self, entry_id: str, text: str | None, kind: str | None = None) -> dict[str, Any]:
        found = self.history(entry_id, reader="coach_and_rep")
        if not found.height or (kind and found["kind"][-1] != kind):
            raise LogError("log_no_entry", text=text or "", entry=entry_id)
        return found.row(-1, named=True)


def _seen(reader: Reader) -> list[Any]:
    return [] if reader == "coach_and_rep" else [ENTRIES.c.seen_by == "team"]


def _last(entries: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Of each deal, session or agreement what was written last."""
    return entries.sort("seq").group_by(by, maintain_order=True).last()
