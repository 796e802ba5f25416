"""One row per group from counts: quantiles, restricted means, and how far and from when a curve can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kpikit.stats.bounds import survival_bounds, z_of
from kpikit.stats.checks import Frame, fraction, positive
from kpikit.stats.curves import with_survival
from kpikit.stats.steps import Steps, all_steps, exit_steps

_EQUAL = 1e-9
_S = pl.col("_s")


def quantile_by(counts: Frame, by: Sequence[str] = (), *, q: float = 0.5, level: float = 0.95) -> pl.DataFrame:
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
    low, high = survival_bounds(_S, _S * pl.col("_green").sqrt(), pl.col("_m"), z_of(level))
    time = pl.col("time")
    first, later = (time.filter(reached).first() for reached in (_S - stay <= _EQUAL, _S - stay < -_EQUAL))
    flat = ((_S - stay).abs() <= _EQUAL).any()
    found = (
        with_survival(steps)
        .lazy()
        .with_columns(_low=low, _high=high)
        .group_by("_g")
        .agg(
            value=pl.when(flat).then((first + later.fill_null(first)) / 2).otherwise(first),
            low=time.filter(pl.col("_low") <= stay).first(),
            high=time.filter(pl.col("_high") < stay).first(),
        )
        .collect()
    )
    return _with_totals(steps, found)


def rmst_by(counts: Frame, by: Sequence[str] = (), *, tau: float, level: float = 0.95) -> pl.DataFrame:
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
    time, ahead = pl.col("time"), pl.col("_ahead")
    end = time.shift(-1).over("_g").fill_null(tau).clip(upper_bound=tau)
    slack = z * z / (pl.col("n_at_risk").first() + z * z)
    found = (
        with_survival(steps)
        .lazy()
        .with_columns(_area=_S * (end - time).clip(lower_bound=0))
        .with_columns(_ahead=pl.col("_area").cum_sum(reverse=True).over("_g"))
        .group_by("_g")
        .agg(
            value=time.first().clip(upper_bound=tau) + ahead.first(),
            se=(ahead**2 * pl.col("_a")).sum().sqrt(),
            _none=tau * (1 - slack),
        )
        .with_columns(low=(pl.col("value") - z * pl.col("se")).clip(0, tau))
        .with_columns(low=pl.when(pl.col("value") >= tau).then("_none").otherwise("low"))
        .select("_g", "value", "se", "low", high=(pl.col("value") + z * pl.col("se")).clip(0, tau))
        .collect()
    )
    return _with_totals(steps, found)


def settled_from(counts: Frame, by: Sequence[str] = (), *, at_least: int = 5, share: float = 0.1) -> pl.DataFrame:
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
    enough = pl.col("n_at_risk") >= pl.max_horizontal(pl.lit(float(at_least)), share * pl.col("_end").sum().over("_g"))
    found = (
        steps.frame.lazy()
        .with_columns(_enough=enough)
        .group_by("_g", maintain_order=True)
        .agg(
            start_of_curve=pl.when(pl.col("_enough").first() | (pl.col("_late").sum() == 0))
            .then(0.0)
            .otherwise(pl.col("time").filter("_enough").first())
        )
        .collect()
    )
    return _with_totals(steps, found)


def followed_by(counts: Frame, by: Sequence[str] = (), *, at_least: int = 5) -> pl.DataFrame:
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
    to = pl.col("time").filter(pl.col("n_at_risk") >= at_least).last()
    return _with_totals(steps, steps.frame.group_by("_g", maintain_order=True).agg(followed_to=to))


def at_risk_by(counts: Frame, by: Sequence[str] = (), *, time: float) -> pl.DataFrame:
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
    left = pl.col("n_at_risk").filter(pl.col("time") >= time).first().fill_null(0)
    return _with_totals(steps, steps.frame.group_by("_g", maintain_order=True).agg(n_at_risk=left))


def _with_totals(steps: Steps, found: pl.DataFrame) -> pl.DataFrame:
    """One row per group in order, with the numbers of spells and exits."""
    return steps.named(found.join(steps.totals, on="_g", how="left").sort("_g"))
