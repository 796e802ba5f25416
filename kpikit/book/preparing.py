"""A book written once as Parquet, so that opening it again takes milliseconds."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import polars as pl

from kpikit.book.coded import Coded, Codes, encode
from kpikit.book.deal_book import DealBook
from kpikit.book.settings import Settings
from kpikit.errors import Fault, UsageError

MANIFEST = "kpikit-book.json"
FORMAT = 1
EVENTS, DROPPED = "_events", "_dropped"
#: rows of events that are read together: a question goes through a large book by deals
_ROW_GROUP = 250_000


def is_prepared(folder: Path) -> bool:
    """Was this folder written by :func:`prepare`?"""
    return (folder / MANIFEST).exists()


def prepare(book: DealBook, path: str | Path) -> DealBook:
    """Write an opened book as Parquet, with a hash of its contents, and open it from there.

    Args:
        book: any opened book.
        path: a folder that does not exist yet, or a prepared book to be replaced.

    Raises:
        UsageError: the folder exists and is not a prepared book.

    Example:
        >>> import tempfile
        >>> import kpikit
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     len(kpikit.prepare(kpikit.open_book("demo"), folder).hash)
        16
    """
    tables = {name: frame.lazy().collect() for name, frame in book.tables.items()}
    folder = cleared(path)
    for name, frame in tables.items():
        write(folder, name, frame)
    coded = encode(tables) if {"stage_events", "stages"} <= set(tables) else None
    if coded is not None:
        write(folder, EVENTS, coded.events.collect())
    named = book.hash or content_hash(book.replace(tables=tables))
    return sealed(folder, book.replace(coded=coded, hash=named))


def cleared(path: str | Path) -> Path:
    """The folder for a prepared book, empty: one that was there is taken away.

    Raises:
        UsageError: the folder exists and is not a prepared book.
    """
    folder = Path(path)
    if folder.is_file() or (folder.exists() and not is_prepared(folder) and any(folder.iterdir())):
        raise UsageError("folder_in_use", path=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for old in (folder / MANIFEST, *folder.glob("*.parquet")):
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    return folder


def write(folder: Path, table: str, frame: pl.DataFrame, part: int | None = None) -> None:
    """A table of a prepared book; where the book is made in parts, this part of it (a file in the table's folder)."""
    file = folder / f"{table}.parquet"
    if part is not None:
        file.mkdir(exist_ok=True)
        file = file / f"{part:05}.parquet"
    frame.write_parquet(file, compression="zstd", row_group_size=_ROW_GROUP if table == EVENTS else None)


def sealed(folder: Path, book: DealBook) -> DealBook:
    """Write what is no table, last of all: from now on the folder is a prepared book, and here it is."""
    write(folder, DROPPED, book.dropped)
    manifest = {
        "format": FORMAT,
        "coded": book.coded and {"codes": book.coded.codes.as_dict(), "n_deals": book.coded.n_deals},
        "as_of": book.as_of.isoformat(),
        "settings": asdict(book.settings),
        "answers_in": book.answers_in,
        "team": book.team,
        "tables": sorted(book.tables),
        "hash": book.hash,
        "faults": [fault.as_dict() for fault in book.faults],
    }
    partial = folder / f"{MANIFEST}.part"
    partial.write_text(json.dumps(manifest, indent=1, default=str), encoding="utf-8")
    partial.replace(folder / MANIFEST)
    return open_prepared(folder)


def open_prepared(folder: Path) -> DealBook:
    """A prepared book, read lazily."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if manifest["format"] != FORMAT:
        raise UsageError("prepared_format", path=str(folder), found=manifest["format"], wanted=FORMAT)
    settings = dict(manifest["settings"])
    coded = manifest["coded"] and Coded(
        scan(folder, EVENTS), Codes.from_dict(manifest["coded"]["codes"]), manifest["coded"]["n_deals"]
    )
    return DealBook(
        tables=MappingProxyType({name: scan(folder, name) for name in manifest["tables"]}),
        settings=Settings.from_tables({k: v for k, v in settings.items() if k != "privacy"}, settings["privacy"]),
        as_of=datetime.fromisoformat(manifest["as_of"]),
        dropped=pl.read_parquet(folder / f"{DROPPED}.parquet"),
        faults=tuple(Fault(**fault) for fault in manifest["faults"]),
        answers_in=manifest["answers_in"],
        hash=manifest["hash"],
        coded=coded,
        team=manifest["team"],
    )


def scan(folder: Path, table: str) -> pl.LazyFrame:
    """A table of a prepared book, a file or a folder of parts, whose rows stay in order."""
    return pl.scan_parquet(folder / f"{table}.parquet")


def content_hash(book: DealBook) -> str:
    """Sixteen hexadecimal digits that change whenever a table, a setting or the as-of instant changes."""
    digest = hashlib.sha256(f"{book.as_of.isoformat()}{book.settings}".encode())
    for name, frame in sorted(book.tables.items()):
        digest.update(table_hash(name, frame.lazy().collect()))
    return digest.hexdigest()[:16]


def table_hash(name: str, table: pl.DataFrame) -> bytes:
    """What tells one table, or a part of it, from another."""
    digest = hashlib.sha256(f"{name}{table.columns}".encode())
    digest.update(table.hash_rows(seed=0).to_numpy().tobytes())
    return digest.digest()
