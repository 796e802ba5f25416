"""One row per group from counts: quantiles, restricted means, and how far and from when a curve can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from kpikit.stats.bounds import survival_bounds, z_of
from kpikit.stats.checks import Floats, fraction, positive
from kpikit.stats.curves import survival
from kpikit.stats.steps import Counted, Ints, Steps, all_steps, exit_steps, first_where, running, taken

_EQUAL = 1e-9


def quantile_by(counts: Counted, by: Sequence[str] = (), *, q: float = 0.5, level: float = 0.95) -> pl.DataFrame:
    """By when has a share ``q`` left, in every group?

    The first time at which S(t) <= 1 - q; where S equals 1 - q exactly, the middle between that time and the next
    exit. Interval: the times at which |g(S(t)) - g(1 - q)| <= z se_g, g = log(-log). Not reached is null, and so is
    an upper bound that is not reached: "longer than seen", never a number.

    Parameters:
        counts: columns ``*by``, ``time``, ``exit``, ``n`` as for :func:`kaplan_meier_by`.
        by: the group columns.
        q: the share that has left (.5 is the median).
        level: of the interval.

    Returns:
        A row per group: ``*by, value, low, high`` in the unit of ``time``; ``n`` spells, ``n_events`` exits.

    Raises:
        EstimateError: as :func:`kaplan_meier_by`; not_between_0_and_1.

    Source: Brookmeyer & Crowley 1982.

    >>> counts = pl.DataFrame({"time": [10.0, 20.0, 30.0, 40.0], "exit": ["left"] * 4, "n": [1] * 4})
    >>> quantile_by(counts)["value"].to_list()
    [25.0]
    """
    stay = 1 - fraction(q, "q")
    steps = exit_steps(counts, by)
    base, first, time = survival(steps), steps.first, steps.time
    low, high = survival_bounds(base.value, base.value * np.sqrt(base.green), base.m, z_of(level))
    gap = base.value - stay
    reached = taken(time, first_where(gap <= _EQUAL, first))
    later = taken(time, first_where(gap < -_EQUAL, first))
    flat = first_where(np.abs(gap) <= _EQUAL, first) >= 0
    middle = (reached + np.where(np.isnan(later), reached, later)) / 2
    bounds = {"low": low <= stay, "high": high < stay}
    found = {name: taken(time, first_where(crossed, first)) for name, crossed in bounds.items()}
    return steps.with_totals(
        {"value": _null(np.where(flat, middle, reached)), **{k: _null(v) for k, v in found.items()}}
    )


def rmst_by(counts: Counted, by: Sequence[str] = (), *, tau: float, level: float = 0.95) -> pl.DataFrame:
    """How long does a spell last on average within the first ``tau``, in every group?

    Restricted mean: the area under S from 0 to tau. Variance: sum over exit times t <= tau of (area from t to tau)^2
    d/(n(n-d)); interval: value +- z se, kept within 0 and tau. It needs no median. Misleads if tau lies beyond the
    time that a group was followed (see :func:`followed_by`): the curve is then drawn on at its last height.

    Parameters:
        counts: columns ``*by``, ``time``, ``exit``, ``n`` as for :func:`kaplan_meier_by`.
        by: the group columns.
        tau: the horizon, in the unit of ``time``.
        level: of the interval.

    Returns:
        A row per group: ``*by, value, se, low, high`` in the unit of ``time``; ``n`` spells, ``n_events`` exits up to
        the last time seen. A group that nobody left by tau has ``se`` 0 and as ``low`` tau times Wilson's lower bound.

    Raises:
        EstimateError: as :func:`kaplan_meier_by`; not_positive.

    Source: Irwin 1949; Andersen, Hansen & Klein 2004.

    >>> counts = pl.DataFrame({"time": [10.0, 20.0], "exit": ["left", "left"], "n": [1, 1]})
    >>> rmst_by(counts, tau=20)["value"].to_list()
    [15.0]
    """
    positive(tau, "tau")
    z = z_of(level)
    steps = exit_steps(counts, by)
    base, first, time = survival(steps), steps.first, steps.time
    end = np.append(time[1:], tau)
    end[steps.last] = tau
    area = base.value * np.maximum(np.minimum(end, tau) - time, 0.0)
    ahead = running(np.add, area[::-1], time.size - 1 - steps.last[::-1])[::-1]
    value = np.minimum(time[first], tau) + ahead[first]
    square = ahead**2 * base.a
    se = np.sqrt(np.add.reduceat(square, first) if first.size else square)
    none = tau * (1 - z * z / (steps.n_at_risk[first] + z * z))
    low = np.where(value >= tau, none, np.clip(value - z * se, 0, tau))
    return steps.with_totals({"value": value, "se": se, "low": low, "high": np.clip(value + z * se, 0, tau)})


def settled_from(counts: Counted, by: Sequence[str] = (), *, at_least: int = 5, share: float = 0.1) -> pl.DataFrame:
    """From when on are enough at risk for a curve with late entries not to collapse on one or two?

    ``start_of_curve`` t0 is the first time with n(t) >= max(at_least, share of all spells); 0 where that holds from
    the beginning and for a group without late entries. To start the curves there ("given still there at t0") drop the
    rows of the counts before t0: entries and ends before it cancel out of every later risk set.

    Parameters:
        counts: columns ``*by``, ``time``, ``exit``, ``n`` as for :func:`kaplan_meier_by`.
        by: the group columns.
        at_least: the smallest risk set that will do.
        share: the smallest risk set as a share of all spells of the group.

    Returns:
        A row per group: ``*by, start_of_curve`` (null if never), ``n``, ``n_events``.

    Raises:
        EstimateError: columns_missing, not_a_time, not_a_count, no_exit_kind, reserved_exit.

    >>> rows = {"time": [2.0, 1.0, 5.0, 6.0, 7.0], "exit": ["entered_late"] + ["left"] * 4, "n": [3, 1, 1, 1, 1]}
    >>> settled_from(pl.DataFrame(rows), at_least=3)["start_of_curve"].to_list()
    [5.0]
    """
    steps = all_steps(counts, by)
    return steps.with_totals({"start_of_curve": _null(starts_of_curves(steps, at_least=at_least, share=share))})


def starts_of_curves(steps: Steps, *, at_least: int = 5, share: float = 0.1) -> Floats:
    """What :func:`settled_from` finds for every group; NaN for never."""
    enough = steps.n_at_risk >= np.maximum(float(at_least), share * steps.n[steps.group])
    first = steps.first
    has_late = np.add.reduceat(steps.late, first) > 0 if first.size else first > 0
    found = taken(steps.time, first_where(enough, first))
    return np.where(enough[first] | ~has_late, 0.0, found)


def followed_by(counts: Counted, by: Sequence[str] = (), *, at_least: int = 5) -> pl.DataFrame:
    """Until when were enough at risk, in every group?

    Parameters:
        counts: columns ``*by``, ``time``, ``exit``, ``n`` as for :func:`kaplan_meier_by`.
        by: the group columns.
        at_least: the smallest risk set that will do.

    Returns:
        A row per group: ``*by, followed_to`` (the last time with n(t) >= at_least; null if never), ``n``, ``n_events``.

    Raises:
        EstimateError: columns_missing, not_a_time, not_a_count, no_exit_kind, reserved_exit.

    >>> counts = pl.DataFrame({"time": [1.0, 2.0, 3.0], "exit": ["left", "left", "open"], "n": [1, 1, 2]})
    >>> followed_by(counts, at_least=3)["followed_to"].to_list()
    [2.0]
    """
    steps = all_steps(counts, by)
    row = np.where(steps.n_at_risk >= at_least, np.arange(steps.time.size), -1)
    last = np.maximum.reduceat(row, steps.first) if row.size else row
    return steps.with_totals({"followed_to": _null(taken(steps.time, last))})


def at_risk_by(counts: Counted, by: Sequence[str] = (), *, time: float) -> pl.DataFrame:
    """How many are at risk at one time, in every group?

    Parameters:
        counts: columns ``*by``, ``time``, ``exit``, ``n`` as for :func:`kaplan_meier_by`.
        by: the group columns.
        time: the time asked for, in the unit of the counts.

    Returns:
        A row per group: ``*by, n_at_risk`` (#{entry < time <= end}), ``n``, ``n_events``.

    Raises:
        EstimateError: columns_missing, not_a_time, not_a_count, no_exit_kind, reserved_exit.

    >>> counts = pl.DataFrame({"time": [1.0, 2.0, 3.0], "exit": ["left", "left", "open"], "n": [1, 1, 2]})
    >>> at_risk_by(counts, time=1.5)["n_at_risk"].to_list()
    [3]
    """
    steps = all_steps(counts, by)
    return steps.with_totals({"n_at_risk": at_risk(steps, time)})


def at_risk(steps: Steps, time: float) -> Ints:
    """How many of each group are at risk at a time."""
    row = first_where(steps.time >= time, steps.first)
    return np.where(row < 0, 0, steps.n_at_risk[row]) if steps.time.size else row


def _null(values: Floats) -> pl.Series:
    """What is not known, as null."""
    return pl.Series(values, dtype=pl.Float64).fill_nan(None)
