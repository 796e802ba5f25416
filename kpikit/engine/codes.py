"""A book with numbers for names: what happened to each deal, in order, as visits to stages that the engine can count.

Codes are made once, when a book is prepared (or first asked): a deal is its row in ``deals``, a stage its place in
:class:`Codes`. Between them stand events, one row each, in order of deal, instant and sequence: ``deal, at, seq``,
``stage`` (null for an outcome), ``close`` (one of :data:`CLOSES`, for what ends a visit), ``seen_at`` (when the system
first recorded it), ``team``, ``is_after`` (entered after the final outcome), ``is_undated`` (its deal was closed,
nobody knows when).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from kpikit.engine.kernel import APART, spelled

CLOSES = ("won", "lost", "void")
_CLOSE_CODES = {name: code for code, name in enumerate(CLOSES)}
_ORDER = ("deal", "at", "rank", "seq")
#: the deal was closed, nobody knows when
_UNDATED = (pl.col("outcome") != "open") & pl.col("outcome_at").is_null()


@dataclass(frozen=True)
class Codes:
    """What the numbers stand for: stages by (pipeline, stage) with their positions, and teams."""

    stages: pl.DataFrame
    teams: tuple[str, ...]

    def places(self) -> dict[int, int]:
        """The position of each stage that has one, by its number; those of different pipelines stand apart."""
        pipelines = self.stages["pipeline"].rank("dense").cast(pl.Int64).fill_null(0)
        rows = zip(self.stages["position"], pipelines, strict=True)
        return {i: place + pipeline * APART for i, (place, pipeline) in enumerate(rows) if place is not None}

    def as_dict(self) -> dict:
        """Plain values, for a prepared book's record."""
        return {"stages": self.stages.to_dicts(), "teams": list(self.teams)}

    @classmethod
    def from_dict(cls, values: Mapping) -> Codes:
        """What :meth:`as_dict` wrote."""
        schema = {"pipeline": pl.String, "stage": pl.String, "position": pl.Int64, "close": pl.Int8}
        return cls(pl.DataFrame(values["stages"], schema=schema), tuple(values["teams"]))


@dataclass(frozen=True)
class Coded:
    """The visits of a book in order (:func:`kpikit.engine.kernel.spelled`), and what their numbers stand for.

    ``read`` gives the visits each time they are asked for: a prepared book looks at its files first.
    """

    read: Callable[[], pl.LazyFrame]
    codes: Codes
    n_deals: int

    @property
    def visits(self) -> pl.LazyFrame:
        """The visits, lazily."""
        return self.read()


def encode(tables: Mapping[str, pl.DataFrame | pl.LazyFrame], known: Codes | None = None) -> Coded:
    """The visits in a book's tables, coded and in order.

    ``known`` are the codes of other deals of the same book, to which what is new here is added.
    """
    deals = (
        tables["deals"].lazy().with_row_index("deal")
        .select("deal", "deal_id", "pipeline", "outcome", "outcome_at", deal_seen_at="recorded_at").collect()
    )  # fmt: skip
    entered = _entered(tables["stage_events"].lazy())
    visits = entered.join(deals.lazy(), on="deal_id", how="inner")
    # a visit belongs to the pipeline of its time, where the history tells it
    visits = visits.with_columns(pipeline=pl.coalesce("own_pipeline", "pipeline")).collect()
    codes = _codes(tables["stages"].lazy(), visits, known)
    numbers = codes.stages.with_row_index("code").select("pipeline", "stage", pl.col("code").cast(pl.Int16), "close")
    visits = visits.join(numbers, on=["pipeline", "stage"], how="left")
    parts = [
        visits.select(
            "deal", at="entered_at", rank=pl.lit(1, pl.Int8), seq="seq", stage="code", close="close",
            seen_at=pl.max_horizontal("recorded_at", "deal_seen_at"),
            team=pl.col("team").cast(pl.Enum(codes.teams)).to_physical().cast(pl.UInt32),
            is_after=(pl.col("entered_at") > pl.col("outcome_at")).fill_null(False),
            is_undated=_UNDATED,
        )
    ]  # fmt: skip
    decided = deals.filter((pl.col("outcome") != "open") & pl.col("outcome_at").is_not_null())
    parts.append(_outcomes(decided, "outcome_at", "outcome", rank=2, seq=pl.lit(0, pl.Int64)))
    if "changes" in tables:
        parts += _earlier_outcomes(tables["changes"].lazy(), deals)
    events = pl.concat(parts).sort(_ORDER)
    if events.select((pl.col("rank") == 0).any()).item():
        events = _reopened(events)
    events = events.select(
        "deal", pl.col("at").dt.epoch("us"), "seq", "stage", "close",
        pl.col("seen_at").dt.epoch("us"), "team", "is_after", "is_undated",
    )  # fmt: skip
    return Coded(spelled(events.lazy(), codes.places()).lazy, codes, deals.height)


def _entered(events: pl.LazyFrame) -> pl.LazyFrame:
    names = events.collect_schema().names()
    own = pl.col("pipeline") if "pipeline" in names else pl.lit(None, pl.String)
    return events.select("deal_id", "stage", "entered_at", "seq", "recorded_at", "team", own_pipeline=own)


def _codes(stages: pl.LazyFrame, visits: pl.DataFrame, known: Codes | None) -> Codes:
    if known is None:
        is_won, is_lost = (pl.col(name).fill_null(False) for name in ("is_won", "is_lost"))
        close = pl.when(is_won).then(_CLOSE_CODES["won"]).when(is_lost).then(_CLOSE_CODES["lost"])
        known = Codes(stages.select("pipeline", "stage", "position", close.cast(pl.Int8).alias("close")).collect(), ())
    met = visits.select("pipeline", "stage").unique()
    unknown = met.join(known.stages, on=["pipeline", "stage"], how="anti", nulls_equal=True).sort("pipeline", "stage")
    nothing = {"position": pl.Int64, "close": pl.Int8}
    unknown = unknown.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in nothing.items())
    teams = visits["team"].drop_nulls().unique().sort()
    return Codes(
        pl.concat([known.stages, unknown]), (*known.teams, *(team for team in teams if team not in known.teams))
    )


def _outcomes(
    frame: pl.DataFrame, at: str, outcome: str, *, rank: int, seq: pl.Expr, is_undated: pl.Expr | None = None
) -> pl.DataFrame:
    return frame.select(
        "deal", at=at, rank=pl.lit(rank, pl.Int8), seq=seq, stage=pl.lit(None, pl.Int16),
        close=pl.col(outcome).replace_strict(_CLOSE_CODES, default=None, return_dtype=pl.Int8),
        seen_at="deal_seen_at", team=pl.lit(None, pl.UInt32), is_after=pl.lit(False),
        is_undated=pl.lit(False) if is_undated is None else is_undated,
    )  # fmt: skip


def _earlier_outcomes(changes: pl.LazyFrame, deals: pl.DataFrame) -> list[pl.DataFrame]:
    """Outcomes that were taken back, and the reopenings that took them back."""
    moves = changes.filter(pl.col("field") == "outcome").select("deal_id", "new", "changed_at", "seq")
    moves = moves.join(
        deals.lazy().select("deal", "deal_id", "outcome", "outcome_at", "deal_seen_at"), on="deal_id", how="inner"
    ).collect()
    earlier = moves.filter(pl.col("outcome_at").is_null() | (pl.col("changed_at") < pl.col("outcome_at")))
    closing = earlier.filter(pl.col("new").is_in(list(CLOSES)))
    opened = earlier.filter(pl.col("new") == "open")
    seq = pl.col("seq")
    return [
        _outcomes(closing, "changed_at", "new", rank=2, seq=seq),
        _outcomes(opened, "changed_at", "new", rank=0, seq=seq, is_undated=_UNDATED),
    ]


def _reopened(events: pl.DataFrame) -> pl.DataFrame:
    """A reopening takes the last open stage and team of its deal again, unless a stage is entered at that instant."""
    following = [pl.col(name).shift(-1).over("deal") for name in ("at", "rank")]
    superseded = (pl.col("rank") == 0) & (following[0] == pl.col("at")) & (following[1] == 1)
    events = events.filter(~superseded.fill_null(False))
    open_stage = pl.when(pl.col("close").is_null()).then("stage").forward_fill().over("deal")
    events = events.with_columns(
        pl.when(pl.col("rank") == 0).then(open_stage).otherwise("stage").alias("stage"),
        pl.col("team").forward_fill().over("deal"),
    )
    return events.filter(pl.col("stage").is_not_null() | pl.col("close").is_not_null())
