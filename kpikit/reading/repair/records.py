"""One irregular record at a time: cells from lines whose quotes or delimiters went wrong, and what was odd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

from kpikit.reading.dialect import Dialect

#: A cell may span so many lines, and a record so many characters, before its opening quote is taken for a stray one.
_MOST_LINES = 1000
_LONGEST = 1 << 20
_MOST_QUOTES = 400
#: What a delimiter that nobody wrote costs, in quotes taken as plain text.
_GAP = 3


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of a record, how many lines it took, and the rule that it breaks (None: none).

    ``other`` is a further reading that has the table's width but needs a delimiter nobody wrote.
    """

    cells: list[str]
    lines: int = 1
    rule: str | None = None
    other: list[str] | None = None


def read_record(line: Callable[[int], str | None], at: int, dialect: Dialect, width: int) -> Record:
    """The record that starts at a line; ``line(i)`` gives a line without its end, or None behind the last.

    A sound record is taken as it is. One whose quotes are wrong is tried together with the lines that follow, then
    with quotes taken as plain text, then with another delimiter, until it has the table's width.
    """
    text = line(at) or ""
    cells = strict(text, dialect)
    if cells is not None and len(cells) == width:
        return Record(cells)
    joined = None
    if cells is not None and len(cells) == 1 < width and text.startswith(dialect.quote or "\0"):
        inner = strict(cells[0], dialect)
        if inner is not None and len(inner) == width:
            return Record(inner, 1, "line_quoted")
    if cells is None:
        joined = _joined(line, at, dialect, width)
        if joined is not None and len(joined.cells) == width:
            return joined
    other = None if dialect.delimiter in text else _other_delimiter(text, dialect, width)
    if other is None and cells is None:
        fitted = fit(text, dialect, width, gaps=True)
        if fitted is not None:
            return Record(fitted, 1, "stray_quote")
    if "\r" in text:
        return _with_returns(text, dialect, width)
    other = other or _other_delimiter(text, dialect, width)
    if other is not None:
        return Record(other, 1, "other_delimiter")
    if joined is not None:
        return joined
    if cells is None:
        return Record(lenient(text, dialect), 1, "stray_quote")
    return Record(cells, other=fit(text, dialect, width, gaps=True) if len(cells) < width else None)


def _other_delimiter(text: str, dialect: Dialect, width: int) -> list[str] | None:
    """The cells by another delimiter, where that gives the table's width."""
    for other in (",", ";", "\t", "|", " "):
        if other != dialect.delimiter and other in text and (other != " " or width > 4):
            cells = strict(text, Dialect(other, dialect.quote, dialect.escape))
            if cells is not None and len(cells) == width > 1:
                return cells
    return None


def strict(text: str, dialect: Dialect) -> list[str] | None:
    """The cells of a record whose quotes are as they should be; None if they are not, or one stays open."""
    quote, delimiter, escape = dialect.quote, dialect.delimiter, dialect.escape
    if not quote or quote not in text:
        cells = text.split(delimiter)
        return [c.lstrip(" ") for c in cells] if dialect.is_spaced else cells
    cells: list[str] = []
    at, size = 0, len(text)
    while True:
        if dialect.is_spaced and cells:
            at += len(text[at:]) - len(text[at:].lstrip(" "))
        if text.startswith(quote, at):
            found = _quoted(text, at + 1, quote, escape)
            if found is None:
                return None
            cell, at = found
        elif text.startswith(f"={quote}", at):
            found = _quoted(text, at + 2, quote, escape)
            if found is None:
                return None
            cell, at = f"={quote}{found[0]}{quote}", found[1]
        else:
            end = text.find(delimiter, at)
            end = size if end < 0 else end
            cell, at = text[at:end], end
            if quote in cell and not (escape and cell.count(quote) == cell.count(escape + quote)):
                return None
        cells.append(cell)
        if at >= size:
            return cells
        if not text.startswith(delimiter, at):
            return None
        at += len(delimiter)


def _quoted(text: str, at: int, quote: str, escape: str) -> tuple[str, int] | None:
    """The text of a quoted cell from behind its opening quote, and the position behind the closing one."""
    parts: list[str] = []
    while True:
        end = text.find(quote, at)
        if end < 0:
            return None
        if escape and end > at - 1 and text[end - 1 : end] == escape:
            parts.append(text[at : end - 1] + quote)
            at = end + 1
        elif text.startswith(quote, end + 1):
            parts.append(text[at : end + 1])
            at = end + 2
        else:
            parts.append(text[at:end])
            return "".join(parts), end + 1


def lenient(text: str, dialect: Dialect) -> list[str]:
    """Cells by delimiters alone, without the quotes around a cell: always an answer."""
    cells = text.split(dialect.delimiter)
    quote = dialect.quote
    return [c[1:-1] if quote and len(c) > 1 and c[0] == c[-1] == quote else c for c in cells]


def fit(text: str, dialect: Dialect, width: int, *, gaps: bool = False) -> list[str] | None:
    """Exactly ``width`` cells from a line with stray quotes, with as few quotes as possible taken as plain text.

    With ``gaps`` a delimiter may be missing beside a quote. Returns None where there is no such reading.
    """
    quote, delimiter = dialect.quote, dialect.delimiter
    if not quote or quote not in text or len(text) > _LONGEST or text.count(quote) > _MOST_QUOTES:
        return None
    reach: dict[int, dict[int, tuple[int, tuple[str, ...]]]] = {0: {0: (0, ())}}
    agenda = [0]
    best: tuple[int, tuple[str, ...]] | None = None
    while agenda:
        at = heappop(agenda)
        states = reach.pop(at)
        for cost, cell, following in _options(text, at, quote, delimiter, gaps=gaps):
            for count, (spent, cells) in states.items():
                if count + 1 > width:
                    continue
                total, grown = spent + cost, (*cells, cell)
                if following > len(text):
                    if count + 1 == width and (best is None or total < best[0]):
                        best = (total, grown)
                    continue
                if following not in reach:
                    reach[following] = {}
                    heappush(agenda, following)
                there = reach[following]
                if count + 1 not in there or total < there[count + 1][0]:
                    there[count + 1] = (total, grown)
    return list(best[1]) if best else None


def _options(text: str, at: int, quote: str, delimiter: str, *, gaps: bool) -> list[tuple[int, str, int]]:
    """The ways to read a cell from here: the quotes taken as plain text, the cell, where the next one starts."""
    end = text.find(delimiter, at)
    end = len(text) if end < 0 else end
    plain = text[at:end]
    options = [(2 * plain.count(quote), plain, end + len(delimiter))]
    opens = text.startswith(quote, at)
    if gaps and not opens and quote in plain:
        options.append((_GAP, plain[: plain.index(quote)], at + plain.index(quote)))
    close = text.find(quote, at + 1) if opens else -1
    while close >= 0:
        inner = text[at + 1 : close]
        cell = inner.replace(quote * 2, quote)
        lone = inner.replace(quote * 2, "").count(quote)
        if close + 1 == len(text) or text.startswith(delimiter, close + 1):
            options.append((lone, cell, close + 1 + len(delimiter)))
        elif gaps:
            options.append((lone + _GAP, cell, close + 1))
        close = text.find(quote, close + 1)
    return options


def _opens(text: str, dialect: Dialect) -> bool:
    return bool(dialect.quote) and text.count(dialect.quote) % 2 == 1


def _joined(line: Callable[[int], str | None], at: int, dialect: Dialect, width: int) -> Record | None:
    """The record together with the lines that follow, up to where its quotes are closed."""
    parts = [line(at) or ""]
    odd = _opens(parts[0], dialect)
    size = len(parts[0])
    for n in range(1, _MOST_LINES):
        more = line(at + n)
        if more is None or size > _LONGEST:
            return None
        parts.append(more)
        size += len(more)
        odd ^= more.count(dialect.quote) % 2 == 1
        if not odd:
            cells = strict("\n".join(parts), dialect)
            if cells is not None and len(cells) <= width:
                return Record(cells, n + 1)
    return None


def _with_returns(text: str, dialect: Dialect, width: int) -> Record:
    """A line with a carriage return in it: a blank where it stands alone."""
    tidy = " ".join(part for part in text.split("\r") if part.strip())
    cells = strict(tidy, dialect)
    if cells is not None and len(cells) == width:
        return Record(cells, 1, "stray_return")
    return Record(cells if cells is not None else lenient(tidy, dialect), 1, "stray_return")
