"""What the files of an export leave open, asked one question at a time; what nobody answers stays open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from kpikit.errors import UsageError
from kpikit.reading import RawTable
from kpikit.sources.doubts import Doubt, Place, Reading
from kpikit.sources.ending import meant_by_words
from kpikit.sources.guess import Guess
from kpikit.sources.vocabulary import is_renewal, written

#: asks a question (a code, what the blanks hold, the guess) and gives the answer
Ask = Callable[[str, Mapping[str, Any], str], str]
#: no more questions than these are asked of one export, whatever it is like
MOST = 7
_VALUES: Place = ("tables", "deals", "values", "outcome")
_COLUMN: Place = ("tables", "deals", "columns", "outcome")
_ZONE: Place = ("settings", "time_zone")
_CURRENCY: Place = ("settings", "currency")
_YEAR: Place = ("settings", "fiscal_year_starts")
_PERSONS: Place = ("privacy", "persons")


@dataclass(frozen=True)
class Choices:
    """What is said of an export, by its owner or in her place: what won and lost are called, teams, and the settings.

    ``settled`` are values for a kpikit.toml by their place, which win over all else; ``open`` what nobody has answered,
    ``assumed`` the questions that were answered by a default.
    """

    won: tuple[str, ...]
    lost: tuple[str, ...]
    void: tuple[str, ...]
    team: tuple[str, str] | None
    currency: str | None
    fiscal_year_starts: int
    time_zone: str
    formats: Mapping[str, str]
    persons: str = "off"
    renewals: tuple[str, ...] = ()
    settled: Mapping[Place, Any] = field(default_factory=dict)
    open: tuple[Doubt, ...] = ()
    assumed: tuple[str, ...] = ()


class Questions:
    """The questions put to one person, or to nobody (``ask`` None: each is answered by its guess)."""

    def __init__(self, ask: Ask | None) -> None:
        self._ask = ask
        self.assumed: list[str] = []
        self.n = 0

    @property
    def is_silent(self) -> bool:
        """Does nobody answer (any more)?"""
        return self._ask is None or self.n >= MOST

    def put(self, code: str, blanks: Mapping[str, Any], guess: str, read: Callable[[str], Any]) -> Any:
        """An answer as it is read; asked once more where it cannot be, and then the guess is taken."""
        if self._ask is None or self.n >= MOST:
            self.assumed.append(code)
            return read(guess)
        self.n += 1
        for _ in range(2):
            answer = read(self._ask(code, blanks, guess).strip())
            if answer is not None:
                return answer
        return read(guess)


def asked(
    found: Guess, files: Mapping[Any, RawTable], ask: Ask | None, given: Mapping[Place, Any], *, all_of_it: bool = False
) -> Choices:
    """The questions that the files leave open, each with a guess, at most seven.

    Args:
        found: what the files are taken for.
        files: the files as they were read, for their columns.
        ask: puts a question to somebody; None: nobody is there, and what is doubtful stays so.
        given: what was settled beforehand, by its place in a kpikit.toml.
        all_of_it: the guess was looked at and is not right: also ask what the files seemed to answer.
    """
    questions = Questions(ask)
    settled, still = dict(given), []
    unexplained = []
    for doubt in found.doubts:
        if any(_is_said(place, given) for reading in doubt.readings for place in reading.settles):
            continue
        if doubt.code in ("ends_unexplained", "log_ends"):
            unexplained.append(doubt)
        elif (reading := _which(doubt, questions)) is not None:
            settled |= reading.settles
        else:
            still.append(doubt)
    ends = _ends(
        found, files, questions, settled, is_asked=bool(unexplained or found.log) or all_of_it or _by_values(found)
    )
    still += unexplained if questions.is_silent and ends.is_guessed else []
    settled |= ends.settled
    team = _team(found, files, questions, is_asked=all_of_it or len(found.team_choices) > 1)
    known = {place: given[place] for place in (_ZONE, _CURRENCY, _YEAR, _PERSONS) if place in given}
    currency = known.get(_CURRENCY, found.currency)
    if _CURRENCY not in known and (found.currency is None or all_of_it):
        currency = questions.put("currency", {}, found.currency or "", read_currency)
    zone = known.get(_ZONE) or questions.put("time_zone", {}, written(found.language).get("time_zone", "UTC"), _zone)
    year = known.get(_YEAR) or questions.put("fiscal_year_starts", {}, "1", _month)
    persons = known.get(_PERSONS) or questions.put("persons", {}, "n", {"n": "off", "y": "self", "j": "self"}.get)
    return Choices(
        won=ends.won,
        lost=ends.lost,
        void=tuple(v for v in ends.void if v not in (*ends.won, *ends.lost)),
        team=team,
        currency=currency or None,
        fiscal_year_starts=year,
        time_zone=zone,
        formats={},
        persons=persons,
        renewals=_renewals(found, questions),
        settled=settled,
        open=tuple(still),
        assumed=tuple(questions.assumed),
    )


def _is_said(place: Place, given: Mapping[Place, Any]) -> bool:
    """Does what is given stand at this place, or within it?"""
    return any(one[: len(place)] == place for one in given)


def _which(doubt: Doubt, questions: Questions) -> Reading | None:
    """The reading that somebody chose, by its number; None where nobody did."""
    if questions.is_silent:
        return None
    numbers = {str(i): reading for i, reading in enumerate(doubt.readings, start=1)}
    known: dict[str, Reading | bool] = {**numbers, "": False}
    chosen = questions.put("doubt", {"doubt": doubt, "n": len(numbers)}, "", known.get)
    return chosen if isinstance(chosen, Reading) else None


@dataclass(frozen=True)
class _Ends:
    won: tuple[str, ...]
    lost: tuple[str, ...]
    void: tuple[str, ...]
    is_guessed: bool = False
    settled: Mapping[Place, Any] = field(default_factory=dict)


def _by_values(found: Guess) -> bool:
    """Was the column of the end found by its values alone?"""
    return any(told.code == "ends_by_values" for told in found.told)


def _ends(
    found: Guess, files: Mapping[Any, RawTable], questions: Questions, settled: Mapping[Place, Any], *, is_asked: bool
) -> _Ends:
    """What won and lost are called; asked where the files do not say, and an answer may name another column."""
    outcomes = dict(found.outcomes) | _chosen(settled, found)
    meant = {outcome: tuple(v for v in outcomes if outcomes[v] == outcome) for outcome in ("won", "lost", "void")}
    if not outcomes or not is_asked or questions.is_silent:
        return _Ends(meant["won"], meant["lost"], meant["void"], is_guessed=True)
    deals = found.table("deals")
    column = (deals.columns or {}).get("outcome", "outcome") if deals else "outcome"
    column = found.log[1].activity if found.log else column
    frame = files[deals.file].frame if deals else pl.DataFrame()
    others = {c.casefold(): c for c in frame.columns if c != "_row"}

    def read(answer: str) -> Any:
        if answer.startswith("="):
            return others.get(answer[1:].strip().casefold())
        return several(answer, tuple(outcomes))

    settles: dict[Place, Any] = {}
    blanks = {"column": column, "values": ", ".join(outcomes)}
    won = questions.put("won", blanks, ", ".join(meant["won"]), read)
    if isinstance(won, str):  # another column, whose values are asked about instead
        column, outcomes = won, meant_by_words(frame, won)
        settles = {_COLUMN: column, _VALUES: dict(outcomes)}
        blanks = {"column": column, "values": ", ".join(outcomes)}
        guess = ", ".join(v for v in outcomes if outcomes[v] == "won")
        won = questions.put("won", blanks, guess, lambda answer: several(answer, tuple(outcomes)))
    guess = ", ".join(v for v in outcomes if outcomes[v] == "lost" and v not in won)
    lost = questions.put("lost", blanks, guess, lambda answer: several(answer, tuple(outcomes)))
    if settles:
        ends = {v: "won" if v in won else "lost" if v in lost else outcomes[v] for v in outcomes}
        settles[_VALUES] = {
            v: "open" if o in ("won", "lost") and v not in (*won, *lost) else o for v, o in ends.items()
        }
    return _Ends(tuple(won), tuple(lost), meant["void"], settled=settles)


def _chosen(settled: Mapping[Place, Any], found: Guess) -> dict[str, str]:
    """What was settled of the values of the column of ends."""
    whole = settled.get(_VALUES)
    single = {place[-1]: value for place, value in settled.items() if place[:-1] == _VALUES}
    return {v: o for v, o in (dict(whole) if whole else {} | single).items() if v in found.outcomes}


def _team(
    found: Guess, files: Mapping[Any, RawTable], questions: Questions, *, is_asked: bool
) -> tuple[str, str] | None:
    """Which column says the team: any of the deals' or people's columns may be named."""
    if not found.team_choices or not is_asked or (not found.values and found.table("deals") is None):
        return found.team
    columns = {
        column.casefold(): (table.name, column)
        for table in reversed(found.tables)
        if table.name in ("people", "deals") and table.columns is not None
        for column in files[table.file].frame.columns
        if column != "_row"
    }
    columns |= {column.casefold(): (table, column) for table, column in reversed(found.team_choices)}
    known: dict[str, Any] = {answer: [place] for answer, place in columns.items()} | {"-": [None], "": [None]}
    blanks = {"choices": ", ".join(column for _, column in found.team_choices)}
    answer = questions.put("team", blanks, found.team[1] if found.team else "", lambda a: known.get(a.casefold()))
    return answer[0] if answer else found.team


def _renewals(found: Guess, questions: Questions) -> tuple[str, ...]:
    """Which pipelines hold renewals: asked where there are several and no column says what kind of deal it is."""
    deals = found.table("deals")
    columns = (deals.columns or {}) if deals else {}
    if len(found.pipelines) < 2 or "pipeline" not in columns or "deal_type" in columns:
        return ()
    guess = ", ".join(p for p in found.pipelines if is_renewal(p))
    blanks = {"pipelines": ", ".join(found.pipelines)}
    return tuple(questions.put("renewals", blanks, guess, lambda answer: several(answer, found.pipelines)))


def read_currency(answer: str) -> str | None:
    """Three letters, or nothing."""
    code = answer.upper().strip("-")
    return code if code == "" or (len(code) == 3 and code.isascii() and code.isalpha()) else None


def _zone(answer: str) -> str | None:
    from kpikit.book.settings import Settings

    try:
        return Settings(time_zone=answer).time_zone
    except UsageError:
        return None


def _month(answer: str) -> int | None:
    return int(answer) if answer.isdecimal() and 1 <= int(answer) <= 12 else None


def several(answer: str, values: Sequence[str]) -> list[str] | None:
    """The values that an answer names, separated by commas; a value may hold a comma itself. None: it names others."""
    if answer in ("", "-"):
        return []
    named, *known = ["," + ",".join(p.strip() for p in text.casefold().split(",")) + "," for text in (answer, *values)]
    return [value for value, its in zip(values, known, strict=True) if its in named] or None
