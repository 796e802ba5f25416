"""Figures restated since an earlier report: the same figure of the same window, then and now, and likely why."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from math import isclose
from pathlib import Path
from typing import Any

from kpikit.book import DealBook, Settings
from kpikit.book.basis import Difference, differences, is_touched
from kpikit.book.selection import WHOLE, WHOLE_WORD
from kpikit.calendar import Period
from kpikit.errors import UsageError
from kpikit.report.figures.headline import again

#: what one figure is compared by; a million'th apart is the same on another machine
_COMPARED = ("value", "low", "high", "n")


def read(path: str | Path) -> dict[str, Any]:
    """The record of an earlier run.

    Raises:
        UsageError: there is none, or the file is something else.
    """
    if not Path(path).is_file():  # nor read a device, which may never end
        raise UsageError("not_a_run", path=str(path), detail="FileNotFoundError")
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        _ = record["period"], record["book"]["hash"], [(team["team"], team["figures"]) for team in record["teams"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError("not_a_run", path=str(path), detail=type(error).__name__) from None
    return record


def period_of(record: Mapping[str, Any], settings: Settings) -> Period:
    """The period of an earlier run, by the fiscal year and the clock by which it was counted."""
    then = record["book"].get("basis") or {}
    start, zone = then.get("fiscal_year_starts"), then.get("time_zone")
    start = start if isinstance(start, int) and 1 <= start <= 12 else settings.fiscal_year_starts
    return Period.parse(record["period"], fiscal_start=start, time_zone=zone or settings.time_zone)


def differences_of(record: Mapping[str, Any], whole: DealBook) -> tuple[Difference, ...]:
    """What the figures of an earlier run rested on that is another now; ``whole`` is the book, not a team's part."""
    return differences(record["book"].get("basis"), whole)


def row_of(record: Mapping[str, Any], part: DealBook, team: str) -> Mapping[str, Any] | None:
    """What an earlier run's record has of a team, or of the whole book."""
    names = {team} if part.team is not None else {WHOLE}
    if part.team is None and "basis" not in record["book"]:
        names.add(WHOLE_WORD)  # how a run called the whole before it wrote down what it rests on
    return next((row for row in record["teams"] if row["team"] in names), None)


def restated(
    record: Mapping[str, Any], part: DealBook, team: str, basis: tuple[Difference, ...] = ()
) -> tuple[dict[str, Any], ...]:
    """The figures of an earlier run's record that are no longer the same.

    Args:
        record: of the earlier run.
        part: the book now, narrowed to the team and to the period's end.
        team: whose figures.
        basis: what the figures rested on that is another now.

    Returns:
        Each as the record has it, with ``now`` (the figure today, or None) and ``why``: ``definition`` (its version is
        another), ``teams`` (deals were handed over), ``data`` (the book has changed), ``late`` (recorded after that
        report's period), ``version``.
    """
    row = row_of(record, part, team)
    earlier = [] if row is None else row["figures"]
    is_handed_over = any(is_touched(one, part.team) for one in basis)
    found = []
    for then, now in zip(earlier, again(part, earlier), strict=True):
        if now is None or not _same(then, now):
            why = _why(record, then, now, part)
            found.append({**then, "now": now, "why": "teams" if why == "data" and is_handed_over else why})
    return tuple(found)


def _same(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    pairs = [(then.get(name), now.get(name)) for name in _COMPARED]
    return all(
        one == other or (one is not None and other is not None and isclose(one, other, rel_tol=1e-6))
        for one, other in pairs
    )


def _why(record: Mapping[str, Any], then: Mapping[str, Any], now: Mapping[str, Any] | None, part: DealBook) -> str:
    if now is not None and then.get("definition") != now.get("definition"):
        return "definition"
    if record["book"]["hash"] != re.split("[@/]", part.hash)[0]:  # a part's hash begins with that of the whole
        return "data"
    return "late" if datetime.fromisoformat(_seen(record)) < part.as_of else "version"


def _seen(record: Mapping[str, Any]) -> str:
    """Up to when the earlier report knew of anything."""
    return record["book"].get("seen", record["book"]["as_of"])
