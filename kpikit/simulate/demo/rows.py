"""The demo's tables about deals: owners, money, dates and what changed on the way. Times are drawn µs until the end."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from kpikit.simulate.demo.moves import END, LATEST, Drawn, day_of
from kpikit.simulate.demo.teams import PEOPLE, PROCESS, TEAMS, Person, Team
from kpikit.simulate.paths import DAY, SECOND, microseconds
from kpikit.simulate.scenario import REASON_SHARES, REASONS, words
from kpikit.simulate.streams import Floats, Ints, normal, pick
from kpikit.simulate.truth import win_chance

ASKED_BY = ("customer", "us", "both", None)
COMPETITORS = ("Plannova", "Roosterix", "Fieldlight", "Agendo Pro", "own spreadsheet", "none", None)
#: Euros for a pound, by month from July 2024 on (illustrative, not a quotation).
POUND = (
    1.187,
    1.183,
    1.192,
    1.195,
    1.2,
    1.199,
    1.205,
    1.193,
    1.203,
    1.197,
    1.171,
    1.179,
    1.171,
    1.157,
    1.154,
    1.149,
    1.148,
    1.136,
    1.14,
)
POUND += (1.146, 1.151, 1.147, 1.15, 1.155, 1.152, 1.158, 1.156, 1.161)


def joined(drawn: Drawn) -> pl.DataFrame:
    """One row per deal: beside what was drawn, stage, stage_name, outcome and ended (drawn µs)."""
    last = drawn.visits.filter("is_last").select("deal", "stage", "kind", "left", last_entered="entered")
    outcome = pl.col("kind").replace_strict({"won": "won", "lost": "lost", "void": "void"}, default="open")
    frame = drawn.deals.join(last, on="deal", how="left", maintain_order="left")
    return frame.with_columns(
        outcome=outcome,
        ended=pl.when(outcome != "open").then("left"),
        stage_name=pl.col("stage").replace_strict(dict(enumerate(PROCESS.names)), return_dtype=pl.String),
    )


def owners(deals: pl.DataFrame, rng: np.random.Generator) -> tuple[list[str], list[tuple[int, str, str, int]]]:
    """The present owner of each deal, and the transfers (deal, old, new, when) to a colleague of who leaves."""
    owner, moves = [], []
    for deal, team, begun, ended in deals.select("deal", "team", "created", "ended").iter_rows():
        now = _someone(team, day_of(begun), rng)
        person = _stint(now, team)
        while person.until_on is not None and microseconds(person.until_on) < (ended or END):
            when = microseconds(person.until_on) - 3 * DAY
            when = max(when, begun + 60 * SECOND)
            heir = _someone(team, person.until_on, rng)
            moves.append((deal, now, heir, when))
            now, person = heir, _stint(heir, team)
        owner.append(now)
    return owner, moves


def owner_then(events: pl.DataFrame, owner: list[str], moves: list[tuple[int, str, str, int]]) -> pl.Series:
    """Who owned the deal when each event (deal, at) happened."""
    now = pl.Series(owner).gather(events["deal"])
    for deal, old, _, when in reversed(moves):
        now = events.select(
            pl.when((pl.col("deal") == deal) & (pl.col("at") < when)).then(pl.lit(old)).otherwise(now)
        ).to_series()
    return now.alias("owner")


def _stint(owner: str, team: str) -> Person:
    return next(p for p in PEOPLE if p.owner == owner and p.team == team)


def _someone(team: str, on: date, rng: np.random.Generator) -> str:
    """Someone of the team on that day, those who work more more often."""
    there = [p for p in PEOPLE if p.team == team and p.from_on <= on and (p.until_on is None or p.until_on > on)]
    return there[int(pick(rng, tuple(p.share for p in there), 1)[0])].owner


def amounts(deals: pl.DataFrame, rng: np.random.Generator) -> Floats:
    """Yearly value, by segment, to the nearest fifty; not yet known (NaN) for some in the first stage."""
    index = {s.name: s for s in PROCESS.segments}
    drawn = [index[s] for s in deals["segment"]]
    value = np.exp(
        np.array([s.amount_log for s in drawn]) + np.array([s.amount_spread for s in drawn]) * normal(rng, deals.height)
    )
    young = ((deals["outcome"] == "open") & (deals["stage"] == 0)).to_numpy()
    return np.where(young & (rng.random(deals.height) < 0.3), np.nan, np.round(value / 50) * 50)


def forecasts(visits: pl.DataFrame, deals: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """The stated probability at each visit, to the nearest 5 %: on some deals the stage's default, else a judgement.

    The judgement is the true chance with an error (log-odds) that stays with the deal, and a little more each time.
    """
    grid = np.linspace(-3, 3, 121)
    chances = win_chance(PROCESS, grid)
    deal = visits["deal"].to_numpy()
    lift = deals["lift"].to_numpy()[deal]
    true = np.choose(visits["stage"].to_numpy(), [np.interp(lift, grid, c) for c in chances.T])
    error = 0.45 * normal(rng, deals.height)[deal] + 0.2 * normal(rng, len(deal))
    said = 1 / (1 + np.exp(-(np.log(true / (1 - true)) + error)))
    default = np.array([s.probability for s in PROCESS.stages])[visits["stage"].to_numpy()]
    chosen = np.where((rng.random(deals.height) < 0.45)[deal], default, np.round(said * 20) / 20)
    return pl.Series("stated", chosen.clip(0.05, 0.95).round(2))


def close_dates(deals: pl.DataFrame, rng: np.random.Generator) -> tuple[Ints, pl.DataFrame]:
    """When each deal is now expected to close (drawn µs, a day), and each move of that day (deal, old, new, at)."""
    n = deals.height
    start = deals["created"].to_numpy()
    alive = deals["ended"].fill_null(END).to_numpy()
    pace = deals["segment"].replace_strict({"Small": 50, "Mid": 75, "Enterprise": 110}).to_numpy()
    expected = _tidy_day(start + (pace * (0.7 + 0.8 * rng.random(n)) * DAY).astype(np.int64), rng)
    moves = []
    for _ in range(8):
        early = rng.random(n) < 0.7
        days = np.where(early, -5 * rng.random(n), 1 + 18 * rng.random(n) ** 2)
        at = np.maximum(expected + (days * DAY).astype(np.int64), start + DAY // 8)
        is_moved = (at < alive) & (at < LATEST) & (rng.random(n) < 0.9)
        new = _tidy_day(np.maximum(at, expected) + ((14 + 45 * rng.random(n)) * DAY).astype(np.int64), rng)
        rows = np.flatnonzero(is_moved)
        moves.append(
            pl.DataFrame({"deal": deals["deal"].gather(rows), "old": expected[rows], "new": new[rows], "at": at[rows]})
        )
        expected = np.where(is_moved, new, expected)
    return expected, pl.concat(moves)


def _tidy_day(at: Ints, rng: np.random.Generator) -> Ints:
    """A working day; every third time the last day of its month, as people do."""
    days = pl.Series(at).cast(pl.Datetime("us")).dt.date()
    ends = rng.random(len(at)) < 0.35
    tidy = pl.select(pl.when(pl.Series(ends)).then(days.dt.month_end()).otherwise(days)).to_series()
    weekday = tidy.dt.weekday()
    tidy = tidy.dt.offset_by("0d") - pl.select(pl.duration(days=pl.max_horizontal(weekday - 5, 0))).to_series()
    return tidy.cast(pl.Datetime("us")).dt.epoch("us").to_numpy()


def loss_reasons(deals: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """Why, as we wrote it: blank for some, "unknown" for a few; set-aside deals say what they were."""
    n = deals.height
    lost = words(REASONS, pick(rng, REASON_SHARES, n))
    early = deals["stage"] < 2
    lost = pl.select(
        pl.when(pl.Series(early) & (lost == "price") & pl.Series(rng.random(n) < 0.6))
        .then(pl.lit("no decision"))
        .otherwise(lost)
    ).to_series()
    return (
        deals.select(
            pl.when(pl.col("outcome") == "lost")
            .then(lost)
            .when(pl.col("outcome") == "void")
            .then(pl.lit("unqualified"))
        )
        .to_series()
        .alias("loss_reason")
    )


def team_of(name: str) -> Team:
    """The plan of one team."""
    return next(t for t in TEAMS if t.name == name)
