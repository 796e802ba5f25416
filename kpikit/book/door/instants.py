"""Up to when data speak: the last instant at which anything was recorded in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import polars as pl

from kpikit.errors import DataError, Fault

#: The columns whose last instant is the book's as-of.
AS_OF_COLUMNS = {
    "deals": ("created_at", "recorded_at", "outcome_at"),
    "stage_events": ("entered_at", "recorded_at"),
    "changes": ("changed_at", "recorded_at"),
}


def as_utc(instant: datetime) -> datetime:
    """An instant in UTC; one without a zone is taken as UTC."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def last_recorded(frames: Mapping[str, pl.DataFrame]) -> datetime:
    """The last instant at which anything was created, entered, changed, recorded or decided.

    Raises:
        DataError: there is no instant at all, or among the last hundredth of them (at least the last two) one lies more
            than a year beyond the one before it (a 9999-12-31, a planned call): then the owner must say ``as_of``.
    """
    columns = [
        frame[name].drop_nulls().dt.epoch("us")
        for table, names in AS_OF_COLUMNS.items()
        if (frame := frames.get(table)) is not None
        for name in names
        if name in frame.columns
    ]
    instants = pl.concat(columns) if columns else pl.Series(dtype=pl.Int64)
    if instants.is_empty():
        raise DataError([Fault("no_instant")])
    latest = instants.sort().tail(max(2, len(instants) // 100))
    gaps = latest.diff() > timedelta(days=365) // timedelta(microseconds=1)
    if gaps.any():
        last, usual = _instant(latest[-1]).date(), _instant(latest[(gaps.arg_max() or 1) - 1]).date()
        raise DataError([Fault("as_of_unclear", values={"last": last, "usual": usual})])
    return _instant(latest[-1])


def _instant(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
