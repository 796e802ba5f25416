"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from kpikit import __version__
from kpikit.cli import door, failing, logs, private, reports, sessions, templates
from kpikit.processes import stopping


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="kpikit")
@click.option(
    "--debug", is_flag=True, expose_value=False,
    help="When a command fails, show where: kpikit --debug COMMAND …, or KPIKIT_DEBUG=1.",
)  # fmt: skip
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


def main() -> None:
    """Run a command; say what went wrong in a sentence, and end with its exit code."""
    failing.speak_anywhere()
    try:
        with stopping.heard():
            _run(sys.argv[1:])
    except KeyboardInterrupt:  # asked so early, or so late, that no command was at work
        sys.exit(failing.end_with(failing.Interrupted(), sys.argv[1:]))


def _run(arguments: Sequence[str]) -> None:
    try:
        failing.check_characters(arguments)
        kpikit(arguments, standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BrokenPipeError:  # whoever read along has seen enough
        failing.leave_quietly()
        sys.exit(1)
    except SystemExit:
        raise
    except BaseException as error:
        is_stopped = stopping.is_asked() or isinstance(error, (KeyboardInterrupt, click.exceptions.Abort))
        code = failing.end_with(failing.Interrupted() if is_stopped else error, arguments)
        failing.leave_quietly()
        sys.exit(code)
