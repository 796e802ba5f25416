"""A guess and some answers → a kpikit.toml with comments."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpikit.sources.guess import Guess, TableGuess
from kpikit.words import Words


@dataclass(frozen=True)
class Choices:
    """What its owner says of an export: what won and lost are called, where teams stand, and the settings."""

    won: tuple[str, ...]
    lost: tuple[str, ...]
    void: tuple[str, ...]
    team: tuple[str, str] | None
    currency: str | None
    fiscal_year_starts: int
    time_zone: str
    formats: Mapping[str, str]


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
    made = {"settings": settings, "privacy": {"persons": "off"}, "formats": dict(choices.formats), "tables": tables}
    return {name: part for name, part in made.items() if part}


def _is_kept(table: TableGuess, choices: Choices) -> bool:
    """People are of use only where they say the team."""
    return table.name != "people" or choices.team is None or choices.team[0] == "people" or table.columns is None


def _table(table: TableGuess, guess: Guess, choices: Choices, folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = {"file": Path(os.path.relpath(table.file, folder)).as_posix(), **table.grammar}
    if "made_from" in made:
        del made["file"]
    if table.columns is None:
        return made
    columns = dict(table.columns)
    if choices.team is not None and choices.team[0] == table.name:
        columns["team"] = choices.team[1]
    elif table.name == "deals":
        columns.pop("team", None)
    if columns:
        made["columns"] = columns
    if table.constants:
        made["constants"] = dict(table.constants)
    if table.name == "deals":
        ends = {"won": choices.won, "lost": choices.lost, "void": choices.void}
        known = {value: outcome for outcome, values in ends.items() for value in values}
        made["values"] = {"outcome": {value: known.get(value, "open") for value in guess.values}}
    return made


def text(guess: Guess, made: Mapping[str, Any], words: Words) -> str:
    """The kpikit.toml as text, with comments in the reader's language."""
    return "\n".join(_lines(guess, made, words)) + "\n"


def _lines(guess: Guess, made: Mapping[str, Any], words: Words) -> Iterator[str]:
    yield f"# {words.say('draft.heading')}"
    yield from ("", "[settings]", *_pairs(made["settings"], words, "draft.settings"))
    if "currency" not in made["settings"]:
        yield f'# currency = "EUR"  # {words.say("draft.settings.currency")}'
    yield from ("", "[privacy]", *_pairs(made["privacy"], words, "draft.privacy"))
    yield from (
        "",
        f"[formats]  # {words.say('draft.formats')}",
        *_pairs(made.get("formats", {}), words, "draft.formats"),
    )
    for name, table in made["tables"].items():
        yield from ("", f"[tables.{name}]")
        parts = ("columns", "constants", "values")
        yield from (f"{key} = {_value(value)}" for key, value in table.items() if key not in parts)
        for part in parts:
            if part in table:
                yield from ("", f"[tables.{name}.{part}]  # {words.say(f'draft.{part}')}")
                yield from (f"{key} = {_value(value)}" for key, value in table[part].items())
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
