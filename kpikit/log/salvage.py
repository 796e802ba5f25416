"""Read what can be saved from a damaged log, page by page, without SQLite and without a byte written.

SQLite refuses a file whose first page is broken, and stops at the first broken page of a table. But rows lie in leaf
pages that can be read one by one, and each row has a seal: what is broken is seen, what is whole comes back whole.
Layout of pages, cells and records: https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import DBAPIError

from kpikit.log import connecting
from kpikit.log.connecting import in_memory
from kpikit.log.entries import LogError
from kpikit.log.tables import ENTRIES, METADATA, VERSION, VERSIONS, seal

if TYPE_CHECKING:
    from kpikit.log.log import Log

_COLUMNS = [column.name for column in ENTRIES.columns]
#: a table's columns at each version: a record is as long as its table was
_LAYOUTS = {len(names): names for names in (_COLUMNS[:-1], _COLUMNS)}
_LEAF = 0x0D
_DEFAULT_PAGE = 4096
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
#: the longest record that an entry can have, with room to spare: what claims to be longer is broken
_LONGEST = 2_000_000

Pages = Mapping[int, bytes]


def saved(path: Path) -> list[dict[str, Any]]:
    """The rows of a log that are whole, in their order; of a row that was rewritten, the latest."""
    main = path.read_bytes() if path.exists() else b""
    log = path.with_name(f"{path.name}-wal")
    frames = log.read_bytes() if log.exists() else b""
    size = _page_size(main, frames)
    pages = {i + 1: main[i * size : (i + 1) * size] for i in range(-(-len(main) // size))}
    found: dict[str, dict[str, Any]] = {}
    for view in (pages, {**pages, **_of_frames(frames, size)}):
        for number in view:
            for row in _rows(view, number, size):
                found[row["id"]] = row
    return sorted(found.values(), key=lambda row: (row["written_at"], row["seq"]))


def salvaged(rows: list[dict[str, Any]]) -> Engine:
    """A log in memory that holds these rows."""
    engine = in_memory()
    with engine.begin() as connection:
        fill(connection, rows)
    return engine


def fill(connection: Any, rows: list[dict[str, Any]]) -> None:
    """Make a log's tables and put rows into them, as they were; rows of version 1 get what version 2 added."""
    METADATA.create_all(connection)
    connection.execute(insert(VERSIONS).values(version=VERSION, since=rows[-1]["written_at"] if rows else 0))
    first: dict[str, Any] = {}
    for seq, row in enumerate(rows, 1):  # numbered anew: the number is the one thing in a row that no seal covers
        root = row.get("entry_id") or first.get(row["replaces"], row["replaces"] or row["id"])
        first[row["id"]] = root
        kept = {**row, "seq": seq, "entry_id": root, "due_on": _day(row["due_on"])}
        connection.execute(insert(ENTRIES).values(**{**kept, "seal": seal(kept)}))


def _page_size(main: bytes, frames: bytes) -> int:
    """What the headers say, if it is a size that pages can have."""
    for found in (
        int.from_bytes(main[16:18], "big"),
        int.from_bytes(frames[8:12], "big"),
    ):
        if found in {2**power for power in range(9, 16)}:
            return found
    return _DEFAULT_PAGE


def _of_frames(frames: bytes, size: int) -> dict[int, bytes]:
    """The pages in a write-ahead log; of a page that stands there several times, the last."""
    whole = 24 + size
    return {
        int.from_bytes(frames[at : at + 4], "big"): frames[at + 24 : at + whole]
        for at in range(32, len(frames) - whole + 1, whole)
    }


def _rows(pages: Pages, number: int, size: int) -> Iterator[dict[str, Any]]:
    """The whole rows on a page, if it is a leaf of a table."""
    page = pages[number]
    head = 100 if number == 1 else 0
    if len(page) < head + 8 or page[head] != _LEAF:
        return
    for i in range(int.from_bytes(page[head + 3 : head + 5], "big")):
        try:
            (at,) = struct.unpack_from(">H", page, head + 8 + 2 * i)
            row = _row(pages, page, at, size)
        except (struct.error, IndexError, KeyError, ValueError, TypeError, OverflowError):
            continue
        if row is not None:
            yield row


def _row(pages: Pages, page: bytes, at: int, size: int) -> dict[str, Any] | None:
    """The row in a cell, if its seal holds."""
    length, at = _varint(page, at)
    seq, at = _varint(page, at)
    if length > _LONGEST:
        return None
    values = _record(_payload(pages, page, at, length, size))
    names = _LAYOUTS.get(len(values))
    if names is None:
        return None
    row = dict(zip(names, values, strict=True)) | {"seq": seq}
    row["value"] = None if row["value"] is None else float(row["value"])
    return row if seal(row) == row["seal"] else None


def _payload(pages: Pages, page: bytes, at: int, length: int, size: int) -> bytes:
    """A record, with what stands on overflow pages."""
    most, least = size - 35, (size - 12) * 32 // 255 - 23
    fitting = least + (length - least) % (size - 4)
    local = length if length <= most else fitting if fitting <= most else least
    parts = [page[at : at + local]]
    (follow,) = struct.unpack_from(">I", page, at + local) if local < length else (0,)
    left = length - local
    while left > 0:
        parts.append(pages[follow][4 : 4 + min(left, size - 4)])
        left -= len(parts[-1]) or left
        follow = int.from_bytes(pages[follow][:4], "big")
    return b"".join(parts)


def _record(payload: bytes) -> list[Any]:
    """The values of a record."""
    header, at = _varint(payload, 0)
    kinds, values, body = [], [], header
    while at < header:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    for kind in kinds:
        width = _INTEGERS.get(kind, 8 if kind == 7 else (kind - 12) // 2 if kind >= 12 else 0)
        cell = payload[body : body + width]
        if len(cell) < width:
            raise ValueError("a record ends too early")
        values.append(_value(kind, cell))
        body += width
    return values


def _value(kind: int, cell: bytes) -> Any:
    if kind in _INTEGERS:
        return int.from_bytes(cell, "big", signed=True)
    if kind == 7:
        return struct.unpack(">d", cell)[0]
    if kind >= 12:
        return cell.decode("utf-8") if kind % 2 else cell
    return {0: None, 8: 0, 9: 1}[kind]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for i in range(8):
        value = value << 7 | data[at + i] & 0x7F
        if data[at + i] < 0x80:
            return value, at + i + 1
    return value << 8 | data[at + 8], at + 9


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def rescued(log: Log, path: Path) -> Path:
    """A new log with all rows of this one.

    Raises:
        LogError: there is something at that path already.
    """
    if path.exists():
        raise LogError("log_exists", where=str(path))
    connecting.made(path)
    connecting.journal(path)
    engine = connecting.file(path)
    try:
        with log.engine.connect() as source:
            rows = source.execute(select(ENTRIES).order_by(ENTRIES.c.seq)).mappings().all()
        with engine.execution_options(writes=True).begin() as connection:
            fill(connection, [dict(row) for row in rows])
    except (DBAPIError, sqlite3.Error, OSError) as error:
        raise connecting.trouble(error, str(path), None) from error
    finally:
        engine.dispose()
    return path
