"""When a command ends as nobody foresaw: a sentence and an exit code for what was raised, the rest with ``--debug``."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise, takewhile

from kpikit.errors import KpikitError, UsageError, as_written
from kpikit.languages import DEFAULT, LANGUAGES
from kpikit.processes import stopping

#: what the system says of a place → the code of our sentence; the place can be chosen otherwise, so this is usage
_PLACE = {
    errno.EACCES: "place_rights",
    errno.EPERM: "place_rights",
    errno.EROFS: "place_read_only",
    errno.ENOTDIR: "place_no_folder",
    errno.EISDIR: "place_folder",
    errno.EEXIST: "place_taken",
    errno.ENOENT: "place_nowhere",
    errno.ELOOP: "place_loop",
    errno.ENAMETOOLONG: "place_long",
}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Stopped(KpikitError):  # noqa: N818 - what it is, as Refused is
    """A command that could not go on, though nothing that was asked of it is known to be wrong (exit code 4).

    Not 2: nobody can say what to ask otherwise. What was finished before stays; this command made nothing more.
    """

    exit_code = 4


class Interrupted(KpikitError):  # noqa: N818 - what it is
    """Somebody asked the command to stop (exit code 130), whichever way: the keyboard, a closed window, the system."""

    exit_code = stopping.EXIT_CODE

    def __init__(self) -> None:
        super().__init__("interrupted")


def as_error(error: BaseException) -> KpikitError:
    """Whatever was raised, as an error with a sentence.

    >>> as_error(OSError(errno.ENOSPC, "No space left on device", "out/run.json")).sentence()
    'The disk is full: out/run.json could not be written. Make room, and start again.'
    """
    if isinstance(error, KpikitError):
        return error
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return Stopped("memory")
    if isinstance(error, RecursionError):
        return Stopped("nested")
    if isinstance(error, UnicodeError):
        return Stopped("characters", detail=_first_line(error))
    return Stopped("unforeseen", kind=type(error).__name__, detail=_first_line(error))


def end_with(error: BaseException, arguments: Sequence[str]) -> int:
    """Say what went wrong in the language that was asked for, with ``--debug`` all of it; the exit code."""
    from kpikit.cli.saying import tell

    known = as_error(error)
    with suppress(OSError):  # where nothing can be written, the exit code alone must do
        if is_debugging(arguments):
            traceback.print_exception(error)
        tell(f"kpikit: {_sentence(known, language_of(arguments))}", err=True)
    return known.exit_code


def _sentence(error: KpikitError, language: str) -> str:
    """The error in words; where a value in it cannot be told, at least its code."""
    try:
        return error.sentence(language)
    except Exception as another:
        return as_error(another).sentence(language) + f" [{error.code}]"


def is_debugging(arguments: Sequence[str]) -> bool:
    """Was ``kpikit --debug …`` asked for, or KPIKIT_DEBUG set? A value that reads "--debug" is no such order."""
    options = takewhile(lambda one: one.startswith("-"), arguments)
    return "--debug" in options or os.environ.get("KPIKIT_DEBUG", "") not in ("", "0")


def language_of(arguments: Sequence[str]) -> str:
    """The language that was asked for, if there is such; for errors, which end a command before it can say."""
    asked = [after for option, after in pairwise(arguments) if option == "--lang"]
    asked += [option.removeprefix("--lang=") for option in arguments if option.startswith("--lang=")]
    return asked[-1] if asked and asked[-1] in LANGUAGES else DEFAULT


def check_characters(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text: no library of tables opens a file of such a name.

    Raises:
        UsageError: the first argument that holds some.
    """
    for one in arguments:
        if any("\ud800" <= letter <= "\udfff" for letter in one):
            raise UsageError("argument_characters", argument=as_written(one))


def speak_anywhere() -> None:
    """A terminal that lacks a letter shows another mark for it, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr] - what is not a text stream has none


def leave_quietly() -> None:
    """What could not be written to stdout is let go, so that it is not tried, and complained of, again at the end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _of_system(error: OSError) -> KpikitError:
    place = as_written(error.filename or error.filename2 or "")
    if error.errno in _FULL:
        return Stopped("disk_full_at", path=place) if place else Stopped("disk_full")
    if error.errno in _PLACE and place:
        return UsageError(_PLACE[error.errno], path=place)
    reason = error.strerror or _first_line(error) or type(error).__name__
    return Stopped("system", reason=f"{reason}: {place}" if place else reason)


def _first_line(error: BaseException) -> str:
    """What an error says of itself, as part of a sentence."""
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(" .") if lines else ""
