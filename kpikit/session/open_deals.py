"""All open deals of a book, to be sorted and filtered on the screen."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kpikit.analysis.velocity.sleepers import waiting
from kpikit.book import DealBook
from kpikit.book.selection import open_stages

#: rows on the screen at once: nobody reads the next hundred, they filter
ROWS = 100
#: what the table can be sorted by, and whether the largest comes first
SORTS = {"name": False, "stage": False, "days": True, "amount": True, "close_on": False}
_SEARCHED = ("name", "deal_id", "stage", "customer_goal", "next_step", "segment")


@dataclass(frozen=True)
class Shown:
    """The rows to show, how many there are in all, and how many the filter leaves."""

    rows: pl.DataFrame
    n: int
    n_found: int


def open_deals(book: DealBook) -> pl.DataFrame:
    """The open deals: ``deal_id, name, stage, position, days, mark_days, is_sleeping, amount, close_on, next_step``.

    ``days`` and the mark where nine in ten had left are null where the book has no history of stages, or the deal is
    in its stage for a second time.
    """
    deals = book.tables["deals"].lazy().filter(pl.col("outcome") == "open")
    plain = deals.select(
        "deal_id", "stage", "pipeline", "customer_goal", "next_step", "segment", amount="amount_home",
        name=pl.coalesce("name", "deal_id"), close_on="expected_close_on",
    ).collect()  # fmt: skip
    if "stages" in book.tables:
        plain = plain.join(open_stages(book).collect(), on=["pipeline", "stage"], how="left", maintain_order="left")
    else:
        plain = plain.with_columns(position=pl.lit(None, pl.Int64))
    listed = waiting(book.replace(answers_in="polars"))
    if "deal_id" not in listed.columns:
        nothing = {"days": pl.Float64, "mark_days": pl.Float64, "is_sleeping": pl.Boolean}
        return plain.with_columns(pl.lit(None, kind).alias(name) for name, kind in nothing.items())
    ages = listed.select("deal_id", "mark_days", "is_sleeping", days="days_in_stage")
    return plain.join(ages, on="deal_id", how="left", maintain_order="left")


def shown(deals: pl.DataFrame, text: str, sort: str, *, limit: int = ROWS) -> Shown:
    """The deals that have every word of a text somewhere, sorted by a column (``-days``: the other way round).

    >>> deals = pl.DataFrame({"deal_id": ["a", "b"], "name": ["Appel", "Peer"], "days": [3.0, 9.0]})
    >>> shown(deals, "", "days").rows["name"].to_list(), shown(deals, "app", "days").n_found
    (['Peer', 'Appel'], 1)
    """
    there = [name for name in _SEARCHED if name in deals.columns]
    every = pl.concat_str([pl.col(name).fill_null("") for name in there], separator=" ").str.to_lowercase()
    found = deals.filter([every.str.contains(word.lower(), literal=True) for word in text.split()] or pl.lit(True))
    column = sort.removeprefix("-")
    descending = SORTS[column] is not sort.startswith("-")
    order = found.sort(column, "deal_id", descending=[descending, False], nulls_last=True)
    return Shown(order.head(limit), deals.height, found.height)
