"""A guess and some answers → a kpikit.toml with comments."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kpikit.book.own_fields import own_name
from kpikit.sources.doubts import Doubt, Place, Reading
from kpikit.sources.event_logs import LogFound
from kpikit.sources.guess import Guess, TableGuess
from kpikit.start.asking import Choices
from kpikit.words import Words

#: what stands in a part of its own under a table
_PARTS = ("ends", "columns", "constants", "values", "own")


def config(guess: Guess, choices: Choices, folder: Path) -> dict[str, Any]:
    """The mapping as the tables of a kpikit.toml in ``folder``."""
    settings: dict[str, Any] = {"time_zone": choices.time_zone, "fiscal_year_starts": choices.fiscal_year_starts}
    if choices.currency:
        settings["currency"] = choices.currency
    tables = {table.name: _table(table, guess, choices, folder) for table in guess.tables if _is_kept(table, choices)}
    if guess.orders:
        ends = {"won": list(choices.won), "lost": list(choices.lost)}
        tables["stages"] = {"pipelines": {name: list(order) for name, order in guess.orders.items()}, **ends}
    elif guess.order:
        tables["stages"] = {
            "pipeline": guess.pipelines[0] if len(guess.pipelines) == 1 else list(guess.pipelines),
            "order": list(guess.order),
            "won": list(choices.won),
            "lost": list(choices.lost),
        }
    privacy = {"persons": choices.persons}
    if guess.log is not None:
        tables.pop("stages", None)
    log = _log(*guess.log, choices, folder) if guess.log is not None else {}
    made = {
        "event_log": log,
        "settings": settings,
        "privacy": privacy,
        "formats": dict(choices.formats),
        "tables": tables,
    }
    for place, value in choices.settled.items():
        _put(made, place, value)
    if "ends" in tables.get("deals", {}):  # one place says how a deal ended
        for part in ("columns", "values"):
            tables["deals"].get(part, {}).pop("outcome", None)
    return {name: part for name, part in made.items() if part}


def _log(file: Path, found: LogFound, choices: Choices, folder: Path) -> dict[str, Any]:
    """An event log: what ends a case, and all else as the stages in the order in which cases pass them."""
    ends = {"won": choices.won, "lost": choices.lost, "void": choices.void}
    ended = {name for names in ends.values() for name in names}
    stages = [*found.order, *(name for name in found.activities if name not in found.order)]
    made: dict[str, Any] = {"file": Path(os.path.relpath(file, folder)).as_posix()}
    made |= {"case": found.case, "activity": found.activity, "time": found.time}
    made |= {"stages": [name for name in stages if name not in ended]}
    made |= {name: list(names) for name, names in ends.items() if names}
    if found.lifecycle and {"start", "complete"} & {phase.casefold() for phase in found.phases}:
        made["lifecycle"] = found.lifecycle
    if found.attributes:
        made["attributes"] = dict(found.attributes)
    return made


def _put(made: dict[str, Any], place: Place, value: Any) -> None:
    """Set a value at its place, or take away what stands there (None)."""
    *way, last = place
    part = made
    for name in way:
        part = part.setdefault(name, {})
    if value is None:
        part.pop(last, None)
    else:
        part[last] = value


def lines_of(reading: Reading) -> str:
    """The lines of a kpikit.toml that settle a doubt this way: ``[tables.deals.columns] amount = "ARR"``."""
    parts = []
    for place, value in reading.settles.items():
        *way, last = place
        table = ".".join(map(_key, way))
        parts.append(
            f"[{table}] {_key(last)} = {_value(value)}" if value is not None else f"[{table}] # {_plain(last)}"
        )
    return "; ".join(parts)


def asked_about(doubt: Doubt, words: Words) -> str:
    """A doubt as a question, with what each reading would write."""
    question = words.say(f"doubt.{doubt.code}", **doubt.values)
    ways = [f"{i}. {told_as(doubt, one, words)}" for i, one in enumerate(doubt.readings, start=1)]
    return "\n".join([question, *ways])


def told_as(doubt: Doubt, reading: Reading, words: Words) -> str:
    """One reading of a doubt in words, and the line that makes it so."""
    return f"{words.say(f'reading.{doubt.code}', **reading.values)} → {lines_of(reading)}"


def _is_kept(table: TableGuess, choices: Choices) -> bool:
    """People are of use only where they say the team."""
    return table.name != "people" or choices.team is None or choices.team[0] == "people" or table.columns is None


def _table(table: TableGuess, guess: Guess, choices: Choices, folder: Path) -> dict[str, Any]:
    files = [Path(os.path.relpath(file, folder)).as_posix() for file in (table.file, *table.more)]
    made: dict[str, Any] = {"file": files if table.more else files[0], **table.grammar}
    if "made_from" in made:
        del made["file"]
    if table.columns is None:
        return made
    columns = dict(table.columns)
    meanings: dict[str, dict[str, str]] = {}
    if choices.team is not None and choices.team[0] == table.name:
        columns["team"] = choices.team[1]
    elif table.name == "deals":
        columns.pop("team", None)
    if table.name == "deals":
        meanings = _meanings(guess, choices, columns)
    if columns:
        made["columns"] = columns
    if table.constants:
        made["constants"] = dict(table.constants)
    if meanings:
        made["values"] = meanings
    if table.own:
        made["own"] = _own(table.own)
    return made


def _own(headers: Iterable[str]) -> dict[str, dict[str, str]]:
    """Own fields by a name made from their heading; that they are known with the end is all that a file tells."""
    own: dict[str, dict[str, str]] = {}
    for header in headers:
        own[own_name(header, list(own))] = {"column": header, "known": "end"}
    return own


def _meanings(guess: Guess, choices: Choices, columns: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What the values of the deals' columns mean: ends, and which pipelines hold renewals."""
    meanings = {}
    if guess.values:
        ends = {"won": choices.won, "lost": choices.lost, "void": choices.void}
        known = {value: outcome for outcome, values in ends.items() for value in values}
        meanings["outcome"] = {value: known.get(value, "open") for value in guess.values}
    if choices.renewals:
        columns["deal_type"] = columns["pipeline"]
        meanings["deal_type"] = {p: "renewal" if p in choices.renewals else "new" for p in guess.pipelines}
    return meanings


def text(guess: Guess, made: Mapping[str, Any], words: Words, doubts: Iterable[Doubt] = ()) -> str:
    """The kpikit.toml as text, with comments in the reader's language; it does not open while doubts stand in it."""
    return "\n".join(_lines(guess, made, words, tuple(doubts))) + "\n"


def _lines(guess: Guess, made: Mapping[str, Any], words: Words, doubts: tuple[Doubt, ...]) -> Iterator[str]:
    yield f"# {words.say('draft.heading')}"
    if doubts:
        yield from ("", f"[undecided]  # {words.say('draft.undecided')}")
        for number, doubt in enumerate(doubts, start=1):
            yield f"{doubt.code}_{number} = {_value(asked_about(doubt, words))}"
    yield from ("", "[settings]", *_pairs(made["settings"], words, "draft.settings"))
    if "currency" not in made["settings"]:
        yield f'# currency = "EUR"  # {words.say("draft.settings.currency")}'
    yield from ("", "[privacy]", *_pairs(made["privacy"], words, "draft.privacy"))
    yield from (
        "",
        f"[formats]  # {words.say('draft.formats')}",
        *_pairs(made.get("formats", {}), words, "draft.formats"),
    )
    if "event_log" in made:
        yield from ("", f"[event_log]  # {words.say('draft.event_log')}")
        yield from (f"{key} = {_value(value)}" for key, value in made["event_log"].items())
    for name, table in made.get("tables", {}).items():
        yield from ("", f"[tables.{name}]")
        plain = {key: value for key, value in table.items() if key not in _PARTS}
        yield from (f"{key} = {_value(value)}" for key, value in plain.items())
        for part in _PARTS:
            if part in table:
                comment = f"  # {words.say(f'draft.{part}')}"
                yield from ("", f"[tables.{name}.{part}]{comment}")
                yield from (f"{_key(key)} = {_value(value)}" for key, value in table[part].items())
        unused = next((t.unused for t in guess.tables if t.name == name), ())
        if unused:
            yield f"# {words.say('draft.unused', names=', '.join(map(_plain, unused)))}"
    if guess.unused_files:
        yield from (
            "",
            f"# {words.say('draft.unused_files', names=', '.join(_plain(p.name) for p in guess.unused_files))}",
        )


def _pairs(values: Mapping[str, Any], words: Words, code: str) -> Iterator[str]:
    for key, value in values.items():
        comment = f"  # {words.say(f'{code}.{key}')}" if words.has(f"{code}.{key}") else ""
        yield f"{key} = {_value(value)}{comment}"


def _key(name: str) -> str:
    """A key as TOML writes it: bare where it can be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_value(str(k))} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool) or not isinstance(value, str):
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(name: str) -> str:
    """A name within a comment: one line, nothing that TOML forbids there."""
    return "".join(c if c.isprintable() else " " for c in name)
