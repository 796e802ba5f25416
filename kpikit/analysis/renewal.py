"""Who stays, and what their contracts are worth: renewal among those due, revenue kept of one opening cohort."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from kpikit import stats
from kpikit.analysis._answer import answer
from kpikit.analysis._contracts import at_rate, contracts, with_groups
from kpikit.book import DealBook
from kpikit.calendar import Period

_LEAST_EFFECTIVE = 10
_WORTH = ("gross", "net", "customers")


@answer(kpi="renewal")
def renewal(book: DealBook, *, by: Sequence[str] = (), during: Period | None = None) -> pl.DataFrame:
    """Of the customers whose contract fell due, how many renewed?

    Definition: contracts renewed (a following term begins at most a month late), of all contracts that fell due in the
    window and of which it is known. Contracts not due are not counted: with 100 customers, 20 due and 4 leaving, 80 in
    100 renewed; "96 in 100 stayed" dilutes it.
    Misleads when terms differ much in length. Gamed by long terms, which are not due for years.

    Args:
        book: a deal book with ``revenue`` (a row a customer and term).
        by: deal columns (of the customer's first won deal) to group by, never a person.
        during: contracts due in this window; by default all.

    Returns:
        An estimate: the share with Wilson's interval, ``n`` due and known, ``n_events`` renewed, ``n_open`` due but not
        known yet, ``n_returned`` not renewed but back later, ``n_customers`` under contract when the window began (of
        all time without a window).
        ``refused`` (``no_contract_term``) where customers buy at no regular interval.

    Raises:
        RankingRefused: asked by a person.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.retention.renewal(kpikit.open_book("demo"))["unit"].to_list()
        ['share']
    """
    keys = list(by) or ["_all"]
    known = contracts(book)
    if known.months is None:
        return _without_terms(by)
    rows = with_groups(known.rows, book, keys)
    first_on = during.first_on if during else rows["due_on"].min() or known.today
    last_on = min(during.next_on - timedelta(days=1), known.today) if during else known.today
    due = rows.filter(pl.col("due_on").is_between(first_on, last_on))
    under = pl.lit(True) if during is None else (pl.col("from_on") <= first_on) & (pl.col("due_on") >= first_on)
    counted = rows.group_by(keys).agg(n_customers=pl.col("account_id").filter(under).n_unique().cast(pl.Int64))
    ended = due.group_by(keys).agg(
        n=pl.col("is_renewed").is_not_null().sum().cast(pl.Int64),
        n_events=pl.col("is_renewed").fill_null(False).sum().cast(pl.Int64),
        n_open=pl.col("is_renewed").is_null().sum().cast(pl.Int64),
        n_returned=pl.col("has_returned").sum().cast(pl.Int64),
    )
    frame = counted.join(ended, on=keys, how="left", nulls_equal=True).with_columns(
        pl.col("n", "n_events", "n_open", "n_returned").fill_null(0), n_excluded=pl.lit(0, pl.Int64)
    )
    return with_interval(frame).sort(keys).drop("_all", strict=False)


def with_interval(counts: pl.DataFrame) -> pl.DataFrame:
    """``n_events`` of ``n`` with Wilson's interval."""
    rows = [stats.wilson(k, n).select("value", "low", "high").row(0) for k, n in counts.select("n_events", "n").rows()]
    schema = dict.fromkeys(("value", "low", "high"), pl.Float64)
    return counts.hstack(pl.DataFrame(rows, schema=schema, orient="row")).with_columns(unit=pl.lit("share"))


def _without_terms(by: Sequence[str]) -> pl.DataFrame:
    groups = {name: pl.Series([None], dtype=pl.String) for name in by}
    counts = {name: pl.Series([None], dtype=pl.Int64) for name in ("n", "n_excluded", "n_events")}
    figures = {name: pl.Series([None], dtype=pl.Float64) for name in ("value", "low", "high")}
    return pl.DataFrame(
        groups | counts | figures | {"unit": [None], "status": ["refused"], "reason": ["no_contract_term"]}
    )


@answer(kpi="revenue_kept")
def gross_net(
    book: DealBook, *, by: Sequence[str] = (), during: Period | None = None, draws: int = 2000, seed: int = 0
) -> pl.DataFrame:
    """Of the revenue under contract when the window began, how much is left at its end, without and with growth?

    Definition: the same opening customers at both ends, in one currency at one day's rate. ``gross``: the sum of each
    customer's smaller amount (then or now) of the sum then, so growth of one never hides the loss of another. ``net``:
    the sum now of the sum then. ``customers``: those still there. Who left counts 0; new customers do not count.
    Misleads where a few large customers carry the sum: it is given from an effective ten on, and from twenty customers.
    Gamed by taking the minimum of the totals, or by leaving out who left.

    Args:
        book: a deal book with ``revenue``.
        by: deal columns (of the customer's first won deal) to group by, never a person.
        during: the window; by default the last twelve months.
        draws: of the bootstrap by customer.
        seed: of the draws.

    Returns:
        An estimate a ``figure`` (gross, net, customers): ``n`` opening customers, ``n_events`` still there, ``n_eff``,
        ``n_open`` (due, not known yet: left out), ``n_excluded`` (no rate for their currency).

    Raises:
        RankingRefused: asked by a person.

    Source: Kish 1965 (effective n); percentile bootstrap, Efron 1979.

    Example:
        >>> import kpikit
        >>> kpikit.retention.gross_net(kpikit.open_book("demo"))["figure"].to_list()
        ['gross', 'net', 'customers']
    """
    keys = list(by) or ["_all"]
    known = contracts(book)
    if known.months is None:
        return _without_terms(by)
    begin, end = _window(during, known.today)
    rows = with_groups(at_rate(known.rows, book, begin), book, keys)
    opening = rows.filter((pl.col("from_on") <= begin) & (pl.col("due_on") > begin))
    last = rows.filter(pl.col("from_on") <= end).group_by("account_id", maintain_order=True).last()
    state = last.select("account_id", last_home="home", last_due="due_on", last_renewed="is_renewed")
    both = opening.join(state, on="account_id", how="left", maintain_order="left")
    running = (pl.col("last_due") > end) | pl.col("last_renewed").fill_null(False)
    both = both.with_columns(
        now=pl.when(running).then("last_home").otherwise(0.0),
        is_pending=~running & pl.col("last_renewed").is_null(),
        is_priced=pl.col("home").is_not_null() & pl.col("last_home").is_not_null(),
    )
    rng = np.random.default_rng(seed)
    found = [
        row for group, part in both.sort("account_id").group_by(keys, maintain_order=True)
        for row in _kept(dict(zip(keys, group, strict=True)), part, rng, draws)
    ]  # fmt: skip
    if not found:
        found = _kept(dict.fromkeys(keys), both, rng, draws)
    return pl.DataFrame(found, infer_schema_length=None).sort(keys, maintain_order=True).drop("_all", strict=False)


def _window(during: Period | None, today: date) -> tuple[date, date]:
    """The first day of the window and its last, as far as it is over."""
    if during is None:
        return today.replace(year=today.year - 1, day=min(today.day, 28)), today
    return during.first_on, min(during.next_on - timedelta(days=1), today)


def _kept(group: dict, customers: pl.DataFrame, rng: np.random.Generator, draws: int) -> list[dict]:
    """Gross, net and customers of one opening cohort, with intervals by drawing its customers again."""
    usable = customers.filter(~pl.col("is_pending") & pl.col("is_priced"))
    then, now = usable["home"].to_numpy(), usable["now"].to_numpy()
    n, total = len(then), float(then.sum())
    n_eff = total**2 / float((then**2).sum()) if n else 0.0
    counts = {
        "n": n,
        "n_excluded": customers.filter(~pl.col("is_priced")).height,
        "n_events": int((now > 0).sum()),
        "n_open": int(customers["is_pending"].sum()),
        "n_eff": n_eff,
    }
    shown = n > 0 and n_eff >= _LEAST_EFFECTIVE
    drawn = rng.integers(0, max(n, 1), (draws, n)) if shown else None
    parts = {"gross": np.minimum(then, now), "net": now, "customers": (now > 0).astype(float)}
    rows = []
    for figure in _WORTH:
        of = np.ones(n) if figure == "customers" else then
        row = group | {"figure": figure} | counts | {"value": None, "low": None, "high": None, "unit": "share"}
        if shown and drawn is not None:
            again = parts[figure][drawn].sum(axis=1) / of[drawn].sum(axis=1)
            low, high = np.quantile(again, [0.025, 0.975])
            row |= {"value": float(parts[figure].sum() / of.sum()), "low": float(low), "high": float(high)}
        few = {"status": "too_few", "reason": "few_effective"} if n and not shown else {"status": "ok", "reason": None}
        rows.append(row | few)
    return rows
