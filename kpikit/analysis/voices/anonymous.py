"""Names out of a customer's words: what a text needs before it leaves the team."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from kpikit.languages import small_set

#: what stands where a name stood
GAP = "[…]"
_REACH = re.compile(r"\S+@\S+\.\w+|https?://\S+|www\.\S+|\+?\d(?:[\s().-]?\d){7,}")
_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?:['’\-][^\W\d_]+)*(?!\d)")


def anonymous(text: str, names: Iterable[str] = ()) -> str:
    """The text with names, addresses and numbers taken out: ``[…]`` stands for each.

    Taken out are the names given, whatever has a title before it, common first names, words with a capital inside a
    sentence, and at its beginning if another name or a verb of saying follows. It takes out too much rather than too
    little, and a person still reads what leaves the team.

    >>> anonymous("Karin from Acme said: ring Mr Jansen on 020 123 45 67.", ["Acme"])
    '[…] from […] said: ring […] on […].'
    """
    text = _REACH.sub(GAP, text)
    for pattern in _patterns(frozenset(names)):
        text = pattern.sub(GAP, text)
    words = [(m.start(), m.end(), m.group()) for m in _WORD.finditer(text)]
    gone = _named(text, words)
    for start, end, _ in reversed([word for i, word in enumerate(words) if i in gone]):
        text = text[:start] + GAP + text[end:]
    gap, within = re.escape(GAP), "|".join(sorted(_listed("within")))
    joined = rf"{gap}(?:(?:['’]s)?(?:\s+(?:{within}))*\s*-?\s*{gap})+"
    return re.sub(joined, GAP, text)


def _listed(part: str) -> frozenset[str]:
    """Words of all languages that tell names from other words (``[names]`` in ``words/<language>/language.toml``)."""
    return small_set("names", part)


@cache
def _titles() -> re.Pattern[str]:
    titles = "|".join(sorted(_listed("titles")))
    return re.compile(rf"\b(?:{titles})\.?\s+(?=[^\W\d_])", re.IGNORECASE)


def _named(text: str, words: list[tuple[int, int, str]]) -> set[int]:
    """Which of the words name somebody."""
    bare = [_bare(word) for _, _, word in words]
    capital = [word[0].isupper() and b not in _listed("capitals") for (_, _, word), b in zip(words, bare, strict=True)]
    begins = [_begins(text, start) for start, _, _ in words]
    titled = {m.end() for m in _titles().finditer(text)}
    inside = {bare[i] for i in range(len(words)) if capital[i] and not begins[i]}
    found = set()
    for i, (start, _, _) in enumerate(words):
        stands_out = not begins[i] or bare[i] in inside or bare[i] in _listed("first") or _is_named(bare, capital, i)
        if capital[i] and (stands_out or start in titled):
            found.add(i)
    return found


def _is_named(bare: list[str], capital: list[bool], i: int) -> bool:
    """At the start of a sentence: does what follows make it a name?"""
    if bare[i] in _listed("begins") or i + 1 >= len(bare):
        return False
    after = i + 1
    while after < len(bare) - 1 and bare[after] in _listed("within") | _listed("between"):
        after += 1
    return bare[i + 1] in _listed("saying") or (capital[after] and after > i + 1)


def _begins(text: str, start: int) -> bool:
    """Is this the first word of a sentence (of the text, or after a full stop, colon, line end or opening quote)?"""
    before = text[:start].rstrip(" \t\"'“‘«(")
    return not before or (before[-1] in ".!?:\n…" and not before.endswith(GAP))


def _bare(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.replace("’", "'")).casefold()
    return "".join(c for c in letters if not unicodedata.combining(c))


@lru_cache(maxsize=8)
def _patterns(names: frozenset[str]) -> tuple[re.Pattern[str], ...]:
    """Whole names in any spelling of capitals; their longer parts only with a capital."""
    whole = {name.strip() for name in names if len(name.strip()) > 2}
    parts = {part for name in whole for part in re.split(r"[\s,–—/]+", name) if len(part) > 3 and part[0].isupper()}
    return tuple(
        re.compile(
            rf"(?<!\w)(?:{'|'.join(re.escape(n) for n in sorted(some, key=lambda n: (-len(n), n)))})(?!\w)", flags
        )
        for some, flags in ((whole, re.IGNORECASE), (parts, 0))
        if some
    )
