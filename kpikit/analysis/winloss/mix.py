"""Why did the win rate change: other deals, or other chances with the same deals?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.comparison import Z_POWER
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import COUNTED, ended, inside, population
from kpikit.analysis.base.suppression import hidden_groups
from kpikit.book import DealBook
from kpikit.errors import UsageError

_FINISHED = COUNTED["finished"]
#: a group of fewer deals in either window goes to "other"; at most so many groups of a column
LEAST, MOST = 5, 4
OTHER = "other"
_DRAWS, _Z95 = 19_999, 1.959964


@answer(kpi="mix_and_rate")
def mix_and_rate(
    book: DealBook, *, during: Window, before: Window, by: Sequence[str] = ("segment",), seed: int = 0
) -> pl.DataFrame:
    """Did the win rate change because we chased other deals, or because we won more or less often within each kind?

    Definition: of the deals finished in each window (won, lost, set aside) the share won; its change is split into
    what the mix of ``by`` explains (at the average of both windows' shares) and what happened within groups (at the
    average mix). The parts add up to the whole change, exactly. Groups with fewer than five deals in a window, or too
    small to be told apart at all, go together as "other" (``n_merged``), and at most four groups are kept.
    Misleads: another way of grouping gives another split. Gamed by recoding groups after the fact.

    Args:
        book: a deal book.
        during: the window of interest.
        before: the window to compare it with; the two may not overlap.
        by: deal columns that make the mix, never a person; with several each has a part of its own (Das Gupta).
        seed: of the draws for the ranges.

    Returns:
        An estimate a ``part``: ``mix`` (one row a ``dimension``), ``rate``, ``total``: change in share with ``low,
        high`` (95 %, 19,999 draws), ``low80, high80``, ``p``, ``noticeable``; ``n`` and ``n_before`` finished,
        ``n_won``, ``n_won_before``, ``n_merged`` groups put together.

    Raises:
        UsageError: the windows overlap.
        RankingRefused: asked by a person.

    Source: Kitagawa 1955; Das Gupta 1993, chapter 5.

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> kpikit.winloss.mix_and_rate(book, during="FY2026Q2", before="FY2026Q1")["part"].to_list()
        ['mix', 'rate', 'total']
    """
    during, before = as_period(during), as_period(before)
    if during.start < before.end and before.start < during.end:
        raise UsageError("windows_overlap", now=during.name, before=before.name)
    dimensions = list(dict.fromkeys(by)) or ["segment"]
    deals = ended(population(book), book).filter(_FINISHED.counted)
    windows = [deals.filter(inside(window, "outcome_on")) for window in (before, during)]
    small = [hidden_groups(book, [name], "finished", [before, during])[0][name].to_list() for name in dimensions]
    folded = [_kept(windows[0][name], windows[1][name], few) for name, few in zip(dimensions, small, strict=True)]
    shape = tuple(len(kept) for kept, _ in folded)
    (k1, n1), (k2, n2) = (_cells(window, dimensions, [kept for kept, _ in folded], shape) for window in windows)
    if n1.sum() and n2.sum():
        found = _split(dimensions, (k1, n1, k2, n2), seed)
    else:
        parts = pl.DataFrame({"part": [*dimensions, "rate", "total"]})
        figures = ("value", "low", "high", "low80", "high80", "p")
        found = parts.with_columns(pl.lit(None, pl.Float64).alias(name) for name in figures)
    is_mix = pl.col("part").is_in(dimensions)
    alone = all(size < 2 for size in shape)
    half = (pl.col("high") - pl.col("low")) / 2
    return found.with_columns(
        dimension=pl.when(is_mix).then("part"),
        part=pl.when(is_mix).then(pl.lit("mix")).otherwise("part"),
        noticeable=half * (_Z95 + Z_POWER) / _Z95,
        n=pl.lit(int(n2.sum()), pl.Int64),
        n_before=pl.lit(int(n1.sum()), pl.Int64),
        n_won=pl.lit(int(k2.sum()), pl.Int64),
        n_won_before=pl.lit(int(k1.sum()), pl.Int64),
        n_merged=pl.lit(sum(merged for _, merged in folded), pl.Int64),
        unit=pl.lit("share"),
        status=pl.when(is_mix & alone).then(pl.lit("too_few")).otherwise(pl.lit("ok")),
        reason=pl.when(is_mix & alone).then(pl.lit("one_group")),
    )


def _kept(then: pl.Series, now: pl.Series, small: Sequence[str | None]) -> tuple[list[str | None], int]:
    """The groups that are told apart, the largest first and "other" last; and how many went into "other".

    ``small``: groups of so few people or deals that no breakdown tells them.
    """
    sizes = [
        dict(zip(*(c.to_list() for c in s.value_counts(name="size").get_columns()), strict=True)) for s in (then, now)
    ]
    names = sorted({*sizes[0], *sizes[1]}, key=lambda g: (-sizes[0].get(g, 0) - sizes[1].get(g, 0), str(g)))
    kept = [name for name in names if min(size.get(name, 0) for size in sizes) >= LEAST and name not in small]
    if len(kept) == len(names) and len(names) <= MOST:
        return kept, 0
    kept = kept[: MOST - 1]
    rest = [name for name in names if name not in kept]
    while kept and min(sum(size.get(name, 0) for name in rest) for size in sizes) < LEAST:
        rest.append(kept.pop())
    return [*kept, OTHER], len(rest)


def _cells(
    window: pl.DataFrame, dimensions: Sequence[str], kept: Sequence[list[str | None]], shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Deals won and finished in each cell."""
    place = []
    for name, groups in zip(dimensions, kept, strict=True):
        where = {group: i for i, group in enumerate(groups)}
        place.append([where.get(value, len(groups) - 1) for value in window[name].to_list()])
    won, size = np.zeros(shape), np.zeros(shape)
    at = tuple(np.array(places, dtype=np.int64) for places in place)
    np.add.at(size, at, 1)
    np.add.at(won, at, (window["outcome"] == "won").to_numpy().astype(float))
    return won, size


def _split(dimensions: Sequence[str], counts: tuple[np.ndarray, ...], seed: int) -> pl.DataFrame:
    """The parts with both intervals."""
    ask = {"dimensions": tuple(dimensions), "draws": _DRAWS, "seed": seed}
    wide = stats.das_gupta_counts(*counts, **ask)
    narrow = stats.das_gupta_counts(*counts, **ask, level=0.8)
    return wide.with_columns(low80=narrow["low"], high80=narrow["high"])
