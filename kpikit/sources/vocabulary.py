"""The words that exports use: names of columns by table, values that end a deal, how a language writes things."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

from kpikit.crms import common, crms

Names = Mapping[str, tuple[str, ...]]


def _parts() -> Iterator[Mapping[str, Any]]:
    """The parts of what no CRM owns."""
    return (part for part in common().values() if isinstance(part, Mapping))


@cache
def sources() -> tuple[Mapping[str, Names], ...]:
    """Whose words there are: what no CRM owns, then each CRM's; table → column → its names in plain letters."""
    given = [*(part.get("columns", {}) for part in _parts()), *(crm.columns for crm in crms().values())]
    return tuple({table: _plain(columns) for table, columns in one.items()} for one in given)


def named(headers: Collection[str], table: str) -> dict[str, str]:
    """The header for each of a table's columns, by name alone.

    Who knows most of these columns is asked first, so that a CRM's own names win in its own export.
    """
    theirs = {}
    for header in reversed([h for h in headers if h != "_row"]):
        theirs[letters(header)] = header
    answers = [
        {
            ours: theirs[next(n for n in names if n in theirs)]
            for ours, names in source.get(table, {}).items()
            if any(n in theirs for n in names)
        }
        for source in sources()
    ]
    found: dict[str, str] = {}
    for answer in sorted(answers, key=len, reverse=True):
        found = answer | found
    return found


def end_times(headers: Collection[str]) -> list[str]:
    """The headers for the time of a win and of a loss, where a CRM keeps them apart."""
    theirs = {letters(header): header for header in headers}
    known = dict.fromkeys(letters(name) for crm in crms().values() for name in crm.end_times)
    return [theirs[name] for name in known if name in theirs]


def meanings(header: str, table: str) -> tuple[str, ...]:
    """The columns of a table that a name may be, in any of the sources; the best first.

    >>> meanings("dealstage", "deals")
    ('stage',)
    """
    plain = letters(header)
    found = [ours for source in sources() for ours, names in source.get(table, {}).items() if plain in names]
    return tuple(dict.fromkeys(found))


@cache
def log_words(key: str) -> tuple[str, ...]:
    """What histories call a column that is no table's (``from``, ``field``, ``entered``, …); CRMs' own names first."""
    given = [*(crm.log for crm in crms().values()), *(part.get("log", {}) for part in _parts())]
    return tuple(dict.fromkeys(name for one in given for name in one.get(key, ())))


def histories() -> tuple[str, ...]:
    """The shapes of a stage history that may be met, by name."""
    shapes = [*(shape for crm in crms().values() for shape in crm.history), *common()["history"]]
    return tuple(dict.fromkeys(shapes))


@cache
def ends() -> Mapping[str, frozenset[str]]:
    """Won, lost and void → the values that say so, in plain letters."""
    given = [*(crm.ends for crm in crms().values()), *(part.get("ends", {}) for part in _parts())]
    return {
        outcome: frozenset(letters(value) for one in given for value in one.get(outcome, ()))
        for outcome in ("won", "lost", "void")
    }


@cache
def _alone() -> Mapping[str, frozenset[str]]:
    """Won and lost → words that say so among other words too; ``not``: unless one of these stands beside them."""
    given = [part["ends"]["alone"] for part in _parts() if "alone" in part.get("ends", {})]
    return {key: frozenset(word for one in given for word in one.get(key, ())) for key in ("won", "lost", "not")}


def language_of(headers: Collection[str]) -> str | None:
    """The language whose own words stand among the headers; None where none is told by them."""
    plain = {letters(header) for header in headers}
    told = ((name, part["written"]["told_by"]) for name, part in common().items() if "written" in part)
    return next((name for name, words in told if plain & set(map(letters, words))), None)


def written(language: str | None) -> Mapping[str, str]:
    """How files in a language write days and numbers: ``time_zone, date_order, decimal``; empty if unknown."""
    return common().get(language or "", {}).get("written", {})


def letters(text: str) -> str:
    """A name as its letters and digits, without case and accents: ``Deal - Value`` is ``dealvalue``."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def meaning(value: str) -> str | None:
    """What a status or stage says of a deal: won, lost, void; None if it may be anything."""
    plain = letters(value)
    exact = next((outcome for outcome, known in ends().items() if plain in known), None)
    if exact is not None:
        return exact
    parts, alone = {letters(part) for part in value.replace("-", " ").replace("_", " ").split()}, _alone()
    found = [outcome for outcome in ("won", "lost") if parts & alone[outcome] and not parts & alone["not"]]
    return found[0] if len(found) == 1 and len(parts) <= 4 else None


def _plain(columns: Names) -> dict[str, tuple[str, ...]]:
    return {column: tuple(dict.fromkeys(map(letters, names))) for column, names in columns.items()}
