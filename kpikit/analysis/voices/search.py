"""Words by their stem, without accents: "offertes" finds "offerte", "een" finds "één"; in every language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from math import log
from typing import Any

from kpikit.languages import LANGUAGES, language, small_set

_WORD = re.compile(r"[^\W_]+")
_K1, _B = 1.2, 0.75


@cache
def _stemmer(name: str) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(language(name)["stories"]["stemmer"])


@lru_cache(maxsize=50_000)
def _stem(word: str, name: str) -> str:
    return f"{name}:{_stemmer(name).stemWord(word)}"


def words(text: str) -> list[str]:
    """The words of a text: small letters, no accents.

    >>> words("Één OFFERTE, café's")
    ['een', 'offerte', 'cafe', 's']
    """
    letters = unicodedata.normalize("NFKD", text).casefold()
    return _WORD.findall("".join(c for c in letters if not unicodedata.combining(c)))


def asked(text: str) -> list[frozenset[str]]:
    """Each distinct word of a question as everything it can match; the small words only if there are no others."""
    found = list(dict.fromkeys(words(text)))
    small = small_set("stories", "small_words")
    telling = [word for word in found if word not in small and len(word) > 1] or found
    return [frozenset({f"={word}", *(_stem(word, name) for name in LANGUAGES)}) for word in telling]


class Texts:
    """Texts that can be searched: the better a text fits the words asked for, the higher its score (BM25)."""

    def __init__(self, texts: Sequence[str], languages: Sequence[str | None]) -> None:
        self.counts = [_counted(text, name) for text, name in zip(texts, languages, strict=True)]
        self.lengths = [max(len(words(text)), 1) for text in texts]
        self.usual = sum(self.lengths) / max(len(self.lengths), 1)

    def scores(self, question: Iterable[frozenset[str]]) -> list[float]:
        """A score for each text; 0 where no word of the question stands in it."""
        total = [0.0] * len(self.counts)
        for forms in question:
            times = [max((counts[form] for form in forms), default=0) for counts in self.counts]
            n_with = sum(n > 0 for n in times)
            rare = log(1 + (len(times) - n_with + 0.5) / (n_with + 0.5))
            for i, n in enumerate(times):
                if n:
                    total[i] += rare * n * (_K1 + 1) / (n + _K1 * (1 - _B + _B * self.lengths[i] / self.usual))
        return total


def _counted(text: str, name: str | None) -> Counter[str]:
    """How often each form stands in a text; a text whose language is not known is read as all."""
    known = [name] if name in LANGUAGES else list(LANGUAGES) if name is None else []
    found = words(text)
    return Counter([f"={word}" for word in found] + [_stem(word, one) for word in found for one in known])
