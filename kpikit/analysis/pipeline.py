"""The pipeline: what came in, what left, and what is open."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import population
from kpikit.book import DealBook
from kpikit.book.door.completion import teams_at
from kpikit.calendar import Period

__all__ = ["moved"]


def __dir__() -> list[str]:
    return sorted(__all__)


#: the rows of :func:`moved`, from what was open to what is
STEPS = ("open_then", "new", "taken_over", "won", "lost", "set_aside", "handed_over", "open_now")


@answer(kpi="pipeline_moved")
def moved(book: DealBook, *, during: Window) -> pl.DataFrame:
    """What was open when the window began, what came in, what left, and what is open now?

    Definition: deals by the local day of their creation and of their outcome; duplicates, merged deals and tests are
    not counted. ``open_then + new + taken_over - won - lost - set_aside - handed_over = open_now``. A deal is a
    team's by its owner on the day: the window's first for what was open then, the creation for what is new, the
    outcome for what left; ``taken_over`` and ``handed_over`` changed team while open.
    Misleads: a count says nothing about worth, and losses that nobody enters stay open. Gamed by leaving lost deals
    open, or by entering deals late.

    Args:
        book: a deal book.
        during: the window; what is open now is open at its end, or at the book's as-of if that comes first.

    Returns:
        An estimate a ``figure`` (open_then, new, taken_over, won, lost, set_aside, handed_over, open_now): ``value``
        deals, ``money`` their amounts as they are known now, ``n_unpriced`` of them without one; and ``postponed``:
        deals open then and now that were expected to close in the window and are now expected after it.

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> kpikit.pipeline.moved(book, during="FY2026Q2")["figure"].to_list()[:3]
        ['open_then', 'new', 'taken_over']
    """
    during = as_period(during)
    deals = population(book).filter(~pl.col("is_never"))
    unknown = pl.col("created_on").is_null() | ((pl.col("outcome") != "open") & pl.col("outcome_on").is_null())
    n_excluded = deals.filter(unknown).height
    facts = _with_steps(deals.filter(~unknown), book, during)
    counted = [_counted(facts, step) for step in STEPS]
    counted.append(_counted(facts.filter(_postponed(book, during)), "open_now", named="postponed"))
    empty = pl.lit(None, pl.Float64)
    return pl.DataFrame(counted).with_columns(
        n=pl.lit(facts.height, pl.Int64), n_excluded=pl.lit(n_excluded, pl.Int64), low=empty, high=empty,
        unit=pl.lit("deal"),
    )  # fmt: skip


def _with_steps(deals: pl.DataFrame, book: DealBook, during: Period) -> pl.DataFrame:
    """A column a step: does it count this deal?"""
    first, after = pl.lit(during.first_on), pl.lit(during.next_on)
    created, outcome, ended = pl.col("created_on"), pl.col("outcome_on"), pl.col("outcome") != "open"
    deals = deals.with_columns(
        was=(created < first) & (~ended | (outcome >= first)),
        begun=(created >= first) & (created < after),
        ended=ended & (outcome >= first) & (outcome < after),
        still=(created < after) & (~ended | (outcome >= after)),
    )
    if book.team is not None:
        for name, at in (("team_then", during.start), ("team_now", min(during.end, book.as_of))):
            deals = deals.join(_teams(book, at).rename({"team": name}), on="deal_id", how="left", maintain_order="left")
        whose = {"was": "team_then", "begun": "team_begun", "ended": "team", "still": "team_now"}
        ours = [
            (pl.col(flag) & (pl.col(team) == book.team)).fill_null(False).alias(flag) for flag, team in whose.items()
        ]
        deals = deals.with_columns(ours)
    flags = {name: pl.col(name).cast(pl.Int8) for name in ("was", "begun", "ended", "still")}
    came = flags["still"] + flags["ended"] - flags["was"] - flags["begun"]
    return deals.with_columns(
        open_then="was", new="begun", taken_over=came > 0, handed_over=came < 0, open_now="still",
        won=pl.col("ended") & (pl.col("outcome") == "won"),
        lost=pl.col("ended") & (pl.col("outcome") == "lost"),
        set_aside=pl.col("ended") & (pl.col("outcome") == "void"),
    )  # fmt: skip


def _teams(book: DealBook, at: datetime) -> pl.DataFrame:
    names = ("deals", "changes", "people")
    tables = {name: book.tables[name].lazy().collect() for name in names if name in book.tables}
    return teams_at(tables, at, book.settings.time_zone)


def _counted(facts: pl.DataFrame, step: str, named: str = "") -> dict[str, object]:
    deals = facts.filter(step)
    amounts = deals["amount_home"]
    return {
        "figure": named or step, "value": float(deals.height), "money": float(amounts.sum()),
        "n_unpriced": amounts.null_count(),
    }  # fmt: skip


def _postponed(book: DealBook, during: Period) -> pl.Expr:
    """Open then and now, expected in the window when it began, and after it now."""
    if "changes" not in book.tables:
        return pl.lit(False)
    field = (pl.col("field") == "expected_close_on") & (pl.col("changed_at") >= during.start)
    later = book.tables["changes"].lazy().filter(field).sort("changed_at", "seq")
    was = later.group_by("deal_id").agg(old=pl.col("old").first().str.to_date(strict=False))
    inside = (pl.col("old") >= during.first_on) & (pl.col("old") < during.next_on)
    moved_ids = was.filter(inside).collect()["deal_id"].to_list()
    beyond = pl.col("expected_close_on") >= during.next_on
    return (pl.col("open_then") & pl.col("deal_id").is_in(moved_ids) & beyond).fill_null(False)
