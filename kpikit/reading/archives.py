"""Tables in a zip archive, as some CRMs send them: ``export.zip/deals.csv`` is the file ``deals.csv`` in it."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from kpikit.errors import DataError, Fault

_TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")
#: an archive of so many parts, or one of them packed so tightly, is none of tables
_MOST_PARTS, _MOST_PACKED, _LARGE = 200, 200, 32 << 20


def tables(path: Path) -> list[Path]:
    """The tables in an archive, as paths through it; none where a file is no archive, or a workbook or a log itself.

    >>> tables(Path("deals.csv"))
    []
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [part.filename for part in archive.infolist() if not part.is_dir()][: _MOST_PARTS + 1]
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return []
    if "[Content_Types].xml" in names or "mimetype" in names or len(names) > _MOST_PARTS:
        return []
    return [path / name for name in names if _is_table(name)]


def inside(path: Path) -> tuple[Path, str] | None:
    """The archive and the part of it that a path leads to; None where it leads to a file of its own."""
    for parent in path.parents:
        if parent.is_file():
            return (parent, path.relative_to(parent).as_posix()) if zipfile.is_zipfile(parent) else None
        if parent.is_dir():
            return None
    return None


@contextmanager
def unpacked(archive: Path, part: str, most: int) -> Iterator[Path]:
    """A part of an archive as a file that is there for a while.

    Raises:
        DataError: ``file_too_large`` where it would take more than ``most`` bytes, ``broken_archive``.
    """
    name = f"{archive.name}/{part}"
    with tempfile.TemporaryDirectory(prefix="kpikit-") as folder:
        path = Path(folder) / PurePosixPath(part).name
        try:
            with zipfile.ZipFile(archive) as parts:
                about = parts.getinfo(part)
                packed = about.file_size > _MOST_PACKED * max(1, about.compress_size) and about.file_size > _LARGE
                if about.file_size > most or packed:
                    values = {"megabytes": about.file_size >> 20, "limit": most >> 20}
                    raise DataError([Fault("file_too_large", file=name, values=values)])
                with parts.open(about) as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target)  # no further than the archive says
        except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, NotImplementedError, EOFError, ValueError):
            raise DataError([Fault("broken_archive", file=name)]) from None
        yield path


def _is_table(name: str) -> bool:
    parts = PurePosixPath(name)
    is_hidden = any(part.startswith((".", "__MACOSX")) or part == ".." for part in parts.parts)
    return parts.suffix.lower() in _TABLES and not is_hidden and not name.startswith("/")
