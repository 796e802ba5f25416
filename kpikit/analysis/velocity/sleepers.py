"""What waits: open deals that have been in their stage longer than nine in ten before them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.velocity.age_marks import SLACK, STILL, begins, marks_of_others
from kpikit.analysis.velocity.stages import curves
from kpikit.book import DealBook
from kpikit.calendar import MICROSECONDS_PER_UNIT, Period, add_months
from kpikit.engine.buckets import seen_in, visits
from kpikit.engine.kernel import KINDS
from kpikit.engine.remembered import remembered
from kpikit.errors import UsageError

_DAY_US = MICROSECONDS_PER_UNIT["day"]
_OPEN = KINDS.index("open")
#: days that what takes no time takes
_INSTANT = 0.5 / 24


def _first_visits(book: DealBook) -> pl.DataFrame:
    """First visits that a curve can use: ``deal`` (its row), ``stage, place`` (its number), ``position``, ages in days.

    ``from_days`` is where their stage's curve begins: where few deals came into view early, a curve drawn from there
    would rest on one or two of them, so it begins at the first age at which five, and a tenth of all, were there to be
    seen (:func:`kpikit.stats.settled_from`).
    """
    parts = [seen_in(part, book, None) for part in visits(book)]
    codes = parts[-1].codes.stages
    wanted = (pl.col("visit") == 1) & pl.col("excluded").is_null()
    used = pl.concat([part.frame.lazy().filter(wanted) for part in parts]).select(
        "deal", "kind", "entered_at", place="stage", days=pl.col("age") / _DAY_US,
        entry_days=(pl.col("entry_age") / _DAY_US).fill_null(0.0),
    ).collect()  # fmt: skip
    names = codes["stage"].to_list()  # stages of several pipelines may share one
    one_of = pl.Series([names.index(name) for name in names], dtype=pl.Int16)
    used = used.with_columns(codes["position"].gather(used["place"]), place=one_of.gather(used["place"]))
    ages = used.select("place", "days", "entry_days")
    begun = pl.Series([_begin(ages.filter(pl.col("place") == place)) for place in range(len(names))], dtype=pl.Float64)
    return used.with_columns(stage=codes["stage"].gather(used["place"]), from_days=begun.gather(used["place"]))


def _begin(visits: pl.DataFrame) -> float | None:
    """Where the curve of one stage begins; null if it never does."""
    time = visits["days"].clip(lower_bound=_INSTANT).to_numpy()
    begin = begins(time, np.minimum(visits["entry_days"].to_numpy(), time * (1 - 1e-9)))
    return None if np.isnan(begin) else begin


def _counts(visits: pl.DataFrame) -> pl.DataFrame:
    """Exact ages as the estimators read them; who was seen for an instant only was at risk just before it."""
    time = pl.max_horizontal("days", _INSTANT)
    entry = pl.min_horizontal("entry_days", time * (1 - 1e-9))
    ended = visits.select("stage", time=time, exit=_kinds(), n=pl.lit(1, pl.Int64))
    late = visits.filter(pl.col("entry_days") > 0).select(
        "stage", time=entry, exit=pl.lit("entered_late"), n=pl.lit(1, pl.Int64)
    )
    return pl.concat([ended, late])


def _kinds() -> pl.Expr:
    return pl.col("kind").replace_strict(dict(enumerate(KINDS)), return_dtype=pl.String)


def stage_marks(visits: pl.DataFrame) -> pl.DataFrame:
    """The first age at which nine in ten of the visits to each stage have ended: ``stage, mark_days, is_at_least``."""
    table = _counts(visits).join(visits.group_by("stage").agg(pl.col("from_days").first()), on="stage")
    settled = table.filter(pl.col("time") >= pl.col("from_days")).drop("from_days")
    down = stats.kaplan_meier_by(settled, ["stage"]).filter(pl.col("value") <= STILL + SLACK)
    marks = down.group_by("stage").agg(mark_days=pl.col("time").min())
    last = visits.filter(pl.col("kind") != _OPEN).group_by("stage").agg(last=pl.col("days").max())
    return last.join(marks, on="stage", how="left").select(
        "stage", is_at_least=pl.col("mark_days").is_null(), mark_days=pl.coalesce("mark_days", "last")
    )


def thresholds(visits: pl.DataFrame) -> pl.DataFrame:
    """For each open visit: the age that nine in ten of the *others* in its stage did not reach.

    Kaplan–Meier without the deal itself, so that no deal raises its own mark: the first age at which nine in ten or
    more have left (who is there longer has waited longer than nine in ten). Where the curve of the others never comes
    down to one in ten the mark is their last exit, and ``is_at_least``.
    """
    needed = visits.select("deal", "place", "kind", "days", "entry_days", "from_days")
    parts = [_of_stage(needed.filter(pl.col("place") == place)) for place in visits["place"].unique().sort()]
    schema = {"deal": visits.schema["deal"], "place": pl.Int16, "mark_days": pl.Float64, "is_at_least": pl.Boolean}
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def _of_stage(visits: pl.DataFrame) -> pl.DataFrame:
    is_open = (visits["kind"] == _OPEN).to_numpy()
    begin = visits["from_days"].fill_null(np.nan).item(0)
    days, entry = visits["days"].to_numpy(), visits["entry_days"].to_numpy()
    mark, at_least = marks_of_others(days, entry, is_open, ~is_open, begin)
    opened = visits.filter(pl.col("kind") == _OPEN).select("deal", "place")
    return opened.with_columns(mark_days=pl.Series(mark), is_at_least=pl.Series(at_least)).with_columns(
        pl.col("mark_days").fill_nan(None)
    )


@answer(kpi="sleeping")
def waiting(book: DealBook) -> pl.DataFrame:
    """How long has each open deal been in its stage, and which are there longer than nine in ten of the others?

    Definition: open first visits with their days; the mark is the 90 % age of the *other* visits to the stage
    (Kaplan–Meier without the deal, from the age on at which enough were in view; the last exit, "at least", where it
    is not reached). A deal past its mark sleeps.
    Misleads: one open deal in ten is this old without anything being wrong (:func:`sleeping_rate` says how many
    would be usual). An old deal may be a good one. Gamed by moving a deal on, or closing and reopening it.

    Args:
        book: a deal book with stage history; for a team copy (it lists deals).

    Returns:
        A list: ``deal_id, stage, days_in_stage, mark_days, is_at_least, is_sleeping, entered_at``, those farthest
        beyond their mark first.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.waiting(kpikit.open_book("demo")).columns[:3]
        ['deal_id', 'stage', 'days_in_stage']
    """
    visits = _first_visits(book).filter(pl.col("position").is_not_null())
    marked = visits.filter(pl.col("kind") == _OPEN).join(thresholds(visits), on=["deal", "place"], how="inner")
    ids = book.tables["deals"].lazy().select("deal_id").collect()["deal_id"]
    marked = marked.with_columns(
        ids.gather(marked["deal"]), pl.from_epoch("entered_at", "us").dt.replace_time_zone("UTC").alias("entered_at")
    )
    beyond = pl.col("days") / pl.col("mark_days")
    return marked.sort(beyond, "deal_id", descending=[True, False], nulls_last=True).select(
        "deal_id", "stage", days_in_stage="days", mark_days="mark_days", is_at_least="is_at_least",
        is_sleeping=(beyond > 1).fill_null(False), entered_at="entered_at", n=pl.lit(1, pl.Int64),
        n_excluded=pl.lit(0, pl.Int64), unit=pl.lit("day"),
    )  # fmt: skip


@answer(kpi="sleeping")
def sleeping(book: DealBook) -> pl.DataFrame:
    """Which open deals have been in their stage longer than nine in ten of the others before them?

    Definition and limits: those of :func:`waiting` that are past their mark.

    Args:
        book: a deal book with stage history; for a team copy (it lists deals).

    Returns:
        The rows of :func:`waiting` that sleep.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.sleeping(kpikit.open_book("demo"))["is_sleeping"].all()
        True
    """
    return waiting.__wrapped__(book).filter("is_sleeping")  # type: ignore[attr-defined]


@answer(kpi="sleeping_rate")
def sleeping_rate(book: DealBook, *, before: Window | None = None) -> pl.DataFrame:
    """How many deals sleep, how many would be usual, and what became of earlier deals that grew that old?

    Definition, per stage: ``value`` is the share still open of the visits entered at least the 90 % age ago (that of
    the *others* for a visit still open, so that ``n_events`` are the deals which :func:`sleeping` lists); ``expected``
    of them would be, had visits lasted as in the window ``before`` (the sum of its Kaplan–Meier curve at the time since
    each entry). ``n_won_later`` of ``n_that_old``: visits that passed that age and have ended since, and those of them
    whose deal was won.
    Misleads: the share of *currently open* deals past the mark is not one in ten even when nothing is wrong.

    Args:
        book: a deal book with stage history.
        before: what "usual" is read from; by default the twelve months that ended three months before as-of.

    Returns:
        An estimate a stage: the share with Wilson's interval; ``n`` visits entered that long ago, ``n_events`` still
        open, ``expected``, ``mark_days``, ``n_that_old``, ``n_won_later``.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.sleeping_rate(kpikit.open_book("demo"))["stage"].to_list()
        ['Qualify', 'Discovery', 'Proposal', 'Negotiation']
    """
    before = as_period(before)
    counted, grown = _grown(book)
    counted = counted.join(_expected(book, grown, before or _usual(book)), on="stage", how="left")
    known = [pl.when(pl.col("n") > 0).then(name).alias(name) for name in ("low", "high")]
    return (
        stats.with_shares(counted)
        .with_columns(*known, unit=pl.lit("share"), n_excluded=pl.lit(0, pl.Int64))
        .sort("position")
        .drop("position")
    )


@remembered(1)  # a report asks for the rate and for the outcome
def _grown(book: DealBook) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A row a stage: how many visits grew past its mark, and what came of them; and how long ago those began."""
    visits = _first_visits(book)
    entered_at = pl.from_epoch("entered_at", "us").dt.replace_time_zone("UTC")
    since = (pl.lit(book.as_of) - entered_at).dt.total_microseconds() / _DAY_US
    won = book.tables["deals"].lazy().select(is_won=pl.col("outcome") == "won").collect()["is_won"]
    own = thresholds(visits).select("deal", "place", own_days="mark_days")
    aged = visits.with_columns(won.gather(visits["deal"])).join(stage_marks(visits), on="stage")
    aged = aged.join(own, on=["deal", "place"], how="left")
    mark = pl.coalesce("own_days", "mark_days")
    grown, passed = since >= mark, pl.col("days") > mark
    is_open = pl.col("kind") == _OPEN
    counted = aged.group_by("stage", "mark_days", "is_at_least").agg(
        pl.col("position").min(),
        n=grown.sum().cast(pl.Int64),
        n_events=(grown & passed & is_open).sum().cast(pl.Int64),
        n_that_old=(passed & ~is_open).sum().cast(pl.Int64),
        n_won_later=(passed & ~is_open & pl.col("is_won")).sum().cast(pl.Int64),
    )
    return counted, aged.filter(grown).select("stage", since=since)


@answer(kpi="sleeping_outcome")
def sleeping_outcome(book: DealBook) -> pl.DataFrame:
    """Of earlier deals that grew as old in a stage as those that sleep now, which share was won in the end?

    Definition: first visits that passed their stage's 90 % age and have ended since; those of them whose deal was won.
    Misleads: those still waiting may end otherwise; the share is of earlier deals, under earlier circumstances.

    Args:
        book: a deal book with stage history.

    Returns:
        One estimate over all stages: the share with Wilson's interval, ``n`` such visits, ``n_events`` won.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.sleeping_outcome(kpikit.open_book("demo"))["unit"].to_list()
        ['share']
    """
    rates, _ = _grown(book)
    n, won = int(rates["n_that_old"].sum()), int(rates["n_won_later"].sum())
    nothing = {"value": None, "low": None, "high": None}
    found = stats.wilson(won, n).select("value", "low", "high").row(0, named=True) if n else nothing
    row = pl.DataFrame([found], schema={"value": pl.Float64, "low": pl.Float64, "high": pl.Float64})
    return row.with_columns(n=pl.lit(n), n_events=pl.lit(won), n_excluded=pl.lit(0), unit=pl.lit("share"))


def _usual(book: DealBook) -> Period:
    """The twelve months that ended three months before as-of."""
    day = book.as_of.date()
    return Period("usual", add_months(day, -15), 12, book.settings.time_zone)


def _expected(book: DealBook, grown: pl.DataFrame, before: Period) -> pl.DataFrame:
    """How many of the visits begun so long ago would still be there, had they lasted as in the window before."""
    curve = curves.__wrapped__(book, during=before).filter(pl.col("exit") == "still_there")  # type: ignore[attr-defined]
    unit = MICROSECONDS_PER_UNIT["day"] / MICROSECONDS_PER_UNIT[book.settings.bin]
    steps = curve.select("stage", since=pl.col("time") / unit, still="value").sort("since")
    found = grown.sort("since").join_asof(steps, on="since", by="stage", check_sortedness=False)
    known = steps.select("stage").unique()
    found = found.join(known.with_columns(known=pl.lit(True)), on="stage", how="left")
    still = pl.when("known").then(pl.col("still").fill_null(1.0))
    return found.group_by("stage").agg(expected=pl.when(pl.col("known").fill_null(False).all()).then(still.sum()))


@answer(kpi="load")
def load(book: DealBook, *, by: Sequence[str] = ("team",)) -> pl.DataFrame:
    """How many open and sleeping deals does a team carry per full-time person?

    Definition: open deals of the team, and those that sleep, divided by the shares of full time of its people on the
    as-of day. Misleads: deals differ; a team may share them. Never by person.

    Args:
        book: a deal book with ``people``.
        by: the team.

    Returns:
        An estimate a team and ``figure`` (open, sleeping) in deals per full-time person; ``n`` deals, ``full_time``.

    Raises:
        RankingRefused: asked by a person.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.load(kpikit.open_book("demo"))["figure"].unique().sort().to_list()
        ['open', 'sleeping']
    """
    if tuple(by) != ("team",):
        raise UsageError("unknown_group", column=", ".join(by) or "-", allowed="team")
    day = book.as_of.date()
    people = book.tables["people"].lazy()
    here = (pl.col("from_on").is_null() | (pl.col("from_on") <= day)) & (
        pl.col("until_on").is_null() | (pl.col("until_on") > day)
    )
    full_time = people.filter(here).group_by("team").agg(full_time=pl.col("share_of_full_time").fill_null(1.0).sum())
    deals = book.tables["deals"].lazy().filter(pl.col("outcome") == "open").select("deal_id", "team")
    if book.team is not None:
        deals = deals.filter(pl.col("team") == book.team)
        full_time = full_time.filter(pl.col("team") == book.team)
    asleep = sleeping.__wrapped__(book).lazy().select("deal_id", asleep=pl.lit(True))  # type: ignore[attr-defined]
    counted = (
        deals.join(asleep, on="deal_id", how="left")
        .group_by("team")
        .agg(open=pl.len().cast(pl.Int64), sleeping=pl.col("asleep").fill_null(False).sum().cast(pl.Int64))
    )
    frame = full_time.join(counted, on="team", how="full", coalesce=True).collect()
    long = frame.unpivot(["open", "sleeping"], index=["team", "full_time"], variable_name="figure", value_name="n")
    empty = pl.lit(None, pl.Float64)
    long = long.with_columns(pl.col("n").fill_null(0))
    return long.with_columns(
        value=pl.when(pl.col("full_time") > 0).then(pl.col("n") / pl.col("full_time")), low=empty, high=empty,
        n_excluded=pl.lit(0, pl.Int64), unit=pl.lit("deal_per_person"),
    ).sort(*by, "figure")  # fmt: skip
