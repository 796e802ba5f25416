"""Deals out of a history: the latest row of each, the rows that are in force, or deals where there are none at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from kpikit.book.door.histories.history import Reading, trimmed_text, typed
from kpikit.errors import Fault
from kpikit.reading import RawTable


def kept(raw: RawTable, keep: Mapping[str, Sequence[str]], deal: str | None) -> RawTable:
    """The rows whose columns hold what is kept (``keep = { _fivetran_active = ["true"] }``); what is not, is told.

    Args:
        raw: the file.
        keep: column → the values that stay, whatever their case; "" for empty cells.
        deal: the column that names a deal, where the table has one.
    """
    wanted = [
        pl.col(name)
        .cast(pl.String)
        .fill_null("")
        .str.strip_chars()
        .str.to_lowercase()
        .is_in([str(v).casefold() for v in values])
        for name, values in keep.items()
    ]
    rest = raw.frame.filter(wanted) if wanted else raw.frame
    n = raw.frame.height - rest.height
    if not n:
        return raw
    values: dict[str, Any] = {"of": raw.frame.height, "deals": 0}
    if deal is not None:
        values["deals"] = raw.frame.select(gone=trimmed_text(deal)).filter(
            ~pl.col("gone").is_in(rest.select(trimmed_text(deal)).to_series().implode())
        )["gone"].n_unique()  # fmt: skip
    return replace(raw, frame=rest, faults=(*raw.faults, Fault("rows_not_kept", file=raw.file, n=n, values=values)))


def latest(raw: RawTable, deal: str, by: str, reading: Reading) -> RawTable:
    """The latest row of each deal, by a column that says when it was written."""
    at, unread = typed(raw, raw.frame.select("_row", entered_at=pl.col(by)), "stage_events", reading)
    dated = raw.frame.with_columns(_deal=trimmed_text(deal), _at=at["entered_at"]).with_row_index("_i")
    last = dated.sort("_at", "_i", nulls_last=False).group_by("_deal", maintain_order=True).last()
    last = pl.concat(
        [last.filter(pl.col("_deal").is_not_null()), dated.filter(pl.col("_deal").is_null())], how="diagonal"
    )
    frame = last.sort("_i").select(raw.frame.columns)
    n = raw.frame.height - frame.height
    if not n:
        return raw
    unread = tuple(replace(one, column=by) for one in unread)
    fault = Fault("earlier_rows", file=raw.file, column=by, n=n, values={"of": raw.frame.height, "deals": frame.height})
    return replace(raw, frame=frame, faults=(*raw.faults, *unread, fault))


def made(events: RawTable, asked: Mapping[str, Any], reading: Reading) -> RawTable:
    """Deals from a history alone: created with its first row, in the stage of its last one, ended where that ends it.

    Args:
        events: ``stage_events`` in kpikit's columns.
        asked: the settings of the table ``deals``: ``constants`` and ``values.outcome`` (what the last stage means).
        reading: how cells are written.
    """
    frame, _ = typed(events, events.frame, "stage_events", reading)
    order = ["deal_id", "entered_at", *(["seq"] if "seq" in frame.columns else [])]
    rows = frame.drop_nulls(["deal_id", "stage", "entered_at"]).sort(order, maintain_order=True)
    deals = rows.group_by("deal_id", maintain_order=True).agg(
        pl.col("_row").first(),
        created_at=pl.col("entered_at").first(),
        stage=pl.col("stage").last(),
        outcome=pl.col("stage").last(),
        **({"pipeline": pl.col("pipeline").last()} if "pipeline" in rows.columns else {}),
    )
    constants = [pl.lit(str(value)).alias(name) for name, value in asked.get("constants", {}).items()]
    deals = deals.with_columns(constants)
    if "pipeline" not in deals.columns:
        deals = deals.with_columns(pipeline=pl.lit("all"))
    fault = Fault("deals_from_history", "deals", events.file, n=deals.height)
    return RawTable(events.file, deals, (fault,), "frame")
