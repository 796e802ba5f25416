"""Visits with numbers for names: each stay of a deal in a stage and how it ended, from ordered events, by shifts alone.

It equals the definition in :mod:`kpikit.engine.spells` row by row (a test draws books and compares). No row is looked
up by name and nothing is sorted: events of a deal stand together and in order.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

#: kinds of a spell, by number; the first three are the closes
KINDS = ("won", "lost", "void", "advance", "back", "open")
EXCLUDED = ("closed_stage", "after_outcome", "unknown_stage", "left_before_recorded", "end_unknown")
#: how far the positions of one pipeline stand from those of the next
APART = 2**40
_ADVANCE, _BACK, _OPEN = KINDS.index("advance"), KINDS.index("back"), KINDS.index("open")


def spelled(events: pl.LazyFrame, place: Mapping[int, int]) -> pl.DataFrame:
    """Coded events (:mod:`kpikit.engine.codes`) → visits.

    ``place`` is the position of each stage that has one, those of different pipelines :data:`APART`.

    ``deal, stage, seq, entered_at, left_at, kind, next_stage, skipped, entry_age, excluded, team, visit``; instants and
    ages in microseconds, ``kind`` and ``excluded`` numbers of :data:`KINDS` and :data:`EXCLUDED`.
    """
    return _numbered(_spells(events, place).collect(), place)


def _spells(events: pl.LazyFrame, place: Mapping[int, int]) -> pl.LazyFrame:
    same = pl.col("deal") == pl.col("deal").shift(1)
    what = pl.col("stage").fill_null(-1)
    repeated = (same & (what == what.shift(1))).fill_null(False)
    lasting = events.filter(~repeated)
    goes_on = pl.col("deal") == pl.col("deal").shift(-1)
    ahead = [pl.when(goes_on).then(pl.col(name).shift(-1)).alias(f"next_{name}") for name in ("at", "stage", "close")]
    visits = lasting.with_columns(ahead).filter(pl.col("stage").is_not_null())
    position, next_position = (
        pl.col(name).replace_strict(place, default=None, return_dtype=pl.Int64) for name in ("stage", "next_stage")
    )
    step = next_position - position
    step = pl.when(step.abs() < APART // 2).then(step)  # the orders of two pipelines do not compare
    kind = (
        pl.when(pl.col("next_close").is_not_null()).then(pl.col("next_close").cast(pl.Int8))
        .when(pl.col("next_at").is_null()).then(pl.lit(_OPEN, pl.Int8))
        .when(step < 0).then(pl.lit(_BACK, pl.Int8))
        .otherwise(pl.lit(_ADVANCE, pl.Int8))
    )  # fmt: skip
    late = pl.col("seen_at") - pl.col("at")
    visits = visits.with_columns(
        kind=kind,
        skipped=((step > 1) & pl.col("next_close").is_null()).fill_null(False),
        entry_age=pl.when(late > 0).then(late),
        is_known=position.is_not_null(),
    )
    unseen = (pl.col("entry_age") >= pl.col("next_at") - pl.col("at")).fill_null(False)
    undated = pl.col("is_undated") & pl.col("next_at").is_null()
    excluded = (
        pl.when(pl.col("close").is_not_null()).then(0).when("is_after").then(1)
        .when(~pl.col("is_known")).then(2).when(unseen).then(3).when(undated).then(4)
    )  # fmt: skip
    return visits.select(
        "deal", "stage", "seq", pl.col("at").alias("entered_at"), pl.col("next_at").alias("left_at"), "kind",
        "next_stage", "skipped", "entry_age", excluded.cast(pl.Int8).alias("excluded"), "team",
    )  # fmt: skip


def _numbered(spells: pl.DataFrame, place: Mapping[int, int]) -> pl.DataFrame:
    """The spells with ``visit``: 1 for the first of a deal to a stage.

    A stage is visited twice only where a deal does not go strictly forward, so only such deals are counted.
    """
    position = pl.col("stage").replace_strict(place, default=None, return_dtype=pl.Int64)
    forward = (position > position.shift(1)).fill_null(False)
    returns = (
        spells.lazy().filter((pl.col("deal") == pl.col("deal").shift(1)) & ~forward).select("deal").unique().collect()
    )
    first = pl.lit(1, pl.UInt32)
    if not returns.height:
        return spells.with_columns(visit=first)
    may_return = pl.col("deal").is_in(returns["deal"].implode())
    # a deal and a stage in one number: sorted by it, the visits of a deal to a stage stand together and in order
    both = pl.col("deal").cast(pl.Int64) * 2**16 + pl.col("stage")
    together = spells.lazy().with_row_index("_i").filter(may_return).select("_i", both=both)
    row, is_first = pl.int_range(pl.len()), (pl.col("both") != pl.col("both").shift(1)).fill_null(True)
    nth = row - pl.when(is_first).then(row).forward_fill() + 1
    some = together.sort("both", maintain_order=True).select("_i", visit=nth.cast(pl.UInt32)).collect()
    visit = pl.select(pl.repeat(1, spells.height, dtype=pl.UInt32)).to_series().scatter(some["_i"], some["visit"])
    return spells.with_columns(visit.alias("visit"))
