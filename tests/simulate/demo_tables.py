"""The demo's files as tables, and spells taken from them by hand: nothing of kpikit is used here."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

DEMO = Path(__file__).parents[2] / "data" / "demo"
DAY = 86_400_000_000


@cache
def table(name: str) -> pl.DataFrame:
    frame = pl.read_csv(DEMO / f"{name}.csv", infer_schema=False)
    instants = [c for c in frame.columns if c.endswith("_at") or c == "at"]
    days = [c for c in frame.columns if c.endswith("_on") or c in ("on", "until", "customer_since", "period")]
    figures = [c for c in ("seq", "amount", "probability", "discount", "rate", "position") if c in frame.columns]
    flags = [c for c in frame.columns if c.startswith("is_") or c in ("permission", "quotable", "led_to_next_step")]
    return frame.with_columns(
        pl.col(instants).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"),
        pl.col(days).str.to_date("%Y-%m-%d"),
        pl.col(figures).cast(pl.Float64),
        pl.col(flags).replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean),
    )


def first_of(year: int, month: int) -> datetime:
    """The first instant of a month in Amsterdam."""
    return datetime(year, month, 1, tzinfo=ZoneInfo("Europe/Amsterdam")).astimezone(UTC)


@cache
def visits() -> pl.DataFrame:
    """First visits: deal_id, team, segment, stage, entered_at, left_at (null if open)."""
    deals = table("deals").select("deal_id", "team", "segment", "outcome_at")
    events = table("stage_events").sort("deal_id", "seq").select("deal_id", "stage", "entered_at", "seq")
    # A deal that was lost and came back left its stage when it was lost, not when it came back.
    lost = (
        table("changes")
        .filter(pl.col("field") == "outcome", pl.col("new") == "lost")
        .select("deal_id", lost_at="changed_at")
    )
    after = pl.col("entered_at").shift(-1).over("deal_id")
    frame = events.with_columns(next_at=after).join(deals, on="deal_id")
    frame = frame.with_columns(left_at=pl.coalesce("next_at", "outcome_at"))
    broken = frame.join(lost, on="deal_id").filter(
        pl.col("lost_at").is_between("entered_at", pl.col("left_at").fill_null(pl.col("lost_at")))
    )
    broken = broken.group_by("deal_id", "seq").agg(pl.col("lost_at").min())
    frame = frame.join(broken, on=["deal_id", "seq"], how="left").with_columns(
        left_at=pl.coalesce("lost_at", "left_at")
    )
    return frame.sort("deal_id", "seq").unique(["deal_id", "stage"], keep="first", maintain_order=True)


def at_risk(team: str, stage: str, start: datetime, end: datetime) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days at entry into observation and at its end, and whether the visit ended, of visits under way in a window."""
    frame = visits().filter(pl.col("team") == team, pl.col("stage") == stage)
    frame = frame.filter(pl.col("entered_at") < end, pl.col("left_at").is_null() | (pl.col("left_at") >= start))
    entry = ((pl.lit(start) - pl.col("entered_at")).dt.total_microseconds() / DAY).clip(lower_bound=0)
    is_over = (pl.col("left_at") < end).fill_null(value=False)
    until = pl.when(is_over).then("left_at").otherwise(pl.lit(end))
    days = (until - pl.col("entered_at")).dt.total_microseconds() / DAY
    found = frame.select(entry=entry, days=days.clip(lower_bound=1e-6), over=is_over)
    return found["entry"].to_numpy(), found["days"].to_numpy(), found["over"].to_numpy()


def decided(team: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Deals of a team whose outcome fell in a window."""
    return table("deals").filter(pl.col("team") == team, pl.col("outcome_at").is_between(start, end, closed="left"))
