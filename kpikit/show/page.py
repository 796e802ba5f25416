"""A page as a value: what it says (codes and numbers), what it draws, and whether it has anything to say at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from kpikit.schema import Certainty
from kpikit.words import Words


@dataclass(frozen=True)
class Message:
    """A code with the values for its blanks; a value may itself be a message."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def in_words(self, words: Words) -> str:
        """The sentence in one language."""
        return words.say(self.code, **{name: _in_words(value, words) for name, value in self.values.items()})


def _in_words(value: Any, words: Words) -> Any:
    """Messages within a message, alone or several, in words; anything else as it is."""
    if isinstance(value, Message):
        return value.in_words(words)
    return tuple(_in_words(one, words) for one in value) if isinstance(value, tuple) else value


def message(code: str, /, **values: Any) -> Message:
    """A message, short to write."""
    return Message(code, values)


@dataclass(frozen=True)
class Chart:
    """What to draw: the kind of chart, its numbers, what it shows in words, and the key to its colours.

    ``data`` has codes and numbers only; columns by kind: see :mod:`kpikit.show.charts.base`. ``key`` pairs a colour
    token of :mod:`kpikit.show.theme` with what it stands for; ``unit`` is that of the data.
    """

    kind: Literal[
        "ranges", "hundreds", "findings", "strips", "shares", "pairs", "cells", "process", "counts", "slopes",
        "cohorts", "stays", "moves", "timeline", "course", "headline",
    ]  # fmt: skip
    data: pl.DataFrame
    description: Message
    key: tuple[tuple[str, Message], ...] = ()
    unit: str = "day"


@dataclass(frozen=True)
class Link:
    """A cell's text that leads to an address by https; as text or in a workbook it is its text alone."""

    text: str
    address: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Table:
    """A small table of words: headings, then rows of messages, links or plain text."""

    headings: tuple[Message, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Card:
    """A customer's own words: how it ended, the story, who it was about, and lines that others said.

    ``story`` and ``others`` are their text as it was written; it stays text wherever it is shown.
    """

    heading: Message
    story: str
    about: tuple[Message | str, ...] = ()
    others: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True)
class Page:
    """One screen: a title that is the finding, one sentence, at most one chart, one open question.

    A ``folded`` page is a line that opens. ``cards`` stand where a chart would; ``footer`` under a page with deals.
    ``details`` are the paragraphs, lists and tables of the back matter.
    """

    id: str
    title: Message
    sentence: tuple[Message, ...] = ()
    chart: Chart | None = None
    question: Message | None = None
    certainty: Certainty | None = None
    folded: bool = False
    details: tuple[tuple[Message, tuple[Message | Table, ...]], ...] = ()
    table: Table | None = None
    terms: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    footer: tuple[Message, ...] = ()
