"""The tables of the review log, the same in SQLite and PostgreSQL, and what tells a whole row from a damaged one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import polars as pl
from sqlalchemy import BigInteger, Column, Date, Float, Integer, MetaData, String, Table, Text, TextClause, text

#: the version of these tables; :mod:`kpikit.log.migrations` brings older ones here
VERSION = 2
METADATA = MetaData()
_ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")

ENTRIES = Table(
    "kpikit_entries",
    METADATA,
    Column("seq", _ROW_NUMBER, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("replaces", String),
    Column("kind", String, nullable=False),
    Column("session_id", String),
    Column("deal_id", String),
    Column("book_hash", String),
    Column("author", String),
    Column("owner", String),
    Column("seen_by", String, nullable=False),
    Column("text", Text),
    Column("code", String),
    Column("value", Float(53)),
    Column("unit", String),
    Column("days", Integer),
    Column("position", Integer),
    Column("due_on", Date),
    Column("about", String),
    Column("written_at", BigInteger, nullable=False),
    Column("seal", String, nullable=False),
    # since version 2: the id of the first version, for a history without a walk
    Column("entry_id", String, index=True),
    sqlite_autoincrement=True,  # a row number never returns
)
VERSIONS = Table(
    "kpikit_log",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
)

#: the columns of a frame of entries
FRAME = MappingProxyType(
    {
        "seq": pl.Int64, "id": pl.String, "replaces": pl.String, "kind": pl.String, "session_id": pl.String,
        "deal_id": pl.String, "book_hash": pl.String, "author": pl.String, "owner": pl.String, "seen_by": pl.String,
        "text": pl.String, "code": pl.String, "value": pl.Float64, "unit": pl.String, "days": pl.Int64,
        "position": pl.Int64, "due_on": pl.Date, "about": pl.String, "written_at": pl.Datetime("us", "UTC"),
        "entry_id": pl.String,
    }
)  # fmt: skip

#: the database's own clock in microseconds: one for all machines that share a log
CLOCKS: Mapping[str, TextClause] = MappingProxyType(
    {
        "sqlite": text(
            "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000"
            " + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000"
        ),
        "postgresql": text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"),
    }
)


def seal(row: Mapping[str, Any]) -> str:
    """What a row's seal must be, if nothing in it was changed by accident."""
    kept = {name: value for name, value in row.items() if name not in ("seq", "seal")}
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in sorted(kept.items())}
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:32]
