"""The agenda of a session in the log: what was listed, what the coach arranged, and what came of it.

Everything is read from the log and written as entries of it, so a screen that is opened again shows the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from kpikit.log.entries import UNPARKED, Entry
from kpikit.log.log import Log
from kpikit.review.listing.choices import Choices, chosen_before, places

#: where a deal stands that nobody moved
_NOWHERE = ("free", None)


def arranged(log: Log, session_id: str) -> Choices:
    """What the coach chose in this session before."""
    return chosen_before(_placed(log, session_id), _parked(log, session_id))


def changes(log: Log, session_id: str, choices: Choices) -> list[Entry]:
    """The entries by which the log comes to hold these choices."""
    placed = {deal: ("free" if how == "off" else how, at) for deal, (how, at) in _placed(log, session_id).items()}
    wanted = places(choices)
    moves = [_place(deal, *wanted.get(deal, _NOWHERE)) for deal in sorted(placed | wanted)
             if wanted.get(deal, _NOWHERE) != placed.get(deal, _NOWHERE)]  # fmt: skip
    before, after = dict(_parked(log, session_id)), dict(choices.parked)
    parked = [Entry(kind="parked", deal_id=deal, due_on=after.get(deal, UNPARKED))
              for deal in sorted(before | after) if before.get(deal) != after.get(deal)]  # fmt: skip
    return [*moves, *parked]


def listing(log: Log, session_id: str, shown: pl.DataFrame) -> list[Entry]:
    """The entries by which the log comes to hold what is on the agenda: what is new, gone, or back."""
    there, now = set(log.entries(kind="listed", session_id=session_id)["deal_id"]), set(shown["deal_id"])
    placed = _placed(log, session_id)
    gone = [deal for deal in sorted(there - now) if placed.get(deal, _NOWHERE)[0] not in ("off", "dropped")]
    back = [deal for deal in sorted(now) if placed.get(deal, _NOWHERE)[0] == "off"]
    new = [_listed(row) for row in shown.filter(~pl.col("deal_id").is_in(list(there))).to_dicts()]
    moves = [("off", deal) for deal in gone] + [("free", deal) for deal in back]
    return [*new, *(_place(deal, how, placed.get(deal, _NOWHERE)[1]) for how, deal in moves)]


def _placed(log: Log, session_id: str) -> dict[str, tuple[str, int | None]]:
    """What the log last heard of each deal's place, in the order in which it heard."""
    found: dict[str, tuple[str, int | None]] = {}
    rows = log.entries(kind="placed", session_id=session_id).sort("seq").select("deal_id", "code", "position")
    for deal, how, position in rows.iter_rows():
        found.pop(deal, None)
        found[deal] = how, position
    return found


def _parked(log: Log, session_id: str) -> list[tuple[str, date]]:
    """What was parked in this session, and not undone."""
    said = log.entries(kind="parked", session_id=session_id).sort("seq").select("deal_id", "due_on")
    return [(deal, day) for deal, day in dict(said.iter_rows()).items() if day != UNPARKED]


def _listed(row: Mapping[str, Any]) -> Entry:
    return Entry(
        kind="listed", deal_id=row["deal_id"], code=row["rule"], value=row["value"], unit=row["unit"],
        position=row["position"],
    )  # fmt: skip


def _place(deal: str, how: str, position: int | None) -> Entry:
    return Entry(kind="placed", deal_id=deal, code=how, position=position)
