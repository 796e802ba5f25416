"""What several pages say in the same way."""

from __future__ import annotations

from math import floor

import polars as pl

from kpikit.calendar import Period
from kpikit.report.figures.windows import Found
from kpikit.schema import Estimate
from kpikit.show.page import Message, Page, message

_ORDER = {"clear": 0, "hint": 1, "unknown": 2}


def refused(page: str, code: str, reason: str, *, terms: tuple[str, ...] = ()) -> Page:
    """A page that cannot be answered, and why."""
    return Page(page, message(code, reason=message(f"reason.{reason}")), folded=True, terms=terms)


def looked_back(found: Found) -> tuple[Message, ...]:
    """Nothing for the period itself; else how far the page looks back."""
    if found.name == "period":
        return ()
    return (message("wider.year", period=found.window) if found.window else message("wider.all"),)


def looked_again_on(period: Period) -> Message:
    """The day on which a folded page is worth opening again: when the next period is over."""
    return message("back.again", day=period.back(-period.months).next_on)


def surest(changes: pl.DataFrame) -> list[dict]:
    """Comparisons, the surest first."""
    order = pl.col("certainty").replace_strict(_ORDER, return_dtype=pl.Int64)
    return changes.sort(order, "p", maintain_order=True).to_dicts()


def side(row: dict) -> str:
    """``more`` or ``less``: the side of a difference, as part of a code.

    >>> side({"value": -0.1}), side({"value": 0.1})
    ('less', 'more')
    """
    return "more" if row["value"] > 0 else "less"


def size(row: dict) -> Estimate:
    """A difference without its sign; its range turns with it.

    >>> size({"value": -3.0, "low": -5.0, "high": -1.0, "unit": "day", "n": 9})
    Estimate(value=3.0, low=1.0, high=5.0, unit='day', n=9)
    """
    low, high = row["low"], row["high"]
    if row["value"] < 0:
        low, high = (None if high is None else -high), (None if low is None else -low)
    return Estimate(abs(row["value"]), low, high, row.get("unit", "share"), row["n"])


def share(row: dict) -> Estimate:
    """A share with its range."""
    return Estimate(row["value"], row["low"], row["high"], "share", row["n"])


def alone(value: float | None, unit: str) -> Estimate:
    """A figure without a range."""
    return Estimate(value, None, None, unit)


def in_100(share: float) -> int:
    """So many in a hundred, a half rounded up.

    >>> in_100(0.325)
    33
    """
    return floor(100 * share + 0.5 + 1e-9)


def for_conversation(agreement: str) -> tuple[Message, ...]:
    """What stands under every page that lists deals: what it is for, and what was agreed with staff."""
    agreed = (message("page.agreement", agreement=agreement),) if agreement else ()
    return (message("page.for_conversation"), *agreed)


def unnoticed(page: str, rows: list[dict]) -> tuple[Message, ...]:
    """What would have been noticed, told for the stage with most visits."""
    known = [row for row in rows if row["noticeable"] is not None]
    if not known:
        return (message("unnoticed.nothing"),)
    most = max(known, key=lambda row: row["n"])
    noticeable = alone(most["noticeable"], most["unit"])
    return (message(f"unnoticed.{page}", stage=most["stage"], n=most["n"], noticeable=noticeable),)
