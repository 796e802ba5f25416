"""Who stays, and what their contracts are worth: renewal among those due, revenue kept of one opening cohort."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import with_wilson
from kpikit.analysis.retention.contracts import contracts, with_groups, worth
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.stats.bounds import z_of
from kpikit.stats.rates import wilson_bounds

_LEAST_EFFECTIVE = 10
#: from more customers on the bootstrap and the delta method say the same
_DRAWN = 2000
_WORTH = ("gross", "net", "customers")


@answer(kpi="renewal")
def renewal(book: DealBook, *, by: Sequence[str] = (), during: Window | None = None) -> pl.DataFrame:
    """Of the customers whose contract fell due, how many renewed?

    Definition: contracts renewed (a following term begins at most a month late), of all contracts that fell due in the
    window and of which it is known. Contracts not due are not counted: with 100 customers, 20 due and 4 leaving, 80 in
    100 renewed; "96 in 100 stayed" dilutes it. What fell due in the last month is not known yet (``n_open``), even
    where it was renewed: else that month would hold renewals only. Where a row of nothing is written for who left, the
    next row tells.
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
    during = as_period(during)
    keys = list(by) or ["_all"]
    known = contracts(book)
    if known.months is None:
        return without_terms(by)
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
    if not by:
        counted = pl.DataFrame({"_all": 0}).join(counted, on="_all", how="left")
    frame = counted.join(ended, on=keys, how="left", nulls_equal=True).with_columns(
        pl.col("n_customers", "n", "n_events", "n_open", "n_returned").fill_null(0), n_excluded=pl.lit(0, pl.Int64)
    )
    return with_wilson(frame).sort(keys, nulls_last=True).drop("_all", strict=False)


def without_terms(by: Sequence[str] = ()) -> pl.DataFrame:
    """The refusal for customers who buy at no regular interval."""
    groups = {name: pl.Series([None], dtype=pl.String) for name in by}
    counts = {name: pl.Series([None], dtype=pl.Int64) for name in ("n", "n_excluded", "n_events")}
    figures = {name: pl.Series([None], dtype=pl.Float64) for name in ("value", "low", "high")}
    return pl.DataFrame(
        groups | counts | figures | {"unit": [None], "status": ["refused"], "reason": ["no_contract_term"]}
    )


@answer(kpi="revenue_kept")
def gross_net(
    book: DealBook, *, by: Sequence[str] = (), during: Window | None = None, draws: int = 2000, seed: int = 0
) -> pl.DataFrame:
    """Of the revenue under contract when the window began, how much is left at its end, without and with growth?

    Definition: the same opening customers at both ends, their running contracts per year, in one currency at one day's
    rate. ``gross``: the sum of each customer's smaller amount (then or now) of the sum then, so growth of one never
    hides the loss of another. ``net``: the sum now of the sum then. ``customers``: those still there. Who left counts
    0; new customers do not count.
    Misleads where a few large customers carry the sum: it is given from an effective ten on, and from twenty customers.
    Gamed by taking the minimum of the totals, or by leaving out who left.

    Args:
        book: a deal book with ``revenue``.
        by: deal columns (of the customer's first won deal) to group by, never a person.
        during: the window; by default the last twelve months. It ends where it is no longer known of all who is still
            there: a month ago, or today where the book writes a row of nothing for who left.
        draws: of the bootstrap by customer (of more than 2,000 customers the delta method says the same at once).
        seed: of the draws.

    Returns:
        An estimate a ``figure`` (gross, net, customers): ``n`` opening customers, ``n_events`` still there, ``n_eff``,
        ``n_open`` (due, nothing written yet: left out), ``n_excluded`` (no rate for their currency). ``refused``
        (``no_contract_term``) where customers buy at no regular interval.

    Raises:
        RankingRefused: asked by a person.

    Source: Kish 1965 (effective n); percentile bootstrap, Efron 1979.

    Example:
        >>> import kpikit
        >>> kpikit.retention.gross_net(kpikit.open_book("demo"))["figure"].to_list()
        ['gross', 'net', 'customers']
    """
    during = as_period(during)
    keys = list(by) or ["_all"]
    known = contracts(book)
    if known.months is None:
        return without_terms(by)
    begin, end = _window(during, known.known_to)
    if end <= begin:
        return _not_begun(by)
    then = with_groups(worth(known, book, begin, begin), book, keys).filter(~pl.col("is_pending"))
    now = worth(known, book, end, begin).select("account_id", now="home", priced="is_priced", pending="is_pending")
    both = then.join(now, on="account_id", how="left", maintain_order="left").with_columns(
        pl.col("pending").fill_null(False), is_priced=pl.col("is_priced") & pl.col("priced").fill_null(True)
    )
    both = both.with_columns(pl.when(pl.col("priced").is_null()).then(0.0).otherwise("now").alias("now"))
    rng = np.random.default_rng(seed)
    found = [
        row for group, part in both.sort(*keys, "account_id", nulls_last=True).group_by(keys, maintain_order=True)
        for row in _kept(dict(zip(keys, group, strict=True)), part, rng, draws)
    ]  # fmt: skip
    if not found:
        found = _kept(dict.fromkeys(keys), both, rng, draws)
    types = {key: both.schema[key] for key in keys if key in both.columns}
    return pl.DataFrame(found, schema_overrides=types, infer_schema_length=None).drop("_all", strict=False)


def _window(during: Period | None, known_to: date) -> tuple[date, date]:
    """The first day of the window and its last, as far as it is known who was still there."""
    if during is None:
        leap = (known_to.month, known_to.day) == (2, 29)
        return known_to.replace(year=known_to.year - 1, day=28 if leap else known_to.day), known_to
    return during.first_on, min(during.next_on - timedelta(days=1), known_to)


def _not_begun(by: Sequence[str]) -> pl.DataFrame:
    """A window of which nothing is known yet."""
    reason = {"status": pl.lit("not_reached"), "reason": pl.lit("too_young")}
    return without_terms(by).with_columns(**reason, figure=pl.lit(None, pl.String))


def _kept(group: dict, customers: pl.DataFrame, rng: np.random.Generator, draws: int) -> list[dict]:
    """Gross, net and customers of one opening cohort, with intervals by drawing its customers again."""
    usable = customers.filter(~pl.col("pending") & pl.col("is_priced") & (pl.col("home") > 0))
    then, now = usable["home"].to_numpy(), usable["now"].to_numpy()
    n, total = len(then), float(then.sum())
    n_eff = total**2 / float((then**2).sum()) if n else 0.0
    counts = {
        "n": n,
        "n_excluded": customers.filter(~pl.col("is_priced")).height,
        "n_events": int((now > 0).sum()),
        "n_open": int(customers["pending"].sum()),
        "n_eff": n_eff,
    }
    shown = n > 0 and n_eff >= _LEAST_EFFECTIVE
    parts = {"gross": np.minimum(then, now), "net": now, "customers": (now > 0).astype(float)}
    status = {"status": "too_few", "reason": "few_effective"} if n and not shown else {"status": "ok", "reason": None}
    drawn = rng.integers(0, max(n, 1), (draws, n)) if shown and n <= _DRAWN else None
    rows = []
    for figure in _WORTH:
        of = np.ones(n) if figure == "customers" else then
        row = group | {"figure": figure} | counts | {"value": None, "low": None, "high": None, "unit": "share"} | status
        if shown:
            low, high = _range(parts[figure], of, drawn)
            row |= {"value": float(parts[figure].sum() / of.sum()), "low": low, "high": high}
        if shown and (parts[figure] == of).all():  # nothing lost: drawing again cannot show a loss
            row["low"] = float(wilson_bounds(n_eff, n_eff, z_of(0.95))[0])
        rows.append(row)
    return rows


def _range(part: np.ndarray, of: np.ndarray, drawn: np.ndarray | None) -> tuple[float, float]:
    """The 95 % interval of the ratio of two sums: by drawing customers again, of very many by the delta method."""
    if drawn is not None:
        low, high = np.quantile(part[drawn].sum(axis=1) / of[drawn].sum(axis=1), [0.025, 0.975])
        return float(low), float(high)
    ratio = part.sum() / of.sum()
    half = z_of(0.95) * float(np.sqrt(((part - ratio * of) ** 2).sum()) / of.sum())
    return max(float(ratio) - half, 0.0), float(ratio) + half
