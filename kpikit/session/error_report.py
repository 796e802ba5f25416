"""What an analyst needs to find out what went wrong: versions and the way through the code, nothing of the CRM."""

from __future__ import annotations

import platform
import sys
import traceback
from importlib import metadata
from pathlib import Path

import kpikit
from kpikit.errors import DataError, KpikitError
from kpikit.words import Words

_VERSIONS = ("polars", "altair", "vl-convert-python", "sqlalchemy", "jupyterlab", "ipywidgets", "anywidget")


def sentence(error: BaseException, words: Words) -> str:
    """One sentence for the room: what kpikit knows about the error, or that this should not have happened.

    >>> from kpikit.errors import UsageError
    >>> sentence(UsageError("no_such_book", path="x"), Words("en"))
    'There is nothing at x. A book is a folder with deals.csv, a kpikit.toml, or a prepared book.'
    """
    if isinstance(error, DataError):
        return words.say("panel.failed.data", n=len(error.faults))
    if isinstance(error, KpikitError):
        return error.sentence(words.language)
    return words.say("panel.failed.unexpected", kind=type(error).__name__)


def details(error: BaseException) -> str:
    """Versions, the kind of error and where it came from, to be pasted into a mail; no text and no figure of the book.

    A message may quote a row, so an error of kpikit gives its code, any other its type only.
    """
    lines = [
        f"kpikit {kpikit.__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    ]
    lines.append(", ".join(f"{name} {_version(name)}" for name in _VERSIONS))
    while True:
        lines.append(f"{type(error).__name__}{_code(error)}")
        lines += [
            f"  {_module(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            return "\n".join(lines)
        lines.append("because of:")
        error = cause


def _code(error: BaseException) -> str:
    if isinstance(error, DataError):
        places = {(fault.rule, fault.table or "", fault.column or "") for fault in error.faults}
        return "".join(f"\n  {rule} {table} {column}".rstrip() for rule, table, column in sorted(places))
    return f" {error.code}" if isinstance(error, KpikitError) else ""


def _module(file: str) -> str:
    """A file's path from its package on: the rest names a person's folders."""
    path = Path(file)
    for folder in map(Path, sys.path):
        if folder.parts and path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.name


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "–"
