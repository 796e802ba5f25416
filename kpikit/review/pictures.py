"""A story's two pictures as values: its timeline, and how it went with similar deals, with this deal's age marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.calendar import add_months
from kpikit.review.telling import Story
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, message

#: the frame of a timeline picture: what is drawn, in which lane, from where to where (days), in which tone, with which
#: label, how large
DRAWN = {
    "mark": pl.String, "lane": pl.Int64, "x": pl.Float64, "x2": pl.Float64, "tone": pl.String, "label": pl.Object,
    "size": pl.Float64,
}  # fmt: skip
LANES = ("stage", "close", "amount", "probability", "customer", "us", "words")
#: logged so many days after it happened, an act has a tail
LATE_DAYS = 2.0
#: steps drawn of a curve at most, and how many must be in view for it to be drawn on
STEPS, IN_VIEW = 60, 5
#: the parts of a hundred deals, from below
PARTS = (("on", "on"), ("back", "back"), ("still_there", "waiting"), ("lost", "lost"), ("void", "other"))
_DAY = timedelta(days=1)


def timeline_chart(found: Story) -> Chart:
    """The timeline as one picture, a lane a kind of thing; lanes in which nothing is recorded are left out."""
    rows = found.timeline
    begin = min(rows["at"].min(), found.as_of) if rows.height else found.as_of - _DAY  # type: ignore[type-var]
    known = {lane for lane in LANES if rows.filter(pl.col("lane") == lane).height}
    lanes = [lane for lane in LANES if lane in known or lane == "customer"]
    drawn = list(_drawn(found, begin, lanes))
    end = max((row["x2"] if row["x2"] is not None else row["x"] for row in drawn if row["x"] is not None), default=1.0)
    if found.deal["outcome"] != "open":
        drawn.append(_row("room", 0, end := end * 1.12 + 1))
    drawn += _axis(found, begin, end)
    drawn += [_row("lane", i, None, label=message(f"review.lane.{lane}")) for i, lane in enumerate(lanes)]
    frame = pl.DataFrame(drawn, schema=DRAWN)
    visits = rows.filter(pl.col("kind").str.starts_with("visit_")).height
    acts = rows.filter(pl.col("lane") == "customer").height
    return Chart("timeline", frame, message("review.timeline.description", visits=visits, acts=acts))


def _row(mark: str, lane: int, x: float | None, **more: Any) -> dict[str, Any]:
    return {"mark": mark, "lane": lane, "x": x, "x2": None, "tone": "ink", "label": None, "size": 1.0, **more}


def _drawn(found: Story, begin: datetime, lanes: list[str]) -> Iterator[dict[str, Any]]:
    """What stands in the lanes."""

    def days(instant: datetime) -> float:
        return (instant - begin) / _DAY

    lane_of = {lane: i for i, lane in enumerate(lanes)}
    if found.deal["outcome"] == "open":
        yield _row("now", 0, days(found.as_of), tone="muted", label=message("review.timeline.now"))
    for row in found.timeline.iter_rows(named=True):
        lane, x = lane_of[row["lane"]], days(row["at"])
        if row["lane"] == "stage" and row["until"] is not None:
            tone = "now" if row["kind"] == "visit_open" else "other"
            yield _row("bar", lane, x, x2=days(row["until"]), tone=tone, label=row["text"])
        elif row["lane"] == "stage":
            yield _row("end", lane, x, label=message(f"review.timeline.{row['kind']}"))
        elif row["lane"] == "close":
            yield _moved(lane, x, row["kind"])
        elif row["lane"] in ("amount", "probability"):
            yield _row("value", lane, x, label=_stated(found, row))
        else:
            yield from _act(lane, x, row, days)
    yield from _closing(found, lane_of, days)
    yield from _silence(found, lane_of, days)


def _moved(lane: int, x: float, kind: str) -> dict[str, Any]:
    tones = {"set": "before", "later": "before", "later_late": "waiting", "earlier": "now"}
    return _row("said" if kind == "set" else kind, lane, x, tone=tones[kind])


def _stated(found: Story, row: Mapping[str, Any]) -> Message:
    if row["lane"] == "probability":
        return message("review.timeline.probability", share=row["value"])
    if found.deal["currency"] == "EUR":
        return message("review.timeline.amount.eur", amount=row["value"])
    if found.deal["currency"]:
        return message("review.timeline.amount.in", amount=row["value"], currency=found.deal["currency"])
    return message("review.timeline.amount", amount=row["value"])


def _act(lane: int, x: float, row: Mapping[str, Any], days: Any) -> Iterator[dict[str, Any]]:
    """An act, larger where people met; with a pale tail to the day on which it was logged, if that was late."""
    tone = {"customer": "now", "us": "before", "words": "waiting"}[row["lane"]]
    logged = None if row["recorded_at"] is None else days(row["recorded_at"])
    if logged is not None and logged - x > LATE_DAYS:
        yield _row("tail", lane, x, x2=logged, tone=tone)
    size = 1.8 if row["kind"] in ("meeting", "coffee") else 1.0
    yield _row("quote" if row["lane"] == "words" else "dot", lane, x, tone=tone, size=size)


def _closing(found: Story, lane_of: Mapping[str, int], days: Any) -> Iterator[dict[str, Any]]:
    """The close date as it is stated now, of a deal that is open."""
    day = found.deal["expected_close_on"]
    if day is None or found.deal["outcome"] != "open" or "close" not in lane_of:
        return
    at = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(found.time_zone))
    horizon = days(found.as_of) * 1.15 + 30
    tone = "waiting" if at < found.as_of else "now"
    mark = "due" if 0 <= days(at) <= horizon else "beyond"
    yield _row(mark, lane_of["close"], min(max(days(at), 0.0), horizon), tone=tone,
               label=message("review.timeline.due", day=day))  # fmt: skip


def _silence(found: Story, lane_of: Mapping[str, int], days: Any) -> Iterator[dict[str, Any]]:
    """A line from the customer's last act to now, where that is longer than usual at this stage."""
    silent = found.reasons.filter(pl.col("rule") == "silent")
    if not silent.height:
        return
    since = found.timeline.filter(pl.col("lane") == "customer")["at"].max() or found.timeline["at"].min()
    n = round(silent["value"][0])
    yield _row("silence", lane_of["customer"], days(since), x2=days(found.as_of), tone="waiting",
               label=message("review.timeline.silence", n=n))  # fmt: skip


def _axis(found: Story, begin: datetime, end: float) -> list[dict[str, Any]]:
    """Months, eight at most; of a deal of some weeks its days."""
    zone = ZoneInfo(found.time_zone)
    first, last = begin.astimezone(zone).date(), (begin + timedelta(days=end)).astimezone(zone).date()
    if end <= 45:
        step = max(1, round(end / 5))
        marks = [first + timedelta(days=i) for i in range(0, (last - first).days + 1, step)]
        code = "review.timeline.day"
    else:
        step = next((size for size in (1, 2, 3, 6, 12) if end / 30.4 / size <= 8), 24)
        marks = [month for i in range(0, 1200, step) if (month := add_months(first, i)) <= last]
        code = "review.timeline.month"
    noon = {day: datetime(day.year, day.month, day.day, tzinfo=zone) for day in marks}
    rows = [(day, (at - begin) / _DAY) for day, at in noon.items()]
    return [_row("tick", 0, x, tone="muted", label=message(code, on=day)) for day, x in rows if 0 <= x <= end]


def course_chart(found: Story) -> Chart | None:
    """How it went with similar deals as parts of a hundred by age, with this deal's age; None where it cannot be told.

    The frame: ``part`` (a colour token; ``mark`` for this deal's age, ``end`` for the labels at the right), ``time``,
    ``low, high`` (from and to, of a hundred), ``label``.
    """
    curve = _told(found)
    if curve is None:
        return None
    steps = _steps(curve)
    if len(steps) < 2:
        return None
    rows = []
    for i, step in enumerate(steps):
        below = 0.0
        for exit_, part in PARTS:
            above = min(100.0, below + 100 * max(step[exit_], 0.0))
            label = message(f"review.course.{exit_}", share=step[exit_]) if i == len(steps) - 1 else None
            rows.append({"part": part, "time": step["time"], "low": below, "high": above, "label": label})
            below = above
    age = curve["age_days"][0]
    if age is not None:
        last = steps[-1]["time"]
        code = "review.course.beyond" if age > last else "review.course.age"
        figure = Estimate(age, None, None, "day")
        rows.append(
            {"part": "mark", "time": min(age, last), "low": 0.0, "high": 100.0, "label": message(code, age=figure)}
        )
    schema = {"part": pl.String, "time": pl.Float64, "low": pl.Float64, "high": pl.Float64, "label": pl.Object}
    return Chart(
        "course", pl.DataFrame(rows, schema=schema), message("review.course.description", n=int(curve["n"][0]))
    )


def course_sentence(found: Story) -> Message | None:
    """What had become of the similar deals by this deal's age, or by the end of what was seen."""
    curve = _told(found)
    if curve is None:
        return None
    steps = _steps(curve)
    age = curve["age_days"][0]
    at = [step for step in steps if age is None or step["time"] <= age][-1]
    until = at["time"] if age is None or age > steps[-1]["time"] else age
    code = f"review.course.sentence.{curve['among'][0]}"
    figure = Estimate(until, None, None, "day")
    values = {name: at[name] for name in ("on", "lost", "still_there")}
    return message(code, n=int(curve["n"][0]), age=figure, **values)


def _told(found: Story) -> pl.DataFrame | None:
    curve = found.course
    return curve if curve.height and "exit" in curve.columns and (curve["status"] == "ok").all() else None


def _steps(curve: pl.DataFrame) -> list[dict[str, float]]:
    """The shares at each time, from the beginning on, as far as five were in view; at most sixty."""
    wide = curve.sort("time").pivot(on="exit", index="time", values="value").sort("time")
    wide = wide.with_columns(pl.exclude("time").forward_fill().fill_null(0.0))
    missing = [pl.lit(0.0).alias(name) for name, _ in PARTS if name not in wide.columns]
    in_view = curve.filter(pl.col("n_at_risk") >= IN_VIEW)["time"].max()
    seen = wide.with_columns(missing).filter(pl.col("time") <= (in_view or 0.0))
    places = sorted({round(i * (seen.height - 1) / (STEPS - 1)) for i in range(STEPS)}) if seen.height else []
    start = {"time": curve["from_age"][0] or 0.0, **{name: 0.0 for name, _ in PARTS}, "still_there": 1.0}
    return [start, *seen[places].to_dicts()]
