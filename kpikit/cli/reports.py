"""Commands that make reports: ``demo`` and ``report``."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kpikit.cli.saying import as_of, lang, tell, words_in
from kpikit.crms import CRMS
from kpikit.errors import UsageError
from kpikit.lock import locked
from kpikit.processes.stopping import EXIT_CODE

if TYPE_CHECKING:
    from kpikit.report.making.job import Outcome
    from kpikit.report.runs.plan import Order
    from kpikit.words import Words

DEMO_PERIOD = "FY2026Q2"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("kpikit-demo"), help="Folder for the reports.")
@lang
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Reports made at the same time.")
def demo(out: Path, language: str, jobs: int) -> None:
    """Make the team reviews of the demo book, and say where they are."""
    folder = out / DEMO_PERIOD
    if (folder / "run.json").exists():
        with locked(folder):  # another demo may be at work in it
            shutil.rmtree(folder)
    make_reports("demo", "team-review", DEMO_PERIOD, out, (), language, "team", {}, jobs)


@click.command()
@click.argument("book")
@click.option(
    "--template", default="team-review", show_default=True,
    help="team-review, quarterly-winloss, or the path of your own .ipynb.",
)  # fmt: skip
@click.option(
    "--team",
    "teams",
    multiple=True,
    metavar="NAME",
    help='This team (may be given more than once); "" is the whole book.',
)
@click.option("--all-teams", is_flag=True, help="One report for every team.")
@click.option("--period", required=True, help="2026Q3, FY2026Q2, 2026, FY2026 or 2026-07.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the reports.")
@lang
@as_of
@click.option(
    "--copy", type=click.Choice(["team", "company"]), default=None,
    help="Who will read it: the team itself (may list its deals), or others in the company (no deal, no customer by"
    " name). By default what the template is for.",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Reports made at the same time.")
@click.option("--static", is_flag=True, help="Pages without any script, for the strictest mail filters.")
@click.option("--pdf", is_flag=True, help="Also a PDF of each (needs Chromium, Chrome or Edge).")
@click.option("--xlsx", is_flag=True, help="Also every table of each as an Excel file.")
@click.option("--summary", is_flag=True, help="Also five lines of text of each, for a chat.")
@click.option(
    "--resume", is_flag=True,
    help="Go on with a run that was stopped, or bring one up to date: reports that are whole and made of the same data"
    " and template are kept.",
)  # fmt: skip
@click.option(
    "--only-failed", is_flag=True,
    help="Go on with a run: make only what failed or was not reached, keep the others as they are.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be made, kept and refused; write nothing.")
@click.option(
    "--since", type=click.Path(path_type=Path), metavar="RUN.json",
    help="The run.json of an earlier run; each report then tells which of its figures are others now, and likely why.",
)  # fmt: skip
@click.option(
    "--log", metavar="FILE|URL", default="",
    help="The review log of your sessions: reports then tell what was agreed to try and what came of it.",
)  # fmt: skip
@click.option(
    "--dask", metavar="ADDRESS",
    help="Let a Dask cluster run the notebooks, e.g. tcp://host:8786; its workers must reach the folder of --out.",
)  # fmt: skip
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
    help=f"A parameter of the template, such as crm={'|'.join(CRMS)} of quarterly-winloss.",
)  # fmt: skip
def report(
    book: str, template: str, teams: tuple[str, ...], all_teams: bool, period: str, out: Path, language: str,
    as_of: str | None, copy: str | None, jobs: int, static: bool, pdf: bool, xlsx: bool, summary: bool, resume: bool,
    only_failed: bool, dry_run: bool, since: Path | None, log: str, dask: str | None, parameters: tuple[str, ...],
) -> None:  # fmt: skip
    """Make the review report of one team, several, or all.

    Each report is a page that works with the network off, with the notebook it was made from beside it; index.html
    leads to all of them. A report that fails does not stop the others. A run that was stopped goes on with --resume.

    \b
    kpikit report demo --all-teams --period FY2026Q2 --out out
    kpikit report my-crm/kpikit.toml --team North --period 2026Q3 --out out --lang nl --pdf
    kpikit report my-crm/kpikit.toml --all-teams --period 2026Q3 --out out --resume

    Ends with 0 if all is well, 1 if a report or a format failed, 2 if the order cannot be carried out, 3 if the data
    break their contract, 4 if nothing could be made, 5 if the log's server does not answer, 130 if it was interrupted.
    """
    from kpikit.report.runs.plan import Order
    from kpikit.report.runs.template import read_parameter

    if bool(teams) == all_teams:
        raise UsageError("no_team_chosen")
    order = Order(
        book, template, period, out, teams, language, copy or "", dict(map(read_parameter, parameters)), jobs,
        formats=tuple(name for name, wanted in (("pdf", pdf), ("xlsx", xlsx), ("summary", summary)) if wanted),
        static=static, since=since, log=log, dask=dask,
        going_on="failed" if only_failed else "resume" if resume else "new",
        as_of=as_of,
    )  # fmt: skip
    (_foresee if dry_run else _carry_out)(order)


def make_reports(
    book: str, template: str, period: str, out: Path, teams: tuple[str, ...], language: str, copy: str,
    parameters: dict[str, Any], jobs: int,
) -> None:  # fmt: skip
    """Make plain reports, a line each, and end with their exit code."""
    from kpikit.report.runs.plan import Order

    _carry_out(Order(book, template, period, out, teams, language, copy, parameters, jobs))


def _carry_out(order: Order) -> None:
    """Carry out an order, a line a report, and end with its exit code."""
    from kpikit.report.runs.run import run

    words = words_in(order.language)
    try:
        made = run(order, _progress(words, time.monotonic()))
    except KeyboardInterrupt:
        tell("\n" + words.say("run.interrupted"), err=True)
        sys.exit(EXIT_CODE)
    for notice in made.notices:
        tell(notice.in_words(words), err=True)
    if made.kept:
        tell(words.say("run.kept", n=len(made.kept)), err=True)
    click.echo(f"{made.folder / 'index.html'}")
    sys.exit(made.exit_code)


def _foresee(order: Order) -> None:
    """Say what would happen to each team's report."""
    from kpikit.report.runs.run import foreseen

    words = words_in(order.language)
    steps = foreseen(order)
    for team, step in steps.items():
        outcome = step.entry.outcome
        tell(
            words.say(
                f"dry.{step.action}",
                team=team or words.say("title.all"),
                folder=step.entry.folder,
                reason=outcome.reason,
            )
        )
    actions = [step.action for step in steps.values()]
    tell(words.say("dry.end", **{name: actions.count(name) for name in ("make", "keep", "refuse")}))


def _progress(words: Words, started: float) -> Callable[[Outcome, int, int], None]:
    """A line a report that was made, with the time that is left for those still to be made.

    What is done once, before the first one is begun, is no part of the pace.
    """
    begun: list[float] = []

    def line(outcome: Outcome, done: int, total: int) -> None:
        now = time.monotonic()
        if not begun:
            begun.append(max(now - outcome.seconds, started))
        pace = (now - begun[0]) / done
        left = pace * (total - done)
        values = {
            "done": done,
            "total": total,
            "team": outcome.team or words.say("title.all"),
            "said": _said(words, outcome),
        }
        code = "run.left" if done < total else "run.ok"
        tell(words.say(code, **values, seconds=f"{outcome.seconds:.1f}", left=f"{left:.0f}"), err=True)

    return line


def _said(words: Words, outcome: Outcome) -> str:
    """The finding of a report, or why there is none; and why a format could not be made."""
    if outcome.status != "ok":
        code = "run.failed" if outcome.cell is None else "run.failed_at"
        return words.say(code, reason=outcome.reason, cell=outcome.cell)
    said = outcome.finding
    for name, reason in outcome.formats.items():
        if reason:
            said = words.say("run.no_format", said=said, format=name, reason=reason)
    return said
