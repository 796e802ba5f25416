"""What goes with winning: declared drivers, as known on the day of the offer, in points of the win rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.landmark import OFFER, at_landmark
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.winloss.driver_values import Term, terms_of
from kpikit.book import DealBook
from kpikit.errors import EstimateError, Refused, UsageError

#: the sample rule: a model needs so many won and so many lost, and at most one driver for every five of the fewer
FEWEST, PER_DRIVER = 15, 5
#: fewer deals than this with a driver, or without it, are no group
SIDE = 5
#: what every reader is told, whatever the figures say
WARNINGS = ("leakage", "reverse_cause", "selection", "immortal_time", "association")
_FIGURES = ("value", "low", "high", "low80", "high80", "p")
#: the figures of the plain table of a driver, in every row
_TABLE = ("gap", "gap_low", "gap_high", "gap_low80", "gap_high80", "p_gap")
#: the model's coefficient with its profile interval: for checking, never for a page
_ODDS = ("log_odds", "log_odds_low", "log_odds_high")
_RATES = ("rate_with", "low_with", "high_with", "rate_without", "low_without", "high_without")


@answer(kpi="drivers")
def drivers(
    book: DealBook,
    *,
    declared: Sequence[str] = ("second_contact", "asked_by_customer", "fits_profile"),
    landmark: str = OFFER,
    during: Window | None = None,
    seed: int = 0,
    draws: int = 499,
) -> pl.DataFrame:
    """What goes with winning, as known on the day of the offer?

    Definition: deals won or lost in the window that reached the landmark; each driver as it stood then. With at least
    15 won and 15 lost, and at most one driver for every five of the fewer, the effect is the average difference in the
    predicted chance with and without the driver, the other drivers as they are (Firth, FLIC; interval: deals drawn
    again; ``p``: profile likelihood). Else, and beside it in every row, the plain table: so many won with it and
    without it (Wilson), the gap (Newcombe). ``p_adjusted`` is Benjamini and Hochberg's over the drivers.
    Misleads: it goes with winning, it need not cause it; ``warnings`` names the five ways. Gamed by declaring drivers
    after looking. Values that no recorded change takes back are marked ``as_now``: they may have been filled in later.

    Args:
        book: a deal book with outcomes.
        declared: at most a handful, chosen before looking: ready-made ones (``second_contact``, ``asked_by_customer``,
            ``fits_profile``, ``days_before``, ``conversations_before``), yes/no columns of the deal, a column with a
            level (``segment=Small``), a number with a bound (``amount>=20000``; without one the median of these
            deals), or a column of texts: its levels but the largest, those under five deals together.
        landmark: ``offer``, or a stage: its first entry.
        during: deals decided in this window; by default all.
        seed: of the interval of the model.
        draws: how often deals are drawn again for it.

    Returns:
        An estimate a ``driver`` and ``level``: ``value, low, high`` in share points (and ``low80, high80, p``),
        ``method`` (model, table), ``known`` (how the value then is known), ``rate_with`` and ``rate_without`` with
        ranges, ``n_won_with`` of ``n_with``, ``n_won_without`` of ``n_without``, ``gap`` and its range, ``p_gap``;
        ``n`` deals with a known value, ``n_unknown`` without, ``n_in_model``, ``n_excluded`` that never reached the
        landmark; the model's ``log_odds`` with their profile interval. ``suppressed`` where a side has too few people;
        ``refused`` where the book has no dates of offers, no stage history, or nothing on a driver.

    Raises:
        UsageError: no such driver or landmark, a column that is only filled in at the end, or no draws.
        RankingRefused: a person declared as a driver.

    Source: Firth 1993; Puhr et al. 2017; Newcombe 1998; Benjamini & Hochberg 1995.

    Example:
        >>> import kpikit
        >>> found = kpikit.winloss.drivers(kpikit.open_book("demo"), declared=["second_contact"], draws=9)
        >>> found["method"].to_list()
        ['model']
    """
    during = as_period(during)
    if draws < 1:
        raise UsageError("setting_value", setting="draws", value=draws, allowed="1, 2, …")
    try:
        deals, left_out = at_landmark(book, landmark, during)
    except Refused as refusal:
        return _refused(refusal.code, landmark)
    terms = terms_of(book, deals, declared, landmark)
    rows = _compared(terms, (deals["outcome"] == "won").to_numpy(), seed, draws)
    frame = _suppressed(pl.DataFrame(rows, schema=_schema()), book, deals, terms)
    adjusted = stats.benjamini_hochberg(frame["p"])["value"] if frame.height else pl.Series(dtype=pl.Float64)
    return frame.with_columns(
        p_adjusted=adjusted,
        warnings=pl.lit(list(WARNINGS), pl.List(pl.String)),
        landmark=pl.lit(landmark),
        unit=pl.lit("share"),
        n_excluded=pl.lit(left_out, pl.Int64),
    )


def _compared(terms: list[Term], won: np.ndarray, seed: int, draws: int) -> list[dict]:
    """For each driver its plain table, and the model's effect where the deals bear a model."""
    rows = [_table(term, won) for term in terms]
    usable = [term for term, row in zip(terms, rows, strict=True) if row["status"] == "ok"]
    models: dict[tuple[str, ...], dict[str, dict]] = {}
    for i, term in enumerate(terms):
        rows[i] |= {"method": "table"} | dict(zip(_FIGURES, (rows[i][name] for name in _TABLE), strict=True))
        if term in usable:
            # the other levels of the same column are no others: a level is compared with all other deals
            together = tuple(one for one in usable if one is term or one.driver != term.driver)
            names = tuple(one.name for one in together)
            if names not in models:
                models[names] = _model(together, won, seed, draws)
            rows[i] |= models[names].get(term.name, {})
    return rows


def _refused(code: str, landmark: str) -> pl.DataFrame:
    """The book does not know the landmark: one row that says why."""
    row = pl.DataFrame([{"status": "refused", "reason": code}], schema=_schema())
    return row.with_columns(landmark=pl.lit(landmark), unit=pl.lit("share"), n_excluded=pl.lit(None, pl.Int64))


def _schema() -> Mapping[str, type[pl.DataType]]:
    texts = ("driver", "level", "known", "method", "status", "reason")
    counts = ("n", "n_with", "n_won_with", "n_without", "n_won_without", "n_unknown", "n_in_model")
    kinds: dict[str, type[pl.DataType]] = dict.fromkeys(texts, pl.String)
    kinds |= dict.fromkeys(counts, pl.Int64) | dict.fromkeys((*_FIGURES, *_TABLE, *_RATES, *_ODDS), pl.Float64)
    return MappingProxyType(kinds)


def _table(term: Term, won: np.ndarray) -> dict:
    """The plain table of one driver: so many won with it and without it, and the gap."""
    known, has = ~np.isnan(term.values), term.values == 1
    n1, k1 = int(has.sum()), int((has & won).sum())
    n2, k2 = int((known & ~has).sum()), int((known & ~has & won).sum())
    rates = [stats.wilson(k, n).select("value", "low", "high").row(0) for k, n in ((k1, n1), (k2, n2))]
    reason = term.refused or ("few_with_or_without" if min(n1, n2) < SIDE else None)
    figures: tuple[float | None, ...] = (None,) * len(_TABLE)
    if reason is None:
        p = stats.p_of_difference(lambda level: _gap(k1, n1, k2, n2, level)[1:])
        figures = (*_gap(k1, n1, k2, n2, 0.95), *_gap(k1, n1, k2, n2, 0.8)[1:], p)
    return {
        "driver": term.driver, "level": term.level, "known": term.known, "n": n1 + n2, "n_with": n1, "n_won_with": k1,
        "n_without": n2, "n_won_without": k2, "n_unknown": int((~known).sum()),
        **(dict(zip(_RATES, (*rates[0], *rates[1]), strict=True)) if reason is None else {}),
        **dict(zip(_TABLE, figures, strict=True)),
        "status": "refused" if term.refused else "too_few" if reason else "ok", "reason": reason,
    }  # fmt: skip


def _gap(k1: int, n1: int, k2: int, n2: int, level: float) -> tuple[float | None, float | None, float | None]:
    value, low, high = stats.newcombe(k1, n1, k2, n2, level=level).select("value", "low", "high").row(0)
    return value, low, high


def _model(terms: tuple[Term, ...], won: np.ndarray, seed: int, draws: int) -> dict[str, dict]:
    """Each driver's effect with the others kept as they are; nothing where the deals do not bear a model."""
    columns = np.column_stack([term.values for term in terms])
    whole = ~np.isnan(columns).any(axis=1)
    X, y = columns[whole], won[whole]
    fewest = min(int(y.sum()), int((~y).sum()))
    if fewest < FEWEST or X.shape[1] > fewest / PER_DRIVER:
        return {}
    try:
        fitted = stats.firth(X, y)[1:].select("p", "value", "low", "high").rows()
        effects = stats.marginal_effects(X, y, seed=seed, draws=draws).to_dicts()
    except EstimateError as error:
        if error.code in ("collinear", "not_converged", "one_outcome"):
            return {}
        raise
    found = {}
    for term, (p, *odds), effect in zip(terms, fitted, effects, strict=True):
        figures = (*(effect[name] for name in ("value", "low", "high", "low80", "high80")), p)
        found[term.name] = dict(zip(_FIGURES, figures, strict=True)) | dict(zip(_ODDS, odds, strict=True))
        found[term.name] |= {"method": "model", "n_in_model": len(y)}
    return found


def _suppressed(frame: pl.DataFrame, book: DealBook, deals: pl.DataFrame, terms: list[Term]) -> pl.DataFrame:
    """No figures of a driver that tells fewer people, or deals, apart than the book's settings allow."""
    least, owners = book.settings.privacy, deals["owner"].to_numpy()
    if deals["owner"].null_count() == deals.height:
        return frame
    hidden = []
    for term in terms:
        sides = [owners[term.values == side] for side in (1, 0)]
        people = min(len(set(side) - {None}) for side in sides)
        hidden.append(people < least.min_people or min(map(len, sides)) < least.min_deals)
    small = pl.Series(hidden, dtype=pl.Boolean)
    numbers = [name for name, kind in frame.schema.items() if kind.is_numeric()]
    return frame.with_columns(
        *(pl.when(~small).then(name).alias(name) for name in numbers),
        pl.when(small).then(pl.lit("suppressed")).otherwise("status").alias("status"),
        pl.when(small).then(pl.lit("small_group")).otherwise("reason").alias("reason"),
    )
