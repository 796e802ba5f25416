"""XES, the exchange format of event logs (IEEE 1849), plain, gzipped or in a zip: read as a stream, one event a row."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import polars as pl

from kpikit.errors import DataError, Fault

#: what is read of a file at most, whatever its compression says, and what one event may have
MOST_BYTES, MOST_EVENTS, MOST_ATTRIBUTES = 4 * 2**30, 20_000_000, 500
#: kinds of attributes that hold one value
_VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})
_CASE = "case:"
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"


def is_xes(path: Path, head: bytes) -> bool:
    """Is this an XES log, by its first bytes and, inside a gzip or zip, by its name?

    Args:
        path: the file.
        head: its first bytes.
    """
    if head.startswith(_GZIP):
        return ".xes" in path.name.lower()
    if head.startswith(_ZIP):
        return _member(path) is not None
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith(b"<log") or (
        start.startswith((b"<?xml", b"<!--")) and (b"<log" in start or _is_named(path))
    )


def _is_named(path: Path) -> bool:
    return path.suffix.lower() == ".xes"


def _member(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".xes")]
    except (OSError, zipfile.BadZipFile):
        return None
    return names[0] if len(names) == 1 else None


def read_xes(path: Path) -> pl.DataFrame:
    """The events of a log, in its order.

    Args:
        path: an ``.xes`` file, one that is gzipped, or a zip with one in it.

    Returns:
        One row an event, all text: the event's attributes by their keys (``concept:name``, ``time:timestamp``, …) and
        those of its trace after ``case:``; ``_row`` counts events from 2 on. Attributes within attributes are left out.

    Raises:
        DataError: it is no well-formed XML, declares entities, or is larger than any log that can be meant.
    """
    columns: dict[str, list[str | None]] = {}
    n = 0
    for trace, event in _events(path):
        row = {**{f"{_CASE}{key}": value for key, value in trace.items()}, **event}
        for key in row.keys() - columns.keys():
            columns[key] = [None] * n
        for key, cells in columns.items():
            cells.append(row.get(key))
        n += 1
        if n > MOST_EVENTS:
            raise _refused(path, "xes_too_large")
    if not n:
        raise DataError([Fault("empty_file", file=path.name)])
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    order = sorted(columns, key=lambda key: (not key.startswith(_CASE), key != "concept:name", key != "time:timestamp"))
    return frame.select(order).with_row_index("_row", offset=2)


def _events(path: Path) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Each event with the attributes of its trace; what was read is let go of at once."""
    from xml.etree.ElementTree import Element, ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    open_: list[Element] = []
    try:
        with _opened(path) as stream:
            trace: dict[str, str] = {}
            found: list[dict[str, str]] = []
            for happened, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
                if happened == "start":
                    open_.append(element)
                    if len(open_) > 50:
                        raise _refused(path, "broken_xml")
                    continue
                open_.pop()
                name = element.tag.rpartition("}")[2]
                within = open_[-1].tag.rpartition("}")[2] if open_ else ""
                if name == "event":
                    found.append(_attributes(path, element))
                    if within != "trace":  # an event of no trace is of no case
                        found.pop()
                    element.clear()
                elif name == "trace":
                    trace = _attributes(path, element)
                    yield from ((trace, event) for event in found)
                    found = []
                    element.clear()
                if (
                    open_
                    and within in ("trace", "log")
                    and name in ("event", "trace", "global", "extension", "classifier")
                ):
                    open_[-1].remove(element)
    except (ParseError, DefusedXmlException, EOFError, gzip.BadGzipFile, zipfile.BadZipFile, ValueError):
        raise _refused(path, "broken_xml") from None


def _attributes(path: Path, element: Any) -> dict[str, str]:
    found = {}
    for child in element:
        if child.tag.rpartition("}")[2] in _VALUES and "key" in child.attrib:
            found[child.attrib["key"]] = child.attrib.get("value", "")
    if len(found) > MOST_ATTRIBUTES:
        raise _refused(path, "xes_too_large")
    return found


class _Bounded:
    """A stream that gives no more than so many bytes."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream, self._path, self._left = stream, path, MOST_BYTES

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            DataError: more were read than any log has that can be meant.
        """
        given = self._stream.read(size if size >= 0 else 2**16)
        self._left -= len(given)
        if self._left < 0:
            raise _refused(self._path, "xes_too_large")
        return given


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head.startswith(_GZIP):
            with gzip.open(file) as stream:
                yield _Bounded(cast("IO[bytes]", stream), path)
        elif head.startswith(_ZIP):
            with zipfile.ZipFile(file) as archive, archive.open(_member(path) or "") as stream:
                yield _Bounded(stream, path)
        else:
            yield _Bounded(file, path)


def _refused(path: Path, rule: str) -> DataError:
    return DataError([Fault(rule, file=path.name)])
