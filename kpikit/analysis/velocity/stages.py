"""One stage: how long deals stay in it, and how their visits end, with open deals counted as open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.comparison import Figures, figures, with_p
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.velocity.permutation import ON, few_visits, permuted
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.engine import counts
from kpikit.engine.clock import WIDTH_US, Days, unit_of
from kpikit.engine.histogram import tabulate
from kpikit.engine.remembered import remembered
from kpikit.errors import UsageError
from kpikit.kpi import Floor, cards
from kpikit.stats.steps import ANY, Steps, all_steps
from kpikit.stats.summaries import at_risk, starts_of_curves

#: how a visit can end, as exits() tells it; still_there comes last and makes the sum 1
WAYS = ("on", "back", "lost", "void", "still_there")


@dataclass(frozen=True, eq=False)
class _Seen:
    """First visits in a window: their counts, as curves read them (from the age on at which a group's curve begins),
    and how many spells each group has or leaves out.
    """  # noqa: D205 - one thought

    counts: pl.DataFrame
    steps: Steps
    sizes: pl.DataFrame
    keys: tuple[str, ...]
    unit: str

    @property
    def merged(self) -> Steps:
        """The steps with advance and won as one way of leaving."""
        return self.steps.merged(ON)


@remembered(16)  # a book never changes, and a report looks at a window more than once
def _seen(book: DealBook, by: tuple[str, ...], during: Period | None, unit: str) -> _Seen:
    keys = by if "stage" in by else (*by, "stage")
    histogram, left_out = tabulate(book, by=by, bin=unit, during=during)
    table = counts(histogram, WIDTH_US[unit])
    steps = all_steps(table, keys)
    start = starts_of_curves(steps)
    sizes = (
        steps.named({"n": steps.n, "n_open": steps.n - steps.n_events})
        .lazy()
        .join(left_out.lazy(), on=keys, how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("n", "n_open", "n_excluded").fill_null(0))
        .join(_positions(book), on="stage", how="inner")
        .join(steps.named({"from_age": pl.Series(start).fill_nan(None)}).lazy(), on=keys, how="left", nulls_equal=True)
        .collect()
    )
    return _Seen(table, steps.since(start), sizes, keys, unit)


def _positions(book: DealBook) -> pl.LazyFrame:
    """The open stages and where they stand."""
    closed = pl.any_horizontal(pl.col("is_won", "is_lost").fill_null(False))
    stages = book.tables["stages"].lazy().filter(~closed)
    return stages.group_by("stage").agg(pl.col("position").min())


def _in_order(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """By group, then stages as the pipeline has them."""
    others = [name for name in keys if name != "stage"]
    rest = [name for name in ("time",) if name in frame.columns]
    return frame.sort(*others, "position", "stage", *rest, maintain_order=True).drop("position")


@answer(kpi="time_in_stage")
def time_in_stage(
    book: DealBook, *, by: Sequence[str] = (), during: Window | None = None, days: Days = "calendar"
) -> pl.DataFrame:
    """How long does a deal stay in each stage, from entering it until it leaves, whatever way?

    Definition: the age at which half of the visits have ended (Kaplan–Meier median of first visits); every visit under
    observation counts, open ones up to the end of the window, those begun earlier from its start.
    Misleads: leaving can be losing (read it with :func:`exits`); says nothing about the slow tail. Gamed by moving
    deals without a customer's act. More on the card ``kpi/time_in_stage.toml``.

    Args:
        book: a deal book with stage history.
        by: deal columns to group by besides the stage, never a person.
        during: the window; by default all there is.
        days: ``"working"`` counts Monday to Friday without the book's ``holidays``; then ``unit`` is ``working_day``.

    Returns:
        An estimate a stage: ``value, low, high`` (95 %) in ``unit``; ``n`` visits, ``n_open`` of them open,
        ``n_events`` ended; ``from_age``: the age from which the figure speaks (above 0: "given still there at …").
        ``not_reached``: fewer than half have ended within what was view.

    Raises:
        RankingRefused: asked by a person.

    Source: Kaplan & Meier 1958; interval Brookmeyer & Crowley 1982 (log–log).

    Example:
        >>> import kpikit
        >>> kpikit.velocity.time_in_stage(kpikit.open_book("demo"))["stage"].to_list()
        ['Qualify', 'Discovery', 'Proposal', 'Negotiation']
    """
    during = as_period(during)
    view = _seen(book, tuple(by), during, unit_of(days, book.settings))
    medians = stats.quantile_by(view.steps, view.keys).drop("n")
    frame = view.sizes.join(medians, on=view.keys, how="left", nulls_equal=True)
    unreached = pl.col("value").is_null()
    return _in_order(
        frame.with_columns(
            pl.lit(view.unit).alias("unit"),
            pl.col("n_events").fill_null(0),
            pl.when(unreached).then(pl.lit("not_reached")).otherwise(pl.lit("ok")).alias("status"),
            pl.when(unreached).then(pl.lit("half_still_there")).alias("reason"),
        ),
        view.keys,
    )


@answer(kpi="exits")
def exits(
    book: DealBook,
    *,
    horizon: float = 60,
    by: Sequence[str] = (),
    during: Window | None = None,
    days: Days = "calendar",
) -> pl.DataFrame:
    """Of the deals that enter a stage, which share has gone on, back, been lost or void, or is still there by then?

    Definition: Aalen–Johansen shares at ``horizon`` after entry, of all first visits under observation; "on" is the
    next stage, a later one, or won. The five shares of a stage add to 1.
    Misleads: few deals give wide ranges. Gamed by losses never entered (they turn into "still there").

    Args:
        book: a deal book with stage history.
        horizon: in the book's bin unit (days, unless settled otherwise), or in working days.
        by: deal columns to group by besides the stage, never a person.
        during: the window; by default all there is.
        days: ``"working"`` counts Monday to Friday without the book's ``holidays``.

    Returns:
        An estimate a stage and ``exit`` (on, back, lost, void, still_there): shares with 95 % intervals, ``n`` visits,
        ``n_events`` exits of that kind by the horizon. ``not_reached``: nobody was followed that long.

    Raises:
        RankingRefused: asked by a person.

    Source: Aalen & Johansen 1978; variance Marubini & Valsecchi 1995.

    Example:
        >>> import kpikit
        >>> shares = kpikit.velocity.exits(kpikit.open_book("demo"), horizon=60)
        >>> shares["exit"].unique().sort().to_list()
        ['back', 'lost', 'on', 'still_there', 'void']
    """
    during = as_period(during)
    view = _seen(book, tuple(by), during, unit_of(days, book.settings))
    return _in_order(_shares(view, horizon), view.keys)


@remembered(16)  # as the windows themselves
def _shares(seen: _Seen, horizon: float) -> pl.DataFrame:
    keys, still = list(seen.keys), pl.col("exit") == "still_there"
    shares = stats.at_horizon_by(seen.merged, keys, horizon=horizon).lazy()
    found = shares.with_columns(pl.col("exit").replace(ANY, "still_there")).with_columns(
        n_events=pl.when(~still).then("n_events")
    )
    followed = seen.steps.named({"n_followed": at_risk(seen.steps, horizon)}).lazy()
    grid = seen.sizes.lazy().join(followed, on=keys, how="left", nulls_equal=True, maintain_order="left")
    grid = grid.join(pl.LazyFrame({"exit": WAYS}), how="cross", maintain_order="left_right")
    figures = found.select(*keys, "exit", "n_events", "value", "low", "high")
    frame = grid.join(figures, on=[*keys, "exit"], how="left", nulls_equal=True, maintain_order="left")
    gone = pl.col("value").filter(still).first().over(keys).fill_null(1.0) <= 1e-12
    early = (pl.col("from_age") > horizon).fill_null(True)
    unseen = early | ((pl.col("n_followed").fill_null(0) == 0) & ~gone)
    none = pl.col("value").is_null() & ~unseen
    return frame.with_columns(
        pl.when(unseen).then(None).when(none).then(0.0).otherwise("value").alias("value"),
        *(pl.when(~unseen).then(name).alias(name) for name in ("low", "high")),
        pl.when(still).then("n_events").otherwise(pl.col("n_events").fill_null(0)).alias("n_events"),
        pl.lit("share").alias("unit"),
        pl.lit(float(horizon)).alias("horizon"),
        pl.when(unseen).then(pl.lit("not_reached")).otherwise(pl.lit("ok")).alias("status"),
        pl.when(unseen).then(pl.lit("nobody_followed")).alias("reason"),
    ).collect()


@answer(kpi="stage_curves")
def curves(book: DealBook, *, by: Sequence[str] = (), during: Window | None = None) -> pl.DataFrame:
    """How does the share of deals that have left a stage grow with the time since they entered it?

    Definition: one Aalen–Johansen curve for each way of leaving, and the share still there (Kaplan–Meier, exit
    ``still_there``). Misleads at its right end, where few are at risk.

    Args:
        book: a deal book with stage history.
        by: deal columns to group by besides the stage, never a person.
        during: the window; by default all there is.

    Returns:
        A curve a stage and ``exit``: ``time, n_at_risk, n_events, value, low, high``; ``unit`` is that of ``time``.

    Raises:
        RankingRefused: asked by a person.

    Source: Aalen & Johansen 1978.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.curves(kpikit.open_book("demo")).columns[:4]
        ['stage', 'from_age', 'time', 'exit']
    """
    during = as_period(during)
    view = _seen(book, tuple(by), during, book.settings.bin)
    still = stats.kaplan_meier_by(view.steps, view.keys).with_columns(exit=pl.lit("still_there"))
    both = pl.concat([stats.aalen_johansen_by(view.steps, view.keys), still]).drop("se")
    frame = view.sizes.drop("n_open").join(both, on=view.keys, how="inner", nulls_equal=True)
    return _in_order(frame.with_columns(pl.lit(view.unit).alias("unit")), view.keys)


@answer(kpi="stage_changes")
def compare(
    book: DealBook,
    *,
    during: Window,
    before: Window,
    horizon: float = 60,
    by: Sequence[str] = (),
    days: Days = "calendar",
    permutations: int = 9999,
    seed: int = 0,
) -> pl.DataFrame:
    """What changed in each stage between two windows: the time in it, and how its visits ended?

    Definition: the figure in ``during`` minus the figure in ``before``: ``figure`` is ``median`` (of
    :func:`time_in_stage`) or one of the ways of :func:`exits` at the horizon; the interval joins those of the two
    (square-and-add). ``p`` is the level at which that interval would exclude no change.
    Below ten visits or five exits on either side the row is ``too_few``, as everywhere: no difference, no interval, no
    ``p``. What can be said of so few is said instead: ``p_permuted``, how often shuffling the visits between the
    windows makes a difference as large, and ``least_shown``, the smallest difference that this sample could have shown
    at all (5 in 100 shufflings; null: none, however large).
    Misleads: many comparisons find something by luck; correct ``p`` over all that are looked at (Holm).

    Args:
        book: a deal book with stage history.
        during: the window of interest.
        before: the window to compare it with; the two may not overlap.
        horizon: of the shares, in the book's bin unit, or in working days.
        by: deal columns to group by besides the stage, never a person.
        days: ``"working"`` counts Monday to Friday without the book's ``holidays``.
        permutations: how many shufflings where there are too few; 0 for none.
        seed: of the shufflings.

    Returns:
        An estimate a stage and ``figure``: the difference with ``low, high`` (95 %), ``low80, high80``, ``p``; the
        smallest difference these samples would have shown four times in five (``noticeable``); ``p_permuted,
        least_shown`` (see above); ``n`` and ``n_before`` visits.

    Raises:
        UsageError: the windows overlap.
        RankingRefused: asked by a person.

    Source: Zou & Donner 2008; below the floor a permutation test.

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> kpikit.velocity.compare(book, during="2026Q3", before="2025Q3")["figure"].unique().sort().to_list()
        ['back', 'lost', 'median', 'on', 'still_there', 'void']
    """
    during, before = as_period(during), as_period(before)
    if during.start < before.end and before.start < during.end:
        raise UsageError("windows_overlap", now=during.name, before=before.name)
    unit = unit_of(days, book.settings)
    now, then = (_seen(book, tuple(by), window, unit) for window in (during, before))
    frame = changes_of(now, then, horizon)
    few = frame.filter(_too_few(cards()["stage_changes"].floor)).select(now.keys).unique()
    empty = pl.lit(None, pl.Float64)
    if not few.height or not permutations:
        return _in_order(frame.with_columns(p_permuted=empty, least_shown=empty), now.keys)
    visits = few_visits(book, few, during=during, before=before, unit=unit)
    found = permuted(visits, now.keys, horizon=horizon, permutations=permutations, seed=seed)
    return _in_order(frame.join(found, on=[*now.keys, "figure"], how="left", nulls_equal=True), now.keys)


def _too_few(floor: Floor) -> pl.Expr:
    """Groups with fewer visits, or fewer exits of any kind, than a difference needs on either side."""
    few_exits = (pl.col("figure") == "median") & (pl.min_horizontal("n_events", "n_events_before") < floor.n_events)
    return (pl.min_horizontal("n", "n_before") < floor.n) | few_exits


@dataclass(frozen=True, slots=True)
class _Told:
    """What a window says at a horizon: which figures, of how many visits and exits, with bounds at every width."""

    answered: pl.DataFrame
    sizes: pl.DataFrame
    figures: Figures


@remembered(16)  # as the windows themselves
def _told(seen: _Seen, horizon: float) -> _Told:
    keys = list(seen.keys)
    steps = seen.merged
    shares = stats.at_horizon_by(steps, keys, horizon=horizon)
    return _Told(_answered(seen, horizon), _sized(seen, steps, shares), figures(steps, keys, shares))


def changes_of(now: _Seen, then: _Seen, horizon: float) -> pl.DataFrame:
    """The differences between two windows, a row a stage and figure."""
    names = [*now.keys, "figure"]
    told, told_then = _told(now, horizon), _told(then, horizon)
    answered = told.answered.lazy().join(told_then.answered.lazy(), on=names, how="semi", nulls_equal=True)
    found = with_p(told.figures, told_then.figures).lazy().join(answered, on=names, how="semi", nulls_equal=True)
    sizes_then = told_then.sizes.lazy().drop("n_excluded", "position")
    sizes = told.sizes.lazy().join(
        sizes_then, on=names, how="left", suffix="_before", nulls_equal=True, maintain_order="left"
    )
    unknown = pl.col("value").is_null()
    return (
        sizes.join(found, on=names, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            pl.when(pl.col("figure") == "median").then(pl.lit(now.unit)).otherwise(pl.lit("share")).alias("unit"),
            pl.lit(float(horizon)).alias("horizon"),
            pl.col("n_before").fill_null(0),
            pl.when(unknown).then(pl.lit("not_reached")).otherwise(pl.lit("ok")).alias("status"),
            pl.when(unknown).then(pl.lit("half_still_there")).alias("reason"),
        )
        .collect()
    )


def _answered(seen: _Seen, horizon: float) -> pl.DataFrame:
    """The figures of a window that can be said: medians always, shares where somebody was followed to the horizon."""
    shares = _shares(seen, horizon).filter(pl.col("status") == "ok").select(*seen.keys, figure="exit")
    medians = seen.sizes.select(*seen.keys, figure=pl.lit("median"))
    return pl.concat([shares, medians.select(shares.columns)])


def _sized(seen: _Seen, steps: Steps, shares: pl.DataFrame) -> pl.DataFrame:
    """For each group and figure: visits, and the exits that the figure rests on."""
    keys = list(seen.keys)
    of_kind = shares.lazy().filter(pl.col("exit") != ANY).select(*keys, "n_events", figure="exit")
    whole = steps.named({"n_events": steps.n_events}).lazy()
    whole = whole.join(pl.LazyFrame({"figure": ["median", "still_there"]}), how="cross")
    grid = seen.sizes.lazy().select(*keys, "n", "n_excluded", "position")
    grid = grid.join(pl.LazyFrame({"figure": ["median", *WAYS]}), how="cross", maintain_order="left_right")
    events = pl.concat([of_kind, whole.select(of_kind.collect_schema().names())])
    found = grid.join(events, on=[*keys, "figure"], how="left", nulls_equal=True, maintain_order="left")
    return found.with_columns(pl.col("n_events").fill_null(0)).collect()


@answer(kpi="naive_stage")
def naive(book: DealBook, *, by: Sequence[str] = (), during: Window | None = None) -> pl.DataFrame:
    """What would a dashboard say of each stage, leaving out the deals that are still open?

    Four familiar figures, to be shown only beside the honest ones: ``mean_of_advanced`` and ``median_of_ended``
    (time of visits that ended), ``on_of_ended`` and ``on_of_entered`` (shares). All look better the younger the
    deals are.

    Args:
        book: a deal book with stage history.
        by: deal columns to group by besides the stage, never a person.
        during: the window; by default all there is.

    Returns:
        An estimate a stage and ``figure``, without intervals: they would dress up the wrong number.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.naive(kpikit.open_book("demo"))["figure"].unique().sort().to_list()
        ['mean_of_advanced', 'median_of_ended', 'on_of_ended', 'on_of_entered']
    """
    during = as_period(during)
    view = _seen(book, tuple(by), during, book.settings.bin)
    begun = view.counts.join(view.sizes.select(*view.keys, "from_age"), on=view.keys, how="left", nulls_equal=True)
    rows = begun.filter((pl.col("time") >= pl.col("from_age")) & (pl.col("exit") != "entered_late"))
    is_on, ended = pl.col("exit").is_in(["advance", "won"]), pl.col("exit") != "open"
    n_on, n_ended, n = (pl.col("n").filter(which).sum() for which in (is_on, ended, pl.lit(True)))
    middle = pl.col("time").filter(ended).repeat_by(pl.col("n").filter(ended)).explode().median()
    found = rows.group_by(view.keys).agg(
        mean_of_advanced=(pl.col("time") * pl.col("n")).filter(is_on).sum() / n_on,
        median_of_ended=middle,
        on_of_ended=n_on / n_ended,
        on_of_entered=n_on / n,
    )
    long = found.unpivot(index=view.keys, variable_name="figure", value_name="value")
    frame = view.sizes.join(long, on=view.keys, how="inner", nulls_equal=True)
    is_time = pl.col("figure").is_in(["mean_of_advanced", "median_of_ended"])
    return _in_order(
        frame.with_columns(
            pl.col("value").fill_nan(None),
            low=pl.lit(None, pl.Float64),
            high=pl.lit(None, pl.Float64),
            unit=pl.when(is_time).then(pl.lit(view.unit)).otherwise(pl.lit("share")),
        ),
        [*view.keys],
    )
