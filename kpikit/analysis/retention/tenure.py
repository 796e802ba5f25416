"""How long customers stay: curves with delayed entry, a projection, and who buys again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import inside, with_wilson
from kpikit.analysis.retention.contracts import Contracts, contracts, with_groups
from kpikit.analysis.retention.renewals import without_terms
from kpikit.book import DealBook
from kpikit.book.selection import last_day
from kpikit.errors import EstimateError, UsageError

_DAYS_A_MONTH = 365.25 / 12
_STEPS = {"month": 1, "quarter": 3, "year": 12}
#: so many months before a term is over somebody followed counts as seen to its end
_EARLY = 0.6
#: a projection is fitted on terms that at least so many reached
_LEAST_AT_RISK = 10


@answer(kpi="customer_curves")
def curves(book: DealBook, *, by: Sequence[str] = ()) -> pl.DataFrame:
    """How many customers are still there, month by month since they became one?

    Definition: Kaplan–Meier on the months since ``customer_since`` (else the first contract); a customer leaves when a
    contract that fell due was not renewed, on the day it fell due. Who was a customer before the revenue begins is only
    followed from its first row on (delayed entry). Who came back later left all the same. Who is not due yet, or
    due and not known, is followed to the month before.
    Misleads at its right end, where few were followed. The curve can only fall where contracts fall due.

    Args:
        book: a deal book with ``revenue``.
        by: deal columns (of the customer's first won deal) to group by, never a person.

    Returns:
        A curve: ``time`` (months), ``n_at_risk, n_events, value, low, high``, ``n`` customers, ``from_age`` (with late
        entries, the month from which enough are followed: the curve is for those still there then). ``refused``
        (``no_contract_term``) where customers buy at no regular interval.

    Raises:
        RankingRefused: asked by a person.

    Source: Kaplan & Meier 1958.

    Example:
        >>> import kpikit
        >>> kpikit.retention.curves(kpikit.open_book("demo"))["unit"].unique().to_list()
        ['month']
    """
    keys = list(by) or ["_all"]
    known = contracts(book)
    if known.months is None:
        return without_terms(by)
    lives = _lives(book, known, keys)
    sizes = lives.group_by(keys).agg(
        n=pl.col("is_followed").sum().cast(pl.Int64), n_excluded=(~pl.col("is_followed")).sum().cast(pl.Int64)
    )
    table = _table(lives.filter("is_followed"), keys)
    settled = stats.settled_from(table, keys).select(*keys, from_age="start_of_curve")
    table = table.join(settled, on=keys, how="left", nulls_equal=True).filter(pl.col("time") >= pl.col("from_age"))
    curve = stats.kaplan_meier_by(table.drop("from_age"), keys).drop("se", "exit")
    frame = sizes.join(settled, on=keys, how="left", nulls_equal=True)
    frame = frame.join(curve, on=keys, how="left", nulls_equal=True).with_columns(unit=pl.lit("month"))
    return frame.sort(*keys, "time", nulls_last=True, maintain_order=True).drop("_all", strict=False)


def _lives(book: DealBook, known: Contracts, keys: list[str]) -> pl.DataFrame:
    """``*keys, time, entry`` (months) and ``exit`` (left, open) of each customer's first unbroken stay.

    Not ``is_followed``: who left before there was anything to see.
    """
    rows = with_groups(known.rows, book, keys)
    is_last = ~pl.col("is_renewed").fill_null(False)
    rows = rows.filter(is_last.cum_sum().shift(fill_value=0).over("account_id") == 0)
    stay = rows.group_by("account_id", maintain_order=True).agg(
        *(pl.col(key).first() for key in keys), first_on=pl.col("from_on").first(), due_on=pl.col("due_on").last(),
        has_left=(pl.col("is_renewed").last() == False).fill_null(False),  # noqa: E712 - null is not False
    )  # fmt: skip
    if "accounts" in book.tables:
        since = book.tables["accounts"].lazy().select("account_id", since="customer_since").collect()
        stay = stay.join(since.unique("account_id"), on="account_id", how="left", maintain_order="left")
    else:
        stay = stay.with_columns(since=pl.lit(None, pl.Date))
    began = pl.min_horizontal("since", "first_on")
    entry, due, today = (_months(began, end) for end in (pl.col("first_on"), pl.col("due_on"), pl.lit(known.today)))
    stay = stay.with_columns(
        time=pl.when("has_left").then(due).otherwise(pl.min_horizontal(today, due - 1)).clip(lower_bound=0.5),
        entry=entry,
        exit=pl.when("has_left").then(pl.lit("left")).otherwise(pl.lit("open")),
    )
    return stay.with_columns(is_followed=pl.col("entry") < pl.col("time"))


def _months(began: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Whole months from one day to another; months differ by up to three days."""
    return ((end - began).dt.total_days() / _DAYS_A_MONTH + 0.1).floor()


def _table(lives: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Stays as the estimators read them: exits and late entries by month."""
    ended = lives.select(*keys, "time", "exit")
    entered = lives.filter(pl.col("entry") > 0).select(*keys, time="entry", exit=pl.lit("entered_late"))
    return pl.concat([ended, entered]).group_by(*keys, "time", "exit").agg(n=pl.len().cast(pl.Int64))


@answer(kpi="customer_projection")
def projection(book: DealBook, *, terms: int = 8) -> pl.DataFrame:
    """How many of today's new customers would still be there in later years, if nothing changes?

    Definition: the shifted beta-geometric model, fitted to the share still there after each term (:func:`curves`, as
    far as ten customers were followed). Each customer has a chance to leave of its own; those likely to leave go
    first. The range is that of the model, for as many customers as the curve is worth.
    Misleads beyond about twice the years that were seen, and where customers or contracts have changed.

    Args:
        book: a deal book with ``revenue``.
        terms: how many terms ahead.

    Returns:
        An estimate a term: ``time`` (terms), ``seen`` (share still there; null beyond what was seen), ``value,
        low, high`` of the model, ``n`` customers. ``too_few`` with fewer than three terms seen, ``refused``
        (``no_model``) where ever more leave with age.

    Source: Fader & Hardie 2007.

    Example:
        >>> import kpikit
        >>> kpikit.retention.projection(kpikit.open_book("demo"), terms=4).height > 0
        True
    """
    known = contracts(book)
    if known.months is None:
        return without_terms()
    lives = _lives(book, known, ["_all"]).filter("is_followed")
    table = _table(lives, ["_all"])
    curve = stats.kaplan_meier_by(table, ["_all"])
    seen, effective = [1.0], float(lives.height)
    for term in range(1, terms + 1):
        due = term * known.months - _EARLY
        followed = stats.at_risk_by(table, ["_all"], time=due)["n_at_risk"]
        upto = curve.filter(pl.col("time") < due + known.months / 2).tail(1).to_dicts()
        if not followed.sum() >= _LEAST_AT_RISK:
            break
        share, se = (upto[0]["value"], upto[0]["se"]) if upto else (1.0, 0.0)
        seen.append(share)
        effective = share * (1 - share) / se**2 if se else effective
    n = lives.height
    if len(seen) < 3 or seen[-1] == 1:
        schema = {"time": pl.Int64, "n": pl.Int64, "n_excluded": pl.Int64, "seen": pl.Float64, "value": pl.Float64}
        row = {"time": None, "n": n, "n_excluded": 0, "status": "too_few", "reason": "few_terms", "unit": "share"}
        return pl.DataFrame([row], schema_overrides=schema).with_columns(
            pl.lit(None, pl.Float64).alias(name) for name in ("seen", "value", "low", "high")
        )
    try:
        fitted = stats.beta_geometric(seen, periods=terms, n=max(round(effective), 1))
    except EstimateError:  # leaving that becomes more likely with age is not what the model describes
        return without_terms().with_columns(n=pl.lit(n, pl.Int64), reason=pl.lit("no_model"))
    return fitted.select("time", "seen", "value", "low", "high").with_columns(
        n=pl.lit(n, pl.Int64), n_excluded=pl.lit(0, pl.Int64), unit=pl.lit("share")
    )


@answer(kpi="returns")
def returns(
    book: DealBook, *, step: Literal["month", "quarter", "year"] = "month", during: Window | None = None
) -> pl.DataFrame:
    """Of the customers who first bought in a period, how many bought again one, two, three periods later?

    Definition: customers with any revenue row in the later calendar period, of all whose first row lies in the
    cohort's. A period that is not over has no figure yet. Several rows on one day are one visit; a row of zero counts
    as a visit, for a customer came.
    Misleads where buying is seasonal: compare cohorts at the same age only.

    Args:
        book: a deal book with ``revenue``.
        step: the width of cohorts and ages.
        during: cohorts that begin in this window; by default all.

    Returns:
        An estimate a ``cohort`` (its first day) and ``age`` (periods): ``n`` customers, ``n_events`` who bought,
        ``is_mature``; while a period is not over ``not_reached``.

    Raises:
        UsageError: a step of another name.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.retention.returns(kpikit.open_book("demo"), step="year")["age"].min()
        0
    """
    during = as_period(during)
    if step not in _STEPS:
        raise UsageError("setting_value", setting="step", value=step, allowed=", ".join(_STEPS))
    width, today = _STEPS[step], last_day(book)
    index = (pl.col("period").dt.year().cast(pl.Int64) * 12 + pl.col("period").dt.month() - 1) // width
    rows = book.tables["revenue"].lazy().filter(pl.col("period") <= today).select("account_id", at=index).unique()
    bought = with_groups(rows.collect(), book, ["_all"]).with_columns(first=pl.col("at").min().over("account_id"))
    cells = bought.group_by("first", age=pl.col("at") - pl.col("first")).agg(n_events=pl.len().cast(pl.Int64))
    sizes = bought.group_by("first").agg(n=pl.col("account_id").n_unique().cast(pl.Int64))
    last = (today.year * 12 + today.month - 1) // width
    ages = sizes.with_columns(age=pl.int_ranges(0, last - pl.col("first") + 1)).explode("age")
    frame = ages.join(cells, on=["first", "age"], how="left").with_columns(pl.col("n_events").fill_null(0))
    month, is_mature = pl.col("first") * width, pl.col("first") + pl.col("age") < last
    frame = frame.with_columns(cohort=pl.date(month // 12, month % 12 + 1, 1), is_mature=is_mature).filter(
        inside(during, "cohort")
    )
    frame = with_wilson(frame.with_columns(n_excluded=pl.lit(0, pl.Int64))).with_columns(
        *(pl.when("is_mature").then(name).alias(name) for name in ("value", "low", "high")),
        status=pl.when("is_mature").then(pl.lit("ok")).otherwise(pl.lit("not_reached")),
        reason=pl.when(~pl.col("is_mature")).then(pl.lit("too_young")),
    )
    return frame.sort("cohort", "age").select(
        "cohort", "age", "is_mature", pl.exclude("cohort", "age", "is_mature", "first")
    )
