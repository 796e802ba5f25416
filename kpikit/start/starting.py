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
from kpikit.reading import read_all
from kpikit.sources.guess import Guess, guess
from kpikit.start.draft import Choices, config, text
from kpikit.words import Words

#: asks a question (a code, what the blanks hold, the guess) and gives the answer
Ask = Callable[[str, Mapping[str, Any], str], str]
#: what two rules of the reader need to be told: the setting, the question, and the answer of a Dutch or ``;`` export
_TO_SETTLE = {"day_month_ambiguous": ("date_order", "dmy"), "decimal_ambiguous": ("decimal", ",")}
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
    found = guess(read_all(files))
    choices = _asked(found, ask)
    out.mkdir(parents=True, exist_ok=True)
    book, error, choices = _open(found, choices, out, ask)
    partial = path.with_name(f".{CONFIG}.part")
    partial.write_text(text(found, config(found, choices, out), words), encoding="utf-8")
    partial.replace(path)
    return Start(path, found, book, error)


def _asked(found: Guess, ask: Ask) -> Choices:
    """The five questions, each with a guess; what the file says in kpikit's own words is not asked."""
    meant = {outcome: [v for v in found.values if found.outcomes[v] == outcome] for outcome in ("won", "lost", "void")}
    deals = found.table("deals")
    column = (deals.columns or {}).get("outcome", "outcome") if deals else "outcome"
    won, lost = meant["won"], meant["lost"]
    if found.values:
        blanks = {"column": column, "values": ", ".join(found.values)}
        won = _several(ask("won", blanks, ", ".join(won)), found.values)
        lost = _several(ask("lost", blanks, ", ".join(lost)), found.values)
    team = found.team
    if found.values and found.team_choices:
        answer = ask("team", {"choices": ", ".join(c for _, c in found.team_choices)}, team[1] if team else "")
        team = next((choice for choice in found.team_choices if choice[1] == answer), None)
    currency = ask("currency", {}, found.currency or "").upper().strip("-") or None
    month = ask("fiscal_year_starts", {}, "1")
    return Choices(
        won=tuple(won),
        lost=tuple(lost),
        void=tuple(v for v in meant["void"] if v not in (*won, *lost)),
        team=team,
        currency=currency,
        fiscal_year_starts=int(month) if month.isdigit() and 1 <= int(month) <= 12 else 1,
        time_zone="Europe/Amsterdam" if found.is_dutch else "UTC",
        formats={},
    )


def _several(answer: str, values: Sequence[str]) -> list[str]:
    """The values that an answer names, separated by commas; a value may hold a comma itself."""
    named, *known = ["," + ",".join(p.strip() for p in text.casefold().split(",")) + "," for text in (answer, *values)]
    return [value for value, its in zip(values, known, strict=True) if its in named]


def _open(found: Guess, choices: Choices, out: Path, ask: Ask) -> tuple[DealBook | None, DataError | None, Choices]:
    """The book of these choices; what the reader cannot settle by itself is asked, once each."""
    while True:
        try:
            return from_config(config(found, choices, out), out), None, choices
        except DataError as error:
            open_points = [
                (fault, *_TO_SETTLE[fault.rule])
                for fault in error.faults
                if fault.rule in _TO_SETTLE and _TO_SETTLE[fault.rule][0] not in choices.formats
            ]
            if not open_points:
                return None, error, choices
            fault, setting, usual = open_points[0]
            answer = ask(setting, {"column": fault.column, "value": fault.value}, usual if found.is_dutch else "")
            if not answer:
                return None, error, choices
            choices = replace(choices, formats={**choices.formats, setting: answer})


def three_rows(book: DealBook) -> list[tuple[str, ...]]:
    """The first three deals as they were understood: a heading, then the rows."""
    deals = book.tables["deals"].lazy().head(3).collect()
    zone = book.settings.time_zone
    known = [name for name in _SHOWN if deals[name].null_count() < deals.height]
    days = [name for name in known if name.endswith("_at")]
    shown = deals.with_columns(pl.col(days).dt.convert_time_zone(zone).dt.date()).select(pl.col(known).cast(pl.String))
    return [
        tuple(shown.columns),
        *(tuple((cell or "").removesuffix(".0") for cell in row) for row in shown.iter_rows()),
    ]
