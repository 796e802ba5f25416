"""The archive that a workbook is: how many parts, how large they are unpacked, before anything of it is unpacked."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from kpikit.errors import DataError, Fault

#: no spreadsheet program writes more parts; the largest known to us have some hundred sheets and pictures
MOST_PARTS = 10_000
#: a list of parts has at least so many bytes for each, and no program writes this many
_MOST_LISTED = MOST_PARTS * 512
#: sheets shrink ten to thirty times when they are packed, blank ones up to a hundred
_MOST_PACKED, _LARGE = 200, 32 << 20
#: with what the end of the list begins, and that of one too large for the first
_END, _LARGE_END = b"PK\x05\x06", b"PK\x06\x06"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Archive:
    """What an archive says of itself: its parts, and whether it is written as spreadsheet programs write."""

    path: Path
    parts: tuple[zipfile.ZipInfo, ...]
    is_plain: bool

    @property
    def unpacked(self) -> int:
        """How large all parts say they are, in bytes."""
        return sum(part.file_size for part in self.parts)


def look(path: Path, memory: int) -> Archive:
    """The parts of a workbook, by its list of them.

    Args:
        path: a file that begins as a zip archive does.
        memory: how much reading it may take, in bytes.

    Raises:
        DataError: ``broken_workbook``, ``workbook_parts``, ``workbook_unpacks``, ``workbook_packed``.
    """
    listed, is_last = _listed(path)
    if listed > _MOST_LISTED:
        raise refused(path, "workbook_parts", n=listed // 100, most=MOST_PARTS)
    try:
        with zipfile.ZipFile(path) as archive:
            parts = tuple(archive.infolist())
            is_whole = archive.start_dir + listed + 22 == path.stat().st_size
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        raise broken(path) from None
    if len(parts) > MOST_PARTS:
        raise refused(path, "workbook_parts", n=len(parts), most=MOST_PARTS)
    names = {part.filename.replace("\\", "/").casefold() for part in parts}
    is_usual = all(part.compress_type in (0, 8) and not part.flag_bits & 1 for part in parts)
    found = Archive(path, parts, is_last and is_whole and is_usual and len(names) == len(parts))
    if found.unpacked > memory:
        raise refused(path, "workbook_unpacks", megabytes=found.unpacked >> 20, limit=memory >> 20)
    for part in parts:
        if part.file_size > _LARGE and part.file_size > _MOST_PACKED * max(part.compress_size, 1):
            ratio = part.file_size // max(part.compress_size, 1)
            raise refused(path, "workbook_packed", part=part.filename, ratio=ratio, megabytes=part.file_size >> 20)
    return found


def _listed(path: Path) -> tuple[int, bool]:
    """How long the list of parts says it is, in bytes; and whether nothing stands behind it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - 65_557, 0))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise broken(path)
    length = struct.unpack("<I", tail[at + 12 : at + 16])[0]
    large = tail.rfind(_LARGE_END, 0, at)
    if length == 0xFFFFFFFF and 0 <= large <= at - 48:
        length = struct.unpack("<Q", tail[large + 40 : large + 48])[0]
    return length, len(tail) - at == 22


def unpacked(archive: Archive, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part, a piece at a time, to its real end and no further than it said.

    Raises:
        DataError: ``workbook_lies`` (it holds more than the archive says), ``broken_workbook``.
    """
    endless = copy(part)
    endless.file_size = 1 << 62  # zipfile stops where the archive says, other programs do not
    read = 0
    try:
        with zipfile.ZipFile(archive.path) as file, file.open(endless) as opened:
            while piece := opened.read(_CHUNK):
                read += len(piece)
                if read > part.file_size:
                    raise refused(archive.path, "workbook_lies", part=part.filename)
                yield piece
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        raise broken(archive.path) from None
    except Exception as error:  # zlib.error and what other ways of packing raise
        if isinstance(error, DataError):
            raise
        raise broken(archive.path) from None


def refused(path: Path, rule: str, **values: object) -> DataError:
    """A workbook that is not loaded, by the rule that it breaks."""
    return DataError([Fault(rule, file=path.name, values=values)])


def broken(path: Path, value: str | None = None) -> DataError:
    """A file that is no workbook, or a damaged one."""
    return DataError([Fault("broken_workbook", file=path.name, value=value)])
