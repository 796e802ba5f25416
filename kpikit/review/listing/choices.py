"""One deal drawn by lot, so that the rules can be judged; and the coach's choices: pin, drop, order, park, undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256


def drawn(candidates: Iterable[str], *, seed: int, session: date, book_hash: str) -> str | None:
    """The deal whose ticket is the smallest; None where there are none.

    A ticket depends on the seed, the session, the book and the deal alone: each deal has the same chance, and taking
    one away, or adding some, leaves the tickets of the others as they are.

    >>> drawn(["a", "b"], seed=0, session=date(2026, 10, 5), book_hash="") in ("a", "b")
    True
    """
    begin = f"{seed}\x1f{session.isoformat()}\x1f{book_hash}\x1f"
    return min(candidates, key=lambda deal_id: sha256(f"{begin}{deal_id}".encode()).digest(), default=None)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the coach changed on an agenda; ``before`` is how it was one step earlier.

    ``pinned``: deals that must be on it. ``dropped``: deals that are not talked about today. ``parked``: deals and the
    day until which. ``order``: deals in the order in which they are to be taken; the others follow.
    """

    pinned: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    parked: tuple[tuple[str, date], ...] = ()
    order: tuple[str, ...] = ()
    before: Choices | None = None

    def asked(self) -> dict:
        """The choices as arguments of :func:`kpikit.review.agenda`."""
        return {"pinned": self.pinned, "dropped": self.dropped, "parked": dict(self.parked), "order": self.order}


def pin(choices: Choices, deal_id: str) -> Choices:
    """The deal must be on the agenda; one that is pinned already is let go.

    >>> pin(pin(Choices(), "a"), "a").pinned
    ()
    """
    if deal_id in choices.pinned:
        return _next(choices, pinned=_without(choices.pinned, deal_id))
    dropped, parked = _without(choices.dropped, deal_id), _unparked(choices, deal_id)
    return _next(choices, pinned=(*choices.pinned, deal_id), dropped=dropped, parked=parked)


def drop(choices: Choices, deal_id: str) -> Choices:
    """The deal is not talked about today; the next one in line takes its place."""
    pinned = _without(choices.pinned, deal_id)
    return _next(choices, pinned=pinned, dropped=(*_without(choices.dropped, deal_id), deal_id))


def park(choices: Choices, deal_id: str, until: date) -> Choices:
    """The deal stays off the agenda until that day."""
    pinned = _without(choices.pinned, deal_id)
    return _next(choices, pinned=pinned, parked=(*_unparked(choices, deal_id), (deal_id, until)))


def move(choices: Choices, deal_id: str, by: int, listed: Sequence[str]) -> Choices:
    """The deal so many places down (up, if negative) among those that are listed.

    >>> move(Choices(), "c", -1, ["a", "b", "c"]).order
    ('a', 'c', 'b')
    """
    if deal_id not in listed:
        return choices
    others = [one for one in listed if one != deal_id]
    place = min(max(listed.index(deal_id) + by, 0), len(others))
    order = (*others[:place], deal_id, *others[place:])
    return choices if order == tuple(listed) else _next(choices, order=order)


def undo(choices: Choices) -> Choices:
    """As it was one step earlier."""
    return choices.before or choices


def places(choices: Choices) -> dict[str, tuple[str, int | None]]:
    """What the log keeps of the choices, so that a screen that was closed finds them: deal → what, and its place.

    >>> places(move(pin(Choices(), "a"), "b", -1, ["a", "b"]))
    {'b': ('free', 1), 'a': ('pinned', 2)}
    """
    what = dict.fromkeys(choices.order, "free") | dict.fromkeys(choices.dropped, "dropped")
    what |= dict.fromkeys(choices.pinned, "pinned")
    position = {deal: i for i, deal in enumerate(choices.order, start=1)}
    return {deal: (how, position.get(deal)) for deal, how in what.items()}


def chosen_before(placed: Mapping[str, tuple[str, int | None]], parked: Iterable[tuple[str, date]]) -> Choices:
    """The choices again, from what the log kept of :func:`places`; and deals that were parked until a day.

    >>> chosen_before({"b": ("free", 1), "a": ("pinned", 2)}, []) == Choices(pinned=("a",), order=("b", "a"))
    True
    """
    here = {how: tuple(deal for deal, (its, _) in placed.items() if its == how) for how in ("pinned", "dropped")}
    order = sorted((position, deal) for deal, (_, position) in placed.items() if position is not None)
    return Choices(here["pinned"], here["dropped"], tuple(parked), tuple(deal for _, deal in order))


def _next(choices: Choices, **changes: tuple) -> Choices:
    return replace(choices, **changes, before=choices)


def _without(some: tuple[str, ...], deal_id: str) -> tuple[str, ...]:
    return tuple(one for one in some if one != deal_id)


def _unparked(choices: Choices, deal_id: str) -> tuple[tuple[str, date], ...]:
    return tuple(one for one in choices.parked if one[0] != deal_id)
