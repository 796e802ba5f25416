"""Marks: the age that nine in ten of the *others* did not reach, each leaving out the one that is judged by it."""

from __future__ import annotations

import numpy as np
import polars as pl

Array = np.ndarray
#: a deal waits long when fewer than this share of the others waited as long
STILL = 0.1
#: shares are equal when they differ by less
SLACK = 1e-9
#: the logarithm that stands for a share of nothing
_NOTHING = -1e3


def begins(time: Array, entry: Array, *, at_least: int = 5, share: float = 0.1) -> float:
    """From which age on enough are in view for a curve; NaN if never (:func:`kpikit.stats.settled_from`, of one group).

    ``time`` and ``entry`` are ages at the end and at the beginning of observation, entry before time.
    """
    late = entry[entry > 0]
    if not late.size:
        return 0.0
    needed = max(at_least, share * time.size)
    if np.count_nonzero(entry < min(time.min(), late.min())) >= needed:
        return 0.0
    steps = np.unique(np.concatenate([time, late]))
    seen = _before(entry, steps) - _before(time, steps)
    enough = np.flatnonzero(seen >= needed)
    if not enough.size:
        return float("nan")
    return 0.0 if enough[0] == 0 else float(steps[enough[0]])


def marks_of_others(days: Array, entry: Array, is_judged: Array, is_end: Array, begin: float) -> tuple[Array, Array]:
    """For each judged one: the first age at which nine in ten of the others had ended, and whether it is "at least".

    Kaplan–Meier of all but the one itself, from ``begin`` on. With d ends among n in view, those in view with it have
    n - 1 others: so the curve without it is the common one (L0, sums of log(1 - d/n)) up to its entry and after its
    age, and L1 (sums of log(1 - d/(n - 1))) between. Where the curve never comes down to one in ten the mark is the
    last end, and "at least"; NaN where nothing ended.
    """
    ages, late = days[is_judged], entry[is_judged]
    times, ended = _counted(days[is_end])
    if not times.size:
        return np.full(ages.size, np.nan), np.ones(ages.size, dtype=bool)
    gone = np.cumsum(ended) - ended + _before(days[~is_end], times)
    at_risk = _before(entry, times) - gone
    settled = times >= (np.inf if np.isnan(begin) else begin)
    common, without = (np.append(0.0, np.cumsum(_logs(ended, at_risk - out, settled))) for out in (0, 1))
    wanted = np.log(STILL + SLACK)
    first, last = np.searchsorted(times, late, "right"), np.searchsorted(times, ages, "right")
    # three stretches of its own curve, each a stretch of one of the two sums, moved
    before_it = _first_down(common, np.full(ages.size, wanted))
    with_it = _first_down(without, wanted - common[first] + without[first])
    so_far = common[first] + without[last] - without[first]
    after_it = _first_down(common, wanted - so_far + common[last])
    found = np.where(before_it <= first, before_it, np.where(with_it <= last, with_it, after_it))
    reached = found <= times.size
    return times[np.where(reached, found, times.size) - 1], ~reached


def _counted(values: Array) -> tuple[Array, Array]:
    """The values that there are, in order, and how often each is there."""
    every = _sorted(values)
    first = np.flatnonzero(np.diff(every, prepend=-np.inf))
    return every[first], np.diff(first, append=every.size)


def _sorted(values: Array) -> Array:
    return pl.Series(values).sort().to_numpy()  # on all cores


def _logs(ended: Array, others: Array, settled: Array) -> Array:
    """log(1 - d/n) at each time; nothing where nobody else is in view, or the curve has not begun."""
    left = 1 - np.divide(ended, others, out=np.zeros(ended.size), where=settled & (others >= ended) & (others > 0))
    return np.log(left, out=np.full(ended.size, _NOTHING), where=left > 0)


def _first_down(sums: Array, wanted: Array) -> Array:
    """The first number of steps after which a falling sum is as low as wanted; one more than there are if never."""
    return np.searchsorted(-sums, -wanted, "left")


def _before(values: Array, steps: Array) -> Array:
    """How many of the values, most of which are often 0, lie before each step."""
    later = _sorted(values[values > 0])
    return np.where(steps > 0, values.size - later.size, 0) + np.searchsorted(later, steps, "left")
