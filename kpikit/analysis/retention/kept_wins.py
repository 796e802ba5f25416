"""Won deals with what became of them: was the customer kept, and do we want a hundred more?"""

from __future__ import annotations

import polars as pl

from kpikit.analysis.base.population import inside
from kpikit.analysis.retention.contracts import contracts
from kpikit.book import DealBook
from kpikit.book.selection import OUTCOME_TEAM
from kpikit.calendar import Period


def judged_wins(book: DealBook, during: Period | None) -> pl.DataFrame:
    """Won deals with ``is_kept`` (still a customer after a year) and ``is_regretted``; null where it is not known."""
    deals = book.tables["deals"].lazy().filter(pl.col("outcome") == "won").with_columns(
        OUTCOME_TEAM.alias("team"), won_on=pl.col("outcome_day").cast(pl.Date)
    )  # fmt: skip
    if book.team is not None:
        deals = deals.filter(pl.col("team") == book.team)
    wins = (deals if during is None else deals.filter(inside(during, "won_on"))).collect()
    has_revenue = "revenue" in book.tables and book.tables["revenue"].lazy().select(pl.len()).collect().item()
    kept = _kept_a_year(wins, book) if has_revenue else wins.select("deal_id", is_kept=pl.lit(None, pl.Boolean))
    wins = wins.join(kept, on="deal_id", how="left", maintain_order="left")
    left, unwanted = ~pl.col("is_kept"), ~pl.col("more_like_this")
    is_known = pl.any_horizontal(left.is_not_null(), unwanted.is_not_null())
    return wins.with_columns(is_regretted=pl.when(is_known).then(left.fill_null(False) | unwanted.fill_null(False)))


def _kept_a_year(wins: pl.DataFrame, book: DealBook) -> pl.DataFrame:
    """``deal_id, is_kept``: was the contract that followed the win renewed until it had run a year, or its first term?

    The contract is the first to begin from two months before the win to a year after it. Of customers who buy at no
    regular interval it is not known whether they stayed.
    """
    known = contracts(book)
    if known.months is None:
        return wins.select("deal_id", is_kept=pl.lit(None, pl.Boolean))
    rows = wins.select("deal_id", "account_id", "won_on").join(known.rows, on="account_id").sort("deal_id", "from_on")
    began, won = pl.col("from_on").first().over("deal_id"), pl.col("won_on")
    rows = rows.filter(pl.col("from_on") >= won.dt.offset_by("-2mo")).filter(began <= won.dt.offset_by("12mo"))
    rows = rows.with_columns(is_year=pl.col("due_on") >= began.dt.offset_by("12mo"))
    rows = rows.filter(pl.col("is_year").cum_sum().shift(fill_value=0).over("deal_id") == 0)
    left, all_known = (~pl.col("is_renewed")).any(), pl.col("is_renewed").is_not_null().all() & pl.col("is_year").any()
    return rows.group_by("deal_id", maintain_order=True).agg(
        is_kept=pl.when(left).then(False).when(all_known).then(True)
    )
