"""A book written once as Parquet and sealed, so that opening it again takes milliseconds."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial as partly
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.book import sealing
from kpikit.book.deal_book import DealBook
from kpikit.book.own_fields import OwnField
from kpikit.book.settings import Settings
from kpikit.engine.codes import Coded, Codes, encode
from kpikit.errors import Fault, UsageError
from kpikit.files import write_whole
from kpikit.lock import LOCK, locked

MANIFEST = "kpikit-book.json"
FORMAT = 3
VISITS, DROPPED = "_visits", "_dropped"
#: where a book stands while it is written, within the folder that it is for
PARTIAL = ".partial"
#: visits that are read together: a question goes through a large book by deals
_ROW_GROUP = 250_000


def is_prepared(folder: Path) -> bool:
    """Was this folder written by :func:`prepare`, even if its record was lost since?"""
    return (folder / MANIFEST).exists() or (folder / f"{DROPPED}.parquet").exists()


def prepare(book: DealBook, path: str | Path) -> DealBook:
    """Write an opened book as Parquet, with a hash of its contents, and open it from there.

    Args:
        book: any opened book.
        path: a folder that does not exist yet, or a prepared book, replaced once the new one is whole.

    Raises:
        UsageError: the folder exists and is not a prepared book, or another process is writing one into it.

    Example:
        >>> import tempfile
        >>> import kpikit
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     len(kpikit.prepare(kpikit.open_book("demo"), folder).hash)
        16
    """
    tables = {name: frame.lazy().collect() for name, frame in book.tables.items()}
    with begun(path) as folder:
        for name, frame in tables.items():
            write(folder, name, frame)
        coded = encode(tables) if {"stage_events", "stages"} <= set(tables) else None
        if coded is not None:
            write(folder, VISITS, coded.visits.collect())
        own = book.hash or content_hash(book.replace(tables=tables))
        return sealed(folder, book.replace(coded=coded, hash=own))


@contextmanager
def begun(path: str | Path) -> Iterator[Path]:
    """Where a prepared book can be written: until it is sealed, a book that was there stays as it is.

    Raises:
        UsageError: the folder exists and is not a prepared book, or another process is writing one into it.
    """
    folder = Path(path)
    others = [file for file in folder.iterdir() if file.name not in (PARTIAL, LOCK)] if folder.is_dir() else []
    if folder.is_file() or (others and not is_prepared(folder)):
        raise UsageError("folder_in_use", path=str(folder))
    with locked(folder):
        partial = folder / PARTIAL
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _replaced(partial: Path) -> Path:
    """The folder with what was written in it, its record last; the book that was there is taken away.

    The rows that were dropped are there at any time: without the record they tell that the folder is a prepared book.
    """
    folder = partial.parent
    for old in (folder / MANIFEST, *folder.glob("*.parquet")):
        if old.stem == DROPPED:
            continue
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    for new in sorted(partial.iterdir(), key=lambda file: file.name == MANIFEST):
        new.replace(folder / new.name)
    return folder


def write(folder: Path, table: str, frame: pl.DataFrame, part: int | None = None) -> None:
    """A table of a prepared book; where the book is made in parts, this part of it (a file in the table's folder)."""
    file = folder / f"{table}.parquet"
    if part is not None:
        file.mkdir(exist_ok=True)
        file = file / f"{part:05}.parquet"
    rows = _ROW_GROUP if table == VISITS else None
    checksums = {"write_page_checksum": True}  # polars itself has no such option
    frame.write_parquet(file, compression="lz4", row_group_size=rows, use_pyarrow=True, pyarrow_options=checksums)


def sealed(partial: Path, book: DealBook) -> DealBook:
    """Seal the tables and write what is none, last of all: from now on the folder is a prepared book; here it is."""
    write(partial, DROPPED, book.dropped)
    manifest = {
        "format": FORMAT,
        "coded": book.coded and {"codes": book.coded.codes.as_dict(), "n_deals": book.coded.n_deals},
        "as_of": book.as_of.isoformat(),
        "settings": asdict(book.settings),
        "answers_in": book.answers_in,
        "team": book.team,
        "tables": sorted(book.tables),
        "hash": book.hash,
        "own": [asdict(field) for field in book.own],
        "faults": [fault.as_dict() for fault in book.faults],
        "files": sealing.Sealed.of(partial).as_dict(),
    }
    write_whole(partial / MANIFEST, sealing.as_text(manifest))
    return open_prepared(_replaced(partial))


def open_prepared(folder: Path) -> DealBook:
    """A prepared book, read lazily; no figure is read from a file that is not as it was written.

    Raises:
        UsageError: the book is of another format.
        DataError: a file is missing or was changed, as far as its size tells; later, when a table is asked for, as far
            as its bytes do.
    """
    manifest = _manifest(folder)
    sealed = sealing.Sealed.from_dict(folder, manifest["files"])
    sealed.check_sizes()
    sealed.check_whole(DROPPED)
    settings = dict(manifest["settings"])
    privacy, theme = settings.pop("privacy"), settings.pop("theme", {})
    coded = manifest["coded"] and Coded(
        partly(_visits, sealing.SealedTables(sealed, [VISITS])),
        Codes.from_dict(manifest["coded"]["codes"]),
        manifest["coded"]["n_deals"],
    )
    return DealBook(
        tables=sealing.SealedTables(sealed, manifest["tables"]),
        settings=Settings.from_tables(settings, privacy, theme),
        as_of=datetime.fromisoformat(manifest["as_of"]),
        dropped=pl.read_parquet(folder / f"{DROPPED}.parquet"),
        faults=tuple(Fault(**fault) for fault in manifest["faults"]),
        answers_in=manifest["answers_in"],
        hash=manifest["hash"],
        coded=coded,
        team=manifest["team"],
        own=tuple(OwnField(**field) for field in manifest.get("own", ())),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    """The record of a prepared book, of this format and as it was written."""
    found = sealing.read_record(folder, MANIFEST)
    if found["format"] != FORMAT:
        raise UsageError("prepared_format", path=str(folder), found=found["format"], wanted=FORMAT)
    sealing.check_record(folder, MANIFEST, found)
    return found


def _visits(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    return tables[VISITS]


def content_hash(book: DealBook) -> str:
    """Sixteen hexadecimal digits that change whenever a table, a setting or the as-of instant changes.

    The order of rows changes nothing: engines have none, and within one instant ``seq`` is a column.
    """
    frames = {name: frame.lazy().collect() for name, frame in book.tables.items()}
    return named(book, {columns_of(name, frame): row_sum(frame) for name, frame in frames.items()})


def columns_of(name: str, table: pl.DataFrame) -> str:
    """A table by its name and columns."""
    return f"{name}{table.columns}"


def row_sum(table: pl.DataFrame) -> int:
    """What tells the rows of a table from others, in any order; the sums of parts add up to that of the whole."""
    return int(table.hash_rows(seed=0).sum())


def named(book: DealBook, sums: Mapping[str, int]) -> str:
    """The hash of a book whose tables have these sums of rows."""
    digest = hashlib.sha256(f"{book.as_of.isoformat()}{book.settings}".encode())
    if book.own:
        digest.update(repr(book.own).encode())
    for table, total in sorted(sums.items()):
        digest.update(f"{table}{total % 2**64};".encode())
    return digest.hexdigest()[:16]
