"""Which mark is the decimal one in a column of numbers: weighed over all of its cells, never settled by one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from kpikit.reading.typed.evidence import is_oversight
from kpikit.reading.typed.formats import Formats

_SPACE = r"[\s\u{00A0}\u{202F}\u{2009}]"
_NUMERIC = r"^[+-]?[.,'’_\s\u{00A0}\u{202F}\u{2009}]*\d[\d.,'’_\s\u{00A0}\u{202F}\u{2009}]*$"
_EXPONENT = r"(?:[eE][+-]?\d+)?$"
#: How a number looks whose decimal mark is this one.
SHAPES = {
    ",": rf"^[+-]?(?:\d+|[1-9]\d?\d?(?:[.'’_]\d{{3}})+|[1-9]\d?\d?(?:{_SPACE}\d{{3}})+)?(?:,\d*)?{_EXPONENT}",
    ".": rf"^[+-]?(?:\d+|[1-9]\d?\d?(?:,\d\d\d?)*(?:[,'’_]\d{{3}})+|[1-9]\d?\d?(?:{_SPACE}\d{{3}})+)?(?:\.\d*)?"
    + _EXPONENT,
}
#: One mark with exactly three digits behind it: a decimal or a thousands mark, nobody can tell from this cell.
OPEN = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
#: A column is believed to have three decimals throughout if so many of its open cells go with one that must have them.
_LONG_FOR_OPEN = 20
#: Of numbers with three decimals one in ten ends with a nought, which many programs do not write.
_MANY_OPEN, _SHORT_FOR_OPEN = 20, 30
#: Amounts with three digits behind the mark throughout: from so many on they are thousands.
_MANY_THOUSANDS = 6


@dataclass(frozen=True, slots=True)
class Weighed:
    """The decimal mark of a column, or the ``rule`` that says why there is none.

    ``odd`` are the distinct texts that are written against the rest. Cells are counted: ``n`` decided for the mark,
    ``against`` are the odd ones, ``both`` would fit either way; ``readings`` are the counts of a column without a mark.
    """

    mark: str
    rule: str | None
    odd: pl.Series
    decisive: pl.Series
    n: int = 0
    against: int = 0
    both: int = 0
    readings: dict[str, Any] | None = None
    note: str | None = None
    """What is to be said of the cells that decided."""


def weigh(bare: pl.Series, n: pl.Series, formats: Formats, *, is_money: bool = True) -> Weighed:
    """The decimal mark of these distinct numbers, of which each stands in ``n`` cells.

    Money may have its thousands marked; a share or a rate of exchange has none to mark.
    """
    nothing = pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(bare))
    told = formats.decimal or {",": ".", ".": ","}.get(str(formats.thousands))
    if told:
        return Weighed(told, None, nothing, nothing)
    marked = bare.str.contains(_NUMERIC) & bare.str.contains(r"[.,]")
    if not marked.any():
        return Weighed(".", None, nothing, nothing)
    fits = {mark: marked & bare.str.contains(SHAPES[mark]) for mark in ",."}
    only = {mark: fits[mark] & ~fits[other] for mark, other in ((",", "."), (".", ","))}
    opened = {mark: fits[","] & fits["."] & bare.str.contains(mark, literal=True) for mark in ",."}
    cells = _Counts(n, only, opened)
    mark = "," if cells.only[","] > cells.only["."] else "."
    other = "." if mark == "," else ","
    split = Weighed(".", "decimal_ambiguous", nothing, only[mark], readings=cells.readings(bare))
    mixed = Weighed(".", "decimal_mixed", nothing, only[mark], readings=cells.readings(bare))
    if not cells.only[mark]:
        if not any(cells.open.values()):
            return Weighed(".", None, nothing, nothing)
        if all(cells.open.values()):
            return mixed
        mark, other = (",", ".") if cells.open["."] else (".", ",")
        if is_money and _are_thousands(bare.filter(opened[other]), cells.open[other]):
            return Weighed(mark, None, nothing, opened[other], cells.open[other], note="thousands_by_shape")
        return split
    odd, decisive = only[other], only[mark]
    if cells.open[mark] and is_money and not _is_trimmed(bare.filter(only[mark] | opened[mark]), mark):
        long = int(n.filter(only[mark] & bare.str.contains(rf"\{mark}\d{{3,}}$")).sum())
        if long * _LONG_FOR_OPEN < cells.open[mark]:  # as decimals they would be the only ones with three digits
            if is_oversight(cells.open[mark], cells.only[mark]):
                odd = odd | opened[mark]
            elif is_oversight(cells.only[mark], cells.open[mark] + cells.only[other]):
                mark, odd, decisive = other, only[mark], only[other] | opened[mark]
            else:
                return split
    against, count = int(n.filter(odd).sum()), int(n.filter(decisive).sum())
    if against and not is_oversight(against, count + cells.open[other]):
        return mixed
    return Weighed(mark, None, odd, decisive, count, against, sum(cells.open.values()))


def _are_thousands(texts: pl.Series, n: int) -> bool:
    """Have so many amounts three digits behind their mark, noughts among them, that decimals would be a wonder?"""
    return n >= _MANY_THOUSANDS and bool(texts.str.ends_with("0").any())


def _is_trimmed(texts: pl.Series, mark: str) -> bool:
    """Do these look like three decimals without their last noughts: many, none ends with one, all of one size?"""
    opened = texts.str.contains(OPEN)
    if opened.sum() < _MANY_OPEN or texts.str.contains(rf"\{mark}\d*0$").any():
        return False
    value = texts.str.replace(mark, ".", literal=True).cast(pl.Float64, strict=False).abs()
    least, most = value.filter(opened).min(), value.filter(opened).max()
    is_near = value.is_between(least / 2, most * 2).all()  # type: ignore[operator]
    return bool(is_near) and (~opened).sum() * _SHORT_FOR_OPEN >= opened.sum()


class _Counts:
    """Cells that fit one mark only, and those that are open between both, by the mark that stands in them."""

    def __init__(self, n: pl.Series, only: dict[str, pl.Series], opened: dict[str, pl.Series]) -> None:
        self.only = {mark: int(n.filter(only[mark]).sum()) for mark in only}
        self.open = {mark: int(n.filter(opened[mark]).sum()) for mark in opened}
        self._opened = opened[","] | opened["."]

    def readings(self, bare: pl.Series) -> dict[str, Any]:
        """Both readings, side by side: of the first cell that is open, and how many cells fit which."""
        open_ones = bare.filter(self._opened)
        sample = open_ones[0] if len(open_ones) else "1.234"
        values = {"whole": sample.replace(".", "").replace(",", ""), "part": sample.replace(",", ".")}
        return values | {"comma": self.only[","], "point": self.only["."], "both": sum(self.open.values())}
