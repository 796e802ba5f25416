"""Do the newest deals that are old enough to tell go as those before them?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.comparison import figures, with_p
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.cohorts.members import counts_from, ends_known_from, followed
from kpikit.book import DealBook
from kpikit.book.selection import last_day
from kpikit.calendar import add_months

_KEYS = ["_all"]
#: a cohort that begins so much before the first known end tells nothing
_UNSEEN = timedelta(days=30)
_SHARES = ("share", "share_low", "share_high", "usual", "low_bound", "high_bound")


@answer(kpi="newest_cohort")
def newest(
    book: DealBook, *, horizon: float = 90, back: int = 0, quarters: int = 8, during: Window | None = None
) -> pl.DataFrame:
    """Are the deals of the newest quarter that was followed long enough won as often as those before?

    Definition: the Aalen–Johansen share won within ``horizon`` days of creation, of the newest quarter all of whose
    deals were followed so long, less that of the quarters before it, pooled with each age weighed by who was followed.
    Quarters that begin a month or more before the first known end are left out: an export may not hold earlier ends.
    Misleads when deals are registered later or earlier than they were. Gamed by exactly that.

    Args:
        book: a deal book.
        horizon: days since creation.
        back: so many quarters earlier than the newest one.
        quarters: so many quarters before it are "usual".
        during: the last quarter to be looked at is the one in which this ends; by default that of the as-of day.

    Returns:
        One row, an estimate: ``value`` (a difference in share, by square-and-add), ``low80, high80, p, noticeable``;
        ``cohort`` and ``cohort_next`` (the quarter's first day and that after it), ``usual_from`` (the first day of
        those before it), ``share, share_low, share_high`` and ``usual``; ``low_bound`` (won so far) and ``high_bound``
        (won, or still open) between which the end lies; ``n, n_events, n_open, n_before``. ``not_reached`` where no
        quarter was followed so long.

    Source: Aalen & Johansen 1978; Newcombe 1998.

    Example:
        >>> import kpikit
        >>> kpikit.cohorts.newest(kpikit.open_book("demo"))["cohort"].item()
        datetime.date(2026, 4, 1)
    """
    during = as_period(during)
    used = followed(book, "quarter", None)
    known, today = ends_known_from(book), last_day(book)
    if known is not None:
        used = used.filter(pl.col("cohort") >= known)
    first_end = used.filter(pl.col("outcome") != "open")["outcome_on"].min()
    if isinstance(first_end, date):  # long before any end, ends may not have been kept: never "usual"
        used = used.filter(pl.col("cohort") >= first_end - _UNSEEN)
    if during is not None:
        used = used.filter(pl.col("cohort") < during.next_on)
    old_enough = (pl.lit(today) - pl.col("next_on")).dt.total_days() >= horizon
    ripe = used.filter(old_enough & pl.col("usable"))["cohort"].unique().sort(descending=True)
    if len(ripe) <= back:
        return _too_young(horizon)
    cohort = ripe[back]
    first = add_months(cohort, -3 * quarters)
    now = used.filter(pl.col("cohort") == cohort)
    before = used.filter((pl.col("cohort") < cohort) & (pl.col("cohort") >= first))
    theirs, others = _counts_of(now), _counts_of(before)
    told = (figures(side, _KEYS, stats.at_horizon_by(side, _KEYS, horizon=horizon)) for side in (theirs, others))
    gap = with_p(*told).filter(pl.col("figure") == "won")
    share, usual = _share(theirs, horizon), _share(others, horizon)
    size, n = now.filter("usable"), now["usable"].sum()
    n_won, n_open = (int((size["outcome"] == end).sum()) for end in ("won", "open"))
    facts = {
        "cohort": cohort, "cohort_next": add_months(cohort, 3), "usual_from": before["cohort"].min(),
        "horizon": float(horizon), "n": n,
        "n_excluded": now.height - n, "n_before": before["usable"].sum(), "n_events": n_won, "n_open": n_open,
        "share": share[0], "share_low": share[1], "share_high": share[2], "usual": usual[0],
        "low_bound": n_won / n if n else None, "high_bound": (n_won + n_open) / n if n else None, "unit": "share",
    }  # fmt: skip
    schema = {name: pl.Int64 for name in facts if name == "n" or name.startswith("n_")}
    types = schema | dict.fromkeys(_SHARES, pl.Float64) | {"usual_from": pl.Date}
    row = pl.DataFrame([facts | {"_all": 0}], schema_overrides=types)
    return row.join(gap, on="_all", how="left").drop("_all", "figure")


def _counts_of(deals: pl.DataFrame) -> pl.DataFrame:
    """Ages as the estimators read them, with winning as a kind of end even where nobody has won."""
    table, _ = counts_from(deals.with_columns(_all=pl.lit(0, pl.Int64)), _KEYS)
    return pl.concat([table, table.head(1).with_columns(exit=pl.lit("won"), n=pl.lit(0, pl.Int64))])


def _share(table: pl.DataFrame, horizon: float) -> tuple:
    """The share won by the horizon with its bounds; nothing of no deals."""
    found = stats.at_horizon(stats.aalen_johansen_by(table, _KEYS), _KEYS, horizon)
    won = found.filter(pl.col("exit") == "won").select("value", "low", "high")
    return won.row(0) if won.height else (None, None, None)


def _too_young(horizon: float) -> pl.DataFrame:
    """No quarter was followed so long."""
    days = ("cohort", "cohort_next", "usual_from")
    floats = ("value", "low", "high", "low80", "high80", "p", "noticeable", *_SHARES)
    counts = ("n", "n_excluded", "n_before", "n_events", "n_open")
    codes = {"unit": "share", "status": "not_reached", "reason": "too_young"}
    row = {**dict.fromkeys((*days, *floats, *counts)), "horizon": float(horizon), **codes}
    types: dict[str, Any] = dict.fromkeys(days, pl.Date)
    types |= dict.fromkeys(floats, pl.Float64) | dict.fromkeys(counts, pl.Int64)
    return pl.DataFrame([row], schema_overrides=types)
