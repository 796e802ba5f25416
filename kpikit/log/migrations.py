"""Bring a log's tables to today's version, without loss: one function a step, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, inspect, select, text, update

from kpikit.log.entries import LogError
from kpikit.log.tables import CLOCKS, ENTRIES, METADATA, VERSION, VERSIONS, seal


def version_of(connection: Connection) -> int | None:
    """The version of the log's tables; None where there is no log yet."""
    if not inspect(connection).has_table(VERSIONS.name):
        return None
    return connection.scalar(select(VERSIONS.c.version).order_by(VERSIONS.c.version.desc()).limit(1))


def settled(connection: Connection, where: str) -> None:
    """Make the tables, or bring them to today's version.

    Raises:
        LogError: the log was written by a newer kpikit; nothing is touched.
    """
    found = version_of(connection)
    if found is not None and found > VERSION:
        raise LogError("log_newer", where=where, found=found, known=VERSION)
    if found is None:
        METADATA.create_all(connection)
    for version in range(VERSION if found is None else found + 1, VERSION + 1):
        if found is not None:
            STEPS[version](connection)
        now = connection.scalar(CLOCKS[connection.dialect.name])
        connection.execute(VERSIONS.insert().values(version=version, since=now))


def _to_2(connection: Connection) -> None:
    """Entries learn the id of their first version, which until now was found by walking back."""
    connection.execute(text("ALTER TABLE kpikit_entries ADD COLUMN entry_id VARCHAR"))
    connection.execute(text("CREATE INDEX ix_kpikit_entries_entry_id ON kpikit_entries (entry_id)"))
    first: dict[str, Any] = {}
    rows = connection.execute(select(ENTRIES).order_by(ENTRIES.c.seq)).mappings().all()
    for row in rows:
        first[row["id"]] = first.get(row["replaces"], row["replaces"] or row["id"])
        kept = {**row, "entry_id": first[row["id"]]}
        new = update(ENTRIES).where(ENTRIES.c.seq == row["seq"])
        connection.execute(new.values(entry_id=kept["entry_id"], seal=seal(kept)))


#: the version that a step leads to → the step
STEPS: Mapping[int, Callable[[Connection], None]] = MappingProxyType({2: _to_2})
