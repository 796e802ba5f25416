"""Small deal books for tests of rates: rows of deals with what is not given filled in."""

from __future__ import annotations

import polars as pl

from kpikit import DealBook, Settings
from tests.strategies import day

TYPES = {
    "outcome_at": pl.Datetime("us", "UTC"), "created_at": pl.Datetime("us", "UTC"),
    "recorded_at": pl.Datetime("us", "UTC"),
    "loss_reason": pl.String, "segment": pl.String, "source": pl.String, "owner": pl.String, "currency": pl.String,
    "amount": pl.Float64, "expected_close_on": pl.String,
}  # fmt: skip


def rate_book(rows: list[dict], *, as_of: float = 400, settings: Settings | None = None, **tables) -> DealBook:
    """A book of these deals: pipeline New, created on day 0, decided on day 10 unless open."""
    deals = [
        {
            "deal_id": f"D{i}", "pipeline": "New", "created_at": day(0),
            "outcome_at": None if row["outcome"] == "open" else day(10), "loss_reason": None, "segment": None,
            "source": None, "owner": None, "currency": None, "amount": 10.0, "recorded_at": None,
            "expected_close_on": None, **row,
        }
        for i, row in enumerate(rows)
    ]  # fmt: skip
    frame = pl.DataFrame(deals, schema_overrides=TYPES, infer_schema_length=None)
    return DealBook.from_frames(deals=frame, as_of=day(as_of), settings=settings or Settings(), **tables)


def many(n: int, outcome: str, **columns) -> list[dict]:
    """So many alike."""
    return [{"outcome": outcome, **columns} for _ in range(n)]
