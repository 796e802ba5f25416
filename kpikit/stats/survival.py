"""Times until something ends, from plain arrays: one curve, its median and its mean.

A thin door to the functions over groups: the arrays become counts, and the same code answers.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.errors import EstimateError
from kpikit.stats.checks import Floats, entries, flags, refuse_where, same_length, times
from kpikit.stats.curves import aalen_johansen_by, kaplan_meier_by
from kpikit.stats.steps import ANY, LATE, OPEN
from kpikit.stats.summaries import quantile_by, rmst_by


def kaplan_meier(
    time: ArrayLike, event: ArrayLike, entry: ArrayLike | None = None, *, level: float = 0.95
) -> pl.DataFrame:
    """How large a share is still there at each time?

    S(t) = product over exit times u <= t of (1 - d/n), n = #{entry < u <= time}; see :func:`kaplan_meier_by`.

    Parameters:
        time: when each spell ended or was last seen, (n,), any unit, finite and not negative.
        event: 1 where it ended, 0 where it was still going, (n,).
        entry: from when each was seen (delayed entry), (n,), before ``time``; 0 is from the start.
        level: of the interval.

    Returns:
        A row per exit time: ``time, exit`` ("any"), ``n_at_risk, n_events, value, se, low, high``.

    Raises:
        EstimateError: not_numbers, not_a_row, lengths_differ, empty, not_a_time, not_zero_or_one,
            entry_not_before_time, not_between_0_and_1.

    Source: Kaplan & Meier 1958.

    >>> kaplan_meier([1, 2, 3, 3], [1, 0, 1, 1])["value"].to_list()
    [0.75, 0.0]
    """
    return kaplan_meier_by(_event_counts(time, event, entry), level=level)


def aalen_johansen(
    time: ArrayLike,
    exit: ArrayLike,  # noqa: A002 - the name others rely on
    entry: ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> pl.DataFrame:
    """How large a share has left in each way by each time?

    F_j(t) = sum over exit times u <= t of S(u-) d_j/n; see :func:`aalen_johansen_by`.

    Parameters:
        time: when each spell ended or was last seen, (n,), any unit, finite and not negative.
        exit: how it ended, (n,): words or whole numbers; 0, "open" and None are still going.
        entry: from when each was seen (delayed entry), (n,), before ``time``; 0 is from the start.
        level: of the interval.

    Returns:
        A row per exit time and kind of exit: ``time, exit, n_at_risk, n_events, value, se, low, high``; no rows if
        nothing ended.

    Raises:
        EstimateError: as :func:`kaplan_meier`; not_an_exit (a number that is not whole, or NaN), reserved_exit
            ("any" and "entered_late" mean something else here).

    Source: Aalen & Johansen 1978; Marubini & Valsecchi 1995.

    >>> aalen_johansen([1, 2, 3, 3], ["won", "lost", None, None]).filter(time=2.0).select("exit", "value").rows()
    [('lost', 0.25), ('won', 0.25)]
    """
    days = times(time)
    return aalen_johansen_by(as_counts(days, exit_words(exit), entries(entry, days)), level=level)


def median(time: ArrayLike, event: ArrayLike, entry: ArrayLike | None = None, *, level: float = 0.95) -> pl.DataFrame:
    """By when has half of them ended?

    The first time with S(t) <= 1/2, in the middle of a flat stretch at exactly 1/2; see :func:`quantile_by`. The
    median of the ended ones alone is too short.

    Parameters:
        time: when each spell ended or was last seen, (n,), any unit, finite and not negative.
        event: 1 where it ended, 0 where it was still going, (n,).
        entry: from when each was seen (delayed entry), (n,), before ``time``; 0 is from the start.
        level: of the interval.

    Returns:
        One row: ``value, low, high`` (null where not reached), ``n, n_events``.

    Raises:
        EstimateError: as :func:`kaplan_meier`.

    Source: Brookmeyer & Crowley 1982.

    >>> median([5, 8, 12, 20, 30], [1, 1, 1, 0, 0])["value"].item()
    12.0
    """
    return quantile_by(_event_counts(time, event, entry), level=level)


def rmst(
    time: ArrayLike, event: ArrayLike, tau: float, entry: ArrayLike | None = None, *, level: float = 0.95
) -> pl.DataFrame:
    """How long does a spell last on average within the first ``tau``?

    The area under S from 0 to ``tau``; see :func:`rmst_by`.

    Parameters:
        time: when each spell ended or was last seen, (n,), any unit, finite and not negative.
        event: 1 where it ended, 0 where it was still going, (n,).
        tau: the horizon, in the unit of ``time``.
        entry: from when each was seen (delayed entry), (n,), before ``time``; 0 is from the start.
        level: of the interval.

    Returns:
        One row: ``value, se, low, high, n, n_events``.

    Raises:
        EstimateError: as :func:`kaplan_meier`; not_positive.

    Source: Irwin 1949.

    >>> rmst([10, 20], [1, 1], 20)["value"].item()
    15.0
    """
    return rmst_by(_event_counts(time, event, entry), tau=tau, level=level)


def as_counts(time: Floats, words: list[str], entry: Floats | None = None) -> pl.DataFrame:
    """Spells as counts: a row for each end, and one for each entry later than 0.

    >>> as_counts(np.array([3.0]), ["open"], np.array([1.0])).rows()
    [(3.0, 'open', 1), (1.0, 'entered_late', 1)]
    """
    ends = pl.DataFrame({"time": time, "exit": pl.Series(words, dtype=pl.String)}) if len(words) == len(time) else None
    if ends is None:
        raise EstimateError("lengths_differ", lengths={"time": len(time), "exit": len(words)})
    if entry is not None:
        late = pl.DataFrame({"time": entry[entry > 0]}).with_columns(exit=pl.lit(LATE))
        ends = pl.concat([ends, late])
    return ends.with_columns(n=pl.lit(1, pl.Int64))


def exit_words(exits: ArrayLike) -> list[str]:
    """Exits as words: 0 and None become "open", other whole numbers their digits.

    >>> exit_words([1, 0, None, "lost"])
    ['1', 'open', 'open', 'lost']
    """
    values = np.asarray(exits, dtype=object).tolist()
    if any(isinstance(value, str) for value in values):  # a text column of pandas holds NaN for None
        values = [None if isinstance(value, float) and value != value else value for value in values]
    words = [_exit_word(value) for value in values]
    refuse_where("not_an_exit", np.array([word is None for word in words], dtype=bool))
    refuse_where("reserved_exit", np.array([word in (ANY, LATE) for word in words], dtype=bool))
    return words  # type: ignore[return-value]


def _exit_word(value: object) -> str | None:
    """One exit as a word; None where it cannot be read."""
    if value is None:
        return OPEN
    if isinstance(value, str):
        return str(value)
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    if not number.is_integer():
        return None
    return OPEN if number == 0 else str(int(number))


def _event_counts(time: ArrayLike, event: ArrayLike, entry: ArrayLike | None) -> pl.DataFrame:
    """Times and flags, checked, as counts of one kind of exit."""
    days, ended = times(time), flags(event, "event")
    same_length(time=days, event=ended)
    return as_counts(days, np.where(ended, "left", OPEN).tolist(), entries(entry, days))
