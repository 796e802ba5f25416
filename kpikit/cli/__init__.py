"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise

import click

from kpikit import __version__
from kpikit.cli import door, logs, private, reports, sessions, templates
from kpikit.cli.saying import tell
from kpikit.errors import KpikitError
from kpikit.languages import DEFAULT, LANGUAGES


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="kpikit")
def kpikit() -> None:
    """Deal reviews and win/loss reports with honest numbers for small teams.

    A BOOK is a folder with deals.csv, a kpikit.toml, a prepared book, or "demo".
    """


for _command in (
    reports.demo,
    reports.report,
    door.init,
    door.check,
    door.simulate,
    logs.log,
    sessions.review,
    private.privacy,
    templates.template,
):
    kpikit.add_command(_command)


def _language(arguments: Sequence[str]) -> str:
    """The language that was asked for, if there is such; for errors, which end a command before it can say."""
    asked = [after for option, after in pairwise(arguments) if option == "--lang"]
    asked += [option.removeprefix("--lang=") for option in arguments if option.startswith("--lang=")]
    return asked[-1] if asked and asked[-1] in LANGUAGES else DEFAULT


def main() -> None:
    """Run a command; say what went wrong in a sentence, and end with its exit code."""
    try:
        kpikit(standalone_mode=False)
    except KpikitError as error:
        tell(f"kpikit: {error.sentence(_language(sys.argv))}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("kpikit: interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
