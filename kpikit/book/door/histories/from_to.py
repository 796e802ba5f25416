"""From and to: each row a move from one stage to another (``From Stage``/``To Stage``, ``Old Value``/``New Value``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from kpikit.book.door.histories.history import History, Reading
from kpikit.book.door.histories.moves import moves, with_first
from kpikit.reading import RawTable


def from_to(raw: RawTable, asked: Mapping[str, Any], deals: pl.DataFrame, reading: Reading) -> History:
    """Which stages was each deal in, and since when?

    The first stage is the first one that a deal is moved *from*, since its creation; a row from nothing is the creation
    itself.

    Args:
        raw: the file, a row a move.
        asked: ``columns`` (``deal_id``, ``stage``: where to, ``entered_at``, …) and ``from``: the column of where from.
        deals: ``deal_id, created_at, stage, outcome_at`` (:func:`kpikit.book.door.histories.history.of_deals`).
        reading: how cells are written.
    """
    log, faults = moves(raw, asked["columns"], asked["from"], reading)
    events, noticed = with_first(log, deals, raw.file, reading.time_zone)
    return History(events.drop("old"), None, (*faults, *noticed))
