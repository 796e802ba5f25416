"""How long customers stay: curves with delayed entry, a projection, and who buys again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from kpikit import stats
from kpikit.analysis._answer import answer
from kpikit.analysis._contracts import Contracts, contracts, with_groups
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.errors import UsageError

_DAYS_A_MONTH = 365.25 / 12
_STEPS = {"month": 1, "quarter": 3, "year": 12}
#: a projection is fitted on terms that at least so many reached
_LEAST_AT_RISK = 10


@answer(kpi="customer_curves")
def curves(book: DealBook, *, by: Sequence[str] = ()) -> pl.DataFrame:
    """How many customers are still there, month by month since they became one?

    Definition: Kaplan–Meier on the months since ``customer_since`` (else the first contract); a customer leaves when a
    contract that fell due was not renewed. Who was a customer before the revenue begins is only followed from its first
    row on (delayed entry). Who came back later left all the same; that is counted.
    Misleads at its right end, where few were followed. The curve can only fall where contracts fall due.

    Args:
        book: a deal book with ``revenue``.
        by: deal columns (of the customer's first won deal) to group by, never a person.

    Returns:
        A curve: ``time`` (months), ``n_at_risk, n_events, value, low, high``, ``n`` customers.

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
    lives = _lives(book, known, keys)
    curve = stats.kaplan_meier_by(_table(lives, keys), keys).drop("se")
    sizes = lives.group_by(keys).agg(n=pl.len().cast(pl.Int64), n_excluded=pl.lit(0, pl.Int64))
    frame = sizes.join(curve, on=keys, how="inner", nulls_equal=True).with_columns(unit=pl.lit("month"))
    return frame.sort(*keys, "time", maintain_order=True).drop("_all", "exit", strict=False)


def _lives(book: DealBook, known: Contracts, keys: list[str]) -> pl.DataFrame:
    """``*keys, time, entry`` (months) and ``exit`` (left, open) of each customer's first unbroken stay."""
    rows = with_groups(known.rows, book, keys)
    lapsed = (pl.col("is_renewed").not_()).fill_null(False)
    first_lapse = lapsed.cum_sum().shift(fill_value=0).over("account_id")
    stay = rows.filter(first_lapse == 0).group_by("account_id", maintain_order=True).agg(
        *(pl.col(key).first() for key in keys), first_on=pl.col("from_on").first(), due_on=pl.col("due_on").last(),
        has_left=lapsed.last(),
    )  # fmt: skip
    if "accounts" in book.tables:
        since = book.tables["accounts"].lazy().select("account_id", since="customer_since").collect()
        stay = stay.join(since.unique("account_id"), on="account_id", how="left", maintain_order="left")
    else:
        stay = stay.with_columns(since=pl.lit(None, pl.Date))
    began = pl.min_horizontal("since", "first_on")
    until = pl.when("has_left").then("due_on").otherwise(pl.lit(known.today))
    months = ((until - began).dt.total_days() / _DAYS_A_MONTH).round(0)
    entry = ((pl.col("first_on") - began).dt.total_days() / _DAYS_A_MONTH).round(0)
    stay = stay.with_columns(
        time=months, entry=entry, exit=pl.when("has_left").then(pl.lit("left")).otherwise(pl.lit("open"))
    )
    return stay.with_columns(pl.col("time").clip(lower_bound=0.5)).filter(pl.col("entry") < pl.col("time"))


def _table(lives: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Stays as the estimators read them: exits and late entries by month."""
    ended = lives.select(*keys, "time", "exit")
    entered = lives.filter(pl.col("entry") > 0).select(*keys, time="entry", exit=pl.lit("entered_late"))
    return pl.concat([ended, entered]).group_by(*keys, "time", "exit").agg(n=pl.len().cast(pl.Int64))


@answer(kpi="customer_projection")
def projection(book: DealBook, *, terms: int = 8) -> pl.DataFrame:
    """How many of today's new customers would still be there in later years, if nothing changes?

    Definition: the shifted beta-geometric model, fitted to the share still there after each term (:func:`curves`, as
    far as ten customers were followed). Each customer has a chance to leave of its own; those likely to leave go first.
    Misleads beyond about twice the years that were seen, and where customers or contracts have changed.

    Args:
        book: a deal book with ``revenue``.
        terms: how many terms ahead.

    Returns:
        An estimate a term: ``time`` (terms), ``seen`` (share still there; null beyond what was seen), ``value,
        low, high`` of the model, ``n`` customers. ``too_few`` with fewer than three terms seen.

    Source: Fader & Hardie 2007.

    Example:
        >>> import kpikit
        >>> kpikit.retention.projection(kpikit.open_book("demo"), terms=4).height > 0
        True
    """
    known = contracts(book)
    lives = _lives(book, known, ["_all"])
    months = known.months or 12
    curve = stats.kaplan_meier_by(_table(lives, ["_all"]), ["_all"]).sort("time")
    seen = [1.0]
    for term in range(1, terms + 1):
        upto = curve.filter(pl.col("time") < (term + 0.5) * months)
        followed = curve.filter(pl.col("time") > (term - 0.5) * months)["n_at_risk"]
        if known.months is None or upto.is_empty() or followed.is_empty() or followed[0] < _LEAST_AT_RISK:
            break
        seen.append(float(upto["value"][-1]))
    n = lives.height
    if len(seen) < 3 or seen[-1] == 1:
        schema = {"time": pl.Int64, "n": pl.Int64, "n_excluded": pl.Int64, "seen": pl.Float64, "value": pl.Float64}
        row = {"time": None, "n": n, "n_excluded": 0, "status": "too_few", "reason": "few_terms", "unit": "share"}
        return pl.DataFrame([row], schema_overrides=schema).with_columns(
            pl.lit(None, pl.Float64).alias(name) for name in ("value", "low", "high")
        )
    fitted = stats.beta_geometric(seen, periods=terms, n=n)
    return fitted.select("time", "seen", "value", "low", "high").with_columns(
        n=pl.lit(n, pl.Int64), n_excluded=pl.lit(0, pl.Int64), unit=pl.lit("share")
    )


@answer(kpi="returns")
def returns(
    book: DealBook, *, step: Literal["month", "quarter", "year"] = "month", during: Period | None = None
) -> pl.DataFrame:
    """Of the customers who first bought in a period, how many bought again one, two, three periods later?

    Definition: customers with any revenue row in the later calendar period, of all whose first row lies in the
    cohort's. Periods that are not over are not ``is_mature``. Several rows on one day are one visit; a row of zero
    counts as a visit, for a customer came.
    Misleads where buying is seasonal: compare cohorts at the same age only.

    Args:
        book: a deal book with ``revenue``.
        step: the width of cohorts and ages.
        during: cohorts that begin in this window; by default all.

    Returns:
        An estimate a ``cohort`` (its first day) and ``age`` (periods): ``n`` customers, ``n_events`` who bought,
        ``is_mature``.

    Raises:
        UsageError: a step of another name.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.retention.returns(kpikit.open_book("demo"), step="year")["age"].min()
        0
    """
    if step not in _STEPS:
        raise UsageError("setting_value", setting="step", value=step, allowed=", ".join(_STEPS))
    width = _STEPS[step]
    index = (pl.col("period").dt.year().cast(pl.Int64) * 12 + pl.col("period").dt.month() - 1) // width
    bought = book.tables["revenue"].lazy().select("account_id", at=index).unique().collect()
    bought = bought.with_columns(first=pl.col("at").min().over("account_id"))
    cells = bought.group_by("first", age=pl.col("at") - pl.col("first")).agg(n_events=pl.len().cast(pl.Int64))
    sizes = bought.group_by("first").agg(n=pl.col("account_id").n_unique().cast(pl.Int64))
    last = (book.as_of.year * 12 + book.as_of.month - 1) // width
    ages = sizes.with_columns(age=pl.int_ranges(0, last - pl.col("first") + 1)).explode("age", empty_as_null=True)
    frame = ages.join(cells, on=["first", "age"], how="left").with_columns(pl.col("n_events").fill_null(0))
    month = pl.col("first") * width
    frame = frame.with_columns(
        cohort=pl.date(month // 12, month % 12 + 1, 1), is_mature=pl.col("first") + pl.col("age") < last
    )
    if during is not None:
        frame = frame.filter((pl.col("cohort") >= during.first_on) & (pl.col("cohort") < during.next_on))
    rows = [stats.wilson(k, n).select("value", "low", "high").row(0) for k, n in frame.select("n_events", "n").rows()]
    schema = dict.fromkeys(("value", "low", "high"), pl.Float64)
    frame = frame.hstack(pl.DataFrame(rows, schema=schema, orient="row"))
    frame = frame.with_columns(unit=pl.lit("share"), n_excluded=pl.lit(0, pl.Int64))
    return frame.sort("cohort", "age").select(
        "cohort", "age", "is_mature", pl.exclude("cohort", "age", "is_mature", "first")
    )
