"""Names out of a customer's words: what a text needs before it leaves the team."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from kpikit.analysis.base.coding import of_words

#: what stands where a name stood
GAP = "[…]"
_REACH = re.compile(r"\S+@\S+\.\w+|https?://\S+|www\.\S+|\+?\d(?:[\s().-]?\d){7,}")
_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?:['’\-][^\W\d_]+)*(?!\d)")
_TITLES = re.compile(
    r"\b(?:mr|mrs|ms|miss|dr|prof|sir|madam|dhr|mevr|mw|meneer|mevrouw|heer|monsieur|madame|mme|m)\.?\s+(?=[^\W\d_])",
    re.IGNORECASE,
)
#: written with a capital in English or Dutch without naming anybody
_CAPITALS = of_words(
    """i i'm i've i'd i'll monday tuesday wednesday thursday friday saturday sunday january february march april may
    june july august september october november december christmas easter english dutch french german flemish
    belgian british european it ict crm erp hr ok pdf api excel internet"""
)
#: small words with which a sentence may begin before a verb of saying
_SMALL = of_words(
    """he she they we you it one who nobody somebody someone everybody everyone this that these those which what
    there then hij zij ze wij we jij je jullie ge gij u men iemand niemand iedereen dat dit die deze wat wie er
    toen dan het de een the a an il elle on nous vous ils elles"""
)
_SAYING = of_words(
    """said says say told tells rang called calls asked asks wrote writes thinks thought phoned mailed answered
    replied zei zegt vroeg vraagt belde belt schreef schrijft vertelde vertelt vond vindt mailde antwoordde"""
)
_BETWEEN = of_words("""van de der den ten ter te von zu du la le at from bij uit und en and &""")
_FIRST = of_words(
    """adam ahmed alice andrea anita anja anke ann anna anne annelies anouk bart bas ben bram brigitte carla caroline
    charlotte chris christine claire daan daniel david dirk eline elise ellen emma eric erik esther eva fatima
    femke frans geert gerard hannah hans henk ilse ingrid isabelle jan janneke jef jeroen jo joanna johan john
    joost joris jose julie karel karen karim karin katrien kees kim koen kris laura lieve linda lisa loes lotte
    luc lucas maaike marc maria marie marijke marjan martijn martin mehmet michel mieke mohamed mohammed monique
    nadia nathalie nele nico niels nina noor olivia omar patrick paul pauline peter petra philippe piet pieter
    pierre rachel ria richard rik rita robert robin roos ruben ruth sander sandra sara sarah sebastien simon sofie
    sophie stefan steven susan sven sylvia tanja thomas tim tine tom ursula veerle vera veronique walter wendy
    willem wim wouter yves"""
)


def anonymous(text: str, names: Iterable[str] = ()) -> str:
    """The text with names, addresses and numbers taken out: ``[…]`` stands for each.

    Taken out are the names given, whatever has a title before it, first names that are common in the Low Countries and
    Britain, words with a capital inside a sentence, and at its beginning if another name or a verb of saying follows.
    It takes out too much rather than too little, and a person still reads what leaves the team.

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
    gap = re.escape(GAP)
    joined = rf"{gap}(?:(?:['’]s)?(?:\s+(?:van|de|der|den|ten|ter|von|du|la|le|&))*\s*-?\s*{gap})+"
    return re.sub(joined, GAP, text)


def _named(text: str, words: list[tuple[int, int, str]]) -> set[int]:
    """Which of the words name somebody."""
    bare = [_bare(word) for _, _, word in words]
    capital = [word[0].isupper() and b not in _CAPITALS for (_, _, word), b in zip(words, bare, strict=True)]
    begins = [_begins(text, start) for start, _, _ in words]
    titled = {m.end() for m in _TITLES.finditer(text)}
    inside = {bare[i] for i in range(len(words)) if capital[i] and not begins[i]}
    found = set()
    for i, (start, _, _) in enumerate(words):
        stands_out = not begins[i] or bare[i] in inside or bare[i] in _FIRST or _is_named(bare, capital, i)
        if capital[i] and (stands_out or start in titled):
            found.add(i)
    return found


def _is_named(bare: list[str], capital: list[bool], i: int) -> bool:
    """At the start of a sentence: does what follows make it a name?"""
    if bare[i] in _SMALL or i + 1 >= len(bare):
        return False
    after = i + 1
    while after < len(bare) - 1 and bare[after] in _BETWEEN:
        after += 1
    return bare[i + 1] in _SAYING or (capital[after] and after > i + 1)


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
