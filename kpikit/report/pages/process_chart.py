"""A rate from window to window: what stands out, and the chart that shows it."""

from __future__ import annotations

from datetime import date
from math import floor

import polars as pl

from kpikit.calendar import Period
from kpikit.show.page import Chart, Message, message

#: windows with limits before a chart can say anything, and how far back a signal is still news
LEAST, NEWS = 3, 4


def title(period: Period, signal: dict | None, unit: Message, renewed: dict | None) -> Message:
    """The finding: a window beyond its limits, a drift, limits anew, or nothing that stands out."""
    if signal is not None and signal["rule"] == "beyond":
        return message(f"page.wl.time.title.beyond.{signal['side']}", period=window(signal, period))
    if signal is not None:
        return message(f"page.wl.time.title.drift.{signal['side']}", period=window(signal, period))
    if renewed is not None:
        return message("page.wl.time.title.since", unit=unit, day=renewed["renewed_on"])
    return message("page.wl.time.title.none", unit=unit)


def signal(rows: pl.DataFrame) -> dict | None:
    """The last window that stands out, if that is news."""
    recent = rows.filter(pl.col("rule").is_not_null() & (pl.col("phase") == pl.col("phase").max())).tail(1)
    newest = rows.filter(~pl.col("is_young")).tail(NEWS)["period"].to_list()
    return recent.row(0, named=True) if recent.height and recent["period"][0] in newest else None


def late(rows: pl.DataFrame) -> list[Message]:
    """The companion of every rate: how many were first recorded at a later stage."""
    last = rows.filter(~pl.col("is_young")).tail(1)
    if not last.height or not last["n_late"][0]:
        return []
    return [message("page.wl.late", n=last["n_late"][0], of=last["n"][0])]


def window(row: dict, period: Period) -> Period:
    """A window of the chart as a period, in the time zone and fiscal year of the report's."""
    first: date = row["period"]
    return Period(f"{first:%Y-%m}+{row['months']}", first, row["months"], period.time_zone, period.fiscal_start)


def hundredths(gap: float) -> int:
    """A gap in a hundred, a half rounded up."""
    return floor(100 * gap + 0.5)


def chart(rows: pl.DataFrame) -> Chart:
    """The chart: labels are the first months of the windows."""
    columns = ("value", "centre", "low_limit", "high_limit", "phase", "is_young")
    data = {name: rows[name].to_list() for name in columns}
    data["is_out"] = rows["rule"].is_not_null().to_list()
    data["flag"] = rows["happening"].to_list()
    data["began"] = rows["renewed_by"].to_list()
    data["label"] = [message("page.wl.time.label", day=day) for day in rows["period"].to_list()]
    floats = dict.fromkeys(columns[:4], pl.Float64)
    schema = {**floats, "phase": pl.Int64, "is_young": pl.Boolean, "is_out": pl.Boolean, "flag": pl.String,
              "began": pl.String}  # fmt: skip
    frame = pl.DataFrame(data, schema={**schema, "label": pl.Object}, strict=False)
    key = [("now", message("key.wl.rate")), ("before", message("key.wl.limits"))]
    if frame["flag"].drop_nulls().len() or frame["is_out"].any():
        key.append(("waiting", message("key.wl.flag")))
    return Chart("process", frame, message("page.wl.time.chart"), key=tuple(key))
