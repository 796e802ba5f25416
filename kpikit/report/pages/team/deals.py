"""The open deals that wait long, one by one in the team's own copy."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.team import TeamFigures
from kpikit.report.figures.waiting import Waiting
from kpikit.report.pages.wording import alone, for_conversation, refused
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Link, Message, Page, Table, message


def page(figures: TeamFigures) -> Page:
    """The open deals that wait long; a company copy counts them and names none."""
    found, own, agreement = figures.waiting, figures.about.copy == "team", figures.about.agreement
    if figures.is_few:
        return _each(found, own=own, agreement=agreement)
    if figures.refused is not None:
        return refused("deals", "page.deals.title.refused", figures.refused)
    return _waiting(found, own=own, agreement=agreement)


def _waiting(found: Waiting, *, own: bool, agreement: str) -> Page:
    if not found.n_open:
        return Page("deals", message("page.deals.title.none"), folded=True)
    sentence = _sentence(found)
    if not own:  # each dot of the chart is a deal
        return Page("deals", _title(found), sentence, folded=True, terms=("nine",))
    return Page(
        "deals", _title(found), sentence, _chart(found), message("page.deals.question"), table=_table(found.asleep),
        terms=("nine",), footer=for_conversation(agreement),
    )  # fmt: skip


def _each(found: Waiting, *, own: bool, agreement: str) -> Page:
    """A team with so few deals that each is talked about."""
    if not found.n_open:
        return Page("deals", message("page.deals.title.none"), folded=True)
    title = message("page.deals.title.each", n=found.n_open, count=message(f"count.{min(found.n_open, 9)}"))
    if not own:
        return Page("deals", title, folded=True)
    question, table = message("page.deals.question.each"), _table(found.first)
    return Page("deals", title, question=question, table=table, footer=for_conversation(agreement))


def _title(found: Waiting) -> Message:
    expected = found.rates["expected"].sum() if found.rates["expected"].null_count() == 0 else None
    if found.n_asleep == 0:
        return message("page.deals.title.nobody")
    if expected is None:
        return message("page.deals.title.count", n=found.n_asleep)
    return message("page.deals.title.usual", n=found.n_asleep, usual=round(expected))


def _sentence(found: Waiting) -> tuple[Message, ...]:
    parts = []
    if found.value_asleep and found.value_open:
        of_all = round(100 * found.value_asleep / found.value_open)
        parts.append(message("page.deals.value", value=alone(found.value_asleep, "money"), share=of_all))
    outcome = found.outcome.row(0, named=True)
    old, won = outcome["n"], outcome["n_events"]
    if outcome["status"] == "ok":
        parts.append(message("page.deals.earlier", n=old, won=won, chance=Estimate.of(outcome)))
    elif old:
        parts.append(message("page.deals.earlier.few", n=old, won=won))
    return tuple(parts)


def _chart(found: Waiting) -> Chart:
    key = (("waiting", message("key.sleeping")), ("before", message("key.awake")))
    return Chart("strips", found.dots, message("page.deals.chart", n=found.n_open), key=key)


def _table(deals: pl.DataFrame) -> Table:
    """What each deal is, where it stands, since when, and the customer's last act."""
    cells = []
    for row in deals.to_dicts():
        acted = row["acted_on"]
        last = message("page.deals.day", day=acted) if acted else message("page.deals.no_act")
        days = message("page.deals.days", n=round(row["days"]))
        deal = Link(row["deal"], row["address"]) if row["address"] else row["deal"]
        cells.append((deal, row["stage"], days, last, ""))
    headings = tuple(message(f"page.deals.{name}") for name in ("deal", "stage", "since", "act", "parked"))
    return Table(headings, tuple(cells))
