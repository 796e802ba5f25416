"""A row a deal and day (snapshots), or a row a version of a deal (history mode): a stage begins where it is seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from kpikit.book.door.histories.history import History, Reading, texts, trimmed_text, typed
from kpikit.book.door.instants import last_event
from kpikit.errors import Fault
from kpikit.reading import RawTable


def snapshots(raw: RawTable, asked: Mapping[str, Any], deals: pl.DataFrame, reading: Reading) -> History:
    """Which stages was each deal in, and since when, as far as looking once a day or week can tell?

    A stage begins in the first snapshot in which it is seen: it was entered after the one before. What other fields
    did between two snapshots becomes ``changes``, at the later of them.

    Args:
        raw: the file, a row a deal and snapshot.
        asked: ``columns`` (``deal_id``, ``stage``, ``entered_at``: when the snapshot was taken) and ``fields``: columns
            of the file → those of ``deals`` whose changes are of interest.
        deals: see :func:`kpikit.book.door.histories.history.of_deals`.
        reading: how cells are written.
    """
    seen, faults = _seen(raw, asked, reading)
    taken = seen["entered_at"].unique().sort()
    noticed = []
    if len(taken) > 1:
        apart: Any = taken.diff().drop_nulls().dt.total_seconds().median()
        days = apart / 86_400
        values = {"days": round(days, 1), "first": taken[0].date(), "last": taken[-1].date()}
        noticed.append(Fault("snapshot_days", "stage_events", raw.file, n=len(taken), values=values))
        noticed += _before(raw, seen, deals, taken)
        noticed += _gone(raw, seen, taken)
    return History(_begun(seen), _changed(seen, asked), (*faults, *noticed), _last(seen))


def versions(raw: RawTable, asked: Mapping[str, Any], deals: pl.DataFrame, reading: Reading) -> History:
    """Which stages was each deal in, and since when, by the versions of it that were kept (``_fivetran_start``)?

    As :func:`snapshots`, and to the instant: a version begins when something changed.
    """
    del deals
    seen, faults = _seen(raw, asked, reading)
    return History(_begun(seen), _changed(seen, asked), faults, _last(seen))


def _last(seen: pl.DataFrame) -> datetime | None:
    return None if seen.is_empty() else last_event(seen)


def _seen(raw: RawTable, asked: Mapping[str, Any], reading: Reading) -> tuple[pl.DataFrame, tuple[Fault, ...]]:
    frame = texts(raw, asked["columns"])
    fields = {f"_{ours}": trimmed_text(theirs) for theirs, ours in asked.get("fields", {}).items()}
    frame = frame.hstack(raw.frame.select(**fields)) if fields else frame
    found, faults = typed(raw, frame, "stage_events", reading)
    found = found.filter(pl.col("deal_id").is_not_null() & pl.col("entered_at").is_not_null())
    return found.sort("deal_id", "entered_at", maintain_order=True), faults


def _begun(seen: pl.DataFrame) -> pl.DataFrame:
    """The rows in which a deal is first seen in a stage."""
    staged = seen.filter(pl.col("stage").is_not_null()).select(pl.exclude("^_[a-z].*$"), "_row")
    is_same = (pl.col("stage") == pl.col("stage").shift(1).over("deal_id")).fill_null(value=False)
    if "pipeline" in staged.columns:
        is_same &= (pl.col("pipeline") == pl.col("pipeline").shift(1).over("deal_id")).fill_null(value=True)
    return staged.filter(~is_same).with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64))


def _changed(seen: pl.DataFrame, asked: Mapping[str, Any]) -> pl.DataFrame | None:
    """The fields that differ from the row before, as ``changes``."""
    parts = []
    for ours in dict.fromkeys(asked.get("fields", {}).values()):
        old = pl.col(f"_{ours}").shift(1).over("deal_id")
        is_first = pl.int_range(pl.len()).over("deal_id") == 0
        rows = seen.with_columns(old=old).filter(~is_first & pl.col(f"_{ours}").ne_missing(pl.col("old")))
        parts.append(
            rows.select("_row", "deal_id", field=pl.lit(ours), old="old", new=f"_{ours}", changed_at="entered_at")
        )
    if not parts:
        return None
    changes = pl.concat(parts).sort("deal_id", "changed_at", maintain_order=True)
    return changes.with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64))


def _before(raw: RawTable, seen: pl.DataFrame, deals: pl.DataFrame, taken: pl.Series) -> list[Fault]:
    """Deals that were under way before the first snapshot: their first stage began earlier than it is seen."""
    interval = taken.diff().drop_nulls().median()
    first = seen.group_by("deal_id").agg(pl.col("entered_at").min()).filter(pl.col("entered_at") == taken[0])
    old = first.join(deals.select("deal_id", "created_at"), on="deal_id", how="inner")
    n = old.filter(pl.col("created_at") < taken[0] - interval).height  # type: ignore[operator]
    values = {"of": deals.height, "first": taken[0].date()}
    return [Fault("before_first_snapshot", "stage_events", raw.file, n=n, values=values)] if n else []


def _gone(raw: RawTable, seen: pl.DataFrame, taken: pl.Series) -> list[Fault]:
    """Deals that a later snapshot no longer has."""
    last = seen.group_by("deal_id").agg(pl.col("entered_at").max())
    n = last.filter(pl.col("entered_at") < taken[-1]).height
    values = {"of": last.height, "last": taken[-1].date()}
    return [Fault("gone_from_snapshots", "stage_events", raw.file, n=n, values=values)] if n else []
