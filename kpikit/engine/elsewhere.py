"""The histogram by the definition itself, in the engine in which the tables live (DuckDB, Spark, polars).

For a table in a warehouse that is not to leave it: only the small counts come back. It equals
:func:`kpikit.engine.histogram` of the same book; every other question needs a book (:func:`kpikit.book.trust`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from kpikit.engine.histogram import NOT_GROUPS
from kpikit.engine.spells import define
from kpikit.errors import RankingRefused, UsageError
from kpikit.schema import PERSON_COLUMNS


def histogram_elsewhere(
    tables: Mapping[str, Any], *, as_of: int, by: Sequence[str] = (), width_us: int = 86_400_000_000
) -> pl.DataFrame:
    """How many first visits to each stage ended in each way at each age, computed where the tables are?

    Args:
        tables: ``stage_events, deals, stages`` and perhaps ``changes``, in any frame that narwhals knows, in kpikit's
            columns, with instants as whole microseconds since 1970 (null where unknown).
        as_of: the instant up to which the data speak, in such microseconds.
        by: deal columns to group by besides the stage, never a person; ``team`` is that of the stage event.
        width_us: of a bin.

    Returns:
        ``*by, stage, bin, kind, n, us`` as :func:`kpikit.engine.histogram` gives it.

    Raises:
        RankingRefused: asked by a person.

    Example:
        >>> import polars as pl
        >>> nothing = [None, None]
        >>> deals = {"deal_id": ["a"], "pipeline": ["New"], "outcome": ["open"]}
        >>> deals |= {"outcome_at": [None], "recorded_at": [None]}
        >>> events = {"deal_id": ["a", "a"], "stage": ["Qualify", "Offer"], "entered_at": [0, 60], "seq": [1, 2]}
        >>> stages = {"pipeline": ["New"] * 2, "stage": ["Qualify", "Offer"], "position": [1, 2]}
        >>> integers = {"outcome_at": pl.Int64, "recorded_at": pl.Int64}
        >>> tables = {
        ...     "deals": pl.LazyFrame(deals, schema_overrides=integers),
        ...     "stage_events": pl.LazyFrame({**events, "recorded_at": nothing, "team": nothing},
        ...                                  schema_overrides={"recorded_at": pl.Int64, "team": pl.String}),
        ...     "stages": pl.LazyFrame({**stages, "is_won": nothing, "is_lost": nothing},
        ...                            schema_overrides={"is_won": pl.Boolean, "is_lost": pl.Boolean}),
        ... }
        >>> histogram_elsewhere(tables, as_of=100, width_us=50).select("stage", "bin", "kind", "us").rows()
        [('Offer', 0, 'open', 40), ('Qualify', 1, 'advance', 60)]
    """
    lazy = {name: nw.from_native(table).lazy() for name, table in tables.items()}
    names = lazy["deals"].collect_schema().names()
    for name in by:
        if name in PERSON_COLUMNS:
            raise RankingRefused("by_person", column=name)
        if name not in ("team", "stage") and (name in NOT_GROUPS or name not in names):
            allowed = ", ".join(n for n in names if n not in NOT_GROUPS | PERSON_COLUMNS)
            raise UsageError("unknown_group", column=name, allowed=allowed)
    keys = [*by, *(() if "stage" in by else ("stage",))]
    seen = _observed(_grouped(define(lazy), lazy["deals"], by), as_of)
    parts = [_binned(seen, keys, "age", width_us)]
    late = seen.filter(nw.col("entry_age") >= width_us).with_columns(nw.lit("entered_late").alias("kind"))
    parts.append(_binned(late, keys, "entry_age", width_us))
    found: Any = nw.concat(parts, how="vertical").collect("polars").to_native()
    return found.with_columns(pl.col("bin", "n", "us").cast(pl.Int64)).sort(*keys, "bin", "kind")


def _grouped(spells: nw.LazyFrame, deals: nw.LazyFrame, by: Sequence[str]) -> nw.LazyFrame:
    columns = [name for name in by if name not in ("team", "stage", "pipeline")]
    if not columns:
        return spells
    return spells.join(deals.select("deal_id", *columns), on="deal_id", how="left")


def _observed(spells: nw.LazyFrame, as_of: int) -> nw.LazyFrame:
    """First visits that a curve can use, with their age at the end or at as-of."""
    used = spells.filter((nw.col("visit") == 1) & nw.col("excluded").is_null() & (nw.col("entered_at") <= as_of))
    is_open = nw.col("left_at").is_null() | (nw.col("left_at") > as_of)
    left = nw.when(is_open).then(nw.lit(as_of)).otherwise(nw.col("left_at"))
    kind = nw.when(is_open).then(nw.lit("open")).otherwise(nw.col("kind"))
    aged = used.with_columns((left - nw.col("entered_at")).alias("age"), kind.alias("kind"))
    return aged.filter(nw.col("entry_age").is_null() | (nw.col("entry_age") <= nw.col("age")))


def _binned(visits: nw.LazyFrame, keys: Sequence[str], age: str, width_us: int) -> nw.LazyFrame:
    counted = visits.with_columns((nw.col(age) // width_us).cast(nw.Int64).alias("bin"))
    found = counted.group_by(*keys, "bin", "kind").agg(nw.len().alias("n"), nw.col(age).sum().alias("us"))
    return found.with_columns(nw.col("n").cast(nw.Int64), nw.col("us").cast(nw.Int64))
