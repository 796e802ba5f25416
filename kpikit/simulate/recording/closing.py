"""The day on which an end is written down: pulled into a quarter or pushed out of it, or where a routine puts it.

Days are counted in working days of the quarter (the calendar's, which fiscal years from April share).
"""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kpikit.simulate.recording.record import Dose, Mask, Record, marked, valued
from kpikit.simulate.working_time import HOLIDAYS

Days = NDArray[np.datetime64]
#: Ends within so many working days after a quarter's end can be pulled before it; within the last so many, pushed.
AFTER, LAST = 15, 5
#: What signing early costs: the discount, in points, of a deal that was pulled.
FOR_SIGNING = 0.08
#: When prices rise (month, day).
RISES = ((1, 1), (9, 1))
_OFF = np.array(sorted(HOLIDAYS), dtype="datetime64[D]")


def pull(record: Record, dose: Dose) -> Record:
    """A share of the wins just after a quarter's end is written in its last days, at a discount where there are any.

    Below 0: a share of the wins of a quarter's last days is written in the first days of the next.
    """
    if dose.size < 0:
        return _pushed(record, dose)
    made, chosen = _pulled(record, "pull", dose, _start_of(_ends(record), 3))
    deals = made.tables["deals"]
    if "discount" in deals.columns:
        given, is_ours = pl.col("discount") + FOR_SIGNING, marked(deals, chosen)
        deals = deals.with_columns(
            discount=pl.when(is_ours).then(given).otherwise("discount"),
            amount=pl.when(is_ours).then((pl.col("amount") * (1 - FOR_SIGNING) / 10).round() * 10).otherwise("amount"),
        )
    return made.with_tables(deals=deals).noting("pull", dose, chosen)


def own_quarter(record: Record, dose: Dose) -> Record:
    """A share of customers closes its own quarter: what would come just after is signed in the last days. No mark."""
    made, chosen = _pulled(record, "own_quarter", dose, _start_of(_ends(record), 3))
    return made.noting("own_quarter", dose, chosen)


def price_list(record: Record, dose: Dose) -> Record:
    """A share of customers signs before prices rise (January and September), which ``happenings`` tells."""
    ends = _ends(record)
    years = ends.astype("datetime64[Y]")
    rises = [years + np.timedelta64(m - 1, "M") + np.timedelta64(d - 1, "D") for m, d in RISES]
    last = np.maximum.reduce([np.where((ends - r).astype(int) >= 0, r, np.datetime64("1970-01-01")) for r in rises])
    made, chosen = _pulled(record, "price_list", dose, last)
    first, end = record.start.year, record.end.date()
    on = [d for y in range(first, end.year + 1) for m, n in RISES if record.start <= (d := date(y, m, n)) <= end]
    told = pl.DataFrame({"on": on, "text": ["New price list"] * len(on)}, schema={"on": pl.Date, "text": pl.String})
    parts = [record.tables["happenings"], told] if "happenings" in record.tables else [told]
    return made.with_tables(happenings=pl.concat(parts, how="diagonal")).noting("price_list", dose, chosen)


def month_end(record: Record, dose: Dose) -> Record:
    """A share of the ends of a month's last two weeks is written in its last three days, every month alike."""
    ends = _ends(record)
    following = _start_of(ends, 1) + np.timedelta64(32, "D")
    following = _start_of(following, 1)
    to_go = np.busday_count(ends, following, holidays=_OFF)
    k = 1 + (record.draws("month_end", "day") * 3).astype(int)
    day = np.busday_offset(following, -k, roll="forward", holidays=_OFF)
    is_end = np.isin(record.past["outcome"].to_numpy(), ("won", "lost"))
    chosen = record.chosen(
        "month_end", dose, is_end & (to_go >= 1) & (to_go <= 10) & (day > ends) & _movable(record, day)
    )
    return _written_on(record, "month_end", chosen, day).noting("month_end", dose, chosen)


def _pushed(record: Record, dose: Dose) -> Record:
    ends = _ends(record)
    following = _start_of(_start_of(ends, 3) + np.timedelta64(100, "D"), 3)
    to_go = np.busday_count(ends, following, holidays=_OFF)
    k = (record.draws("pull", "day") * LAST).astype(int)
    day = np.busday_offset(following, k, roll="forward", holidays=_OFF)
    is_won = record.past["outcome"].to_numpy() == "won"
    chosen = record.chosen("pull", dose, is_won & (to_go <= LAST) & _movable(record, day))
    return _written_on(record, "pull", chosen, day).noting("pull", dose, chosen)


def _pulled(record: Record, habit: str, dose: Dose, edge: Days) -> tuple[Record, Mask]:
    """Wins within 15 working days after the edge, written in the five before it, if they were begun by then."""
    ends = _ends(record)
    k = 1 + (record.draws(habit, "day") * LAST).astype(int)
    day = np.busday_offset(edge, -k, roll="forward", holidays=_OFF)
    is_won = record.past["outcome"].to_numpy() == "won"
    is_after = (np.busday_count(edge, ends, holidays=_OFF) < AFTER) & (_begun(record) < day)
    chosen = record.chosen(habit, dose, is_won & is_after & _movable(record, day))
    return _written_on(record, habit, chosen, day), chosen


def _ends(record: Record) -> Days:
    """The local day on which each deal ends, however late that is; the last day of all where it never does."""
    day = record.past["closed_at"].fill_null(pl.lit(record.end)).dt.convert_time_zone(record.time_zone).dt.date()
    return day.to_numpy().astype("datetime64[D]")


def _begun(record: Record) -> Days:
    """The local day on which each deal is written to have begun; today where nothing is written of it."""
    deals = record.tables["deals"]
    begun = np.full(record.past.height, np.datetime64(record.end.date()))
    local = deals["created_at"].dt.convert_time_zone(record.time_zone).dt.date()
    begun[deals["deal"].to_numpy()] = local.to_numpy().astype("datetime64[D]")
    return begun


def _start_of(days: Days, months: int) -> Days:
    """The first day of each day's month, or of its quarter (``months`` 3)."""
    number = days.astype("datetime64[M]").astype(np.int64)
    return (number // months * months).astype("datetime64[M]").astype("datetime64[D]")


def _movable(record: Record, day: Days) -> Mask:
    """Deals whose end can be written on another day: written down, and never lost and taken up again.

    One that ends after the record, and would on that other ``day`` too, is not written of either way.
    """
    found = np.zeros(record.past.height, dtype=bool)
    found[record.tables["deals"]["deal"].to_numpy()] = True
    changes = record.tables.get("changes")
    if changes is not None:
        found[changes.filter(pl.col("field") == "outcome")["deal"].to_numpy()] = False
    last = record.end.astimezone(ZoneInfo(record.time_zone)).date()
    return found & ((record.past["closed_at"] < record.end).fill_null(False).to_numpy() | (day < np.datetime64(last)))


def _written_on(record: Record, habit: str, chosen: Mask, day: Days) -> Record:
    """The record in which these deals end on other days, in working hours; open still where that day is to come."""
    seconds = (9 * 3600 + record.draws(habit, "hour") * 8 * 3600).astype("timedelta64[s]")
    local = pl.Series(day.astype("datetime64[us]") + seconds).dt.replace_time_zone(record.time_zone)
    at = local.dt.convert_time_zone("UTC")
    deals = record.tables["deals"]
    is_ours, new = marked(deals, chosen), valued(deals, at)
    outcome = valued(deals, record.past["outcome"])
    is_over = new < record.end
    deals = deals.with_columns(
        outcome=pl.when(is_ours).then(pl.when(is_over).then(outcome).otherwise(pl.lit("open"))).otherwise("outcome"),
        outcome_at=pl.when(is_ours).then(pl.when(is_over).then(new)).otherwise("outcome_at"),
    )
    texts = [name for name in ("loss_reason", "competitor") if name in deals.columns]
    deals = deals.with_columns(pl.when(is_ours & ~is_over).then(None).otherwise(name).alias(name) for name in texts)
    if "offered_at" in deals.columns:
        deals = deals.with_columns(offered_at=pl.when(is_ours).then(_by("offered_at", new)).otherwise("offered_at"))
    tables = {"deals": deals, "stage_events": _entered_by(record.tables["stage_events"], chosen, at)}
    changes = record.tables.get("changes")
    if changes is not None:
        is_reason, end = changes["field"] == "loss_reason", valued(changes, at)
        kept = (is_reason & (end < record.end)) | (~is_reason & (changes["changed_at"] <= end))
        tables["changes"] = changes.filter(~marked(changes, chosen) | kept)
    return record.with_tables(**tables)


def _entered_by(events: pl.DataFrame, chosen: Mask, at: pl.Series) -> pl.DataFrame:
    """Stages that were entered after a written end are entered with it."""
    is_ours, end = marked(events, chosen), valued(events, at)
    return events.with_columns(
        pl.when(is_ours).then(_by(name, end)).otherwise(name).alias(name) for name in ("entered_at", "recorded_at")
    )


def _by(name: str, at: pl.Series) -> pl.Expr:
    """An instant, or that of the end where it is later."""
    return pl.when(pl.col(name) > at).then(at).otherwise(name)
