"""What about deals looks like a habit of a system rather than of customers: twins, two stories of one end, robots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book.fitness.finding import Finding

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: deals made within so many seconds of each other by one click too many
_SECONDS = 60
#: so many losses at one age, of all losses, and times as many as at the ages around it, look like a rule
_ROBOT_LEAST, _ROBOT_SHARE, _ROBOT_TIMES, _AROUND = 10, 0.05, 8, 5


def findings(book: DealBook) -> Iterator[Finding]:
    """What about the deals of a book deserves a look."""
    deals = book.tables["deals"].lazy().collect()
    yield from _twins(deals)
    yield from _two_stories(book, deals)
    yield from _one_age(deals)


def _twins(deals: pl.DataFrame) -> Iterator[Finding]:
    """Deals of one name, customer and amount, made within a minute: probably the same one twice."""
    known = deals.filter(pl.col("name").is_not_null() & pl.col("created_at").is_not_null())
    same = ["_name", "account_id", "amount", "currency"]
    rows = known.with_columns(_name=pl.col("name").str.strip_chars().str.to_lowercase()).sort(*same, "created_at")
    alike = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in same)
    near = (pl.col("created_at") - pl.col("created_at").shift(1)).dt.total_seconds() <= _SECONDS
    later = rows.filter(alike & near)
    if later.height:
        yield Finding("oddities", "twins", "deals", "look", later.height, deals.height, example=later["deal_id"].min())  # type: ignore[arg-type]


def _two_stories(book: DealBook, deals: pl.DataFrame) -> Iterator[Finding]:
    """Deals whose outcome and stage tell of two different ends."""
    if "stages" not in book.tables:
        return
    won, lost = (pl.col(name).fill_null(False) for name in ("is_won", "is_lost"))
    ends = book.tables["stages"].lazy().filter(won | lost).collect()
    ends = ends.select("pipeline", "stage", end=pl.when(won).then(pl.lit("won")).otherwise(pl.lit("lost")))
    both = deals.join(ends, on=["pipeline", "stage"], how="inner", maintain_order="left")
    odd = both.filter(
        (pl.col("outcome") != pl.col("end")) & ~((pl.col("outcome") == "void") & (pl.col("end") == "lost"))
    )
    if odd.height:
        example = odd["deal_id"].min()
        yield Finding("oddities", "outcome_stage", "deals.stage", "look", odd.height, both.height, example=example)  # type: ignore[arg-type]


def _one_age(deals: pl.DataFrame) -> Iterator[Finding]:
    """Losses at exactly one age, far more than at the ages around it: closed by a rule, not by a customer."""
    lost = deals.filter((pl.col("outcome") == "lost") & (pl.col("outcome_day") > pl.col("created_day")))
    ages = lost.select(age=pl.col("outcome_day") - pl.col("created_day"))
    counts = ages.group_by("age").len("n").sort("n", "age", descending=[True, False])
    for age, n in counts.head(3).iter_rows():
        around = counts.filter((pl.col("age") - age).abs().is_between(1, _AROUND))["n"].sum() / (2 * _AROUND)
        if n >= max(_ROBOT_LEAST, _ROBOT_SHARE * lost.height, _ROBOT_TIMES * around):
            yield Finding("oddities", "one_age", "deals", "look", n, lost.height, example=str(age))
