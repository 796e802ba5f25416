"""The trusted door: tables that live in an engine (Parquet folders, DuckDB, Spark) → a prepared book.

Nothing is parsed: types come from the engine. Each rule is counted by the engine itself, one query a table; then the
deals pass through memory a bucket at a time, are completed as at the other door, and are written as a prepared book.
So a book may be larger than memory, and every question runs on it as on any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from kpikit.book import preparing
from kpikit.book.deal_book import DealBook
from kpikit.book.door.completion import ADDED, complete
from kpikit.book.door.histories.stage_lists import in_every_pipeline, with_ends
from kpikit.book.door.instants import AS_OF_COLUMNS, as_utc
from kpikit.book.door.own_columns import declared_in
from kpikit.book.door.trusted_rules import as_declared, broken, collected, good, last_instant, with_own
from kpikit.book.door.validation import validate
from kpikit.book.own_fields import of_accounts
from kpikit.book.settings import Settings
from kpikit.engine.codes import encode
from kpikit.errors import SEVERITY, DataError, Fault, UsageError
from kpikit.schema import TABLES

#: tables that pass through in buckets, because everything of a deal stands alone; the others are small
OF_DEALS = ("deals", "stage_events", "changes", "activities", "contacts", "notes", "interviews")
#: deals that are in memory at a time
BUCKET = 1_000_000
_ORDER = {"stage_events": ["entered_at", "seq", "stage"], "changes": ["changed_at", "seq", "field"]}


def trust(
    path: str | Path,
    *,
    deals: Any,
    stage_events: Any = None,
    stages: Any = None,
    as_of: datetime | None = None,
    settings: Settings | None = None,
    own: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    **tables: Any,
) -> DealBook:
    """A book from tables in an engine, in kpikit's own columns, written to a folder and opened from there.

    What takes part is what is there when this is called: the book does not follow later changes of the tables. Buckets
    are ranges of ``deal_id``: files that hold deals in such ranges are read once, others once a bucket. Instants
    without a zone are UTC. The order within one instant is that of ``seq``; an engine's rows have no other.

    Args:
        path: a folder that does not exist yet, or a prepared book, replaced once the new one is whole.
        deals: any lazy frame that narwhals knows (a polars LazyFrame, a DuckDB relation, a Spark frame).
        stage_events: the same; without it stage questions are refused.
        stages: the same.
        as_of: the instant up to which the data speak, if not the last one recorded in them.
        settings: time zone, fiscal year, currency and the like.
        own: what further columns are, as :meth:`kpikit.DealBook.from_frames` takes it. Those of which nothing is said
            are kept too, as known with the end of a deal only.
        tables: any other table of :data:`kpikit.schema.TABLES`.

    Returns:
        The prepared book. Rows that break a rule are not in it; ``faults`` counts them by rule.

    Raises:
        UsageError: the folder is in use by something else, or a table has no such name.
        DataError: the tables break the contract; all faults at once.

    Example:
        >>> import tempfile
        >>> import polars as pl
        >>> from kpikit.book import trust
        >>> deals = pl.LazyFrame({"deal_id": ["a", "b", "b"], "pipeline": ["New"] * 3, "outcome": ["open"] * 3})
        >>> from datetime import UTC, datetime
        >>> as_of, settings = datetime(2026, 1, 1, tzinfo=UTC), Settings(max_dropped=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     book = trust(folder, deals=deals, as_of=as_of, settings=settings)
        ...     [(fault.rule, fault.n) for fault in book.faults]
        [('duplicate_id', 1)]
    """
    given = {"deals": deals, "stage_events": stage_events, "stages": stages} | tables
    frames = {name: nw.from_native(frame).lazy() for name, frame in given.items() if frame is not None}
    unknown = [name for name in frames if name not in TABLES]
    if unknown:
        raise UsageError("unknown_table", tables=", ".join(unknown), allowed=", ".join(TABLES))
    settings = settings or Settings()
    as_of = as_of or settings.as_of
    frames, fields, unused = with_own(frames, declared_in(own))
    frames = as_declared(frames, fields)
    small = validate({name: collected(frame) for name, frame in frames.items() if name not in OF_DEALS})
    big = {name: frames[name] for name in OF_DEALS if name in frames}
    faults = [*unused, *small.faults, *_counted(big, small.frames.get("stages"), settings)]
    last = (
        last_instant({n: good(n, f) for n, f in big.items() if n in AS_OF_COLUMNS}) if as_of is None else as_utc(as_of)
    )
    fields = (*fields, *of_accounts(fields, [field.column for field in fields if field.table == "deals"]))
    if "stages" in small.frames and "pipeline" in frames["deals"].collect_schema().names():
        small.frames["stages"] = _of_pipelines(small.frames["stages"], frames)
    book = DealBook(MappingProxyType({}), settings, last, small.dropped, tuple(faults), own=fields)
    whole = small.frames | {name: good(name, frame) for name, frame in big.items()}
    with preparing.begun(path) as folder:
        return _shelved(folder, book, whole, as_of=as_of)


def _of_pipelines(stages: pl.DataFrame, frames: Mapping[str, nw.LazyFrame]) -> pl.DataFrame:
    """The stages with their ends marked, in each pipeline in which deals are or were."""
    tables = {name: frames[name] for name in ("deals", "stage_events") if name in frames}
    used = {
        name: collected(frame.select("pipeline").unique())
        for name, frame in tables.items()
        if "pipeline" in frame.collect_schema().names()
    }
    return in_every_pipeline({"stages": with_ends(stages), **used})["stages"]


def _counted(frames: Mapping[str, nw.LazyFrame], stages: pl.DataFrame | None, settings: Settings) -> list[Fault]:
    """All rules as counts; errors, and more bad rows than the owner allows, are raised."""
    faults, n_rows = [], 0
    for name, frame in frames.items():
        n, found = broken(name, frame, frames["deals"], stages)
        n_rows += n
        faults += found
    if any(SEVERITY.get(fault.rule, "error") == "error" for fault in faults):
        raise DataError(faults)
    n_dropped = sum(fault.n for fault in faults if _costs_the_row(fault))
    if n_dropped > settings.max_dropped * n_rows:
        values = {"rows": n_rows, "share": settings.max_dropped}
        raise DataError([Fault("too_many_dropped", n=n_dropped, values=values), *faults])
    return faults


def _costs_the_row(fault: Fault) -> bool:
    if fault.rule == "unknown_choice":
        return TABLES[fault.table or ""][fault.column or ""].required
    return SEVERITY[fault.rule] == "drop"


def _shelved(folder: Path, book: DealBook, whole: Mapping[str, Any], *, as_of: datetime | None) -> DealBook:
    """Complete, code and write the book, bucket by bucket; as it was at an instant, if one is given."""
    sums: Counter[str] = Counter()
    n_deals, coded, tables = 0, None, {}
    has_teams = _has_teams(whole)
    for part, bucket in enumerate(_buckets(whole)):
        tables = complete(bucket, book.settings, book.own)
        if as_of is not None:
            tables = {n: t.lazy().collect() for n, t in book.replace(tables=tables).at(book.as_of).tables.items()}
        if has_teams and not bucket["deals"]["team"].count():
            tables = _teamless(tables)
        if {"stage_events", "stages"} <= set(tables):
            coded = encode(tables, coded.codes if coded else None)
            visits = coded.visits.with_columns(pl.col("deal") + pl.lit(n_deals, pl.UInt32))
            preparing.write(folder, preparing.VISITS, visits.collect(), part)
        n_deals += tables["deals"].height
        for name, table in tables.items():
            if name in OF_DEALS or part == 0:
                sums[preparing.columns_of(name, table)] += preparing.row_sum(table)
                preparing.write(folder, name, table, part if name in OF_DEALS else None)
    if coded is not None:
        coded = replace(coded, n_deals=n_deals)
    sealed = book.replace(tables=tables, coded=coded, hash=preparing.named(book, sums))
    return preparing.sealed(folder, sealed)


def _has_teams(whole: Mapping[str, Any]) -> bool:
    """Do the deals themselves name teams, any of them?"""
    if "people" in whole or "team" not in whole["deals"].collect_schema().names():
        return False
    return collected(whole["deals"].filter(~nw.col("team").is_null()).select("team").head(1)).height > 0


def _teamless(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """A bucket in which nobody has a team, though others have: such deals are in none, not in one team "all"."""
    names = ("team", "outcome_team")
    return {
        n: t.with_columns(pl.lit(None, pl.String).alias(c) for c in names if c in t.columns) if n in ADDED else t
        for n, t in tables.items()
    }


def _buckets(whole: Mapping[str, Any]) -> Iterator[dict[str, pl.DataFrame]]:
    """The tables of a range of deals at a time, with the small tables whole."""
    ids = collected(whole["deals"].select("deal_id"))["deal_id"].unique().sort()
    cuts = [None, *ids.gather_every(BUCKET)[1:], None]
    del ids
    for low, high in pairwise(cuts):
        bucket = {}
        for name, table in whole.items():
            if name not in OF_DEALS:
                bucket[name] = table
                continue
            inside = _between(table, low, high)
            order = [c for c in ("deal_id", *_ORDER.get(name, ())) if c in table.collect_schema().names()]
            bucket[name] = collected(inside).sort(order, maintain_order=True)
        yield _known(bucket)


def _between(table: nw.LazyFrame, low: str | None, high: str | None) -> nw.LazyFrame:
    """The rows of a range of deals; those of no deal go with the first."""
    deal = nw.col("deal_id")
    if low is not None:
        table = table.filter(deal >= low)
    return table if high is None else table.filter((deal < high) | deal.is_null() if low is None else deal < high)


def _known(bucket: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """One row a deal (of several, the first by all its columns), and no rows of unknown deals."""
    deals = bucket["deals"]
    doubled = deals["deal_id"].is_duplicated()
    if doubled.any():
        some = deals.filter(doubled)
        some = some.sort(some.columns, nulls_last=True).unique("deal_id", keep="first")
        bucket["deals"] = pl.concat([deals.filter(~doubled), some]).sort("deal_id")
    for name in OF_DEALS[1:]:
        if name in bucket:
            ids = deals["deal_id"].implode()
            bucket[name] = bucket[name].filter(pl.col("deal_id").is_null() | pl.col("deal_id").is_in(ids))
    return bucket
