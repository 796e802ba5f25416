"""Slow and plain definitions to compare with: a loop over one deal, a dict of counts, curves in exact fractions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

MICROSECOND = timedelta(microseconds=1)
_REOPENED, _ENTERED, _DECIDED = 0, 1, 2


def spells_of(deal: dict, events: Iterable[dict], changes: Iterable[dict], stages: Iterable[dict]) -> list[dict]:
    """The visits of one deal, told as a story: in order, what comes next ends the visit before it."""
    places = {row["stage"]: row for row in stages if row["pipeline"] == deal["pipeline"]}
    story = _story(deal, events, changes)
    visits: list[dict] = []
    counts: Counter = Counter()
    current: dict | None = None
    before, last_open = None, None
    for i, (at, rank, seq, stage, close, recorded_at) in enumerate(story):
        if rank == _REOPENED:
            following = story[i + 1] if i + 1 < len(story) else None
            if following is not None and following[0] == at and following[1] == _ENTERED:
                continue  # reopened into a stage that is named at the same instant
            stage = last_open
            if stage is None:
                continue
        if rank == _ENTERED:
            place = places.get(stage, {})
            close = "won" if place.get("is_won") else "lost" if place.get("is_lost") else None
            if close is None:
                last_open = stage
        if stage == before and stage is not None:
            continue  # still there
        if stage is None and before == "(closed)":
            continue  # closed twice
        if current is not None:
            _leave(current, at, stage, close, places)
            current = None
        before = stage if stage is not None else "(closed)"
        if stage is not None:
            counts[stage] += 1
            current = {
                "deal_id": deal["deal_id"], "stage": stage, "visit": counts[stage], "entered_at": at, "seq": seq,
                "left_at": None, "kind": "open", "skipped_to": None,
            }  # fmt: skip
            heard = [instant for instant in (recorded_at, deal["recorded_at"]) if instant is not None]
            late = (max(heard) - at) // MICROSECOND if heard else 0
            current["entry_age"] = late if late > 0 else None
            current["closed_stage"] = close is not None
            visits.append(current)
    for visit in visits:
        visit["excluded"] = _excluded(visit, deal, places)
        del visit["closed_stage"]
    return visits


def _story(deal: dict, events: Iterable[dict], changes: Iterable[dict]) -> list[tuple]:
    story = [(e["entered_at"], _ENTERED, e["seq"], e["stage"], None, e.get("recorded_at")) for e in events]
    decided_at = deal["outcome_at"] if deal["outcome"] != "open" else None
    if decided_at is not None:
        story.append((decided_at, _DECIDED, 0, None, deal["outcome"], None))
    for change in changes:
        if change["field"] == "outcome" and (decided_at is None or change["changed_at"] < decided_at):
            rank, close = (_REOPENED, None) if change["new"] == "open" else (_DECIDED, change["new"])
            story.append((change["changed_at"], rank, change["seq"], None, close, None))
    return sorted(story, key=lambda item: item[:3])


def _leave(visit: dict, at: datetime, stage: str | None, close: str | None, places: dict) -> None:
    visit["left_at"] = at
    if close is not None:
        visit["kind"] = close
        return
    here, there = (places.get(name, {}).get("position") for name in (visit["stage"], stage))
    step = there - here if here is not None and there is not None else 0
    visit["kind"] = "back" if step < 0 else "advance"
    visit["skipped_to"] = stage if step > 1 else None


def _excluded(visit: dict, deal: dict, places: dict) -> str | None:
    if visit["closed_stage"]:
        return "closed_stage"
    if deal["outcome"] != "open" and deal["outcome_at"] is not None and visit["entered_at"] > deal["outcome_at"]:
        return "after_outcome"
    if visit["stage"] not in places:
        return "unknown_stage"
    if visit["left_at"] is not None and visit["entry_age"] is not None:
        age = (visit["left_at"] - visit["entered_at"]) // MICROSECOND
        return "left_before_recorded" if visit["entry_age"] >= age else None
    return None


def histogram_of(
    visits: Iterable[dict],
    as_of: datetime,
    width: timedelta,
    start: datetime | None = None,
    end: datetime | None = None,
) -> dict[tuple[Any, int, str], tuple[int, int]]:
    """(stage, bin, kind) → (n, µs) of first visits that no rule leaves out, from ``start`` up to, without, ``end``."""
    counts: Counter = Counter()
    sums: Counter = Counter()
    until = min(end, as_of) if end is not None else as_of
    for visit in visits:
        entered, left = visit["entered_at"], visit["left_at"]
        if (
            visit["excluded"] is not None
            or visit["visit"] != 1
            or entered > as_of
            or (end is not None and entered >= end)
        ):
            continue
        still = left is None or left > as_of or (end is not None and left >= end)
        age = ((until if still else left) - entered) // MICROSECOND
        late = visit["entry_age"] or 0
        if start is not None:
            late = max(late, (start - entered) // MICROSECOND)
        if late > age:
            continue  # over before it came into view
        bins = [(age, "open" if still else visit["kind"])]
        bins += [(late, "entered_late")] if late >= width // MICROSECOND else []
        for us, kind in bins:
            key = (visit["stage"], us // (width // MICROSECOND), kind)
            counts[key] += 1
            sums[key] += us
    return {key: (counts[key], sums[key]) for key in counts}


def curves_of(
    visits: Sequence[tuple[Fraction | int, str, Fraction | int]],
) -> tuple[dict[Fraction, Fraction], dict[str, dict[Fraction, Fraction]]]:
    """Kaplan–Meier and Aalen–Johansen, exact, from (time, kind, entry); at risk at t: entry < t <= time."""
    still, left = Fraction(1), {kind: Fraction(0) for _, kind, _ in visits if kind != "open"}
    survival: dict[Fraction, Fraction] = {}
    shares: dict[str, dict[Fraction, Fraction]] = {kind: {} for kind in left}
    for time in sorted({Fraction(time) for time, kind, _ in visits if kind != "open"}):
        at_risk = sum(1 for end, _, entry in visits if entry < time <= end)
        now = Counter(kind for end, kind, _ in visits if end == time and kind != "open")
        for kind, n in now.items():
            left[kind] += still * Fraction(n, at_risk)
        still *= 1 - Fraction(sum(now.values()), at_risk)
        survival[time] = still
        for kind in left:
            shares[kind][time] = left[kind]
    return survival, shares


def value_at(curve: dict[Fraction, Fraction], time: float, start: int) -> Fraction:
    """A step curve's value at a time: its last step until then, ``start`` before the first."""
    return max(((t, v) for t, v in curve.items() if t <= time), default=(0, Fraction(start)))[1]


def median_of(survival: dict[Fraction, Fraction]) -> Fraction | None:
    """The first time at which no more than half are still there; the middle to the next where it is exactly half."""
    half = Fraction(1, 2)
    reached = [time for time, value in survival.items() if value <= half]
    if not reached:
        return None
    first = min(reached)
    if survival[first] < half:
        return first
    below = [time for time, value in survival.items() if value < half]
    return (first + min(below)) / 2 if below else first
