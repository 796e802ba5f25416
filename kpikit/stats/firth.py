"""Logistic regression that keeps its head when a driver separates won from lost: Firth's penalised likelihood.

Maximises l(b) + log|I(b)|/2. Modified score: X'(y - p + h (1/2 - p)), h the leverages. Clean-room, from the papers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from kpikit.errors import EstimateError
from kpikit.stats.checks import Floats, flags, fraction, not_empty, refuse_where, same_length

_STEPS, _LONGEST, _SMALL, _ENOUGH = 200, 5.0, 1e-8, 1e-6


def firth(X: ArrayLike, y: ArrayLike, *, names: Sequence[str] | None = None, level: float = 0.95) -> pl.DataFrame:
    """Which drivers go with success, on the scale of log-odds?

    Firth's penalised logistic regression with an intercept; intervals and p-values by profile penalised likelihood
    (Wald's are wrong under separation). Report :func:`marginal_effects` instead; an association is not a cause.

    Parameters:
        X: the drivers, (n,) or (n, k), finite, without an intercept.
        y: 1 for success, 0 for not, (n,).
        names: names of the k drivers; "x0", "x1" … if not given.
        level: of the interval.

    Returns:
        A row for "intercept" and for each driver: ``term, value, se`` (Wald's), ``low, high`` (null where the profile
        never falls far enough), ``p``, ``flic`` (the coefficient for predictions: the intercept estimated again so
        that mean prediction and mean outcome agree), ``n, n_events``.

    Raises:
        EstimateError: not_numbers, not_finite, not_zero_or_one, not_a_row, lengths_differ, empty, names_differ,
            collinear (a driver is constant or a combination of others), one_outcome (only 1 or only 0),
            not_converged.

    Source: Firth 1993, Biometrika 80:27-38; Heinze & Schemper 2002, Stat. Med. 21:2409-2419; Puhr et al. 2017.

    >>> X = [1] * 8 + [0] * 32
    >>> y = [1] * 8 + [1] * 12 + [0] * 20
    >>> firth(X, y, names=["champion"])["value"].round(4).to_list()
    [-0.4947, 3.3279]
    """
    design, won = _design(X, y)
    terms = _terms(design, names)
    fraction(level, "level")
    beta = _fit(design, won)
    flic, se = _flic(design, won, beta), np.sqrt(np.diag(np.linalg.inv(_state(design, won, beta)[2])))
    rows = [_profile(design, won, beta, j, float(se[j]), level) for j in range(len(terms))]
    low, high, p = (list(column) for column in zip(*rows, strict=True))
    frame = {"term": terms, "value": beta, "se": se, "low": low, "high": high, "p": p, "flic": flic}
    table = pl.DataFrame(frame, schema_overrides={"low": pl.Float64, "high": pl.Float64})
    return table.with_columns(n=pl.lit(len(won), pl.Int64), n_events=pl.lit(int(won.sum()), pl.Int64))


def firth_predictions(X: ArrayLike, y: ArrayLike, *, new: ArrayLike | None = None) -> pl.DataFrame:
    """What chance of success does the model give each?

    Predictions of :func:`firth` with its intercept estimated again (FLIC): their mean is the share that succeeded.

    Parameters:
        X: the drivers, (n,) or (n, k), without an intercept.
        y: 1 for success, 0 for not, (n,).
        new: drivers of other cases, (m,) or (m, k); those of ``X`` if not given.

    Returns:
        A row per case: ``value``, the chance.

    Raises:
        EstimateError: as :func:`firth`.

    Source: Puhr et al. 2017, Stat. Med. 36:2302-2317.

    >>> firth_predictions([1] * 5 + [0] * 5, [1, 1, 1, 1, 1, 0, 0, 0, 1, 0])["value"].mean().__round__(6)
    0.6
    """
    design, won = _design(X, y)
    flic = _flic(design, won, _fit(design, won))
    cases = design if new is None else _with_intercept(_matrix(new))
    if cases.shape[1] != design.shape[1]:
        raise EstimateError("lengths_differ", lengths={"X": design.shape[1] - 1, "new": cases.shape[1] - 1})
    return pl.DataFrame({"value": _expit(cases @ flic)})


def marginal_effects(
    X: ArrayLike,
    y: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    draws: int = 499,
    seed: int = 0,
    level: float = 0.95,
) -> pl.DataFrame:
    """By how many points does the chance of success differ, with and without each driver?

    Average over the cases of the predicted chance (Firth, FLIC) with the driver at 1 less that with it at 0; for a
    driver that is not 0 or 1 everywhere, at one more less as it is. Interval: percentiles over cases drawn again.

    Parameters:
        X: the drivers, (n,) or (n, k), without an intercept.
        y: 1 for success, 0 for not, (n,).
        names: names of the k drivers.
        draws: how many times the cases are drawn again (draws with one outcome only are left out).
        seed: of the draws.
        level: of the interval.

    Returns:
        A row per driver: ``term, value, low, high`` in share points (.1 = ten points), ``low80, high80`` (the 80 %
        interval), ``n, n_events, draws`` (used).

    Raises:
        EstimateError: as :func:`firth`.

    >>> marginal_effects([1] * 8 + [0] * 32, [1] * 20 + [0] * 20, draws=99)["value"].round(3).item()
    0.558
    """
    design, won = _design(X, y)
    terms, tail = _terms(design, names)[1:], (1 - fraction(level, "level")) / 2
    once = np.ones((1, len(won)))
    value = _effects(design, won, once)[0]
    weights = np.random.default_rng(seed).multinomial(len(won), np.full(len(won), 1 / len(won)), size=draws)
    wins = weights @ won
    drawn = _effects(design, won, weights[(wins > 0) & (wins < len(won))].astype(float))
    ends = [tail, 1 - tail, 0.1, 0.9]
    bounds = np.quantile(drawn, ends, axis=0) if len(drawn) else np.full((4, len(terms)), np.nan)
    counts = {"n": len(won), "n_events": int(won.sum()), "draws": len(drawn)}
    figures = dict(zip(("low", "high", "low80", "high80"), bounds, strict=True))
    frame = pl.DataFrame({"term": terms, "value": value, **figures}).fill_nan(None)
    return frame.with_columns(pl.lit(count, pl.Int64).alias(name) for name, count in counts.items())


def _effects(design: Floats, won: Floats, weights: Floats) -> Floats:
    """Average effects of every driver for each row of case weights, (rows, k)."""
    beta = _fit_all(design, won, weights)
    beta[:, 0] = _intercepts(design, won, weights, beta)
    total, out = weights.sum(axis=1), np.empty((len(weights), design.shape[1] - 1))
    for j in range(1, design.shape[1]):
        yes_or_no = np.isin(design[:, j], (0, 1)).all()
        with_it, without = design.copy(), design.copy()
        with_it[:, j] = 1 if yes_or_no else design[:, j] + 1
        without[:, j] = 0 if yes_or_no else design[:, j]
        gap = _expit(beta @ with_it.T) - _expit(beta @ without.T)
        out[:, j - 1] = (weights * gap).sum(axis=1) / total
    return out


def _fit(design: Floats, won: Floats, fixed: tuple[int, float] | None = None, start: Floats | None = None) -> Floats:
    """The coefficients of greatest penalised likelihood, one of them perhaps fixed: Newton with halved steps."""
    beta = np.zeros(design.shape[1]) if start is None else start.copy()
    free = np.ones(len(beta), dtype=bool)
    if fixed is not None:
        beta, free[fixed[0]] = _moved(design, won, beta, *fixed), False
    (now, score, info), gain = _state(design, won, beta), np.inf
    for _ in range(_STEPS):
        step = np.zeros_like(beta)
        step[free] = np.linalg.lstsq(info[np.ix_(free, free)], score[free], rcond=None)[0]
        reach, gain = float(np.abs(design @ step).max()), float(score @ step)
        if reach < _SMALL or gain < _SMALL**2:
            return beta
        size = min(1.0, _LONGEST / reach)
        while (after := _state(design, won, beta + size * step))[0] < now and size * reach > _SMALL:
            size /= 2
        if after[0] < now:
            return beta
        beta, (now, score, info) = beta + size * step, after
    if gain < _ENOUGH:
        return beta
    raise EstimateError("not_converged", what="firth")


def _moved(design: Floats, won: Floats, beta: Floats, j: int, value: float) -> Floats:
    """Coefficient j set to a value, the others moved along as the curvature suggests."""
    info, rest = _state(design, won, beta)[2], np.arange(len(beta)) != j
    out, shift = beta.copy(), value - beta[j]
    out[j] = value
    out[rest] -= np.linalg.lstsq(info[np.ix_(rest, rest)], info[rest, j], rcond=None)[0] * shift
    return out


def _state(design: Floats, won: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
    """Penalised log-likelihood, modified score and information; leverages from a QR of the weighted design."""
    eta = design @ beta
    p = _expit(eta)
    q, r = np.linalg.qr(design * np.sqrt(p * (1 - p))[:, None])
    size, lever = np.abs(np.diag(r)), (q * q).sum(axis=1)
    penalty = float(np.log(size).sum()) if (size > 0).all() else -1e9
    value = float(won @ eta - np.logaddexp(0, eta).sum()) + penalty
    return value, design.T @ (won - p + lever * (0.5 - p)), r.T @ r


def _fit_all(design: Floats, won: Floats, weights: Floats) -> Floats:
    """Coefficients for each row of case weights at once, (rows, k + 1); steps are kept short instead of halved."""
    beta = np.zeros((len(weights), design.shape[1]))
    for _ in range(_STEPS):
        p = _expit(beta @ design.T)
        load = weights * p * (1 - p)
        info = np.einsum("bi,ij,ik->bjk", load, design, design, optimize=True)
        inverse = np.linalg.pinv(info, hermitian=True)
        lever = load * np.einsum("ij,bjk,ik->bi", design, inverse, design, optimize=True)
        score = (weights * (won - p) + lever * (0.5 - p)) @ design
        step = np.einsum("bjk,bk->bj", inverse, score)
        reach = np.abs(step @ design.T).max(axis=1, keepdims=True)
        beta += step * np.minimum(1.0, 1.0 / np.maximum(reach, _SMALL))
        if reach.max(initial=0.0) < _SMALL:
            break
    return beta


def _flic(design: Floats, won: Floats, beta: Floats) -> Floats:
    """The coefficients with the intercept estimated again by plain likelihood, the slopes kept."""
    return np.concatenate([_intercepts(design, won, np.ones((1, len(won))), beta[None, :]), beta[1:]])


def _intercepts(design: Floats, won: Floats, weights: Floats, beta: Floats) -> Floats:
    """For each row the intercept at which weighted mean prediction and outcome agree: bisection on a monotone sum."""
    offset = beta[:, 1:] @ design[:, 1:].T
    low, high = -offset.max(axis=1) - 40, -offset.min(axis=1) + 40
    target = weights @ won
    for _ in range(80):
        middle = (low + high) / 2
        below = (weights * _expit(offset + middle[:, None])).sum(axis=1) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def _profile(
    design: Floats, won: Floats, beta: Floats, j: int, se: float, level: float
) -> tuple[float | None, float | None, float]:
    """Bounds of coefficient j by profile penalised likelihood, and the p-value of its being 0."""
    from scipy.stats import chi2

    drop, best = float(chi2.ppf(level, 1)) / 2, _state(design, won, beta)[0]

    def lack(value: float) -> float:
        return best - _state(design, won, _fit(design, won, (j, value), beta))[0] - drop

    p = float(chi2.sf(max(0.0, 2 * (lack(0.0) + drop)), 1))
    return _cross(lack, float(beta[j]), -se), _cross(lack, float(beta[j]), se), p


def _cross(lack: Callable[[float], float], start: float, stride: float) -> float | None:
    """Where ``lack`` becomes 0, going away from ``start``; None if it does not within 1000 strides."""
    from scipy.optimize import root_scalar

    inner, strides = start, 2
    while strides < 1000:
        outer = start + strides * stride
        if lack(outer) > 0:
            found = root_scalar(lack, bracket=(inner, outer), method="brentq", xtol=1e-7 * abs(stride))
            return float(found.root)
        inner, strides = outer, 2 * strides
    return None


def _expit(eta: Floats) -> Floats:
    """The logistic function, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * eta))


def _design(X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Drivers with an intercept, and outcomes as 0.0 and 1.0, checked."""
    drivers, won = _matrix(X), flags(y, "y").astype(float)
    same_length(X=drivers, y=won)
    not_empty(won, "y")
    if won.min() == won.max():
        raise EstimateError("one_outcome", value=int(won[0]))
    design = _with_intercept(drivers)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise EstimateError("collinear", n=design.shape[1] - 1)
    return design, won


def _matrix(X: ArrayLike) -> Floats:
    """Drivers as (n, k) floats."""
    frame = X.to_numpy() if isinstance(X, pl.DataFrame) else X
    try:
        matrix: Floats = np.asarray(frame, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise EstimateError("not_numbers", what="X") from cause
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2:
        raise EstimateError("not_a_row", what="X", shape=list(matrix.shape))
    refuse_where("not_finite", ~np.isfinite(matrix).all(axis=1), what="X")
    return matrix


def _with_intercept(drivers: Floats) -> Floats:
    """A column of ones before the drivers."""
    return np.column_stack([np.ones(len(drivers)), drivers])


def _terms(design: Floats, names: Sequence[str] | None) -> list[str]:
    """Names of the coefficients."""
    k = design.shape[1] - 1
    given = [f"x{i}" for i in range(k)] if names is None else list(names)
    if len(given) != k:
        raise EstimateError("names_differ", names=given, n=k)
    return ["intercept", *given]
