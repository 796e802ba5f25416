"""What a company's market and staff do to its deals: seasons, kinds of deals, customers that fit, slow people, mix.

All of it happens; none of it is a way of recording. Each fact is drawn from a stream of its own, so that one of them
never moves another's draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import product

import numpy as np

from kpikit.errors import wrong_setting
from kpikit.simulate.streams import Floats, Ints, pick, stream

#: Lengths of the months, for a season's weights.
MONTH_DAYS = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class DealType:
    """A kind of deal: its ``share`` of new deals, how many times as long everything takes, its log-odds of going on.

    ``of_customers``: such deals are begun with accounts that were customers already.
    """

    name: str
    share: float
    pace: float = 1.0
    lift: float = 0.0
    of_customers: bool = False


#: New business, and what customers bring: renewals go on four times in five, and fast.
NEW_AND_CUSTOMERS = (
    DealType("new", 0.7),
    DealType("renewal", 0.18, pace=0.6, lift=1.6, of_customers=True),
    DealType("expansion", 0.12, pace=0.8, lift=0.6, of_customers=True),
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is so in a company, beside its process. The defaults change nothing.

    ``season``: twelve weights of new deals, January first (1 is usual). ``turnover``: share of people who leave in a
    year, each followed by somebody else who takes the open deals over. ``types``: kinds of deals. ``accounts``: deals
    per account (0: no accounts). ``icp`` and ``new_market``: shares of customers that fit the ideal profile, and that
    are of a new market, with the log-odds of going forward that each adds. ``mix``: share of each segment's deals that
    from ``mix_on`` on are of the last segment instead. ``long_cycles``: share of people whose deals take
    ``long_pace`` times as long. ``date_error``: standard deviation of the logarithm of the days to the close that
    owners state (0: no close dates). ``forecast_noise``: standard deviation, in log-odds, of the chance that they
    state at each stage (0: no history of chances). ``discount``: mean discount of deals. ``next_steps``: share of
    open deals with a next step. ``competitors``: whom deals are lost to, the most famous first. ``reason_days``: median
    days from a loss to its reason (0: no history of reasons). ``amount_moves``: share of deals whose amount changes.
    """

    season: tuple[float, ...] = ()
    turnover: float = 0.0
    types: tuple[DealType, ...] = ()
    accounts: float = 0.0
    icp: float = 0.0
    icp_lift: float = 0.0
    new_market: float = 0.0
    new_market_lift: float = 0.0
    mix: float = 0.0
    mix_on: date = date.min
    long_cycles: float = 0.0
    long_pace: float = 2.0
    date_error: float = 0.0
    forecast_noise: float = 0.0
    discount: float = 0.0
    next_steps: float = 0.0
    competitors: tuple[str, ...] = ()
    reason_days: float = 0.0
    amount_moves: float = 0.0

    def __post_init__(self) -> None:
        if self.season and (len(self.season) != 12 or min(self.season) < 0 or max(self.season) <= 0):
            raise wrong_setting("season", self.season, "twelve weights, 0 or more")
        for name in ("turnover", "icp", "new_market", "mix", "long_cycles", "discount", "next_steps", "amount_moves"):
            if not 0 <= getattr(self, name) <= 1 or (name == "turnover" and self.turnover == 1):
                raise wrong_setting(name, getattr(self, name), "0 – 1")

    def kinds(self) -> list[tuple[float, float, float]]:
        """Every kind of deal that these circumstances tell apart: its share, lift (log-odds) and pace."""
        types = [(t.share / sum(t.share for t in self.types), t.lift, t.pace) for t in self.types] or [(1.0, 0.0, 1.0)]
        fits = [(self.icp, self.icp_lift, 1.0), (1 - self.icp, 0.0, 1.0)]
        markets = [(self.new_market, self.new_market_lift, 1.0), (1 - self.new_market, 0.0, 1.0)]
        paces = [(self.long_cycles, 0.0, self.long_pace), (1 - self.long_cycles, 0.0, 1.0)]
        return [
            (float(np.prod([c[0] for c in cells])), sum(c[1] for c in cells), float(np.prod([c[2] for c in cells])))
            for cells in product(types, fits, markets, paces)
            if all(c[0] > 0 for c in cells)
        ]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the circumstances make of each deal: ``lift``, ``pace``, and what a CRM would show; None where not asked."""

    lift: Floats
    pace: Floats
    type: Ints | None = None
    account: tuple[str, ...] | None = None
    is_icp: np.ndarray | None = field(default=None)
    is_new_market: np.ndarray | None = field(default=None)
    customers: tuple[bool, ...] | None = None


def facts(
    given: Circumstances, *, seed: int, segment: Ints, team: Ints, seat: Ints, seats: int, segments: tuple[str, ...]
) -> Facts:
    """Draw them for deals of these segments, teams and seats (``seats`` in all)."""
    n = len(segment)
    lift, pace = np.zeros(n), np.ones(n)
    kind, of_customers = None, np.zeros(n, dtype=bool)
    if given.types:
        kind = pick(stream(seed, "type"), tuple(t.share for t in given.types), n)
        lift += np.array([t.lift for t in given.types])[kind]
        pace *= np.array([t.pace for t in given.types])[kind]
        of_customers = np.array([t.of_customers for t in given.types])[kind]
    if given.long_cycles:
        pace *= np.where(stream(seed, "long cycles").random(seats) < given.long_cycles, given.long_pace, 1.0)[seat]
    unit, names = np.arange(n), None
    if given.accounts:
        unit, names = _accounts(given, seed, segment, team, of_customers, segments)
    flags = {}
    for name, share, extra in (
        ("icp", given.icp, given.icp_lift), ("new market", given.new_market, given.new_market_lift)
    ):  # fmt: skip
        if share:
            flags[name] = (stream(seed, name).random(int(unit.max(initial=0)) + 1) < share)[unit]
            lift += extra * flags[name]
    told = tuple(bool(c) for c in of_customers) if names is not None else None
    return Facts(lift, pace, kind, names, flags.get("icp"), flags.get("new market"), told)


def _accounts(
    given: Circumstances, seed: int, segment: Ints, team: Ints, of_customers: np.ndarray, segments: tuple[str, ...]
) -> tuple[Ints, tuple[str, ...]]:
    """The account of each deal: customers and others apart, of the deal's team and segment. Index and name."""
    group = (team * len(segments) + segment) * 2 + of_customers
    size = np.bincount(group, minlength=1)
    pool = np.maximum(np.ceil(size / given.accounts), 1).astype(np.int64)
    start = np.concatenate(([0], np.cumsum(pool)[:-1]))
    within = (stream(seed, "account").random(len(group)) * pool[group]).astype(np.int64)
    unit = start[group] + within
    names = tuple(f"A{i + 1:06d}" for i in unit)
    return unit, names


def arrival_ages(u: Floats, days: float, rate: float, season: tuple[float, ...], start: date) -> Floats:
    """Days after ``start`` at which deals begin, for uniform draws ``u``; ``rate`` is the growth a day."""
    if not season:
        return u * days if rate == 0 else np.log1p(u * np.expm1(rate * days)) / rate
    at = np.arange(int(np.ceil(days)))
    months = (np.datetime64(start, "D") + at).astype("datetime64[M]").astype(int) % 12
    weight = np.asarray(season, dtype=float)[months] * np.exp(rate * at) * np.minimum(1.0, days - at)
    total = np.concatenate(([0.0], np.cumsum(weight)))
    return np.interp(u, total / total[-1], np.concatenate((at, [days])))
