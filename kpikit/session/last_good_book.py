"""The last book that opened well, kept prepared, so that a session can go on when today's export cannot be read."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from kpikit.book import DealBook, open_book, prepare
from kpikit.book.preparing import content_hash, is_prepared
from kpikit.errors import KpikitError
from kpikit.files import user_folder


def place(book: str) -> Path:
    """Where the copy of this book is kept, in the user's own data folder."""
    path = Path(book)
    mark = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    return user_folder("data") / "last-good" / mark


def keep(book: DealBook, given: str) -> DealBook:
    """Keep a copy that only this user reads, in place of the one before; the book itself with its hash.

    The book that comes with kpikit, and a book that is prepared already, need none. Where no copy can be kept the
    session goes on without.
    """
    if (given == "demo" and not Path(given).exists()) or is_prepared(Path(given)):
        return book if book.hash else book.replace(hash=content_hash(book))
    folder = place(given)
    try:
        for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
            missing.mkdir(mode=0o700)
        return book.replace(hash=prepare(book, folder).hash)
    except (OSError, KpikitError):
        return book.replace(hash=content_hash(book))


def last_good(given: str) -> DealBook | None:
    """The copy that was kept, if there is one that opens; in memory, since the next session replaces the files."""
    folder = place(given)
    if not is_prepared(folder):
        return None
    try:
        book = open_book(folder)
        tables = {name: frame.lazy().collect() for name, frame in book.tables.items()}
        coded = book.coded and replace(book.coded, read=book.coded.visits.collect().lazy)
        return book.replace(tables=tables, coded=coded)
    except (OSError, KpikitError):
        return None
