"""Which number of a date is the day: weighed over all dates of a column, never settled by one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from kpikit.reading.typed.evidence import is_oversight, settles_order
from kpikit.reading.typed.formats import Formats

#: The parts of a date, by their place in the text, in the order day, month, year.
ORDERS = {"dmy": ("a", "b", "c"), "mdy": ("b", "a", "c"), "ymd": ("c", "b", "a")}
_SWAPPED, _DOUBTFUL = 0.001, 0.05
#: The share of days up to the 12th, and of those above.
_UP_TO_12, _ABOVE = 0.4, 0.6


@dataclass(frozen=True, slots=True)
class Order:
    """The order of the dates of a column, or the ``rule`` that says why there is none.

    Cells are counted: ``n`` fit this order only, ``against`` the other one only, ``both`` fit either. ``odd`` says
    which dates are among those against, where they are too few to count; ``decisive`` which ones decided.
    """

    order: str
    rule: str | None = None
    odd: pl.Expr = field(default_factory=lambda: pl.lit(value=False))
    decisive: pl.Expr = field(default_factory=lambda: pl.lit(value=False))
    n: int = 0
    against: int = 0
    both: int = 0
    readings: dict[str, Any] = field(default_factory=dict)


def _fits(day: str, month: str) -> pl.Expr:
    return pl.col(day).is_between(1, 31) & pl.col(month).is_between(1, 12)


def find_order(frame: pl.DataFrame, formats: Formats) -> Order:
    """The order of the dates (parts ``a, b, c``, each in ``n`` cells) that do not start with a four-digit year."""
    open_ones = frame.filter((pl.col("la") <= 2) & pl.col("lc").is_in([2, 4]))
    if formats.date_order or open_ones.is_empty():
        return Order(formats.date_order or "dmy")
    dmy, mdy = _fits("a", "b"), _fits("b", "a")
    full = open_ones.filter(dmy | mdy).height
    years_first = open_ones.select(((pl.col("lc") == 2) & _fits("c", "b")).all()).item()
    fits_all = [open_ones.select(f.sum()).item() == full > 0 for f in (dmy, mdy)]
    if years_first and (not any(fits_all) or _looks_like_years(open_ones)):
        return _asked("day_month_ambiguous", open_ones) if any(fits_all) and full == open_ones.height else Order("ymd")
    return _weighed(open_ones, dmy, mdy)


def _weighed(dates: pl.DataFrame, dmy: pl.Expr, mdy: pl.Expr) -> Order:
    only = {"dmy": dmy & ~mdy, "mdy": mdy & ~dmy}
    cells = {order: int(dates.filter(mask)["n"].sum()) for order, mask in only.items()}
    both = int(dates.filter(dmy & mdy & (pl.col("a") != pl.col("b")))["n"].sum())
    order, other = sorted(cells, key=lambda o: -cells[o])
    if not cells[order]:
        return _asked("day_month_ambiguous", dates, both=both) if both else Order("dmy")
    if not is_oversight(cells[other], cells[order]):
        return _asked("day_month_mixed", dates, **cells, both=both)
    if not settles_order(cells[order], both):
        return _asked("day_month_ambiguous", dates, **cells, both=both)
    odd = only[other] if cells[other] else pl.lit(value=False)
    return Order(order, None, odd, only[order], cells[order], cells[other], both, {"order": order})


def _asked(rule: str, dates: pl.DataFrame, *, dmy: int = 0, mdy: int = 0, both: int | None = None) -> Order:
    """No order: both readings side by side, of the first date that fits either, and how many cells fit which."""
    both = int(dates["n"].sum()) if both is None else both
    unclear = dates.filter((pl.col("a") != pl.col("b")) & (pl.col("a") <= 12) & (pl.col("b") <= 12))
    shown = unclear if len(unclear) else dates
    a, b, c = shown.select("a", "b", "c").row(0)
    year = c if c > 99 else 2000 + c
    readings = {"first": f"{year}-{b:02}-{a:02}", "second": f"{year}-{a:02}-{b:02}"}
    return Order("dmy", rule, readings=readings | {"dmy": dmy, "mdy": mdy, "both": both})


def _looks_like_years(open_ones: pl.DataFrame) -> bool:
    """Are the first numbers fewer than the last ones, as years are beside days?"""
    return open_ones["a"].n_unique() < open_ones["c"].n_unique()


def swapped(typed: pl.Series, order: Order) -> str | None:
    """Were days up to the 12th taken for months by a spreadsheet, the later ones left as text? The rule, or None.

    ``typed`` are the dates that came as such. Where a spreadsheet of another country opened the file, all of them lie
    up to the 12th, and all texts above: by chance that is rare.
    """
    if order.rule or not order.n or order.both or order.against:
        return None
    days = typed.drop_nulls().dt.date().unique()
    telling = days.filter(days.dt.day() != days.dt.month())
    if not len(telling) or (days.dt.day() > 12).any():
        return None
    chance = _UP_TO_12 ** len(telling) * _ABOVE**order.n
    return "days_swapped" if chance < _SWAPPED else "days_maybe_swapped" if chance < _DOUBTFUL else None
