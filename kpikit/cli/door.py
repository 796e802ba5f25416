"""Commands at the door: ``init``, ``check`` and ``simulate``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from kpikit.cli.reports import make_reports
from kpikit.cli.saying import as_json_text, lang, tell, words_in
from kpikit.crms import CRMS
from kpikit.errors import DataError, UsageError


@click.command(epilog=f"The columns of these CRMs are known by name: {', '.join(CRMS)}.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--yes", is_flag=True, help="Take every guess, ask nothing.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="Folder for the kpikit.toml.")
@lang
def init(files: tuple[Path, ...], yes: bool, out: Path, language: str) -> None:
    """Guess what the files of an export mean, ask what cannot be guessed, and write a kpikit.toml.

    \b
    kpikit init deals.csv --out my-crm
    kpikit init exports/*.csv --yes
    """
    from kpikit.start import starting, terminal

    words = words_in(language)

    def ask(question: str, blanks: Mapping[str, Any], guess: str) -> str:
        if yes:
            return guess
        said = terminal.printable(words.say(f"ask.{question}", **blanks))
        answer = click.prompt(said, default=terminal.printable(guess), show_default=bool(guess)).strip()
        return guess if answer == terminal.printable(guess).strip() else answer

    made = starting.start(files, out, ask, words)
    if made.book is None:
        tell(made.error.sentence(language) if made.error else "", err=True)
        tell(words.say("init.not_yet", path=str(made.path)), err=True)
        sys.exit(DataError.exit_code)
    tell(words.say("init.understood"))
    for row in terminal.columns(starting.three_rows(made.book)):
        tell(f"  {row}")
    tell(words.say("init.written", path=str(made.path)))
    path, reports = shlex.quote(str(made.path)), shlex.quote(str(out / "reports"))
    order = f"kpikit report {path} --all-teams --period {made.period} --out {reports}"
    tell(words.say("init.next", check=f"kpikit check {path}", report=order))
    if not yes and click.confirm(words.say("init.report"), default=True):
        make_reports(str(made.path), "team-review", made.period, out / "reports", (), language, "team", {}, 2)


@click.command()
@click.argument("book")
@lang
@click.option("--json", "as_json", is_flag=True, help="Codes and numbers, for machines.")
def check(book: str, language: str, as_json: bool) -> None:
    """Say what a book can answer, what in it deserves a look, and what is new since last time."""
    from kpikit.book import open_book
    from kpikit.start import checking

    words = words_in(language)
    try:
        found = checking.check(open_book(book), book)
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
