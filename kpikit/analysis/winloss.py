"""Win/loss: what was won, as counts and as money."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kpikit.analysis._answer import answer
from kpikit.book import DealBook
from kpikit.calendar import Period


@answer(kpi="wins")
def wins(book: DealBook, *, by: Sequence[str] = (), during: Sequence[Period] | Period | None = None) -> pl.DataFrame:
    """How many deals were won, and what are they worth?

    Definition: deals whose outcome is won, by the local day of that outcome; their amounts in the book's currency at
    that day's rate. Misleads: one large deal can make a quarter. Gamed by signing early or late.

    Args:
        book: a deal book.
        by: deal columns to group by, never a person; ``team`` is the team on the day of the outcome.
        during: a window, or several; by default all there is.

    Returns:
        A row a window (``period``, its first day) and ``figure``: ``won`` (unit deal) and ``won_value`` (unit money;
        ``n`` deals have a price, ``n_unpriced`` have none).

    Raises:
        RankingRefused: asked by a person.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.wins(kpikit.open_book("demo"))["figure"].to_list()
        ['won', 'won_value']
    """
    deals = book.tables["deals"].lazy().with_columns(pl.col("outcome_team").alias("team")).collect()
    if book.team is not None:
        deals = deals.filter(pl.col("team") == book.team)
    won = deals.filter(pl.col("outcome") == "won")
    groups = deals.select(*by).unique(maintain_order=True) if by else pl.DataFrame({"_all": [0]})
    windows = [None] if during is None else [during] if isinstance(during, Period) else list(during)
    frames = [_won_in(won, groups, list(by), window) for window in windows]
    return pl.concat(frames).sort(*by, "period", "figure").drop("_all", strict=False)


def _won_in(won: pl.DataFrame, groups: pl.DataFrame, by: list[str], window: Period | None) -> pl.DataFrame:
    keys = by or ["_all"]
    if not by:
        won = won.with_columns(_all=pl.lit(0, groups["_all"].dtype))
    undated = pl.col("outcome_day").is_null()
    left_out = won.filter(undated).group_by(keys).agg(n_excluded=pl.len().cast(pl.Int64))
    won = won.filter(~undated)
    if window is not None:
        day = pl.col("outcome_day").cast(pl.Date)
        won = won.filter((day >= window.first_on) & (day < window.next_on))
    priced = pl.col("amount_home").is_not_null()
    totals = won.group_by(keys).agg(
        won=pl.len().cast(pl.Float64),
        won_value=pl.col("amount_home").sum(),
        n_priced=priced.sum().cast(pl.Int64),
        n_unpriced=(~priced).sum().cast(pl.Int64),
    )
    totals = groups.join(totals, on=keys, how="left", nulls_equal=True)
    totals = totals.join(left_out, on=keys, how="left", nulls_equal=True).with_columns(
        pl.col("won", "won_value").fill_null(0.0), pl.col("n_priced", "n_unpriced", "n_excluded").fill_null(0)
    )
    start = pl.lit(window.first_on if window is not None else None, pl.Date).alias("period")
    shape = {"low": pl.lit(None, pl.Float64), "high": pl.lit(None, pl.Float64), "n_excluded": pl.col("n_excluded")}
    count = totals.select(
        *keys, start, figure=pl.lit("won"), n=pl.col("won").cast(pl.Int64), value="won", unit=pl.lit("deal"),
        n_unpriced=pl.lit(0, pl.Int64), **shape,
    )  # fmt: skip
    value = totals.select(
        *keys, start, figure=pl.lit("won_value"), n="n_priced", value="won_value", unit=pl.lit("money"),
        n_unpriced="n_unpriced", **shape,
    )  # fmt: skip
    return pl.concat([count, value])
