"""An entry becomes a row: once, sealed, at the server's own time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from kpikit.log.entries import GIVEN, Entry, LogError
from kpikit.log.tables import CLOCKS, ENTRIES, seal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def put(connection: Connection, entry: Entry) -> Entry:
    """Insert an entry, unless it stands there already.

    Raises:
        LogError: another entry has its id, or what it replaces is not there.
    """
    given = {name: getattr(entry, name) for name in GIVEN}
    given["value"] = None if entry.value is None else float(entry.value)
    root = entry.id
    if entry.replaces is not None:
        root = connection.scalar(select(ENTRIES.c.entry_id).where(ENTRIES.c.id == entry.replaces))
        if root is None:
            raise LogError("log_no_entry", text=entry.text or "", entry=entry.replaces)
    dialect = connection.dialect.name
    row = {**given, "entry_id": root, "written_at": connection.scalar(CLOCKS[dialect])}
    new = _INSERT[dialect](ENTRIES).values(**row, seal=seal(row))
    connection.execute(new.on_conflict_do_nothing(index_elements=["id"]))
    kept = connection.execute(select(ENTRIES).where(ENTRIES.c.id == entry.id)).mappings().one()
    if any(kept[name] != value for name, value in given.items()):
        raise LogError("log_other", text=entry.text or "", entry=entry.id)
    return replace(entry, written_at=_EPOCH + timedelta(microseconds=kept["written_at"]))
