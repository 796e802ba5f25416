"""A prepared book is sealed: its record tells the size and the hash of every file, and carries a hash of itself.

Opening compares sizes. The bytes of a file are hashed before a process reads the first figure from it, and again only
if the file has another identity than then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from kpikit.errors import DataError, Fault

#: what changes when a file does; the last instant, unlike the one before, cannot be set by a program that copies
Identity = tuple[int, int, int, int, int]

_OWN = "seal"
_CHUNK = 1 << 20
#: hashes of the files that this process has read whole; a forked process begins with those of its parent
_HASHED: dict[Identity, str] = {}


@dataclass(frozen=True, slots=True)
class Seal:
    """What a file was when its book was prepared."""

    size: int
    xxh3: str


@dataclass(frozen=True)
class Sealed:
    """The files of a prepared book, by their paths in its folder, and what they were."""

    folder: Path
    seals: Mapping[str, Seal]

    @classmethod
    def of(cls, folder: Path) -> Sealed:
        """Seal the tables that stand in a folder."""
        files = sorted(file for file in folder.rglob("*.parquet") if file.is_file())
        return cls(folder, {f.relative_to(folder).as_posix(): Seal(f.stat().st_size, _hash(f)) for f in files})

    @classmethod
    def from_dict(cls, folder: Path, values: Mapping[str, Mapping[str, Any]]) -> Sealed:
        """What :meth:`as_dict` wrote."""
        return cls(folder, {name: Seal(**seal) for name, seal in values.items()})

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Plain values, for a prepared book's record."""
        return {name: asdict(seal) for name, seal in self.seals.items()}

    def check_sizes(self) -> None:
        """Refuse a book with a file that is not there or has another size; the bytes are not read.

        Raises:
            DataError: the files that are wrong, all at once.
        """
        self._check(self.seals, lambda file, seal: file.stat().st_size == seal.size)

    def check_whole(self, table: str) -> None:
        """Refuse a table whose bytes are not those that were written; read once a process.

        Raises:
            DataError: the files that are wrong, all at once.
        """
        self._check(self._files(table), lambda file, seal: _known_hash(file) == seal.xxh3)

    def check_every_file(self) -> None:
        """Refuse a book of which any file, whether asked for or not, is not as it was written.

        Raises:
            DataError: the files that are wrong, all at once.
        """
        self._check(self.seals, lambda file, seal: _known_hash(file) == seal.xxh3)

    def scan(self, table: str) -> pl.LazyFrame:
        """A table, a file or parts, whose rows stay in order; nothing else in the folder is read."""
        return pl.scan_parquet([self.folder / name for name in self._files(table)])

    def _files(self, table: str) -> list[str]:
        file = f"{table}.parquet"
        return [name for name in self.seals if name == file or name.startswith(f"{file}/")]

    def _check(self, names: Iterable[str], is_whole: Callable[..., bool]) -> None:
        found = (_fault(self.folder, name, partial(is_whole, seal=self.seals[name])) for name in names)
        faults = [fault for fault in found if fault is not None]
        if faults:
            raise DataError(faults)


class SealedTables(Mapping[str, pl.LazyFrame]):
    """The tables of a prepared book, read lazily; each time one is asked for, its files are looked at first."""

    def __init__(self, sealed: Sealed, names: Iterable[str]) -> None:
        self.sealed = sealed
        self._frames = {name: sealed.scan(name) for name in names}

    def __getitem__(self, name: str) -> pl.LazyFrame:
        frame = self._frames[name]
        self.sealed.check_whole(name)
        return frame

    def __contains__(self, name: object) -> bool:
        return name in self._frames

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)


def check_whole(tables: Mapping[str, Any]) -> None:
    """Refuse the tables of a prepared book if any of its files is not as it was written; others have no seal.

    Raises:
        DataError: the files that are wrong, all at once.
    """
    if isinstance(tables, SealedTables):
        tables.sealed.check_every_file()


def as_text(record: Mapping[str, Any]) -> str:
    """A book's record as it is kept, with a hash of its own values."""
    plain = json.loads(json.dumps(record, default=str))
    return json.dumps({**plain, _OWN: _own_hash(plain)}, indent=1)


def read_record(folder: Path, name: str) -> dict[str, Any]:
    """A book's record as it stands in its file: of what format it is has to be asked before :func:`check_record`.

    Raises:
        DataError: the file is not there or is no record.
    """
    found: dict[str, Any] = {}

    def is_record(file: Path) -> bool:
        found.update(_values(file.read_bytes()))
        return isinstance(found.get("format"), int)

    fault = _fault(folder, name, is_record)
    if fault is not None:
        raise DataError([fault])
    return found


def check_record(folder: Path, name: str, record: Mapping[str, Any]) -> None:
    """Refuse a record whose values are not those that were written.

    Raises:
        DataError: they are not.
    """
    own = _own_hash({name: value for name, value in record.items() if name != _OWN})
    fault = _fault(folder, name, lambda _: record.get(_OWN) == own)
    if fault is not None:
        raise DataError([fault])


def _values(text: bytes) -> dict[str, Any]:
    """What a record says, if it can be read: nothing where it is garbled."""
    try:
        found = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _own_hash(record: Mapping[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(record, sort_keys=True).encode())


def _fault(folder: Path, name: str, is_whole: Callable[[Path], bool]) -> Fault | None:
    """What is wrong with a file of a book, if anything is."""
    called = f"{folder.resolve().name}/{name}"
    try:
        return None if is_whole(folder / name) else Fault("book_file_changed", file=called)
    except (FileNotFoundError, NotADirectoryError):
        return Fault("book_file_missing", file=called)
    except OSError as error:
        return Fault("book_file_unreadable", file=called, value=error.strerror or type(error).__name__)


def _known_hash(file: Path) -> str:
    """The hash of a file, read whole unless this process has done so since the file last changed."""
    before = _identity(file)
    if before in _HASHED:
        return _HASHED[before]
    found = _hash(file)
    if _identity(file) == before:
        _HASHED[before] = found
    return found


def _identity(file: Path) -> Identity:
    now = file.stat()
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def _hash(file: Path) -> str:
    digest, chunk = xxhash.xxh3_128(), memoryview(bytearray(_CHUNK))
    with file.open("rb", buffering=0) as source:
        while n := source.readinto(chunk):
            digest.update(chunk[:n])
    return digest.hexdigest()
