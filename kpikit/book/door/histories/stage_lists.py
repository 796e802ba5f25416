"""The list of stages: which of them end a deal, and what holds in every pipeline."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

#: a pipeline that stands for every pipeline without a list of its own
EVERY = "all"
#: of a closed stage a deal is won or lost by its probability, written as a share or in per cent
_SURE, _NEVER = (1.0, 100.0), 0.0


def with_ends(stages: pl.DataFrame) -> pl.DataFrame:
    """Stages with ``is_won`` and ``is_lost`` also where the list says ``is_closed`` and a probability only.

    A probability of nought is no loss by itself: only a closed stage ends a deal.

    >>> told = {"stage": ["A", "B", "C"], "is_closed": [False, True, True], "probability": [0.0, 1.0, 0.0]}
    >>> with_ends(pl.DataFrame(told)).select("is_won", "is_lost").rows()
    [(False, False), (True, False), (False, True)]
    """
    if "is_closed" not in stages.columns:
        return stages
    given = [pl.col(n) if n in stages.columns else pl.lit(None, pl.Boolean) for n in ("is_won", "is_lost")]
    is_won, is_lost = given
    chance = pl.col("probability") if "probability" in stages.columns else pl.lit(None, pl.Float64)
    closed = pl.col("is_closed").fill_null(value=False)
    won = pl.when(closed).then(chance.is_in(_SURE)).when(~closed & chance.is_not_null()).then(pl.lit(value=False))
    lost = pl.when(closed & is_won.is_not_null()).then(~is_won).when(closed).then(chance == _NEVER).otherwise(closed)
    return stages.with_columns(is_won=pl.coalesce(is_won, won), is_lost=pl.coalesce(is_lost, lost))


def in_every_pipeline(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables with the stages of the pipeline "all" (or of none) in each pipeline that has no list of its own."""
    tables = dict(frames)
    stages, deals = tables.get("stages"), tables.get("deals")
    if stages is None or deals is None or "stage" not in stages.columns or "pipeline" not in deals.columns:
        return tables
    used = [t.select(pl.col("pipeline").cast(pl.String)) for t in (deals, tables.get("stage_events"))
            if t is not None and "pipeline" in t.columns]  # fmt: skip
    if "pipeline" not in stages.columns:
        stages = stages.with_columns(pipeline=pl.lit(None, pl.String))
    common = stages.filter(pl.col("pipeline").is_null() | (pl.col("pipeline") == EVERY))
    own = (
        stages.join(common, on="_row", how="anti")
        if "_row" in stages.columns
        else stages.filter(pl.col("pipeline") != EVERY)
    )
    others = pl.concat(used).drop_nulls().unique().filter(
        ~pl.col("pipeline").is_in(own["pipeline"].implode())
    ).sort("pipeline")  # fmt: skip
    if common.is_empty() or others.is_empty():
        return tables
    spread = common.drop("pipeline").join(others, how="cross").select(stages.columns)
    tables["stages"] = pl.concat([own, spread])
    return tables
