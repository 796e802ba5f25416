"""The win rate with its definition on its sleeve: one book under every definition, and the way from one to another."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kpikit.analysis.base.ages import FOLLOWED, mature_window
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import begun, ended, inside, population, tally, with_wilson
from kpikit.analysis.winloss.definition import Definition, rate
from kpikit.book import DealBook
from kpikit.crms import crms
from kpikit.errors import UsageError

#: in the order in which they are told: the headline, what we count, what tools count
DEFINITIONS: tuple[Definition, ...] = (
    "cohort", "finished", "closed", "value", "overdue_lost", "won_to_lost", "created", "open_pipe", "from_stage",
)  # fmt: skip


@answer(kpi="win_rate_{definition}")
def win_rate(
    book: DealBook,
    *,
    by: Sequence[str] = (),
    definition: Definition = "cohort",
    during: Window | None = None,
    horizon: float = 180,
) -> pl.DataFrame:
    """How often do we win?

    Definition: one of nine, each with a card of its own (``kpi/win_rate_*.toml``). ``cohort`` (the headline): of the
    deals created in the window, the share won within ``horizon`` days, open ones counted as open (Aalen–Johansen).
    ``finished``: won of won, lost and set aside. ``closed``: won of won and lost. ``value``: closed, each deal as
    heavy as its amount. ``overdue_lost``: closed, with overdue open deals as lost. ``won_to_lost``: won for each
    lost. ``created``: won so far of those created. ``open_pipe``: won in the window for each deal open at its start.
    ``from_stage``: of the first visits to each stage in the window, the share won within ``horizon`` days.
    Misleads: most of these look better the longer losses stay open; two of them cannot be compared. Gamed by
    registering
    late: read ``n_late`` beside every rate.

    Args:
        book: a deal book.
        by: deal columns to group by, never a person.
        definition: which one.
        during: the window; by default all there is.
        horizon: in days, of ``cohort`` and ``from_stage``.

    Returns:
        An estimate a group: ``value, low, high``; ``n`` counted, ``n_events`` won, ``n_open``, ``n_set_aside``,
        ``n_never`` (duplicates, merged, tests: not counted), ``n_late`` first recorded at a later stage, ``n_excluded``
        without the date. ``cohort`` and ``from_stage``: ``low_bound, high_bound``, the share won, and won or still
        open, as far as the deals were followed: between them lies the end. ``value``: ``n_eff``, ``without_largest``,
        ``n_unpriced``.

    Raises:
        RankingRefused: asked by a person.
        UsageError: no such definition.

    Source: Wilson 1927; Aalen & Johansen 1978; Kish 1965 (``n_eff``).

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> rate = kpikit.winloss.win_rate(book, definition="finished", during="FY2026Q2")
        >>> rate.select("n", "n_events", "kpi").row(0)[2]
        'win_rate_finished'
    """
    during = as_period(during)
    frame = rate(population(book), book, list(by) or ["_all"], definition, during, horizon)
    return frame.drop("_all", strict=False)


@answer(kpi="win_rates")
def definitions(book: DealBook, *, during: Window | None = None, horizon: float = 180) -> pl.DataFrame:
    """What does the same book say under each definition of the win rate?

    Definition: one row a definition (and one a stage for ``from_stage``), each computed as :func:`win_rate` does. Those
    that follow deals by age tell of the youngest window of the same length whose deals were all followed to the horizon
    (``period`` is its first day). Misleads when two rows are compared as if they were one figure over time.

    Args:
        book: a deal book.
        during: the window; by default all there is.
        horizon: in days, of those that follow deals by age.

    Returns:
        As :func:`win_rate`, with the card of each definition in ``kpi``; first in order is the headline.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.definitions(kpikit.open_book("demo"))["kpi"].n_unique()
        9
    """
    during = as_period(during)
    old = None if during is None else mature_window(book, during, horizon)
    plain = book.replace(answers_in="polars")
    frames = []
    for name in DEFINITIONS:
        window = old if name in FOLLOWED else during
        frames.append(win_rate(plain, definition=name, during=window, horizon=horizon).frame)
    whole = pl.concat(frames, how="diagonal_relaxed").drop("from_age", strict=False)
    counts = [name for name in whole.columns if name.startswith("n_") and name != "n_eff"]
    return whole.with_columns(pl.col(name).cast(pl.Int64) for name in counts)


@answer(kpi="rate_bridge")
def bridge(
    book: DealBook,
    *,
    from_: str = "hubspot",
    during: Window | None = None,
    horizon: float = 180,
) -> pl.DataFrame:
    """Why does the CRM's own report say another win rate than we do?

    Definition: steps from what the tool's standard report counts to ours; each changes one thing. ``crm``: what the
    tool says of the window. ``finished``: what we say of it; ``n_set_aside`` were brought in, or ``n_never``
    (duplicates, merged, tests) taken out. ``by_creation``: the same count for the deals begun in the youngest window
    of that length followed to the horizon (``period``). ``cohort``: of all of those, open ones counted as open, won
    by the horizon. The changes add up to the last value less the first. Misleads when the last two rows are read as
    the same deals as the first two: they began earlier.

    Args:
        book: a deal book.
        from_: whose report, by the name of the CRM's file in ``kpikit/sources``; what its report counts stands there.
        during: the window; by default all there is.
        horizon: in days, of the last step.

    Returns:
        A row a ``step``: ``n``, ``n_events`` won, ``value, low, high``, ``change`` to the step before.

    Raises:
        UsageError: a tool whose report is not known.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.bridge(kpikit.open_book("demo"), from_="hubspot")["step"].to_list()
        ['crm', 'finished', 'by_creation', 'cohort']
    """
    during = as_period(during)
    if from_ not in crms():
        raise UsageError("unknown_crm", crm=from_, allowed=", ".join(crms()))
    old = None if during is None else mature_window(book, during, horizon)
    deals = population(book)
    of_old = begun(deals, book).filter(inside(old, "created_on"))
    counted = [
        ("crm", tally(ended(deals, book), ["_all"], crms()[from_].win_rate, during)),
        ("finished", tally(ended(deals, book), ["_all"], "finished", during)),
        ("by_creation", tally(of_old, ["_all"], "finished", None)),
    ]
    frames = [with_wilson(counts).with_columns(step=pl.lit(step)) for step, counts in counted]
    last = rate(deals, book, ["_all"], "cohort", old, horizon).with_columns(step=pl.lit("cohort"))
    rows = pl.concat([*frames, last.drop("from_age")], how="diagonal_relaxed").drop("_all")
    windows = pl.Series("period", [w.first_on if w else None for w in (during, during, old, old)], pl.Date)
    return rows.with_columns(windows, change=pl.col("value").diff(), status=pl.col("status").fill_null("ok"))
