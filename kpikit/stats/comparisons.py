"""Do groups differ in how long they last, or in how many leave in one way? Two tests."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from kpikit.errors import EstimateError
from kpikit.stats.checks import Floats, entries, flags, group_codes, same_length, times
from kpikit.stats.survival import exit_words

_CELLS = 2_000_000


def log_rank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    entry: ArrayLike | None = None,
    *,
    permutations: int = 0,
    seed: int = 0,
) -> pl.DataFrame:
    """Do groups differ in the rate at which they leave?

    Observed less expected exits of each group, squared against their hypergeometric variance: chi-square with one
    degree of freedom fewer than groups. Below ten spells or five exits in a group the chi-square is too bold: ask for
    permutations. Misleads where the curves cross.

    Parameters:
        time: when each spell ended or was last seen, (n,), any unit, finite and not negative.
        event: 1 where it ended, 0 where it was still going, (n,).
        group: the group of each, (n,), any labels.
        entry: from when each was seen (delayed entry), (n,), before ``time``.
        permutations: how many shufflings of the groups give the p-value; 0 takes the chi-square.
        seed: of the shufflings.

    Returns:
        One row: ``value`` (chi-square), ``df, p, n, n_events, permutations``. One group or no exits: value, p null.

    Raises:
        EstimateError: not_numbers, not_a_row, lengths_differ, empty, not_a_time, not_zero_or_one, no_group,
            entry_not_before_time, negative.

    Source: Mantel 1966; Peto & Peto 1972.

    >>> log_rank([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], ["a", "a", "a", "b", "b", "b"])["value"].round(3).item()
    5.052
    """
    days, ended = times(time), flags(event, "event")
    same_length(time=days, event=ended)
    late = entries(entry, days)
    codes, k = group_codes(group, len(days))
    _whole(permutations)
    observed, covariance, scores = _log_rank_parts(days, ended, codes, k, late)
    df = int(np.linalg.matrix_rank(covariance, tol=1e-9)) if k > 1 else 0
    value = float(observed @ np.linalg.pinv(covariance, rcond=1e-9) @ observed) if df else None
    p = None if value is None else _chi_square_tail(value, df)
    if value is not None and permutations:
        p = _permuted_scores(scores, codes, k, permutations, seed)
    return _test_row(value, df, p, len(days), int(ended.sum()), permutations)


def _log_rank_parts(
    time: Floats, event: NDArray[np.bool_], codes: NDArray[np.int64], k: int, entry: Floats | None
) -> tuple[Floats, Floats, Floats]:
    """Observed less expected per group, its covariance, and each spell's own share in it."""
    at = np.unique(time[event])
    n, d = np.zeros((at.size, k)), np.zeros((at.size, k))
    for j in range(k):
        mine = codes == j
        ends = np.sort(time[mine])
        n[:, j] = ends.size - np.searchsorted(ends, at, side="left")
        if entry is not None:
            n[:, j] -= mine.sum() - np.searchsorted(np.sort(entry[mine]), at, side="left")
        d[:, j] = np.bincount(np.searchsorted(at, time[mine & event]), minlength=at.size)[: at.size]
    total, left = n.sum(axis=1), d.sum(axis=1)
    share = n / total[:, None]
    factor = left * np.where(total > 1, (total - left) / np.maximum(total - 1, 1), 0)
    covariance = np.diag(factor @ share) - (share * factor[:, None]).T @ share
    hazard = np.concatenate([[0.0], np.cumsum(left / total)])
    scores = event - hazard[np.searchsorted(at, time, side="right")]
    if entry is not None:
        scores = scores + hazard[np.searchsorted(at, entry, side="right")]
    return (d - left[:, None] * share).sum(axis=0), covariance, scores


def _permuted_scores(scores: Floats, codes: NDArray[np.int64], k: int, permutations: int, seed: int) -> float:
    """Permutation p of sum over groups of (sum of scores)^2 / size."""
    rng, sizes = np.random.default_rng(seed), np.bincount(codes, minlength=k)
    order = np.argsort(codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def spread(rows: Floats) -> Floats:
        return (np.add.reduceat(rows, starts, axis=1) ** 2 / sizes).sum(axis=1)

    seen, hits, done = float(spread(scores[order][None, :])[0]), 0, 0
    chunk = max(1, _CELLS // scores.size)
    while done < permutations:
        size = min(chunk, permutations - done)
        shuffled = rng.permuted(np.broadcast_to(scores, (size, scores.size)), axis=1)
        hits += int((spread(shuffled) >= seen * (1 - 1e-9)).sum())
        done += size
    return (1 + hits) / (1 + permutations)


def gray(
    time: ArrayLike,
    exit: ArrayLike,  # noqa: A002 - the name others rely on
    group: ArrayLike,
    *,
    cause: str | int,
    permutations: int = 9999,
    seed: int = 0,
) -> pl.DataFrame:
    """Do groups differ in the share that leaves in one way in the end?

    Score of Gray: U_k = sum over t of d_1k - d_1. R_k/R., R_k = n_k (1 - F_k(t-))/S_k(t-); its spread and the p-value
    come from shuffling the groups. The log-rank test of one exit asks another thing: whether the rate while still
    there differs. Misleads if groups were followed for different lengths.

    Parameters:
        time: when each spell ended or was last seen, (n,), any unit, finite and not negative.
        exit: how it ended, (n,): words or whole numbers; 0, "open" and None are still going.
        group: the group of each, (n,), any labels.
        cause: the exit that is compared.
        permutations: how many shufflings (the p-value cannot be below 1/(permutations + 1)).
        seed: of the shufflings.

    Returns:
        One row: ``value`` (score in units of its spread over shufflings, squared: about a chi-square), ``df, p, n,
        n_events`` (of the cause), ``permutations``. One group or no such exit: value, p null.

    Raises:
        EstimateError: not_numbers, not_a_row, lengths_differ, empty, not_a_time, not_an_exit, reserved_exit,
            no_group, not_positive.

    Source: Gray 1988, Ann. Stat. 16:1141-1154.

    >>> days = list(range(1, 21))
    >>> gray(days, ["won"] * 20, ["a"] * 10 + ["b"] * 10, cause="won", permutations=999)["p"].item() < 0.01
    True
    """
    days, words = times(time), np.array(exit_words(exit), dtype=object)
    same_length(time=days, exit=words)
    codes, k = group_codes(group, len(days))
    if _whole(permutations) < 1:
        raise EstimateError("not_positive", what="permutations", value=permutations)
    mine = words == exit_words([cause])[0]
    if k < 2 or not mine.any():
        return _test_row(None, max(k - 1, 0), None, len(days), int(mine.sum()), permutations)
    scores = _gray_scores(days, words != "open", mine, codes, k, permutations, seed)
    centred = scores - scores[1:].mean(axis=0)
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(centred[1:], rowvar=False)), rcond=1e-9)
    forms = np.einsum("ij,jk,ik->i", centred, inverse, centred)
    p = (1 + int((forms[1:] >= forms[0] * (1 - 1e-9)).sum())) / (1 + permutations)
    return _test_row(float(forms[0]), k - 1, p, len(days), int(mine.sum()), permutations)


def _gray_scores(
    time: Floats,
    ended: NDArray[np.bool_],
    mine: NDArray[np.bool_],
    codes: NDArray[np.int64],
    k: int,
    permutations: int,
    seed: int,
) -> Floats:
    """Gray's scores of all groups but the last: row 0 as seen, the other rows with the groups shuffled."""
    order = np.argsort(time, kind="stable")
    time, ended, mine, codes = time[order], ended[order], mine[order], codes[order]
    starts = np.searchsorted(time, np.unique(time[ended]))
    stops = np.searchsorted(time, time[starts], side="right")
    rng, chunk = np.random.default_rng(seed), max(1, _CELLS // (time.size * k))
    rows = [_gray_score(codes[None, :], k, starts, stops, ended, mine)]
    for first in range(0, permutations, chunk):
        size = min(chunk, permutations - first)
        shuffled = rng.permuted(np.broadcast_to(codes, (size, codes.size)), axis=1)
        rows.append(_gray_score(shuffled, k, starts, stops, ended, mine))
    return np.concatenate(rows)


def _gray_score(
    codes: NDArray[np.int64],
    k: int,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    ended: NDArray[np.bool_],
    mine: NDArray[np.bool_],
) -> Floats:
    """Scores (rows, k - 1) for rows of group codes of spells sorted by time; an exit time is starts:stops."""
    member = codes[:, None, :] == np.arange(k)[None, :, None]
    at_risk = _sums(member, np.ones_like(ended), starts, np.full_like(starts, codes.shape[1]))
    left, cause = _sums(member, ended, starts, stops), _sums(member, mine, starts, stops)
    some = np.maximum(at_risk, 1)
    after = np.cumprod(1 - left / some, axis=2)
    before = np.concatenate([np.ones_like(after[..., :1]), after[..., :-1]], axis=2)
    rise = before * cause / some
    gone = np.cumsum(rise, axis=2) - rise
    risk = np.where(at_risk > 0, at_risk * (1 - gone) / np.where(before > 0, before, 1), 0)
    whole = risk.sum(axis=1, keepdims=True)
    expected = cause.sum(axis=1, keepdims=True) * risk / np.where(whole > 0, whole, 1)
    return (cause - expected).sum(axis=2)[:, : k - 1]


def _sums(
    member: NDArray[np.bool_], weight: NDArray[np.bool_], starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> Floats:
    """Number of members with weight between starts and stops, (rows, k, times)."""
    running = np.cumsum(member & weight, axis=2, dtype=np.int32)
    running = np.concatenate([np.zeros_like(running[..., :1]), running], axis=2)
    return (running[..., stops] - running[..., starts]).astype(np.float64)


def _whole(permutations: int) -> int:
    """A number of shufflings: whole, not negative."""
    if permutations != int(permutations) or permutations < 0:
        raise EstimateError("negative", what="permutations", value=permutations)
    return int(permutations)


def _chi_square_tail(value: float, df: int) -> float:
    """Chance of a chi-square at least as large."""
    from scipy.stats import chi2

    return float(chi2.sf(value, df))


def _test_row(value: float | None, df: int, p: float | None, n: int, n_events: int, permutations: int) -> pl.DataFrame:
    """One row that tells a test."""
    schema = {"value": pl.Float64, "df": pl.Int64, "p": pl.Float64}
    schema |= dict.fromkeys(("n", "n_events", "permutations"), pl.Int64)
    return pl.DataFrame([(value, df, p, n, n_events, permutations)], schema=schema, orient="row")
