"""A page's numbers as rows of typed cells: what its chart draws and what its tables say, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from kpikit.schema import Estimate
from kpikit.show.columns import meaning, styles
from kpikit.show.page import Chart, Message, Page, Table
from kpikit.words import Words

#: columns that only place a mark, or say once more what the label says
_PLACES = {"place", "phase", "panel", "is_untold", "is_now", "what", "month"}
#: how a cell is read: a share stands as 0.28, a date as 2026-10-02
STYLES = ("text", "number", "share", "date")


@dataclass(frozen=True)
class Block:
    """A small table: headings, and rows of (style, value); ``heading`` stands above it.

    A block without headings is a paragraph a row.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, Any], ...], ...]


def blocks(page: Page, words: Words) -> tuple[Block, ...]:
    """The numbers of a page: of its chart, a block for each of its panels, and its tables.

    Example:
        >>> from kpikit.show.page import message
        >>> table = Table((message("back.count"),), ((3,),))
        >>> blocks(Page("x", message("page.back.title"), table=table), Words())[0].rows
        ((('number', 3),),)
    """
    found = list(_of_chart(page.chart, words)) if page.chart else []
    found += [_of_table(page.table, "", words)] if page.table else []
    for heading, items in page.details:
        title = heading.in_words(words)
        told = tuple((_typed(item, words),) for item in items if isinstance(item, Message))
        found += [Block(title, (), told)] if told else []
        found += [_of_table(item, title, words) for item in items if isinstance(item, Table)]
    return tuple(block for block in found if block.rows)


def _of_chart(chart: Chart, words: Words) -> Iterable[Block]:
    panels = chart.data["panel"].unique(maintain_order=True).to_list() if "panel" in chart.data.columns else [None]
    for panel in panels:
        rows = [row for row in chart.data.to_dicts() if row.get("panel") == panel]
        names = [
            name
            for name in sorted(chart.data.columns, key=lambda name: name != "label")
            if name not in _PLACES and any(row[name] is not None and row[name] != "" for row in rows)
        ]
        style = styles(chart, panel)
        yield Block(
            words.say(f"sheet.panel.{panel}") if panel and words.has(f"sheet.panel.{panel}") else "",
            tuple(_heading(name, style.get(name, ""), chart, words) for name in names),
            tuple(tuple(_cell(chart, name, row[name], style.get(name, ""), words) for name in names) for row in rows),
        )


def _heading(name: str, style: str, chart: Chart, words: Words) -> str:
    what = words.say(f"sheet.{name}") if words.has(f"sheet.{name}") else name
    return words.say(f"sheet.in.{chart.unit}", what=what) if style == "time" else what


def _cell(chart: Chart, name: str, value: Any, style: str, words: Words) -> tuple[str, Any]:
    if name == "is_sleeping" and value is None:  # the mark on a strip, not a deal
        return ("text", words.say("sheet.nine"))
    said = meaning(chart, name, value, words)
    if isinstance(said, (int, float)):
        return ("share" if style == "share" else "number", said)
    return ("text", "" if said is None else str(said))


def _of_table(table: Table, heading: str, words: Words) -> Block:
    rows = tuple(tuple(_typed(cell, words) for cell in row) for row in table.rows)
    return Block(heading, tuple(said.in_words(words) for said in table.headings), rows)


def _typed(cell: Any, words: Words) -> tuple[str, Any]:
    """A cell by what it holds; a message that says one day or one number and nothing else is that day or number."""
    if cell is None:
        return ("text", "")
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return ("number", cell)
    if isinstance(cell, date):
        return ("date", cell.isoformat()[:10])
    if not isinstance(cell, Message):
        return ("text", str(cell))
    said = cell.in_words(words)
    values = list(cell.values.values())
    if len(values) == 1:
        (value,) = values
        if isinstance(value, date) and said == words.day(value):
            return ("date", value.isoformat()[:10])
        if isinstance(value, (int, float)) and not isinstance(value, bool) and said == words.number(value):
            return ("number", value)
        if isinstance(value, Estimate) and value.unit == "share" and said == words.plain(value):
            return ("share", value.value)
    return ("text", said)
