"""The fast path on polars: coded visits as an observer saw them, and with their names again."""

from __future__ import annotations

import polars as pl

from kpikit.engine.codes import Codes
from kpikit.engine.kernel import EXCLUDED, KINDS

_OPEN = KINDS.index("open")


def observed(spells: pl.LazyFrame, as_of: int, window: tuple[int, int] | None = None) -> pl.LazyFrame:
    """Coded spells as seen up to ``as_of`` (microseconds), or through a half-open window.

    Adds ``age``, from entry until the visit ended or observation did. What began before the window enters it late, what
    ends after it is open; visits over before the window, and those begun after it or after ``as_of``, are not in it.
    """
    is_open = pl.col("left_at").is_null() | (pl.col("left_at") > as_of)
    begun = pl.col("entered_at") <= as_of
    last = as_of
    if window is not None:
        is_open = is_open | (pl.col("left_at") >= window[1])
        begun = begun & (pl.col("entered_at") < window[1])
        last = min(as_of, window[1])
    age = pl.when(is_open).then(pl.lit(last)).otherwise("left_at") - pl.col("entered_at")
    kind = pl.when(is_open).then(pl.lit(_OPEN, pl.Int8)).otherwise("kind")
    seen = spells.filter(begun).with_columns(kind=kind, age=age, is_open=is_open)
    if window is not None:
        late = window[0] - pl.col("entered_at")
        seen = seen.filter(pl.col("is_open") | (pl.col("left_at") >= window[0]))
        seen = seen.with_columns(entry_age=pl.max_horizontal("entry_age", pl.when(late > 0).then(late)))
    unseen = (pl.col("entry_age") > pl.col("age")).fill_null(False) & pl.col("excluded").is_null()
    return seen.filter(~unseen).drop("is_open")


def decoded(spells: pl.DataFrame, codes: Codes, deals: pl.DataFrame) -> pl.DataFrame:
    """Names for numbers, and instants for microseconds."""
    names = codes.stages["stage"]
    instants = [pl.from_epoch(name, "us").dt.replace_time_zone("UTC") for name in ("entered_at", "left_at")]
    stage = names.gather(spells["stage"])
    ahead = names.gather(spells["next_stage"])
    named = spells.with_columns(
        *instants,
        stage.alias("stage"),
        deals["deal_id"].gather(spells["deal"]).alias("deal_id"),
        codes.stages["pipeline"].gather(spells["stage"]).alias("pipeline"),
        codes.stages["position"].gather(spells["stage"]).alias("position"),
        pl.col("kind").replace_strict(dict(enumerate(KINDS)), return_dtype=pl.String),
        pl.col("excluded").replace_strict(dict(enumerate(EXCLUDED)), return_dtype=pl.String),
        pl.Series(codes.teams, dtype=pl.String).gather(spells["team"]).alias("team"),
        ahead.alias("skipped_to"),
    )
    return named.with_columns(pl.when("skipped").then("skipped_to").alias("skipped_to"))
