"""How often do the intervals hold the truth? A coverage study through the functions over groups.

Run: ``python benchmarks/coverage.py``. Spells end "won" (share .25, median 75 days) or "lost" (.75, median 45), both
lognormal with log-sd .7, so every truth is closed-form. They are seen for 30 to 210 days, uniformly; in the second
process a third came into sight late, up to 30 days after they began (those that ended before were never seen). A
replicate is a group. Amounts won are lognormal, of one segment or of three very unequal ones; a quarter of n is won.
Wanted: at least .91 (throughput .89), and none above .985.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import erf, exp, log

import numpy as np
import polars as pl
from scipy.optimize import brentq

from kpikit.stats import aalen_johansen_by, at_horizon, compound_velocity, quantile_by, rmst_by

REPLICATES, SEED, SIZES, HORIZON = 2_000, 20261121, (20, 60, 150), 90.0
KINDS = {"won": (0.25, 75.0), "lost": (0.75, 45.0)}
SPREAD, DAYS = 0.7, 90.0
#: Share, mean and spread of the log of the amounts won, per segment.
AMOUNTS = {
    "one segment": [(1.0, 9.0, 0.6)],
    "three segments": [(0.6, 9.0, 0.5), (0.3, 10.2, 0.6), (0.1, 11.5, 0.7)],
}


def _normal(x: float) -> float:
    return 0.5 * (1 + erf(x / 2**0.5))


def share_left(t: float, kind: str) -> float:
    """F_j(t) of the process."""
    share, middle = KINDS[kind]
    return share * _normal(log(t / middle) / SPREAD)


def mean_until(tau: float) -> float:
    """E min(T, tau): for each kind, middle e^(s^2/2) Phi((ln tau/middle)/s - s) + tau (1 - Phi((ln tau/middle)/s))."""
    whole = 0.0
    for share, middle in KINDS.values():
        x = log(tau / middle) / SPREAD
        whole += share * (middle * exp(SPREAD**2 / 2) * _normal(x - SPREAD) + tau * (1 - _normal(x)))
    return whole


def draw(rng: np.random.Generator, n: int, late_share: float) -> pl.DataFrame:
    """Counts of all replicates: n seen spells each."""
    many = REPLICATES * n * 2
    kind = np.where(rng.random(many) < KINDS["won"][0], "won", "lost")
    middle = np.where(kind == "won", KINDS["won"][1], KINDS["lost"][1])
    time = middle * np.exp(SPREAD * rng.standard_normal(many))
    entry = np.where(rng.random(many) < late_share, 30 * rng.random(many), 0.0)
    seen_for = rng.uniform(30, 210, many)
    sight = np.flatnonzero((time > entry) & (seen_for > entry))[: REPLICATES * n]
    time, entry, kind, seen_for = time[sight], entry[sight], kind[sight], seen_for[sight]
    replicate = np.repeat(np.arange(REPLICATES), n)
    end = np.where(time <= seen_for, kind, "open")
    ends = pl.DataFrame({"replicate": replicate, "time": np.minimum(time, seen_for), "exit": end})
    late = pl.DataFrame({"replicate": replicate, "time": entry}).filter(pl.col("time") > 0)
    return pl.concat([ends, late.with_columns(exit=pl.lit("entered_late"))]).with_columns(n=1)


def covered(frame: pl.DataFrame, truth: float) -> tuple[float, float]:
    """Share of the intervals with the truth inside (a bound that is not reached is no bound), and the mean error."""
    low, high = pl.col("low").fill_null(0.0), pl.col("high").fill_null(float("inf"))
    value = frame["value"].mean()
    return frame.select(((low <= truth) & (truth <= high)).mean()).item(), value / truth - 1


def curves(rng: np.random.Generator, n: int, late_share: float) -> Iterator[tuple[str, float, tuple[float, float]]]:
    """Name, truth and coverage of the figures on curves."""
    counts, by = draw(rng, n, late_share), ["replicate"]
    middle = brentq(lambda t: share_left(t, "won") + share_left(t, "lost") - 0.5, 1, 500)
    yield "median", middle, covered(quantile_by(counts, by), middle)
    then = at_horizon(aalen_johansen_by(counts, by), by, HORIZON)
    for kind in KINDS:
        truth = share_left(HORIZON, kind)
        yield f"{kind} by {HORIZON:.0f} days", truth, covered(then.filter(exit=kind), truth)
    truth = mean_until(HORIZON)
    yield f"mean within {HORIZON:.0f} days", truth, covered(rmst_by(counts, by, tau=HORIZON), truth)


def amounts(rng: np.random.Generator, size: int, process: str) -> np.ndarray:
    """Amounts: lognormal of one kind, or of three segments that differ a great deal."""
    share, log_mean, spread = (np.array(column) for column in zip(*AMOUNTS[process], strict=True))
    segment = rng.choice(len(share), size, p=share)
    return np.exp(log_mean[segment] + spread[segment] * rng.standard_normal(size))


def throughput(rng: np.random.Generator, n: int, process: str, tails: str) -> tuple[float, tuple[float, float]]:
    """Truth and coverage of the amount per day when a quarter of n is won, a Poisson number."""
    won = KINDS["won"][0] * n
    truth = won / DAYS * sum(share * exp(mean + spread**2 / 2) for share, mean, spread in AMOUNTS[process])
    sizes = rng.poisson(won, REPLICATES)
    rows = [compound_velocity(amounts(rng, size, process), DAYS, tails=tails) for size in sizes]
    return truth, covered(pl.concat(rows), truth)


def main() -> None:
    """Print the table."""
    print(f"{REPLICATES:,} replicates, seed {SEED}; nominal .95; se: Monte-Carlo standard error of the coverage")
    print(f"{'process':<14}{'n':>4}  {'figure':<20}{'truth':>10}{'coverage':>10}{'se':>7}{'bias':>8}")
    for name, late in (("from the start", 0.0), ("a third late", 1 / 3)):
        for n in SIZES:
            for figure, truth, result in curves(np.random.default_rng([SEED, n, int(3 * late)]), n, late):
                _print(name, n, figure, truth, *result, wanted=0.91)
    for process, tails in product(AMOUNTS, ("normal", "student")):
        for n in SIZES:
            truth, result = throughput(np.random.default_rng([SEED, n]), n, process, tails)
            _print(process, n, f"amount/day {tails}", truth, *result, wanted=0.89)


def _print(name: str, n: int, figure: str, truth: float, cover: float, bias: float, *, wanted: float) -> None:
    se = (cover * (1 - cover) / REPLICATES) ** 0.5
    note = "  SHORT" if cover < wanted else "  WIDE" if cover > 0.985 else ""
    print(f"{name:<14}{n:>4}  {figure:<20}{truth:>10.4f}{cover:>10.4f}{se:>7.4f}{bias:>+8.3f}{note}")


if __name__ == "__main__":
    main()
