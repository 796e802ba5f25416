"""The open deals of a report: how long they wait, how many would be usual, and what became of such deals before."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.analysis.velocity import sleeping_outcome, sleeping_rate, waiting
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.report.figures.about import Copy

#: rows of the table: a person acts on seven deals, not on forty
ROWS = 7
_LISTED = {"deal": pl.String, "stage": pl.String, "days": pl.Float64, "acted_on": pl.Date, "address": pl.String}
_DOTS = {"label": pl.String, "value": pl.Float64, "is_sleeping": pl.Boolean}


@dataclass(frozen=True)
class Waiting:
    """Open deals as counts and amounts; one by one in a team's own copy only.

    ``dots`` has each deal at its days and each stage's mark (``is_sleeping`` null). ``asleep`` and ``first`` are the
    deals past their mark and all open ones, the longest waiting first, at most seven: ``deal, stage, days, acted_on``
    (the customer's last act), ``address`` (where the deal can be looked up, or ""). ``rates``: by stage what would be
    usual; ``outcome``: of earlier deals that old.
    """

    n_open: int
    n_asleep: int
    value_asleep: float
    value_open: float
    rates: pl.DataFrame
    outcome: pl.DataFrame
    dots: pl.DataFrame
    asleep: pl.DataFrame
    first: pl.DataFrame


def waiting_deals(book: DealBook, period: Period, copy: Copy) -> Waiting:
    """The open deals of a book at a period's end; what is usual is read from the twelve months before the period."""
    listed = waiting(book).frame
    if "deal_id" not in listed.columns:
        empty = pl.DataFrame(schema=_LISTED)
        nothing = pl.DataFrame(schema={"stage": pl.String})
        return Waiting(0, 0, 0.0, 0.0, nothing, pl.DataFrame(), pl.DataFrame(schema=_DOTS), empty, empty)
    deals = _dressed(book, listed)
    asleep, rates = deals.filter("is_sleeping"), sleeping_rate(book, before=period.back(12, 12)).frame
    may_list = copy == "team"
    return Waiting(
        n_open=deals.height,
        n_asleep=asleep.height,
        value_asleep=_value(asleep),
        value_open=_value(deals),
        rates=rates,
        outcome=sleeping_outcome(book).frame,
        dots=_dots(deals, rates) if may_list else pl.DataFrame(schema=_DOTS),
        asleep=_listed(asleep, book) if may_list else pl.DataFrame(schema=_LISTED),
        first=_listed(deals, book) if may_list else pl.DataFrame(schema=_LISTED),
    )


def _dressed(book: DealBook, listed: pl.DataFrame) -> pl.DataFrame:
    """With name, amount and the last thing each customer did: replied, met, asked. Edits by us do not count."""
    deals = book.tables["deals"].lazy().select("deal_id", "name", "amount_home").collect()
    acts = pl.DataFrame(schema={"deal_id": pl.String, "acted_at": pl.Datetime("us", "UTC")})
    if "activities" in book.tables:
        theirs = book.tables["activities"].lazy().filter(pl.col("direction").is_in(["customer", "both"]))
        acts = theirs.group_by("deal_id").agg(acted_at=pl.col("happened_at").max()).collect()
    dressed = listed.join(deals, on="deal_id", how="left", maintain_order="left")
    return dressed.join(acts, on="deal_id", how="left", maintain_order="left")


def _value(deals: pl.DataFrame) -> float:
    return float(deals["amount_home"].sum() or 0.0)


def _listed(deals: pl.DataFrame, book: DealBook) -> pl.DataFrame:
    zone = ZoneInfo(book.settings.time_zone)
    rows = [
        {
            "deal": row["name"] or row["deal_id"], "stage": row["stage"], "days": row["days_in_stage"],
            "acted_on": row["acted_at"].astimezone(zone).date() if row["acted_at"] else None,
            "address": book.settings.deal_url(row["deal_id"]),
        }
        for row in deals.head(ROWS).to_dicts()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_LISTED)


def _dots(deals: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Deals and marks, a stage after the other."""
    dots = deals.select(label="stage", value="days_in_stage", is_sleeping="is_sleeping")
    marks = rates.select(label="stage", value="mark_days", is_sleeping=pl.lit(None, pl.Boolean))
    order = {stage: i for i, stage in enumerate(rates["stage"].to_list())}
    both = pl.concat([dots, marks]).with_columns(row=pl.col("label").replace_strict(order, default=len(order)))
    return both.sort("row").drop("row")
