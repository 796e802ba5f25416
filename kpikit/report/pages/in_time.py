"""The rate from window to window, in both reports: what stands out, and what luck explains."""

from __future__ import annotations

from datetime import date
from math import floor

import polars as pl

from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, message

#: windows with limits before a chart can say anything, and how far back a signal is still news
LEAST, NEWS = 3, 4


def in_time(rows: pl.DataFrame, book: DealBook, refused: str | None) -> Page:
    """Quarterly report, page 4: does a window stand out?"""
    if refused is not None:
        reason = message(f"reason.{refused}")
        return Page("in_time", message("page.wl.time.title.refused", reason=reason), folded=True, terms=("luck",))
    unit = message(f"unit.wl.{rows['months'][0]}")
    if rows["centre"].drop_nulls().len() < LEAST:
        return Page("in_time", message("page.wl.time.title.few", unit=unit), folded=True, terms=("luck",))
    signal = _signal(rows)
    sentence = [message("page.wl.time.within")] if signal is None else [message(f"page.wl.time.rule.{signal['rule']}")]
    sentence += _noticeable(rows, unit)
    renewed = _renewed(rows)
    if renewed is not None:
        sentence.append(message("page.wl.time.renewed", text=renewed["renewed_by"], day=renewed["renewed_on"]))
    sentence += _late(rows)
    title = _title(book, signal, unit, renewed)
    question = message("page.wl.time.question" if signal is None else "page.wl.time.question.out")
    return Page("in_time", title, tuple(sentence), process(rows), question, terms=("luck",))


def rate(rows: pl.DataFrame, book: DealBook, horizon: float) -> Page:
    """Team report, page 8: of the deals begun in a quarter, how many became customers within half a year?"""
    if "phase" not in rows.columns:
        reason = message(f"reason.{rows['reason'][0]}")
        return Page("rate", message("page.rate.title.refused", reason=reason), folded=True, terms=("luck",))
    unit = message(f"unit.wl.{rows['months'][0]}")
    old = rows.filter(~pl.col("is_young") & (pl.col("n") > 0))
    if not old.height and not rows["n"].sum() and rows["n_excluded"].sum():
        reason = message("reason.no_created_at")
        return Page("rate", message("page.rate.title.refused", reason=reason), folded=True, terms=("luck",))
    if not old.height:
        return Page("rate", message("page.rate.title.young", days=round(horizon)), folded=True, terms=("luck",))
    top = old.row(-1, named=True)
    values = {"k": top["n_events"], "n": top["n"], "days": round(horizon), "period": _period(top, book)}
    chance = Estimate(top["value"], top["low"], top["high"], "share", top["n"])
    sentence = [message("page.rate.sentence", **values, now=floor(100 * (top["value"] or 0) + 0.5), chance=chance)]
    if top["centre"] is not None and old.height > LEAST:
        sentence.append(message("page.rate.usual", usual=Estimate(top["centre"], None, None, "share")))
    if top["noticeable"] is not None:
        sentence.append(message("page.rate.noticeable", n=top["n"], gap=floor(100 * top["noticeable"] + 0.5)))
    sentence += _late(old)
    chart = process(rows)
    signal = _signal(rows)
    if signal is None:
        return Page("rate", message("page.rate.title.unknown"), tuple(sentence), chart, folded=True, terms=("luck",))
    title = _title(book, signal, unit, None)
    return Page("rate", title, tuple(sentence), chart, message("page.rate.question"), terms=("luck",))


def _title(book: DealBook, signal: dict | None, unit: Message, renewed: dict | None) -> Message:
    if signal is not None and signal["rule"] == "beyond":
        return message(f"page.wl.time.title.beyond.{signal['side']}", period=_period(signal, book))
    if signal is not None:
        return message(f"page.wl.time.title.drift.{signal['side']}", period=_period(signal, book))
    if renewed is not None:
        return message("page.wl.time.title.since", unit=unit, day=renewed["renewed_on"])
    return message("page.wl.time.title.none", unit=unit)


def _signal(rows: pl.DataFrame) -> dict | None:
    """The last window that stands out, if that is news."""
    recent = rows.filter(pl.col("rule").is_not_null() & (pl.col("phase") == pl.col("phase").max())).tail(1)
    newest = rows.filter(~pl.col("is_young")).tail(NEWS)["period"].to_list()
    return recent.row(0, named=True) if recent.height and recent["period"][0] in newest else None


def _renewed(rows: pl.DataFrame) -> dict | None:
    """The last window, if its limits were renewed at something that happened."""
    last = rows.row(-1, named=True)
    return last if last["renewed_on"] is not None else None


def _noticeable(rows: pl.DataFrame, unit: Message) -> list[Message]:
    last = rows.filter(~pl.col("is_young")).tail(1)
    if not last.height or last["noticeable"][0] is None:
        return []
    return [message("page.wl.time.noticeable", gap=floor(100 * last["noticeable"][0] + 0.5), unit=unit)]


def _late(rows: pl.DataFrame) -> list[Message]:
    """The companion of every rate: how many were first recorded at a later stage."""
    last = rows.filter(~pl.col("is_young")).tail(1)
    if not last.height or not last["n_late"][0]:
        return []
    return [message("page.wl.late", n=last["n_late"][0], of=last["n"][0])]


def _period(row: dict, book: DealBook) -> Period:
    first: date = row["period"]
    name = f"{first:%Y-%m}+{row['months']}"
    return Period(name, first, row["months"], book.settings.time_zone, book.settings.fiscal_year_starts)


def process(rows: pl.DataFrame) -> Chart:
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
