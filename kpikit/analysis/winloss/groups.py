"""Segments, sources and teams with few deals: how often each wins, and whether anything tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import COUNTED, OUTCOME, ended, inside, population, tally
from kpikit.book import DealBook
from kpikit.engine.histogram import check_groups
from kpikit.errors import RankingRefused, UsageError
from kpikit.kpi import cards

_FINISHED = COUNTED["finished"]
#: draws of the test whether groups differ
_DRAWS = 4999


@answer(kpi="pooled_rates")
def pooled(
    book: DealBook,
    *,
    by: Sequence[str] = ("segment",),
    during: Window | None = None,
    mix: Literal["segment", "source", "deal_type"] = "segment",
    seed: int = 0,
) -> pl.DataFrame:
    """How often does each group win, as far as so few deals can tell, and do the groups differ at all?

    Definition: of the deals finished in the window (won, lost, set aside), the share won; each group's is drawn towards
    the others as far as they are alike (beta-binomial with mean and spread integrated over a grid). ``expected``: the
    wins to be expected of a group's ``mix``, from what all other groups win in the same kinds of deals. ``low_limit,
    high_limit``: between them nineteen in twenty groups of that size lie if all have one share. Where nothing tells
    the groups apart (permutation test, 5 in 100) ``reason`` is ``groups_alike``: then no order means anything.
    Misleads when read as a ranking: the best of eight equal groups looks good by luck. Gamed as the rate is.

    Args:
        book: a deal book.
        by: deal columns to group by, never a person.
        during: the window; by default all there is.
        mix: the kind of deal that expectations are made of.
        seed: of the draws for the ranges of ranks and the test.

    Returns:
        An estimate a group: ``value, low, high``; ``raw`` (k of n as it is), ``expected`` wins, ``low_limit,
        high_limit``, ``rank_low, rank_high`` (1 is the largest; mostly all of them), ``p`` (do the groups differ?),
        ``n`` finished, ``n_events`` won, ``n_late``.

    Raises:
        RankingRefused: asked by a person, or with a person as the mix.
        UsageError: no such column.

    Source: Gelman et al., Bayesian Data Analysis, 5.3; Spiegelhalter 2005; Mantel & Haenszel 1959.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.pooled(kpikit.open_book("demo"), by="segment")["segment"].to_list()
        ['Enterprise', 'Mid', 'Small']
    """
    during = as_period(during)
    check_groups(book, (mix,))
    keys = list(by) or ["_all"]
    deals = ended(population(book), book)
    counts = tally(deals, keys, "finished", during).drop("n_open", "n_set_aside")
    k, n = (counts[name].to_numpy() for name in ("n_events", "n"))
    if not counts.height or not n.sum():
        return _nothing(counts)
    drawn = stats.pooled_rates(k, n, seed=seed).drop("se", "p_best", "n", "n_events")
    here = deals.filter(_FINISHED.counted & inside(during, "outcome_on"))
    p = _p_alike(k, n, seed)
    frame = counts.hstack(drawn).hstack(_limits(k, n))
    frame = frame.join(_expected(here, keys, mix), on=keys, how="left", nulls_equal=True, maintain_order="left")
    alike = counts.height > 1 and p >= 0.05
    enough = pl.col("n") >= cards()["pooled_rates"].floor.n
    return frame.with_columns(
        *(pl.when(enough).then(name).alias(name) for name in ("rank_low", "rank_high")),
        p=pl.lit(p if counts.height > 1 else None, pl.Float64),
        unit=pl.lit("share"),
        status=pl.lit("ok"),
        reason=pl.lit("groups_alike" if alike else None, pl.String),
    ).drop("_all", strict=False)


def _nothing(counts: pl.DataFrame) -> pl.DataFrame:
    """The groups without a figure: nothing was finished."""
    figures = ("value", "low", "high", "raw", "expected", "low_limit", "high_limit", "p")
    empty = [pl.lit(None, pl.Float64).alias(name) for name in figures]
    return counts.with_columns(*empty, unit=pl.lit("share")).drop("_all", strict=False)


def _limits(k: np.ndarray, n: np.ndarray) -> pl.DataFrame:
    """Funnel limits at the share of all groups together; null where a group is empty or all went one way."""
    share = k.sum() / n.sum()
    rows = [
        stats.funnel_limits([size], share).select("low", "high").row(0) if size and 0 < share < 1 else (None, None)
        for size in n.tolist()
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("low_limit", "high_limit"), pl.Float64), orient="row")


def _expected(here: pl.DataFrame, keys: Sequence[str], mix: str) -> pl.DataFrame:
    """Wins to be expected of each group's mix, from the other groups' shares in the same kinds of deals.

    A kind that nobody else has takes the others' share in all kinds.
    """
    here = here.with_columns(_mix=pl.lit("", pl.String) if mix in keys else pl.col(mix))
    cells = (
        here.group_by(*keys, "_mix").agg(n=pl.len(), k=(OUTCOME == "won").sum()).cast({"n": pl.Int64, "k": pl.Int64})
    )
    others_n, others_k = (pl.col(c).sum().over("_mix") - pl.col(c) for c in ("n", "k"))
    all_n, all_k = (pl.col(c).sum() - pl.col(c).sum().over(keys) for c in ("n", "k"))
    share = pl.when(others_n > 0).then(others_k / others_n).when(all_n > 0).then(all_k / all_n)
    expected = cells.with_columns(expected=pl.col("n") * share)
    some = pl.col("expected").is_not_null().all()
    return expected.group_by(keys).agg(expected=pl.when(some).then(pl.col("expected").sum()))


def _p_alike(k: np.ndarray, n: np.ndarray, seed: int) -> float:
    """How often groups of these sizes differ as much as these if all have one share (given how many were won)."""
    k, n = k[n > 0], n[n > 0]
    won, size = int(k.sum()), int(n.sum())
    if n.size < 2 or won in (0, size):
        return 1.0
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(n, won, size=_DRAWS, method="marginals")
    expected = n * won / size

    def apart(wins: np.ndarray) -> np.ndarray:
        return ((wins - expected) ** 2 / expected / (1 - won / size)).sum(axis=-1)

    return (1 + int((apart(drawn) >= apart(k) - 1e-9).sum())) / (1 + _DRAWS)


@answer(kpi="own_rate")
def own(
    book: DealBook,
    *,
    owner: str,
    during: Window | None = None,
    mix: Literal["segment", "source", "deal_type"] = "segment",
) -> pl.DataFrame:
    """How many of my own deals were won, and how many were to be expected of deals like these?

    For one person about that person, and only where the book's ``privacy.persons`` is "self". Definition: the person's
    deals finished in the window; ``expected`` is what all others win in the same kinds of deals, applied to this mix.
    Nothing here compares two persons, and with few deals only a large gap would show (``noticeable``).

    Args:
        book: a deal book whose owner has agreed that people see their own figures.
        owner: who asks.
        during: the window; by default all there is.
        mix: the kind of deal that the expectation is made of.

    Returns:
        Two estimates by ``figure``: ``observed`` (with Wilson's interval) and ``expected`` (shares of ``n``);
        ``expected`` is suppressed where the others are too few people, for it would tell about them.

    Raises:
        RankingRefused: the book shows no figures of a person, or a person is the mix.
        UsageError: nobody of that name owns a deal, or no such column.

    Source: methods 3.2; Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.own(kpikit.open_book("demo"), owner="any")
        Traceback (most recent call last):
        ...
        kpikit.errors.RankingRefused: This book shows no figures of a person (privacy.persons is "off").
    """
    during = as_period(during)
    if book.settings.privacy.persons != "self":
        raise RankingRefused("persons_off")
    check_groups(book, (mix,))
    deals = ended(population(book), book)
    if not isinstance(owner, str) or not deals.filter(pl.col("owner") == owner).height:
        raise UsageError("unknown_owner", owner=owner)
    here = deals.filter(_FINISHED.counted & inside(during, "outcome_on")).with_columns(_who=pl.col("owner") == owner)
    mine, others = here.filter("_who"), here.filter(~pl.col("_who").fill_null(False))
    n, k = mine.height, mine.filter(OUTCOME == "won").height
    expected = _expected(here.with_columns(pl.col("_who").fill_null(False)), ["_who"], mix).filter("_who")["expected"]
    found = expected.item() / n if n and expected.item() is not None else None
    few = others["owner"].drop_nulls().n_unique() < book.settings.privacy.min_people
    seen = None
    if found is not None and n and 0 < found < 1 and not few:
        seen = stats.detectable_difference(others.height, n, found)["value"].item()
    wilson = stats.wilson(k, n).row(0, named=True)
    known = found is not None and not few
    return pl.DataFrame(
        {
            "figure": ["observed", "expected"],
            "n": [n, None if few else n],
            "n_events": pl.Series([k, None], dtype=pl.Int64),
            "value": [wilson["value"], found if known else None],
            "low": [wilson["low"] if n else None, None],
            "high": [wilson["high"] if n else None, None],
            "noticeable": pl.Series([seen, seen], dtype=pl.Float64),
            "unit": ["share", "share"],
            "status": ["ok", "suppressed" if few else "ok"],
            "reason": [None, "small_group" if few else None],
        }
    )
