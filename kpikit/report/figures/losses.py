"""The losses of a report: where they came, what we and the buyer said, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from kpikit.analysis.winloss import competitors, last_stage, lost_after_offer, reasons, reasons_compared
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.report.figures.about import Copy
from kpikit.report.figures.windows import Found, widening
from kpikit.schema import Certainty

#: fewer losses than this are talked about one by one
FEW = 10
#: fewer deals with both sides known than this tell nothing together
FEW_BOTH = 5
LEVEL = 0.05
UNTOLD = ("unknown", "blank")


@dataclass(frozen=True)
class Losses:
    """Where losses came, what we and buyers said, to whom we lost.

    ``after``: lost after the offer, with ``stages`` (stage and reason) of the same window. ``both``: what we wrote and
    what buyers said. ``why``: our reasons, with ``rival`` (the one named most, and how often). ``lead``: the p-value
    of the first reason's lead over the second, of all that the team wrote; ``certainty`` of that lead.
    """

    after: Found
    stages: pl.DataFrame
    both: Found
    why: Found
    rival: tuple[str, int] | None
    lead: float | None
    certainty: Certainty = "unknown"


def losses(book: DealBook, period: Period, copy: Copy) -> Losses:
    """What a report tells of its losses; ``book`` is already narrowed to the team and the period's end."""
    after = widening(period, lambda window: _late(book, window), enough=FEW)
    both = widening(period, lambda window: _both(book, window, copy), enough=FEW_BOTH)
    why = _why(book, period, copy)
    lead = _lead(why if copy == "team" else _why(book, period, "team"))
    stages = last_stage(book, during=after.window, copy=copy).frame
    return judged(Losses(after, stages, both, why, _rival(book, why, copy), lead), None)


def judged(found: Losses, sure: Certainty | None) -> Losses:
    """With the certainty of the lead; ``sure``: as judged over the whole report, by default by the page alone."""
    rows = found.why.rows
    told = rows.filter(~pl.col("group").is_in(UNTOLD)) if "group" in rows.columns else rows.clear()
    if not told.height:
        return found
    p_next = told["p_next"][0]
    certainty: Certainty = sure or ("clear" if p_next is not None and p_next < LEVEL else "unknown")
    if told.height == 1:
        certainty = "clear"
    elif p_next is None:
        certainty = "unknown"
    return replace(found, certainty=certainty)


def _late(book: DealBook, window: Period | None) -> pl.DataFrame:
    return lost_after_offer(book, during=window).frame.with_columns(_n="n")


def _both(book: DealBook, window: Period | None, copy: Copy) -> pl.DataFrame:
    """Counted by the deals with both sides known, whatever the rows."""
    rows = reasons_compared(book, during=window, copy=copy).frame
    if "n_both" not in rows.columns:
        return rows.with_columns(_n=pl.lit(0))
    return rows.with_columns(_n=pl.when(pl.int_range(pl.len()) == 0).then("n_both").otherwise(0))


def _why(book: DealBook, period: Period, copy: Copy) -> Found:
    known = pl.when(~pl.col("group").is_in(UNTOLD)).then("n_events").otherwise(0)
    return widening(period, lambda window: _counted(reasons(book, during=window, copy=copy).frame, known), enough=FEW)


def _counted(rows: pl.DataFrame, n: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(_n=n) if "group" in rows.columns else rows.with_columns(_n=pl.lit(0))


def _lead(found: Found) -> float | None:
    """Where the page tells a first reason: a comparison of the report."""
    if "p_next" not in found.rows.columns or found.rows["_n"].sum() < FEW:
        return None
    return found.rows["p_next"][0]


def _rival(book: DealBook, found: Found, copy: Copy) -> tuple[str, int] | None:
    rivals = competitors(book, during=found.window, copy=copy).frame
    if "group" in rivals.columns:
        is_named = (pl.col("group") == "named") & pl.col("rival").is_not_null()
        rivals = rivals.filter(is_named & (pl.col("n_events") > 1))
    if not rivals.height or "rival" not in rivals.columns:
        return None
    first = rivals.row(0, named=True)
    return first["rival"], first["n_events"]
