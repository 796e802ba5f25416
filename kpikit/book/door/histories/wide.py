"""A column for each stage with the moment it was entered (and left): HubSpot's ``Date entered "…"`` and its kin.

Such columns hold one visit a stage, the last one. Stages that were skipped bear the instant of the one after them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

import polars as pl

from kpikit.book.door.histories.history import History, Reading, trimmed_text, typed
from kpikit.errors import Fault
from kpikit.reading import RawTable

#: what a visit is called of which only its place in time is known
OVERWRITTEN = "(overwritten)"
#: a visit that ends this much before the next begins leaves a gap
_SLACK = timedelta(seconds=1)
#: a deal may be created so long before its first stage: the clocks of a CRM differ by a minute or two
_LATE = timedelta(minutes=3)
#: columns are of days from this share of midnights on
_DAYS_FROM = 0.9
#: times that two columns tell may differ by this, or by this share
_APART, _SHARE = timedelta(minutes=1), 0.01


def wide(raw: RawTable, asked: Mapping[str, Any], deals: pl.DataFrame, reading: Reading) -> History:
    """Which stages was each deal in, and since when?

    Stages entered in the instant in which the next one was entered, or in which the deal ended, were skipped: they are
    no visits (but visits of less than a day, where all columns have days only). Where a stage was left before the next
    is known to have been entered, a later visit has overwritten an earlier one: its place is kept as a visit to
    :data:`OVERWRITTEN`, and it is counted.

    Args:
        raw: the file, a row a deal.
        asked: ``columns`` (``deal_id``) and ``stages``: in order, each ``stage``, ``entered`` and perhaps ``exited``,
            ``pipeline`` and ``time`` (the column of all time spent there, in milliseconds).
        deals: see :func:`kpikit.book.door.histories.history.of_deals`.
        reading: how cells are written.
    """
    stamps, faults = _stamps(raw, asked, reading)
    known = deals.select("deal_id", "created_at", "outcome_at", "outcome", present="stage")
    stamps = stamps.join(known, on="deal_id", how="left", maintain_order="left")
    visits = _visited(stamps)
    noticed = []
    if n := stamps.height - visits.height:
        are_days = _are_days(stamps, reading.time_zone)
        visits = _in_order(stamps) if are_days else visits
        rule = "same_day_stages" if are_days else "skipped_stages"
        noticed.append(Fault(rule, "stage_events", raw.file, n=n, values={"of": stamps.height}))
    events, n = _with_gaps(visits)
    if n:
        values = {"of": visits["deal_id"].n_unique(), "visits": events.height - visits.height}
        noticed.append(Fault("overwritten_visits", "stage_events", raw.file, n=n, values=values))
    noticed += _spent(raw, asked, visits)
    columns = ["_row", "deal_id", "stage", "entered_at"]
    if any("pipeline" in one for one in asked["stages"]):
        columns.append("pipeline")
    events = events.select(columns).with_columns(seq=pl.int_range(pl.len(), dtype=pl.Int64))
    return History(events, None, (*faults, *noticed))


def _stamps(raw: RawTable, asked: Mapping[str, Any], reading: Reading) -> tuple[pl.DataFrame, tuple[Fault, ...]]:
    """One row a deal and stage entered: ``deal_id, stage, pipeline, place, entered_at, left_at``."""
    parts = [
        raw.frame.select(
            "_row",
            deal_id=trimmed_text(asked["columns"]["deal_id"]),
            stage=pl.lit(one["stage"]),
            pipeline=pl.lit(one.get("pipeline"), pl.String),
            place=pl.lit(place, pl.Int64),
            entered=trimmed_text(one["entered"]),
            left=trimmed_text(one["exited"]) if "exited" in one else pl.lit(None, pl.String),
        )
        for place, one in enumerate(asked["stages"])
    ]
    cells = pl.concat(parts).filter(pl.col("deal_id").is_not_null() & pl.col("entered").is_not_null())
    # all columns are read as one: one with few dates is read as the others are
    both = pl.concat([cells.select("_row", entered_at=name) for name in ("entered", "left")])
    read, faults = typed(raw, both, "stage_events", reading)
    times = read["entered_at"]
    stamps = cells.drop("entered", "left").with_columns(
        times.head(cells.height).alias("entered_at"), times.tail(cells.height).alias("left_at")
    )
    return stamps.filter(pl.col("entered_at").is_not_null()), faults


def _are_days(stamps: pl.DataFrame, zone: str) -> bool:
    """Have the columns dates without a time of day? Then two stages of one day are no sign that one was skipped."""
    share = (stamps["entered_at"].dt.convert_time_zone(zone).dt.time() == time(0)).mean()
    return share is not None and share > _DAYS_FROM  # type: ignore[operator]


def _in_order(stamps: pl.DataFrame) -> pl.DataFrame:
    return stamps.sort("deal_id", "entered_at", "place", maintain_order=True)


def _visited(stamps: pl.DataFrame) -> pl.DataFrame:
    """The stamps that are visits, in order: of several in one instant the one that the deal stayed in."""
    stays = (pl.col("left_at").is_null() | (pl.col("left_at") > pl.col("entered_at"))).cast(pl.Int8)
    is_present = (pl.col("stage") == pl.col("present")).fill_null(value=False)
    ordered = stamps.with_columns(stays=stays, is_present=is_present)
    ordered = ordered.sort("deal_id", "entered_at", "stays", "is_present", "place")
    is_last = (pl.col("entered_at") != pl.col("entered_at").shift(-1).over("deal_id")).fill_null(value=True)
    at_end = (pl.col("entered_at") == pl.col("outcome_at")) & (pl.col("outcome") != "open") & ~pl.col("is_present")
    return ordered.filter(is_last & ~at_end.fill_null(value=False))


def _with_gaps(visits: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The visits with what was overwritten before and between them, and how many deals that is.

    An open deal that has left its last stage is in one that has no column.
    """
    following = pl.col("entered_at").shift(-1).over("deal_id")
    is_first = pl.int_range(pl.len()).over("deal_id") == 0
    told = visits.with_columns(
        is_gap=(pl.col("left_at") + _SLACK < following).fill_null(value=False),
        begun_late=(is_first & (pl.col("created_at") + _LATE < pl.col("entered_at"))).fill_null(value=False),
    )
    before = told.filter("begun_late").with_columns(entered_at="created_at")
    is_over = following.is_null() & pl.col("left_at").is_not_null() & (pl.col("outcome") == "open")
    after = told.filter(pl.col("is_gap") | is_over).with_columns(entered_at="left_at")
    lost = pl.concat([before, after]).with_columns(stage=pl.lit(OVERWRITTEN))
    n = lost["deal_id"].n_unique()
    return pl.concat([told, lost]).sort("deal_id", "entered_at", maintain_order=True), n


def _spent(raw: RawTable, asked: Mapping[str, Any], visits: pl.DataFrame) -> list[Fault]:
    """How many of the times that the export tells for a deal in a stage are not those of its visits."""
    timed = [(place, one["time"]) for place, one in enumerate(asked["stages"]) if "time" in one]
    if not timed:
        return []
    deal = asked["columns"]["deal_id"]
    told = pl.concat(
        raw.frame.select(
            deal_id=trimmed_text(deal),
            place=pl.lit(place, pl.Int64),
            told=trimmed_text(name).cast(pl.Float64, strict=False),
        )
        for place, name in timed
    ).filter(pl.col("told") > 0)
    left = pl.coalesce("left_at", pl.col("entered_at").shift(-1).over("deal_id"))
    spent = visits.with_columns(spent=left - pl.col("entered_at")).filter(pl.col("spent").is_not_null())
    both = spent.join(told, on=["deal_id", "place"], how="inner")
    apart = (pl.col("spent").dt.total_milliseconds() - pl.col("told")).abs()
    slack = pl.max_horizontal(pl.lit(_APART // timedelta(milliseconds=1)), pl.col("told") * _SHARE)
    odd = both.filter(apart > slack)
    if odd.is_empty():
        return []
    example = {"of": both.height, "deal": odd["deal_id"][0], "stage": odd["stage"][0]}
    return [Fault("time_in_stage_disagrees", "stage_events", raw.file, n=odd.height, values=example)]
