"""What is true of a simulated process, so that estimates can be held against it: closed forms, and one long seeded run.

In stage j, of all first visits, the share that has left in one way within t days is
``F(t) = Σ weight · share · Φ((ln t − ln(median · pace)) / spread)``, a sum over segments (their pace) and over the
hidden quality of the deals that come there. Whole cycles have no closed form; they come from a run of 40,000 deals.
Planted effects that start on a day are left out here and listed apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import numpy as np
from scipy.special import ndtr

from kpikit.simulate.circumstances import Circumstances
from kpikit.simulate.parameters import STEPS, Parameters
from kpikit.simulate.paths import DAY, KINDS, draw_deals, in_circumstances, shares, walk
from kpikit.simulate.streams import Floats, generators

CYCLE_DEALS = 40_000
HORIZONS = (30, 60, 90, 180, 365)


def _moves(parameters: Parameters, lift: Floats) -> tuple[Floats, Floats]:
    """For each lift, the chances to go from stage to stage (lift × from × to), and to be won from it (lift × from)."""
    size = len(parameters.stages)
    go, won = np.zeros((len(lift), size, size)), np.zeros((len(lift), size))
    for s, stage in enumerate(parameters.stages):
        for e, share in zip(stage.exits, shares(stage, lift).T * (1 - parameters.asleep), strict=True):
            to = s + STEPS.get(e.kind, 0)
            if e.kind == "lost" and s >= 2:
                go[:, s, s - 1] += share * parameters.reopened
            elif to == size:
                won[:, s] += share
            elif e.kind in STEPS:
                go[:, s, to] += share
    return go, won


def win_chance(parameters: Parameters, lift: Floats) -> Floats:
    """The chance to be won in the end, for each lift (rows) and the stage the deal stands in (columns).

    ``lift`` is the deal's log-odds of going forward, beside an average deal (an array of n).

    >>> from kpikit.simulate.parameters import STANDARD
    >>> float(win_chance(STANDARD, np.zeros(1))[0, 0].round(3))
    0.22
    """
    go, won = _moves(parameters, np.asarray(lift, dtype=float))
    chance = np.linalg.solve(np.eye(len(parameters.stages)) - go, won[..., None])
    return chance[..., 0].astype(np.float64)


def reach_chance(parameters: Parameters, lift: Floats) -> Floats:
    """The chance that a new deal ever comes to each stage (columns), for each lift (rows)."""
    go, _ = _moves(parameters, np.asarray(lift, dtype=float))
    visits = np.linalg.inv(np.eye(len(parameters.stages)) - go)
    return visits[:, 0, :] / np.diagonal(visits, axis1=1, axis2=2)


@cache
def _quadrature(points: int) -> tuple[Floats, Floats]:
    """Nodes and weights with which a sum stands for a mean over a standard normal law."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    return nodes.astype(np.float64), weights.astype(np.float64)


def _population(parameters: Parameters, points: int = 81) -> tuple[Floats, Floats, Floats]:
    """Lift, pace and weight of a fine division of all new deals.

    Quadrature over quality and skill, times segments, times the kinds of deals that the circumstances tell apart.
    """
    sd = float(np.hypot(parameters.quality, parameters.skill))
    nodes, weights = _quadrature(points if sd else 1)
    kinds = np.array(parameters.circumstances.kinds())
    shape = (len(kinds), len(parameters.segments), len(nodes))
    lift = kinds[:, 1, None, None] + np.array([s.lift for s in parameters.segments])[:, None] + sd * nodes
    pace = kinds[:, 2, None, None] * np.array([s.pace for s in parameters.segments])[:, None] * np.ones(shape)
    share = np.array([s.share for s in parameters.segments])[:, None]
    weight = kinds[:, 0, None, None] * (share / share.sum() * (weights / weights.sum()))
    return lift.ravel(), pace.ravel(), weight.ravel()


def exit_curves(parameters: Parameters, stage: str, days: Floats) -> dict[str, Floats]:
    """Of all first visits to a stage, which share has left within so many days, by way of leaving?

    Returns one array per kind (advance, lost, back, void, won; skipping is advancing), as long as ``days``.
    """
    s = parameters.names.index(stage)
    lift, pace, weight = _population(parameters)
    weight = weight * reach_chance(parameters, lift)[:, s]
    weight /= weight.sum()
    curves: dict[str, Floats] = {}
    is_last = s == len(parameters.stages) - 1
    for e, share in zip(parameters.stages[s].exits, shares(parameters.stages[s], lift).T, strict=True):
        kind = ("won" if is_last else "advance") if e.kind in ("advance", "skip") else e.kind
        with np.errstate(divide="ignore"):
            z = (np.log(np.asarray(days, dtype=float))[:, None] - np.log(e.days * pace)) / parameters.spread
        part = (ndtr(z) * (weight * share * (1 - parameters.asleep))).sum(axis=1)
        curves[kind] = curves.get(kind, 0) + part
    return curves


def median_days(parameters: Parameters, stage: str) -> float | None:
    """The day by which half of all first visits to a stage have ended, in whatever way (None: never half)."""
    days = np.geomspace(0.01, 10_000, 3001)
    left = np.sum(list(exit_curves(parameters, stage, days).values()), axis=0)
    return round(float(np.interp(0.5, left, days)), 2) if left[-1] >= 0.5 else None


def cycle(parameters: Parameters, *, seed: int, deals: int = CYCLE_DEALS) -> dict[str, Any]:
    """Whole cycles, from one seeded run without censoring: win share, medians, quantiles, wins by horizon."""
    steady = replace(parameters, effects=(), growth=0.0)
    steady = replace(steady, circumstances=replace(parameters.circumstances, season=(), mix=0.0))
    rng = generators(seed, ("deals", "walk"))
    # One person each: the population of people, not the eight that a team happens to have.
    drawn = draw_deals(replace(steady, people=deals), deals=deals, teams=1, start=0, end=DAY, rng=rng["deals"])
    drawn, _ = in_circumstances(steady, drawn, seed=seed, teams=1)
    visits = walk(steady, drawn, rng["walk"])
    last = np.append(visits.deal[1:] != visits.deal[:-1], True)
    ended, kind = visits.left[last], visits.kind[last]
    is_over = kind != KINDS.index("open")
    days = np.where(is_over, (ended - drawn.created) / DAY, np.inf)
    is_won = kind == KINDS.index("won")
    return {
        "deals": deals,
        "seed": seed,
        "win_share": round(float(is_won.mean()), 4),
        "median_days": round(float(np.median(days)), 2),
        "median_days_won": round(float(np.median(days[is_won])), 2),
        "median_days_lost": round(float(np.median(days[is_over & ~is_won])), 2),
        "q95_days": round(float(np.quantile(days[is_over], 0.95)), 2),
        "won_by": {str(h): round(float((is_won & (days <= h)).mean()), 4) for h in HORIZONS},
        "visits_per_deal": round(len(visits.deal) / deals, 4),
    }


def truth_of(parameters: Parameters, *, seed: int = 0, touched: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """All that is known of a process, as plain values for ``truth.json``.

    ``stages``: per stage the median days of a first visit and, by way of leaving, the share that has left within 30
    to 365 days. ``cycle``: see :func:`cycle`. ``parameters`` and ``effects``: what was put in. ``planted``, where
    the record was made otherwise than it happened: by habit the dose, how many deals it touched, and which.
    """
    stages = {
        name: {
            "median_days": median_days(parameters, name),
            "left_by": {
                kind: {str(h): round(float(f), 4) for h, f in zip(HORIZONS, curve, strict=True)}
                for kind, curve in exit_curves(parameters, name, np.array(HORIZONS)).items()
            },
        }
        for name in parameters.names
    }
    given = asdict(parameters)
    effects = [{k: str(v) if k.endswith("_on") else v for k, v in e.items()} for e in given.pop("effects")]
    effects = [{k: v for k, v in e.items() if (k, v) != ("of", "visits")} for e in effects]
    circumstances = given.pop("circumstances")
    given = {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}
    if parameters.circumstances != Circumstances():
        given["circumstances"] = {k: str(v) if k.endswith("_on") else v for k, v in circumstances.items()}
    found = {"stages": stages, "cycle": cycle(parameters, seed=seed), "effects": effects, "parameters": given}
    return found | ({"planted": dict(touched)} if touched else {})
