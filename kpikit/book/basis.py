"""The basis of figures: what has to be the same before figures of two times are held against each other.

Whatever remembers a figure, a look or a session remembers this beside it, as plain values; where it is another one now,
that is said, and figures of the two are not joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeGuard

import polars as pl

from kpikit.kpi import cards

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

_WRAP = 2**64
#: the tables that say whose a deal was
_OF_TEAMS = ("deals", "changes", "people", "rates")
_KINDS: Mapping[str, Any] = MappingProxyType(
    {
        "time_zone": str, "fiscal_year_starts": int, "currency": (str, type(None)), "bin": str, "holidays": list,
        "floors": dict, "teams": dict, "definitions": dict, "seen": str,
    }
)  # fmt: skip
#: settings that turn every figure into another one: where they differ, figures are not held against each other
APART = ("time_zone", "fiscal_year_starts", "currency", "bin", "holidays")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is another now: ``what`` (a key of :func:`basis`, or "unknown"), as it was ``then``, and ``now``.

    Of ``holidays`` and ``definitions`` there is only what differs; of ``teams``, what tells which of the deals that
    were known then each team had, by the book then and by the book now. "unknown": nobody wrote it down.
    """

    what: str
    then: Any = None
    now: Any = None

    @property
    def is_apart(self) -> bool:
        """Are figures of the two not to be held against each other?"""
        return self.what in APART


def basis(book: DealBook, seen: datetime | None = None) -> dict[str, Any]:
    """What the figures of a book rest on besides its deals, as plain values for JSON.

    Args:
        book: a whole book, not a team's part.
        seen: the instant up to which figures see; by default that of the book.

    Returns:
        ``time_zone, fiscal_year_starts, currency, bin, holidays`` (days), ``floors``, ``teams`` (of each what tells the
        deals known by then from others, no number of them), ``definitions`` (of each card its version), ``seen``.

    >>> import kpikit
    >>> basis(kpikit.open_book("demo"))["time_zone"]
    'Europe/Amsterdam'
    """
    settings, privacy = book.settings, book.settings.privacy
    seen = seen or book.as_of
    return {
        "time_zone": settings.time_zone,
        "fiscal_year_starts": settings.fiscal_year_starts,
        "currency": settings.currency,
        "bin": settings.bin,
        "holidays": [day.isoformat() for day in settings.holidays],
        "floors": {"people": privacy.min_people, "deals": privacy.min_deals, "team": privacy.min_team},
        "teams": _deals_of_teams(book, seen),
        "definitions": {name: card.version for name, card in cards().items()},
        "seen": seen.isoformat(),
    }


def _deals_of_teams(book: DealBook, seen: datetime) -> dict[str, str]:
    """What tells the deals that each team has, of those known at an instant, from others: sums that add up.

    No number of deals: in a team of one it would be a figure about a person.
    """
    some = {name: book.tables[name] for name in _OF_TEAMS if name in book.tables}
    deals = book.replace(tables=some).at(min(seen, book.as_of)).tables["deals"].lazy().drop_nulls("team")
    found = deals.select("team", pl.col("deal_id").hash(0)).collect()
    return {str(team): f"{int(part['deal_id'].sum()) % _WRAP:016x}" for (team,), part in sorted(found.group_by("team"))}


def differences(then: Mapping[str, Any] | None, book: DealBook) -> tuple[Difference, ...]:
    """What of the basis is another now.

    Args:
        then: what :func:`basis` gave; None where nobody wrote it down.
        book: the book now, whole.

    Returns:
        Nothing where all is the same. Days that come after what was seen then, and teams that had no deal yet, are no
        difference; nor is another number of deals, which is what a later export has.
    """
    if not _is_whole(then):
        return (Difference("unknown"),)
    now = basis(book, datetime.fromisoformat(then["seen"]))
    same = ("time_zone", "fiscal_year_starts", "currency", "bin", "floors")
    plain = [Difference(name, then.get(name), now[name]) for name in same if then.get(name) != now[name]]
    parts = (_of_days(then, now), _of_teams(then["teams"], now["teams"]), _of_cards(then, now))
    return (*plain, *(found for found in parts if found is not None))


def _of_days(then: Mapping[str, Any], now: Mapping[str, Any]) -> Difference | None:
    """Holidays up to the last day that was seen then: those that follow were of no figure's concern."""
    last = then["seen"][:10]
    was, is_now = ({day for day in some["holidays"] if day <= last} for some in (then, now))
    return None if was == is_now else Difference("holidays", sorted(was - is_now), sorted(is_now - was))


def _is_whole(then: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    """Is it what :func:`basis` gave, and not what a file that somebody changed has in its place?"""
    if not isinstance(then, Mapping) or not {*_KINDS} <= set(then):
        return False
    try:
        _ = _sum(then["teams"]), datetime.fromisoformat(then["seen"])
    except (ValueError, TypeError, AttributeError):
        return False
    return all(isinstance(then[name], kind) for name, kind in _KINDS.items())


def _of_teams(then: Mapping[str, str], now: Mapping[str, str]) -> Difference | None:
    """Teams renamed, merged or split; or deals handed over, where all together are the same."""
    is_redrawn = set(then) != set(now) or (_sum(then) == _sum(now) and dict(then) != dict(now))
    return Difference("teams", dict(then), dict(now)) if is_redrawn else None


def _sum(teams: Mapping[str, str]) -> int:
    return sum(int(part, 16) for part in teams.values()) % _WRAP


def _of_cards(then: Mapping[str, Any], now: Mapping[str, Any]) -> Difference | None:
    was, is_now = then["definitions"], now["definitions"]
    names = [name for name in is_now if name in was and was[name] != is_now[name]]
    return Difference("definitions", {n: was[n] for n in names}, {n: is_now[n] for n in names}) if names else None


def are_apart(found: Iterable[Difference], team: str | None = None) -> bool:
    """Are figures of the two times not to be held against each other; of this team, if one is named?

    Where teams were renamed, merged or split, a team is another one if it has other deals of those that were known
    then; deals that were handed over from team to team are said, and no more. The whole book stays what it was.

    >>> are_apart([Difference("floors", 10, 12)]), are_apart([Difference("bin", "day", "hour")])
    (False, True)
    """
    return any(one.is_apart or (is_touched(one, team) and set(one.then) != set(one.now)) for one in found)


def is_touched(found: Difference, team: str | None) -> bool:
    """Has this team other deals now, of those that were known then?"""
    return found.what == "teams" and team is not None and found.then.get(team) != found.now.get(team)
