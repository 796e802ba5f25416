"""The words that exports use: names of columns by table, values that end a deal, how a language writes things."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from kpikit.crms import common, crms

#: what connectors put before a CRM's own names
_PREFIX = re.compile(r"^propert(?:y|ies)_+")
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
        theirs.setdefault(letters(_PREFIX.sub("", header)), header)
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
    given = [*(crm.end_times for crm in crms().values()), *(part.get("end_times", ()) for part in _parts())]
    known = dict.fromkeys(letters(name) for names in given for name in names)
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
    """Words that say it among other words too; ``not`` and ``wait``: unless one of these stands beside them."""
    given = [part["ends"]["alone"] for part in _parts() if "alone" in part.get("ends", {})]
    return {
        key: frozenset(word for one in given for word in one.get(key, ())) for key in ("won", "lost", "not", "wait")
    }


@cache
def _going_on() -> frozenset[str]:
    """Values that say that a deal goes on, in plain letters."""
    return frozenset(letters(word) for part in _parts() for word in part.get("ends", {}).get("open", ()))


def flags(headers: Collection[str]) -> dict[str, str]:
    """The headers of yes-or-no columns for ``won, lost, closed``, by name alone."""
    given = [*(crm.flags for crm in crms().values()), *(part.get("flags", {}) for part in _parts())]
    theirs = {letters(header): header for header in reversed(list(headers))}
    found = {}
    for key in ("won", "lost", "closed"):
        known = (letters(name) for one in given for name in one.get(key, ()))
        header = next((theirs[name] for name in known if name in theirs), None)
        if header is not None:
            found[key] = header
    return found


@cache
def _money() -> Mapping[str, str]:
    """Names of columns of money in plain letters → what kind of money it is."""
    parts = [part["money"] for part in _parts() if "money" in part]
    return {letters(name): kind for part in parts for kind, names in part.items() for name in names}


def money(header: str) -> str | None:
    """What kind of money a column holds by its name: worth, year, month, converted, reckoned; None if none."""
    return _money().get(letters(header))


def speaks_of_money(header: str) -> bool:
    """Is one of a heading's words what a deal's worth is called (``Amount (x 1000)``)?"""
    return any(_money().get(word) == "worth" for word in _words(header))


def is_in_thousands(header: str) -> bool:
    """Does a heading say that thousands or millions stand below it?

    >>> is_in_thousands("Amount (k€)"), is_in_thousands("Amount")
    (True, False)
    """
    scales = [name for part in _parts() for name in part.get("scales", ())]
    return bool(set(_words(header)) & {letters(name) for name in scales})


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
    """What a status or stage says of a deal: won, lost, void; None if it may be anything.

    >>> meaning("Closed Lost - Went with Competitor"), meaning("Nurture - lost for now")
    ('lost', None)
    """
    plain = letters(value)
    exact = next((outcome for outcome, known in ends().items() if plain in known), None)
    if exact is not None:
        return exact
    parts, alone = _words(value), _alone()
    if set(parts) & (alone["not"] | alone["wait"]):
        return None
    said = {outcome for outcome in ("won", "lost") if set(parts) & alone[outcome]}
    if len(said) != 1:
        return None
    outcome = said.pop()
    stands_out = {parts[0], parts[-1]} & alone[outcome] or len(parts) <= 4
    paired = any(one + other in ends()[outcome] for one, other in pairwise(parts))
    return outcome if stands_out or paired else None


def is_plain_end(value: str) -> bool:
    """Is a value one of the words of an end, with nothing beside it?"""
    return any(letters(value) in known for known in ends().values())


def is_unsure(value: str) -> bool:
    """Does a value hold a word of an end, and yet does not say that it is one (``Nurture - lost for now``)?"""
    parts, alone = set(_words(value)), _alone()
    return meaning(value) is None and bool(parts & (alone["won"] | alone["lost"])) and not parts & alone["not"]


def goes_on(value: str) -> bool:
    """Does a value say by its words that a deal goes on?"""
    plain = letters(value).lstrip("0123456789")
    return plain in _going_on()


@cache
def _renewing() -> tuple[str, ...]:
    return tuple(letters(word) for part in _parts() for word in part.get("renewals", ()))


def is_renewal(name: str) -> bool:
    """Does a pipeline's name say that contracts are renewed in it?"""
    return any(word in letters(name) for word in _renewing())


def _words(value: str) -> list[str]:
    """The words of a value in plain letters."""
    apart = "".join(c if c.isalnum() else " " for c in value)
    return [letters(word) for word in apart.split()] or [""]


def _plain(columns: Names) -> dict[str, tuple[str, ...]]:
    return {column: tuple(dict.fromkeys(map(letters, names))) for column, names in columns.items()}
