"""Other spellings of a name in the log: offered to whoever asks to forget a person, and never forgotten unasked.

A log holds "Jansen, Piet", "P. Jansen" and "piet.jansen@example.com" beside "Piet Jansen". Whether they are the same
person only people know; that they are there a program can say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kpikit.log.entries import same_name

#: where names stand
_PLACES = ("author", "owner", "text")
#: parts of a family name that may be left out or stand elsewhere
PARTICLES = frozenset(
    {
        "aan", "aux", "d", "da", "das", "de", "del", "della", "den", "der", "des", "di", "dos", "du", "e", "el", "en",
        "het", "il", "in", "l", "la", "le", "les", "lo", "los", "op", "s", "t", "te", "ten", "ter", "tot", "uit", "van",
        "vande", "vanden", "vander", "ver", "vom", "von", "y", "zu", "zum", "zur",
    }
)  # fmt: skip
#: letters that no decomposition takes apart
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ŋ": "ng"})
_MAIL = re.compile(r"[^\s<>()\[\],;:\"@]+@[^\s<>()\[\],;:\"@]*[^\W_]")
#: initials with full stops, or a word
_ALONE = re.compile(r"(?:[^\W\d_]\.\s?){2,}|[^\W_]+")
#: between two parts of a name: nothing (in an address), a space or two, a comma, a full stop, a hyphen
_BETWEEN = r"[\s.,_'’-]{0,3}"
_BEGIN, _END = r"(?<![^\W_])", r"(?![^\W_])"


@dataclass(frozen=True, slots=True)
class Namesake:
    """A spelling as it stands in the log, and in how many rows."""

    spelling: str
    n: int


def taken_for_same(rows: Iterable[Mapping[str, Any]], name: str, pattern: re.Pattern[str]) -> tuple[Namesake, ...]:
    """The spellings that are the name itself but for capitals, spaces and how accents are coded.

    Args:
        rows: of the log.
        name: as it was asked for.
        pattern: what finds the name in a text.
    """
    found: dict[str, int] = {}
    for row in rows:
        people = [row[place] for place in ("author", "owner") if same_name(row[place]) == same_name(name)]
        said = [match.group() for match in pattern.finditer(row["text"] or "")]
        for spelling in {*people, *said} - {name}:
            found[spelling] = found.get(spelling, 0) + 1
    return _sorted(found)


def namesakes(rows: Iterable[Mapping[str, Any]], name: str) -> tuple[Namesake, ...]:
    """The spellings that may be the same person: other accents, another order, initials, an address, a part alone.

    Args:
        rows: of the log, as they stand once the name itself is gone from them.
        name: as it was asked for.

    >>> row = {"author": "Jansen, Piet", "owner": None, "text": "P. Jansen rings; cc piet.jansen@example.com"}
    >>> [one.spelling for one in namesakes([row], "Piet Jansen")]
    ['Jansen, Piet', 'P. Jansen', 'piet.jansen@example.com']
    """
    likeness = _Likeness(name)
    found: dict[str, int] = {}
    for row in rows:
        told = {spelling for place in _PLACES if row[place] for spelling in likeness.found_in(row[place], place)}
        for spelling in told:
            found[spelling] = found.get(spelling, 0) + 1
    return _sorted(found)


def _sorted(found: Mapping[str, int]) -> tuple[Namesake, ...]:
    return tuple(Namesake(spelling, found[spelling]) for spelling in sorted(found))


class _Likeness:
    """What a name can look like."""

    def __init__(self, name: str) -> None:
        self.words = _words(name)
        shapes = sorted(set(_shapes(self.words)), key=lambda shape: (-len(shape), shape))
        self.whole = re.compile("|".join(shapes) or "(?!)")
        self.within = re.compile("|".join(f"{_BEGIN}(?:{one}){_END}" for one in shapes) or "(?!)")
        self.parts = {word for word in self.words if len(word) > 2 and word not in PARTICLES}
        first = [word[0] for word in self.words]
        self.initials = {"".join(first), "".join(word[0] for word in self.words if word not in PARTICLES)}

    def found_in(self, text: str, place: str) -> Iterator[str]:
        """The spellings in a text, or the whole of an author or owner."""
        folded, at = _folded(text)
        if place != "text" and self._is_whole(folded):
            yield text.strip()
            return
        taken = []
        for match in _MAIL.finditer(text):
            local = _folded(match.group().partition("@")[0])[0]
            if self._is_whole(local.rstrip("0123456789")):
                yield match.group()
            taken.append(match.span())
        for match in self.within.finditer(folded):
            span = at[match.start()], [*at, len(text)][match.end()]  # with a mark, or an e, that was left out
            if not any(_meet(span, one) for one in taken):
                taken.append(span)
                yield text[slice(*span)]
        if place == "text":
            yield from self._single(text, taken)

    def _is_whole(self, folded: str) -> bool:
        """Is this the name in another shape, its initials, or a part of it?"""
        bare = folded.strip()
        words = _words(bare)
        return bool(
            self.whole.fullmatch(bare)
            or "".join(words) in {one for one in self.initials if len(one) > 1}
            or (words and set(words) <= {*self.parts, *PARTICLES} and set(words) & self.parts)
            or (len(self.words) == 1 and set(self.words) <= set(words))
        )

    def _single(self, text: str, taken: list[tuple[int, int]]) -> Iterator[str]:
        """A part of the name alone, written as a name is, and initials in capitals."""
        for match in _ALONE.finditer(text):
            said = match.group().strip()
            plain = "".join(_words(said))
            is_part = plain in self.parts and said[0].isupper()
            ends = said[0] + said.rstrip(".")[-1]
            is_initials = len(plain) > 1 and plain in self.initials and ends.isupper()
            if (is_part or is_initials) and not any(_meet(match.span(), one) for one in taken):
                yield said


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _words(name: str) -> tuple[str, ...]:
    """The words of a name, folded, the given name first: what stands behind a comma comes first."""
    before, comma, behind = name.partition(",")
    ordered = f"{behind} {before}" if comma and behind.strip() else name
    return tuple(re.findall(r"[^\W_]+", _folded(ordered)[0]))


def _folded(text: str) -> tuple[str, list[int]]:
    """A text without capitals and accents, and for each of its letters the place where it stood.

    An ü may be written ue: the e is left out behind a, o and u.
    """
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        plain = unicodedata.normalize("NFKD", letter).casefold().translate(_PLAIN)
        for one in plain:
            is_second = one == "e" and letters[-1:] in (["a"], ["o"], ["u"]) and place - places[-1] <= 1
            if not unicodedata.combining(one) and not is_second:
                letters.append(one)
                places.append(place)
    return "".join(letters), places


def _shapes(words: tuple[str, ...]) -> Iterator[str]:
    """Patterns of a name over a folded text: in any order, with initials, with fewer words or one more."""
    bare = tuple(word for word in words if word not in PARTICLES)
    for some in dict.fromkeys((words, bare, (*bare[:1], *bare[-1:]))):
        if not some or (len(some) == 1 and len(words) > 1):
            continue
        for turn in range(len(some)):
            yield _BETWEEN.join(some[turn:] + some[:turn])
        for cut in range(1, len(some)):
            initials = [word[0] for word in some[:cut]]
            yield _BETWEEN.join([*initials, *some[cut:]])
            yield _BETWEEN.join([*some[cut:], *initials])
        if len(some) > 1:
            yield rf"{some[0]}\s+{some[-1][0]}\."
            yield rf"{some[0]}\s+[^\W_]+\.?\s+{some[-1]}"
