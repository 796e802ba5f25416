"""The definition cards of all KPIs: data that code reads, and from which docs/kpi is written.

A card says what is asked, of which deals, with which numerator and denominator, how the figure misleads, how it can be
gamed, and which honest acts make it look worse. Its ``version`` stands in every result frame and in the footer of
every report: a changed definition changes published numbers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from kpikit.schema import TABLES

Kind = Literal["action", "result", "insight"]
Scope = Literal["all", "new", "renewal", "expansion"]
Counts = Literal["", "created", "closed", "won", "visits", "customers"]


@dataclass(frozen=True, slots=True)
class Floor:
    """At least ``n`` units and ``n_events`` of what is counted; below it the answer is "too few" and no number.

    ``why``: what makes it that many. ``counts``: of which deals each group of a breakdown must have enough, and enough
    people: "created" in the window, "closed" (won or lost) in it, "won" in it, "visits" of each stage, or "customers"
    (by their first won deal). All questions about ends count the same ones: else what one hides another would tell.
    """

    n: int
    why: str
    n_events: int = 0
    counts: Counts = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One KPI, defined: a file ``<id>.toml`` beside this module.

    ``kind`` is action (what people control), result, or insight (ratios; these never judge). ``scope`` is which deals
    it is asked of unless somebody asks otherwise: "new" (new customers), "renewal" and "expansion" (of customers), or
    "all". ``needs`` are tables ("changes"), columns of deals ("loss_reason") or of any table ("revenue.amount"): a book
    without them cannot say. ``floor`` is how many it takes before a figure is given.
    """

    id: str
    question: str
    kind: Kind
    scope: Scope
    population: str
    clock: str
    numerator: str
    denominator: str
    unit: str
    misleads: str
    gamed: str
    honest_acts: tuple[str, ...]
    needs: tuple[str, ...]
    source: str
    version: int
    changelog: tuple[str, ...]
    floor: Floor


def card_of(raw: Mapping[str, Any]) -> Card:
    """The card that a file's values make.

    Raises:
        ValueError: the card needs what no book has, or uses a word that is not allowed.
    """
    values: dict[str, Any] = {f.name: tuple(v) if isinstance(v := raw[f.name], list) else v for f in fields(Card)}
    values["floor"] = Floor(**raw["floor"])
    card = Card(**values)
    said = (("kind", card.kind, Kind), ("scope", card.scope, Scope), ("floor.counts", card.floor.counts, Counts))
    for name, word, allowed in said:
        if word not in get_args(allowed):
            raise ValueError(f"the card {card.id!r} has an unknown {name}: {word!r}")
    for need in card.needs:
        table, column = place_of(need)
        if table not in TABLES or (column is not None and column not in TABLES[table].names):
            raise ValueError(f"the card {card.id!r} has an unknown need: {need!r} is no table and no column")
    return card


def place_of(need: str) -> tuple[str, str | None]:
    """The table and the column that a need names; no column where the table as a whole is needed.

    >>> place_of("changes"), place_of("loss_reason"), place_of("revenue.amount")
    (('changes', None), ('deals', 'loss_reason'), ('revenue', 'amount'))
    """
    table, dot, column = need.partition(".")
    if dot:
        return table, column
    return (need, None) if need in TABLES else ("deals", need)


@cache
def cards() -> Mapping[str, Card]:
    """All cards by id.

    >>> cards()["time_in_stage"].kind
    'insight'
    """
    found = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            raw = tomllib.loads(file.read_text(encoding="utf-8"))
            found[raw["id"]] = card_of(raw)
    return found
