"""Commands at the door: ``init``, ``check`` and ``simulate``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from kpikit.cli.reports import make_reports
from kpikit.cli.saying import as_json_text, as_of, lang, tell, words_in
from kpikit.crms import CRMS
from kpikit.errors import DataError, UsageError

if TYPE_CHECKING:
    from kpikit.sources.doubts import Place
    from kpikit.start.asking import Ask
    from kpikit.start.renewing import Renewed
    from kpikit.start.starting import Start
    from kpikit.words import Words


@click.command(epilog=f"The columns of these CRMs are known by name: {', '.join(CRMS)}.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--yes", is_flag=True, help="Ask nothing: take what is clear, refuse what is not.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="Folder for the kpikit.toml.")
@click.option("--time-zone", help="Where your days begin and end, such as Europe/Amsterdam.")
@click.option("--set", "given", multiple=True, metavar="PLACE=VALUE", help="A line of kpikit.toml, settled beforehand.")
@lang
def init(
    files: tuple[Path, ...], yes: bool, out: Path, time_zone: str | None, given: tuple[str, ...], language: str
) -> None:
    """Say what the files of an export mean, ask what they leave open, and write a kpikit.toml.

    \b
    kpikit init deals.csv --out my-crm
    kpikit init exports/*.csv --yes --time-zone Europe/Amsterdam
    kpikit init deals.csv --yes --set 'tables.deals.columns.amount="ARR"'

    Where a kpikit.toml lies in the folder already, its answers are kept and the new files take the place of the old.
    """
    from kpikit.book.opening import CONFIG
    from kpikit.start import renewing, settling, starting

    words = words_in(language)
    settled = settling.settled(given, time_zone)
    if (out / CONFIG).exists() and not starting.is_undecided(out / CONFIG):
        _renew(renewing.renewed(files, out / CONFIG), words)
        return
    _begin(files, out, None if yes else _asking(words), settled, words)


def _asking(words: Words) -> Ask:
    """Puts a question on the terminal; what cannot be shown as it is stands there as a sign, and can still be taken."""
    from kpikit.start import draft, terminal

    def ask(question: str, blanks: Mapping[str, Any], guess: str) -> str:
        if question == "doubt":
            tell(draft.asked_about(blanks["doubt"], words))
        said = terminal.printable(words.say(f"ask.{question}", **blanks))
        answer = click.prompt(said, default=terminal.printable(guess), show_default=bool(guess)).strip()
        return guess if answer == terminal.printable(guess).strip() else answer

    return ask


def _begin(files: tuple[Path, ...], out: Path, ask: Ask | None, settled: Mapping[Place, Any], words: Words) -> None:
    """A first kpikit.toml: understand, show, ask whether it looks right, write."""
    from kpikit.start import starting

    made = starting.understand(files, out, ask, settled)
    _show(made, words)
    if ask is not None and made.is_clear and not click.confirm(words.say("init.right"), default=True):
        made = starting.once_more(made, ask, settled)
        _show(made, words)
    starting.keep(made, words)
    if not made.is_clear:
        _refuse(made, words)
    _go_on(made.path, made.period, words, asks=ask is not None)


def _show(made: Start, words: Words) -> None:
    """What was understood, with the first three deals."""
    from kpikit.start import terminal, understood

    if made.book is None:
        return
    tell("\n".join(understood.lines(made, made.book, words)))
    tell(f"\n{words.say('init.understood')}")
    for row in terminal.columns(understood.three_rows(made.book)):
        tell(f"  {row}")


def _refuse(made: Start, words: Words) -> NoReturn:
    """What is not clear, each with the lines that would settle it; exit code 3."""
    from kpikit.start import draft

    if made.choices.open:
        tell(words.say("init.undecided", n=len(made.choices.open)), err=True)
    for doubt in made.choices.open:
        tell(draft.asked_about(doubt, words), err=True)
    if made.error is not None and not made.choices.open:  # what is open may be why it does not open
        tell(made.error.sentence(words.language), err=True)
    tell(words.say("init.not_yet", path=str(made.path)), err=True)
    sys.exit(DataError.exit_code)


def _go_on(path: Path, period: str, words: Words, *, asks: bool) -> None:
    """Where it is written, what to do next, and a first report for who wants one."""
    tell(words.say("init.written", path=str(path)))
    reports = path.parent / "reports"
    if not period:  # nothing in it has a date, so no period has a report
        tell(words.say("init.next_check", check=f"kpikit check {shlex.quote(str(path))}"))
        return
    order = f"kpikit report {shlex.quote(str(path))} --all-teams --period {period} --out {shlex.quote(str(reports))}"
    tell(words.say("init.next", check=f"kpikit check {shlex.quote(str(path))}", report=order))
    if period and asks and click.confirm(words.say("init.report"), default=True):
        make_reports(str(path), "team-review", period, reports, (), words.language, "team", {}, 2)


def _renew(made: Renewed, words: Words) -> None:
    """The answers of before with the files of now: what is different, and whether it opens."""
    from kpikit.start import understood

    for line in made.lines(words):
        tell(line)
    if made.book is None:
        tell(made.error.sentence(words.language) if made.error else "", err=True)
        sys.exit(DataError.exit_code)
    tell("\n".join(understood.counts(made.book, words)))
    tell(words.say("init.written", path=str(made.path)))


@click.command()
@click.argument("book")
@lang
@as_of
@click.option("--json", "as_json", is_flag=True, help="Codes and numbers, for machines.")
def check(book: str, language: str, as_of: str | None, as_json: bool) -> None:
    """Say what a book can answer, what in it deserves a look, and what is new since last time."""
    from kpikit.book import open_book
    from kpikit.start import checking

    words = words_in(language)
    try:
        found = checking.check(open_book(book, as_of), book)
    except DataError as error:
        said = as_json_text(checking.refused_as_plain(error, words)) if as_json else error.sentence(language)
        tell(said, err=not as_json)
        sys.exit(error.exit_code)
    tell(as_json_text(checking.as_plain(found)) if as_json else "\n".join(checking.lines(found, words)))


@click.command()
@click.option("--deals", type=click.IntRange(1), required=True, help="How many deals.")
@click.option("--teams", type=click.IntRange(1), default=6, show_default=True, help="How many teams.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed gives the same book.")
@click.option(
    "--world",
    type=click.Choice(["dressed", "company"]),
    default="dressed",
    show_default=True,
    help="What the CRM holds: company has accounts, deal types, close dates and discounts besides.",
)
@click.option(
    "--plant",
    default="",
    metavar="NAME=DOSE,…",
    help="Habits of recording, and what looks like one: late=.2,bias=-1,hidden=.3@p01 (docs/simulate.md).",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
def simulate(deals: int, teams: int, seed: int, world: str, plant: str, out: Path) -> None:
    """Write a simulated deal book with known truth (truth.json beside it)."""
    from kpikit.simulate import COMPANY, DRESSED, in_schemas, plan, recorded, truth_of, write

    planned = plan(plant)
    if out.exists() and any(out.iterdir()):
        raise UsageError("folder_in_use", path=str(out))
    given = {"dressed": DRESSED, "company": COMPANY}[world]
    record = recorded(given, deals=deals, teams=teams, seed=seed, plan=planned)
    write(in_schemas(record), truth_of(record.parameters, seed=seed, touched=record.touched), out)
    click.echo(str(out))
