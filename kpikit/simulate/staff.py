"""Who holds each seat in a team and until when: people leave, and somebody else takes their open deals over."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from kpikit.simulate.parameters import Parameters
from kpikit.simulate.paths import SECOND, Deals
from kpikit.simulate.streams import Ints, normal, stream

#: Nobody sees more than so many people leave one seat.
MOST = 12


@dataclass(frozen=True, slots=True)
class Staff:
    """Seats in order of team and person: ``left`` (seats × 12, µs, in order) is when each holder in turn leaves."""

    left: Ints
    names: tuple[str, ...]

    def holder(self, seat: Ints, at: Ints) -> Ints:
        """Which holder, from 0, sits in each seat at each instant (µs)."""
        return (self.left[seat] <= np.asarray(at)[:, None]).sum(axis=1)

    def owners(self, seat: Ints, at: Ints) -> pl.Series:
        """The id of who holds each seat at each instant: ``p03``, then ``p03.2``."""
        which = pl.DataFrame({"seat": pl.Series(self.names).gather(seat), "k": self.holder(seat, at) + 1})
        later = pl.format("{}.{}", "seat", "k")
        return which.select(owner=pl.when(pl.col("k") > 1).then(later).otherwise("seat"))["owner"]


def seat_of(parameters: Parameters, deals: Deals) -> Ints:
    """The seat that each deal was begun in."""
    return deals.team * parameters.people + deals.person


def staff(parameters: Parameters, *, teams: int, seed: int, begin: int, end: int) -> Staff:
    """Who comes and goes between two instants; nobody leaves where turnover is 0."""
    seats = teams * parameters.people
    names = tuple(f"p{i + 1:0{len(str(seats))}d}" for i in range(seats))
    rate = -np.log1p(-parameters.circumstances.turnover) / 365.25
    if not rate:
        return Staff(np.zeros((seats, 0), dtype=np.int64), names)
    # Notice is given: nobody stays less than a month.
    gaps = 30 - np.log1p(-stream(seed, "turnover").random((seats, MOST))) / rate
    days = gaps.cumsum(axis=1)
    left = begin + np.minimum(days * 86_400, 10**10).astype(np.int64) * SECOND
    return Staff(np.where(left < end, left, np.iinfo(np.int64).max), names)


def with_successors(parameters: Parameters, deals: Deals, held: Staff, seed: int) -> Deals:
    """The deals with the skill of whoever began them: successors bring their own."""
    if deals.skill is None or not held.left.shape[1]:
        return deals
    seat = seat_of(parameters, deals)
    which = held.holder(seat, deals.created)
    later = parameters.skill * normal(stream(seed, "successors"), (held.left.shape[0], MOST + 1))
    skill = np.where(which > 0, later[seat, which], deals.skill)
    return replace(deals, lift=deals.lift - deals.skill + skill, skill=skill)


def handovers(held: Staff, seat: Ints, created: Ints, until: Ints) -> pl.DataFrame:
    """Deals that went to a successor while they were open: ``deal`` (index), ``old``, ``new`` (ids), ``at`` (µs)."""
    left = held.left[seat]
    deal, k = np.nonzero((left > created[:, None]) & (left < until[:, None]))
    at = left[deal, k]
    old, new = held.owners(seat[deal], at - 1), held.owners(seat[deal], at)
    return pl.DataFrame({"deal": deal, "old": old, "new": new, "at": at})


def people(held: Staff, team: tuple[str, ...], *, begin: int, end: int) -> pl.DataFrame:
    """Everyone, with the days (µs) from which and until which they were there; ``until`` is null for who stays.

    ``team``: the name of each seat's team.
    """
    seats = len(held.names)
    edges = np.concatenate((np.full((seats, 1), begin), np.minimum(held.left, end), np.full((seats, 1), end)), axis=1)
    seat, k = np.nonzero(edges[:, 1:] > edges[:, :-1])
    since, until = edges[seat, k], edges[seat, k + 1]
    return pl.DataFrame(
        {
            "owner": held.owners(seat, since),
            "team": np.array(team)[seat],
            "since": since,
            "until": pl.select(pl.when(pl.Series(until) < end).then(pl.Series(until))).to_series(),
        }
    )
