"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kpikit import __version__
from kpikit.errors import DataError, KpikitError, UsageError

if TYPE_CHECKING:
    from kpikit.report.one import Outcome
    from kpikit.words import Words

DEMO_PERIOD = "FY2026Q2"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="kpikit")
def kpikit() -> None:
    """Deal reviews and win/loss reports with honest numbers for small teams.

    A BOOK is a folder with deals.csv, a kpikit.toml, a prepared book, or "demo".
    """


@kpikit.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("kpikit-demo"), help="Folder for the reports.")
@click.option("--lang", "language", default="en", show_default=True, help="en or nl.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Reports made at the same time.")
def demo(out: Path, language: str, jobs: int) -> None:
    """Make the team reviews of the demo book, and say where they are."""
    folder = out / DEMO_PERIOD
    if (folder / "run.json").exists():
        shutil.rmtree(folder)
    _report("demo", "team-review", DEMO_PERIOD, out, (), language, "team", {}, jobs)


@kpikit.command()
@click.argument("book")
@click.option(
    "--template", default="team-review", show_default=True, help="A shipped template, or a path to an .ipynb."
)
@click.option("--team", "teams", multiple=True, metavar="NAME", help="This team (may be given more than once).")
@click.option("--all-teams", is_flag=True, help="One report for every team.")
@click.option("--period", required=True, help="2026Q3, FY2026Q2, 2026, FY2026 or 2026-07.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the reports.")
@click.option("--lang", "language", default="en", show_default=True, help="en or nl.")
@click.option(
    "--copy", type=click.Choice(["team", "company"]), default="team", show_default=True, help="Who will read it."
)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Reports made at the same time.")
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter of the template."
)
def report(
    book: str, template: str, teams: tuple[str, ...], all_teams: bool, period: str, out: Path, language: str, copy: str,
    jobs: int, parameters: tuple[str, ...],
) -> None:  # fmt: skip
    """Make the review report of one team, several, or all.

    \b
    kpikit report demo --all-teams --period FY2026Q2 --out out
    kpikit report my-crm/kpikit.toml --team North --period 2026Q3 --out out --lang nl
    """
    from kpikit.report.template import read_parameter

    if bool(teams) == all_teams:
        raise UsageError("no_team_chosen")
    _report(book, template, period, out, teams, language, copy, dict(map(read_parameter, parameters)), jobs)


def _report(
    book: str, template: str, period: str, out: Path, teams: tuple[str, ...], language: str, copy: str,
    parameters: dict[str, Any], jobs: int,
) -> None:  # fmt: skip
    from kpikit.report.run import Order, run

    started = time.monotonic()
    made = run(Order(book, template, period, out, teams, language, copy, parameters, jobs), _progress(started))
    click.echo(f"{made.folder / 'index.html'}")
    sys.exit(made.exit_code)


def _progress(started: float) -> Callable[[Outcome, int, int], None]:
    """A line a team, with the time that is left."""

    def line(outcome: Outcome, done: int, total: int) -> None:
        left = (time.monotonic() - started) / done * (total - done)
        ahead = f", about {left:.0f} s left" if done < total else ""
        said = outcome.finding if outcome.status == "ok" else f"{outcome.status}: {outcome.reason}"
        _print(f"[{done}/{total}] {outcome.team}: {said} ({outcome.seconds:.1f} s{ahead})", err=True)

    return line


@kpikit.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--yes", is_flag=True, help="Take every guess, ask nothing.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="Folder for the kpikit.toml.")
@click.option("--lang", "language", default="en", show_default=True, help="en or nl.")
def init(files: tuple[Path, ...], yes: bool, out: Path, language: str) -> None:
    """Guess what the files of an export mean, ask what cannot be guessed, and write a kpikit.toml.

    \b
    kpikit init deals.csv --out my-crm
    kpikit init exports/*.csv --yes
    """
    from kpikit.start import starting, terminal

    words = _words(language)

    def ask(question: str, blanks: Mapping[str, Any], guess: str) -> str:
        if yes:
            return guess
        said = terminal.printable(words.say(f"ask.{question}", **blanks))
        answer = click.prompt(said, default=terminal.printable(guess), show_default=bool(guess)).strip()
        return guess if answer == terminal.printable(guess).strip() else answer

    made = starting.start(files, out, ask, words)
    if made.book is None:
        _print(made.error.sentence(language) if made.error else "", err=True)
        _print(words.say("init.not_yet", path=str(made.path)), err=True)
        sys.exit(DataError.exit_code)
    _print(words.say("init.understood"))
    for row in terminal.columns(starting.three_rows(made.book)):
        _print(f"  {row}")
    _print(words.say("init.written", path=str(made.path)))
    path, reports = shlex.quote(str(made.path)), shlex.quote(str(out / "reports"))
    order = f"kpikit report {path} --all-teams --period {made.period} --out {reports}"
    _print(words.say("init.next", check=f"kpikit check {path}", report=order))
    if not yes and click.confirm(words.say("init.report"), default=True):
        _report(str(made.path), "team-review", made.period, out / "reports", (), language, "team", {}, 2)


@kpikit.command()
@click.argument("book")
@click.option("--lang", "language", default="en", show_default=True, help="en or nl.")
@click.option("--json", "as_json", is_flag=True, help="Codes and numbers, for machines.")
def check(book: str, language: str, as_json: bool) -> None:
    """Say what a book can answer, what in it deserves a look, and what is new since last time."""
    from kpikit.book import open_book
    from kpikit.start import checking

    words = _words(language)
    try:
        found = checking.check(open_book(book), book)
    except DataError as error:
        said = _json(checking.refused_as_plain(error, words)) if as_json else error.sentence(language)
        _print(said, err=not as_json)
        sys.exit(error.exit_code)
    _print(_json(checking.as_plain(found)) if as_json else "\n".join(checking.lines(found, words)))


def _words(language: str) -> Words:
    from kpikit.words import LANGUAGES, Words

    if language not in LANGUAGES:
        raise UsageError("language", language=language, allowed=", ".join(LANGUAGES))
    return Words(language)


def _print(text: str, *, err: bool = False) -> None:
    """Print text that may hold a CRM's: a terminal must not obey it."""
    from kpikit.start.terminal import printable

    click.echo(printable(text), err=err)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str)


@kpikit.command()
@click.option("--deals", type=click.IntRange(1), required=True, help="How many deals.")
@click.option("--teams", type=click.IntRange(1), default=6, show_default=True, help="How many teams.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same book.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
def simulate(deals: int, teams: int, seed: int, out: Path) -> None:
    """Write a simulated deal book with known truth (truth.json beside it)."""
    from kpikit.simulate import DRESSED, frames, truth_of, write

    if out.exists() and any(out.iterdir()):
        raise UsageError("folder_in_use", path=str(out))
    write(frames(DRESSED, deals=deals, teams=teams, seed=seed), truth_of(DRESSED, seed=seed), out)
    click.echo(str(out))


def _language(arguments: Sequence[str]) -> str:
    """The language that was asked for, if there is such; for errors, which end a command before it can say."""
    from kpikit.words import LANGUAGES

    asked = [after for option, after in pairwise(arguments) if option == "--lang"]
    asked += [option.removeprefix("--lang=") for option in arguments if option.startswith("--lang=")]
    return asked[-1] if asked and asked[-1] in LANGUAGES else "en"


def main() -> None:
    """Run a command; say what went wrong in a sentence, and end with its exit code."""
    try:
        kpikit(standalone_mode=False)
    except KpikitError as error:
        _print(f"kpikit: {error.sentence(_language(sys.argv))}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("kpikit: interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
