"""Commands that make reports: ``demo`` and ``report``."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kpikit.cli.saying import tell
from kpikit.errors import UsageError

if TYPE_CHECKING:
    from kpikit.report.one import Outcome

DEMO_PERIOD = "FY2026Q2"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("kpikit-demo"), help="Folder for the reports.")
@click.option("--lang", "language", default="en", show_default=True, help="en or nl.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Reports made at the same time.")
def demo(out: Path, language: str, jobs: int) -> None:
    """Make the team reviews of the demo book, and say where they are."""
    folder = out / DEMO_PERIOD
    if (folder / "run.json").exists():
        shutil.rmtree(folder)
    make_reports("demo", "team-review", DEMO_PERIOD, out, (), language, "team", {}, jobs)


@click.command()
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
    make_reports(book, template, period, out, teams, language, copy, dict(map(read_parameter, parameters)), jobs)


def make_reports(
    book: str, template: str, period: str, out: Path, teams: tuple[str, ...], language: str, copy: str,
    parameters: dict[str, Any], jobs: int,
) -> None:  # fmt: skip
    """Carry out an order, a line a report, and end with its exit code."""
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
        tell(f"[{done}/{total}] {outcome.team}: {said} ({outcome.seconds:.1f} s{ahead})", err=True)

    return line
