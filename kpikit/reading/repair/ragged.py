"""Rows with too few or too many cells: kept where there is one way to read them, else left out and said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import log

from kpikit.reading.headers import written

_SHAPES = (
    ("", re.compile(r"^\s*$")),
    ("number", re.compile(r"^\s*[-+(]?[€$£]?\s?\d[\d.,' ]*\s?[%€]?\)?\s*$")),
    ("day", re.compile(r"^\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?\s*$")),
    ("time", re.compile(r"^\s*\d{1,2}:\d{2}(:\d{2})?\s*$")),
    ("address", re.compile(r"^\s*(https?://\S+|[^\s@]+@[^\s@]+)\s*$")),
    ("word", re.compile(r"^\s*\S+\s*$")),
    ("words", re.compile(r"^\s*\S+(\s+\S+){1,5}\s*$")),
)
#: How much likelier the best reading must be than the next (natural logarithm).
_CLEARLY = 1.5
_MOST_WAYS = 3000


@dataclass(frozen=True, slots=True)
class Mended:
    """A row laid over the columns, and what was done (a rule); or no cells, when no reading is clearly the best."""

    cells: list[str | None] | None
    rule: str


class Profile:
    """What the cells of each column usually look like: the yardstick for readings of an odd row."""

    def __init__(self, rows: Sequence[Sequence[str | None]], width: int) -> None:
        self.width = width
        self.n = len(rows)
        self.counts = [Counter(_shape(row[i]) for row in rows) for i in range(width)]
        self.masks = [Counter(written(row[i]) for row in rows if row[i]) for i in range(width)]
        self.firsts = [Counter(written(row[i])[:1] for row in rows if row[i]) for i in range(width)]

    def is_usual(self, i: int, cell: str | None) -> bool:
        """Has the column cells written just like this one (``99-99-9999``), or is it of texts that start like it?"""
        if not cell:
            return self.counts[i][""] >= 0.05 * self.n
        masks = self.masks[i]
        if len(masks) <= 0.2 * masks.total():
            return masks[written(cell)] > 0
        return self.firsts[i][written(cell)[:1]] >= 0.05 * self.n and self.counts[i][_shape(cell)] > 0

    def score(self, cells: Sequence[str | None]) -> float:
        """The log-likelihood of these cells in these columns."""
        return sum(self.cell(i, cell) for i, cell in enumerate(cells))

    def cell(self, i: int, cell: str | None) -> float:
        """The log-likelihood of one cell in one column."""
        return log((self.counts[i].get(_shape(cell), 0) + 0.1) / (self.n + 0.8))


def _shape(cell: str | None) -> str:
    text = (cell or "")[:200]
    return next((name for name, pattern in _SHAPES if pattern.match(text)), "prose")


def mend(cells: list[str], profile: Profile, delimiter: str, other: list[str] | None = None) -> Mended:
    """The one way to lay these cells over the columns, if there is one that is clearly better than all others.

    ``other`` is a reading of the right width that needs a delimiter nobody wrote: the last resort.
    """
    width, n = profile.width, len(cells)
    if n < width:
        return _widened(cells, profile, other)
    spare = cells[width:]
    if not any(c.strip() for c in spare):
        return Mended(list(cells[:width]), "trailing_delimiter")
    return _narrowed(cells, profile, delimiter, n - width)


def _widened(cells: list[str], profile: Profile, other: list[str] | None) -> Mended:
    """Too few cells: some are missing, most often at the end, or two of them run into each other."""
    missing = profile.width - len(cells)
    if profile.n < 3 or len(cells) < 2:
        return Mended(None, "short_row")
    ways: set[tuple[str | None, ...]] = set()
    for n, places in enumerate(combinations(range(profile.width), missing)):
        if n > _MOST_WAYS:
            break
        rest = iter(cells)
        ways.add(tuple(None if i in places else next(rest) for i in range(profile.width)))
    ways.add((*cells, *[None] * missing))
    usual = {way for way in ways if all(not c or profile.is_usual(i, c) for i, c in enumerate(way))}
    if usual:
        return Mended(_best(usual, profile), "short_row")
    split = set(_splits(cells, profile)) if missing == 1 else set()
    if other is not None and all(profile.is_usual(i, c) for i, c in enumerate(other)):
        split.add(tuple(other))
    if split:
        return Mended(list(split.pop()) if len(split) == 1 else None, "missing_delimiter")
    filled = {way for way in ways if all(profile.counts[i][_shape(c)] for i, c in enumerate(way))}
    return Mended(_best(filled, profile) if filled else None, "short_row")


def _splits(cells: list[str], profile: Profile) -> list[tuple[str, ...]]:
    """The row with one cell cut in two, for every cut after which all cells are written as is usual there."""
    ways: list[tuple[str, ...]] = []
    for i, cell in enumerate(cells):
        before = all(profile.is_usual(k, c) for k, c in enumerate(cells[:i]))
        if not before or not all(profile.is_usual(k, c) for k, c in enumerate(cells[i + 1 :], i + 2)):
            continue
        for cut in range(1, min(len(cell), 60)):
            left, right = cell[:cut], cell[cut:]
            if profile.is_usual(i, left) and profile.is_usual(i + 1, right) and not (left[-1] + right[0]).isspace():
                ways.append((*cells[:i], left, right, *cells[i + 1 :]))
    return ways


def _narrowed(cells: list[str], profile: Profile, delimiter: str, spare: int) -> Mended:
    """Too many cells: an empty one too many, or a delimiter inside a text that should have been quoted."""
    if profile.n < 3 or spare > 3:
        return Mended(None, "long_row")
    ways: set[tuple[str | None, ...]] = {tuple(cells)}
    for _ in range(spare):
        ways = {way for row in ways for way in _one_fewer(row, delimiter)}
        if len(ways) > _MOST_WAYS:
            return Mended(None, "long_row")
    best = _best(ways, profile) if ways else None
    return Mended(best, "long_row")


def _one_fewer(row: tuple[str | None, ...], delimiter: str) -> set[tuple[str | None, ...]]:
    """The row without one of its empty cells, or with two neighbours that are words joined again."""
    ways = {row[:i] + row[i + 1 :] for i, cell in enumerate(row) if not (cell or "").strip()}
    for i, (left, right) in enumerate(pairwise(row)):
        if (left or "").strip() and (right or "").startswith(" "):
            ways.add((*row[:i], f"{left}{delimiter}{right}", *row[i + 2 :]))
    return ways


def _best(ways: set[tuple[str | None, ...]], profile: Profile) -> list[str | None] | None:
    ranked = sorted(((profile.score(way), way) for way in ways), key=lambda pair: -pair[0])
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < _CLEARLY:
        return None
    return list(ranked[0][1])
