"""What stands behind the pages: limits, the data, definitions, words, and how figures were computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kpikit.kpi import cards
from kpikit.report.figures.about import About
from kpikit.report.pages.restated import restated
from kpikit.report.pages.wording import looked_again_on
from kpikit.show import fitness_words
from kpikit.show.basis_words import rests_on
from kpikit.show.page import Message, Page, Table, message

Part = tuple[Message, tuple[Message | Table, ...]]
_FITNESS = (fitness_words.refused, fitness_words.looked, fitness_words.left_out, fitness_words.missing)


@dataclass(frozen=True)
class Matter:
    """What a report has behind its pages: the definitions and words it used, how it computed, what it counted.

    ``rates`` is a part that stands before all but the folded pages, if a report has one.
    """

    used: tuple[str, ...]
    terms: tuple[str, ...]
    methods: tuple[Message, ...]
    counts: tuple[Message, ...]
    rates: Part | None = None


def back_page(about: About, what: Matter, sentence: Message, folded: Sequence[Page]) -> Page:
    """The back matter as a page; ``folded`` are the pages that had nothing to say, in reading order."""
    parts = [restated(about.restated)] if about.restated else []
    parts += [(message("back.folded"), _folded(about, folded))] if folded else []
    parts += [what.rates] if what.rates else []
    parts += [
        (message("back.data"), _data(about, what.counts)),
        (message("back.fitness"), _fitness(about)),
        (message("back.definitions"), _definitions(what.used)),
        (message("back.glossary"), tuple(message(f"term.{term}") for term in what.terms)),
        (message("back.methods"), what.methods),
        (message("back.privacy"), _privacy(about)),
    ]
    return Page("back", message("page.back.title"), (sentence,), details=tuple(parts))


def _folded(about: About, folded: Sequence[Page]) -> tuple[Message | Table, ...]:
    again = looked_again_on(about.period)
    rows = tuple((page.title, again) for page in folded)
    return (Table((message("back.page"), message("back.look_again")), rows),)


def _data(about: About, counts: tuple[Message, ...]) -> tuple[Message | Table, ...]:
    """Up to when, how many, what was set aside, and the hash that names exactly this book."""
    until = message("back.as_of", at=about.as_of) if about.as_of is not None else message("header.undated")
    lines: list[Message | Table] = [until, rests_on(about.settings), *counts]
    lines.append(message("back.dropped", n=int(about.dropped["n"].sum())))
    if about.dropped.height:
        rows = tuple(about.dropped.iter_rows())
        lines.append(Table((message("back.table"), message("back.rule"), message("back.count")), rows))
    lines.append(message("back.hash", hash=about.hash))
    return tuple(lines)


def _fitness(about: About) -> tuple[Message | Table, ...]:
    """What the export can answer, what not and why, what deserves a look, what is not in it."""
    found = about.fitness
    return (fitness_words.answered(found), *(part for say in _FITNESS for part in say(found)))


def _definitions(used: tuple[str, ...]) -> tuple[Message | Table, ...]:
    rows = tuple((message(f"kpi.{name}"), str(cards()[name].version)) for name in used)
    return (Table((message("back.figure"), message("back.version")), rows),)


def _privacy(about: About) -> tuple[Message | Table, ...]:
    agreed = message("back.agreement", agreement=about.agreement) if about.agreement else message("back.no_agreement")
    return (message("back.privacy.text"), agreed)
