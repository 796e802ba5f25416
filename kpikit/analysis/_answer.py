"""What every public analysis goes through, once: refuse, compute, floors, suppress, columns, kind of frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import polars as pl

from kpikit.analysis.floors import FLOORS, Floor
from kpikit.book import DealBook
from kpikit.engine.histogram import check_groups
from kpikit.kpi import Card, cards

P = ParamSpec("P")
FIGURES = ("value", "low", "high")
#: numbers that are no figure and stay when a figure is too few: what was asked, and where it was read
ASKED = frozenset({"horizon", "from_age", "time", "visit"})
_NEEDED_TABLES = {"stage_events": "no_stage_history", "stages": "no_stage_order", "people": "no_people"}
LAST = ("unit", "kpi", "definition", "status", "reason")


def answer(
    kpi: str,
) -> Callable[[Callable[Concatenate[DealBook, P], pl.DataFrame]], Callable[Concatenate[DealBook, P], Any]]:
    """Make a pure function on polars frames a public analysis of the KPI with this card."""

    def wrap(compute: Callable[Concatenate[DealBook, P], pl.DataFrame]) -> Callable[Concatenate[DealBook, P], Any]:
        @wraps(compute)
        def ask(book: DealBook, *args: P.args, **asked: P.kwargs) -> Any:
            card = cards()[kpi]
            by = asked.get("by", ())
            by = (by,) if isinstance(by, str) else tuple(by)  # type: ignore[arg-type]
            if "by" in asked:
                asked["by"] = by
            check_groups(book, by)
            reason = cannot_say(book, card)
            if reason is not None:
                return _as_asked(_shaped(_refused(by, reason), card), book)
            computed = compute(book, *args, **asked)
            kept = suppress(with_floor(computed, FLOORS[kpi]), book, by)
            return _as_asked(_shaped(kept, card), book)

        ask.kpi = kpi  # type: ignore[attr-defined]
        return ask

    return wrap


def cannot_say(book: DealBook, card: Card) -> str | None:
    """Why this book cannot answer, as a code; None if it can."""
    deals = book.tables["deals"].lazy()
    for need in card.needs:
        if need in _NEEDED_TABLES and _is_empty(book, need):
            return _NEEDED_TABLES[need]
        if need in ("outcome_at", "created_at") and deals.select(pl.col(need).is_null().all()).collect().item():
            return f"no_{need}"
    return None


def _is_empty(book: DealBook, table: str) -> bool:
    return table not in book.tables or book.tables[table].lazy().select(pl.len() == 0).collect().item()


def _refused(by: Sequence[str], reason: str) -> pl.DataFrame:
    groups = {name: pl.Series([None], dtype=pl.String) for name in by}
    counts = {name: pl.Series([None], dtype=pl.Int64) for name in ("n", "n_excluded")}
    figures = {name: pl.Series([None], dtype=pl.Float64) for name in FIGURES}
    status = {"unit": [None], "status": ["refused"], "reason": [reason]}
    return pl.DataFrame(groups | counts | figures | status)


def with_floor(frame: pl.DataFrame, floor: Floor) -> pl.DataFrame:
    """``too_few`` instead of a number where there are fewer units or events than the floor asks for."""
    defaults = {"status": "ok", "reason": None}
    missing = [pl.lit(v, pl.String).alias(k) for k, v in defaults.items() if k not in frame.columns]
    frame = frame.with_columns(missing)
    n = pl.min_horizontal(c for c in ("n", "n_before") if c in frame.columns)
    few = n < floor.n
    reason = pl.when(few).then(pl.lit("few_deals"))
    events = [c for c in ("n_events", "n_events_before") if c in frame.columns]
    if events and floor.n_events:
        few = few | (pl.min_horizontal(events) < floor.n_events)
        reason = reason.when(few).then(pl.lit("few_exits"))
    frame = frame.with_columns(
        pl.when(few).then(pl.lit("too_few")).otherwise("status").alias("status"),
        reason.otherwise("reason").alias("reason"),
    )
    few_figures = [name for name in _floats(frame) if not name.startswith("n_")]
    hidden = pl.col("status") == "too_few"
    return frame.with_columns(pl.when(~hidden).then(name).alias(name) for name in few_figures)


def _floats(frame: pl.DataFrame) -> list[str]:
    """The columns that hold figures."""
    return [name for name, dtype in frame.schema.items() if dtype.is_float() and name not in ASKED]


def suppress(frame: pl.DataFrame, book: DealBook, by: Sequence[str]) -> pl.DataFrame:
    """No counts and no figures for groups of too few people or deals, nor for the one that would give them away."""
    keys = [name for name in by if name != "stage" and name in frame.columns]
    if not keys:
        return frame
    small = _small_groups(book, keys)
    frame = frame.join(small, on=keys, how="left", nulls_equal=True)
    hidden = pl.col("is_small").fill_null(False)
    integers = [name for name, dtype in frame.schema.items() if dtype.is_integer() and name not in keys]
    numbers = [*_floats(frame), *integers]
    return frame.with_columns(
        *(pl.when(~hidden).then(name).alias(name) for name in numbers if name not in keys),
        pl.when(hidden).then(pl.lit("suppressed")).otherwise("status").alias("status"),
        pl.when(hidden).then(pl.lit("small_group")).otherwise("reason").alias("reason"),
    ).drop("is_small")


def _small_groups(book: DealBook, keys: list[str]) -> pl.DataFrame:
    """The groups and whether each is too small; if one is, the smallest of the others is hidden with it."""
    privacy = book.settings.privacy
    deals = book.tables["deals"].lazy()
    owners = pl.col("owner").drop_nulls().n_unique()
    sizes = deals.group_by(keys).agg(n_people=owners, n_deals=pl.len(), known=pl.col("owner").count() > 0)
    if keys == ["team"]:
        if "people" in book.tables:
            members = book.tables["people"].lazy().group_by("team").agg(members=pl.col("owner").n_unique())
            sizes = sizes.join(members, on="team", how="left")
            sizes = sizes.with_columns(n_people=pl.col("members").fill_null(0), known=pl.lit(True))
        few = (pl.col("n_people") < privacy.min_team) & pl.col("known")
    else:
        few = ((pl.col("n_people") < privacy.min_people) & pl.col("known")) | (pl.col("n_deals") < privacy.min_deals)
    small = sizes.with_columns(is_small=few).collect()
    if small["is_small"].sum() == 1 and small.height > 1:
        next_small = small.filter(~pl.col("is_small"))["n_deals"].min()
        chosen = (pl.col("n_deals") == next_small) & (pl.col("n_deals").cum_count().over("n_deals") == 1)
        small = small.sort("n_deals", *keys).with_columns(is_small=pl.col("is_small") | chosen)
    return small.select(*keys, "is_small")


def _shaped(frame: pl.DataFrame, card: Card) -> pl.DataFrame:
    """Columns in the order of the shape: groups and what is special to the question, counts, figures, codes."""
    frame = frame.with_columns(pl.lit(card.id).alias("kpi"), pl.lit(card.version).alias("definition"))
    counts = [c for c in ("n", "n_excluded") if c in frame.columns]
    figures = [c for c in FIGURES if c in frame.columns]
    first = [c for c in frame.columns if c not in {*counts, *figures, *LAST} and not c.startswith("n_")]
    more = [c for c in frame.columns if c.startswith("n_") and c not in counts]
    return frame.select(*first, *counts, *figures, *more, *LAST)


def _as_asked(frame: pl.DataFrame, book: DealBook) -> Any:
    return frame.to_pandas() if book.answers_in == "pandas" else frame
