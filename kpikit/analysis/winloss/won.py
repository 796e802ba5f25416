"""What was won, as counts and as money."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.coding import coded
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import COUNTED, ended, inside, population
from kpikit.book import DealBook
from kpikit.calendar import Period

#: how a deal can end, as people tell it
ENDINGS = ("won", "lost", "no_decision", "set_aside")


@answer(kpi="wins")
def wins(book: DealBook, *, by: Sequence[str] = (), during: Sequence[Window] | Window | None = None) -> pl.DataFrame:
    """How many deals were won, and what are they worth?

    Definition: deals whose outcome is won, by the local day of that outcome; their amounts in the book's currency at
    that day's rate. Misleads: one large deal can make a quarter. Gamed by signing early or late.

    Args:
        book: a deal book.
        by: deal columns to group by, never a person; ``team`` is the team on the day of the outcome.
        during: a window, or several; by default all there is.

    Returns:
        A row a window (``period``, its first day) and ``figure``: ``won`` (unit deal) and ``won_value`` (unit money;
        ``n`` deals have a price, ``n_unpriced`` have none). A value in several currencies is refused where the book has
        no home currency.

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
    if not book.is_dated:  # all of it is one window
        won = won.with_columns(outcome_day=pl.lit(0, pl.Int32))
    groups = deals.select(*by).unique(maintain_order=True) if by else pl.DataFrame({"_all": [0]})
    several = [during] if during is None or isinstance(during, Period | str) else during
    windows = [as_period(window) for window in several]
    frames = [_won_in(won, groups, list(by), window) for window in windows]
    if book.settings.currency is None:
        frames = [_in_one_currency(frame) for frame in frames]
    return pl.concat(frames).sort(*by, "period", "figure").drop("_all", "_currencies", strict=False)


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
        _currencies=pl.col("currency").filter(priced).drop_nulls().n_unique(),
    )
    totals = groups.join(totals, on=keys, how="left", nulls_equal=True)
    totals = totals.join(left_out, on=keys, how="left", nulls_equal=True).with_columns(
        pl.col("won", "won_value").fill_null(0.0), pl.col("n_priced", "n_unpriced", "n_excluded").fill_null(0)
    )
    start = pl.lit(window.first_on if window is not None else None, pl.Date).alias("period")
    shape = {"low": pl.lit(None, pl.Float64), "high": pl.lit(None, pl.Float64), "n_excluded": pl.col("n_excluded")}
    count = totals.select(
        *keys, start, figure=pl.lit("won"), n=pl.col("won").cast(pl.Int64), value="won", unit=pl.lit("deal"),
        n_unpriced=pl.lit(0, pl.Int64), _currencies=pl.lit(0, pl.UInt32), **shape,
    )  # fmt: skip
    value = totals.select(
        *keys, start, figure=pl.lit("won_value"), n="n_priced", value="won_value", unit=pl.lit("money"),
        n_unpriced="n_unpriced", _currencies=pl.col("_currencies").fill_null(0), **shape,
    )  # fmt: skip
    return pl.concat([count, value])


def _in_one_currency(frame: pl.DataFrame) -> pl.DataFrame:
    """Values in several currencies are not added up where nobody said which one the book counts in."""
    mixed = pl.col("_currencies") > 1
    return frame.with_columns(
        value=pl.when(~mixed).then("value"),
        status=pl.when(mixed).then(pl.lit("refused")).otherwise(pl.lit("ok")),
        reason=pl.when(mixed).then(pl.lit("currencies_mixed")),
    )


@answer(kpi="endings")
def endings(book: DealBook, *, by: Sequence[str] = (), during: Window | None = None) -> pl.DataFrame:
    """How did the deals end that ended: won, lost, because nobody decided, or set aside?

    Definition: deals by the local day of their outcome; ``no_decision`` are lost deals whose reason says that nobody
    decided, ``set_aside`` those that were void but deals of their own (unqualified and the like). Duplicates, merged
    deals and tests are not counted. Misleads where nobody writes reasons: no decision hides in lost. Gamed by leaving
    lost deals open.

    Args:
        book: a deal book.
        by: deal columns to group by, never a person.
        during: the window; by default all there is.

    Returns:
        A row a group and ``figure`` (won, lost, no_decision, set_aside): ``value`` deals, ``n`` of all that ended.

    Raises:
        RankingRefused: asked by a person.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.endings(kpikit.open_book("demo"))["figure"].to_list()
        ['won', 'lost', 'no_decision', 'set_aside']
    """
    during = as_period(during)
    keys = list(by) or ["_all"]
    deals = ended(population(book), book)
    counted = deals.filter(COUNTED["finished"].counted & inside(during, "outcome_on"))
    undated = deals.filter(COUNTED["finished"].counted & pl.col("outcome_on").is_null())
    reasons = coded(counted["loss_reason"].to_list()).select(loss_reason="text", group="group")
    counted = counted.join(reasons, on="loss_reason", how="left", nulls_equal=True, maintain_order="left")
    nobody = (pl.col("outcome") == "lost") & (pl.col("group") == "no_decision")
    ends = pl.when(nobody).then(pl.lit("no_decision")).otherwise(pl.col("outcome").replace("void", "set_aside"))
    counts = counted.with_columns(figure=ends).group_by(*keys, "figure").agg(value=pl.len().cast(pl.Float64))
    sizes = (
        deals.select(keys).unique() if deals.height or by else pl.DataFrame({"_all": [0]}, schema={"_all": pl.Int64})
    )
    whole = counted.group_by(keys).agg(n=pl.len().cast(pl.Int64))
    left_out = undated.group_by(keys).agg(n_excluded=pl.len().cast(pl.Int64))
    for part in (whole, left_out):
        sizes = sizes.join(part, on=keys, how="left", nulls_equal=True)
    grid = sizes.join(pl.DataFrame({"figure": ENDINGS}), how="cross", maintain_order="left")
    frame = grid.join(counts, on=[*keys, "figure"], how="left", nulls_equal=True, maintain_order="left")
    empty = pl.lit(None, pl.Float64)
    frame = frame.with_columns(
        pl.col("value").fill_null(0.0), pl.col("n", "n_excluded").fill_null(0), low=empty, high=empty
    )
    return frame.with_columns(unit=pl.lit("deal")).sort(*keys, maintain_order=True).drop("_all", strict=False)
