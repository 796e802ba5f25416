"""Checks on what comes in: arrays and counts that no estimator can use are refused with their positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from kpikit.errors import EstimateError

Floats = NDArray[np.float64]
Frame = pl.DataFrame | pl.LazyFrame
COUNTS = ("time", "exit", "n")


def refuse_where(code: str, bad: ArrayLike, **values: Any) -> None:
    """Raise ``code`` with the first ten positions where ``bad`` is true."""
    where = np.flatnonzero(bad)
    if where.size:
        raise EstimateError(code, positions=where[:10].tolist(), n=int(where.size), **values)


def numbers(values: ArrayLike, what: str) -> Floats:
    """A row of floats; ``not_numbers`` if it cannot be read so, ``not_a_row`` if it has another shape."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise EstimateError("not_numbers", what=what) from cause
    if array.ndim != 1:
        raise EstimateError("not_a_row", what=what, shape=list(array.shape))
    return array


def finite(values: ArrayLike, what: str) -> Floats:
    """Floats that are all finite, else ``not_finite``."""
    array = numbers(values, what)
    refuse_where("not_finite", ~np.isfinite(array), what=what)
    return array


def not_negative(values: ArrayLike, what: str) -> Floats:
    """Finite floats of zero or more, else ``negative``."""
    array = finite(values, what)
    refuse_where("negative", array < 0, what=what)
    return array


def probabilities(values: ArrayLike, what: str) -> Floats:
    """Floats from 0 to 1, else ``not_a_probability``."""
    array = numbers(values, what)
    refuse_where("not_a_probability", ~((array >= 0) & (array <= 1)), what=what)
    return array


def times(values: ArrayLike, what: str = "time") -> Floats:
    """Times: finite and not negative (``not_a_time``), at least one (``empty``)."""
    array = numbers(values, what)
    refuse_where("not_a_time", ~(np.isfinite(array) & (array >= 0)), what=what)
    not_empty(array, what)
    return array


def entries(values: ArrayLike | None, time: Floats) -> Floats | None:
    """Delayed entries: each before its ``time`` (0 = from the start), else ``entry_not_before_time``."""
    if values is None:
        return None
    entry = times(values, "entry")
    same_length(time=time, entry=entry)
    refuse_where("entry_not_before_time", entry >= time)
    return entry


def flags(values: ArrayLike, what: str) -> NDArray[np.bool_]:
    """Zeros and ones (or booleans) as booleans, else ``not_zero_or_one``."""
    array = numbers(values, what)
    refuse_where("not_zero_or_one", (array != 0) & (array != 1), what=what)
    return array == 1


def group_codes(group: ArrayLike, length: int) -> tuple[NDArray[np.int64], int]:
    """Group labels (any kind) as 0, 1 … in sorted order, and their number; ``no_group`` where one is missing."""
    labels = group if isinstance(group, pl.Series) else pl.Series(np.asarray(group).tolist(), strict=False)
    lengths = {"time": length, "group": len(labels)}
    if len(labels) != length:
        raise EstimateError("lengths_differ", lengths=lengths)
    missing = labels.is_null()
    if labels.dtype.is_float():
        missing |= labels.is_nan()
    refuse_where("no_group", missing.to_numpy())
    codes = labels.cast(pl.String).rank("dense").to_numpy().astype(np.int64) - 1
    return codes, int(codes.max()) + 1


def not_empty(array: NDArray[Any], what: str) -> None:
    """Refuse an array without elements (``empty``)."""
    if array.size == 0:
        raise EstimateError("empty", what=what)


def same_length(**arrays: NDArray[Any]) -> None:
    """Refuse arrays that differ in length (``lengths_differ``)."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise EstimateError("lengths_differ", lengths=lengths)


def fraction(value: float, what: str) -> float:
    """A number strictly between 0 and 1 (``not_between_0_and_1``)."""
    if not 0 < value < 1:
        raise EstimateError("not_between_0_and_1", what=what, value=value)
    return float(value)


def positive(value: float, what: str) -> float:
    """A finite number above 0 (``not_positive``)."""
    if not (np.isfinite(value) and value > 0):
        raise EstimateError("not_positive", what=what, value=value)
    return float(value)


def trials(k: float, n: float) -> tuple[int, int]:
    """``k`` of ``n`` as whole numbers with 0 <= k <= n (``not_k_of_n``)."""
    if not (np.isfinite(k) and np.isfinite(n) and 0 <= k <= n and k == int(k) and n == int(n)):
        raise EstimateError("not_k_of_n", k=k, n=n)
    return int(k), int(n)


def one_row(values: Mapping[str, float | None], **counts: int) -> pl.DataFrame:
    """One row of floats and whole numbers."""
    floats = {name: pl.Series([value], dtype=pl.Float64) for name, value in values.items()}
    return pl.DataFrame(floats | {name: pl.Series([value], dtype=pl.Int64) for name, value in counts.items()})


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts as the estimators read them: the columns of the groups; the time, the exit and how many of each row."""

    keys: pl.DataFrame
    time: Floats
    exit: pl.Series
    n: NDArray[np.int64]


def counted(counts: Frame, by: Sequence[str]) -> Counts:
    """The counts, each column of one type; faults are refused with row positions."""
    frame = counts.collect() if isinstance(counts, pl.LazyFrame) else counts
    missing = [c for c in (*by, *COUNTS) if c not in frame.columns]
    if missing:
        raise EstimateError("columns_missing", columns=missing)
    time, kind, n = frame["time"].cast(pl.Float64), frame["exit"].cast(pl.String), frame["n"].cast(pl.Int64)
    days = time.to_numpy()
    refuse_where("not_a_time", ~(np.isfinite(days) & (days >= 0)))
    refuse_where("not_a_count", ~(n >= 0).fill_null(value=False).to_numpy())
    refuse_where("no_exit_kind", kind.is_null().to_numpy())
    return Counts(frame.select(by), days, kind, n.to_numpy())
