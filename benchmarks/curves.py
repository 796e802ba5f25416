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


def loop(groups: list[pl.DataFrame]) -> None:
    """Kaplan-Meier and cumulative incidence of groups with statsmodels, one after the other."""
    for frame in groups:
        spells = frame.select(pl.col("time", "exit").repeat_by("n").explode())
        days = spells["time"].to_numpy()
        status = spells["exit"].replace_strict(list(KINDS), [1, 2, 3, 4, 0]).to_numpy()
        SurvfuncRight(days, (status > 0).astype(int))
        CumIncidenceRight(days, status)


def seconds(function: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """Seconds by the clock and of the processors, of the fastest run."""
    runs = []
    for _ in range(times):
        clock, used = time.perf_counter(), time.process_time()
        function()
        runs.append((time.perf_counter() - clock, time.process_time() - used))
    return min(run[0] for run in runs), min(run[1] for run in runs)


def main() -> None:
    """Time both and print the figures; the processors' seconds hold on a busy machine too."""
    counts, by = histogram(), ["team", "stage"]
    print(f"{GROUPS * STAGES:,} groups, {counts.height:,} counts; the fastest of three runs")
    print(f"{'':<24}{'clock':>9}{'processors':>12}")
    clock, used = 0.0, 0.0
    for name, curve in (
        ("Kaplan-Meier", kaplan_meier_by),
        ("Aalen-Johansen", aalen_johansen_by),
        ("both in one pass", curves_by),
    ):
        clock, used = seconds(lambda curve=curve: curve(counts, by))
        print(f"{name:<24}{clock:>7.3f} s{used:>10.3f} s")
    ends = counts.filter(pl.col("exit") != "entered_late")
    sample = ends.partition_by("team", "stage", maintain_order=True)[:SAMPLE]
    with np.errstate(all="ignore"):
        slow = [x / SAMPLE * GROUPS * STAGES for x in seconds(lambda: loop(sample))]
    print(f"{'statsmodels in a loop':<24}{slow[0]:>7.1f} s{slow[1]:>10.1f} s  scaled up from {SAMPLE} groups")
    print(f"{'times as long':<24}{slow[0] / clock:>7.0f}  {slow[1] / used:>10.0f}")


if __name__ == "__main__":
    main()
