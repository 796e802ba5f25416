"""How fast are the curves of many groups, beside a loop over the groups with statsmodels?

Run: ``python benchmarks/curves.py``. 2,000 groups x 8 stages, day histogram of 40 spells each (exits of four kinds,
open ends, some late entries); Kaplan-Meier and Aalen-Johansen with variance and intervals. The loop gets a sample of
the groups, without late entries (statsmodels' cumulative incidence cannot take them), and its time is scaled up.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import polars as pl
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from kpikit.stats import aalen_johansen_by, curves_by, kaplan_meier_by

GROUPS, STAGES, SPELLS, SAMPLE, SEED = 2_000, 8, 40, 100, 20261121
KINDS = np.array(["advance", "back", "lost", "won", "open"])


def histogram() -> pl.DataFrame:
    """Counts per group, stage, day and kind of exit."""
    rng = np.random.default_rng(SEED)
    n = GROUPS * STAGES * SPELLS
    group, stage = np.repeat(np.arange(GROUPS), STAGES * SPELLS), np.tile(np.repeat(np.arange(STAGES), SPELLS), GROUPS)
    day = np.floor(rng.lognormal(np.log(20), 0.7, n)) + 1
    late = np.where(rng.random(n) < 0.1, np.floor(day * rng.random(n)), 0)
    kind = KINDS[rng.choice(len(KINDS), n, p=[0.4, 0.05, 0.3, 0.05, 0.2])]
    ends = pl.DataFrame({"team": group, "stage": stage, "time": day, "exit": kind})
    entries = pl.DataFrame({"team": group, "stage": stage, "time": late}).filter(pl.col("time") > 0)
    rows = pl.concat([ends, entries.with_columns(exit=pl.lit("entered_late"))])
    rows = rows.with_columns(pl.format("team {}", "team").alias("team"), pl.format("stage {}", "stage").alias("stage"))
    return rows.group_by("team", "stage", "time", "exit").agg(n=pl.len())


def loop(counts: pl.DataFrame) -> float:
    """Seconds that statsmodels takes for a sample of the groups."""
    ends = counts.filter(pl.col("exit") != "entered_late")
    chosen = ends.partition_by("team", "stage", maintain_order=True)[:SAMPLE]
    start = time.perf_counter()
    for frame in chosen:
        spells = frame.select(pl.col("time", "exit").repeat_by("n").explode())
        days = spells["time"].to_numpy()
        status = spells["exit"].replace_strict(list(KINDS), [1, 2, 3, 4, 0]).to_numpy()
        SurvfuncRight(days, (status > 0).astype(int))
        CumIncidenceRight(days, status)
    return time.perf_counter() - start


def fastest(function: Callable[[], pl.DataFrame]) -> tuple[float, int]:
    """Seconds of the fastest of three runs, and the rows it gave."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        rows = function().height
        seconds.append(time.perf_counter() - start)
    return min(seconds), rows


def main() -> None:
    """Time both and print the figures."""
    counts, by = histogram(), ["team", "stage"]
    print(f"{GROUPS * STAGES:,} groups, {counts.height:,} counts; the fastest of three runs")
    for name, curve in (("Kaplan-Meier", kaplan_meier_by), ("Aalen-Johansen", aalen_johansen_by)):
        seconds, rows = fastest(lambda curve=curve: curve(counts, by))
        print(f"{name:<24}{seconds:8.3f} s  {rows:,} rows")
    both, rows = fastest(lambda: curves_by(counts, by))
    print(f"{'both in one pass':<24}{both:8.3f} s  {rows:,} rows")
    with np.errstate(all="ignore"):
        slow = loop(counts) / SAMPLE * GROUPS * STAGES
    print(f"{'statsmodels in a loop':<24}{slow:8.1f} s  scaled up from {SAMPLE}: {slow / both:,.0f} times as long")


if __name__ == "__main__":
    main()
