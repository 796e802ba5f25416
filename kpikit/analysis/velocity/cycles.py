"""A deal from its beginning to its end: how long it takes, how it ends, and how far it ever came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.durations import counts, late_deals
from kpikit.analysis.base.periods import Window, as_period
from kpikit.book import DealBook
from kpikit.book.selection import open_stages
from kpikit.calendar import Period
from kpikit.engine import spells
from kpikit.engine.clock import WIDTH_US, Days, elapsed, unit_of
from kpikit.errors import UsageError

#: clocks: the instant a cycle starts at, and the one it ends at where it ends
CLOCKS = {"created": ("created_at", "outcome_at"), "first_contact": ("first_contact_at", "signed_at")}
ENDS = ("won", "lost", "void", "still_open")


@answer(kpi="cycle")
def cycle(
    book: DealBook,
    *,
    clock: Literal["created", "first_contact"] = "created",
    horizon: float = 180,
    by: Sequence[str] = (),
    during: Window | None = None,
    days: Days = "calendar",
) -> pl.DataFrame:
    """How long does a deal take from its beginning to its end, and how has it ended by then?

    Definition: all deals begun (``created_at``, or ``first_contact_at``) in the window, open ones counted up to the
    as-of instant; ``median`` is the age at which half have ended in any way (Kaplan–Meier), the shares are
    Aalen–Johansen at ``horizon`` and add to 1. By first contact a win ends when it was signed, and a deal is only seen
    from its creation on (delayed entry).
    Misleads when deals are registered late: they look short and often won. Read it with ``n_late``. Gamed by exactly
    that.

    Args:
        book: a deal book with the dates of the clock.
        clock: which clock.
        horizon: in the book's bin unit, or in working days.
        by: deal columns to group by, never a person.
        during: deals begun in this window; by default all.
        days: ``"working"`` counts Monday to Friday without the book's ``holidays``.

    Returns:
        An estimate a ``figure`` (median, won, lost, void, still_open); ``n`` deals, ``n_excluded`` without the dates,
        ``n_late`` first recorded at a stage that is not the first (the companion of every cycle figure).

    Raises:
        RankingRefused: asked by a person.

    Source: Kaplan & Meier 1958; Aalen & Johansen 1978.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.cycle(kpikit.open_book("demo"))["figure"].to_list()
        ['median', 'won', 'lost', 'void', 'still_open']
    """
    during = as_period(during)
    keys = list(by) or ["_all"]
    unit = unit_of(days, book.settings)
    deals, left_out = _cycles(book, clock, keys, during, unit)
    table = counts(deals, keys, WIDTH_US[unit])
    settled = stats.settled_from(table, keys).select(*keys, from_age="start_of_curve")
    table = table.join(settled, on=keys, how="left", nulls_equal=True)
    table = table.filter(pl.col("time") >= pl.col("from_age")).drop("from_age")
    medians = stats.quantile_by(table, keys).with_columns(figure=pl.lit("median"), unit=pl.lit(unit))
    ends = stats.at_horizon(stats.aalen_johansen_by(table, keys), keys, horizon).rename({"exit": "figure"})
    still = stats.at_horizon(stats.kaplan_meier_by(table, keys), keys, horizon)
    still = still.with_columns(figure=pl.lit("still_open"), n_events=pl.lit(None, pl.Int64))
    columns = [*keys, "figure", "value", "low", "high", "n_events"]
    shares = pl.concat([ends.select(columns), still.select(columns)]).with_columns(unit=pl.lit("share"))
    found = pl.concat([medians.select(*columns, "unit"), shares])
    sizes = deals.group_by(keys).agg(n=pl.len().cast(pl.Int64), n_late=pl.col("is_late").sum().cast(pl.Int64))
    sizes = sizes.join(left_out, on=keys, how="full", coalesce=True, nulls_equal=True).with_columns(
        pl.col("n", "n_late", "n_excluded").fill_null(0)
    )
    sizes = sizes.join(settled, on=keys, how="left", nulls_equal=True)
    followed = stats.at_risk_by(table, keys, time=horizon).select(*keys, "n_at_risk")
    grid = sizes.join(followed, on=keys, how="left", nulls_equal=True).join(
        pl.DataFrame({"figure": ["median", *ENDS]}), how="cross"
    )
    frame = grid.join(found, on=[*keys, "figure"], how="left", nulls_equal=True, maintain_order="left")
    frame = _dated(_stated(frame, keys, horizon), CLOCKS[clock][0])
    return frame.sort(*keys, maintain_order=True).drop("_all", "n_at_risk", strict=False)


def _dated(frame: pl.DataFrame, start: str) -> pl.DataFrame:
    """A group of which no deal has the date that the clock starts at is refused."""
    undated = (pl.col("n") == 0) & (pl.col("n_excluded") > 0)
    return frame.with_columns(
        pl.when(undated).then(pl.lit("refused")).otherwise("status").alias("status"),
        pl.when(undated).then(pl.lit(f"no_{start}")).otherwise("reason").alias("reason"),
        *(pl.when(~undated).then(name).alias(name) for name in ("value", "low", "high")),
        pl.when(undated).then(0.0).otherwise("from_age").alias("from_age"),
    )


def _stated(frame: pl.DataFrame, keys: list[str], horizon: float) -> pl.DataFrame:
    """A kind of end that nobody met is 0; a horizon beyond what was followed, or half that is not reached, is said."""
    is_share = pl.col("figure") != "median"
    early = (pl.col("from_age") > horizon).fill_null(False)
    still = pl.col("value").filter(pl.col("figure") == "still_open").first().over(keys)
    all_ended = still.fill_null(1.0) <= 1e-12  # then nobody is left to be followed, and every share is known
    beyond = is_share & (early | (pl.col("n_at_risk").fill_null(0) == 0) & ~all_ended)
    unreached = pl.when(is_share).then(beyond).otherwise(pl.col("value").is_null())
    return frame.with_columns(
        pl.when(unreached).then(None).when(is_share).then(pl.col("value").fill_null(0.0)).otherwise("value").alias("value"),
        *(pl.when(~unreached).then(name).alias(name) for name in ("low", "high")),
        pl.col("unit").fill_null("share"),
        pl.when(pl.col("figure") == "still_open").then("n_events").otherwise(pl.col("n_events").fill_null(0)),
        pl.lit(float(horizon)).alias("horizon"),
        pl.when(unreached).then(pl.lit("not_reached")).otherwise(pl.lit("ok")).alias("status"),
        pl.when(~unreached).then(None).when(is_share).then(pl.lit("nobody_followed")).otherwise(pl.lit("half_still_open"))
        .alias("reason"),
    )  # fmt: skip


def _cycles(
    book: DealBook, clock: str, keys: list[str], during: Period | None, unit: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each deal's age at its end (or at as-of), the age it was first seen at, and whether it was recorded late."""
    start, end = CLOCKS[clock]
    deals = book.tables["deals"].lazy().with_columns(_all=pl.lit(0))
    if book.team is not None:
        deals = deals.filter(pl.col("team") == book.team)
    if during is not None:
        deals = deals.filter((pl.col(start) >= during.start) & (pl.col(start) < during.end))
    is_over = pl.col("outcome") != "open"
    ended_at = pl.when(pl.col("outcome") == "won").then(pl.coalesce(end, "outcome_at")).otherwise("outcome_at")
    seen_at = pl.max_horizontal("recorded_at", "created_at") if clock == "first_contact" else pl.col("recorded_at")
    end_at = pl.when(is_over).then(ended_at).otherwise(pl.lit(book.as_of))
    usable = (end_at >= pl.col(start)) & (seen_at.is_null() | (seen_at < end_at))
    deals = (
        deals.join(late_deals(book).lazy(), on="deal_id", how="left")
        .with_columns(
            pl.col("is_late").fill_null(False),
            age=elapsed(pl.col(start), end_at, unit, book.settings),
            entry_age=elapsed(pl.col(start), seen_at, unit, book.settings),
            exit=pl.when(is_over).then("outcome").otherwise(pl.lit("open")),
            usable=usable.fill_null(False),
        )
        .collect()
    )
    left_out = deals.filter(~pl.col("usable")).group_by(keys).agg(n_excluded=pl.len().cast(pl.Int64))
    return deals.filter("usable").select(*keys, "deal_id", "age", "entry_age", "exit", "is_late"), left_out


@answer(kpi="funnel")
def funnel(book: DealBook, *, by: Sequence[str] = (), during: Window | None = None) -> pl.DataFrame:
    """Of the deals begun in a window, how many ever reached each stage, or a later one?

    Definition: deals whose farthest stage (won counts as beyond the last) stands at the stage or after it, of all deals
    begun in the window. While deals are open they may still come farther: ``low_bound`` counts only what has happened,
    ``high_bound`` all open deals as reaching it; once no deal is open below a stage the two meet.
    Misleads when counted by calendar ("in stage 3 this quarter / in stage 2 this quarter"): that mixes cohorts and can
    exceed 1. Gamed by registering deals late (they reach the first stages by definition): read ``n_late``.

    Args:
        book: a deal book with stage history.
        by: deal columns to group by, never a person.
        during: deals created in this window; by default all.

    Returns:
        An estimate a stage: the share that ever reached it with Wilson's interval, ``low_bound, high_bound``, ``n``
        deals begun, ``n_events`` that reached it, ``n_open`` still open below it, ``n_late``.

    Raises:
        UsageError: asked by stage (that is what it tells anyway).
        RankingRefused: asked by a person.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.funnel(kpikit.open_book("demo"))["stage"].to_list()
        ['Qualify', 'Discovery', 'Proposal', 'Negotiation']
    """
    during = as_period(during)
    if "stage" in by:
        raise UsageError("unknown_group", column="stage", allowed="team, segment, …")
    keys = list(by) or ["_all"]
    deals = book.tables["deals"].lazy().with_columns(_all=pl.lit(0))
    if book.team is not None:
        deals = deals.filter(pl.col("team") == book.team)
    if during is not None:
        deals = deals.filter((pl.col("created_at") >= during.start) & (pl.col("created_at") < during.end))
    used = spells(book).lazy().filter(pl.col("excluded").is_null())
    farthest = used.group_by("deal_id", "pipeline").agg(farthest=pl.col("position").max())
    deals = deals.join(farthest, on=["deal_id", "pipeline"], how="left").join(
        late_deals(book).lazy(), on="deal_id", how="left"
    )
    beyond = pl.when(pl.col("outcome") == "won").then(pl.lit(2**31)).otherwise("farthest")
    columns = dict.fromkeys([*keys, "pipeline", "outcome", "is_late"])
    is_known = pl.col("farthest").is_not_null()
    begun = deals.select(*columns, is_known=is_known, farthest=beyond).collect()
    unknown = begun.filter(~pl.col("is_known")).group_by(keys).agg(n_excluded=pl.len().cast(pl.Int64))
    crossed = begun.filter("is_known").join(open_stages(book).collect(), on="pipeline", how="inner")
    reached = pl.col("farthest") >= pl.col("position")
    counted = crossed.group_by(*keys, "stage").agg(
        pl.col("position").min(),
        n=pl.len().cast(pl.Int64),
        n_events=reached.sum().cast(pl.Int64),
        n_open=(~reached & (pl.col("outcome") == "open")).sum().cast(pl.Int64),
        n_late=pl.col("is_late").fill_null(False).sum().cast(pl.Int64),
    )
    frame = stats.with_shares(counted).with_columns(
        low_bound=pl.col("n_events") / pl.col("n"),
        high_bound=(pl.col("n_events") + pl.col("n_open")) / pl.col("n"),
        unit=pl.lit("share"),
    )
    frame = frame.join(unknown, on=keys, how="left", nulls_equal=True).with_columns(pl.col("n_excluded").fill_null(0))
    return frame.sort(*keys, "position").drop("position", "_all", strict=False)
