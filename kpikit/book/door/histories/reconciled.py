"""Does a history end where its deal is said to be? Told, k of n; neither of the two is picked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from kpikit.book.door.histories.history import trimmed_text
from kpikit.errors import Fault
from kpikit.reading import RawTable


def disagreement(deals: RawTable, events: RawTable, meanings: Mapping[str, Any]) -> list[Fault]:
    """The deals whose last stage in the history is not the stage on the deal.

    Where one of the two names is an outcome (``meanings``: a value in small letters → what it means), the outcomes are
    compared: a history that stops at the last open stage of a closed deal says nothing else than the deal.

    Args:
        deals: the table ``deals`` in kpikit's columns, with ``stage``; without it there is nothing to compare.
        events: ``stage_events``, typed and in order (a shape's own); others are compared when the book is checked.
        meanings: what the deals' values of ``outcome`` mean.
    """
    if "stage" not in deals.frame.columns or "deal_id" not in deals.frame.columns or "seq" not in events.frame.columns:
        return []
    last = events.frame.drop_nulls(["deal_id", "stage"]).group_by("deal_id", maintain_order=True).last()
    stated = deals.frame.select(deal_id=trimmed_text("deal_id"), stated=trimmed_text("stage")).drop_nulls()
    both = last.select("deal_id", last="stage").join(stated, on="deal_id", how="inner", maintain_order="left")
    names = [pl.col(name).str.to_lowercase() for name in ("last", "stated")]
    ends = [name.replace_strict(dict(meanings), default=None, return_dtype=pl.String) for name in names]
    is_end = [(end != "open").fill_null(value=False) for end in ends]
    both = both.filter(is_end[0] | ~is_end[1])  # the history has the end, or the deal has none
    odd = both.filter(names[0] != names[1])
    if odd.is_empty():
        return []
    example = dict(zip(("deal", "last", "stated"), odd.row(0), strict=True))
    return [
        Fault("history_disagrees", "stage_events", events.file, n=odd.height, values={"of": both.height, **example})
    ]
