"""Steps: counts turned into the times of exit of each group, with the number at risk and of exits at each.

The number at risk at t is n(t) = #{entry < t <= end}. Within a group that is the number of ends at t or later, less
the number of delayed entries at t or later; so rows before some t0 may be dropped and what is left is the curve given
"still there at t0".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kpikit.errors import EstimateError
from kpikit.stats.checks import Counts, Floats, Frame, counted

LATE, OPEN, ANY = "entered_late", "open", "any"
Ints = NDArray[np.int64]
Values = TypeVar("Values", Floats, Ints)


@dataclass(frozen=True, slots=True)
class Steps:
    """Times in the order of groups and of time, as arrays of one length; ``gone`` has a column an exit of ``kinds``.

    ``group`` is the number of the group, whose columns are row ``group`` of ``groups``; ``first`` the row at which each
    group begins, ``n`` and ``n_events`` its spells and exits. ``late`` and ``ended`` count who came and who left.
    """

    group: Ints
    time: Floats
    late: Ints
    ended: Ints
    gone: Ints
    n_at_risk: Ints
    kinds: tuple[str, ...]
    groups: pl.DataFrame
    first: Ints
    n: Ints
    n_events: Ints

    @property
    def n_gone(self) -> Ints:
        """Exits of any kind at each time."""
        return self.gone.sum(axis=1)

    @property
    def last(self) -> Ints:
        """The last row of each group."""
        return np.append(self.first[1:], self.time.size) - 1 if self.first.size else self.first

    def only(self, kept: NDArray[np.bool_]) -> Steps:
        """Some of the steps; the numbers of spells stay those of all."""
        rows = ("group", "time", "late", "ended", "gone", "n_at_risk")
        some: dict[str, Any] = {name: getattr(self, name)[kept] for name in rows}
        return replace(self, first=begins(some["group"]), **some)

    def merged(self, words: Mapping[str, str]) -> Steps:
        """Some kinds of exit under another name, added up where that is the name of several."""
        names = [words.get(kind, kind) for kind in self.kinds]
        kinds = tuple(sorted(set(names)))
        into = np.array([[name == kind for kind in kinds] for name in names], dtype=np.int64)
        gone = self.gone @ into.reshape(len(names), len(kinds))
        return replace(self, gone=gone, kinds=kinds)

    def since(self, start: Floats) -> Steps:
        """The steps from a time on that each group has: curves given "still there at that time"; NaN for none.

        A kind of exit that does not occur any more is none of theirs.
        """
        begun = np.asarray(self.time >= start[self.group])
        there, group = np.unique(self.group[begun], return_inverse=True)
        groups = self.groups[there] if self.groups.width else self.groups
        some = self.only(begun)
        occurs = np.asarray(some.gone.sum(axis=0) > 0)
        kinds = tuple(kind for kind, is_left in zip(self.kinds, occurs, strict=True) if is_left)
        n, n_events = (np.add.reduceat(k, some.first) if there.size else there for k in (some.ended, some.n_gone))
        return replace(some, group=group, groups=groups, kinds=kinds, gone=some.gone[:, occurs], n=n, n_events=n_events)

    def named(self, columns: Mapping[str, pl.Series | NDArray[Any]], group: Ints | None = None) -> pl.DataFrame:
        """Columns with those of their groups before them; without ``group`` they have a row for each group."""
        names = self.groups if group is None or not self.groups.width else self.groups[group]
        return pl.DataFrame([*names.get_columns(), *(pl.Series(name, values) for name, values in columns.items())])

    def with_totals(self, columns: Mapping[str, pl.Series | NDArray[Any]]) -> pl.DataFrame:
        """A row for each group, with the numbers of spells and exits."""
        return self.named({**columns, "n": self.n, "n_events": self.n_events})


#: what estimators take: counts, or the steps made of them, where several are asked of the same counts
Counted = Frame | Steps


def all_steps(counts: Counted, by: Sequence[str] = ()) -> Steps:
    """Every time of the counts as a step, whether something left at it or not."""
    if isinstance(counts, Steps):
        return counts
    table = counted(counts, by)
    groups, group = _grouped(table.keys, table.time.size)
    kinds, code = _coded(table)
    order = np.lexsort((table.time, group))
    group, code, n, time = group[order], code[order], table.n[order], table.time[order]
    starts = _changes(group) | _changes(time)
    step, width = np.cumsum(starts) - 1, 2 + len(kinds)
    cells = np.bincount(step * width + code, weights=n, minlength=int(starts.sum()) * width).astype(np.int64)
    cells = cells.reshape(-1, width)
    late, gone = cells[:, 0], cells[:, 2:]
    ended = cells[:, 1] + gone.sum(axis=1)
    group, time = group[starts], time[starts]
    first = begins(group)
    after = np.append(np.cumsum((ended - late)[::-1])[::-1], 0)
    n_at_risk = after[:-1] - np.append(after[first][1:], 0)[group] if time.size else ended
    sums = [np.add.reduceat(values, first) if time.size else ended for values in (ended, ended - cells[:, 1])]
    return Steps(group, time, late, ended, gone, n_at_risk, kinds, groups, first, *sums)


def exit_steps(counts: Counted, by: Sequence[str]) -> Steps:
    """The times at which something left; a group that nobody left keeps its last time, with no exit."""
    steps = all_steps(counts, by)
    gone = steps.n_gone
    bad = np.flatnonzero(gone > steps.n_at_risk)
    if bad.size:
        raise EstimateError("more_exits_than_at_risk", times=steps.time[bad[:10]].tolist(), n=int(bad.size))
    kept = gone > 0
    kept[steps.last[steps.n_events == 0]] = True
    return steps.only(kept)


def running(how: np.ufunc, values: Values, first: Ints) -> Values:
    """Running sums or products within each group, row after row; a column stays a column."""
    found = np.empty_like(values)
    for begin, end in pairwise([*first.tolist(), len(values)]):
        how.accumulate(values[begin:end], axis=0, out=found[begin:end])
    return found


def begins(group: Ints) -> Ints:
    """The rows at which a new group begins."""
    return np.flatnonzero(_changes(group))


def first_where(wanted: NDArray[np.bool_], first: Ints) -> Ints:
    """For each group the first of its rows that is wanted; -1 where none is."""
    if not first.size:
        return first
    row = np.where(wanted, np.arange(wanted.size), wanted.size)
    found = np.minimum.reduceat(row, first)
    return np.where(found == wanted.size, -1, found)


def taken(values: Floats, rows: Ints) -> Floats:
    """The values of some rows; NaN for row -1."""
    return np.where(rows < 0, np.nan, values[rows]) if values.size else np.full(rows.size, np.nan)


def _changes(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a row differs from the one before it; the first always does."""
    different = np.ones(values.size, dtype=bool)
    different[1:] = values[1:] != values[:-1]
    return different


def _grouped(keys: pl.DataFrame, height: int) -> tuple[pl.DataFrame, Ints]:
    """The distinct groups in order, and the number of each row's group."""
    if not keys.columns:
        return pl.DataFrame(), np.zeros(height, np.int64)
    found = keys.lazy().with_row_index("_row").group_by(keys.columns).agg("_row").sort(keys.columns).collect()
    rows = found["_row"]
    group = np.empty(height, np.int64)
    group[rows.explode().to_numpy()] = np.repeat(np.arange(found.height), rows.list.len().to_numpy())
    return found.drop("_row"), group


def _coded(table: Counts) -> tuple[tuple[str, ...], Ints]:
    """The kinds of exit in order, and for each row 0 (came late), 1 (still open) or 2 … (its kind)."""
    words = sorted(set(table.exit.unique().to_list()) - {LATE, OPEN})
    if ANY in words:
        raise EstimateError("reserved_exit", exits=[ANY])
    code = table.exit.cast(pl.Enum([LATE, OPEN, *words])).to_physical()
    return tuple(words), code.to_numpy().astype(np.int64)
