"""What a report was made from, as one key; and whether a report that is there can be kept."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from kpikit.files import HALF_WRITTEN
from kpikit.report.making.job import hashes
from kpikit.report.runs.record import Entry

#: libraries that shape what stands in a report's files
SHAPING = (
    "altair", "babel", "ipython", "jinja2", "nbconvert", "nbformat", "numpy", "papermill", "polars", "scipy",
    "statsmodels", "vl-convert-python", "xlsxwriter",
)  # fmt: skip
_SOURCES = (".py", ".po", ".toml", ".html", ".css", ".js", ".j2", ".json")


@cache
def versions() -> Mapping[str, str]:
    """The versions that a report depends on; of kpikit also a hash of its files, which change between versions."""
    found = {name: _version(name) for name in ("kpikit", *SHAPING)}
    return found | {"python": platform.python_version(), "sources": _sources()}


def key(parts: Mapping[str, Any]) -> str:
    """The key of a report: the same only if all its parts are, and the versions."""
    told = json.dumps({**parts, "versions": versions()}, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def file_hash(path: Path) -> str:
    """The hash of a file, "" where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def is_there(entry: Entry, folder: Path) -> bool:
    """Is the report whole, with every file as it was written?"""
    return entry.outcome.is_whole and hashes(folder) == entry.outcome.files


def clear(folder: Path, names: Iterable[str]) -> None:
    """Take away what an earlier run left of a report that is made anew, and what a killed one left half-written."""
    if folder.is_dir():
        for path in (*(folder / name for name in names), *folder.glob(HALF_WRITTEN)):
            path.unlink(missing_ok=True)


def take_away(folder: Path, place: str, names: Iterable[str]) -> None:
    """Take away the report of a team that is none any more; its place too, unless somebody keeps something in it.

    The place was read from a file: it is one in this folder, or nothing is touched.
    """
    if Path(place).name != place:
        return
    clear(folder / place, names)
    with suppress(OSError):
        (folder / place).rmdir()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _sources() -> str:
    digest = hashlib.sha256()
    package = Path(str(resources.files("kpikit")))
    for path in sorted(path for path in package.rglob("*") if path.suffix in _SOURCES):
        digest.update(f"{path.relative_to(package).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
