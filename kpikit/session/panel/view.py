"""The screen as nodes: the banner, where the room is, and what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from kpikit.log.entries import READERS
from kpikit.review.beginning import Opening
from kpikit.review.lessons import Learning
from kpikit.review.telling import Story
from kpikit.session.panel.agenda import agenda_part, agenda_tools
from kpikit.session.panel.beginning import opening_part
from kpikit.session.panel.learning import learning_part
from kpikit.session.panel.nodes import Node, button, node
from kpikit.session.panel.say import say_part
from kpikit.session.panel.state import PLACES, SIDES, State
from kpikit.session.panel.story import story_part
from kpikit.session.panel.table import table_part
from kpikit.show.page import Message
from kpikit.words import Words

#: the key that goes there
_KEYS = {"opening": "o", "deals": "d", "learning": "l", "agenda": "a", "all": "t"}


@dataclass(frozen=True)
class Screen:
    """All that the screen shows, as values.

    ``as_of`` and ``until`` (a day to begin with, where one is asked for) are local. ``failed`` is a sentence and what
    an analyst needs; ``notices`` what the log's user should know.
    """

    state: State
    as_of: datetime
    until: date
    failed: tuple[str, str] | None = None
    notices: tuple[str, ...] = ()
    deals: pl.DataFrame = field(default_factory=pl.DataFrame)
    listed: pl.DataFrame = field(default_factory=pl.DataFrame)
    story: Story | None = None
    pictures: tuple[str, ...] = ()
    told: Message | None = None
    said: pl.DataFrame = field(default_factory=pl.DataFrame)
    opening: Opening | None = None
    learning: Learning | None = None
    minutes: tuple[str, ...] = ()


def tree(screen: Screen, words: Words) -> Node:
    """The whole panel."""
    return node(
        "div",
        _header(screen, words),
        *(node("p", notice, cls="bar failed", role="status") for notice in screen.notices),
        _failed(screen, words),
        *(_unsaved(sent, said, words) for sent, said in screen.state.unsaved.items()),
        _silent(words),
        _closing(screen, words) if screen.state.is_closing else None,
        _place(screen, words),
        cls="whole",
    )


def _header(screen: Screen, words: Words) -> Node:
    state = screen.state
    data = words.say("panel.data", moment=screen.as_of)
    banner = node("div", node("h1", words.say("panel.title")), node("p", data, cls="data"), cls="banner")
    tabs = [_tab(place, state.place == place, {"do": "go", "place": place}, words) for place in PLACES]
    author = node("input", value=state.author, on="change", do={"do": "author"}, key="author")
    readers = [
        node("option", words.say(f"panel.looking.{code}"), value=code, selected=code == state.reader)
        for code in READERS
    ]
    reader = node(
        "select", *readers, on="change", do={"do": "reader"}, key="reader", aria_label=words.say("panel.looking")
    )
    again = button("↻", {"do": "refresh"}, title=words.say("panel.refresh"), aria_label=words.say("panel.refresh"),
                   keys="r", cls="quiet")  # fmt: skip
    close = button(words.say("panel.close"), {"do": "closing"})
    who = node(
        "div",
        node("label", words.say("panel.author"), " ", author),
        reader,
        again,
        close,
        cls="who",
    )
    return node("header", banner, node("div", *tabs, role="tablist", aria_label=words.say("panel.places")), who)


def _tab(name: str, is_here: bool, do: dict, words: Words) -> Node:
    said = words.say(f"panel.place.{name}" if name in PLACES else f"panel.side.{name}")
    return button(
        said, do, role="tab", aria_selected="true" if is_here else "false", keys=_KEYS[name], key=f"tab-{name}"
    )


def _failed(screen: Screen, words: Words) -> Node | None:
    if screen.failed is None:
        return None
    said, details = screen.failed
    return node(
        "div",
        node("p", said),
        button(words.say("panel.failed.copy"), {"do": "copy", "text": details}),
        node("span", words.say("panel.failed.copied"), cls="copied", role="status"),
        cls="bar failed",
        role="alert",
        key="failed",
    )


def _unsaved(sent: str, said: Mapping[str, Any], words: Words) -> Node:
    """What could not be saved stays here, whatever else is looked at, until it is saved or let go."""
    text = str(said.get("values", {}).get("text") or said.get("values", {}).get("value") or "")
    return node(
        "div",
        node("b", words.say("panel.unsaved")),
        node("p", text, cls="unsaved"),
        button(words.say("panel.failed.again"), dict(said)),
        button(words.say("panel.unsaved.copy"), {"do": "copy", "text": text}),
        button(words.say("panel.unsaved.let_go"), {"do": "let_go", "sent": sent}, cls="quiet"),
        cls="bar failed",
        role="alert",
        key=f"unsaved-{sent}",
    )


def _silent(words: Words) -> Node:
    """Stands there unseen until an answer does not come."""
    return node(
        "div",
        node("p", words.say("panel.silent")),
        button(words.say("panel.failed.again"), {"do": "restart"}),
        cls="bar failed silent",
        role="alert",
        key="silent",
    )


def _place(screen: Screen, words: Words) -> Node:
    """What stands under the banner."""
    if screen.state.place == "opening" and screen.opening is not None:
        return opening_part(screen.opening, screen.as_of.tzinfo, words)  # type: ignore[arg-type]
    if screen.state.place == "learning" and screen.learning is not None:
        return learning_part(screen.learning, words)
    if screen.state.place == "deals":
        return _deals(screen, words)
    return _closed(screen, words)


def _closing(screen: Screen, words: Words) -> Node:
    """Once more, before the session is closed; and when the next one is."""
    next_on = node("input", name="next_on", type="date", value=screen.until.isoformat(), key="next_on", data_keep=True)
    form = node(
        "form",
        node("label", words.say("panel.closing.next"), " ", next_on, cls="inline"),
        node("button", words.say("panel.closing.yes"), type="submit", cls="main"),
        button(words.say("panel.closing.no"), {"do": "closing"}),
        do={"do": "close"},
        data_always=True,
        key="closing-form",
    )
    return node("div", node("p", words.say("panel.closing.ask")), form, cls="bar failed", role="group", key="closing")


def _closed(screen: Screen, words: Words) -> Node:
    """Where the minutes are, once the session is closed."""
    paths = [node("li", path) for path in screen.minutes]
    where = node("p", words.say("panel.closed.where")) if paths else None
    back = button(words.say("panel.closed.back"), {"do": "go", "place": "deals"})
    section = node(
        "section", node("h2", words.say("panel.closed.title")), where, node("ul", *paths, cls="plain"), node("p", back)
    )
    return node("main", section, cls="page", key="closed")


def _deals(screen: Screen, words: Words) -> Node:
    """The list at the left, the deal's story at the right, what we say beneath it."""
    state = screen.state
    on_agenda = screen.listed.filter(pl.col("status") == "ok")
    tabs = [_tab(side, state.side == side, {"do": "look", "side": side}, words) for side in SIDES]
    if state.side == "all":
        beside: list[Node] = []
        inside = table_part(screen.deals, state, frozenset(on_agenda["deal_id"]), screen.as_of.year, words)
    else:
        beside = agenda_tools(screen.listed, state, words)
        inside = [agenda_part(screen.listed, state, screen.until, words)]
    tools = node("div", node("div", *tabs, role="tablist"), *beside, cls="tools", key="sides")
    side = node("aside", tools, *inside, cls="side", key=f"side-{state.side}")
    return node("div", side, _deal(screen, on_agenda, words), cls="deals all" if state.side == "all" else "deals")


def _deal(screen: Screen, on_agenda: pl.DataFrame, words: Words) -> Node:
    if screen.story is None:
        return node("main", node("p", words.say("panel.choose"), cls="empty"), cls="main", key="none")
    mine = pl.col("deal_id") == screen.story.deal["deal_id"]
    listed, aged = (next(iter(rows.filter(mine).to_dicts()), None) for rows in (on_agenda, screen.deals))
    story = story_part(screen.story, listed, aged, screen.pictures, screen.told, words)
    return node(
        "main",
        node(
            "div", story, cls="scroll", data_scroll=True, tabindex=0, aria_label=words.say("panel.story"), key="story"
        ),
        say_part(screen.state, screen.said, screen.until, words),
        cls="main",
        key="deal",
    )
