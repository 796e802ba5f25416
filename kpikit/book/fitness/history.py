"""Is there a stage history, from when on, and does it agree with the deals? Is anything odd about the times in it?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book.fitness.finding import Finding
from kpikit.book.selection import last_day, open_stages

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: shares from which on a finding deserves a look
_FEW, _SOME = 0.02, 0.05
#: a day with this many times the usual number of rows, and at least so many, looks like an import
_SPIKE_TIMES, _SPIKE_LEAST, _SPIKE_SHARE = 10, 20, 0.05
_DAY = timedelta(days=1)


def findings(book: DealBook) -> Iterator[Finding]:
    """What there is to know about the times of a book."""
    deals = book.tables["deals"].lazy().collect()
    today = last_day(book)
    yield from _ages(deals, today)
    yield from _outcomes_start(deals, today)
    yield from _spikes(deals, "deals", "created_day")
    events = _events(book)
    if events is None or events.is_empty():
        yield Finding("history", "no_stage_history", "stage_events", "missing", of=deals.height)
        return
    yield from _coverage(deals, events)
    yield from _late(deals, events, book)
    yield _mismatch(deals, events, book)
    yield _ties(events)
    yield _clock(events, book.settings.time_zone)
    yield from _spikes(events, "stage_events", "entered_day")


def _events(book: DealBook) -> pl.DataFrame | None:
    if "stage_events" not in book.tables:
        return None
    columns = ("deal_id", "stage", "entered_at", "seq", "entered_day")
    return book.tables["stage_events"].lazy().select(columns).collect().sort("deal_id", "entered_at", "seq")


def _share(part: str, code: str, subject: str, n: int, of: int, least: float, **more) -> Finding:
    status = "look" if of and n > least * of else "fine"
    return Finding(part, code, subject, status, n, of, **more)  # type: ignore[arg-type]


def _ages(deals: pl.DataFrame, today: date) -> Iterator[Finding]:
    """Open deals that are older than any that ever ended, and those whose expected close date has passed."""
    cycles = deals.filter(pl.col("outcome_day") >= pl.col("created_day")).select(
        days=pl.col("outcome_day") - pl.col("created_day")
    )["days"]
    is_open = deals.filter(pl.col("outcome") == "open")
    dated = is_open.filter(pl.col("created_day").is_not_null())
    if len(cycles) and dated.height:
        longest = int(cycles.max())  # type: ignore[arg-type]
        age = (pl.lit(today) - pl.col("created_day").cast(pl.Date)).dt.total_days()
        n = dated.filter(age > longest).height
        yield _share("oddities", "open_older", "deals", n, dated.height, _SOME, example=str(longest))
    due = is_open.filter(pl.col("expected_close_on").is_not_null())
    if due.height:
        n = due.filter(pl.col("expected_close_on") < today).height
        yield _share("oddities", "overdue", "deals.expected_close_on", n, due.height, _SOME)


def outcomes_start(deals: pl.DataFrame, as_of: date) -> tuple[int, int, int] | None:
    """From which day on ends are known, where deals began long before it and some should have ended by then.

    Args:
        deals: ``created_day, outcome_day``.
        as_of: the last day.

    Returns:
        The day (since 1970-01-01), the deals that began before it, and all dated deals; None where nothing looks cut
        off. By later experience at least five of those early deals should have ended before that day.
    """
    dated = deals.filter(pl.col("created_day").is_not_null())
    ended = dated.filter(pl.col("outcome_day") >= pl.col("created_day"))
    if not ended.height:
        return None
    begins, first_end = int(dated["created_day"].min()), int(ended["outcome_day"].min())  # type: ignore[arg-type]
    gap = first_end - begins
    early = dated.filter(pl.col("created_day") < first_end)
    later = dated.filter(pl.col("created_day") >= first_end)
    followed = later.filter(pl.col("created_day") <= (as_of - date(1970, 1, 1)).days - gap)
    if gap < 30 or followed.height < 20:
        return None
    ages = (followed["outcome_day"] - followed["created_day"]).drop_nulls().sort()
    known = first_end - early["created_day"]
    expected = (ages.search_sorted(known, side="left") / followed.height).sum()  # type: ignore[arg-type]
    return (first_end, early.height, dated.height) if expected >= 5 else None


def _outcomes_start(deals: pl.DataFrame, as_of: date) -> Iterator[Finding]:
    """Ends are only known from a day on."""
    found = outcomes_start(deals, as_of)
    if found is not None:
        on, n, of = found
        yield Finding("history", "outcomes_start", "deals.outcome_at", "look", n, of, at=_date(on))


def _coverage(deals: pl.DataFrame, events: pl.DataFrame) -> Iterator[Finding]:
    """From when on stages were recorded, and how many deals have none."""
    first = events["entered_day"].min()
    created = deals["created_day"].drop_nulls()
    before = int((created < first).sum())
    long_before = len(created) > 0 and int(created.min()) < first - 30  # type: ignore[arg-type, operator]
    status = "look" if long_before and before > _FEW * len(created) else "fine"
    yield Finding("history", "history_from", "stage_events", status, before, len(created), at=_date(int(first)))  # type: ignore[arg-type]
    ids = events["deal_id"].unique()
    without = deals.filter(~pl.col("deal_id").is_in(ids.implode()))
    example = without["deal_id"][0] if without.height else None
    yield _share(
        "history", "deals_without_history", "stage_events", without.height, deals.height, _FEW, example=example
    )


def _late(deals: pl.DataFrame, events: pl.DataFrame, book: DealBook) -> Iterator[Finding]:
    """Deals that were under way before the first that is known of them: later on the clock, or later in the order."""
    first = events.group_by("deal_id", maintain_order=True).first()
    both = first.join(deals.select("deal_id", "pipeline", "created_at", deal_recorded_at="recorded_at"), on="deal_id")
    dated = both.filter(pl.col("created_at").is_not_null())
    seen_at = pl.max_horizontal("entered_at", "deal_recorded_at")
    n = dated.filter(seen_at - pl.col("created_at") > _DAY).height
    yield _share("history", "left_truncated", "stage_events", n, dated.height, _SOME)
    stages = _open_stages(book)
    if stages is None:
        return
    lowest = stages.group_by("pipeline").agg(lowest=pl.col("position").min())
    placed = both.join(stages, on=["pipeline", "stage"]).join(lowest, on="pipeline")
    n = placed.filter(pl.col("position") > pl.col("lowest")).height
    yield _share("history", "recorded_late", "stage_events", n, placed.height, _SOME)


def _open_stages(book: DealBook) -> pl.DataFrame | None:
    return open_stages(book).collect() if "stages" in book.tables else None


def _mismatch(deals: pl.DataFrame, events: pl.DataFrame, book: DealBook) -> Finding:
    """The last stage in the history against the stage on the deal, which ought to be the same."""
    last = events.group_by("deal_id", maintain_order=True).last().select("deal_id", last="stage")
    both = deals.filter(pl.col("stage").is_not_null()).join(last, on="deal_id", maintain_order="left")
    stages = _open_stages(book)
    if stages is not None:
        both = both.join(
            stages.select("pipeline", "stage"), on=["pipeline", "stage"], how="semi", maintain_order="left"
        )
    odd = both.filter(pl.col("stage") != pl.col("last"))
    example = odd["deal_id"][0] if odd.height else None
    return _share("history", "stage_mismatch", "deals.stage", odd.height, both.height, 0, example=example)


def _ties(events: pl.DataFrame) -> Finding:
    """Deals with two events in one instant, whose order only ``seq`` (or the order of rows) can tell."""
    several = (
        events.group_by("deal_id").agg(n=pl.len(), moments=pl.col("entered_at").n_unique()).filter(pl.col("n") > 1)
    )
    return _share(
        "history",
        "clock_ties",
        "stage_events.entered_at",
        several.filter(pl.col("moments") < pl.col("n")).height,
        several.height,
        _SOME,
    )


def _clock(events: pl.DataFrame, zone: str) -> Finding:
    """Days without a time of day: what happens within a day takes no time."""
    midnight = pl.col("entered_at").dt.convert_time_zone(zone).dt.time() == pl.time(0)
    n = events.filter(midnight).height
    return _share("history", "no_clock", "stage_events.entered_at", n, events.height, 0.5)


def _spikes(frame: pl.DataFrame, table: str, day: str) -> Iterator[Finding]:
    """Days on which far more rows begin than usual: an import rather than work."""
    per_day = (
        frame.filter(pl.col(day).is_not_null()).group_by(day).agg(n=pl.len()).sort("n", day, descending=[True, False])
    )
    if per_day.height < 5:
        return
    usual = per_day["n"].median()
    most = max(_SPIKE_LEAST, _SPIKE_TIMES * usual, _SPIKE_SHARE * per_day["n"].sum())  # type: ignore[operator]
    for on, n in per_day.filter(pl.col("n") >= most).head(3).iter_rows():
        yield Finding("oddities", "import_spike", table, "look", n, int(per_day["n"].sum()), at=_date(on))


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))
