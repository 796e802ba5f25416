"""Commands about the review log: ``kpikit log keep | correct | export | forget | rescue``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kpikit.cli.saying import as_json_text, lang, tell, words_in
from kpikit.files import write_whole

if TYPE_CHECKING:
    from kpikit.log.log import Log
    from kpikit.log.namesakes import Namesake
    from kpikit.words import Words

_log = click.option(
    "--log", "place", metavar="PATH_OR_URL", envvar="KPIKIT_LOG", show_envvar=True,
    help="Another log than the one in your data folder.",
)  # fmt: skip
_yes = click.option("--yes", is_flag=True, help="Do not ask whether you are sure.")


@click.group()
def log() -> None:
    """Keep, correct, show and erase what stands in the review log.

    The log is a file in your own data folder, unless you name another file or a PostgreSQL database.
    """


@log.command()
@click.argument("months", type=click.IntRange(1))
@_log
@_yes
@lang
def keep(months: int, place: str | None, yes: bool, language: str) -> None:
    """Erase what is older than so many MONTHS.

    \b
    kpikit log keep 24
    """
    with _opened(place, language) as opened:
        words = words_in(language)
        if not yes:
            click.confirm(words.say("log.keep.sure", months=months, where=opened.place), abort=True)
        tell(words.say("log.erased", n=opened.keep(months)))
        _tell_remains(opened, words)


@log.command()
@click.argument("entry")
@click.argument("text")
@click.option("--author", help="Who corrects; by default the name with which you logged in.")
@_log
@lang
def correct(entry: str, text: str, author: str | None, place: str | None, language: str) -> None:
    """Give an ENTRY another TEXT; "kpikit log export" shows the names of entries (entry_id).

    \b
    kpikit log correct 3f6c… "They decide in April."
    """
    with _opened(place, language) as opened:
        opened.correct(entry, text, author=author)
        tell(words_in(language).say("log.corrected"))


@log.command()
@click.argument("person")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file; by default it is printed.")
@_log
@lang
def export(person: str, out: Path | None, place: str | None, language: str) -> None:
    """Show all that a PERSON wrote, was to do, or is named in: every version, as JSON.

    \b
    kpikit log export "Anna de Vries" --out anna.json
    """
    with _opened(place, language) as opened:
        said = as_json_text(opened.export(person))
        _offer(opened.namesakes(person), f"export{_at(opened, place)}", words_in(language))
    if out is None:
        tell(said)
        return
    write_whole(out, said + "\n")
    tell(words_in(language).say("log.exported", where=str(out)))


@log.command()
@click.argument("person", required=False)
@click.option("--deal", "deal_id", metavar="ID", help="Every text about this deal, instead of a person.")
@_log
@_yes
@lang
def forget(person: str | None, deal_id: str | None, place: str | None, yes: bool, language: str) -> None:
    """Erase a PERSON: their entries' names and texts in all versions, and their name in what others wrote.

    Other capitals and spaces are the same name. Other spellings that may be the same person (initials, another order,
    an address) are listed, and stay until you forget each by its own name.

    \b
    kpikit log forget "Anna de Vries"
    kpikit log forget --deal D-1042
    """
    with _opened(place, language) as opened:
        words = words_in(language)
        if person and person.strip():
            if same := opened.taken_for_same(person):
                tell(words.say("log.forget.same", names=_counted(same)), err=True)
            _offer(opened.namesakes(person), f"forget{_at(opened, place)}", words)
        if not yes:
            whom = person or deal_id or "?"
            click.confirm(words.say("log.forget.sure", whom=whom, where=opened.place), abort=True)
        tell(words.say("log.erased", n=opened.forget(person, deal_id=deal_id)))
        _tell_remains(opened, words)


@log.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A new file; by default beside the log.")
@_log
@lang
def rescue(out: Path | None, place: str | None, language: str) -> None:
    """Save what can be read of a damaged log in a new file."""
    with _opened(place, language) as opened:
        beside = opened.path and opened.path.with_name(f"{opened.path.stem}-saved{opened.path.suffix}")
        where = opened.rescue(out or beside or Path("review-log-saved.sqlite"))
        tell(words_in(language).say("log.rescued", where=str(where)))


def _offer(others: Sequence[Namesake], command: str, words: Words) -> None:
    """Spellings that may be the same person, each with the command that reaches it: nobody is forgotten unasked."""
    if not others:
        return
    tell(words.say("log.namesakes", names=_counted(others)), err=True)
    for one in others:
        tell(f"  kpikit log {command} {shlex.quote(one.spelling)}", err=True)


def _at(opened: Log, place: str | None) -> str:
    """The log that was named, for a command that is meant for the same; a password is not repeated."""
    if place is None:
        return ""
    return " --log …" if opened.is_at_server else f" --log {shlex.quote(place)}"


def _counted(spellings: Sequence[Namesake]) -> tuple[str, ...]:
    return tuple(f"“{one.spelling}” ({one.n})" for one in spellings)


def _tell_remains(opened: Log, words: Words) -> None:
    """What a command cannot reach: at a server there is more than the table."""
    if opened.is_at_server:
        tell(words.say("log.remains"), err=True)


def _opened(place: str | None, language: str) -> Log:
    """The log, once what its user should know has been said."""
    from kpikit.log.connecting import check_there
    from kpikit.log.opening import open_log

    words_in(language)
    check_there(place)
    opened = open_log(place)
    for notice in opened.notices:
        tell(notice.sentence(language), err=True)
    return opened
