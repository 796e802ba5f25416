"""The command about persons: ``kpikit privacy``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kpikit.cli.saying import as_json_text, lang, tell, words_in

if TYPE_CHECKING:
    from pathlib import Path

    from kpikit.book import DealBook
    from kpikit.book.privacy import Found, Personal
    from kpikit.words import Words


#: what is true of all fields, said at the end
_LAST = (
    "privacy.words",
    "privacy.where",
    "privacy.kept",
    "privacy.log.kept",
    "privacy.log.server",
    "privacy.log.seen",
    "privacy.limit",
)


@click.command()
@click.argument("book")
@lang
@click.option("--json", "as_json", is_flag=True, help="Codes and numbers, for machines.")
def privacy(book: str, language: str, as_json: bool) -> None:
    """List every field of a book that is about a person: where it goes, how long, and who sees it.

    \b
    kpikit privacy my-crm/kpikit.toml --lang nl
    """
    from kpikit.book import open_book
    from kpikit.session.last_good_book import place

    words, opened = words_in(language), open_book(book)
    copy = place(book)
    tell(as_json_text(as_plain(opened, copy)) if as_json else "\n".join(lines(opened, words, copy)))


def as_plain(book: DealBook, copy: Path) -> dict[str, Any]:
    """The same for machines: settings, fields of the book and of the review log, and the copy that a session keeps."""
    from kpikit.book.privacy import LOG, REMAINS, personal_fields

    def plain(field: Personal, kept: str) -> dict[str, Any]:
        parts = {"whose": field.whose, "kind": field.kind, "goes": field.goes, "seen_by": field.seen_by}
        return parts | {"kept": kept}

    fields = [
        {"table": row.table, "column": row.column, **plain(row.field, "export"), "rows": row.n, "filled": row.n_filled}
        for row in personal_fields(book)
    ]
    log = [{"column": name, **plain(field, "log")} for name, field in LOG.items()]
    kept = {"place": str(copy), "is_there": copy.exists()}
    return {
        "settings": asdict(book.settings.privacy), "fields": fields, "log": log, "log_remains_in": list(REMAINS),
        "copy": kept,
    }  # fmt: skip


def lines(book: DealBook, words: Words, copy: Path) -> list[str]:
    """What is said, line by line."""
    from kpikit.book.privacy import LOG, personal_fields

    return [
        words.say("privacy.title"),
        *_settings(book, words),
        "",
        words.say("privacy.fields"),
        *(line for row in personal_fields(book) for line in _field(row, words)),
        "",
        words.say("privacy.log"),
        *(line for name, field in LOG.items() for line in _told(f"log.{name}", field, "", "log", words)),
        "",
        *map(words.say, _LAST),
        words.say(f"privacy.copy.{'there' if copy.exists() else 'none'}", where=str(copy)),
        words.say("privacy.more"),
    ]


def _settings(book: DealBook, words: Words) -> list[str]:
    """Who may see persons, the floors, and what was agreed."""
    settings = book.settings.privacy
    floors = {"people": settings.min_people, "deals": settings.min_deals, "team": settings.min_team}
    agreed = words.say("privacy.agreement", agreement=settings.agreement)
    return [
        f"  {words.say(f'privacy.persons.{settings.persons}')}",
        f"  {words.say('privacy.floors', **floors)}",
        f"  {agreed if settings.agreement else words.say('privacy.no_agreement')}",
    ]


def _field(row: Found, words: Words) -> list[str]:
    if row.n is None:
        filled = words.say("privacy.absent")
    elif not row.n_filled:
        filled = words.say("privacy.empty")
    else:
        filled = words.say("privacy.filled", n=row.n, filled=row.n_filled)
    return _told(f"{row.table}.{row.column}", row.field, filled, "export", words)


def _told(name: str, field: Personal, filled: str, kept: str, words: Words) -> list[str]:
    """The field, whose and how far it is filled; where it goes; who sees it, and how long it stays."""

    def said(family: str, codes: tuple[str, ...]) -> str:
        return "; ".join(words.say(f"privacy.{family}.{one}") for one in codes or ("nowhere",))

    whose = words.names(words.say(f"privacy.whose.{one}") for one in field.whose)
    first = "; ".join(part for part in (words.say(f"privacy.kind.{field.kind}"), whose, filled) if part)
    goes, seen = said("goes", field.goes), said("seen", field.seen_by)
    return [
        f"  {name}: {first}",
        f"      {words.say('privacy.goes', where=goes)}",
        f"      {words.say('privacy.seen', who=seen, long=words.say(f'privacy.kept.{kept}'))}",
    ]
