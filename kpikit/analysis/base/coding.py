"""Reasons as people type them → reasons that can be counted: markup off, spellings together, a few known by name."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

import polars as pl

from kpikit.languages import known

_TAG = re.compile(r"<[^<>]{0,500}>")
_NOT_WORD = re.compile(r"[\W_]+")
_BETWEEN = re.compile(r"[;|\n]")

#: The coding scheme: what counts as one reason; its words stand in ``words/<language>/language.toml``.
SCHEME = ("no_decision", "price", "competitor", "unknown")


@cache
def _codes() -> Mapping[str, str]:
    """A reason in the words of any language → its code."""
    return {words: code for code in SCHEME for some in known("reasons", code) for words in some}


def of_words(text: str) -> frozenset[str]:
    """Words in a row as a set: lists of words read better so."""
    return frozenset(text.split())


def plain(text: str) -> str:
    """Text without markup and line breaks, else as it was typed.

    >>> plain("<b>Too&nbsp;expensive</b> ")
    'Too expensive'
    """
    return " ".join(_TAG.sub(" ", html.unescape(_TAG.sub(" ", text))).split())


def folded(text: str) -> str:
    """Small letters without accents and marks: what two spellings of one reason share.

    >>> folded("Pas de décision!")
    'pas de decision'
    """
    letters = unicodedata.normalize("NFKD", plain(text)).casefold()
    return _NOT_WORD.sub(" ", "".join(c for c in letters if not unicodedata.combining(c))).strip()


def coded(texts: Iterable[str | None]) -> pl.DataFrame:
    """For each distinct text: ``text, key, reason, group``.

    ``key`` is what is counted together; ``reason`` its most frequent spelling, null if blank; ``group`` a code of the
    scheme, ``blank``, or ``other``.
    """
    counts = Counter(texts)
    keys = {text: _key(text) for text in counts}
    spelled: dict[str, Counter[str]] = {}
    for text, n in counts.items():
        spelled.setdefault(keys[text], Counter())[plain(text or "")] += n
    names = {key: min(found, key=lambda name: (-found[name], name)) for key, found in spelled.items()}
    rows = [
        (text, key, names[key] if key != "blank" else None, key if key in SCHEME or key == "blank" else "other")
        for text, key in keys.items()
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("text", "key", "reason", "group"), pl.String), orient="row")


def _key(text: str | None) -> str:
    words = folded(text or "")
    return _codes().get(words, f"= {words}") if words else "blank"


def several(texts: pl.Series) -> pl.Series:
    """The reasons in each text, in the order given: those of buyers stand between semicolons."""
    parts = [
        None if text is None else [part for part in _BETWEEN.split(text) if plain(part)] for text in texts.to_list()
    ]
    return pl.Series(texts.name, parts, pl.List(pl.String))
