"""From a hundred leads to customers who stay: the one chain of sales, marketing and customer success."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt

import polars as pl

from kpikit.analysis._answer import answer
from kpikit.analysis._rates import begun, inside, population
from kpikit.analysis.cycles import _open_stages
from kpikit.analysis.regret import judged_wins
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.engine import spells
from kpikit.stats.bounds import z_of
from kpikit.stats.rates import wilson_bounds

STEPS = ("accepted", "won", "kept")


@answer(kpi="chain")
def chain(book: DealBook, *, by: Sequence[str] = ("source",), during: Period | None = None) -> pl.DataFrame:
    """Of a hundred leads of each source, how many are accepted, won, and still customers after their first term?

    Definition: each step is a share of the step before, among those of which it is known: ``accepted`` went beyond the
    first stage or was won, of leads that did or are closed; ``won`` of accepted and closed; ``kept`` renewed when first
    due, of won and due. ``value`` multiplies them: so many of a lead. Its range joins those of the steps (on the log
    scale, as if the steps were independent).
    Misleads when sources differ in age: young leads are not known yet and are left out at each step. Gamed by late
    registration, which makes every lead an accepted one.

    Args:
        book: a deal book with stage history; ``kept`` needs ``revenue``.
        by: deal columns to group by, never a person.
        during: leads created in this window; by default all.

    Returns:
        An estimate a group and ``step``: ``value`` of a lead, ``of_previous`` (the share of the step before), ``n``
        known at this step, ``n_events``, ``n_leads``.

    Raises:
        RankingRefused: asked by a person.

    Source: Wilson 1927; delta method.

    Example:
        >>> import kpikit
        >>> kpikit.cohorts.chain(kpikit.open_book("demo"), by=())["step"].to_list()
        ['accepted', 'won', 'kept']
    """
    keys = list(by) or ["_all"]
    leads = begun(population(book), book).filter(~pl.col("is_never"))
    if during is not None:
        leads = leads.filter(inside(during, "created_on"))
    kept = judged_wins(book, None).select("deal_id", "is_kept")
    leads = leads.join(_accepted(book), on="deal_id", how="left").join(kept, on="deal_id", how="left")
    is_won, is_closed = pl.col("outcome") == "won", pl.col("outcome") != "open"
    accepted = pl.col("is_beyond").fill_null(False) | is_won
    known = {
        "accepted": accepted | is_closed,
        "won": accepted & is_closed,
        "kept": is_won & pl.col("is_kept").is_not_null(),
    }
    met = {"accepted": accepted, "won": is_won, "kept": is_won & pl.col("is_kept").fill_null(False)}
    counts = leads.group_by(keys).agg(
        n_leads=pl.len().cast(pl.Int64),
        **{f"{step}_n": rule.sum().cast(pl.Int64) for step, rule in known.items()},
        **{f"{step}_k": (rule & known[step]).sum().cast(pl.Int64) for step, rule in met.items()},
    )
    rows = [row for group in counts.sort(keys, nulls_last=True).to_dicts() for row in _steps(group, keys)]
    schema = {key: counts.schema[key] for key in keys}
    return pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None).drop("_all", strict=False)


def _accepted(book: DealBook) -> pl.DataFrame:
    """``deal_id, is_beyond``: has the deal been in a stage after the first of its pipeline?"""
    firsts = _open_stages(book).group_by("pipeline").agg(first_position=pl.col("position").min())
    farthest = spells(book).lazy().group_by("deal_id").agg(pl.col("pipeline").first(), pl.col("position").max())
    known = farthest.join(firsts, on="pipeline", how="left")
    return known.select("deal_id", is_beyond=pl.col("position") > pl.col("first_position")).collect()


def _steps(group: dict, keys: Sequence[str]) -> list[dict]:
    """The steps of one group, each multiplied with those before it."""
    z = z_of(0.95)
    value, top, spread, rows = 1.0, 1.0, 0.0, []
    for step in STEPS:
        k, n = group[f"{step}_k"], group[f"{step}_n"]
        row = {key: group[key] for key in keys} | {"step": step, "n": n, "n_excluded": 0, "n_events": k}
        row |= {
            "n_leads": group["n_leads"],
            "value": None,
            "low": None,
            "high": None,
            "of_previous": None,
            "unit": "share",
        }
        row |= {"status": "ok", "reason": None}
        if n == 0 or value is None:
            value = None
            rows.append(row | {"status": "not_reached", "reason": "nobody_followed"})
            continue
        share, high = k / n, wilson_bounds(k, n, z)[1]
        value, top = value * share, top * high
        spread += (1 - share) / (n * share) if share else 0.0
        ends = (value * exp(-z * sqrt(spread)), min(value * exp(z * sqrt(spread)), 1.0)) if value else (0.0, top)
        if share == 1 and spread == 0:
            ends = (wilson_bounds(k, n, z)[0], 1.0)
        rows.append(row | {"value": value, "low": ends[0], "high": ends[1], "of_previous": share})
    return rows
