"""What the law asks of a log with people in it: kept no longer than agreed, shown, corrected, and forgotten.

"Append-only" means that nothing changes silently, not that nothing is ever erased: each erasure leaves a row that says
how many entries it reached and when, and nothing else.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from calendar import monthrange
from contextlib import closing, suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from kpikit.calendar import add_months
from kpikit.errors import UsageError
from kpikit.log.connecting import BUSY_TIMEOUT, trouble
from kpikit.log.entries import Entry, LogError, ServerLost, same_name
from kpikit.log.inserting import put
from kpikit.log.namesakes import Namesake, namesakes, taken_for_same
from kpikit.log.tables import CLOCKS, ENTRIES, FRAME, seal
from kpikit.log.watching import watched

if TYPE_CHECKING:
    from kpikit.log.log import Log

#: what stands where a name stood
GONE = "[…]"
_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1)


def keep(log: Log, months: int) -> int:
    """Erase versions written more than so many months ago, by the log's own clock.

    Raises:
        UsageError: not a number of months.
        LogError: the log cannot be written, or somebody's open transaction holds on to what was erased.
    """
    if months < 1:
        raise UsageError("log_months", months=months)
    return watched(log, lambda it: _keep(it, months))


def _keep(log: Log, months: int) -> int:
    with log.writing() as connection:
        today = _EPOCH + timedelta(days=connection.scalar(CLOCKS[connection.dialect.name]) // _DAY)
        first_on = add_months(today, -months)
        cutoff_on = first_on.replace(day=min(today.day, monthrange(first_on.year, first_on.month)[1]))
        is_old = ENTRIES.c.written_at < (cutoff_on - _EPOCH).days * _DAY
        n = connection.execute(delete(ENTRIES).where(is_old, ENTRIES.c.kind != "erased")).rowcount
        _remember(connection, "keep", n, cutoff_on)
    _sweep(log)
    return n


def export(log: Log, person: str) -> list[dict[str, Any]]:
    """All versions of what someone wrote, was to do, or is named in, as plain values."""
    name = _said(person)
    pattern = _pattern(name)
    rows = _rows(log)
    theirs = _threads(rows, name)
    mine = [row for row in rows if row["entry_id"] in theirs or (row["text"] and pattern.search(row["text"]))]
    dates = ("written_at", "due_on")
    return [{**row, **{day: row[day] and row[day].isoformat() for day in dates}} for row in mine]


def forget(log: Log, person: str | None = None, *, deal_id: str | None = None) -> int:
    """Erase a person, or what was said about a deal, from all versions.

    Of a person: author, owner and text of what they wrote or were to do; in other texts their name becomes "[…]". That
    reaches a buyer, who never writes. Of a deal: every text about it, for a buyer who wants nothing kept. Figures,
    codes and days stay, because they name nobody.

    Returns:
        How many rows were changed.

    Raises:
        UsageError: neither or both were given.
        LogError: as for :func:`keep`.
    """
    if (person is None) == (deal_id is None):
        raise UsageError("log_forget")
    name = None if person is None else _said(person)
    return watched(log, lambda it: _forget(it, name, deal_id))


def _forget(log: Log, name: str | None, deal_id: str | None) -> int:
    with log.writing() as connection:
        rows = [dict(row) for row in connection.execute(select(ENTRIES)).mappings()]
        new = [_without(row, name, _threads(rows, name)) for row in rows] if name else []
        new = new or [{**row, "text": None} if row["deal_id"] == deal_id else row for row in rows]
        changed = [after for before, after in zip(rows, new, strict=True) if before != after]
        for row in changed:
            kept = {"author": row["author"], "owner": row["owner"], "text": row["text"], "seal": seal(row)}
            connection.execute(update(ENTRIES).where(ENTRIES.c.seq == row["seq"]).values(**kept))
        _remember(connection, "forget", len(changed))
    _sweep(log)
    return len(changed)


def namesakes_of(log: Log, person: str) -> tuple[Namesake, ...]:
    """Spellings that would still stand in the log once this person is forgotten, and may be the same."""
    name, rows = _said(person), _rows(log)
    theirs = _threads(rows, name)
    return namesakes([_without(row, name, theirs) for row in rows], name)


def same_of(log: Log, person: str) -> tuple[Namesake, ...]:
    """Spellings that are this person's name but for capitals, spaces and how accents are coded."""
    name = _said(person)
    return taken_for_same(_rows(log), name, _pattern(name))


def _rows(log: Log) -> list[dict[str, Any]]:
    return log.frame(select(*(ENTRIES.c[column] for column in FRAME)).order_by(ENTRIES.c.seq)).drop("seq").to_dicts()


def _said(person: str) -> str:
    if not person.strip():
        raise UsageError("log_forget")
    return person.strip()


def _threads(rows: list[dict[str, Any]], name: str) -> set[str]:
    """Entries of which any version was written by this person, or was theirs to do."""
    asked = same_name(name)
    return {row["entry_id"] for row in rows if asked in (same_name(row["author"]), same_name(row["owner"]))}


def _without(row: dict[str, Any], name: str, theirs: set[str]) -> dict[str, Any]:
    asked = same_name(name)
    people = {part: None if same_name(row[part]) == asked else row[part] for part in ("author", "owner")}
    said = None if row["entry_id"] in theirs or row["text"] is None else _pattern(name).sub(GONE, row["text"])
    return {**row, **people, "text": said}


def _pattern(name: str) -> re.Pattern[str]:
    """A name as a word of its own, in any capitals, however its accents are coded."""
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")} | {name}
    spaced = [r"\s+".join(re.escape(word) for word in form.split()) for form in sorted(forms)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)", re.IGNORECASE)


def _remember(connection: Connection, why: str, n: int, before: date | None = None) -> None:
    if n:
        put(connection, Entry(kind="erased", code=why, value=n, due_on=before))


def _sweep(log: Log) -> None:
    """Take what was erased off the disk too: out of free pages and out of the write-ahead log."""
    try:
        if log.path is None:
            _sweep_server(log)
            return
        with closing(sqlite3.connect(log.path, timeout=BUSY_TIMEOUT / 1000, isolation_level=None)) as connection:
            for pragma in ("secure_delete=ON", "temp_store=MEMORY", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            connection.execute("VACUUM")
            is_held = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except (DBAPIError, sqlite3.Error, OSError) as error:
        found = trouble(error, log.place, None)
        raise found if isinstance(found, ServerLost) else LogError("log_traces", where=log.place) from error
    if is_held:
        raise LogError("log_traces", where=log.place)


def _sweep_server(log: Log) -> None:
    """Write the table anew, without the rows as they were, and what the server has counted of its columns.

    Raises:
        LogError: this user may not: the server then leaves the table as it is, and only warns.
    """
    with log.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        before = connection.scalar(_FILE)
        connection.execute(text(f"VACUUM (FULL, ANALYZE) {ENTRIES.name}"))
        if connection.scalar(_FILE) == before:
            owner = connection.scalar(_OWNER)
            raise LogError("log_no_vacuum", where=log.place, table=ENTRIES.name, owner=owner)
        with suppress(DBAPIError):  # whose the database is may; its statistics hold the commonest names and texts
            connection.execute(text("VACUUM FULL pg_catalog.pg_statistic"))
        with suppress(DBAPIError):  # a role of its own; without it the old file goes with the server's next one
            connection.execute(text("CHECKPOINT"))


_FILE = text(f"SELECT pg_relation_filenode('{ENTRIES.name}')")
_OWNER = text("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = CAST(:table AS regclass)").bindparams(
    table=ENTRIES.name
)
