"""The tables of a deal book, and the codes that they use: data that every other module reads.

Times are UTC instants. A column ending in ``_at`` is an instant, one ending in ``_on`` a local day, one starting with
``is_`` a yes or no. What can be back-dated has two times: when it happened, and ``recorded_at``, when the system
recorded it (null if unknown).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["id", "text", "choice", "instant", "day", "number", "integer", "bool"]
#: how sure a difference is, judged over a whole report
Certainty = Literal["clear", "hint", "unknown"]
#: ages, in days, at which numbers in view are told below a curve
AGES_SHOWN = (30.0, 60.0, 90.0, 120.0, 150.0, 180.0)

OUTCOMES = ("open", "won", "lost", "void")
#: How a spell (one visit of one deal to one stage) can end; ``open`` means it has not.
EXITS = ("advance", "back", "lost", "won", "void")
SPELL_KINDS = (*EXITS, "open")
STATUSES = ("ok", "too_few", "suppressed", "not_reached", "refused")
#: Columns that name a person of one's own company. Nothing is grouped, ranked or scored by them.
PERSON_COLUMNS = frozenset({"owner", "actor", "by", "with_whom"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, kind, whether a row without it is refused, and the values a choice allows."""

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns in order, and the columns that together name a row."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(c.name for c in self.columns)


def _columns(kind: Kind, names: str) -> tuple[Column, ...]:
    """``"a! b"`` as two columns of one kind, the first required."""
    return tuple(Column(n.rstrip("!"), kind, n.endswith("!")) for n in names.split())


_TABLES = (
    Table(
        "deals",
        (
            *_columns("id", "deal_id! team owner account_id"),
            *_columns("text", "name pipeline! stage segment source deal_type"),
            *_columns("number", "amount"),
            *_columns("text", "currency"),
            *_columns("instant", "created_at recorded_at first_contact_at offered_at"),
            Column("offer_asked_by", "choice", choices=("customer", "us", "both")),
            *_columns("instant", "signed_at"),
            Column("outcome", "choice", True, OUTCOMES),
            *_columns("instant", "outcome_at"),
            *_columns("day", "expected_close_on"),
            *_columns("number", "probability"),
            *_columns("text", "forecast_category next_step"),
            *_columns("day", "next_step_on"),
            *_columns("text", "customer_goal loss_reason competitor"),
            *_columns("bool", "is_icp is_new_market"),
            *_columns("number", "discount"),
            *_columns("bool", "more_like_this"),
        ),
        ("deal_id",),
    ),
    Table(
        "stage_events",
        (
            *_columns("id", "deal_id!"),
            *_columns("text", "stage! pipeline"),
            *_columns("instant", "entered_at!"),
            *_columns("integer", "seq"),
            *_columns("instant", "recorded_at"),
            *_columns("id", "actor"),
            *_columns("text", "origin"),
            *_columns("bool", "is_bulk"),
        ),
    ),
    Table(
        "changes",
        (
            *_columns("id", "deal_id!"),
            *_columns("text", "field! old new"),
            *_columns("instant", "changed_at!"),
            *_columns("integer", "seq"),
            *_columns("instant", "recorded_at"),
            *_columns("id", "actor"),
            *_columns("text", "origin"),
            *_columns("bool", "is_bulk"),
        ),
    ),
    Table(
        "stages",
        (
            *_columns("text", "pipeline! stage!"),
            *_columns("integer", "position!"),
            *_columns("number", "probability"),
            *_columns("bool", "is_won is_lost is_closed"),
            *_columns("text", "meaning"),
        ),
        ("pipeline", "stage"),
    ),
    Table(
        "criteria",
        (
            *_columns("text", "pipeline! stage! criterion!"),
            Column("shown_by", "choice", choices=("goal", "asked_for_offer", "next_day", "two_talks", "two_contacts")),
        ),
    ),
    Table(
        "people",
        (
            *_columns("id", "owner! team!"),
            *_columns("day", "from_on until_on"),
            *_columns("number", "share_of_full_time"),
        ),
    ),
    Table(
        "activities",
        (
            *_columns("id", "activity_id! deal_id account_id owner"),
            *_columns("text", "kind!"),
            Column("direction", "choice", choices=("customer", "us", "both")),
            *_columns("instant", "happened_at! recorded_at"),
            *_columns("id", "contact_key"),
            *_columns("text", "outcome"),
            *_columns("bool", "led_to_next_step"),
        ),
        ("activity_id",),
    ),
    Table(
        "accounts",
        (
            *_columns("id", "account_id!"),
            *_columns("text", "name segment industry country"),
            *_columns("bool", "is_icp is_customer"),
            *_columns("day", "customer_since"),
        ),
        ("account_id",),
    ),
    Table("contacts", (*_columns("id", "deal_id! contact_key!"), *_columns("text", "role"))),
    Table(
        "notes",
        (
            *_columns("id", "deal_id!"),
            *_columns("instant", "at!"),
            *_columns("text", "step"),
            Column("kind", "choice", True, ("listening", "story", "context")),
            *_columns("text", "text!"),
            *_columns("id", "by"),
        ),
    ),
    Table(
        "interviews",
        (
            *_columns("id", "deal_id!"),
            *_columns("instant", "asked_at held_at"),
            *_columns("text", "with_whom language reasons story"),
            *_columns("bool", "permission quotable"),
        ),
    ),
    Table(
        "revenue",
        (
            *_columns("id", "account_id!"),
            *_columns("day", "period!"),
            *_columns("number", "amount!"),
            *_columns("text", "currency"),
        ),
    ),
    Table("rates", (*_columns("text", "currency!"), *_columns("day", "on!"), *_columns("number", "rate!"))),
    Table("happenings", (*_columns("day", "on! until"), *_columns("text", "team text!"))),
)

TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _TABLES})


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure with its range, as a row of an estimate frame holds it; null bounds are not (yet) known."""

    value: float | None
    low: float | None
    high: float | None
    unit: str
    n: int | None = None

    @classmethod
    def of(cls, row: Mapping[str, object]) -> Estimate:
        """The figure in a row (a mapping with the columns ``value, low, high, unit, n``)."""
        return cls(*(row[name] for name in ("value", "low", "high", "unit", "n")))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Look:
    """What an organisation may settle of the look of its reports.

    ``logo``: a ``data:`` address. ``now``, ``before``, ``waiting``: the colours of this period, of what it is held
    against, and of what still waits, as ``#12477d``. ``font``: the name of one that readers have. ``footer``: a line
    under each report.
    """

    logo: str = ""
    now: str = ""
    before: str = ""
    waiting: str = ""
    font: str = ""
    footer: str = ""
