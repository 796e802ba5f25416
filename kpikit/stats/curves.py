"""Curves over groups: the share still there (Kaplan-Meier) and the share that left in each way (Aalen-Johansen).

Everything works on *counts*: columns ``*by``, ``time``, ``exit``, ``n``. ``exit`` is ``"entered_late"`` (at risk
strictly after that time; the spell has its end in another row, at a later time), ``"open"`` (still there when last
seen) or any other word: a kind of exit. Counts merge by adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from kpikit.stats.bounds import exit_bounds, survival_bounds, z_of
from kpikit.stats.checks import Floats, positive
from kpikit.stats.steps import ANY, Counted, Ints, Steps, exit_steps, running

CURVE = ("time", "exit", "n_at_risk", "n_events", "value", "se", "low", "high")


@dataclass(frozen=True, slots=True)
class Survival:
    """At each step S(t), S(t-), ``a`` = d/(n(n-d)), ``green`` its running sum, and ``m``, the effective n.

    Where all who are at risk leave, d/(n(n-d)) is taken as 0 (S is 0 from there). The effective n is S(1-S)/Var S,
    which is the number of spells when none is censored; where S is 0 it is that of the step before.
    """

    value: Floats
    before: Floats
    a: Floats
    green: Floats
    m: Floats


def survival(steps: Steps) -> Survival:
    """The share still there at each step, and what its variance is made of."""
    n, d, first = steps.n_at_risk, steps.n_gone, steps.first
    with np.errstate(all="ignore"):
        a = np.where(d < n, d / (n * (n - d)), 0.0)
        value, green = running(np.multiply, 1 - d / n, first), running(np.add, a, first)
        effective = np.where(value == 1, n, (1 - value) / (value * green))
    before = np.append(1.0, value)[:-1]
    before[first] = 1.0
    effective[first] = np.where((value[first] > 0) & (value[first] != 1), effective[first], n[first])
    known = value > 0
    known[first] = True
    return Survival(value, before, a, green, effective[np.maximum.accumulate(np.where(known, np.arange(n.size), 0))])


def kaplan_meier_by(counts: Counted, by: Sequence[str] = (), *, level: float = 0.95) -> pl.DataFrame:
    """How large a share is still there at each time, for every group at once?

    S(t) = product over exit times u <= t of (1 - d/n); standard error by Greenwood; interval on the log(-log) scale.
    At S = 0 the interval is Wilson's with the effective number of spells. Misleads when late entry is not independent
    of how a spell ends, and after an early time at which few were at risk (see :func:`settled_from`).

    Parameters:
        counts: columns ``*by``, ``time`` (any unit, not negative), ``exit``, ``n``.
        by: the group columns; null is a group of its own.
        level: of the interval.

    Returns:
        A row per group and time of exit: ``*by, time, exit`` ("any"), ``n_at_risk, n_events, value, se, low, high``.
        A group that nobody left has one row, at its last time, with ``value`` 1 and ``n_events`` 0.

    Raises:
        EstimateError: columns_missing, not_a_time, not_a_count, no_exit_kind, reserved_exit ("any"),
            more_exits_than_at_risk, not_between_0_and_1.

    Source: Kaplan & Meier 1958; Kalbfleisch & Prentice 1980, section 1.3.

    >>> counts = pl.DataFrame({"time": [1.0, 2.0, 3.0], "exit": ["left", "open", "left"], "n": [1, 1, 2]})
    >>> kaplan_meier_by(counts)["value"].to_list()
    [0.75, 0.0]
    """
    steps = exit_steps(counts, by)
    return _stacked(steps, [_still_there(steps, survival(steps), z_of(level))])


def aalen_johansen_by(counts: Counted, by: Sequence[str] = (), *, level: float = 0.95) -> pl.DataFrame:
    """How large a share has left in each way by each time, for every group at once?

    F_j(t) = sum over exit times u <= t of S(u-) d_j/n; the F_j and S add up to 1. Variance of Dinse & Larson and of
    Marubini & Valsecchi, through running sums; interval on the log(-log) scale. While F_j is 0 the interval is
    Wilson's for none among the effective number of spells. One minus Kaplan-Meier of one exit, with the others as
    censored, overstates; this does not.

    Parameters:
        counts: columns ``*by``, ``time`` (any unit, not negative), ``exit``, ``n``.
        by: the group columns; null is a group of its own.
        level: of the interval.

    Returns:
        A row per group, time of any exit and kind of exit (of all kinds that occur in ``counts``): ``*by, time, exit,
        n_at_risk, n_events`` (of that kind at that time), ``value, se, low, high``.

    Raises:
        EstimateError: as :func:`kaplan_meier_by`.

    Source: Aalen & Johansen 1978; Dinse & Larson 1986; Marubini & Valsecchi 1995, section 10.

    >>> counts = pl.DataFrame({"time": [1.0, 2.0, 3.0], "exit": ["won", "lost", "open"], "n": [1, 1, 2]})
    >>> aalen_johansen_by(counts).filter(time=2.0).select("exit", "value").rows()
    [('lost', 0.25), ('won', 0.25)]
    """
    steps = exit_steps(counts, by)
    return _stacked(steps, _gone(steps, survival(steps), z_of(level)))


def curves_by(counts: Counted, by: Sequence[str] = (), *, level: float = 0.95) -> pl.DataFrame:
    """How large a share is still there (exit "any"), and has left in each way, for every group at once?

    The rows of :func:`kaplan_meier_by` and :func:`aalen_johansen_by` together, in two thirds of the time.

    Parameters:
        counts: columns ``*by``, ``time`` (any unit, not negative), ``exit``, ``n``.
        by: the group columns; null is a group of its own.
        level: of the interval.

    Returns:
        A row per group, time of any exit, and "any" or kind of exit: ``*by, time, exit, n_at_risk, n_events, value,
        se, low, high``.

    Raises:
        EstimateError: as :func:`kaplan_meier_by`.

    >>> counts = pl.DataFrame({"time": [1.0, 2.0, 3.0], "exit": ["won", "lost", "open"], "n": [1, 1, 2]})
    >>> curves_by(counts).filter(time=2.0).select("exit", "value").rows()
    [('any', 0.5), ('lost', 0.25), ('won', 0.25)]
    """
    steps = exit_steps(counts, by)
    base, z = survival(steps), z_of(level)
    return _stacked(steps, [_still_there(steps, base, z), *_gone(steps, base, z)])


@dataclass(frozen=True, slots=True)
class _Curve:
    """One curve at every step: the exit it is of, and its figures."""

    exit: str
    n_events: Ints
    value: Floats
    se: Floats
    low: Floats
    high: Floats


def _stacked(steps: Steps, curves: list[_Curve]) -> pl.DataFrame:
    """Curves of the same steps, one under the other within each group and time."""
    rows, k = steps.time.size, len(curves)
    words = pl.Series([curve.exit for curve in curves], dtype=pl.String)
    once = {name: np.repeat(getattr(steps, name), k) for name in ("group", "time", "n_at_risk")}
    own: dict[str, Any] = {"n_events": np.int64, **dict.fromkeys(CURVE[4:], np.float64)}
    for name, dtype in own.items():
        own[name] = np.stack([getattr(c, name) for c in curves], axis=1).ravel() if k else np.empty(0, dtype)
    exits = words[np.tile(np.arange(k), rows)] if k else words
    columns = {"time": once["time"], "exit": exits, "n_at_risk": once["n_at_risk"], **own}
    return steps.named(columns, once["group"])


def _still_there(steps: Steps, base: Survival, z: float) -> _Curve:
    """The curve of the share still there, with standard error and interval."""
    se = base.value * np.sqrt(base.green)
    return _Curve(ANY, steps.n_gone, base.value, se, *survival_bounds(base.value, se, base.m, z))


def _gone(steps: Steps, base: Survival, z: float) -> list[_Curve]:
    """The curve of each kind of exit, with standard error and interval.

    With a = d/(n(n-d)), b = S(u-)^2 d_j(n-d_j)/n^3 and c = S(u-) d_j/n^2 the variance at t is
    sum (F(t)-F)^2 a + b - 2(F(t)-F) c = F(t)^2 sum a - 2 F(t) sum (aF + c) + sum (aF^2 + b + 2cF).
    """
    n, gone, first = steps.n_at_risk[:, None], steps.gone, steps.first
    a, before, green = (values[:, None] for values in (base.a, base.before, base.green))
    with np.errstate(all="ignore"):
        rise = before * gone / n
        f = running(np.add, rise, first).clip(0, 1)
        c, b = rise / n, rise * before * (n - gone) / (n * n)
        p, q = running(np.add, a * f + c, first), running(np.add, (a * f + 2 * c) * f + b, first)
        plus = f * f * green + q
        variance = plus - 2 * f * p
        se = np.sqrt(np.where(variance > 1e-12 * plus, variance, 0.0))
    low, high = exit_bounds(f, se, base.m[:, None], z)
    columns = enumerate(steps.kinds)
    return [_Curve(kind, gone[:, i], f[:, i], se[:, i], low[:, i], high[:, i]) for i, kind in columns]


def at_horizon(curves: pl.DataFrame, by: Sequence[str], horizon: float, *, level: float = 0.95) -> pl.DataFrame:
    """What do the curves say at one time?

    The value of the last step at or before the horizon; before the first step 0 for a kind of exit and 1 for "any"
    (the share still there), with Wilson's interval for the number then at risk. It does not know how long a group was
    followed: ask :func:`at_risk_by` whether anybody was still there at the horizon.

    Parameters:
        curves: what :func:`kaplan_meier_by` or :func:`aalen_johansen_by` returned.
        by: the group columns of the curves.
        horizon: a time in the unit of the curves.
        level: of the interval before the first step (later ones keep the level of the curves).

    Returns:
        A row per group and exit: ``*by, time`` (the horizon), ``exit, n_at_risk`` (at the last step, or the first if
        none has come), ``n_events`` (of that exit up to the horizon), ``value, se, low, high``.

    Raises:
        EstimateError: not_positive, not_between_0_and_1.

    >>> counts = pl.DataFrame({"time": [1.0, 2.0, 3.0], "exit": ["won", "lost", "open"], "n": [1, 1, 2]})
    >>> at_horizon(aalen_johansen_by(counts), [], 1.5).select("exit", "value").rows()
    [('lost', 0.0), ('won', 0.25)]
    """
    positive(horizon, "horizon")
    z = z_of(level)
    seen = pl.col("time") <= horizon
    begun, still = seen.any(), pl.col("exit").first() == ANY
    slack = z * z / (pl.col("n_at_risk").first() + z * z)

    def pick(name: str, otherwise: pl.Expr) -> pl.Expr:
        return pl.when(begun).then(pl.col(name).filter(seen).last()).otherwise(otherwise).alias(name)

    start = pl.when(still).then(1.0).otherwise(0.0)
    return (
        curves.group_by(*by, "exit", maintain_order=True)
        .agg(
            pick("n_at_risk", pl.col("n_at_risk").first()),
            pl.col("n_events").filter(seen).sum(),
            pick("value", start),
            pick("se", pl.lit(0.0)),
            pick("low", pl.when(still).then(1 - slack).otherwise(0.0)),
            pick("high", pl.when(still).then(1.0).otherwise(slack)),
        )
        .select(*by, pl.lit(float(horizon)).alias("time"), "exit", *CURVE[2:])
    )


def at_horizon_by(counts: Counted, by: Sequence[str] = (), *, horizon: float, level: float = 0.95) -> pl.DataFrame:
    """How large a share is still there at one time, and has left in each way by then, for every group at once?

    :func:`at_horizon` of :func:`curves_by`, without the curves.

    Parameters:
        counts: columns ``*by``, ``time`` (any unit, not negative), ``exit``, ``n``.
        by: the group columns; null is a group of its own.
        horizon: a time in the unit of the counts.
        level: of the intervals.

    Returns:
        A row per group, and "any" or kind of exit, with the columns of :func:`at_horizon`.

    Raises:
        EstimateError: as :func:`kaplan_meier_by`; not_positive.

    >>> counts = pl.DataFrame({"time": [1.0, 2.0, 3.0], "exit": ["won", "lost", "open"], "n": [1, 1, 2]})
    >>> at_horizon_by(counts, horizon=1.5).select("exit", "value").rows()
    [('any', 0.75), ('lost', 0.0), ('won', 0.25)]
    """
    positive(horizon, "horizon")
    steps, z = exit_steps(counts, by), z_of(level)
    base, first, k = survival(steps), steps.first, 1 + len(steps.kinds)
    seen = np.add.reduceat(steps.time <= horizon, first, dtype=np.int64) if first.size else first
    row, begun = first + np.maximum(seen - 1, 0), seen > 0
    n_at_risk = steps.n_at_risk[row]
    slack = z * z / (n_at_risk + z * z)
    start = {"value": (1.0, 0.0), "se": (0.0, 0.0), "low": (1 - slack, 0.0), "high": (1.0, slack)}
    curves = [_still_there(steps, base, z), *_gone(steps, base, z)]
    own: dict[str, Any] = {}
    for name, (still, gone) in start.items():
        parts = [np.where(begun, getattr(c, name)[row], gone if i else still) for i, c in enumerate(curves)]
        own[name] = np.stack(parts, axis=1).ravel()
    sums = [running(np.add, c.n_events, first)[row] * begun for c in curves]
    group = np.repeat(np.arange(first.size), k)
    columns = {
        "time": np.full(group.size, float(horizon)),
        "exit": pl.Series([c.exit for c in curves], dtype=pl.String)[np.tile(np.arange(k), first.size)],
        "n_at_risk": np.repeat(n_at_risk, k),
        "n_events": np.stack(sums, axis=1).ravel(),
    }
    return steps.named({**columns, **own}, group)
