"""A book written once as Parquet, so that opening it again takes milliseconds."""

from __future__ import annotations

import hashlib
import json
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
EVENTS = "_events.parquet"


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
    folder = Path(path)
    if folder.is_file() or (folder.exists() and not is_prepared(folder) and any(folder.iterdir())):
        raise UsageError("folder_in_use", path=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    tables = {name: frame.lazy().collect() for name, frame in {**book.tables, "_dropped": book.dropped}.items()}
    for old in (folder / MANIFEST, *folder.glob("*.parquet")):
        old.unlink(missing_ok=True)
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet", compression="zstd")
    coded = encode(book.tables) if {"stage_events", "stages"} <= set(book.tables) else None
    if coded is not None:
        coded.events.collect().write_parquet(folder / EVENTS, compression="zstd", row_group_size=250_000)
    manifest = {
        "format": FORMAT,
        "coded": None if coded is None else {"codes": coded.codes.as_dict(), "n_deals": coded.n_deals},
        "as_of": book.as_of.isoformat(),
        "settings": asdict(book.settings),
        "answers_in": book.answers_in,
        "team": book.team,
        "tables": sorted(book.tables),
        "hash": book.hash or content_hash(book),
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
        pl.scan_parquet(folder / EVENTS), Codes.from_dict(manifest["coded"]["codes"]), manifest["coded"]["n_deals"]
    )
    return DealBook(
        tables=MappingProxyType({name: pl.scan_parquet(folder / f"{name}.parquet") for name in manifest["tables"]}),
        settings=Settings.from_tables({k: v for k, v in settings.items() if k != "privacy"}, settings["privacy"]),
        as_of=datetime.fromisoformat(manifest["as_of"]),
        dropped=pl.read_parquet(folder / "_dropped.parquet"),
        faults=tuple(Fault(**fault) for fault in manifest["faults"]),
        answers_in=manifest["answers_in"],
        hash=manifest["hash"],
        coded=coded,
        team=manifest["team"],
    )


def content_hash(book: DealBook) -> str:
    """Sixteen hexadecimal digits that change whenever a table, a setting or the as-of instant changes."""
    digest = hashlib.sha256(f"{book.as_of.isoformat()}{book.settings}".encode())
    for name, frame in sorted(book.tables.items()):
        table: pl.DataFrame = frame.lazy().collect()
        digest.update(f"{name}{table.columns}".encode())
        digest.update(table.hash_rows(seed=0).to_numpy().tobytes())
    return digest.hexdigest()[:16]
