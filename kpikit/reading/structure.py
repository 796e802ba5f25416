"""Where lines and cells end in a text, seen from its raw bytes: which lines a fast reader can be trusted with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_CHUNK = 1 << 22
_LINE, _RETURN = 10, 13


def is_regular(data: np.ndarray, delimiter: int, quote: int | None, width: int) -> bool:
    """Has every record of these bytes ``width`` cells, and all quotes where they belong? Blank lines do not count.

    One pass over positions of line feeds, delimiters and quotes, chunk by chunk.
    """
    carry = _Carry()
    for start in range(0, len(data), _CHUNK):
        chunk = np.asarray(data[start : start + _CHUNK])
        following = int(data[start + len(chunk)]) if start + len(chunk) < len(data) else _LINE
        if not carry.step(chunk, following, delimiter, quote, width):
            return False
    return carry.ends(width, len(data) > 0 and int(data[-1]) == _LINE)


@dataclass(slots=True)
class _Carry:
    """What one chunk hands to the next: inside quotes or not, cells so far in the open record, the last byte."""

    inside: bool = False
    cells: int = 0
    last: int = _LINE

    def step(self, chunk: np.ndarray, following: int, delimiter: int, quote: int | None, width: int) -> bool:
        marks = (chunk == delimiter) | (chunk == _LINE)
        if quote is not None:
            outside = self._outside(chunk, marks, following, delimiter, quote)
            if outside is None:
                return False
            marks &= outside
        at = np.flatnonzero(marks)
        ends = np.flatnonzero(chunk[at] == _LINE)
        if not len(ends):
            self.cells += len(at)
            self.last = int(chunk[-1])
            return True
        delimiters = np.diff(ends, prepend=-1) - 1
        delimiters[0] += self.cells
        odd = delimiters != width - 1
        if odd.any() and not self._blank(chunk, at[ends], odd, delimiters):
            return False
        self.cells = len(at) - int(ends[-1]) - 1
        self.last = int(chunk[-1])
        return True

    def _outside(
        self, chunk: np.ndarray, marks: np.ndarray, following: int, delimiter: int, quote: int
    ) -> np.ndarray | None:
        """Which bytes stand outside quotes; None if a quote opens or closes where it should not."""
        quotes = chunk == quote
        if not quotes.any():
            return np.full(len(chunk), not self.inside)
        inside = _parity(quotes)
        if self.inside:
            inside = ~inside
        edge = marks | quotes
        before = np.concatenate(([self.last in (delimiter, _LINE, quote)], edge[:-1]))
        edge |= chunk == _RETURN
        after = np.concatenate((edge[1:], [following in (delimiter, _LINE, _RETURN, quote)]))
        wrong = (inside & ~before) | (~inside & ~after)
        if (quotes & wrong).any():
            return None
        self.inside = bool(inside[-1])
        return ~inside

    def _blank(self, chunk: np.ndarray, ends: np.ndarray, odd: np.ndarray, delimiters: np.ndarray) -> bool:
        """Are all lines of an odd width blank ones?"""
        starts = np.concatenate(([-1], ends[:-1]))
        length = ends - starts - 1
        return_only = (length == 1) & (chunk[np.maximum(ends - 1, 0)] == _RETURN)
        blank = (delimiters == 0) & ((length == 0) | return_only)
        if odd[0] and starts[0] == -1 and self.last != _LINE:
            return False
        return bool(blank[odd].all())

    def ends(self, width: int, on_line: bool) -> bool:
        """Is the end of the bytes the end of a record?"""
        return not self.inside and (on_line or self.cells == width - 1)


def _parity(flags: np.ndarray) -> np.ndarray:
    """Is the number of flags up to here, this one included, odd? Sixty-four at a time."""
    words = np.packbits(np.concatenate((flags, np.zeros(-len(flags) % 64, dtype=bool))), bitorder="little").view("<u8")
    for shift in (1, 2, 4, 8, 16, 32):
        words = words ^ (words << np.uint64(shift))
    odd = np.bitwise_xor.accumulate((words >> np.uint64(63)).astype(np.uint8)).astype(bool)
    words[1:] ^= np.where(odd[:-1], ~np.uint64(0), np.uint64(0))
    return np.unpackbits(words.view(np.uint8), bitorder="little")[: len(flags)].astype(bool)


def irregular_lines(data: np.ndarray, delimiter: int, quote: int | None, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The start of every physical line, and whether it is not by itself a record of ``width`` cells.

    A line of a cell that spans several lines is irregular, unless it looks like a record by chance.
    """
    starts: list[np.ndarray] = []
    odd: list[np.ndarray] = []
    begin = 0
    while begin < len(data):
        stop = _line_end(data, min(begin + 4 * _CHUNK, len(data)))
        chunk = np.asarray(data[begin:stop])
        first, wrong = _lines_of(chunk, delimiter, quote, width)
        starts.append(first + begin)
        odd.append(wrong)
        begin = stop
    return np.concatenate(starts), np.concatenate(odd)


def _line_end(data: np.ndarray, at: int) -> int:
    """The first position behind a line feed from ``at`` on."""
    while at < len(data):
        found = np.flatnonzero(np.asarray(data[at - 1 : at + _CHUNK]) == _LINE)
        if len(found):
            return at + int(found[0])
        at += _CHUNK
    return len(data)


def _lines_of(chunk: np.ndarray, delimiter: int, quote: int | None, width: int) -> tuple[np.ndarray, np.ndarray]:
    marks = (chunk == delimiter) | (chunk == _LINE)
    if quote is not None:
        marks |= chunk == quote
    at = np.flatnonzero(marks)
    kinds = chunk[at]
    is_end = kinds == _LINE
    n = int(is_end.sum()) + int(len(chunk) > 0 and chunk[-1] != _LINE)
    starts = np.concatenate(([0], at[is_end] + 1))[:n]
    line = np.cumsum(is_end) - is_end
    odd = np.zeros(n, dtype=bool)
    outside = ~is_end
    if quote is not None and (kinds == quote).any():
        is_quote = kinds == quote
        count = np.cumsum(is_quote)
        first = np.searchsorted(at, starts)
        before = np.concatenate(([0], count))[first]
        inside = ((count - before[line]) & 1).astype(bool)
        odd[line[is_end & inside]] = True
        opening, closing = is_quote & inside, is_quote & ~inside
        prior = np.where(at[opening] > 0, chunk[at[opening] - 1], _LINE)
        after = np.where(at[closing] + 1 < len(chunk), chunk[np.minimum(at[closing] + 1, len(chunk) - 1)], _LINE)
        odd[line[opening][~np.isin(prior, (delimiter, _LINE, quote))]] = True
        odd[line[closing][~np.isin(after, (delimiter, _LINE, _RETURN, quote))]] = True
        if n and chunk[-1] != _LINE and len(inside) and inside[-1] and line[-1] == n - 1:
            odd[n - 1] = True
        outside &= ~inside & ~is_quote
    odd |= np.bincount(line[outside], minlength=n)[:n] != width - 1
    return starts, odd | _lone_returns(chunk, starts)


def _lone_returns(chunk: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The lines with a carriage return that no line feed follows."""
    at = np.flatnonzero(chunk == _RETURN)
    odd = np.zeros(len(starts), dtype=bool)
    if len(at):
        following = np.where(at + 1 < len(chunk), chunk[np.minimum(at + 1, len(chunk) - 1)], _LINE)
        odd[np.searchsorted(starts, at[following != _LINE], side="right") - 1] = True
    return odd
