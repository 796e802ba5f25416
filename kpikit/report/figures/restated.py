"""Figures restated since an earlier report: the same figure of the same window, then and now, and likely why."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from math import isclose
from pathlib import Path
from typing import Any

from kpikit.book import DealBook
from kpikit.book.selection import WHOLE, WHOLE_WORD
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
        _ = record["period"], record["book"]["hash"], [team["figures"] for team in record["teams"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError("not_a_run", path=str(path), detail=type(error).__name__) from None
    return record


def restated(record: Mapping[str, Any], part: DealBook, team: str) -> tuple[dict[str, Any], ...]:
    """The figures of an earlier run's record that are no longer the same.

    Args:
        record: of the earlier run.
        part: the book now, narrowed to the team and to the period's end.
        team: whose figures.

    Returns:
        Each as the record has it, with ``now`` (the figure today, or None) and ``why``: ``definition`` (its version is
        another), ``data`` (the book has changed), ``late`` (recorded after that report's period), ``version``.
    """
    names = {team} if part.team is not None else {WHOLE, WHOLE_WORD}
    earlier = [figure for row in record["teams"] if row["team"] in names for figure in row["figures"]]
    found = []
    for then, now in zip(earlier, again(part, earlier), strict=True):
        if now is None or not _same(then, now):
            found.append({**then, "now": now, "why": _why(record, then, now, part)})
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
