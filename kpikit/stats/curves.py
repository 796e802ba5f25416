"""Curves over groups: the share still there (Kaplan-Meier) and the share that left in each way (Aalen-Johansen).

Everything works on *counts*: columns ``*by``, ``time``, ``exit``, ``n``. ``exit`` is ``"entered_late"`` (at risk
strictly after that time; the spell has its end in another row, at a later time), ``"open"`` (still there when last
seen) or any other word: a kind of exit. Counts merge by adding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from kpikit.stats.bounds import exit_bounds, survival_bounds, z_of
from kpikit.stats.checks import Frame, positive
from kpikit.stats.steps import ANY, Steps, exit_steps

CURVE = ("time", "exit", "n_at_risk", "n_events", "value", "se", "low", "high")
_S, _N, _D = pl.col("_s"), pl.col("n_at_risk"), pl.col("_d")


def with_survival(steps: Steps) -> pl.DataFrame:
    """The steps with ``_s`` S(t), ``_before`` S(t-), ``_a`` d/(n(n-d)), ``_green`` its running sum, ``_m`` effective n.

    Where all who are at risk leave, d/(n(n-d)) is taken as 0 (S is 0 from there). The effective n is S(1-S)/Var S,
    which is the number of spells when none is censored; where S is 0 it is that of the step before.
    """
    first = pl.col("_g") != pl.col("_g").shift(1, fill_value=-1)
    a = pl.when(_D < _N).then(_D / (_N * (_N - _D))).otherwise(0.0)
    effective = pl.when(_S == 1).then(_N).when(_S > 0).then((1 - _S) / (_S * pl.col("_green"))).when(first).then(_N)
    return (
        steps.frame.lazy()
        .with_columns(_s=(1 - _D / _N).cum_prod().over("_g"), _a=a)
        .with_columns(_green=pl.col("_a").cum_sum().over("_g"))
        .with_columns(
            _before=pl.when(first).then(1.0).otherwise(_S.shift(1)),
            _m=effective.forward_fill(),
        )
        .collect()
    )


def kaplan_meier_by(counts: Frame, by: Sequence[str] = (), *, level: float = 0.95) -> pl.DataFrame:
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
    return steps.named(_any_exit(with_survival(steps), z_of(level)).collect())


def aalen_johansen_by(counts: Frame, by: Sequence[str] = (), *, level: float = 0.95) -> pl.DataFrame:
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
    wide, z = _running(with_survival(steps), range(len(steps.kinds))), z_of(level)
    return _stacked(steps, [_one_exit(wide, i, kind, z) for i, kind in enumerate(steps.kinds)], _any_exit(wide, z))


def curves_by(counts: Frame, by: Sequence[str] = (), *, level: float = 0.95) -> pl.DataFrame:
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
    wide, z = _running(with_survival(steps), range(len(steps.kinds))), z_of(level)
    still = _any_exit(wide, z)
    return _stacked(steps, [still, *(_one_exit(wide, i, kind, z) for i, kind in enumerate(steps.kinds))], still)


def _stacked(steps: Steps, curves: list[pl.LazyFrame], columns: pl.LazyFrame) -> pl.DataFrame:
    """Curves of the same steps, one under the other within each group and time; without curves, the columns alone."""
    if not curves:
        return steps.named(columns.collect().clear())
    done = pl.collect_all(curves)
    rows, k = done[0].height, len(done)
    once = done[0].select("_g", "time", "n_at_risk")[np.repeat(np.arange(rows), k)]
    words = pl.Series("exit", [frame["exit"].first() or "" for frame in done], dtype=pl.String)
    own = {c: np.stack([frame[c].to_numpy() for frame in done], axis=1).ravel() for c in CURVE[3:]}
    stacked = once.with_columns(words.gather(np.tile(np.arange(k), rows)), **{c: pl.Series(own[c]) for c in own})
    return steps.named(stacked.select("_g", *CURVE))


def _any_exit(base: pl.DataFrame, z: float) -> pl.LazyFrame:
    """The curve of the share still there, with standard error and interval."""
    low, high = survival_bounds(_S, pl.col("se"), pl.col("_m"), z)
    return (
        base.lazy()
        .with_columns(se=_S * pl.col("_green").sqrt(), exit=pl.lit(ANY))
        .select("_g", "time", "exit", "n_at_risk", n_events="_d", value="_s", se="se", low=low, high=high)
    )


def _running(base: pl.DataFrame, exits: range) -> pl.DataFrame:
    """For exit i: ``_f{i}``, F_j at each step, and the running sums ``_p{i}``, ``_q{i}`` that its variance needs.

    With a = d/(n(n-d)), b = S(u-)^2 d_j(n-d_j)/n^3 and c = S(u-) d_j/n^2 the variance at t is
    sum (F(t)-F)^2 a + b - 2(F(t)-F) c = F(t)^2 sum a - 2 F(t) sum (aF + c) + sum (aF^2 + b + 2cF).
    """
    a, rise = pl.col("_a"), {i: pl.col("_before") * pl.col(f"_d{i}") / _N for i in exits}
    p, q = {}, {}
    for i in exits:
        f, c = pl.col(f"_f{i}"), rise[i] / _N
        b = rise[i] * pl.col("_before") * (_N - pl.col(f"_d{i}")) / (_N * _N)
        p[f"_p{i}"] = (a * f + c).cum_sum().over("_g")
        q[f"_q{i}"] = ((a * f + 2 * c) * f + b).cum_sum().over("_g")
    values = {f"_f{i}": rise[i].cum_sum().over("_g").clip(0, 1) for i in exits}
    return base.lazy().with_columns(**values).with_columns(**p, **q).collect()


def _one_exit(wide: pl.DataFrame, i: int, kind: str, z: float) -> pl.LazyFrame:
    """The curve of one kind of exit, with standard error and interval."""
    f, events = pl.col(f"_f{i}"), pl.col(f"_d{i}")
    plus = f * f * pl.col("_green") + pl.col(f"_q{i}")
    variance = plus - 2 * f * pl.col(f"_p{i}")
    se = pl.when(variance > 1e-12 * plus).then(variance).otherwise(0.0).sqrt()
    low, high = exit_bounds(f, pl.col("se"), pl.col("_m"), z)
    return (
        wide.lazy()
        .with_columns(se=se, exit=pl.lit(kind))
        .select("_g", "time", "exit", "n_at_risk", n_events=events, value=f, se="se", low=low, high=high)
    )


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
