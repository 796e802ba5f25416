"""One way to write a file, whole or not at all, and the folders in which a user's programs keep theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from uuid import uuid4

#: what a file is called until it is whole, as a pattern: what a killed process may leave
HALF_WRITTEN = ".*.part"


def write_whole(path: Path, content: str | bytes, *, is_private: bool = False) -> None:
    """Write a file whole or not at all: whoever reads it meanwhile reads the one before.

    Text is written as UTF-8, its line ends as they are. ``is_private``: only its owner may read it. What is there and
    no file (a pipe, a terminal) is written to.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(path, data, 0o600 if is_private else 0o666)
    except OSError as error:
        error.filename = str(path)  # a full disk does not say which file, and nobody knows the half-written one
        raise


def _replace(path: Path, data: bytes, mode: int) -> None:
    """Write a file beside the one that is there, and put it in its place."""
    partial = path.with_name(f".{path.name[:80]}.{uuid4().hex[:8]}.part")
    try:
        partial.touch(mode=mode)
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def user_folder(kind: Literal["data", "cache", "documents"]) -> Path:
    """Where this user keeps kpikit's own data, what it can make again, and what people look for themselves."""
    from platformdirs import user_cache_path, user_data_path, user_documents_path

    if kind == "documents":
        return user_documents_path() / "kpikit"
    return (user_data_path if kind == "data" else user_cache_path)("kpikit", appauthor=False)
