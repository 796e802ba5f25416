"""What comes out of the pipeline per day, what it is made of, and which stage takes most of a won deal's days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import ceil

import numpy as np
import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.book import DealBook
from kpikit.calendar import MICROSECONDS_PER_UNIT, Period
from kpikit.engine import spells

FACTORS = ("open_deals", "win_share", "mean_amount", "ends_per_day")


def _decided(book: DealBook, during: Period) -> pl.DataFrame:
    """Deals decided in the window, by the team on that day, with their age at the end."""
    deals = book.tables["deals"].lazy().with_columns(team="outcome_team")
    if book.team is not None:
        deals = deals.filter(pl.col("team") == book.team)
    day = pl.col("outcome_day").cast(pl.Date)
    inside = (pl.col("outcome") != "open") & (day >= during.first_on) & (day < during.next_on)
    age = (pl.col("outcome_at") - pl.col("created_at")).dt.total_microseconds() / MICROSECONDS_PER_UNIT["day"]
    return deals.filter(inside).with_columns(age_days=age, _all=pl.lit(0)).collect()


def _days(during: Period, book: DealBook) -> float:
    """The days of the window, begun ones counted, up to the as-of instant."""
    if book.as_of >= during.end:
        return float((during.next_on - during.first_on).days)
    return max(ceil((book.as_of - during.start) / timedelta(days=1)), 1)


@answer(kpi="throughput")
def throughput(book: DealBook, *, during: Window, by: Sequence[str] = ()) -> pl.DataFrame:
    """How much is won per day?

    Definition: the sum of the amounts of deals won in the window, in the book's currency, divided by its days;
    interval of a compound Poisson sum. The familiar "open deals × win rate × amount ÷ cycle" equals it only if the
    cycle is the mean time of *all* deals that end, won and lost: with that of won deals alone it claims far too much
    (methods 2: +75 %). Misleads with one large deal: ``without_largest``. Gamed by signing early at a discount.

    Args:
        book: a deal book with outcomes.
        during: the window.
        by: deal columns to group by, never a person; ``team`` is the team on the day of the outcome.

    Returns:
        An estimate a group in money per day: ``n`` deals won with an amount, ``n_excluded`` without one,
        ``without_largest``.

    Raises:
        RankingRefused: asked by a person.

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> kpikit.velocity.throughput(book, during="FY2026Q2")["unit"].to_list()
        ['money_per_day']
    """
    during = as_period(during)
    keys = list(by) or ["_all"]
    won = _decided(book, during).filter(pl.col("outcome") == "won")
    days = _days(during, book)
    rows = []
    for group, deals in won.partition_by(keys, as_dict=True).items():
        priced = deals["amount_home"].drop_nulls()
        priced = priced.filter(priced > 0)
        found = stats.compound_velocity(priced.to_numpy(), days, tails="student").row(0, named=True)
        total, largest = float(priced.sum()), max(priced, default=None)
        rows.append(
            dict(zip(keys, group, strict=True))
            | {
                "n": priced.len(), "n_excluded": deals.height - priced.len(), "n_events": priced.len(),
                "value": found["value"], "low": found["low"], "high": found["high"],
                "without_largest": None if largest is None else (total - largest) / days,
            }
        )  # fmt: skip
    groups = {key: won.schema[key] for key in keys}
    frame = pl.DataFrame(rows, schema_overrides=groups, infer_schema_length=None) if rows else _nothing(groups)
    return frame.with_columns(unit=pl.lit("money_per_day")).sort(keys).drop("_all", strict=False)


def _nothing(groups: dict[str, pl.DataType]) -> pl.DataFrame:
    counts = {name: pl.Series([0]) for name in ("n", "n_excluded", "n_events")}
    figures = {name: pl.Series([None], dtype=pl.Float64) for name in ("value", "low", "high", "without_largest")}
    return pl.DataFrame({name: pl.Series([None], dtype=dtype) for name, dtype in groups.items()} | counts | figures)


def _factors(book: DealBook, during: Period) -> dict[str, float]:
    """Mean number of open deals, share won of what ended, mean amount won, and ends per open deal per day."""
    ended = _decided(book, during)
    days = _days(during, book)
    won = ended.filter(pl.col("outcome") == "won")
    open_days = _open_days(book, during)
    amounts = won["amount_home"].fill_null(0.0)
    n_ended, n_won = max(ended.height, 1), max(won.height, 1)
    return {
        "open_deals": open_days / days,
        "win_share": won.height / n_ended,
        "mean_amount": float(amounts.sum()) / n_won,
        "ends_per_day": ended.height / open_days if open_days else 0.0,
    }


def _open_days(book: DealBook, during: Period) -> float:
    """Deal-days in the pipeline within the window; not of deals that ended nobody knows when."""
    deals = book.tables["deals"].lazy().filter((pl.col("outcome") == "open") | pl.col("outcome_at").is_not_null())
    if book.team is not None:
        deals = deals.filter(pl.col("team") == book.team)
    end = min(during.end, book.as_of)
    left = pl.min_horizontal(pl.col("outcome_at").fill_null(end), pl.lit(end))
    inside = (left - pl.max_horizontal("created_at", pl.lit(during.start))).dt.total_microseconds()
    total = deals.select(pl.max_horizontal(inside, 0).sum()).collect().item() or 0
    return total / MICROSECONDS_PER_UNIT["day"]


@answer(kpi="throughput_change")
def throughput_change(book: DealBook, *, during: Window, before: Window) -> pl.DataFrame:
    """Why did what is won per day change between two windows?

    Definition: won per day = open deals × share won of what ended × mean amount won × ends per open deal per day
    (one over the mean time of *all* exits, so the product is exact: Little's law); the change is split over the four
    factors (Das Gupta), and the parts add up to it.
    Misleads: the factors move together; a part says "by how much", never "because". Gamed as :func:`throughput`.

    Args:
        book: a deal book with creation and outcome dates.
        during: the window of interest.
        before: the window to compare it with.

    Returns:
        A row a ``factor`` and one for the ``total``: ``value`` in money per day; ``factor_now, factor_before``.

    Source: Das Gupta 1993.

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> kpikit.velocity.throughput_change(book, during="2026Q3", before="2026Q2")["factor"].to_list()
        ['open_deals', 'win_share', 'mean_amount', 'ends_per_day', 'total']
    """
    during, before = as_period(during), as_period(before)
    now, then = _factors(book, during), _factors(book, before)
    n = min(_decided(book, window).filter(pl.col("outcome") == "won").height for window in (during, before))
    parts = stats.das_gupta([then[name] for name in FACTORS], [now[name] for name in FACTORS])
    values = parts["value"].to_list()[: len(FACTORS)]
    empty = pl.lit(None, pl.Float64)
    return pl.DataFrame(
        {
            "factor": [*FACTORS, "total"],
            "factor_now": [*now.values(), float(np.prod(list(now.values())))],
            "factor_before": [*then.values(), float(np.prod(list(then.values())))],
            "value": [*values, sum(values)],
        }
    ).with_columns(
        n=pl.lit(n, pl.Int64), n_excluded=pl.lit(0, pl.Int64), low=empty, high=empty, unit=pl.lit("money_per_day")
    )


@answer(kpi="bottleneck")
def bottleneck(
    book: DealBook, *, during: Window | None = None, draws: int = 2000, seed: int = 0, level: float = 0.95
) -> pl.DataFrame:
    """Which stage takes the most days of a deal that is won?

    Definition: for deals won in the window, the mean days per deal in each stage (all visits together); interval and
    ``chance_most`` (how often the stage is the longest) by bootstrap over deals.
    Misleads: it looks at won deals only, so a stage in which deals are lost slowly does not show: read it with
    :func:`exits`. Gamed by moving a deal on before the customer is there.

    Args:
        book: a deal book with stage history.
        during: deals won in this window; by default all won deals.
        draws: how many bootstrap draws.
        seed: of the draws.
        level: of the interval.

    Returns:
        An estimate a stage in days: ``share_of_days``, ``chance_most``, ``n`` won deals, ``n_excluded`` won deals
        without one visit whose days are known.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.bottleneck(kpikit.open_book("demo"), draws=200)["stage"].to_list()
        ['Qualify', 'Discovery', 'Proposal', 'Negotiation']
    """
    during = as_period(during)
    deals = book.tables["deals"].lazy().filter(pl.col("outcome") == "won")
    if during is not None:
        day = pl.col("outcome_day").cast(pl.Date)
        deals = deals.filter((day >= during.first_on) & (day < during.next_on))
    if book.team is not None:
        deals = deals.filter(pl.col("outcome_team") == book.team)
    visits = spells(book).lazy().join(deals.select("deal_id"), on="deal_id", how="semi")
    used = visits.filter(pl.col("excluded").is_null() & pl.col("left_at").is_not_null())
    days = (pl.col("left_at") - pl.col("entered_at")).dt.total_microseconds() / MICROSECONDS_PER_UNIT["day"]
    spent = used.with_columns(days=days).collect()
    n_excluded = deals.select(pl.len()).collect().item() - spent["deal_id"].n_unique()
    stages = spent.group_by("stage").agg(pl.col("position").min()).sort("position")["stage"].to_list()
    wide = spent.pivot(on="stage", index="deal_id", values="days", aggregate_function="sum")
    table = wide.select(stages).fill_null(0.0).to_numpy() if stages else np.zeros((0, 0))
    return _bootstrapped(stages, table, draws, seed, level).with_columns(
        n_excluded=pl.lit(n_excluded, pl.Int64), unit=pl.lit("day")
    )


def _bootstrapped(stages: list[str], table: np.ndarray, draws: int, seed: int, level: float) -> pl.DataFrame:
    """Mean days a stage with percentile bounds, and how often each mean is the largest."""
    n = table.shape[0]
    schema = {"stage": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    if n == 0:
        more = {"share_of_days": pl.Float64, "chance_most": pl.Float64, "n": pl.Int64, "n_events": pl.Int64}
        return pl.DataFrame(schema=schema | more)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws) / n
    means = weights @ table
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    most = np.bincount(means.argmax(axis=1), minlength=len(stages)) / draws
    value = table.mean(axis=0)
    share = pl.Series(value / (value.sum() or np.nan), dtype=pl.Float64).fill_nan(None)
    return pl.DataFrame(
        {
            "stage": stages, "value": value, "low": low, "high": high, "share_of_days": share,
            "chance_most": most, "n": [n] * len(stages), "n_events": [n] * len(stages),
        }
    )  # fmt: skip
