"""Luck or change: a win rate from window to window, with the limits within which it moves by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import polars as pl

from kpikit import stats
from kpikit.analysis.base.ages import FOLLOWED, from_creation_in
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import COUNTED, begun, population
from kpikit.analysis.winloss.definition import Definition, rate
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.errors import UsageError

#: windows on either side of a happening before limits are renewed there
LEAST_WINDOWS = 3
#: so many in a row on one side of the centre, or rising, or falling
_RUN = 7
#: windows of a phase before two of three near a limit mean anything
_SOME = 8


@answer(kpi="rate_over_time")
def over_time(
    book: DealBook,
    *,
    definition: Definition = "finished",
    during: Window | None = None,
    periods: int = 12,
    horizon: float = 180,
) -> pl.DataFrame:
    """Does the win rate of a window stand out, or did it just move as it always does?

    Definition: the rate in windows of one length, one after the other, the last being ``during``. Shares get p'-limits
    (three standard errors, wider where windows differ more than coins would), ratios and values the limits of an
    individuals chart. Limits are renewed only at a happening that lasts (an entry of ``happenings`` without an end),
    once three windows lie on either side of it. ``rule``: ``beyond`` a limit; ``shift``, seven in a row on one side
    of the centre; ``trend``, seven rising or falling; ``near``, two of three close to the same limit, from the eighth
    window on. Young windows (not over, or not followed to the horizon) have no rule and make no limits.
    Misleads: a signal says that something happened, not what. Gamed by moving outcomes between windows.

    Args:
        book: a deal book.
        definition: of the rate, as in :func:`~kpikit.winloss.win_rate`, but not ``from_stage``.
        during: the last window; by default the last quarter that is over.
        periods: how many windows at most; those before the first deal are left out.
        horizon: in days, of ``cohort``.

    Returns:
        A row a window (``period``, its first day): ``value, low, high`` (of that window alone), ``centre``,
        ``low_limit, high_limit`` (null where below 0, above 1, or not known), ``phase`` (limits are of one phase;
        ``renewed_on, renewed_by``: what it began with), ``rule`` and ``side`` (more, less), ``is_young``,
        ``happening`` (its text), ``noticeable``: the rise since the window before that would have been noticed four
        times in five.

    Raises:
        UsageError: no such definition, or fewer than one window.

    Source: Laney 2002; Wheeler, Understanding Variation; NHS England, Making Data Count.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.over_time(kpikit.open_book("demo"), during="FY2026Q2", periods=8).height
        8
    """
    during = as_period(during)
    if definition == "from_stage":
        raise UsageError("unknown_definition", definition=definition, allowed=", ".join(_ALLOWED))
    if periods < 1:
        raise UsageError("setting_value", setting="periods", value=periods, allowed="1, 2, …")
    deals = population(book)
    windows = _windows(deals, definition, during or _last_quarter(book), periods)
    if definition == "cohort":
        frame = from_creation_in(begun(deals, book), book, windows, horizon)
        frame = frame.with_columns(period=pl.Series([window.first_on for window in windows], dtype=pl.Date))
    else:
        rows = [rate(deals, book, ["_all"], definition, window, horizon) for window in windows]
        frame = pl.concat(rows, how="diagonal_relaxed")
    frame = frame.drop("_all", "_window", "from_age", "status", "reason", strict=False)
    grown = horizon if definition in FOLLOWED else 0.0
    young = [window.end + timedelta(days=grown) > book.as_of for window in windows]
    flags = _happenings(book)
    frame = frame.with_columns(
        *_phased(windows, young, flags),
        is_young=pl.Series(young),
        happening=pl.Series([_text(window, flags) for window in windows], dtype=pl.String),
    )
    if definition in FOLLOWED:  # what is not followed yet is told as won so far
        so_far = pl.when(pl.col("n") > 0).then(pl.col("n_events") / pl.col("n"))
        frame = frame.with_columns(value=pl.col("value").fill_null(so_far))
    frame = frame.hstack(_limits(frame, is_share=definition in COUNTED_SHARES))
    none = pl.lit(None, pl.String)
    return frame.with_columns(*_rules(frame), _noticeable(frame), status=pl.lit("ok"), reason=none)


#: definitions that are k of n of one window; the others get the limits of an individuals chart
COUNTED_SHARES = frozenset({"cohort", *(name for name, how in COUNTED.items() if how.scale == "share")})
_ALLOWED = ("cohort", "finished", "closed", "value", "overdue_lost", "won_to_lost", "created", "open_pipe")


def _last_quarter(book: DealBook) -> Period:
    """The last fiscal quarter that was over at as-of."""
    year = Period.parse(f"FY{book.as_of.year - 2}Q1", fiscal_start=book.settings.fiscal_year_starts)
    quarter = Period(year.name, year.first_on, 3, book.settings.time_zone, book.settings.fiscal_year_starts)
    while (following := quarter.back(-3)).end <= book.as_of:
        quarter = following
    return quarter


def _windows(deals: pl.DataFrame, definition: str, last: Period, periods: int) -> list[Period]:
    """The windows in order, from the first that holds a deal."""
    day = COUNTED[definition].day if definition in COUNTED else "created_on" if definition == "cohort" else "outcome_on"
    first = deals[day].min()
    windows = [last.back(last.months * i) for i in range(periods)]
    kept = [window for window in windows if isinstance(first, date) and window.next_on > first]
    return [*reversed(kept or windows[:1])]


def _happenings(book: DealBook) -> list[dict]:
    """What happened to everybody or to this team, by day."""
    if "happenings" not in book.tables:
        return []
    rows = book.tables["happenings"].lazy().sort("on").collect()
    mine = pl.col("team").is_null() | (pl.col("team") == (book.team or ""))
    return rows.filter(mine).to_dicts()


def _text(window: Period, flags: Sequence[dict]) -> str | None:
    """What began in the window; what lasts is named before what passes."""
    here = [flag for flag in flags if window.first_on <= flag["on"] < window.next_on]
    here.sort(key=lambda flag: flag["until"] is not None)
    return here[0]["text"] if here else None


def _phases(windows: Sequence[Period], young: Sequence[bool], flags: Sequence[dict]) -> list[tuple[int, dict]]:
    """Where limits are renewed: at lasting happenings with three windows on either side."""
    middle = [window.first_on + (window.next_on - window.first_on) / 2 for window in windows]
    grown, starts = len(windows) - sum(young), [(0, {"on": None, "text": None})]
    for flag in flags:
        start = next((i for i, day in enumerate(middle) if day >= flag["on"]), len(windows))
        lasts = flag["until"] is None and start - starts[-1][0] >= LEAST_WINDOWS and grown - start >= LEAST_WINDOWS
        if lasts:
            starts.append((start, flag))
    return starts


def _phased(windows: Sequence[Period], young: Sequence[bool], flags: Sequence[dict]) -> list[pl.Series]:
    """The number of each window's phase, and what the phase began with."""
    starts = _phases(windows, young, flags)
    phase = [sum(start <= i for start, _ in starts) for i in range(len(windows))]
    began = [starts[number - 1][1] for number in phase]
    return [
        pl.Series("phase", phase, pl.Int64),
        pl.Series("renewed_on", [flag["on"] for flag in began], pl.Date),
        pl.Series("renewed_by", [flag["text"] for flag in began], pl.String),
    ]


def _limits(frame: pl.DataFrame, *, is_share: bool) -> pl.DataFrame:
    """Centre and limits of every window; young windows are held against them and make none."""
    old = ~frame["is_young"].to_numpy() & (frame["n"] > 0).to_numpy() & frame["value"].is_not_null().to_numpy()
    phase = frame["phase"].to_numpy()
    if is_share:
        k, n = (frame[name].to_numpy() for name in ("n_events", "n"))
        made = stats.p_limits((k * old), (n * old), phase=phase)
    else:
        made = stats.xmr_limits(frame["value"].set(pl.Series(~old), None).cast(pl.Float64).to_numpy(), phase=phase)
    enough = frame.select(n_old=pl.Series(old).cast(pl.Int64)).with_columns(phase=pl.Series(phase))
    enough = enough.select((pl.col("n_old").sum().over("phase") >= LEAST_WINDOWS).alias("enough"))["enough"]
    limits = made.select("centre", "low_limit", "high_limit")
    return limits.select(pl.when(pl.lit(enough)).then(pl.col(name)).alias(name) for name in limits.columns)


def _rules(frame: pl.DataFrame) -> list[pl.Series]:
    """The first rule that a window breaks, and on which side."""
    rows = frame.select("value", "centre", "low_limit", "high_limit", "phase", "is_young").to_dicts()
    found: list[tuple[str | None, str | None]] = []
    for i, row in enumerate(rows):
        past = [r for r in rows[: i + 1] if r["phase"] == row["phase"] and not r["is_young"] and r["value"] is not None]
        silent = row["is_young"] or row["value"] is None or row["centre"] is None
        found.append((None, None) if silent else _rule(row, past))
    return [pl.Series(name, [pair[j] for pair in found], pl.String) for j, name in enumerate(("rule", "side"))]


def _rule(row: dict, past: Sequence[dict]) -> tuple[str | None, str | None]:
    sides = [(r["value"] > r["centre"]) - (r["value"] < r["centre"]) for r in past]
    side = "more" if sides[-1] > 0 else "less"
    above, below = row["high_limit"], row["low_limit"]
    if (above is not None and row["value"] > above) or (below is not None and row["value"] < below):
        return "beyond", side
    if len(past) >= _RUN and abs(sum(sides[-_RUN:])) == _RUN:
        return "shift", side
    steps = [b["value"] - a["value"] for a, b in zip(past[-_RUN:], past[-_RUN + 1 :], strict=False)]
    if len(past) >= _RUN and (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
        return "trend", "more" if steps[0] > 0 else "less"
    close = [_is_close(r) for r in past[-3:]]
    if len(past) >= _SOME and close[-1] and close.count(close[-1]) >= 2:
        return "near", close[-1]
    return None, None


def _is_close(row: dict) -> str | None:
    """On which side a window lies more than two thirds of the way to a limit."""
    for side, limit in (("more", row["high_limit"]), ("less", row["low_limit"])):
        if limit is not None and (row["value"] - row["centre"]) / (limit - row["centre"] or 1.0) > 2 / 3:
            return side
    return None


def _noticeable(frame: pl.DataFrame) -> pl.Series:
    """The rise since the window before that would have been noticed four times in five; null if that says nothing."""
    counts = frame.select("n_events", "n").rows()
    found: list[float | None] = [None]
    for (k, n), (_, n_now) in pairwise(counts):
        told = n > 0 and n_now > 0 and 0 < k < n
        found.append(stats.detectable_difference(n, n_now, k / n)["value"].item() if told else None)
    return pl.Series("noticeable", found, pl.Float64)
