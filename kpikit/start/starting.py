"""``kpikit init``: from the files of an export to a kpikit.toml, with at most five questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.book import DealBook
from kpikit.book.opening import CONFIG, from_config
from kpikit.calendar import Period
from kpikit.errors import DataError, UsageError
from kpikit.files import write_whole
from kpikit.reading import RawTable, read_all
from kpikit.sources.guess import Guess, guess
from kpikit.sources.vocabulary import written
from kpikit.start.draft import Choices, config, text
from kpikit.words import Words

#: asks a question (a code, what the blanks hold, the guess) and gives the answer
Ask = Callable[[str, Mapping[str, Any], str], str]
#: what two rules of the reader need to be told: the setting, which is the question too
_TO_SETTLE = {"day_month_ambiguous": "date_order", "decimal_ambiguous": "decimal"}
_ANSWERS = {"date_order": ("dmy", "mdy"), "decimal": (",", ".")}
_SHOWN = ("deal_id", "created_at", "stage", "outcome", "outcome_at", "amount", "currency", "team")


@dataclass(frozen=True)
class Start:
    """What came of it: the file that was written, the book that it opens (None: it does not yet) and its faults."""

    path: Path
    guess: Guess
    book: DealBook | None
    error: DataError | None = None

    @property
    def period(self) -> str:
        """The last whole quarter of the book, as a report's ``--period``."""
        if self.book is None:
            return ""
        as_of = self.book.as_of + timedelta(days=1)  # the last day of a quarter makes it whole
        last = (as_of.year * 4 + (as_of.month - 1) // 3) - 1
        return Period.parse(f"{last // 4}Q{last % 4 + 1}").name


def start(files: Sequence[Path], out: Path, ask: Ask, words: Words) -> Start:
    """Guess what the files mean, ask what cannot be guessed, and write a kpikit.toml.

    Raises:
        UsageError: there is one already, or no such file.
        DataError: the files cannot be read, or none of them lists deals; all faults at once.
    """
    path = out / CONFIG
    if path.exists():
        raise UsageError("config_exists", path=str(path))
    found = guess(_read(files))
    choices = _asked(found, ask)
    out.mkdir(parents=True, exist_ok=True)
    book, error, choices = _open(found, choices, out, ask)
    write_whole(path, text(found, config(found, choices, out), words))
    return Start(path, found, book, error)


def _read(files: Sequence[Path]) -> dict[Path, RawTable]:
    """Every file that holds a table; an empty one beside others says nothing."""
    try:
        return read_all(files)
    except DataError as error:
        empty = {fault.file for fault in error.faults if fault.rule == "empty_file"}
        rest = [file for file in files if file.name not in empty]
        if not rest or len(empty) < len({fault.file for fault in error.faults}):
            raise
        return read_all(rest)


def _asked(found: Guess, ask: Ask) -> Choices:
    """The five questions, each with a guess; what the file says in kpikit's own words is not asked."""
    meant = {outcome: [v for v in found.values if found.outcomes[v] == outcome] for outcome in ("won", "lost", "void")}
    deals = found.table("deals")
    column = (deals.columns or {}).get("outcome", "outcome") if deals else "outcome"
    won, lost = meant["won"], meant["lost"]
    if found.values:
        blanks = {"column": column, "values": ", ".join(found.values)}
        won, lost = (
            _understood(ask, name, blanks, ", ".join(meant[name]), lambda answer: _several(answer, found.values))
            for name in ("won", "lost")
        )
    team = found.team
    if found.values and found.team_choices:
        choices = {column.casefold(): (table, column) for table, column in reversed(found.team_choices)}
        none: dict[str, tuple[str, str] | None] = {"-": None, "": None}
        known = {**choices, **none}
        blanks = {"choices": ", ".join(c for _, c in found.team_choices)}
        team = _understood(
            ask,
            "team",
            blanks,
            team[1] if team else "",
            lambda a: [known[a.casefold()]] if a.casefold() in known else None,
        )[0]
    currency = _understood(ask, "currency", {}, found.currency or "", _currency)
    month = _understood(ask, "fiscal_year_starts", {}, "1", _month)
    return Choices(
        won=tuple(won),
        lost=tuple(lost),
        void=tuple(v for v in meant["void"] if v not in (*won, *lost)),
        team=team,
        currency=currency or None,
        fiscal_year_starts=month,
        time_zone=written(found.language).get("time_zone", "UTC"),
        formats={},
    )


def _understood(ask: Ask, question: str, blanks: Mapping[str, Any], guess: str, read: Callable[[str], Any]) -> Any:
    """An answer as it is read; asked once more where it cannot be, and then the guess is taken."""
    for _ in range(2):
        answer = read(ask(question, blanks, guess).strip())
        if answer is not None:
            return answer
    return read(guess)


def _currency(answer: str) -> str | None:
    """Three letters, or nothing."""
    code = answer.upper().strip("-")
    return code if code == "" or (len(code) == 3 and code.isascii() and code.isalpha()) else None


def _month(answer: str) -> int | None:
    return int(answer) if answer.isdecimal() and 1 <= int(answer) <= 12 else None


def _several(answer: str, values: Sequence[str]) -> list[str] | None:
    """The values that an answer names, separated by commas; a value may hold a comma itself. None: it names others."""
    if answer in ("", "-"):
        return []
    named, *known = ["," + ",".join(p.strip() for p in text.casefold().split(",")) + "," for text in (answer, *values)]
    return [value for value, its in zip(values, known, strict=True) if its in named] or None


def _open(found: Guess, choices: Choices, out: Path, ask: Ask) -> tuple[DealBook | None, DataError | None, Choices]:
    """The book of these choices; what the reader cannot settle by itself is asked, once each."""
    while True:
        try:
            return from_config(config(found, choices, out), out), None, choices
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
            answer = _understood(ask, setting, blanks, written(found.language).get(setting, ""), read)
            if not answer:
                return None, error, choices
            choices = replace(choices, formats={**choices.formats, setting: answer})


def three_rows(book: DealBook) -> list[tuple[str, ...]]:
    """The first three deals as they were understood: a heading, then the rows."""
    deals = book.tables["deals"].lazy().head(3).collect()
    zone = book.settings.time_zone
    known = [name for name in _SHOWN if deals[name].null_count() < deals.height]
    days = [name for name in known if name.endswith("_at")]
    shown = deals.with_columns(
        pl.col(days).dt.convert_time_zone(zone).dt.date(), pl.col("amount").cast(pl.String).str.strip_suffix(".0")
    ).select(pl.col(known).cast(pl.String))
    return [tuple(shown.columns), *(tuple(cell or "" for cell in row) for row in shown.iter_rows())]
