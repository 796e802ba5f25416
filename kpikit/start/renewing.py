"""The second Monday: a newer export takes the place of the one before, and every answer of its owner is kept."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import tomlkit

from kpikit.book import DealBook
from kpikit.book.door.grammar.exports import differences
from kpikit.book.opening import from_config
from kpikit.errors import DataError, Fault, KpikitError, UsageError
from kpikit.files import write_whole
from kpikit.reading import RawTable, archives, read_all
from kpikit.sources.vocabulary import goes_on, meaning
from kpikit.words import Words


@dataclass(frozen=True)
class Taken:
    """A table, the file that it is made from now, and the one before."""

    table: str
    now: Path
    before: str


@dataclass(frozen=True)
class Renewed:
    """What came of it: which files took whose place, what is different, new values that were understood, the book."""

    path: Path
    taken: tuple[Taken, ...]
    faults: tuple[Fault, ...]
    learned: Mapping[str, str]
    unused: tuple[Path, ...]
    book: DealBook | None
    error: DataError | None = None

    def lines(self, words: Words) -> Iterator[str]:
        """What is different from the last export, a line each."""
        for one in self.taken:
            yield words.say("renewed.file", table=one.table, now=one.now.name, before=one.before)
        for value, outcome in self.learned.items():
            yield words.say("renewed.value", value=value, outcome=words.say(f"init.{outcome}"))
        yield from (words.fault(fault) for fault in self.faults)
        if self.unused:
            yield words.say("draft.unused_files", names=", ".join(path.name for path in self.unused))


def renewed(files: Sequence[Path], path: Path) -> Renewed:
    """The book of a kpikit.toml with newer files; the kpikit.toml is written anew where that opens.

    A file takes the place of one whose columns it has: of the same name first. New columns and new values of the column
    of ends are told; a value that no word explains is refused, with the line to write.

    Args:
        files: the newer export.
        path: the kpikit.toml with its owner's answers.

    Raises:
        UsageError: ``config_exists`` where it maps no tables, so that nothing could be renewed.
        DataError: the files cannot be read, or none has the columns that the answers are about.
    """
    said = path.read_text(encoding="utf-8")
    config = tomllib.loads(said)
    tables = {name: table for name, table in config.get("tables", {}).items() if "file" in table}
    if "deals" not in tables or "columns" not in tables["deals"]:
        raise UsageError("config_exists", path=str(path))
    raws = read_all([table for file in files for table in (archives.tables(file) or [file])])
    taken = tuple(_taken(tables, raws))
    if not any(one.table == "deals" for one in taken):
        raise DataError(_lacking(tables["deals"], raws))
    document = tomlkit.parse(said)
    for one in taken:
        document["tables"][one.table]["file"] = Path(os.path.relpath(one.now, path.parent)).as_posix()  # type: ignore[index]
        own = document["tables"][one.table].get("own", {})  # type: ignore[index, union-attr]
        for name in [n for n, said in own.items() if said.get("column", n) not in raws[one.now].frame.columns]:
            own.remove(name)  # a column of one's own that is gone is told, and no question stops for it
    deals = next(one for one in taken if one.table == "deals")
    learned, unknown = _new_values(tables["deals"], raws[deals.now])
    for value, outcome in learned.items():
        document["tables"]["deals"]["values"]["outcome"][value] = outcome  # type: ignore[index]
    faults = tuple(_changes(tables, taken, raws, path.parent))
    unused = tuple(file for file in files if file not in [one.now for one in taken])
    if unknown:
        return Renewed(path, taken, faults, learned, unused, None, DataError(unknown))
    try:
        book = from_config(tomllib.loads(tomlkit.dumps(document)), path.parent)
    except DataError as error:
        return Renewed(path, taken, faults, learned, unused, None, error)
    write_whole(path, tomlkit.dumps(document))
    return Renewed(path, taken, faults, learned, unused, book)


def _taken(tables: Mapping[str, Any], raws: Mapping[Path, RawTable]) -> Iterator[Taken]:
    """For each table the file that has its columns: of the same name first, else the one with the most rows."""
    free = list(raws)
    for name, table in tables.items():
        before = table["file"] if isinstance(table["file"], str) else " + ".join(table["file"])
        wanted = set(_wanted(table))
        fits = [file for file in free if wanted <= set(raws[file].frame.columns)]
        if not fits:
            continue
        best = max(fits, key=lambda file: (file.name == Path(before).name, raws[file].frame.height, file.name))
        free.remove(best)
        yield Taken(name, best, before)


def _wanted(table: Mapping[str, Any]) -> Iterator[str]:
    """The columns of a file that the answers are about."""
    for theirs in (*table.get("columns", {}).values(), *table.get("ends", {}).values()):
        if isinstance(theirs, Mapping):
            yield theirs["column"]
        else:
            yield from [theirs] if isinstance(theirs, str) else theirs


def _lacking(table: Mapping[str, Any], raws: Mapping[Path, RawTable]) -> list[Fault]:
    """The columns that the likeliest file lacks."""
    wanted = list(dict.fromkeys(_wanted(table)))
    nearest = min(raws.values(), key=lambda raw: len(set(wanted) - set(raw.frame.columns)))
    return [
        Fault("no_such_column", "deals", nearest.file, column=column)
        for column in wanted
        if column not in nearest.frame.columns
    ]


def _new_values(table: Mapping[str, Any], raw: RawTable) -> tuple[dict[str, str], list[Fault]]:
    """Values of the column of ends that the answers do not know: those that words explain, and the others as faults."""
    known = table.get("values", {}).get("outcome")
    column = table["columns"].get("outcome")
    if known is None or not isinstance(column, str) or "*" in known:
        return {}, []
    folded = {value.strip().casefold() for value in known}
    texts = raw.frame[column].cast(pl.String, strict=False).str.strip_chars()
    new = [v for v in texts.drop_nulls().unique(maintain_order=True) if v and v.casefold() not in folded]
    learned = {v: meaning(v) or "open" for v in new if meaning(v) or goes_on(v)}
    rows = {v: int(raw.frame.filter(texts == v)["_row"][0]) for v in new}
    faults = [
        Fault("value_unknown", "deals", raw.file, rows[v], column, v, int((texts == v).sum()))
        for v in new
        if v not in learned
    ]
    return learned, faults


def _changes(
    tables: Mapping[str, Any], taken: Sequence[Taken], raws: Mapping[Path, RawTable], folder: Path
) -> Iterator[Fault]:
    """What the export before has and this one lacks, where the one before is still there."""
    for one in taken:
        before = folder / one.before
        if not before.is_file() or before.resolve() == one.now.resolve():
            continue
        try:
            old = read_all([before])[before]
        except KpikitError:  # what cannot be read any more tells no difference
            continue
        yield from differences(old, raws[one.now], one.table, tables[one.table])
