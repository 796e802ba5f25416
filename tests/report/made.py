"""Runs made once for all slow tests of a process: the small book of our own, in English and in Dutch."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from kpikit.report.runs.run import Order, Run, run
from tests.report.books import write_book

PERIOD = "2026Q2"
#: the second name would be a path on one system and reserved on another; the last team has only two people
TEAMS = {"Noord": (400, 4), "Con/ Zuid": (3, 3), "Duo": (30, 2)}


@cache
def folder() -> Path:
    """Where everything of these runs stands; removed when the tests are over."""
    path = Path(tempfile.mkdtemp(prefix="kpikit-tests-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@cache
def book() -> Path:
    """The book: Written offer takes thirty days longer since April 2026."""
    return write_book(folder() / "book", TEAMS, slower=30)


@cache
def made(language: str = "en") -> Run:
    """All teams of the book in one language."""
    return run(Order(str(book()), "team-review", PERIOD, folder() / language, language=language))
