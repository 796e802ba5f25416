"""From a hundred leads to customers who stay: the one chain of sales, marketing and customer success."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

import polars as pl

from kpikit import stats
from kpikit.analysis.base.ages import DAY_US
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.durations import counts
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import OUTCOME, begun, inside, population, with_wilson
from kpikit.analysis.retention.kept_wins import judged_wins
from kpikit.book import DealBook
from kpikit.book.selection import open_stages
from kpikit.engine import spells

STEPS = ("accepted", "won", "kept")


@answer(kpi="chain")
def chain(book: DealBook, *, by: Sequence[str] = ("source",), during: Window | None = None) -> pl.DataFrame:
    """Of a hundred leads of each source, how many are accepted, won, and still customers after a year?

    Definition: each step is a share of the step before. ``accepted``: went beyond the first stage, or was won; ``won``,
    of the accepted (both Aalen–Johansen as far as they were followed, so that open ones count as open); ``kept``: still
    a customer after a year (:func:`kpikit.retention.regret`), of the won of whom that is known. ``value`` multiplies
    them: so many of a lead. Its range joins the ranges of the steps, as if these were independent.
    Misleads when a source is so young that nobody could be kept for a year. Gamed by late registration, which makes
    every lead an accepted one.

    Args:
        book: a deal book with stage history; ``kept`` needs ``revenue``.
        by: deal columns to group by, never a person.
        during: leads created in this window; by default all.

    Returns:
        An estimate a group and ``step``: ``value`` of a lead, ``of_previous`` (the share of the step before), ``n`` at
        this step (of ``kept``: known), ``n_events``, ``n_leads``, ``n_excluded`` (no days).

    Raises:
        RankingRefused: asked by a person.

    Source: Aalen & Johansen 1978; Wilson 1927; ranges joined by MOVER on the log scale (Zou & Donner 2008).

    Example:
        >>> import kpikit
        >>> kpikit.cohorts.chain(kpikit.open_book("demo"), by=())["step"].to_list()
        ['accepted', 'won', 'kept']
    """
    during = as_period(during)
    keys = list(by) or ["_all"]
    leads = begun(population(book), book).filter(~pl.col("is_never"))
    leads = leads if during is None else leads.filter(inside(during, "created_on"))
    kept = judged_wins(book, None).select("deal_id", "is_kept")
    leads = leads.join(_beyond(book), on="deal_id", how="left").join(kept, on="deal_id", how="left")
    won_at = pl.when(OUTCOME == "won").then("outcome_at")
    leads = leads.with_columns(accepted_at=pl.min_horizontal("beyond_at", won_at))
    is_won, is_accepted = OUTCOME == "won", (OUTCOME == "won") | pl.col("accepted_at").is_not_null()
    steps = [
        _followed(leads, book, keys, "created_at", "accepted_at", is_accepted).with_columns(step=pl.lit("accepted")),
        _followed(leads.filter(is_accepted), book, keys, "accepted_at", "outcome_at", is_won).with_columns(
            step=pl.lit("won")
        ),
        _known(leads.filter(is_won), keys).with_columns(step=pl.lit("kept")),
    ]
    sizes = leads.group_by(keys).agg(n_leads=pl.len().cast(pl.Int64)).sort(keys, nulls_last=True)
    grid = sizes.join(pl.DataFrame({"step": STEPS}), how="cross", maintain_order="left")
    frame = grid.join(pl.concat(steps), on=[*keys, "step"], how="left", nulls_equal=True, maintain_order="left")
    frame = frame.with_columns(pl.col("n", "n_events", "n_excluded").fill_null(0))
    joined = [row for group in frame.partition_by(keys, maintain_order=True) for row in _joined(group.to_dicts())]
    return pl.DataFrame(joined, schema_overrides=frame.schema, infer_schema_length=None).drop("_all", strict=False)


def _beyond(book: DealBook) -> pl.DataFrame:
    """``deal_id, beyond_at``: when was the deal first in a stage after the first of its pipeline?"""
    firsts = open_stages(book).group_by("pipeline").agg(first_position=pl.col("position").min())
    visits = spells(book).lazy().join(firsts, on="pipeline", how="left")
    beyond = visits.filter(pl.col("position") > pl.col("first_position"))
    return beyond.group_by("deal_id").agg(beyond_at=pl.col("entered_at").min()).collect()


def _followed(
    deals: pl.DataFrame, book: DealBook, keys: list[str], begun_at: str, met_at: str, is_met: pl.Expr
) -> pl.DataFrame:
    """The share of each group that met the step, as far as it was followed: ``value, low, high`` and counts."""
    is_over = OUTCOME != "open"
    until = pl.when(is_met).then(met_at).when(is_over).then("outcome_at").otherwise(pl.lit(book.as_of))
    deals = deals.with_columns(
        age=(until - pl.col(begun_at)).dt.total_microseconds().clip(lower_bound=0),
        entry_age=pl.lit(None, pl.Int64),
        exit=pl.when(is_met).then(pl.lit("met")).when(is_over).then(pl.lit("closed")).otherwise(pl.lit("open")),
        _met=is_met,
    )
    usable = deals.filter(pl.col("age").is_not_null())
    sizes = deals.group_by(keys).agg(
        n=pl.col("age").count().cast(pl.Int64),
        n_events=(pl.col("_met") & pl.col("age").is_not_null()).sum().cast(pl.Int64),
        n_excluded=pl.col("age").null_count().cast(pl.Int64),
    )
    table = counts(usable, keys, DAY_US)
    nobody = table.group_by(keys).agg(pl.col("time").min(), exit=pl.lit("met"), n=pl.lit(0, pl.Int64))
    curve = stats.aalen_johansen_by(pl.concat([table, nobody]), keys).filter(pl.col("exit") == "met")
    ends = curve.group_by(keys, maintain_order=True).last().select(*keys, "value", "low", "high")
    return sizes.join(ends, on=keys, how="left", nulls_equal=True).select(
        *keys, "value", "low", "high", "n", "n_events", "n_excluded"
    )


def _known(won: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """The same for won deals of which it is known whether the customer stayed."""
    counts = won.group_by(keys).agg(
        n=pl.col("is_kept").count().cast(pl.Int64), n_events=pl.col("is_kept").sum().cast(pl.Int64)
    )
    return with_wilson(counts).select(*keys, "value", "low", "high", "n", "n_events", n_excluded=pl.lit(0, pl.Int64))


def _joined(steps: list[dict]) -> list[dict]:
    """The steps of one group, each multiplied with those before it; none after one of which nothing is known."""
    value, down, up, rows = 1.0, 0.0, 0.0, []
    is_known = True
    for row in steps:
        share, low, high = row["value"], row["low"], row["high"]
        is_known = is_known and bool(row["n"]) and share is not None
        row |= {"of_previous": share if is_known else None, "unit": "share"}
        if not is_known or share is None:
            rows.append(
                row | {"value": None, "low": None, "high": None, "status": "not_reached", "reason": "nobody_followed"}
            )
            continue
        if share > 0 and value > 0:
            down += (log(share) - log(low)) ** 2 if low > 0 else 0.0
            up += (log(high) - log(share)) ** 2
            most = value * share * exp(up**0.5)
        else:
            most = value * high if value > 0 else rows[-1]["high"]
        value *= share
        ends = {"low": value * exp(-(down**0.5)), "high": most}
        rows.append(row | {"value": value, **ends, "status": "ok", "reason": None})
    return rows
