"""What stands behind the pages: limits, the data, definitions, words, and how figures were computed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook
from kpikit.kpi import cards
from kpikit.report import fitness_part
from kpikit.report.figures import Figures
from kpikit.show.page import Message, Page, Table, message

TERMS = ("open", "half", "waiting", "ended", "range", "hundred", "clear", "hint", "unknown", "nine", "set_aside")
_FITNESS = (fitness_part.refused, fitness_part.looked, fitness_part.missing)
USED = ("wins", "time_in_stage", "exits", "stage_changes", "sleeping", "sleeping_rate")


def details(figures: Figures, folded: list[Page]) -> tuple[tuple[Message, tuple[Message | Table, ...]], ...]:
    """The parts of the back matter, each a heading with what stands under it."""
    parts = [(message("back.folded"), _folded(figures, folded))] if folded else []
    parts.append((message("back.data"), _data(figures)))
    parts.append((message("back.fitness"), _fitness(figures.book)))
    parts.append((message("back.definitions"), _definitions()))
    parts.append((message("back.glossary"), tuple(message(f"term.{term}") for term in TERMS)))
    parts.append((message("back.methods"), (message("back.methods.text"), message("back.windows.text"))))
    parts.append((message("back.privacy"), _privacy(figures)))
    return tuple(parts)


def _folded(figures: Figures, folded: list[Page]) -> tuple[Message | Table, ...]:
    from kpikit.report.team_pages import looked_again_on

    again = looked_again_on(figures.period)
    rows = tuple((page.title, again) for page in folded)
    return (Table((message("back.page"), message("back.look_again")), rows),)


def _data(figures: Figures) -> tuple[Message | Table, ...]:
    """Up to when, how many, what was set aside, and the hash that names exactly this book."""
    book = figures.book
    as_of: datetime = book.as_of.astimezone(ZoneInfo(book.settings.time_zone))
    lines: list[Message | Table] = [message("back.as_of", at=as_of), message("back.deals", n=figures.n_deals)]
    if figures.refused is None:
        left_out = int(figures.times["n_excluded"].fill_null(0).sum())
        lines.append(message("back.excluded", n=left_out))
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


def _definitions() -> tuple[Message | Table, ...]:
    rows = tuple((message(f"kpi.{name}"), str(cards()[name].version)) for name in USED)
    return (Table((message("back.figure"), message("back.version")), rows),)


def _privacy(figures: Figures) -> tuple[Message | Table, ...]:
    agreement = figures.book.settings.privacy.agreement
    lines = [message("back.privacy.text")]
    lines.append(message("back.agreement", agreement=agreement) if agreement else message("back.no_agreement"))
    return tuple(lines)
