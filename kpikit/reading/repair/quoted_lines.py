"""Lines that are quoted as a whole, as a program does that takes a line for one cell: the cells inside."""

from __future__ import annotations

import re

from kpikit.reading.dialect import find_dialect, split

_WHOLE = re.compile(r'"(?:[^"]|"")*"\r?')
#: Fewer cells in a line may as well be one cell with commas in it.
_FEWEST_CELLS = 3


def unwrapped(sample: str, delimiter: str | None) -> str:
    r"""The sample with the quotes around its lines taken away, where most lines are quoted as one; else as it is.

    >>> unwrapped('a,b,c\n"1,2,3"\n"4,5,6"\n', None)
    'a,b,c\n1,2,3\n4,5,6\n'
    """
    lines = sample.split("\n")
    whole = [bool(_WHOLE.fullmatch(line)) for line in lines]
    if sum(whole) < 0.5 * sum(bool(line.strip()) for line in lines):
        return sample
    bare = "\n".join(_inner(line) if is_whole else line for line, is_whole in zip(lines, whole, strict=True))
    records = [r for r in split(bare, find_dialect(bare, delimiter)) if any(c.strip() for c in r)]
    widths = [len(r) for r in records]
    width = max(set(widths), key=widths.count, default=1)
    is_table = width >= _FEWEST_CELLS and widths[0] == width and widths.count(width) >= 0.9 * len(widths)
    return bare if is_table else sample


def _inner(line: str) -> str:
    end = "\r" if line.endswith("\r") else ""
    return line.removesuffix("\r")[1:-1].replace('""', '"') + end
