"""Which wins do we regret, and which open deals look like the customers we kept?"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import with_wilson
from kpikit.analysis.retention.kept_wins import judged_wins
from kpikit.book import DealBook
from kpikit.book.selection import OUTCOME_TEAM

#: what a profile is made of: words, numbers
_WORDS = ("segment", "source", "deal_type", "is_icp", "is_new_market")
_LEAST_KEPT = 20
_NAMED = 3


@answer(kpi="regret")
def regret(book: DealBook, *, by: Sequence[str] = ("source",), during: Window | None = None) -> pl.DataFrame:
    """Which wins do we regret: customers lost within a year, or of whom we do not want a hundred more?

    Definition: won deals whose customer did not renew within the first year (or, of a longer term, when first due), or
    with ``more_like_this`` no, of all won deals of which either is known. ``by="is_discounted"`` tells deals with and
    without a discount apart, ``by="is_icp"`` those that fit the profile.
    Misleads while most wins are too young to be due. Gamed by never asking "a hundred more of these?": read
    ``n_unknown``.

    Args:
        book: a deal book with ``revenue``, ``more_like_this``, or both.
        by: deal columns to group by, never a person.
        during: deals won in this window; by default all.

    Returns:
        An estimate a group: ``n`` wins of which it is known, ``n_events`` regretted, ``n_left`` of them lost,
        ``n_unwanted`` marked no, ``n_wanted`` marked yes, ``n_unknown`` neither a year old nor asked, ``n_unasked``.

    Raises:
        RankingRefused: asked by a person.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.retention.regret(kpikit.open_book("demo"), by="segment")["segment"].to_list()
        ['Enterprise', 'Mid', 'Small']
    """
    during = as_period(during)
    keys = list(by) or ["_all"]
    wins = judged_wins(book, during).with_columns(_all=pl.lit(0))
    counts = wins.group_by(keys).agg(
        n=pl.col("is_regretted").is_not_null().sum().cast(pl.Int64),
        n_events=pl.col("is_regretted").fill_null(False).sum().cast(pl.Int64),
        n_left=pl.col("is_kept").not_().fill_null(False).sum().cast(pl.Int64),
        n_unwanted=pl.col("more_like_this").not_().fill_null(False).sum().cast(pl.Int64),
        n_wanted=pl.col("more_like_this").fill_null(False).sum().cast(pl.Int64),
        n_unasked=pl.col("more_like_this").is_null().sum().cast(pl.Int64),
        n_unknown=pl.col("is_regretted").is_null().sum().cast(pl.Int64),
        n_excluded=pl.lit(0, pl.Int64),
    )
    if not by and counts.is_empty():
        counts = pl.DataFrame([dict.fromkeys(counts.columns, 0)], schema=counts.schema)
    return with_wilson(counts).sort(keys, nulls_last=True).drop("_all", strict=False)


@answer(kpi="likeness")
def likeness(book: DealBook) -> pl.DataFrame:
    """Which open deals look like the customers we kept, and in what?

    Definition: for each trait, how much nearer the deal stands to kept customers than to all decided deals, in standard
    deviations. A word (segment, source, type, fit, new market): the share of kept customers that have it less the share
    of all, over the spread of that share. The amount (log): its distance to the mean of all less its distance to the
    mean of kept. ``likeness`` is the mean over the traits that are known of the deal. No model: every part is shown.
    Misleads: kept customers are those we chased. Never a reason to drop a deal.

    Args:
        book: a deal book with ``revenue`` or ``more_like_this``.

    Returns:
        A list, the most alike first: ``deal_id, name, likeness`` and ``because``, the three traits that say most
        (``trait=value``), ``n_traits`` known, ``n_kept`` customers in the profile. Empty below twenty kept customers.

    Example:
        >>> import kpikit
        >>> kpikit.retention.likeness(kpikit.open_book("demo")).columns[:3]
        ['deal_id', 'name', 'likeness']
    """
    wins = judged_wins(book, None)
    kept = wins.filter((~pl.col("is_regretted")).fill_null(False))
    deals = book.tables["deals"].lazy().collect()
    if book.team is not None:
        deals = deals.filter(book.team == OUTCOME_TEAM)
    decided, is_open = (deals.filter(pl.col("outcome").is_in(ends)) for ends in (["won", "lost"], ["open"]))
    if kept.height < _LEAST_KEPT or is_open.is_empty():
        is_open = is_open.clear()
    parts = [*(_word(is_open, kept, decided, name) for name in _WORDS), _amount(is_open, kept, decided)]
    traits = pl.concat(parts).filter(pl.col("part").is_not_null())
    summed = (
        traits.sort("deal_id", pl.col("part").abs(), "trait", descending=[False, True, False])
        .group_by("deal_id", maintain_order=True)
        .agg(
            likeness=pl.col("part").mean(),
            because=pl.col("trait").head(_NAMED).str.join(", "),
            n_traits=pl.len().cast(pl.Int64),
        )
    )
    frame = is_open.select("deal_id", "name", "stage").join(summed, on="deal_id", how="inner", maintain_order="left")
    frame = frame.with_columns(
        n_kept=pl.lit(kept.height, pl.Int64), n=pl.lit(is_open.height, pl.Int64), unit=pl.lit("share")
    )
    frame = frame.with_columns(n_excluded=pl.col("n") - pl.lit(frame.height, pl.Int64))
    return frame.sort("likeness", "deal_id", descending=[True, False]).select(
        "deal_id", "name", "likeness", pl.exclude("deal_id", "name", "likeness")
    )


def _word(is_open: pl.DataFrame, kept: pl.DataFrame, decided: pl.DataFrame, name: str) -> pl.DataFrame:
    """How much more often kept customers have this word than decided deals, in standard deviations of that share."""
    theirs, everyones = (_shares(frame, name, side) for frame, side in ((kept, "kept"), (decided, "all")))
    both = everyones.join(theirs, on="value", how="left").with_columns(pl.col("kept").fill_null(0.0))
    spread = (pl.col("all") * (1 - pl.col("all"))).sqrt()
    both = both.with_columns(part=pl.when(spread > 0).then((pl.col("kept") - pl.col("all")) / spread))
    found = is_open.select("deal_id", value=pl.col(name).cast(pl.String)).join(both, on="value", how="inner")
    return found.select("deal_id", trait=pl.lit(f"{name}=") + pl.col("value"), part="part")


def _shares(frame: pl.DataFrame, name: str, side: str) -> pl.DataFrame:
    counted = frame.select(value=pl.col(name).cast(pl.String)).drop_nulls().group_by("value").len()
    return counted.select("value", (pl.col("len") / pl.col("len").sum()).alias(side))


def _amount(is_open: pl.DataFrame, kept: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """How much nearer the amount (log) lies to that of kept customers than to that of all, in standard deviations."""
    logs = pl.when(pl.col("amount_home") > 0).then(pl.col("amount_home").log())
    all_of_them, theirs = (frame.select(log=logs)["log"] for frame in (decided, kept))
    centre, spread, near = all_of_them.mean(), all_of_them.std(), theirs.mean()
    own = is_open.select("deal_id", log=logs).drop_nulls()
    if centre is None or not spread or near is None:
        return own.clear().select("deal_id", trait=pl.lit("amount"), part="log")
    nearer = ((pl.col("log") - centre).abs() - (pl.col("log") - near).abs()) / spread
    return own.select("deal_id", trait=pl.lit("amount"), part=nearer)
