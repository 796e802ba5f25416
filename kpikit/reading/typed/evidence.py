"""How a column was read, and which of its cells decided it: weighed for the column as a whole, never by one cell."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

#: A minority of so many cells may be an oversight: one in so many of those that say otherwise, and at least tenfold.
_ONE_IN, _TENFOLD = 50, 10
#: The share of days that only one order of day and month can mean (the 13th to the 31st), in dates as they fall.
_TELLING = 0.6
#: Decisive dates that need no further weighing: so many, and one in so many of all.
_ENOUGH, _OF_ALL = 10, 20
_UNLIKELY = 0.01


@dataclass(frozen=True, slots=True)
class Evidence:
    """How one column was read.

    ``notation`` is the decimal mark (``","``, ``"."``), the order of a date (``"dmy"``, ``"mdy"``, ``"ymd"``) or how
    else the cells were taken (``"plain"``, ``"iso"``, ``"day_number"``, ``"epoch"``); empty where there was nothing to
    decide, or nothing was decided. ``n`` cells can be read in this notation only, ``against`` only in the other one,
    ``both`` in either. ``row`` and ``value`` are the first cell that decided; ``failed`` counts the cells that hold
    something and could not be read.
    """

    column: str
    notation: str = ""
    n: int = 0
    against: int = 0
    both: int = 0
    row: int | None = None
    value: str | None = None
    failed: int = 0


def is_oversight(against: int, others: int) -> bool:
    """Are so few cells against so many others that they are theirs who wrote them, and not the column's notation?

    >>> is_oversight(1, 499), is_oversight(1, 7), is_oversight(40, 460)
    (True, False, False)
    """
    return against * _TENFOLD <= others and against <= max(1, others // _ONE_IN)


def settles_order(telling: int, both: int) -> bool:
    """Do so many dates that only one order can mean settle it for the many that fit both?

    >>> settles_order(1, 7), settles_order(7, 5), settles_order(1, 1)
    (False, True, True)
    """
    n = telling + both
    if telling >= _ENOUGH and telling * _OF_ALL >= n:
        return True
    if n > 100:  # of a hundred dates some sixty tell
        return False
    return sum(comb(n, k) * _TELLING**k * (1 - _TELLING) ** (n - k) for k in range(telling + 1)) >= _UNLIKELY
