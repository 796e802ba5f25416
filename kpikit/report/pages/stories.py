"""Customers' own words as cards, and what stands where there are none."""

from __future__ import annotations

import re

import polars as pl

from kpikit.report.figures.voices import Voices
from kpikit.report.pages.wording import looked_back
from kpikit.show.page import Card, Message, Page, message

#: words of a quote in a title; a line of others' words
TITLE_WORDS, LINE_WORDS = 11, 22
#: how a deal ended, as far as its story goes: a card each
_SIDES = {"won": ("won",), "not_won": ("lost", "void", "open")}
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


def counted(found: Voices) -> tuple[Message, ...]:
    """How many were decided, asked, answered."""
    counts = found.counts
    if not counts["n"]:
        return (message("page.customer.nobody"),)
    values = {"decided": counts["n_decided"], "asked": counts["n"], "n": counts["n_events"]}
    return (message("page.customer.counts", **values),)


def nobody(page: str, found: Voices) -> Page:
    """No story to show: nobody was asked, nobody answered, or nobody gave permission."""
    counts = found.counts
    was_asked = bool(counts["n"])
    title = message(f"page.customer.title.{'untold' if was_asked else 'nobody'}")
    unasked = message("page.customer.unasked", n=counts["n_decided"])
    if not counts["n_decided"]:
        unasked = message("page.customer.undecided")
    sentence = counted(found) if was_asked else (unasked,)
    question = message("page.customer.question.nobody")
    return Page(page, title, (*sentence, *looked_back(found.told)), question=question)


def cards(found: Voices, *, others: int) -> tuple[Card, ...]:
    """A card of each side, the first of the lot; lines of others of the same side below it."""
    made = []
    for side, outcomes in _SIDES.items():
        rows = found.told.rows.filter(pl.col("outcome").is_in(outcomes)).to_dicts()
        if rows:
            first, *rest = rows
            lines = tuple(line(row["story"]) for row in rest[:others])
            made.append(Card(message(f"card.{side}"), first["story"], _about(first, found), lines, first["language"]))
    return tuple(made)


def _about(row: dict, found: Voices) -> tuple[Message | str, ...]:
    """Segment, the last stage of a deal that was not won, what they wanted to achieve."""
    parts: list[Message | str] = [row["segment"]] if row["segment"] else []
    if row["stage"] and row["outcome"] != "won":
        parts.append(message("card.stage", stage=row["stage"]))
    if row["customer_goal"]:
        parts.append(message("card.goal", goal=row["customer_goal"]))
    if found.copy != "team":
        parts.append(message("card.nameless"))
    return tuple(parts)


def quote(story: str) -> str:
    """A sentence that fits a title: the first of three words or more that does, else the beginning of the first."""
    sentences = [sentence.split() for sentence in _SENTENCE.split(" ".join(story.split()))]
    whole = next((words for words in sentences if 3 <= len(words) <= TITLE_WORDS), None)
    return " ".join(whole) if whole else _cut(sentences[0], TITLE_WORDS)


def line(story: str) -> str:
    """As many whole sentences of a story as fit a line, else the beginning of the first; what is left out is marked."""
    sentences = [sentence.split() for sentence in _SENTENCE.split(" ".join(story.split()))]
    kept = list(sentences[0])
    for words in sentences[1:]:
        if len(kept) + len(words) > LINE_WORDS:
            return f"{_cut(kept, LINE_WORDS).removesuffix(' …')} …"
        kept += words
    return _cut(kept, LINE_WORDS)


def _cut(words: list[str], most: int) -> str:
    return " ".join(words) if len(words) <= most else f"{' '.join(words[:most])} …"
