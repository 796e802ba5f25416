"""Draws deals and the true path of each through the stages: semi-Markov, exit first, then the time that exit takes.

Only uniform draws are taken from the generator and turned into other laws here, so that a seed gives the same
deals whatever numpy's own samplers become. Times are microseconds since 1970, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
from scipy.special import expit, logit

from kpikit.simulate.circumstances import Facts, arrival_ages, facts
from kpikit.simulate.parameters import STEPS, Parameters, Stage
from kpikit.simulate.streams import Floats, Ints, normal

DAY = 86_400_000_000
SECOND = 1_000_000
#: The end of a visit that never ends.
NEVER = np.iinfo(np.int64).max
MOST_VISITS = 200


@dataclass(frozen=True, slots=True)
class Deals:
    """New deals, one element each: ``created`` (µs), indices ``segment``, ``team``, ``person``, ``lift`` (log-odds).

    ``skill``: the part of the lift that is the owner's. ``pace``: how many times as long everything takes, beside the
    segment; None where all are alike.
    """

    created: Ints
    segment: Ints
    team: Ints
    person: Ints
    lift: Floats
    skill: Floats | None = None
    pace: Floats | None = None


@dataclass(frozen=True, slots=True)
class Visits:
    """True visits by deal and time: indices ``deal``, ``number`` (from 0), ``stage``; ``entered``, ``left`` (µs).

    ``kind`` is the index into :data:`KINDS` of how the visit ended.
    """

    deal: Ints
    number: Ints
    stage: Ints
    entered: Ints
    left: Ints
    kind: Ints


#: How a visit ends; "advance" from the last stage is written "won".
KINDS = ("advance", "lost", "back", "skip", "void", "won", "open")


def microseconds(day: date) -> int:
    """The instant at which this UTC day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND


def draw_deals(
    parameters: Parameters, *, deals: int, teams: int, start: int, end: int, rng: np.random.Generator
) -> Deals:
    """So many new deals between two instants (µs), spread over teams and people, growing as the parameters say."""
    days = (end - start) / DAY
    rate = np.log1p(parameters.growth) / 91.3125
    local = datetime.fromtimestamp(start / SECOND, tz=UTC) + timedelta(hours=12)
    age = arrival_ages(rng.random(deals), days, rate, parameters.circumstances.season, local.date())
    team = (rng.random(deals) * teams).astype(np.int64)
    person = (rng.random(deals) * parameters.people).astype(np.int64)
    skill = parameters.skill * normal(rng, (teams, parameters.people))
    own = skill[team, person]
    lift = parameters.quality * normal(rng, deals) + own
    created = start + (age * 86_400).astype(np.int64) * SECOND
    segment = _segments(parameters, created, rng)
    return Deals(created, segment, team, person, lift, own)


def _segments(parameters: Parameters, created: Ints, rng: np.random.Generator) -> Ints:
    """The segment of each deal; where the mix moves, from its day on more of them are of the last one."""
    given, usual = parameters.circumstances, np.array([s.share for s in parameters.segments])
    u = rng.random(len(created))
    moved = (1 - given.mix) * usual / usual.sum()
    moved[-1] += given.mix
    before, since = (np.searchsorted(_edges(part), u, side="right").clip(0, len(part) - 1) for part in (usual, moved))
    return np.where(created >= microseconds(given.mix_on), since, before) if given.mix else before


def _edges(parts: Floats) -> Floats:
    total = np.cumsum(parts)
    return total / total[-1]


def in_circumstances(parameters: Parameters, deals: Deals, *, seed: int, teams: int) -> tuple[Deals, Facts]:
    """The deals as the circumstances make them, and what a CRM would show of those."""
    found = facts(
        parameters.circumstances,
        seed=seed,
        segment=deals.segment,
        team=deals.team,
        seat=deals.team * parameters.people + deals.person,
        seats=teams * parameters.people,
        segments=tuple(s.name for s in parameters.segments),
    )
    return replace(deals, lift=deals.lift + found.lift, pace=found.pace), found


def shares(stage: Stage, lift: Floats) -> Floats:
    """The share of each exit, a row per lift: the log-odds of going forward (advance or skip) move by it."""
    usual = np.array([e.share for e in stage.exits])
    is_forward = np.array([e.kind in ("advance", "skip") for e in stage.exits])
    forward = usual[is_forward].sum()
    moved = expit(logit(forward) + lift)
    other = (1 - moved) / (1 - forward) if forward < 1 else np.ones_like(lift)
    return usual * np.where(is_forward, (moved / forward)[:, None], other[:, None])


def walk(
    parameters: Parameters,
    deals: Deals,
    rng: np.random.Generator,
    *,
    team_names: tuple[str, ...] = (),
    stage_lift: Floats | None = None,
) -> Visits:
    """The true visits of all deals until each is won, lost or void, however late that is.

    ``stage_lift`` (deals × stages) moves the log-odds of going forward in single stages, deal by deal.
    """
    pace = np.array([s.pace for s in parameters.segments])[deals.segment]
    pace = pace if deals.pace is None else pace * deals.pace
    lift = deals.lift + np.array([s.lift for s in parameters.segments])[deals.segment]
    lifts = lift[:, None] + (np.zeros(len(parameters.stages)) if stage_lift is None else stage_lift)
    rows = np.arange(len(deals.created))
    at, now, parts = np.zeros(len(rows), dtype=np.int64), deals.created.copy(), []
    for number in range(MOST_VISITS):
        kind = np.empty(len(rows), dtype=np.int64)
        left = np.empty(len(rows), dtype=np.int64)
        for s in range(len(parameters.stages)):
            here = np.flatnonzero(at == s)
            if len(here):
                team = deals.team[rows[here]]
                begun = deals.created[rows[here]]
                faster, extra = _effects(parameters, s, now[here], begun, team, team_names)
                kind[here], days = _leave(parameters, s, lifts[rows[here], s] + extra, rng)
                left[here] = _later(now[here], days * pace[rows[here]] * faster)
        parts.append((rows, np.full(len(rows), number), at, now, left, kind))
        rows, at, now = _next(parameters, rows, at, left, kind, rng)
        if not len(rows):
            break
    deal, number, stage, entered, left, kind = (np.concatenate(c) for c in zip(*parts, strict=True))
    order = np.lexsort((number, deal))
    return Visits(*(c[order] for c in (deal, number, stage, entered, left, kind)))


def _leave(parameters: Parameters, s: int, lift: Floats, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """How each visit to stage ``s`` ends, and after how many days (infinite for one that sleeps)."""
    stage = parameters.stages[s]
    edges = np.cumsum(shares(stage, lift), axis=1)
    which = (rng.random(len(lift))[:, None] >= edges[:, :-1]).sum(axis=1)
    days = np.log([e.days for e in stage.exits])[which] + parameters.spread * normal(rng, len(lift))
    kinds = np.array([KINDS.index(e.kind) for e in stage.exits])
    if s == len(parameters.stages) - 1:
        kinds[kinds == KINDS.index("advance")] = KINDS.index("won")
    asleep = rng.random(len(lift)) < parameters.asleep
    return np.where(asleep, KINDS.index("open"), kinds[which]), np.where(asleep, np.inf, np.exp(days))


def _effects(
    parameters: Parameters, s: int, now: Ints, begun: Ints, team: Ints, names: tuple[str, ...]
) -> tuple[Floats, Floats]:
    """How many times as long, and how much more log-odds, by the effects planted on this stage."""
    pace, lift = np.ones(len(now)), np.zeros(len(now))
    for effect in parameters.effects:
        if effect.stage in (None, parameters.stages[s].name):
            at = begun if effect.of == "deals" else now
            on = (at >= microseconds(effect.since_on)) & (at < microseconds(effect.until_on))
            if effect.team is not None:
                on &= team == (names.index(effect.team) if effect.team in names else -1)
            pace[on] *= effect.pace
            lift[on] += effect.lift
    return pace, lift


def _later(now: Ints, days: Floats) -> Ints:
    """So many days later, to the second (at least one); never, if the days are infinite."""
    ends = np.isfinite(days)
    seconds = np.maximum(np.where(ends, days, 0) * 86_400, 1).astype(np.int64)
    return np.where(ends, now + seconds * SECOND, NEVER)


def _next(
    parameters: Parameters, rows: Ints, at: Ints, left: Ints, kind: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Which deals go on, in which stage, from when."""
    step = np.array([STEPS.get(k, 0) for k in KINDS])[kind]
    now, goes_on = left, step != 0
    if parameters.reopened:
        again = (kind == KINDS.index("lost")) & (at >= 2) & (rng.random(len(rows)) < parameters.reopened)
        gap = parameters.reopened_days * np.exp(parameters.spread * normal(rng, len(rows)))
        now, step, goes_on = np.where(again, _later(left, gap), left), np.where(again, -1, step), goes_on | again
    return rows[goes_on], (at + step)[goes_on], now[goes_on]
