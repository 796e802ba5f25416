"""Books of a few deals for the review's tests: days count from 1 January 2026, the session is on day 100."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from kpikit import DealBook, Settings

DAY0 = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = 100
INSTANT = pl.Datetime("us", "UTC")
STAGES = pl.DataFrame(
    {"pipeline": ["New"] * 3, "stage": ["Qualify", "Proposal", "Negotiation"], "position": [1, 2, 3],
     "meaning": ["Is there something to change?", None, None]}
)  # fmt: skip
DEALS = {
    "deal_id": pl.String, "pipeline": pl.String, "stage": pl.String, "team": pl.String, "owner": pl.String,
    "account_id": pl.String, "name": pl.String, "segment": pl.String, "amount": pl.Float64, "outcome": pl.String,
    "created_at": INSTANT, "outcome_at": INSTANT, "expected_close_on": pl.Date, "next_step": pl.String,
    "next_step_on": pl.Date, "customer_goal": pl.String, "offered_at": INSTANT, "offer_asked_by": pl.String,
    "probability": pl.Float64,
}  # fmt: skip
TABLES: dict[str, dict[str, Any]] = {
    "stage_events": {"deal_id": pl.String, "stage": pl.String, "entered_at": INSTANT, "seq": pl.Int64},
    "changes": {"deal_id": pl.String, "field": pl.String, "old": pl.String, "new": pl.String, "changed_at": INSTANT},
    "activities": {
        "activity_id": pl.String, "deal_id": pl.String, "account_id": pl.String, "kind": pl.String,
        "direction": pl.String, "happened_at": INSTANT, "recorded_at": INSTANT,
    },
    "contacts": {"deal_id": pl.String, "contact_key": pl.String},
    "criteria": {"pipeline": pl.String, "stage": pl.String, "criterion": pl.String, "shown_by": pl.String},
    "notes": {"deal_id": pl.String, "at": INSTANT, "kind": pl.String, "text": pl.String},
    "interviews": {
        "deal_id": pl.String, "asked_at": INSTANT, "held_at": INSTANT, "story": pl.String, "permission": pl.Boolean,
    },
    "revenue": {"account_id": pl.String, "period": pl.Date, "amount": pl.Float64},
}  # fmt: skip


def day(days: float) -> datetime:
    """So many days after the first of January 2026, at noon."""
    return DAY0 + timedelta(days=days, hours=12)


def on(days: int):
    """That day, as a date."""
    return day(days).date()


def deal(deal_id: str, **columns: Any) -> dict[str, Any]:
    """An open deal of day 90 in Qualify, with nothing that a rule would name."""
    usual = {
        "deal_id": deal_id, "pipeline": "New", "stage": "Qualify", "amount": 1000.0, "outcome": "open",
        "created_at": day(90), "expected_close_on": on(150), "next_step": "They ring us", "next_step_on": on(110),
        "customer_goal": "Quiet weekends",
    }  # fmt: skip
    return usual | columns


def book_of(deals: list[dict], *, privacy: Any = None, as_of: float = AS_OF, **tables: list[dict]) -> DealBook:
    """A book of these deals; each enters its stage on creation unless ``stage_events`` are given."""
    if "stage_events" not in tables:
        tables["stage_events"] = [
            {"deal_id": d["deal_id"], "stage": d["stage"], "entered_at": d["created_at"], "seq": 1} for d in deals
        ]
    for i, row in enumerate(tables.get("activities", [])):
        row.setdefault("activity_id", f"a{i}")
    frames = {name: pl.DataFrame(rows, schema=TABLES[name]) for name, rows in tables.items() if rows}
    settings = Settings(**({"privacy": privacy} if privacy else {}))
    return DealBook.from_frames(
        deals=pl.DataFrame(deals, schema=DEALS), stages=STAGES, as_of=day(as_of), settings=settings, **frames
    )
