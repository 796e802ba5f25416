"""The shapes of a stage history by the name that a kpikit.toml gives them, and what each has to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from kpikit.book.door.histories.field_log import field_log
from kpikit.book.door.histories.from_to import from_to
from kpikit.book.door.histories.history import History, Reading
from kpikit.book.door.histories.snapshots import snapshots, versions
from kpikit.book.door.histories.wide import wide
from kpikit.reading import RawTable

Shape = Callable[[RawTable, Mapping[str, Any], pl.DataFrame, Reading], History]
#: a row for each time a deal came into a stage: nothing to turn
LONG = "long"
SHAPES: Mapping[str, Shape] = {
    "from_to": from_to,
    "field_log": field_log,
    "wide": wide,
    "snapshots": snapshots,
    "versions": versions,
}
#: what each needs besides ``columns``, and what it may have
NEEDS = {"from_to": ("from",), "field_log": ("field", "fields"), "wide": ("stages",), "snapshots": (), "versions": ()}
MAY_HAVE = {"field_log": ("from",), "snapshots": ("fields",), "versions": ("fields",)}
#: the columns of ``stage_events`` that each needs
COLUMNS = {LONG: (), "wide": ("deal_id",)}
EVENT = ("deal_id", "stage", "entered_at")
#: every key of a shape
KEYS = ("shape", *dict.fromkeys(key for keys in (*NEEDS.values(), *MAY_HAVE.values()) for key in keys))


def columns_named(table: Mapping[str, Any]) -> list[str]:
    """The columns of the file that a shape names besides ``columns``."""
    found = [table[key] for key in ("from", "field") if key in table]
    found += [
        name for one in table.get("stages", ()) for key, name in one.items() if key in ("entered", "exited", "time")
    ]
    if table.get("shape") in ("snapshots", "versions"):
        found += list(table.get("fields", {}))
    return found
