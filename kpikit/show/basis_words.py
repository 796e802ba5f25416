"""What figures rest on that is another than before, in words: the same in a report, an index, a check, a session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kpikit.show.page import Message, message

#: so many teams, days or definitions are named; the others are counted
NAMED = 6


def differs(what: str, then: Any, now: Any) -> Message:
    """A difference as a sentence; ``what, then, now`` as :class:`kpikit.book.basis.Difference` has them.

    >>> from kpikit.words import Words
    >>> differs("time_zone", "UTC", "Europe/Brussels").in_words(Words("en"))
    'Counted in the time zone Europe/Brussels now; before, in UTC.'
    """
    if what in ("time_zone", "fiscal_year_starts"):
        return message(f"basis.{what}", then=str(then), now=str(now))
    if what == "currency":
        return message("basis.currency", then=_currency(then), now=_currency(now))
    if what == "bin":
        return message("basis.bin", then=message(f"basis.bin.{then}"), now=message(f"basis.bin.{now}"))
    if what == "holidays":
        return message("basis.holidays", then=listed(then), now=listed(now))
    if what == "floors":
        return message("basis.floors", then=_floors(then), now=_floors(now))
    if what == "teams":
        return _teams(then, now)
    if what == "definitions":
        names = [message("basis.card", name=message(f"kpi.{one}"), then=then[one], now=now[one]) for one in now]
        return message("basis.definitions", names=listed(names))
    return message("basis.unknown")


def rests_on(settings: Any) -> Message:
    """By what a book counts (:class:`kpikit.book.Settings`), in a sentence."""
    return message(
        "basis.counts" if settings.holidays else "basis.counts.weekends",
        time_zone=settings.time_zone,
        month=str(settings.fiscal_year_starts),
        currency=_currency(settings.currency),
        bin=message(f"basis.bin.{settings.bin}"),
        holidays=len(settings.holidays),
    )


def _teams(then: Mapping[str, str], now: Mapping[str, str]) -> Message:
    """The teams that are others, as they were called then and are called now."""
    was, are = ([name for name in some if then.get(name) != now.get(name)] for some in (then, now))
    code = "basis.teams" if set(then) != set(now) else "basis.teams.same"
    return message(code, then=listed(was), now=listed(are))


def listed(names: Sequence[str | Message]) -> Message | str:
    """The first of several, and how many more there are."""
    if not names:
        return message("basis.none")
    first: tuple[str | Message, ...] = tuple(names[:NAMED])
    more = len(names) - len(first)
    return message("basis.more", names=first, n=more) if more else message("basis.list", names=first)


def _currency(code: str | None) -> Message | str:
    return code or message("basis.currency.none")


def _floors(floors: Mapping[str, int]) -> Message:
    return message("basis.floors.are", **{name: floors.get(name, 0) for name in ("people", "deals", "team")})


def all_differ(found: Iterable[Any]) -> tuple[Message, ...]:
    """Several differences, a sentence each."""
    return tuple(differs(one.what, one.then, one.now) for one in found)
