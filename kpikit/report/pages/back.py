"""What stands behind the pages: limits, the data, definitions, words, and how figures were computed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.kpi import cards
from kpikit.report.figures.team import Figures
from kpikit.show import fitness_words as fitness_part
from kpikit.show.page import Message, Page, Table, message

TERMS = (
    "open", "half", "waiting", "ended", "range", "hundred", "clear", "hint", "unknown", "nine", "luck", "late",
    "set_aside",
)  # fmt: skip
_FITNESS = (fitness_part.refused, fitness_part.looked, fitness_part.missing)
USED = (
    "wins",
    "pipeline_moved",
    "time_in_stage",
    "exits",
    "stage_changes",
    "sleeping",
    "sleeping_rate",
    "rate_over_time",
)


@dataclass(frozen=True)
class Matter:
    """What a report has behind its pages: its book and period, the definitions and words it used, how it computed."""

    book: DealBook
    period: Period
    used: tuple[str, ...]
    terms: tuple[str, ...]
    methods: tuple[Message, ...]
    counts: tuple[Message, ...]


def details(figures: Figures, folded: list[Page]) -> tuple[tuple[Message, tuple[Message | Table, ...]], ...]:
    """The back matter of a team's review."""
    counts = [message("back.deals", n=figures.n_deals)]
    if figures.refused is None:
        counts.append(message("back.excluded", n=int(figures.times["n_excluded"].fill_null(0).sum())))
    methods = (message("back.methods.text"), message("back.windows.text"))
    return matter(Matter(figures.book, figures.period, USED, TERMS, methods, tuple(counts)), folded)


def matter(what: Matter, folded: list[Page]) -> tuple[tuple[Message, tuple[Message | Table, ...]], ...]:
    """The parts of the back matter, each a heading with what stands under it."""
    parts = [(message("back.folded"), _folded(what, folded))] if folded else []
    parts.append((message("back.data"), _data(what)))
    parts.append((message("back.fitness"), _fitness(what.book)))
    parts.append((message("back.definitions"), _definitions(what.used)))
    parts.append((message("back.glossary"), tuple(message(f"term.{term}") for term in what.terms)))
    parts.append((message("back.methods"), what.methods))
    parts.append((message("back.privacy"), _privacy(what.book)))
    return tuple(parts)


def _folded(what: Matter, folded: list[Page]) -> tuple[Message | Table, ...]:
    from kpikit.report.pages.team import looked_again_on

    again = looked_again_on(what.period)
    rows = tuple((page.title, again) for page in folded)
    return (Table((message("back.page"), message("back.look_again")), rows),)


def _data(what: Matter) -> tuple[Message | Table, ...]:
    """Up to when, how many, what was set aside, and the hash that names exactly this book."""
    book = what.book
    as_of: datetime = book.as_of.astimezone(ZoneInfo(book.settings.time_zone))
    lines: list[Message | Table] = [message("back.as_of", at=as_of), *what.counts]
    dropped = book.dropped.group_by("table", "rule").len().sort("table", "rule")
    lines.append(message("back.dropped", n=int(dropped["len"].sum())))
    if dropped.height:
        rows = tuple(tuple(row) for row in dropped.with_columns(pl.col("len").cast(pl.Int64)).iter_rows())
        lines.append(Table((message("back.table"), message("back.rule"), message("back.count")), rows))
    lines.append(message("back.hash", hash=book.hash))
    return tuple(lines)


def _fitness(book: DealBook) -> tuple[Message | Table, ...]:
    """What the export can answer, what not and why, what deserves a look, what is not in it."""
    found = book.fitness()
    return (fitness_part.answered(found), *(part for say in _FITNESS for part in say(found)))


def _definitions(used: tuple[str, ...]) -> tuple[Message | Table, ...]:
    rows = tuple((message(f"kpi.{name}"), str(cards()[name].version)) for name in used)
    return (Table((message("back.figure"), message("back.version")), rows),)


def _privacy(book: DealBook) -> tuple[Message | Table, ...]:
    agreement = book.settings.privacy.agreement
    lines = [message("back.privacy.text")]
    lines.append(message("back.agreement", agreement=agreement) if agreement else message("back.no_agreement"))
    return tuple(lines)
