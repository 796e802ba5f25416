"""What in a deal book is about persons: every column of every table, whose it is, and where kpikit lets it go.

Declared as data, so that it can be printed (``kpikit privacy``), held against the pages, and missed by no new column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import polars as pl

from kpikit.schema import TABLES

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

Whose = Literal["rep", "colleague", "buyer"]
#: ``name`` tells who; ``about`` says something of who is told elsewhere in the row; ``words`` are free text, in which
#: anybody may be named
Kind = Literal["name", "about", "words"]
#: where kpikit lets a field go. ``counted``: how many people, never who; ``team``, ``company``: pages, notebook and
#: workbook of that copy; ``company_quoted``: with permission and names taken out; ``company_common``: where ten deals
#: and five people have the same; ``company_hidden``: taken out of what is quoted; ``screen``: the review, and before
#: it the paper of who it is about; ``own``: a person's own paper, if ``persons`` is "self";
#: ``minutes``: of a session, with the calendar and the list of tasks beside them
GOES = ("counted", "team", "company", "company_quoted", "company_common", "company_hidden", "screen", "own", "minutes")
#: who therefore sees it; what is only counted or taken out nobody does
SEEN = MappingProxyType(
    {
        "team": "team", "company": "everybody", "company_quoted": "everybody", "company_common": "everybody",
        "screen": "session", "own": "self", "minutes": "team",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Personal:
    """Whose a field is, what kind, and where it goes; nowhere means that it is read, kept and never shown."""

    whose: tuple[Whose, ...]
    kind: Kind
    goes: tuple[str, ...] = ()

    @property
    def seen_by(self) -> tuple[str, ...]:
        """Who sees it in what kpikit makes: session, self, team, everybody (who gets a company copy)."""
        return tuple(dict.fromkeys(SEEN[where] for where in self.goes if where in SEEN))


_REP: tuple[Whose, ...] = ("rep",)
_BUYER: tuple[Whose, ...] = ("buyer",)
_STAFF: tuple[Whose, ...] = ("rep", "colleague")
_BOTH: tuple[Whose, ...] = ("rep", "buyer")
_ALL: tuple[Whose, ...] = ("rep", "colleague", "buyer")

#: table → column → whose, what kind, and where it goes. Columns that are not here are about deals, not persons.
PERSONAL: Mapping[str, Mapping[str, Personal]] = MappingProxyType(
    {
        "deals": {
            "owner": Personal(_REP, "name", ("counted", "company_hidden", "own")),
            "name": Personal(_BUYER, "words", ("team", "company_hidden", "screen", "own")),
            "next_step": Personal(_BOTH, "words", ("screen", "own")),
            "customer_goal": Personal(_BUYER, "words", ("team", "company_quoted", "screen", "own")),
            "loss_reason": Personal(_ALL, "words", ("team", "company_common", "screen", "own")),
            "competitor": Personal(_BUYER, "words", ("team", "company_common", "company_hidden", "screen")),
        },
        "stage_events": {"actor": Personal(_STAFF, "name")},
        "changes": {
            "actor": Personal(_STAFF, "name"),
            "old": Personal(_ALL, "words", ("screen", "own")),
            "new": Personal(_ALL, "words", ("screen", "own")),
        },
        "people": {
            "owner": Personal(_REP, "name", ("counted", "company_hidden")),
            "team": Personal(_REP, "about", ("team", "company", "screen")),
            "from_on": Personal(_REP, "about"),
            "until_on": Personal(_REP, "about"),
            "share_of_full_time": Personal(_REP, "about", ("counted",)),
        },
        "activities": {
            "owner": Personal(_REP, "name"),
            "contact_key": Personal(_BUYER, "name", ("counted",)),
            "outcome": Personal(_BOTH, "words", ("screen", "own")),
            "happened_at": Personal(_BOTH, "about", ("team", "screen", "own")),
        },
        "accounts": {"name": Personal(_BUYER, "words", ("company_hidden",))},
        "contacts": {
            "contact_key": Personal(_BUYER, "name", ("counted",)),
            "role": Personal(_BUYER, "about", ("screen", "own")),
        },
        "notes": {
            "text": Personal(_ALL, "words", ("screen", "own")),
            "by": Personal(_STAFF, "name"),
        },
        "interviews": {
            "asked_at": Personal(_BUYER, "about", ("counted",)),
            "held_at": Personal(_BUYER, "about", ("counted",)),
            "with_whom": Personal(_BUYER, "name"),
            "language": Personal(_BUYER, "about"),
            "reasons": Personal(_BUYER, "words", ("team", "company_common", "screen")),
            "story": Personal(_BUYER, "words", ("team", "company_quoted", "screen", "own")),
            "permission": Personal(_BUYER, "about", ("counted",)),
            "quotable": Personal(_BUYER, "about", ("counted",)),
        },
        "happenings": {"text": Personal(_ALL, "words", ("team", "company", "screen"))},
    }
)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: columns looked at and found to be about deals, customers as companies, or the process
IMPERSONAL: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "deals": _names(
            """deal_id team account_id pipeline stage segment source deal_type amount currency created_at recorded_at
            first_contact_at offered_at offer_asked_by signed_at outcome outcome_at expected_close_on probability
            forecast_category next_step_on is_icp is_new_market discount more_like_this"""
        ),
        "stage_events": _names("deal_id stage pipeline entered_at seq recorded_at origin is_bulk"),
        "changes": _names("deal_id field changed_at seq recorded_at origin is_bulk"),
        "stages": _names("pipeline stage position probability is_won is_lost is_closed meaning"),
        "criteria": _names("pipeline stage criterion shown_by"),
        "activities": _names("activity_id deal_id account_id kind direction recorded_at led_to_next_step"),
        "accounts": _names("account_id segment industry country is_icp is_customer customer_since"),
        "contacts": _names("deal_id"),
        "notes": _names("deal_id at step kind"),
        "interviews": _names("deal_id"),
        "revenue": _names("account_id period amount currency"),
        "rates": _names("currency on rate"),
        "happenings": _names("on until team"),
    }
)
#: the review log, beside the book: its fields that are about persons (:mod:`kpikit.log.entries`)
LOG: Mapping[str, Personal] = MappingProxyType(
    {
        "author": Personal(_STAFF, "name", ("screen",)),
        "owner": Personal(_STAFF, "name", ("screen", "minutes", "own")),
        "text": Personal(_ALL, "words", ("screen", "minutes", "own")),
        "code": Personal(_REP, "about", ("screen", "own")),
        "seen_by": Personal(_STAFF, "about"),
        "due_on": Personal(_STAFF, "about", ("screen", "minutes", "own")),
        "written_at": Personal(_STAFF, "about", ("screen",)),
    }
)
#: where a log in PostgreSQL still has what was erased from it, until the server's owner lets these go
REMAINS = ("pg_wal", "wal_archive", "replicas", "backups", "server_log")
#: fields of the log about deals, the session or the machinery
IMPERSONAL_LOG = _names(
    "id kind replaces session_id deal_id book_hash value unit days position about seq seal entry_id"
)


#: own fields that hold names of colleagues, and those of text
_PERSON, _TEXT = Personal(_STAFF, "name"), Personal(_ALL, "words", ("team",))


@dataclass(frozen=True, slots=True)
class Found:
    """One personal field of a book: ``n_filled`` of ``n`` rows; both null where the book has no such table."""

    table: str
    column: str
    field: Personal
    n: int | None
    n_filled: int | None


def _own(book: DealBook, table: str) -> dict[str, Personal]:
    """The own fields of a table that are about persons: names of colleagues, and free text, which may name anybody."""
    return {
        field.column: _PERSON if field.is_person else _TEXT
        for field in book.own
        if field.table == table and (field.is_person or field.kind == "text")
    }


def personal_fields(book: DealBook) -> tuple[Found, ...]:
    """Every personal field that a book could hold, its own ones too, in the order of the schema, and how full it is."""
    found = []
    for table, known in PERSONAL.items():
        fields = {**known, **_own(book, table)}
        if table not in book.tables:
            found += [Found(table, column, field, None, None) for column, field in fields.items()]
            continue
        frame = book.tables[table].lazy()
        there = [column for column in fields if column in frame.collect_schema().names()]
        filled = frame.select(pl.len().alias("_n"), *(pl.col(column).count() for column in there)).collect().row(0)
        counts = dict(zip(there, filled[1:], strict=True))
        found += [Found(table, column, field, filled[0], counts.get(column, 0)) for column, field in fields.items()]
    order = {name: i for i, name in enumerate(TABLES)}
    return tuple(sorted(found, key=lambda row: order[row.table]))
