"""The languages that kpikit speaks, each as its own folder says (``words/<language>/``): data that every room may read.

The sentences are the folder's ``.po`` files, read by :mod:`kpikit.words` alone; all else stands in its ``.toml`` files.
``words/others.toml`` has the words of languages that kpikit meets in texts but does not speak.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "words"
#: the language of whoever asks for none
DEFAULT = "en"
#: every language that has a folder, the default one first
LANGUAGES = (
    DEFAULT,
    *sorted(path.parent.name for path in FOLDER.glob("*/language.toml") if path.parent.name != DEFAULT),
)


@cache
def language(name: str, file: str = "language") -> Mapping[str, Any]:
    """What a file of a language's folder says.

    >>> language("en")["locale"]
    'en_GB'
    """
    return tomllib.loads((FOLDER / name / f"{file}.toml").read_text(encoding="utf-8"))


@cache
def _others() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((FOLDER / "others.toml").read_text(encoding="utf-8"))


def known(*path: str) -> Iterator[Any]:
    """What each language says under these keys of its ``language.toml``, the languages that kpikit only meets too."""
    for one in (*map(language, LANGUAGES), *_others().values()):
        found: Any = one
        for key in path:
            found = found.get(key, {})
        if found:
            yield found


@cache
def small_set(*path: str) -> frozenset[str]:
    """The words that any language has under these keys: lists of words as they stand in a text, without accents."""
    return frozenset(word for words in known(*path) for word in words.split())


def listed() -> str:
    """The languages as a help text lists them: ``en or nl``."""
    return " or ".join(filter(None, (", ".join(LANGUAGES[:-1]), LANGUAGES[-1])))
