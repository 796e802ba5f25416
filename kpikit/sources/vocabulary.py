"""The words that exports use, as data: names of columns by table, and values that end a deal."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources

#: words that end a deal in the company of others too; "wachten op akkoord" and "not won" do not
_ALONE = {"won": {"won", "gewonnen"}, "lost": {"lost", "verloren"}}
_NOT = {"not", "niet", "nog"}


@cache
def vocabulary() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """``headers.toml``: table → column → the names exports have for it, in plain letters, the best first."""
    text = resources.files(__name__.rpartition(".")[0]).joinpath("headers.toml").read_text(encoding="utf-8")
    return {
        table: {column: tuple(dict.fromkeys(map(letters, names))) for column, names in columns.items()}
        for table, columns in tomllib.loads(text).items()
    }


def letters(text: str) -> str:
    """A name as its letters and digits, without case and accents: ``Deal - Value`` is ``dealvalue``."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def meaning(value: str) -> str | None:
    """What a status or stage says of a deal: won, lost, void; None if it may be anything."""
    words = vocabulary()["outcomes"]
    plain = letters(value)
    exact = next((outcome for outcome, known in words.items() if plain in known), None)
    if exact is not None:
        return exact
    parts = {letters(part) for part in value.replace("-", " ").replace("_", " ").split()}
    found = [outcome for outcome in ("won", "lost") if parts & _ALONE[outcome] and not parts & _NOT]
    return found[0] if len(found) == 1 and len(parts) <= 4 else None
