"""How commands speak: in one language, and in text that a terminal may show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from kpikit.errors import check_language
from kpikit.languages import DEFAULT, listed

if TYPE_CHECKING:
    from kpikit.words import Words


#: the language that a command speaks
lang = click.option("--lang", "language", default=DEFAULT, show_default=True, help=f"{listed()}.")

#: up to when the data speak
as_of = click.option(
    "--as-of", metavar="DATE", default=None,
    help="The day of the export, to its end, such as 2026-07-18.  [default: the last that is recorded in it]",
)  # fmt: skip


def words_in(language: str) -> Words:
    """The words of a language, or the sentence that there is none."""
    from kpikit.words import Words

    check_language(language)
    return Words(language)


def tell(text: str, *, err: bool = False) -> None:
    """Print text that may hold a CRM's: a terminal must not obey it."""
    from kpikit.start.terminal import printable

    click.echo(printable(text), err=err)


def as_json_text(value: Any) -> str:
    """A value for machines."""
    return json.dumps(value, indent=1, ensure_ascii=False, default=str)
