"""A report in five lines for a chat: whose, the finding, with how many and how sure, the question, where it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kpikit.report.formats.outputs import PAGE_MIME, REPORT_MIME, shown
from kpikit.words import Words

#: what would break a line, or turn around how it reads
_UNSAID = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def summary(notebook: Any, page: Path, *, language: str) -> str:
    """Five lines of plain text, in the report's language; ``page`` is where its HTML stands."""
    told: Mapping[str, Any] = next(shown(notebook, REPORT_MIME), {})
    pages = list(shown(notebook, PAGE_MIME))
    front: Mapping[str, Any] = pages[0] if pages else {}
    words = Words(language)
    where = "/".join(page.parts[-3:])
    lines = [
        " · ".join([told.get("title", ""), *told.get("about", ())]),
        front.get("title", ""),
        " ".join([*front.get("sentence", ())[:1], *_proof(pages[1:], words)]),
        front.get("question", ""),
        words.say("summary.where", path=where),
    ]
    return "".join(f"{_line(line)}\n" for line in lines)


def _proof(pages: Sequence[Mapping[str, Any]], words: Words) -> Sequence[str]:
    """The sentence of the surest page, with its numbers: the first that is clear, a hint, or cannot be told."""
    for certainty in ("clear", "hint", "unknown"):
        word = words.say(f"certainty.{certainty}")
        for page in pages:
            if page.get("certainty") == certainty and page.get("sentence"):
                said = page["sentence"][:3]
                return said if word in " ".join(said) else [*said, f"({word})"]
    return ()


def _line(text: str) -> str:
    return " ".join(_UNSAID.sub(" ", text).split())
