"""Which characters part the cells of a text file: tried out on its first records and scored by how well they fit."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from kpikit.reading.structure import is_regular

#: By preference: with equal fit the earlier one is taken.
_DELIMITERS = (",", ";", "\t", "|", "\t\t", "||", "::", "\\t", "^", "~", "\x1f", "\x01", ":", " ")
#: Characters that stand in plain text too: believed only when three columns or more are regular throughout.
_WEAK = (":", " ", "~")
_TYPED = re.compile(
    r"""^\s*(?:
    [-+(]?[€$£]?\s?\d[\d.,' ]*\s?[%€$£]?\)?             # numbers and money
    |\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].{4,})?       # days, with a time or without
    |\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]m)?               # times
    |(?:true|false|yes|no|ja|nee|null|na|n/a)            # words for yes, no, nothing
    |[^\s@,;|]+@[^\s@,;|]+\.\w+ | https?://[^\s;|]+      # addresses
    |[\w&'./+=-]+(?:\ [\w&'./()+-]+){0,5}                # a few words
    )?\s*$""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The characters that part cells.

    ``delimiter`` (one character or more), ``quote`` (one, or empty: none), ``escape`` before a quote in a cell
    (empty: the quote is doubled), ``is_spaced``: blanks after a delimiter belong to it, ``is_runs``: any number of
    blanks is one delimiter.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    is_spaced: bool = False
    is_runs: bool = False

    @property
    def is_plain(self) -> bool:
        """Can a fast reader that knows one-byte delimiters and doubled quotes read it?"""
        plain = len(self.delimiter) == 1 and self.delimiter.isascii() and self.quote in ('"', "")
        return plain and not (self.escape or self.is_spaced or self.is_runs)


def find_dialect(sample: str, delimiter: str | None = None) -> Dialect:
    r"""The dialect that lays the sample out best; ``delimiter`` is taken as given.

    Example:
        >>> find_dialect("id;amount\n1;2,50\n2;3,75\n").delimiter
        ';'
    """
    told = re.match(r'"?sep=(.)"?\r?\n', sample, re.IGNORECASE)
    if told and delimiter is None:
        delimiter = told[1]
    sample = sample[told.end() :] if told else sample
    tried = {d: _dialect(sample, d) for d in ([delimiter] if delimiter else [d for d in _DELIMITERS if d in sample])}
    scores = {d: _score(sample, dialect) for d, dialect in tried.items()}
    best = max(scores, key=lambda d: (round(scores[d], 3), -_rank(d)), default=None)
    if best is None or (delimiter is None and scores[best] <= 0):
        return _dialect(sample, ",")
    return tried[best]


def _rank(delimiter: str) -> int:
    return _DELIMITERS.index(delimiter) if delimiter in _DELIMITERS else len(_DELIMITERS)


def _dialect(sample: str, delimiter: str) -> Dialect:
    """The dialect with this delimiter: what else it takes, told from what stands beside the delimiters."""
    if '"' in sample and _is_sound(sample, delimiter):
        return Dialect(delimiter)
    edge = re.escape(delimiter)
    quote = _quote(sample, edge)
    escape = "\\" if _is_escaped(sample, quote, edge) else ""
    if delimiter == " ":
        return Dialect(delimiter, quote, escape, is_runs=_has_runs(sample))
    return Dialect(delimiter, quote, escape, is_spaced=_is_spaced(sample, delimiter, quote))


def split(sample: str, dialect: Dialect) -> list[list[str]]:
    """The records of a text in which quotes are as they should be (Python's csv reader)."""
    if dialect.is_runs:
        return [line.split() for line in sample.splitlines()]
    if len(dialect.delimiter) > 1:
        sample = sample.replace(dialect.delimiter, "\x1f")
    reader = csv.reader(
        io.StringIO(sample, newline=""),
        delimiter="\x1f" if len(dialect.delimiter) > 1 else dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar=dialect.escape or None,
        doublequote=not dialect.escape,
        skipinitialspace=dialect.is_spaced,
    )
    try:
        return list(reader)
    except csv.Error:
        return [line.split(dialect.delimiter) for line in sample.splitlines()]


def _score(sample: str, dialect: Dialect) -> float:
    """How regular the records are (one width for most) times how much their cells look like cells."""
    records = [r for r in split(sample, dialect) if any(cell.strip() for cell in r)]
    if dialect.delimiter == " " and _has_runs(sample):
        records = [line.split() for line in sample.splitlines() if line.strip()]
    widths = Counter(len(r) for r in records)
    if not widths:
        return 0.0
    width, _ = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    if width < 2:
        return 0.0
    regular = widths[width] / len(records)
    if dialect.delimiter in _WEAK and (width < 3 - (dialect.delimiter == " " and _has_runs(sample)) or regular < 0.9):
        return 0.0
    cells = [cell for r in records if len(r) == width for cell in r]
    typed = sum(bool(_TYPED.match(cell[:200])) for cell in cells) / len(cells)
    return regular * regular * (0.2 + 0.8 * typed) * (1 - 1 / (width + 1))


def _is_sound(sample: str, delimiter: str) -> bool:
    """Is the sample regular as it stands, with double quotes where they belong? Then nothing else is tried."""
    if len(delimiter) > 1 or not delimiter.isascii():
        return False
    records = [r for r in split(sample, Dialect(delimiter)) if r]
    width = len(records[0]) if records else 0
    data = np.frombuffer(sample.encode(), dtype=np.uint8)
    return width > 1 and is_regular(data, ord(delimiter), ord('"'), width)


def _quote(sample: str, edge: str) -> str:
    """The double quote, unless cells are wrapped in single quotes more often than in double ones."""
    wrapped = len(re.findall(rf"(?:^|{edge} ?)'[^'\n]*'(?=$|{edge}|\r)", sample, re.MULTILINE))
    if not wrapped:
        return '"'
    double = len(re.findall(rf'(?:^|{edge} ?)"[^"\n]*"(?=$|{edge}|\r)', sample, re.MULTILINE))
    return "'" if wrapped > max(double, 1) else '"'


def _is_escaped(sample: str, quote: str, edge: str) -> bool:
    r"""Is a quote inside a cell written ``\"`` rather than doubled?"""
    if f"\\{quote}" not in sample:
        return False
    end = rf"(?={edge}|[\r\n]|$)"
    inner = rf"(?!{quote}|{edge}|[\r\n])"
    escaped = len(re.findall(rf"\\{quote}{inner}|\\{quote}{quote}{end}", sample))
    doubled = len(re.findall(rf"(?:(?!{edge})[^\r\n{quote}]){quote}{quote}{inner}|{quote}{quote}{quote}{end}", sample))
    return escaped > doubled


def _is_spaced(sample: str, delimiter: str, quote: str) -> bool:
    """Does a blank follow (nearly) every delimiter outside quotes?"""
    bare = re.sub(rf"{quote}[^{quote}]*{quote}", "q", sample) if quote else sample
    total = bare.count(delimiter)
    at_end = len(re.findall(rf"{re.escape(delimiter)}\r?(?:\n|$)", bare))
    return total > at_end and bare.count(f"{delimiter} ") >= 0.95 * (total - at_end)


def _has_runs(sample: str) -> bool:
    lines = [line for line in sample.splitlines() if line.strip()]
    return sum("  " in line.strip() or line[0] == " " for line in lines) > 0.5 * len(lines)
