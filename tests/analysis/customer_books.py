"""Small books of customers for tests: who paid what on which day, and the deals that won them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from kpikit import DealBook, Settings

PAID = {"account_id": pl.String, "period": pl.Date, "amount": pl.Float64, "currency": pl.String}
DEALS = {
    "deal_id": pl.String, "pipeline": pl.String, "account_id": pl.String, "owner": pl.String, "source": pl.String,
    "segment": pl.String, "amount": pl.Float64, "created_at": pl.Datetime("us", "UTC"), "outcome": pl.String,
    "outcome_at": pl.Datetime("us", "UTC"), "more_like_this": pl.Boolean, "discount": pl.Float64, "name": pl.String,
}  # fmt: skip


def at(day: date) -> datetime:
    """Noon of a day, UTC."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def customer_book(
    paid: list[tuple], *, as_of: date, deals: list[dict] | None = None, currency: str | None = "EUR", **tables
) -> DealBook:
    """A book of payments ``(account, day, amount)`` or ``(account, day, amount, currency)``.

    Without deals each account has one deal, won on the day of its first payment.
    """
    rows = [(*row, currency)[:4] for row in paid]
    revenue = pl.DataFrame(rows, schema=PAID, orient="row")
    if deals is None:
        first = revenue.group_by("account_id").agg(pl.col("period").min()).sort("account_id").rows()
        deals = [{"account_id": account, "won_on": day} for account, day in first]
    frame = [
        {
            "deal_id": f"D{i}", "pipeline": "New", "owner": f"P{i % 5}", "outcome": "won", "amount": 100.0,
            "created_at": at(deal["won_on"]), "outcome_at": at(deal["won_on"]),
            **{name: value for name, value in deal.items() if name != "won_on"},
        }
        for i, deal in enumerate(deals)
    ]  # fmt: skip
    return DealBook.from_frames(
        deals=pl.DataFrame(frame, schema=DEALS), revenue=revenue, as_of=at(as_of), settings=Settings(currency=currency),
        **tables,
    )  # fmt: skip


def years(account: str, first: date, amounts: list[float | None], **_) -> list[tuple]:
    """A payment a year from a day on; None is no row."""
    return [(account, first.replace(year=first.year + i), a) for i, a in enumerate(amounts) if a is not None]
