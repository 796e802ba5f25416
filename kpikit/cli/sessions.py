"""The deal review: ``review``, on the screen or, days before, on paper."""

from __future__ import annotations

import time
import webbrowser
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kpikit.cli.saying import as_of, lang, tell, words_in
from kpikit.errors import UsageError

if TYPE_CHECKING:
    from subprocess import Popen

    from kpikit.words import Words

#: seconds between two looks at a session that is open
_MOMENT = 0.2


@click.command()
@click.argument("book")
@click.option("--prepare", is_flag=True, help="Write the agenda and the pages to prepare with; open nothing.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for these pages; in a session, for the minutes.")
@click.option("--log", metavar="PATH_OR_URL", help="The review log.  [default: a file of your own]")
@click.option("--team", metavar="NAME", help="Only this team's deals.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="With --prepare: the day of the session.")
@click.option("--minutes", type=click.IntRange(10, 240), default=45, show_default=True, help="How long it is.")
@lang
@as_of
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of JupyterLab.  [default: a free one]")
@click.option("--no-browser", is_flag=True, help="Print the address only.")
def review(
    book: str, prepare: bool, out: Path | None, log: str | None, team: str | None, on: datetime | None, minutes: int,
    language: str, as_of: str | None, port: int, no_browser: bool,
) -> None:  # fmt: skip
    """Open a deal review in JupyterLab, on this machine only; Ctrl-C ends it.

    \b
    kpikit review my-crm/kpikit.toml --team North
    kpikit review my-crm/kpikit.toml --team North --prepare --out monday
    """
    words = words_in(language)
    if prepare:
        if out is None:
            raise UsageError("prepare_out")
        _prepare(book, log, team, out, None if on is None else on.date(), minutes, words, as_of)
        return
    from kpikit.session import lab
    from kpikit.session import last_good_book as kept

    if book != "demo" and not Path(book).exists() and kept.last_good(book) is None:
        raise UsageError("no_such_book", path=book)
    given = book if book == "demo" and not Path(book).exists() else str(Path(book).absolute())
    papers = None if out is None else str(out.absolute())
    parameters = lab.parameters_of(
        book=given, log=None, language=language, team=team, minutes=minutes, papers=papers, as_of=as_of
    )  # fmt: skip
    tell(words.say("panel.cli.opening"))
    with lab.running(parameters, log=_absolute(log), port=port) as running:
        tell(words.say("panel.cli.open", url=running.url))
        if not no_browser:
            webbrowser.open(running.url)
        try:
            _until_it_ends(running.process)
        except KeyboardInterrupt:
            tell(words.say("panel.cli.ending"))


def _until_it_ends(process: Popen[bytes]) -> None:
    """Wait for a process, a moment at a time: a library's own handler of signals lets a wait without end go on."""
    while process.poll() is None:
        time.sleep(_MOMENT)


def _absolute(log: str | None) -> str | None:
    """A file's path from anywhere; a URL as it is."""
    return log if log is None or "://" in log else str(Path(log).absolute())


def _prepare(
    book: str,
    log: str | None,
    team: str | None,
    out: Path,
    on: date | None,
    minutes: int,
    words: Words,
    as_of: str | None,
) -> None:
    """The papers for before the session, and where they are."""
    from kpikit.book import open_book
    from kpikit.book.selection import of_team
    from kpikit.log.opening import open_log
    from kpikit.session import last_good_book as kept
    from kpikit.session.lookups import clock, session_day
    from kpikit.session.papers import prepare
    from kpikit.session.session import questions_of

    opened = kept.keep(open_book(book, as_of), book)
    mine = of_team(opened, team) if team else opened
    with open_log(log) as known:
        day = on or session_day(mine, clock(known, mine.settings.time_zone))
        questions = questions_of(book)
        made = prepare(mine, known, out, words, on=day, minutes=minutes, questions=questions, whole=opened)
    for path in made:
        tell(str(path))
