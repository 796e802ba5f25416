"""A deal book with every table and every text column filled, in which a test decides what stands in each cell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from kpikit import DealBook, Privacy, Settings

AS_OF = datetime(2026, 7, 1, 9, tzinfo=UTC)
PERIOD = "2026Q2"
STAGES = ("First talk", "Written offer", "Contract")
N, PEOPLE = 240, 6
#: what stands where a test says nothing else: table, column → by the number of the row
Text = Callable[[str, str, int], str]


def plain(table: str, column: str, i: int) -> str:
    """Ordinary text: few values where values make groups, a value a row elsewhere."""
    few = {
        "team": ("Noord", "Zuid"), "segment": ("Large", "Small"), "source": ("Web", "Fair"),
        "deal_type": ("New", "More"),
        "stage": STAGES, "loss_reason": ("Timing", "Price", "Wrong fit", "No decision"),
        "competitor": ("Rival", "Other"),
        "owner": tuple(f"owner {k}" for k in range(2 * PEOPLE)), "industry": ("Food", "Steel"), "country": ("NL", "BE"),
        "kind": ("call", "mail"), "role": ("buyer", "user"), "origin": ("user",), "step": ("Written offer",),
    }  # fmt: skip
    return few[column][i % len(few[column])] if column in few else f"{table} {column} {i}"


def book_of(text: Text = plain, **privacy: Any) -> DealBook:
    """Two teams of six people, 240 deals in two years, with every table of the schema."""
    names = {"stage": [text("stages", "stage", i) for i in range(len(STAGES))]}
    teams = [text("people", "team", i) for i in range(2)]
    owners = [text("deals", "owner", i) for i in range(2 * PEOPLE)]
    deals, events, changes, activities, notes, interviews, contacts, revenue = ([] for _ in range(8))
    for i in range(N):
        created = AS_OF - timedelta(days=700 - 2.8 * i, hours=i % 5)
        owner = owners[(i % 2) * PEOPLE + (i // 2) % PEOPLE]
        outcome = ("won", "lost", "lost", "won", "void", "lost")[i // 2 % 6]
        ended = created + timedelta(days=20 + i % 50)
        outcome, ended = (outcome, ended) if ended < AS_OF and i % 10 != 9 else ("open", None)
        deals.append(
            {
                "deal_id": f"D{i:04}", "team": teams[i % 2], "owner": owner, "account_id": f"A{i:04}",
                "name": text("deals", "name", i), "pipeline": "Sales", "stage": names["stage"][i % 3],
                "segment": text("deals", "segment", i), "source": text("deals", "source", i),
                "deal_type": text("deals", "deal_type", i), "amount": 1000.0 + i, "currency": "EUR",
                "created_at": created, "offered_at": created + timedelta(days=8),
                "offer_asked_by": ("customer", "us")[i // 3 % 2],
                "outcome": outcome, "outcome_at": ended, "expected_close_on": (AS_OF - timedelta(days=30)).date(),
                "next_step": text("deals", "next_step", i), "customer_goal": text("deals", "customer_goal", i),
                "loss_reason": text("deals", "loss_reason", i) if outcome in ("lost", "void") else None,
                "competitor": text("deals", "competitor", i) if outcome == "lost" else None,
                "is_icp": i % 3 == 0, "more_like_this": (True, False, None)[i % 3] if outcome == "won" else None,
            }
        )  # fmt: skip
        for k in range(1 + (i // 2) % 3):
            entered = created + timedelta(days=7 * k)
            if ended is None or entered < ended:
                actor = text("stage_events", "actor", i)
                events.append(
                    {"deal_id": f"D{i:04}", "stage": names["stage"][k], "entered_at": entered, "actor": actor}
                )
        moment = created + timedelta(days=3)
        changes.append(
            {"deal_id": f"D{i:04}", "field": "next_step", "old": text("changes", "old", i),
             "new": text("changes", "new", i), "changed_at": moment, "actor": text("changes", "actor", i)}
        )  # fmt: skip
        activities.append(
            {"activity_id": f"V{i:04}", "deal_id": f"D{i:04}", "account_id": f"A{i:04}", "owner": owner,
             "kind": text("activities", "kind", i), "direction": ("customer", "us")[i % 2], "happened_at": moment,
             "contact_key": text("activities", "contact_key", i), "outcome": text("activities", "outcome", i)}
        )  # fmt: skip
        keys = {column: text("contacts", column, i) for column in ("contact_key", "role")}
        contacts.append({"deal_id": f"D{i:04}", **keys})
        notes.append(
            {"deal_id": f"D{i:04}", "at": moment, "step": names["stage"][0],
             "kind": ("listening", "story", "context")[i % 3], "text": text("notes", "text", i),
             "by": text("notes", "by", i)}
        )  # fmt: skip
        if outcome in ("won", "lost") and i % 2 == i // 40 % 2:
            interviews.append(
                {"deal_id": f"D{i:04}", "asked_at": ended, "held_at": ended + timedelta(days=1),
                 "with_whom": text("interviews", "with_whom", i), "language": "en",
                 "reasons": text("interviews", "reasons", i), "story": text("interviews", "story", i),
                 "permission": i % 5 != 0, "quotable": i % 4 != 0}
            )  # fmt: skip
        if outcome == "won":
            begun = [ended + timedelta(days=365 * k) for k in range(2)]
            revenue += [
                {"account_id": f"A{i:04}", "period": at.date(), "amount": 900.0, "currency": "EUR"}
                for at in begun
                if at < AS_OF
            ]
    people = [{"owner": owner, "team": teams[i // PEOPLE], "share_of_full_time": 1.0} for i, owner in enumerate(owners)]
    stages = [
        {"pipeline": "Sales", "stage": name, "position": i, "is_won": False, "is_lost": False,
         "meaning": text("stages", "meaning", i)}
        for i, name in enumerate(names["stage"])
    ]  # fmt: skip
    accounts = [
        {"account_id": f"A{i:04}", "is_icp": i % 3 == 0,
         **{c: text("accounts", c, i) for c in ("name", "segment", "industry", "country")}}
        for i in range(N)
    ]  # fmt: skip
    criteria = [{"pipeline": "Sales", "stage": names["stage"][0], "criterion": text("criteria", "criterion", 0)}]
    happenings = [
        {"on": datetime(2026, 4, 5).date(), "until": None, "team": None, "text": text("happenings", "text", 0)},  # noqa: DTZ001
        {"on": datetime(2026, 1, 5).date(), "until": None, "team": None, "text": text("happenings", "text", 1)},  # noqa: DTZ001
        {"on": datetime(2025, 7, 5).date(), "until": None, "team": None, "text": text("happenings", "text", 2)},  # noqa: DTZ001
    ]  # fmt: skip
    tables = {
        "deals": deals, "stage_events": events, "changes": changes, "stages": stages, "criteria": criteria,
        "people": people, "activities": activities, "accounts": accounts, "contacts": contacts,
        "notes": notes, "interviews": interviews,
        "revenue": revenue, "happenings": happenings,
    }  # fmt: skip
    frames: dict[str, Any] = {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items()}
    settings = Settings(currency="EUR", privacy=Privacy(**privacy))
    return DealBook.from_frames(**frames, as_of=AS_OF, settings=settings)
