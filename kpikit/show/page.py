"""A page as a value: what it says (codes and numbers), what it draws, and whether it has anything to say at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from kpikit.words import Words

Certainty = Literal["clear", "hint", "unknown"]


@dataclass(frozen=True)
class Message:
    """A code with the values for its blanks; a value may itself be a message."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def in_words(self, words: Words) -> str:
        """The sentence in one language."""
        values = {k: v.in_words(words) if isinstance(v, Message) else v for k, v in self.values.items()}
        return words.say(self.code, **values)


def message(code: str, /, **values: Any) -> Message:
    """A message, short to write."""
    return Message(code, values)


@dataclass(frozen=True)
class Chart:
    """What to draw: the kind of chart, its numbers, what it shows in words, and the key to its colours.

    ``data`` has codes and numbers only; columns by kind: see :mod:`kpikit.show.charts`. ``key`` pairs a colour token of
    :mod:`kpikit.show.theme` with what it stands for; ``unit`` is that of the data.
    """

    kind: Literal["ranges", "hundreds", "findings", "strips"]
    data: pl.DataFrame
    description: Message
    key: tuple[tuple[str, Message], ...] = ()
    unit: str = "day"


@dataclass(frozen=True)
class Table:
    """A small table of words: headings, then rows of messages or plain text."""

    headings: tuple[Message, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Page:
    """One screen: a title that is the finding, one sentence, at most one chart, one open question.

    A ``folded`` page is a line that opens. ``details`` are the paragraphs, lists and tables of the back matter.
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
