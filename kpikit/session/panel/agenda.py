"""The agenda beside the story: each deal with its reason and its minutes; pin, leave out, order, park."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from kpikit.review.reasons import reason, short
from kpikit.session.panel.nodes import Node, button, node
from kpikit.session.panel.state import State
from kpikit.words import Words


def agenda_part(listed: pl.DataFrame, state: State, until: date, words: Words) -> Node:
    """The list, and what the rules could not look at.

    Args:
        listed: :func:`kpikit.review.agenda`.
        state: its deal, and whether there is something to undo.
        until: the day until which a deal is parked, where nobody says.
        words: the language of the reasons.
    """
    shown, rest = listed.filter(pl.col("status") == "ok"), listed.filter(pl.col("status") != "ok")
    refused, asked = rest.filter(pl.col("rule").is_not_null()), rest.filter(pl.col("rule").is_null())
    if not shown.height:
        body: Node = node("p", words.say("panel.agenda.none"), cls="empty")
    else:
        rows = shown.to_dicts()
        home = state.deal if state.deal in [row["deal_id"] for row in rows] else rows[0]["deal_id"]
        items = [_item(row, state, home, until, words) for row in rows]
        body = node("ol", *items, cls="agenda", focus="list", role="grid", aria_label=words.say("panel.side.agenda"))
    return node("div", body, _left_out(asked, words), _refused(refused, words), cls="scroll", key="agenda")


def agenda_tools(listed: pl.DataFrame, state: State, words: Words) -> list[Node]:
    """How long the agenda is, and a step back."""
    shown = listed.filter(pl.col("status") == "ok")
    told = words.say("panel.agenda.sum", n=shown.height, minutes=int(shown["minutes"].sum() or 0))
    undo = words.say("panel.undo")
    return [
        node("span", told, cls="muted small grow right"),
        button("↶", {"do": "undo"}, disabled=state.choices.before is None, keys="u", cls="quiet", title=undo,
               aria_label=undo),
    ]  # fmt: skip


def _item(row: dict[str, Any], state: State, home: str | None, until: date, words: Words) -> Node:
    deal = row["deal_id"]
    is_chosen = deal == state.deal
    acts = node("div", *_acts(row, until, words), cls="acts", role="gridcell") if is_chosen else None
    said = why(row, words) if is_chosen else first_reason(row, words)
    marks = [words.say("panel.lot")] if row["is_lot"] else []
    marks += [words.say("panel.pinned")] if row["is_pinned"] else []
    return node(
        "li",
        node("div", row["name"] or deal, cls="name", role="gridcell"),
        node("div", words.say("panel.minutes", n=row["minutes"]), cls="minutes", role="gridcell"),
        node("div", said, *(node("span", f" {mark}", cls="mark") for mark in marks), cls="reason", role="gridcell"),
        acts,
        do={"do": "select", "deal": deal},
        role="row",
        data_row=True,
        data_deal=deal,
        tabindex=0 if deal == home else -1,
        aria_selected="true" if is_chosen else "false",
        key=f"agenda-{deal}",
    )  # fmt: skip


def _acts(row: dict[str, Any], until: date, words: Words) -> list[Node]:
    """What can be done with the chosen deal's place."""
    deal = row["deal_id"]
    day = node(
        "input", type="date", value=until.isoformat(), on="change", do={"do": "park", "deal": deal}, key="park",
        aria_label=words.say("panel.park"),
    )  # fmt: skip
    return [
        button(words.say("panel.unpin" if row["is_pinned"] else "panel.pin"), {"do": "pin", "deal": deal}, keys="p"),
        _step("↑", "panel.up", deal, -1, words),
        _step("↓", "panel.down", deal, 1, words),
        button(words.say("panel.drop"), {"do": "drop", "deal": deal}, keys="x"),
        button(words.say("panel.park"), {"do": "park", "deal": deal, "value": until.isoformat()}),
        day,
    ]


def _step(arrow: str, code: str, deal: str, by: int, words: Words) -> Node:
    said = words.say(code)
    return button(arrow, {"do": "move", "deal": deal, "by": by}, aria_label=said, title=said)


def first_reason(row: dict[str, Any], words: Words) -> str:
    """The reason with its figure."""
    return reason(row).in_words(words)


def why(row: dict[str, Any], words: Words) -> str:
    """The reason with its figure, and the names of the others."""
    said = first_reason(row, words)
    others = [short(rule).in_words(words) for rule in row["others"] or []]
    return f"{said} {words.say('panel.also', names=others)}" if others else said


def _left_out(deals: pl.DataFrame, words: Words) -> Node | None:
    """The deals that somebody asked to leave out this time; each can still be shown."""
    lines = [
        node("li", words.say("review.left_out", deal=row["name"] or row["deal_id"]), " ",
             button(words.say("panel.opening.show"), {"do": "select", "deal": row["deal_id"]}, cls="quiet small"))
        for row in deals.to_dicts()
    ]  # fmt: skip
    return node("ul", *lines, cls="plain small empty", key="left-out") if lines else None


def _refused(refused: pl.DataFrame, words: Words) -> Node | None:
    """What the rules could not look at, said once."""
    if not refused.height:
        return None
    names = [short(rule).in_words(words) for rule in refused["rule"]]
    reasons = [words.say(f"reason.{code}") for code in refused["reason"]]
    lines = [node("li", f"{name}: {reason_}") for name, reason_ in zip(names, reasons, strict=True)]
    summary = node("summary", words.say("panel.refused", n=refused.height))
    return node("details", summary, node("ul", *lines, cls="plain small"), cls="empty small", key="refused")
