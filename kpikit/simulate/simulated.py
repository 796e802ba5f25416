"""A simulated book: a deal book that knows the truth about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from kpikit.book import DealBook, Settings
from kpikit.simulate.frames import SETTINGS, in_schemas, last_instant, recorded
from kpikit.simulate.parameters import STANDARD, Parameters
from kpikit.simulate.recording import Plan
from kpikit.simulate.recording import plan as plan_of
from kpikit.simulate.truth import truth_of


@dataclass(frozen=True, repr=False, eq=False)
class SimulatedBook(DealBook):
    """A deal book with ``truth``: what was put in, and what follows from it (see :func:`kpikit.simulate.truth_of`)."""

    truth: Mapping[str, Any] = field(default_factory=dict)


def process(
    parameters: Parameters = STANDARD,
    *,
    deals: int = 2000,
    teams: int = 8,
    seed: int = 0,
    start: date = date(2024, 7, 1),
    months: int = 24,
    settings: Mapping[str, Any] = SETTINGS,
    plan: Plan | str = "",
) -> SimulatedBook:
    """What would a deal book look like if the sales process were exactly this one, and what is true of it?

    Args:
        parameters: stages, segments, planted effects; by default the standard process.
        deals: how many deals begin in all.
        teams: over how many teams they spread.
        seed: the same seed gives the same book.
        start: the first local day.
        months: for how many months deals begin and are watched; what happens later is not seen.
        settings: ``[settings]`` of the book.
        plan: habits of recording, and circumstances that look like them: ``"late=.2,bias=-1"`` (docs/simulate.md).

    Returns:
        A deal book up to the end of those months, with ``.truth``; what was planted, in which deals, is in
        ``.truth["planted"]``.

    Raises:
        UsageError: the plan names what is not known, or a dose out of its range.

    Example:
        >>> book = process(deals=200, teams=2, seed=1)
        >>> book.truth["cycle"]["deals"]
        40000
        >>> process(deals=200, teams=2, seed=1, plan="hidden=.5").truth["planted"]["hidden"]["dose"]
        0.5
    """
    planned = plan_of(plan) if isinstance(plan, str) else plan
    record = recorded(parameters, deals=deals, teams=teams, seed=seed, start=start, months=months, plan=planned)
    tables: dict[str, Any] = dict(in_schemas(record))
    book = DealBook.from_frames(
        **tables, as_of=last_instant(start, months), settings=Settings.from_tables(dict(settings), {})
    )
    given = {f.name: getattr(book, f.name) for f in fields(DealBook)}
    return SimulatedBook(**given, truth=truth_of(record.parameters, seed=seed, touched=record.touched))
