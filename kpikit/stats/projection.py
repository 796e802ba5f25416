"""Beyond what was seen: how many will stay, and how far the young rows of a triangle will grow."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from kpikit.errors import EstimateError
from kpikit.stats.bounds import z_of
from kpikit.stats.checks import Floats, not_negative, refuse_where


def beta_geometric(
    survivors: ArrayLike, *, periods: int | None = None, n: int | None = None, level: float = 0.95
) -> pl.DataFrame:
    """How many will still be there in later periods, if each has its own, constant chance to leave?

    Shifted beta-geometric, by maximum likelihood: S(t) = B(alpha, beta + t)/B(alpha, beta). The share that renews
    rises with age because those likely to leave go first, not because anyone changes. Misleads where that is not so,
    and beyond about twice the seen periods.

    Parameters:
        survivors: how many (or what share) were there at the start and after each period, (t + 1,), falling.
        periods: up to which period to project; the last seen one if not given.
        n: how many there were at the start; without it no ``se, low, high``.
        level: of the interval (delta method on log(-log S), for the model only).

    Returns:
        A row per period from 0: ``time, seen`` (share seen; null beyond), ``value`` (modelled share), ``se, low,
        high, retention`` (share of those there a period before; null at 0), ``alpha, beta``.

    Raises:
        EstimateError: not_numbers, not_a_row, not_finite, negative, too_short (fewer than three numbers), rises,
            nobody_left (nothing to estimate from), not_converged, not_between_0_and_1.

    Source: Fader & Hardie 2007, J. Interact. Mark. 21:76-90.

    >>> curve = beta_geometric([100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1], periods=12)
    >>> curve.tail(1).select(pl.col("alpha", "beta", "value").round(3)).row(0)
    (0.668, 3.806, 0.378)
    """
    alive = not_negative(survivors, "survivors")
    if alive.size < 3:
        raise EstimateError("too_short", n=alive.size, least=3)
    refuse_where("rises", np.diff(alive, prepend=alive[0]) > 0)
    if alive[-1] == alive[0]:
        raise EstimateError("nobody_left")
    share = alive / alive[0]
    logs = _fit_beta_geometric(share)
    time = np.arange((periods if periods is not None else alive.size - 1) + 1)
    value = _staying(logs, time)
    seen = np.full(time.size, np.nan)
    seen[: min(time.size, share.size)] = share[: time.size]
    kept = np.concatenate([[np.nan], value[1:] / value[:-1]])
    frame = pl.DataFrame({"time": time, "seen": seen, "value": value, **_delta(logs, share, time, n, level)})
    alpha, beta = np.exp(logs)
    return frame.with_columns(retention=pl.Series(kept), alpha=pl.lit(alpha), beta=pl.lit(beta)).fill_nan(None)


def _fit_beta_geometric(share: Floats) -> Floats:
    """Logs of alpha and beta of greatest likelihood."""
    from scipy.optimize import minimize

    found = minimize(_loss, np.zeros(2), args=(share,), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13})
    if not found.success or np.abs(found.x).max() > 30:
        raise EstimateError("not_converged", what="beta_geometric")
    return found.x


def _loss(logs: Floats, share: Floats) -> float:
    """Minus the log-likelihood of one customer."""
    stay = _staying(logs, np.arange(share.size))
    left, gone = -np.diff(share), -np.diff(stay)
    tiny = np.finfo(float).tiny
    return -float(left @ np.log(np.maximum(gone, tiny)) + share[-1] * np.log(max(stay[-1], tiny)))


def _staying(logs: Floats, time: NDArray[np.int64]) -> Floats:
    """S(t) for logs of alpha and beta."""
    from scipy.special import betaln

    alpha, beta = np.exp(np.clip(logs, -50, 50))
    return np.exp(betaln(alpha, beta + time) - betaln(alpha, beta))


def _delta(logs: Floats, share: Floats, time: NDArray[np.int64], n: int | None, level: float) -> dict[str, Floats]:
    """Standard error and bounds of S(t) from the curvature of the likelihood; empty numbers without ``n``."""
    z, nothing = z_of(level), np.full(time.size, np.nan)
    if n is None:
        return {"se": nothing, "low": nothing, "high": nothing}
    h, unit = 1e-4, np.eye(2) * 1e-4

    def bend(u: Floats, v: Floats) -> float:
        ends = _loss(logs + u + v, share) + _loss(logs - u - v, share)
        return (ends - _loss(logs + u - v, share) - _loss(logs - u + v, share)) / (4 * h * h)

    curve = [[bend(u, v) for v in unit] for u in unit]
    covariance = np.linalg.pinv(np.array(curve)) / n
    value = _staying(logs, time)
    slope = np.stack([(_staying(logs + u, time) - _staying(logs - u, time)) / (2 * h) for u in unit])
    se = np.sqrt(np.maximum(np.einsum("it,ij,jt->t", slope, covariance, slope), 0))
    inside = (value > 0) & (value < 1)
    safe = np.where(inside, value, 0.5)
    factor = np.exp(z * se / np.abs(safe * np.log(safe)))
    low, high = np.where(inside, safe**factor, value), np.where(inside, safe ** (1 / factor), value)
    return {"se": se, "low": low, "high": high}


def chain_ladder(triangle: ArrayLike) -> pl.DataFrame:
    """How far will the young rows of a triangle grow, if they grow as the older ones did?

    Each development factor is the sum of a column over the sum of the one before, over rows that have both; a row
    grows by all the factors it still has to come. Standard error by Mack's formula. Misleads when growth changes from
    row to row, and most for the youngest.

    Parameters:
        triangle: cumulative amounts, (rows, ages), the oldest row first; NaN or None where not yet known.

    Returns:
        A row per origin: ``origin`` (from 0), ``latest``, ``factor`` (growth to come), ``value`` (in the end),
        ``reserve`` (value - latest), ``se`` (of the reserve; null with fewer than three ages).

    Raises:
        EstimateError: not_numbers, not_a_triangle (not two-dimensional, a row without a first number or with a gap,
            nothing to learn a factor from, or not finite), negative.

    Source: Mack 1993, ASTIN Bull. 23:213-225.

    >>> chain_ladder([[100, 150, 165], [110, 168, None], [120, None, None]])["value"].round(1).to_list()
    [165.0, 184.8, 199.9]
    """
    known, cells = _triangle(triangle)
    ages = known.shape[1]
    factors = np.ones(ages)
    for j in range(ages - 1):
        both = cells[:, j + 1]
        if not known[both, j].sum() > 0:
            raise EstimateError("not_a_triangle", age=j)
        factors[j] = known[both, j + 1].sum() / known[both, j].sum()
    last = cells.sum(axis=1) - 1
    to_come = np.cumprod(factors[::-1])[::-1][last]
    latest = known[np.arange(len(known)), last]
    value = latest * to_come
    frame = {"origin": np.arange(len(known)), "latest": latest, "factor": to_come, "value": value}
    frame |= {"reserve": value - latest, "se": _mack(known, cells, factors, last, value)}
    return pl.DataFrame(frame).fill_nan(None)


def _triangle(triangle: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """The triangle as floats, and which cells are known."""
    frame = triangle.to_numpy() if isinstance(triangle, pl.DataFrame) else triangle
    try:
        known = np.array(frame, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise EstimateError("not_numbers", what="triangle") from cause
    if known.ndim != 2 or known.size == 0:
        raise EstimateError("not_a_triangle", shape=list(known.shape))
    cells = ~np.isnan(known)
    gap = ~cells[:, 0] | (np.diff(cells.astype(int), axis=1) > 0).any(axis=1) | np.isinf(known).any(axis=1)
    refuse_where("not_a_triangle", gap)
    refuse_where("negative", (np.nan_to_num(known) < 0).any(axis=1), what="triangle")
    return known, cells


def _mack(known: Floats, cells: NDArray[np.bool_], factors: Floats, last: NDArray[np.int64], value: Floats) -> Floats:
    """Mack's standard error of each row's reserve; the last sigma by his extrapolation."""
    ages = known.shape[1]
    if ages < 3:
        return np.full(len(known), np.nan)
    sums, sigma2 = np.zeros(ages - 1), np.full(ages - 1, np.nan)
    for j in range(ages - 1):
        both = cells[:, j + 1]
        base, grown = known[both, j], known[both, j + 1]
        sums[j] = base.sum()
        if both.sum() > 1 and (base > 0).all():
            sigma2[j] = (base * (grown / base - factors[j]) ** 2).sum() / (both.sum() - 1)
    if np.isnan(sigma2[-1]) and ages > 3:
        before, two_before = sigma2[-2], sigma2[-3]
        sigma2[-1] = min(before**2 / two_before if two_before > 0 else 0.0, before, two_before)
    out = np.zeros(len(known))
    for i, first in enumerate(last):
        path = known[i, first] * np.cumprod(np.concatenate([[1.0], factors[first : ages - 1]]))[:-1]
        part = sigma2[first:] / factors[first : ages - 1] ** 2 * (1 / path + 1 / sums[first:])
        out[i] = np.sqrt(value[i] ** 2 * part.sum())
    return out
