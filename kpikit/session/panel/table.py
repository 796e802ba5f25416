"""All open deals beside the story: found by their words, sorted by a click, chosen in the table or in the strip."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from kpikit.session.open_deals import SORTS, Shown, shown
from kpikit.session.panel.nodes import Node, button, node
from kpikit.session.panel.state import State
from kpikit.session.panel.strip import strip
from kpikit.words import Words


def table_part(deals: pl.DataFrame, state: State, listed: frozenset[str], year: int, words: Words) -> list[Node]:
    """The filter, the strip and the table.

    Args:
        deals: :func:`kpikit.session.open_deals.open_deals`.
        state: its filter, order and deal.
        listed: deals on the agenda, which the table marks.
        year: this year, which the table leaves out.
        words: the language of headings and figures.
    """
    found = shown(deals, state.filter, state.sort)
    field = node(
        "input", value=state.filter, placeholder=words.say("panel.filter"), on="input", do={"do": "filter"}, keys="/",
        type="search", aria_label=words.say("panel.filter"), key="filter", cls="grow",
    )  # fmt: skip
    count = node("span", words.say("panel.found", found=found.n_found, n=found.n), cls="muted small", role="status")
    everything = shown(deals, state.filter, state.sort, limit=deals.height)
    drawing = strip(everything.rows, state.deal, words)
    parts: list[Node] = [node("div", field, count, cls="tools", key="tools")]
    if drawing is not None:
        parts.append(node("figure", drawing, cls="strip", key="strip"))
    return [*parts, node("div", _table(found, state, listed, year, words), cls="scroll", key="table")]


def _table(found: Shown, state: State, listed: frozenset[str], year: int, words: Words) -> Node:
    if not found.n_found:
        return node("p", words.say("panel.found.none"), cls="empty")
    heads = node("tr", *(_head(column, state, words) for column in SORTS))
    ids = found.rows["deal_id"].to_list()
    home = state.deal if state.deal in ids else ids[0]
    rows = [_row(row, state, home, listed, year, words) for row in found.rows.iter_rows(named=True)]
    more = found.n_found - found.rows.height
    table = node(
        "table", node("thead", heads), node("tbody", *rows, focus="list"), role="grid",
        aria_label=words.say("panel.side.all"),
    )  # fmt: skip
    return node("div", table, node("p", words.say("panel.found.more", n=more), cls="empty") if more else None)


def _head(column: str, state: State, words: Words) -> Node:
    """A heading sorts; an arrow says how."""
    is_this = state.sort.removeprefix("-") == column
    down = SORTS[column] is not state.sort.startswith("-")
    arrow = ("  ↓" if down else "  ↑") if is_this else ""
    name = words.say(f"panel.column.{column}")
    return node(
        "th",
        button(f"{name}{arrow}", {"do": "sort", "by": column}),
        scope="col",
        cls="number" if column in ("days", "amount") else None,
        aria_sort=("descending" if down else "ascending") if is_this else None,
    )


def _row(row: dict[str, Any], state: State, home: str | None, listed: frozenset[str], year: int, words: Words) -> Node:
    deal = row["deal_id"]
    is_chosen = deal == state.deal
    mark = node("span", words.say("panel.listed"), cls="mark") if deal in listed else None
    days = "–" if row["days"] is None else words.number(round(row["days"]))
    asleep = "number warn" if row["is_sleeping"] else "number"
    return node(
        "tr",
        node("th", row["name"], " " if mark else None, mark, scope="row"),
        node("td", row["stage"] or "–"),
        node("td", days, cls=asleep),
        node("td", "–" if row["amount"] is None else words.price(row["amount"]), cls="number"),
        node("td", "–" if row["close_on"] is None else short_day(row["close_on"], year, words)),
        do={"do": "select", "deal": deal},
        data_row=True,
        data_deal=deal,
        tabindex=0 if deal == home else -1,
        aria_selected="true" if is_chosen else "false",
        key=f"row-{deal}",
    )


def short_day(day: date, year: int, words: Words) -> str:
    """A day as a table has room for it: ``2 Oct``, of another year ``Oct 2025``."""
    from babel.dates import format_date

    return format_date(day, format="d MMM" if day.year == year else "MMM y", locale=words.locale)
