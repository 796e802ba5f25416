"""Customers as contracts: what was paid for which term, when it fell due, and whether it was renewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from kpikit.book import DealBook
from kpikit.book.selection import OUTCOME_TEAM, last_day

#: lengths of a term, in months
TERMS = (1, 3, 6, 12, 24, 36)
#: below this share of one and the same term, revenue is buying now and then rather than contracts
_REGULAR = 0.6
#: a payment before this part of the term is over adds to the running contract; later it begins the next
_SOON = 0.75
#: terms of so many months are long enough to be added to
_ADDED_TO = 6
_DAYS_A_MONTH = 365.25 / 12
_LONGEST_GRACE = 31


@dataclass(frozen=True)
class Contracts:
    """All contracts of a book.

    ``rows``, one a contract: ``account_id, rank`` (from 1 within its account), ``from_on, due_on, next_on``,
    ``months`` of its term, ``is_renewed`` (null: not known yet) and ``has_returned`` (not renewed, but back later).
    ``paid``, one a payment in a contract: ``account_id, from_on, amount, currency``. ``months`` is the usual term; None
    where customers buy at no regular interval. ``known_to`` is the last day on which it is known of all who is there.
    """

    rows: pl.DataFrame
    paid: pl.DataFrame
    months: int | None
    today: date
    known_to: date


def contracts(book: DealBook) -> Contracts:
    """The contracts in a book's revenue.

    Amounts of one account and day are added. Payments early in a term add to its contract, credit notes take from it; a
    contract worth nothing is none. An account that pays at a regular interval of its own has that as its term, any
    other the usual one of the book.
    """
    today = last_day(book)
    revenue = book.tables["revenue"].lazy().filter(pl.col("period") <= today)
    paid = revenue.group_by("account_id", "currency", from_on="period").agg(pl.col("amount").sum())
    paid = paid.sort("account_id", "from_on", "currency", nulls_last=True).collect()
    usual, own = _terms(paid.filter(pl.col("amount") > 0))
    paid = paid.join(own, on="account_id", how="left", maintain_order="left")
    paid = paid.with_columns(pl.col("months").fill_null(usual or 12))
    ranked = _ranked(paid)
    worth = ranked.filter(pl.col("rank") > 0).group_by("account_id", "rank").agg(total=pl.col("amount").sum())
    kept = ranked.join(worth.filter(pl.col("total") > 0), on=["account_id", "rank"], how="semi", maintain_order="left")
    nothing = paid.group_by("account_id", "from_on").agg(pl.col("amount").sum()).filter(pl.col("amount") == 0)
    rows = _renewals(kept, nothing.select("account_id", nothing_on="from_on").sort("nothing_on"), today)
    return Contracts(rows.drop("grace", "is_said"), kept.drop("months", "rank"), usual, today, _known_to(rows, today))


def _known_to(rows: pl.DataFrame, today: date) -> date:
    """Today where the book says who left; else as far back as the longest grace."""
    return today if rows["is_said"].any() or rows.is_empty() else today - timedelta(days=int(rows["grace"].max()))  # type: ignore[arg-type]


def _terms(active: pl.DataFrame) -> tuple[int | None, pl.DataFrame]:
    """The usual term (12 where nobody paid twice, None where none is usual); ``account_id, months`` of one's own."""
    days = (pl.col("from_on") - pl.col("from_on").shift().over("account_id")).dt.total_days()
    gaps = active.select("account_id", gap=(days / _DAYS_A_MONTH).round().cast(pl.Int64)).filter(pl.col("gap") > 0)
    if gaps.is_empty():
        return 12, pl.DataFrame(schema={"account_id": active.schema["account_id"], "months": pl.Int64})
    often = pl.col("gap").mode().min()
    each = gaps.group_by("account_id").agg(gap=often, part=(pl.col("gap") == often).mean(), n=pl.len())
    near = {gap: _nearest(gap) for gap in each["gap"].unique().to_list()}
    each = each.with_columns(months=pl.col("gap").replace_strict(near, return_dtype=pl.Int64))
    votes = each["months"].drop_nulls()
    usual = int(votes.mode().sort()[0]) if len(votes) else None
    agree = each.filter(pl.col("months") == usual)["account_id"]
    if usual is not None and usual >= _ADDED_TO:  # who adds to a contract half-way has two short gaps and a whole term
        others = active.filter(pl.col("account_id").is_in(gaps["account_id"].unique().implode()))
        others = others.filter(~pl.col("account_id").is_in(agree.implode())).select("account_id", "from_on")
        apart = (pl.col("from_on_right") - pl.col("from_on")).dt.total_days() / _DAYS_A_MONTH
        pairs = others.join(others, on="account_id").filter((apart - usual).abs() <= 1)
        agree = pl.concat([agree, pairs["account_id"].unique()])
    is_usual = usual is not None and len(agree) >= _REGULAR * each.height
    own = each.filter((pl.col("n") > 1) & (pl.col("part") >= _REGULAR) & pl.col("months").is_not_null())
    return usual if is_usual else None, own.select("account_id", "months")


def _nearest(gap: int) -> int | None:
    """The term that a gap of so many months is near to, if any."""
    near = min(TERMS, key=lambda months: abs(months - gap))
    return near if abs(near - gap) <= near / 6 else None


def _ranked(paid: pl.DataFrame) -> pl.DataFrame:
    """Each payment with the number of its contract in its account; 0 before the first."""
    days = paid["from_on"].cast(pl.Int32).to_list()
    least = (paid["months"] * _DAYS_A_MONTH * _SOON).to_list()
    ranks, rank, start, account = np.zeros(paid.height, dtype=np.int64), 0, 0, None
    for i, (name, amount) in enumerate(paid.select("account_id", "amount").iter_rows()):
        if name != account:
            account, rank = name, 0
        if amount > 0 and (rank == 0 or days[i] - start >= least[i]):
            rank, start = rank + 1, days[i]
        ranks[i] = rank
    return paid.with_columns(rank=pl.Series(ranks))


def _renewals(paid: pl.DataFrame, nothing: pl.DataFrame, today: date) -> pl.DataFrame:
    """One row a contract, with whether it was renewed.

    That is known when its grace (half a term, a month at most) is over. Where the book writes a row of nothing for who
    left, the next row says it at once; where it does not, a renewal in time tells no sooner than its absence would, or
    the last weeks would hold renewals only.
    """
    rows = paid.group_by("account_id", "rank", maintain_order=True).agg(
        pl.col("from_on").first(), pl.col("months").first()
    )
    rows = rows.sort("account_id", "from_on").with_columns(rank=pl.int_range(1, pl.len() + 1).over("account_id"))
    term, due_on = pl.col("months") * _DAYS_A_MONTH, pl.col("from_on").dt.offset_by(pl.format("{}mo", "months"))
    rows = rows.with_columns(
        due_on=due_on,
        next_on=pl.col("from_on").shift(-1).over("account_id"),
        soon_on=pl.col("from_on") + pl.duration(days=(term * _SOON).ceil().cast(pl.Int64)),
        grace=pl.min_horizontal((term / 2).floor(), pl.lit(_LONGEST_GRACE)).cast(pl.Int64),
    ).sort("soon_on")
    rows = rows.join_asof(
        nothing, left_on="soon_on", right_on="nothing_on", by="account_id", strategy="forward", check_sortedness=False
    )
    rows = rows.sort("account_id", "rank").with_columns(
        pl.when((pl.col("nothing_on") < pl.col("next_on")).fill_null(True)).then("nothing_on")
    )
    rows = rows.with_columns(is_said=pl.col("nothing_on").is_not_null().any())
    over_on = pl.col("due_on") + pl.duration(days="grace")
    in_time = (pl.col("next_on") <= over_on).fill_null(False) & pl.col("nothing_on").is_null()
    has_row = pl.any_horizontal(pl.col("nothing_on", "next_on").is_not_null())
    renewed = pl.when((over_on <= today) | (pl.col("is_said") & has_row)).then(in_time)
    rows = rows.with_columns(is_renewed=renewed).drop("soon_on", "nothing_on")
    return rows.with_columns(has_returned=(~pl.col("is_renewed") & pl.col("next_on").is_not_null()).fill_null(False))


def worth(known: Contracts, book: DealBook, on: date, rates_on: date) -> pl.DataFrame:
    """``account_id, home``: what each customer's running contract is worth on a day; ``is_priced, is_pending``.

    Priced at the rates of one and the same day, so that a move of the rate is not taken for growth, and per year, so
    that a change of term is not either. Who left is not listed; who is due and not known yet is pending.
    """
    begun = known.rows.filter(pl.col("from_on") <= on)
    is_unknown = (pl.col("due_on") <= on) & pl.col("is_renewed").is_null()
    last = begun.with_columns(is_pending=is_unknown).group_by("account_id", maintain_order=True).last()
    is_there = (pl.col("due_on") > on) | pl.col("is_renewed").fill_null(True)
    paid = at_rate(known.paid.filter(pl.col("from_on") <= on), book, rates_on)
    paid = paid.join(
        last.filter(is_there).select("account_id", "months", "is_pending", begun_on="from_on"), on="account_id"
    )
    here = paid.filter(pl.col("from_on") >= pl.col("begun_on")).sort("account_id", "from_on")
    return here.group_by("account_id", maintain_order=True).agg(
        home=pl.col("home").sum() * 12 / pl.col("months").first(),
        is_priced=pl.col("home").is_not_null().all(),
        is_pending=pl.col("is_pending").first(),
    )


def at_rate(frame: pl.DataFrame, book: DealBook, on: date) -> pl.DataFrame:
    """``home``: each amount in the book's currency at the rate of one day; null where there is none.

    Without a currency in the settings amounts are taken as they are, if there is only one.
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


def with_groups(rows: pl.DataFrame, book: DealBook, by: list[str]) -> pl.DataFrame:
    """Each row with the group of its account's first won deal; ``_all`` where nothing is asked."""
    rows = rows.with_columns(_all=pl.lit(0))
    if book.team is None and by == ["_all"]:
        return rows
    won = book.tables["deals"].lazy().filter((pl.col("outcome") == "won") & pl.col("account_id").is_not_null())
    won = won.with_columns(OUTCOME_TEAM.alias("team")).sort("outcome_at", "deal_id")
    groups = [name for name in dict.fromkeys([*by, "team"]) if name not in ("_all", "account_id")]
    first = won.select("account_id", *groups).group_by("account_id", maintain_order=True).first().collect()
    rows = rows.drop(set(groups) & set(rows.columns)).join(first, on="account_id", how="left", maintain_order="left")
    return rows if book.team is None else rows.filter(pl.col("team") == book.team)
