"""What we say about a deal: one form at a time, the prediction first, and beneath it what has been said so far."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from kpikit.log.entries import PREDICTED, PREPARED, UNPARKED
from kpikit.session.panel.nodes import Node, button, node
from kpikit.session.panel.state import SAYINGS, State
from kpikit.words import Words

#: within how many days a prediction may speak
WITHIN = (30, 90, 180)


def say_part(state: State, said: pl.DataFrame, until: date, words: Words) -> Node:
    """The forms under a story, and what has been said.

    Args:
        state: whose ``deal`` is on the screen.
        said: entries of this deal that those who look may see, the earliest first.
        until: a day to begin with where one is asked for.
        words: the language of the forms.
    """
    chips = [
        node(
            "button", words.say(f"panel.saying.{saying}"), do={"do": "say", "saying": saying}, keys=str(i + 1),
            aria_pressed="true" if saying == state.saying else "false", key=f"chip-{saying}",
        )
        for i, saying in enumerate(SAYINGS)
    ]  # fmt: skip
    return node(
        "section",
        node("div", *chips, _last(state, words), cls="chips"),
        _form(state, said, until, words),
        _said(said, words),
        cls="say",
        aria_label=words.say("panel.saying"),
    )


def _last(state: State, words: Words) -> Node:
    """When the last thing was saved, or why it was not."""
    ack = list(state.acks.values())[-1] if state.acks else None
    if ack is None:
        return node("span", role="status", cls="saved", key="status")
    text = ack.failed or words.say("panel.saved", time=ack.saved)
    return node("span", text, role="status", cls="warn" if ack.failed else "saved", key="status")


def _form(state: State, said: pl.DataFrame, until: date, words: Words) -> Node:
    """The form of what is being said; an entry that is edited stands in it."""
    before = said.filter(pl.col("entry_id") == state.editing).to_dicts() if state.editing else []
    old = before[0] if before else {}
    asks = {"do": "write", "saying": state.saying, "deal": state.deal, "entry": state.editing}
    if state.saying == "prediction":
        parts = _prediction(old, words)
    else:
        parts = [_words_field(state.saying, old, words)]
        parts += _agreed(old, until, words) if state.saying == "agreement" else []
        parts += [_prepared(old, words)] if state.saying == "prepared" else []
    save = node("button", words.say("panel.save"), type="submit", cls="main")
    key = f"form-{state.deal}-{state.saying}-{state.editing or ''}"
    seen = None if state.saying == "prediction" else _seen_by(state, old, words)
    return node("form", *parts, seen, save, do=asks, key=key)


def _words_field(saying: str, old: dict[str, Any], words: Words) -> Node:
    return node(
        "textarea", old.get("text") or "", name="text", rows=1, required=True,
        placeholder=words.say(f"panel.ask.{saying}"), data_first=True, key="text", cls=f"grow {saying}",
        aria_label=words.say(f"panel.saying.{saying}"),
    )  # fmt: skip


def _agreed(old: dict[str, Any], until: date, words: Words) -> list[Node]:
    """Who does it, and by when."""
    due = old.get("due_on") or until
    owner = node("input", name="owner", value=old.get("owner") or "", cls="short", key="owner")
    day = node("input", name="due_on", type="date", value=due.isoformat(), data_keep=True, key="due_on")
    return [node("label", words.say("panel.owner"), owner), node("label", words.say("panel.due"), day)]


def _prepared(old: dict[str, Any], words: Words) -> Node:
    """What the one whose deal it is wrote on paper before the session."""
    fields = [(code, words.say(f"panel.prepared.{code}")) for code in PREPARED]
    return _choice("code", fields, old.get("code") or PREPARED[0])


def _prediction(old: dict[str, Any], words: Words) -> list[Node]:
    """What happens within how many days, and in how many of a hundred deals like this."""
    what = old.get("code") or PREDICTED[0]
    within = old.get("days") or WITHIN[1]
    share = "" if old.get("value") is None else str(round(100 * old["value"]))
    happens = [(code, words.say(f"panel.predicted.{code}")) for code in PREDICTED]
    days = [(str(n), words.say("panel.within", n=n)) for n in WITHIN]
    number = node(
        "input", name="value", type="number", min=0, max=100, step=1, value=share, required=True, data_first=True,
        cls="short", key="value",
    )  # fmt: skip
    return [
        node("label", words.say("panel.predict.what"), _choice("code", happens, what)),
        node("label", words.say("panel.predict.within"), _choice("days", days, str(within))),
        node("label", words.say("panel.predict.share"), number),
    ]


def _choice(name: str, choices: list[tuple[str, str]], chosen: str) -> Node:
    options = [node("option", said, value=code, selected=code == chosen) for code, said in choices]
    return node("select", *options, name=name, data_keep=True, key=name)


def _seen_by(state: State, old: dict[str, Any], words: Words) -> Node:
    """For whom it is: the team, or coach and rep."""
    readers = [(code, words.say(f"panel.reader.{code}")) for code in ("team", "coach_and_rep")]
    field = _choice("seen_by", readers, old.get("seen_by") or state.reader)
    return node("label", words.say("panel.seen_by"), field)


def _said(said: pl.DataFrame, words: Words) -> Node | None:
    """What has been said of this deal, the latest first, each to be said better."""
    told = pl.col("kind").is_in([*SAYINGS, "parked"]) & pl.col("due_on").ne_missing(UNPARKED)
    rows = said.filter(told).reverse().to_dicts()
    if not rows:
        return None
    return node("ul", *(_line(row, words) for row in rows), cls="said", aria_label=words.say("panel.said"))


def _line(row: dict[str, Any], words: Words) -> Node:
    again = {"do": "edit", "entry": row["entry_id"], "saying": row["kind"]}
    better = button(words.say("panel.edit"), again, cls="quiet small") if row["kind"] in SAYINGS else None
    heading = node("b", words.say(f"panel.saying.{row['kind']}"))
    text = node("span", entry_text(row, words), cls="text")
    private = node("span", words.say("panel.reader.coach_and_rep"), cls="mark") if row["seen_by"] != "team" else None
    return node("li", heading, text, private, better, key=f"said-{row['entry_id']}")


def entry_text(row: dict[str, Any], words: Words) -> str:
    """An entry in words: the room's own text, with who and by when; a prediction as so many in a hundred."""
    if row["kind"] == "prediction":
        happens = words.say(f"panel.predicted.{row['code']}")
        within = words.say("panel.within", n=row["days"])
        return words.say("panel.predicted", what=happens, within=within, share=row["value"])
    if row["kind"] == "parked":
        return words.say("panel.parked", day=row["due_on"])
    text = row["text"] if row["text"] is not None else words.say("panel.erased")
    who = [row["owner"]] if row["owner"] else []
    by = [words.say("panel.by", day=row["due_on"])] if row["due_on"] else []
    return " · ".join([text, *who, *by])
