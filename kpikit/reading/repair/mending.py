"""Irregular records laid over the columns of their table, and all that is to be said about them."""

from __future__ import annotations

import polars as pl

from kpikit.errors import SEVERITY, Fault
from kpikit.reading.headers import is_typed, shown
from kpikit.reading.repair.ragged import Profile, mend
from kpikit.reading.repair.records import Record

#: A row that no column could take: its number, the rule, its cells.
LeftOut = tuple[int, str, tuple[str, ...]]
#: Rules of which each row is named, up to so many; beyond that one fault counts them.
_NAMED = 20
#: Rules that are said once for all rows.
_AS_ONE = ("second_table", "footer", "line_quoted")


def mended(
    records: list[tuple[int, Record]], regular: pl.DataFrame, width: int, delimiter: str, file: str
) -> tuple[pl.DataFrame, list[Fault], list[LeftOut]]:
    """The irregular records laid over the columns; what fits no column in one clear way is left out and said."""
    straight = [(row, r.cells) for row, r in records if len(r.cells) == width]
    sample = [list(r) for r in regular.drop("_row").head(1000).rows()] or [cells for _, cells in straight[:1000]]
    profile = Profile(sample, width)
    kept: list[tuple[int, list[str | None]]] = []
    said: list[tuple[str, int, list[str]]] = []
    tables = _second_tables(records, width)
    last = max([*regular["_row"].tail(1).to_list(), *(row for row, _ in straight)], default=0)
    for row, record in records:
        filled = sum(bool(c.strip()) for c in record.cells)
        if row in tables:
            said.append(("second_table", row, record.cells))
        elif filled == 1 and width > 2 and len(record.cells) < width and row > last:
            said.append(("footer", row, record.cells))
        elif len(record.cells) == width or not filled:
            kept.append((row, list(record.cells) if len(record.cells) == width else [None] * width))
            said += [(record.rule, row, record.cells)] if record.rule else []
        else:
            done = mend(record.cells, profile, delimiter, record.other)
            if done.cells is not None:
                kept.append((row, done.cells))
            said.append((done.rule if done.cells is not None else f"{done.rule}_dropped", row, record.cells))
    columns = {f"c{i}": [cells[i] for _, cells in kept] for i in range(width)}
    rows = pl.Series("_row", [row for row, _ in kept], dtype=pl.UInt32)
    frame = pl.DataFrame(columns, schema={f"c{i}": pl.String for i in range(width)}).insert_column(0, rows)
    left_out = [(row, rule, tuple(cells)) for rule, row, cells in said if SEVERITY[rule] == "drop"]
    return frame, _said(said, width, file), left_out


def _second_tables(records: list[tuple[int, Record]], width: int) -> set[int]:
    """The rows of further tables: a header of words and rows of the same other width right below it."""
    rows = set[int]()
    i = 0
    while i < len(records):
        size = len(records[i][1].cells)
        end = i + 1
        while end < len(records) and len(records[end][1].cells) == size and records[end][0] == records[end - 1][0] + 1:
            end += 1
        head = records[i][1].cells
        if size not in (1, width) and end - i >= 3 and all(c.strip() for c in head) and not any(map(is_typed, head)):
            body = [r.cells for _, r in records[i + 1 : end]]
            if sum(any(map(is_typed, cells)) for cells in body) >= 0.8 * len(body):
                rows.update(row for row, _ in records[i:end])
        i = end
    return rows


def _said(said: list[tuple[str, int, list[str]]], width: int, file: str) -> list[Fault]:
    """A fault for each odd row, or one for many of a kind."""
    by_rule: dict[str, list[tuple[int, list[str]]]] = {}
    for rule, row, cells in said:
        by_rule.setdefault(rule, []).append((row, cells))
    faults: list[Fault] = []
    for rule, rows in by_rule.items():
        if len(rows) > _NAMED or rule in _AS_ONE:
            (row, cells), n = rows[0], len(rows)
            values = {"cells": len(cells), "width": width, "rows": [r for r, _ in rows[:_NAMED]]}
            faults.append(Fault(rule, file=file, row=row, value=shown(cells), n=n, values=values))
            continue
        for row, cells in rows:
            values = {"cells": len(cells), "width": width}
            faults.append(Fault(rule, file=file, row=row, value=shown(cells), values=values))
    return faults
