"""Steps: counts turned into the times of exit of each group, with the number at risk and of exits at each.

The number at risk at t is n(t) = #{entry < t <= end}. Within a group that is the number of ends at t or later, less
the number of delayed entries at t or later; so rows before some t0 may be dropped and what is left is the curve given
"still there at t0".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from kpikit.errors import EstimateError
from kpikit.stats.checks import Frame, counts_frame

LATE, OPEN, ANY = "entered_late", "open", "any"


@dataclass(frozen=True, slots=True)
class Steps:
    """One row per group and time: ``_g`` (group number), time, n_at_risk, _d (exits), _d0, _d1 … (exits per kind).

    ``groups`` holds the group columns, row ``_g`` for group ``_g``; ``totals`` the number of spells ``n`` and of exits
    ``n_events`` of each group; ``kinds`` names the exits in the order of _d0, _d1.
    """

    frame: pl.DataFrame
    groups: pl.DataFrame
    totals: pl.DataFrame
    kinds: tuple[str, ...]

    def named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with its group columns in the place of ``_g``."""
        if not self.groups.columns:
            return frame.drop("_g")
        names = self.groups[frame["_g"]]
        return pl.concat([names, frame.drop("_g")], how="horizontal")


def all_steps(counts: Frame, by: Sequence[str]) -> Steps:
    """Every time of the counts as a step, whether something left at it or not (with ``_late`` and ``_end`` counts)."""
    groups, frame = _numbered(counts_frame(counts, by), by, "_g")
    times, frame = _numbered(frame, ["time"], "_t")
    words = sorted(set(frame["exit"].unique()) - {LATE, OPEN})
    if ANY in words:
        raise EstimateError("reserved_exit", exits=[ANY])
    code = pl.col("exit").cast(pl.Enum([LATE, OPEN, *words])).to_physical()
    rows = frame.select("n", _code=code, _key=pl.col("_g") * times.height + pl.col("_t")).sort("_key")
    names = ["_late", "_open", *(f"_d{i}" for i in range(len(words)))]
    steps = (
        _sum_per_key(rows.lazy(), names)
        .with_columns(_g=pl.col("_key") // max(times.height, 1), _t=pl.col("_key") % max(times.height, 1))
        .with_columns(_d=pl.sum_horizontal(names[2:]) if words else pl.lit(0, pl.Int64))
        .with_columns(_end=pl.col("_open") + pl.col("_d"))
        .with_columns(n_at_risk=(pl.col("_end") - pl.col("_late")).cum_sum(reverse=True))
        .collect()
    )
    totals = _group_totals(steps)
    later_groups = totals["_more"].gather(steps["_g"])
    steps = steps.with_columns(times["time"].gather(steps["_t"]), n_at_risk=pl.col("n_at_risk") - later_groups)
    return Steps(steps.drop("_key", "_t"), groups, totals.drop("_more"), tuple(words))


def _group_totals(steps: pl.DataFrame) -> pl.DataFrame:
    """Spells ``n`` and exits ``n_events`` of each group, and ``_more``: ends less late entries of all later groups."""
    totals = steps.lazy().group_by("_g").agg(pl.col("_end", "_d", "_late").sum()).sort("_g")
    more = (pl.col("_end") - pl.col("_late")).cum_sum(reverse=True).shift(-1, fill_value=0)
    return totals.select("_g", n="_end", n_events="_d", _more=more).collect()


def _sum_per_key(rows: pl.LazyFrame, names: Sequence[str]) -> pl.LazyFrame:
    """One row per key of sorted rows, with the ``n`` of code 0, 1 … in the columns ``names``.

    Running sums over everything, then the differences between the last rows of each key: whole numbers, so exact,
    and several times as fast as grouping.
    """
    running = [
        (pl.col("n") * (pl.col("_code") == i).cast(pl.Int64)).cum_sum().alias(name) for i, name in enumerate(names)
    ]
    last = pl.col("_key") != pl.col("_key").shift(-1, fill_value=-1)
    return (
        rows.select("_key", last.alias("_last"), *running)
        .filter("_last")
        .select("_key", *(pl.col(name) - pl.col(name).shift(1, fill_value=0) for name in names))
    )


def exit_steps(counts: Frame, by: Sequence[str]) -> Steps:
    """The times at which something left; a group that nobody left keeps its last time, with no exit."""
    steps = all_steps(counts, by)
    frame = steps.frame
    bad = frame.filter(pl.col("_d") > pl.col("n_at_risk"))
    if bad.height:
        raise EstimateError("more_exits_than_at_risk", times=bad["time"].head(10).to_list(), n=bad.height)
    last = pl.col("_g") != pl.col("_g").shift(-1, fill_value=-1)
    nobody = steps.totals["n_events"].gather(frame["_g"]) == 0
    return replace(steps, frame=frame.filter((pl.col("_d") > 0) | (last & nobody)))


def _numbered(frame: pl.DataFrame, columns: Sequence[str], name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The distinct values of some columns in order, and the frame with their number ``name`` in the columns' place."""
    if not columns:
        return pl.DataFrame(), frame.with_columns(pl.lit(0, pl.Int64).alias(name))
    values = frame.select(columns).unique().sort(columns)
    numbered = values.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(name))
    joined = frame.join(numbered, on=list(columns), how="left", nulls_equal=True, maintain_order="none")
    return values, joined.drop(columns)
