"""Customers as contracts: what was paid for which term, when it fell due, and whether it was renewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook

#: lengths of a term, in months
TERMS = (1, 3, 6, 12, 24, 36)
#: below this share of one and the same gap, revenue is buying now and then rather than a contract
_REGULAR = 0.6
_DAYS_A_MONTH = 365.25 / 12
_LONGEST_GRACE = timedelta(days=31)


@dataclass(frozen=True)
class Contracts:
    """All contracts of a book, one a row.

    ``rows``: ``account_id, from_on, amount, currency, due_on, next_on``, ``is_renewed`` (null: not known yet),
    ``has_returned`` (not renewed, but back later), ``rank`` within its account. ``months`` is the length of a term;
    None where customers buy at no regular interval.
    """

    rows: pl.DataFrame
    months: int | None
    today: date

    @property
    def grace(self) -> timedelta:
        """How late a renewal may be entered and still be one."""
        half = timedelta(days=(self.months or 12) * _DAYS_A_MONTH / 2)
        return min(_LONGEST_GRACE, half)


def contracts(book: DealBook) -> Contracts:
    """The contracts in a book's revenue: amounts of one account and day are added, what is not above zero is none."""
    today = book.as_of.astimezone(ZoneInfo(book.settings.time_zone)).date()
    paid = (
        book.tables["revenue"].lazy().group_by("account_id", from_on="period")
        .agg(pl.col("amount").sum(), pl.col("currency").drop_nulls().first())
        .filter(pl.col("from_on") <= today).sort("account_id", "from_on").collect()
    )  # fmt: skip
    active = paid.filter(pl.col("amount") > 0)
    months = _term(active)
    shell = Contracts(active, months, today)
    return Contracts(_renewals(active, months or 12, shell.grace, today), months, today)


def _term(active: pl.DataFrame) -> int | None:
    """The usual months between two payments of one customer; 12 where nobody paid twice."""
    days = active.select((pl.col("from_on").diff().over("account_id")).dt.total_days())["from_on"].drop_nulls()
    if days.is_empty():
        return 12
    gaps = (days / _DAYS_A_MONTH).round().cast(pl.Int64)
    usual = int(gaps.mode().sort()[0])
    near = min(TERMS, key=lambda months: abs(months - usual))
    is_regular = float((gaps == usual).mean()) >= _REGULAR  # type: ignore[arg-type]
    return near if is_regular and abs(near - usual) <= near / 6 else None


def _renewals(active: pl.DataFrame, months: int, grace: timedelta, today: date) -> pl.DataFrame:
    """One row a contract: payments within half a term of the one before belong to the same contract."""
    half = timedelta(days=months * _DAYS_A_MONTH / 2)
    before = pl.col("from_on").shift().over("account_id")
    is_new = (pl.col("from_on") - before >= half).fill_null(True)
    merged = (
        active.with_columns(rank=is_new.cum_sum().over("account_id"))
        .group_by("account_id", "rank", maintain_order=True)
        .agg(pl.col("from_on").first(), pl.col("amount").sum(), pl.col("currency").first())
    )
    due = merged.with_columns(
        due_on=pl.col("from_on").dt.offset_by(f"{months}mo"),
        next_on=pl.col("from_on").shift(-1).over("account_id"),
    )
    in_time = (pl.col("next_on") <= pl.col("due_on") + grace).fill_null(False)
    is_over = (pl.col("due_on") + grace <= today) | pl.col("next_on").is_not_null()
    renewed = pl.when(in_time).then(True).when(is_over).then(False)
    return due.with_columns(is_renewed=renewed).with_columns(
        has_returned=(~pl.col("is_renewed") & pl.col("next_on").is_not_null()).fill_null(False)
    )


def at_rate(frame: pl.DataFrame, book: DealBook, on: date) -> pl.DataFrame:
    """``home``: each amount in the book's currency at the rate of one and the same day; null where there is none.

    One day for all, so that a move of the rate is not taken for growth. Without a currency in the settings amounts are
    taken as they are, if there is only one.
    """
    home, amount = book.settings.currency, pl.col("amount")
    if home is None:
        alone = frame["currency"].drop_nulls().n_unique() <= 1
        return frame.with_columns(home=amount if alone else pl.lit(None, pl.Float64))
    is_home = pl.col("currency").is_null() | (pl.col("currency") == home)
    if "rates" not in book.tables:
        return frame.with_columns(home=pl.when(is_home).then(amount))
    rates = book.tables["rates"].lazy().select("currency", "on", "rate").collect().sort("on")
    known = rates.group_by("currency").agg(
        rate=pl.coalesce(pl.col("rate").filter(pl.col("on") <= on).last(), pl.col("rate").first())
    )
    joined = frame.join(known, on="currency", how="left", maintain_order="left")
    return joined.with_columns(home=pl.when(is_home).then(amount).otherwise(amount * pl.col("rate"))).drop("rate")


def first_wins(book: DealBook) -> pl.DataFrame:
    """The first won deal of each account, with its columns, so that customers can be told apart by them."""
    deals = book.tables["deals"].lazy().filter((pl.col("outcome") == "won") & pl.col("account_id").is_not_null())
    return deals.sort("outcome_at").group_by("account_id", maintain_order=True).first().collect()


def with_groups(rows: pl.DataFrame, book: DealBook, by: list[str]) -> pl.DataFrame:
    """Each contract with the group of its account's first won deal; ``_all`` where nothing is asked."""
    rows = rows.with_columns(_all=pl.lit(0))
    if book.team is not None or by != ["_all"]:
        wins = first_wins(book).with_columns(pl.coalesce("outcome_team", "team").alias("team"))
        groups = [name for name in dict.fromkeys([*by, "team"]) if name != "_all"]
        rows = rows.join(wins.select("account_id", *groups), on="account_id", how="left", maintain_order="left")
    return rows if book.team is None else rows.filter(pl.col("team") == book.team)
