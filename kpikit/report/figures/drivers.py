"""What goes with winning: declared drivers, as known on the day of the offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from kpikit.analysis.base.certainty import judge
from kpikit.analysis.winloss.driver_gaps import WARNINGS, drivers
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.report.figures.windows import Found, widening
from kpikit.schema import Certainty

#: declared once, for every team and every quarter: nobody looks first
DECLARED = ("second_contact", "asked_by_customer", "fits_profile")
#: fewer won or lost than this are not enough to look at four quarters only
ENOUGH = 15
_GAP = {
    "value": "gap",
    "low": "gap_low",
    "high": "gap_high",
    "low80": "gap_low80",
    "high80": "gap_high80",
    "p": "p_gap",
}
_KEYS = ["driver", "level"]


@dataclass(frozen=True)
class Drivers:
    """The plain gap of each driver in ``now``, and the same four quarters ``earlier``; how far the page looks back.

    Both frames hold ``driver, level, value, low, high, low80, high80, p``; ``judged`` is ``now`` with its certainty.
    ``refused`` is why there is none; ``warnings`` are codes of what an association is not.
    """

    now: pl.DataFrame
    earlier: pl.DataFrame
    judged: pl.DataFrame
    window: Period | None
    refused: str | None
    warnings: tuple[str, ...] = WARNINGS


def driver_figures(book: DealBook, period: Period) -> Drivers:
    """The declared drivers of a report; ``book`` is already narrowed to the team and the period's end."""
    year = period.widened(12) if period.months < 12 else period
    found = widening(year, lambda window: _asked(book, window), enough=ENOUGH)
    before = _asked(book, year.back(12), draws=1) if found.window else found.rows.clear()
    now, earlier = _gaps(found.rows), _gaps(before)
    judged = judge(now, earlier, _KEYS) if now.height else now
    return Drivers(now, earlier, judged, found.window, None if now.height else _refused(found))


def as_judged(found: Drivers, sure: Mapping[str, Certainty]) -> Drivers:
    """With the certainty of each driver as it was judged over the whole report."""
    if not found.now.height:
        return found
    word = pl.col("driver").replace_strict(dict(sure), default="unknown", return_dtype=pl.String)
    return replace(found, judged=found.judged.with_columns(certainty=word))


def _refused(found: Found) -> str:
    refused = found.rows.filter(pl.col("status") == "refused")["reason"]
    return refused[0] if len(refused) == found.rows.height else "few_deals"


def _asked(book: DealBook, window: Period | None, draws: int = 499) -> pl.DataFrame:
    rows = drivers(book, declared=DECLARED, during=window, draws=draws).frame
    if "driver" not in rows.columns:
        return rows.with_columns(_n=pl.lit(0))
    won = pl.col("n_won_with") + pl.col("n_won_without")
    fewest = pl.min_horizontal(won, pl.col("n") - won).max().fill_null(0)
    return rows.with_columns(_n=pl.when(pl.int_range(pl.len()) == 0).then(fewest).otherwise(0))


def _gaps(rows: pl.DataFrame) -> pl.DataFrame:
    if "driver" not in rows.columns:
        return pl.DataFrame(schema=dict.fromkeys(_KEYS, pl.String) | dict.fromkeys(_GAP, pl.Float64))
    usable = rows.filter(pl.col("status") == "ok")
    kept = usable.with_columns(pl.col(name).alias(f"model_{name}") for name in ("value", "low", "high"))
    return kept.with_columns(pl.col(column).alias(name) for name, column in _GAP.items())
