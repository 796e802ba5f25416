"""``kpikit init``: from the files of an export to a kpikit.toml: what was understood, and what must be asked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.book import DealBook
from kpikit.book.opening import CONFIG, from_config
from kpikit.calendar import Period
from kpikit.errors import DataError, Fault, UsageError
from kpikit.files import write_whole
from kpikit.reading import RawTable, archives, read_all
from kpikit.sources.doubts import Doubt, Place, Reading
from kpikit.sources.guess import Guess, guess
from kpikit.sources.vocabulary import written
from kpikit.start.asking import Ask, Choices, Questions, asked
from kpikit.start.draft import config, text
from kpikit.words import Words

#: what two rules of the reader need to be told: the setting, which is the question too
_TO_SETTLE = {"day_month_ambiguous": "date_order", "decimal_ambiguous": "decimal"}
_ANSWERS = {"date_order": ("dmy", "mdy"), "decimal": (",", ".")}
#: rules that say that cells could not be read, and the share of a column's cells from which nobody can overlook it
_UNREAD = ("unreadable_number", "unreadable_date", "unreadable_yes_no")
_MOST_UNREAD = 0.2


@dataclass(frozen=True)
class Start:
    """What came of it: the files, what they are taken for, what was chosen, the book (None: none yet) and its faults.

    ``path`` is where the kpikit.toml stands or will.
    """

    path: Path
    files: Mapping[Path, RawTable]
    guess: Guess
    choices: Choices
    book: DealBook | None
    error: DataError | None = None

    @property
    def is_clear(self) -> bool:
        """Is nothing left open?"""
        return not self.choices.open and self.book is not None

    @property
    def period(self) -> str:
        """The last whole quarter of the book, as a report's ``--period``."""
        if self.book is None or not self.book.is_dated:
            return ""
        as_of = self.book.as_of + timedelta(days=1)  # the last day of a quarter makes it whole
        last = (as_of.year * 4 + (as_of.month - 1) // 3) - 1
        begun = self.book.tables["deals"].lazy().select(pl.col("created_at").min()).collect().item()
        if begun is not None and begun <= as_of:  # of a book of less than a quarter, the one that it is in
            last = max(last, begun.year * 4 + (begun.month - 1) // 3)
        return Period.parse(f"{last // 4}Q{last % 4 + 1}").name


def start(files: Sequence[Path], out: Path, ask: Ask | None, words: Words) -> Start:
    """Guess what the files mean, ask what they leave open, and write a kpikit.toml.

    Args:
        files: the files of an export.
        out: the folder for the kpikit.toml.
        ask: puts a question to somebody; None: nobody is there, and what is doubtful is written down as undecided.
        words: the language of its comments.

    Raises:
        UsageError: there is one already, or no such file.
        DataError: the files cannot be read, or none of them lists deals; all faults at once.
    """
    made = understand(files, out, ask)
    keep(made, words)
    return made


def understand(files: Sequence[Path], out: Path, ask: Ask | None, given: Mapping[Place, Any] | None = None) -> Start:
    """What the files are taken for, and the book that comes of it; nothing is written."""
    path = out / CONFIG
    if path.exists() and not is_undecided(path):
        raise UsageError("config_exists", path=str(path))
    raws = _read(files)
    return _understood(Start(path, raws, guess(raws), _NOTHING, None), ask, given or {})


def is_undecided(path: Path) -> bool:
    """Is this a kpikit.toml that init wrote with questions left open? Then the next one begins anew."""
    try:
        return bool(tomllib.loads(path.read_text(encoding="utf-8")).get("undecided"))
    except (OSError, ValueError, RecursionError):
        return False


def once_more(made: Start, ask: Ask, given: Mapping[Place, Any] | None = None) -> Start:
    """The same files again, where what was understood is not right: everything is asked."""
    return _understood(made, ask, given or {}, all_of_it=True)


def keep(made: Start, words: Words) -> None:
    """Write the kpikit.toml."""
    made.path.parent.mkdir(parents=True, exist_ok=True)
    out = made.path.parent
    write_whole(made.path, text(made.guess, config(made.guess, made.choices, out), words, made.choices.open))


_NOTHING = Choices((), (), (), None, None, 1, "UTC", {})


def _understood(made: Start, ask: Ask | None, given: Mapping[Place, Any], *, all_of_it: bool = False) -> Start:
    choices = asked(made.guess, made.files, ask, given, all_of_it=all_of_it)
    book, error, choices = _open(made.guess, choices, ask)
    if book is not None:
        choices = replace(choices, open=(*choices.open, *_unread(book, given), *_backwards(book, made.guess, given)))
    return replace(made, choices=choices, book=book, error=error)


def _read(given: Sequence[Path]) -> dict[Path, RawTable]:
    """Every file that holds a table, also within an archive; an empty one beside others says nothing."""
    files = [table for file in given for table in (archives.tables(file) or [file])]
    try:
        return read_all(files)
    except DataError as error:
        empty = {fault.file for fault in error.faults if fault.rule == "empty_file"}
        rest = [file for file in files if file.name not in empty]
        if not rest or len(empty) < len({fault.file for fault in error.faults}):
            raise
        return read_all(rest)


def _open(found: Guess, choices: Choices, ask: Ask | None) -> tuple[DealBook | None, DataError | None, Choices]:
    """The book of these choices; what the reader cannot settle by itself is asked, once each."""
    questions, here = Questions(ask), Path.cwd()  # the folder of the kpikit.toml may not be there yet
    while True:
        try:
            return from_config(config(found, choices, here), here), None, choices
        except DataError as error:
            open_points = [
                (fault, _TO_SETTLE[fault.rule])
                for fault in error.faults
                if fault.rule in _TO_SETTLE and _TO_SETTLE[fault.rule] not in choices.formats
            ]
            if not open_points:
                return None, error, choices
            fault, setting = open_points[0]
            blanks = {"column": fault.column, "value": fault.value}
            allowed = ("", *_ANSWERS[setting])
            read = {one: one for one in allowed}.get
            answer = questions.put(setting, blanks, written(found.language).get(setting, ""), read)
            if not answer:
                return None, error, choices
            choices = replace(choices, formats={**choices.formats, setting: answer})


def _unread(book: DealBook, given: Mapping[Place, Any]) -> Iterator[Doubt]:
    """Columns of deals of which so many cells could not be read that nothing can be said of them."""
    n = book.tables["deals"].lazy().collect().height
    counted: dict[str, tuple[int, Fault]] = {}
    for fault in book.faults:
        if fault.rule in _UNREAD and fault.table == "deals" and fault.column:
            before = counted.get(fault.column, (0, fault))
            counted[fault.column] = (before[0] + fault.n, before[1])
    for column, (k, fault) in counted.items():
        ours = column.rpartition("(")[2].rstrip(")") if column.endswith(")") else column
        place = ("tables", "deals", "columns", ours)
        if k > _MOST_UNREAD * n and place not in given:
            values = {"column": column, "k": k, "n": n, "value": fault.value, "row": fault.row}
            yield Doubt("cells_unread", values, (Reading({place: None}, {"column": column}),))


def _backwards(book: DealBook, found: Guess, given: Mapping[Place, Any]) -> Iterator[Doubt]:
    """Most deals that ended did so before they began: the two columns stand for each other."""
    deals = book.tables["deals"].lazy().select("created_at", "outcome_at").collect().drop_nulls()
    k = sum(fault.n for fault in book.faults if fault.rule == "outcome_before_created")
    table = found.table("deals")
    columns = dict(table.columns or {}) if table else {}
    places = {ours: ("tables", "deals", "columns", ours) for ours in ("created_at", "outcome_at")}
    if 2 * k <= deals.height or not set(places) <= set(columns) or set(places.values()) & set(given):
        return
    settles = {places["created_at"]: columns["outcome_at"], places["outcome_at"]: columns["created_at"]}
    values = {"begun": columns["created_at"], "ended": columns["outcome_at"], "k": k, "n": deals.height}
    yield Doubt("days_backwards", values, (Reading(settles, values),))
