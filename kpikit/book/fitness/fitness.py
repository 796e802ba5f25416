"""What can this export answer, what not, and what about it deserves a look before anyone believes a figure?

A finding is a row of codes and numbers; :mod:`kpikit.words` has its sentence (``fitness.<code>``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book.fitness import cuts, gaps, grain, history, left_out, oddities
from kpikit.book.fitness.finding import SCHEMA, Finding
from kpikit.book.fitness.needs import cannot_say
from kpikit.errors import SEVERITY
from kpikit.kpi import cards

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook


def fitness(book: DealBook) -> pl.DataFrame:
    """What can this book answer, what not and why, and what in it deserves a look?

    Args:
        book: any opened book.

    Returns:
        A list: ``part`` (answers, history, gaps, oddities, left_out, door), ``code``, ``subject`` (a question's id, a
        table, a column, a stage or a reason), ``status`` (fine, look, missing), ``n`` of ``of`` rows, ``example``,
        ``at`` (a day), ``reason`` (why a question is refused).

    Example:
        >>> import kpikit
        >>> found = kpikit.open_book("demo").fitness()
        >>> found.filter(pl.col("status") == "missing").height
        0
    """
    parts = (history, cuts, grain, gaps, oddities, left_out)
    found = [*answers(book), *(one for part in parts for one in part.findings(book)), *door(book)]
    return pl.DataFrame([finding.as_row() for finding in found], schema=SCHEMA, orient="row")


def answers(book: DealBook) -> Iterable[Finding]:
    """A finding a question: answered, or refused with the reason."""
    for card in cards().values():
        reason = cannot_say(book, card)
        status = "fine" if reason is None else "missing"
        yield Finding("answers", "answered" if reason is None else "refused", card.id, status, reason=reason)


def door(book: DealBook) -> Iterable[Finding]:
    """What was noticed and set aside when the book was opened, by rule."""
    dropped = book.dropped.group_by("table", "rule", maintain_order=True).len()
    for table, rule, n in dropped.iter_rows():
        yield Finding("door", "dropped", table, "look", n, reason=rule)
    noticed = [fault for fault in book.faults if SEVERITY.get(fault.rule) == "warning"]
    for rule in dict.fromkeys(fault.rule for fault in noticed):
        same = [fault for fault in noticed if fault.rule == rule]
        yield Finding(
            "door", "warned", same[0].column or "", "look", sum(f.n for f in same), example=same[0].value, reason=rule
        )
