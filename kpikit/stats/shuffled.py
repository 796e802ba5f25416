"""Two groups too small for an interval: is their difference larger than shuffling the spells between them makes it?"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.stats.checks import Floats, entries, flags, fraction, positive, same_length, times
from kpikit.stats.survival import exit_words

_CELLS = 1_000_000
_EQUAL = 1e-9


def shuffled_difference(
    time: ArrayLike,
    exit: ArrayLike,  # noqa: A002 - the name others rely on
    group: ArrayLike,
    entry: ArrayLike | None = None,
    *,
    horizon: float,
    permutations: int = 9999,
    seed: int = 0,
    level: float = 0.95,
) -> pl.DataFrame:
    """How surprising is the difference of two groups in how long spells last and how they end?

    The difference of Kaplan-Meier medians, of the shares that left in each way by the horizon (Aalen-Johansen), and of
    the share still there; each against what it becomes when the spells are shuffled between the groups. Exact at any
    size if the groups were to be the same. A shuffling whose difference cannot be said (half are still there, nobody
    was followed to the horizon) counts as one at least as large, so p errs upwards.

    Parameters:
        time: when each spell ended or was last seen, (n,), any unit, finite and not negative.
        exit: how it ended, (n,): words or whole numbers; 0, "open" and None are still going.
        group: 1 for the spells of the first group, 0 for the second, (n,).
        entry: from when each was seen (delayed entry), (n,), before ``time``.
        horizon: of the shares, in the unit of ``time``.
        permutations: how many shufflings.
        seed: of the shufflings.
        level: one less the error rate of ``least_shown``.

    Returns:
        A row a ``figure`` ("median", each way of leaving, "still_there"): ``value`` (first less second group; null
        where it cannot be said, and then so is ``p``), ``p``, and ``least_shown``: the smallest difference that would
        have been surprising at that level; null if no difference would have been.

    Raises:
        EstimateError: as :func:`kpikit.stats.log_rank`; not_positive, not_zero_or_one.

    Source: Good 2005, Permutation, Parametric and Bootstrap Tests of Hypotheses.

    >>> days, left = [1, 2, 3, 4, 11, 12, 13, 14], ["lost"] * 8
    >>> row = shuffled_difference(days, left, [1] * 4 + [0] * 4, horizon=10).row(0, named=True)
    >>> row["figure"], row["value"], round(row["p"], 2)
    ('median', -10.0, 0.06)
    """
    days, words, mine = times(time), np.array(exit_words(exit), dtype=object), flags(group, "group")
    same_length(time=days, exit=words, group=mine)
    late = entries(entry, days)
    positive(horizon, "horizon")
    at = np.unique(days[words != "open"])
    kinds = sorted(set(words) - {"open"})
    late = np.full(days.size, -1.0) if late is None else late
    spells = _Spells(days, words, late, at, kinds, float(horizon))
    rng, chunk = np.random.default_rng(seed), max(1, _CELLS // max(at.size, days.size, 1))
    found = [spells.differences(mine[None, :])]
    for first in range(0, permutations, chunk):
        size = min(chunk, permutations - first)
        found.append(spells.differences(rng.permuted(np.broadcast_to(mine, (size, mine.size)), axis=1)))
    differences = np.concatenate(found)
    rows = [_judged(column, 1 - fraction(level, "level")) for column in differences.T]
    figures = pl.Series("figure", ["median", *kinds, "still_there"], pl.String)
    schema = {"value": pl.Float64, "p": pl.Float64, "least_shown": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").insert_column(0, figures)


class _Spells:
    """Spells laid out so that the curves of any subset are sums: at risk, and gone in each way, at each exit time."""

    def __init__(self, days: Floats, words: np.ndarray, late: Floats, at: Floats, kinds: list[str], horizon: float):
        self.at, self.horizon = at, horizon
        self.at_risk = ((late[:, None] < at) & (days[:, None] >= at)).astype(np.float32)
        here = days[:, None] == at
        self.gone = [(here & (words == kind)[:, None]).astype(np.float32) for kind in kinds]
        self.followed = ((late < horizon) & (days >= horizon)).astype(np.float32)

    def differences(self, members: np.ndarray) -> Floats:
        """For each row of members the figures of those within less those of the others; NaN where it has none."""
        inside = members.astype(np.float32)
        return self._figures(inside) - self._figures(1 - inside)

    def _figures(self, inside: np.ndarray) -> Floats:
        n = (inside @ self.at_risk).astype(np.float64)
        d = [(inside @ gone).astype(np.float64) for gone in self.gone]
        some = np.maximum(n, 1)
        still = np.cumprod(1 - np.sum(d, axis=0) / some, axis=1) if d else np.ones(n.shape)
        before = np.concatenate([np.ones_like(still[:, :1]), still[:, :-1]], axis=1)
        early = self.at <= self.horizon
        shares = [(before * left / some)[:, early].sum(axis=1) for left in d]
        rest = still[:, early][:, -1] if early.any() else np.ones(n.shape[0])
        unseen = (inside @ self.followed == 0) & (rest > _EQUAL)
        said = [np.where(unseen, np.nan, share) for share in (*shares, rest)]
        return np.column_stack([self._medians(np.asarray(still, dtype=np.float64)), *said])

    def _medians(self, still: Floats) -> Floats:
        """The first time at which half have gone; the middle to the next exit where half are there exactly."""
        first, later = (np.asarray(still - 0.5 <= slack) for slack in (_EQUAL, -_EQUAL))
        if not self.at.size:
            return np.full(still.shape[0], np.nan)
        one, two = (np.where(m.any(axis=1), self.at[m.argmax(axis=1)], np.nan) for m in (first, later))
        flat = (np.abs(still - 0.5) <= _EQUAL).any(axis=1)
        return np.where(flat, (one + np.where(np.isnan(two), one, two)) / 2, one)


def _judged(differences: Floats, error: float) -> tuple[float | None, float | None, float | None]:
    """Row 0 is what was seen, the others are shufflings: the difference, its p, and the least that would have shown."""
    seen, shuffled = differences[0], np.abs(differences[1:])
    shuffled = np.sort(np.where(np.isnan(shuffled), np.inf, shuffled))
    total = shuffled.size + 1

    def p_of(size: Floats) -> Floats:
        return (1 + shuffled.size - np.searchsorted(shuffled, size * (1 - 1e-9) - 1e-12, side="left")) / total

    sizes = np.unique(shuffled[np.isfinite(shuffled)])
    rare = sizes[p_of(sizes) <= error]
    least = float(rare[0]) if rare.size else None
    return (None, None, least) if np.isnan(seen) else (float(seen), float(p_of(np.abs(seen))), least)
