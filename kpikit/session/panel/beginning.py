"""The first page: a customer's words, what worked and what did not, and what became of what was agreed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.review.beginning import Opening, since_words
from kpikit.session.panel.nodes import Node, button, node
from kpikit.words import Words

#: how an agreement can end, in the order of the buttons
ENDS = ("done", "changed_our_mind", "still_on", "overtaken")


def opening_part(found: Opening, zone: ZoneInfo, words: Words) -> Node:
    """The page on which a session begins; ``found.agreements`` may hold some that have just been ended."""
    begin = button(words.say("panel.opening.begin"), {"do": "go", "place": "deals"}, cls="main")
    return node(
        "main",
        _voice(found.voice, words),
        _words_of_ours(found, words),
        _agreements(found, zone, words),
        node("p", begin),
        cls="page",
        data_scroll=True,
        key="opening",
    )


def _voice(voice: Mapping[str, Any] | None, words: Words) -> Node:
    """A customer first."""
    if voice is None:
        told = [node("p", words.say("panel.opening.no_voice"), cls="why")]
    else:
        known = voice["outcome"] in ("won", "lost")
        about = [words.say(f"panel.voice.{voice['outcome']}")] if known else []
        about += [voice["segment"]] if voice["segment"] else []
        told = [
            node("blockquote", voice["story"], cls="voice", lang=voice["language"] or None),
            node("p", " · ".join(about), cls="muted"),
        ]
    return node("section", node("h3", words.say("panel.opening.voice")), *told, key="voice")


def _words_of_ours(found: Opening, words: Words) -> Node:
    """What worked and what did not, as it was said last time."""
    columns = []
    for kind, said in (("worked", found.worked), ("did_not", found.did_not)):
        lines = [node("li", text) for text in said["text"].to_list()]
        none = node("p", words.say("panel.opening.nothing_said"), cls="muted")
        told = node("ul", *lines, cls="plain") if lines else none
        columns.append(node("div", node("h3", words.say(f"panel.opening.{kind}")), told))
    return node("section", *columns, cls="pair", key="ours")


def _agreements(found: Opening, zone: ZoneInfo, words: Words) -> Node:
    rows = found.agreements.to_dicts()
    heading = node("h3", words.say("panel.opening.agreed"))
    if not rows:
        return node("section", heading, node("p", words.say("panel.opening.none_agreed"), cls="muted"), key="agreed")
    since = {key[0]: part.to_dicts() for key, part in found.since.partition_by("entry_id", as_dict=True).items()}
    items = [_agreement(row, since.get(row["entry_id"], []), zone, words) for row in rows]
    return node("section", heading, node("ul", *items, cls="agreements"), key="agreed")


def _agreement(row: dict[str, Any], since: list[dict[str, Any]], zone: ZoneInfo, words: Words) -> Node:
    """What was agreed, what the book says happened since, and four ways in which it can stand now."""
    about = [row["name"] or row["deal_id"] or "", row["owner"] or ""]
    about += [words.say("panel.by", day=row["due_on"])] if row["due_on"] else []
    facts = [since_words(fact, _day(fact, zone)).in_words(words) for fact in since]
    facts = facts if row["is_in_book"] or not row["deal_id"] else [words.say("review.since.left")]
    deal = row["deal_id"] if row["is_in_book"] else None
    name = node("p", row["text"], cls="what")
    shown = button(words.say("panel.opening.show"), {"do": "select", "deal": deal}, cls="quiet small") if deal else None
    ends = [
        button(
            words.say(f"panel.end.{state}"),
            {"do": "end", "agreement": row["entry_id"], "state": state},
            aria_pressed="true" if row["state"] == state else "false",
        )
        for state in ENDS
    ]
    return node(
        "li",
        node("div", name, node("p", " · ".join(part for part in about if part), shown, cls="muted"),
             node("p", " ".join(facts), cls="since")),
        node("div", *ends, cls="ends", role="group", aria_label=words.say("panel.opening.stands")),
        key=f"agreed-{row['entry_id']}",
    )  # fmt: skip


def _day(fact: Mapping[str, Any], zone: ZoneInfo) -> Any:
    return None if fact["at"] is None else fact["at"].astimezone(zone).date()


def with_ended(found: Opening, live: pl.DataFrame, asked: set[str], session_id: str) -> Opening:
    """The opening with the states of this moment: what was ended a minute ago stays, what was agreed today comes later.

    Args:
        found: what was to be talked about when this was looked up.
        live: all agreements of the log, as they stand.
        asked: those that were on this page before.
        session_id: this session.
    """
    named = found.agreements.select("entry_id", "name", "is_in_book")
    shown = live.filter(pl.col("entry_id").is_in(list(asked | set(named["entry_id"]))) & pl.col("text").is_not_null())
    earlier = shown.filter(pl.col("session_id").ne_missing(pl.lit(session_id)))
    rows = earlier.join(named, on="entry_id", how="left", maintain_order="left")
    order = rows.with_columns(pl.col("is_in_book").fill_null(False)).sort("due_on", "made_at", nulls_last=True)
    return Opening(found.voice, found.worked, found.did_not, order, found.since)
