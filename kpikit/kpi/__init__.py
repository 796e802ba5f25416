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
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Card:
    """One KPI, defined. ``kind`` is action (what people control), result, or insight (ratios; these never judge)."""

    id: str
    question: str
    kind: Literal["action", "result", "insight"]
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
            values: dict[str, Any] = {
                f.name: tuple(v) if isinstance(v := raw[f.name], list) else v for f in fields(Card)
            }
            found[raw["id"]] = Card(**values)
    return found
