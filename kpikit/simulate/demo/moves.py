"""The demo's deals and their paths: drawn as the plan says, then recorded by people who are sometimes late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from kpikit.simulate.demo.teams import (
    CAMPAIGN,
    LAST_DAY,
    PROCESS,
    QUARTERS,
    RANDSTAD,
    SECOND_LIFT,
    SECOND_SHARE,
    TEAMS,
    Team,
)
from kpikit.simulate.frames import visits_until
from kpikit.simulate.parameters import Parameters
from kpikit.simulate.paths import DAY, SECOND, Deals, microseconds, walk
from kpikit.simulate.scenario import words
from kpikit.simulate.streams import Floats, Ints, generators, normal
from kpikit.simulate.working_time import drawn_time, working_days

#: Drawn time ends with the week of the export, which is its Friday evening in working time.
END = microseconds(date(2026, 10, 5))
LATEST = END - DAY // 24
#: How many deals begin on a day, beside an ordinary one.
QUIET = {7: 0.7, 8: 0.65, 12: 0.75}


@dataclass(frozen=True, slots=True)
class Drawn:
    """Deals with their ``visits`` (until the end, see ``visits_until``, and ``recorded``, when each was entered).

    ``deals``: deal (index), team, segment, lift, second (a second contact before the offer), begun, created and
    recorded (µs; when it truly began, when the CRM has it begin, when it was entered), is_late (first recorded at the
    proposal), offered (first at the proposal or beyond). Visits that nobody entered have no ``recorded``.
    """

    deals: pl.DataFrame
    visits: pl.DataFrame


def draw(teams: tuple[Team, ...] = TEAMS) -> Drawn:
    """All deals of these teams, in the order in which they begin."""
    drawn = [draw_team(team) for team in teams]
    starts = np.cumsum([0, *(d.deals.height for d in drawn)])
    deals = pl.concat([d.deals.with_columns(pl.col("deal") + s) for d, s in zip(drawn, starts[:-1], strict=True)])
    visits = pl.concat([d.visits.with_columns(pl.col("deal") + s) for d, s in zip(drawn, starts[:-1], strict=True)])
    deals = deals.sort("begun", maintain_order=True)
    place = pl.DataFrame({"deal": deals["deal"], "now": np.arange(deals.height)})
    visits = visits.join(place, on="deal").drop("deal").rename({"now": "deal"}).sort("deal", "number")
    return Drawn(deals.with_columns(deal=place["now"]), visits)


def draw_team(team: Team) -> Drawn:
    """The deals of one team and their true visits, then what the CRM has of them."""
    rng = generators(team.seed, ("deals", "walk", "record"))
    created = _beginnings(team, rng["deals"])
    n = len(created)
    segment = _segments(team, created, rng["deals"])
    second = rng["deals"].random(n) < SECOND_SHARE
    lift = PROCESS.quality * normal(rng["deals"], n)
    zeros = np.zeros(n, dtype=np.int64)
    arrays = Deals(created, segment, zeros, zeros, lift)
    visits = walk(process_of(team), arrays, rng["walk"], team_names=(team.name,), stage_lift=_stage_lift(team, second))
    deals = pl.DataFrame({"deal": np.arange(n), "lift": lift, "second": second, "begun": created}).with_columns(
        team=pl.lit(team.name), segment=words(tuple(s.name for s in PROCESS.segments), segment)
    )
    return record(team, Drawn(deals, visits_until(visits, END)), rng["record"])


def _beginnings(team: Team, rng: np.random.Generator) -> Ints:
    """When deals begin: evenly within each quarter but for the holidays."""
    parts = []
    for first, until, n in zip(QUARTERS, (*QUARTERS[1:], LAST_DAY), team.deals, strict=True):
        if n:
            days = working_days(first, until)
            weight = np.cumsum([QUIET.get(d.month, 1.0) for d in days])
            at = (np.arange(n) + rng.random(n)) / n * weight[-1]
            which = np.searchsorted(weight, at, side="right").clip(0, len(days) - 1)
            parts.append(drawn_time([days[i] for i in which], rng.random(n)))
    return np.sort(np.concatenate(parts))


def _segments(team: Team, created: Ints, rng: np.random.Generator) -> Ints:
    """Segments by the team's mix; in team Randstad it changes on a day."""
    u = rng.random(len(created))
    found = np.searchsorted(np.cumsum([s.share for s in process_of(team).segments]), u, side="right").clip(0, 2)
    if team.name == "Randstad":
        since, mix = CAMPAIGN
        after = np.searchsorted(np.cumsum(mix), u, side="right").clip(0, 2)
        found = np.where(created >= microseconds(since), after, found)
    return found


def process_of(team: Team) -> Parameters:
    """The process by which a team's deals are drawn."""
    return RANDSTAD if team.name == "Randstad" else PROCESS


def _stage_lift(team: Team, second: np.ndarray) -> Floats:
    """What is planted per deal and stage, on the log-odds of going forward."""
    lift = np.zeros((len(second), len(PROCESS.stages)))
    if team.name == "Vlaanderen":
        lift[:, 2:] += np.where(second, *SECOND_LIFT)[:, None]
    return lift


def record(team: Team, drawn: Drawn, rng: np.random.Generator) -> Drawn:
    """What the CRM has: when each deal was created and entered, and which visits were ever entered.

    A deal of those registered late comes into being when it reaches the proposal: its earlier visits are not there.
    Some others are entered some weeks late, with their true dates.
    """
    n = drawn.deals.height
    offer = drawn.visits.filter(pl.col("stage") >= 2).group_by("deal").agg(offered=pl.col("entered").min())
    deals = drawn.deals.join(offer, on="deal", how="left", maintain_order="left")
    u, v, w = rng.random(n), rng.random(n), rng.random(n)
    deals = deals.with_columns(is_late=pl.col("offered").is_not_null() & pl.Series(w < team.late))
    deals = deals.with_columns(created=pl.when("is_late").then("offered").otherwise("begun"))
    wait = np.where(~deals["is_late"].to_numpy() & (u < 0.05), 5 + 20 * v, 0.01 + 0.2 * v * v)
    recorded = deals["created"].to_numpy() + (wait * 86_400).astype(np.int64) * SECOND
    deals = deals.with_columns(recorded=pl.Series(np.minimum(recorded, LATEST)))
    return Drawn(deals, drawn.visits.with_columns(recorded=_entered(drawn.visits, deals, rng)))


def _entered(visits: pl.DataFrame, deals: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """When each visit was entered into the CRM: soon, the next day, or weeks later; null if it never was."""
    roll, span = rng.random(visits.height), rng.random(visits.height)
    days = np.where(roll < 0.04, 3 + 12 * span, np.where(roll < 0.2, 0.3 + 1.5 * span, 0.003 + 0.05 * span))
    at = np.minimum(visits["entered"].to_numpy() + (days * 86_400).astype(np.int64) * SECOND, LATEST)
    both = visits.with_columns(at=pl.Series(at)).join(
        deals.select("deal", "created", "recorded"), on="deal", maintain_order="left"
    )
    both = both.with_columns(
        at=pl.when(pl.col("entered") >= pl.col("created")).then(pl.max_horizontal("at", "recorded"))
    )
    return both.select(pl.col("at").cum_max().over("deal")).to_series()


def day_of(drawn: int) -> date:
    """The day of a drawn instant."""
    return date(1970, 1, 1) + timedelta(days=drawn // DAY)
