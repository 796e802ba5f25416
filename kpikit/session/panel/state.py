"""What the panel remembers: a frozen value, and what each click makes of it. No widget, no file, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from kpikit.errors import UsageError
from kpikit.log.entries import READERS
from kpikit.review.listing import choices as lot
from kpikit.review.listing.choices import Choices
from kpikit.session.open_deals import SORTS

PLACES = ("opening", "deals", "learning")
SIDES = ("agenda", "all")
#: what can be said about a deal, in the order of the conversation: what the room expects, before it talks
SAYINGS = ("prediction", "learned", "worked", "did_not", "agreement", "note", "prepared")


@dataclass(frozen=True)
class Ack:
    """What became of something written: when it was saved, or why not."""

    saved: str = ""
    failed: str = ""
    again: int = 0


@dataclass(frozen=True)
class State:
    """Where the room is.

    ``deal`` is the one on the screen, ``saying`` which form stands under it, ``editing`` the entry that is being said
    better. ``choices`` are what the coach changed on the agenda. ``acks`` answers what was sent, by the id that the
    screen gave it; ``unsaved`` is what could not be saved, in full.
    """

    place: str = "opening"
    side: str = "agenda"
    deal: str | None = None
    saying: str = "prediction"
    editing: str | None = None
    filter: str = ""
    sort: str = "days"
    reader: str = "team"
    author: str = ""
    is_closing: bool = False
    choices: Choices = field(default_factory=Choices)
    acks: Mapping[str, Ack] = field(default_factory=lambda: MappingProxyType({}))
    unsaved: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))


def go(state: State, place: str) -> State:
    """To another page."""
    return replace(state, place=_known("place", place, PLACES), is_closing=False, editing=None)


def look(state: State, side: str) -> State:
    """The agenda, or all open deals, beside the story."""
    return replace(state, side=_known("side", side, SIDES), place="deals")


def select(state: State, deal: str, saying: str = "prediction") -> State:
    """A deal on the screen; ``saying`` is the form to begin with."""
    return replace(state, deal=deal, place="deals", saying=_known("saying", saying, SAYINGS), editing=None)


def say(state: State, saying: str) -> State:
    """Another form under the story."""
    return replace(state, saying=_known("saying", saying, SAYINGS), editing=None)


def edit(state: State, entry: str, saying: str) -> State:
    """Say an entry better: its form, with its words in it."""
    return replace(say(state, saying), editing=entry)


def filtered(state: State, text: str) -> State:
    """Only the deals that have these words."""
    return replace(state, filter=text[:200])


def sorted_by(state: State, column: str) -> State:
    """By this column; by the same column again, the other way round."""
    column = _known("sort", column, tuple(SORTS))
    return replace(state, sort=f"-{column}" if state.sort == column else column)


def shown_to(state: State, reader: str) -> State:
    """Who looks at the screen: the team, or coach and rep."""
    return replace(state, reader=_known("reader", reader, READERS), editing=None)


def written_by(state: State, author: str) -> State:
    """Who writes."""
    return replace(state, author=author.strip())


def pin(state: State, deal: str) -> State:
    """The deal must be on the agenda, or need not be any more."""
    return replace(state, choices=lot.pin(state.choices, deal))


def drop(state: State, deal: str) -> State:
    """The deal is not talked about today."""
    return replace(state, choices=lot.drop(state.choices, deal))


def move(state: State, deal: str, by: int, listed: Sequence[str]) -> State:
    """The deal further up or down."""
    return replace(state, choices=lot.move(state.choices, deal, by, listed))


def park(state: State, deal: str, until: date) -> State:
    """The deal stays off the agenda until a day."""
    return replace(state, choices=lot.park(state.choices, deal, until))


def undo(state: State) -> State:
    """The agenda as it was one step earlier."""
    return replace(state, choices=lot.undo(state.choices))


def closing(state: State) -> State:
    """Ask once more before the session is closed; or do not."""
    return replace(state, is_closing=not state.is_closing)


def acknowledged(state: State, sent: str, ack: Ack) -> State:
    """With the answer to something that was sent; the last fifty are kept."""
    before = state.acks.get(sent)
    kept = dict(list(state.acks.items())[-49:])
    kept[sent] = replace(ack, again=before.again + 1 if before else 1)
    state = replace(state, acks=MappingProxyType(kept))
    return replace(let_go(state, sent), editing=None) if ack.saved else state


def unsaved(state: State, sent: str, said: Mapping[str, Any]) -> State:
    """What could not be saved, kept until it is saved or let go."""
    return replace(state, unsaved=MappingProxyType({**state.unsaved, sent: dict(said)}))


def let_go(state: State, sent: str) -> State:
    """What could not be saved is not wanted any more."""
    return replace(state, unsaved=MappingProxyType({one: said for one, said in state.unsaved.items() if one != sent}))


def after(saying: str) -> str:
    """What the room says next: once it has predicted, it talks."""
    return "learned" if saying == "prediction" else saying


def _known(what: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise UsageError("panel_value", what=what, value=str(value), allowed=", ".join(allowed))
    return str(value)
