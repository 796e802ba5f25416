"""Histograms of spells: small counts that add up, from which every curve is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import polars as pl

from kpikit.calendar import MICROSECONDS_PER_UNIT
from kpikit.engine.spells import seen
from kpikit.errors import RankingRefused, UsageError
from kpikit.schema import PERSON_COLUMNS

if TYPE_CHECKING:
    from kpikit.book import DealBook
    from kpikit.calendar import Period

#: columns that a spell has itself; any other group is a column of the deal
OWN_GROUPS = frozenset({"team", "pipeline", "stage"})
#: deal columns by which nothing can be grouped, because each deal has its own
NOT_GROUPS = frozenset({"deal_id", "name", "next_step", "customer_goal"})


def histogram(
    book: DealBook,
    *,
    by: Sequence[str] = (),
    bin: Literal["day", "hour", "minute"] | None = None,  # noqa: A002 - the field's own word
    during: Period | None = None,
    visits: Literal["first", "all"] = "first",
) -> pl.DataFrame:
    """How many visits to each stage ended in each way at each age.

    Args:
        book: a deal book with stage history.
        by: deal columns to group by besides the stage (``team``, ``segment``, …), never a person.
        bin: width of a bin; by default the book's own setting.
        during: the window to look at; by default all there is.
        visits: first visits only, or all.

    Returns:
        ``*by, stage, bin, kind, n, us``: ``kind`` is one of the six ways a spell stands, or ``entered_late`` (came
        under observation at that age); ``us`` sums the ages in microseconds. Histograms of parts add up to the whole.

    Example:
        >>> import kpikit
        >>> book = kpikit.open_book("demo")
        >>> kpikit.engine.histogram(book, by=["team"]).columns
        ['team', 'stage', 'bin', 'kind', 'n', 'us']
    """
    check_groups(book, by)
    used = with_groups(seen(book, during), book, by).filter(pl.col("excluded").is_null())
    if visits == "first":
        used = used.filter(pl.col("visit") == 1)
    return binned(used, by, MICROSECONDS_PER_UNIT[bin or book.settings.bin])


def binned(visits: pl.DataFrame, by: Sequence[str], width_us: int) -> pl.DataFrame:
    """Counts of observed spells by age bin and kind."""
    keys = [*by, "stage", "bin", "kind"]
    ended = visits.lazy().select(*by, "stage", "kind", bin=pl.col("age") // width_us, us="age")
    late = (
        visits.lazy()
        .filter(pl.col("entry_age") >= width_us)
        .select(*by, "stage", kind=pl.lit("entered_late"), bin=pl.col("entry_age") // width_us, us="entry_age")
    )
    both = pl.concat([ended, late.select(ended.collect_schema().names())])
    return both.group_by(keys).agg(n=pl.len().cast(pl.Int64), us=pl.col("us").sum()).select(*keys, "n", "us").sort(keys).collect()


def counts(histogram: pl.DataFrame) -> pl.DataFrame:
    """A histogram as the estimators read it: ``time`` in bins and ``exit``.

    A visit is at risk in the bin it enters, so a late entry stands half a bin earlier; a visit that ended within the
    first bin lasted half a bin, for no visit takes no time at all.
    """
    is_late = pl.col("kind") == "entered_late"
    time = pl.when(is_late).then(pl.col("bin") - 0.5).otherwise(pl.max_horizontal(pl.col("bin").cast(pl.Float64), 0.5))
    return histogram.with_columns(time.alias("time"), pl.col("kind").alias("exit")).drop("bin", "kind", "us")


def check_groups(book: DealBook, by: Sequence[str]) -> None:
    """Refuse to group by a person, and by what is not a column of a deal."""
    for name in by:
        if name in PERSON_COLUMNS:
            raise RankingRefused("by_person", column=name)
        allowed = [n for n in book.tables["deals"].lazy().collect_schema().names() if n not in NOT_GROUPS | PERSON_COLUMNS]
        if name not in allowed and name != "stage":
            raise UsageError("unknown_group", column=name, allowed=", ".join(allowed))


def with_groups(frame: pl.DataFrame, book: DealBook, by: Sequence[str]) -> pl.DataFrame:
    """The frame with the deal columns it is to be grouped by; what a frame has itself is kept."""
    missing = [name for name in by if name not in OWN_GROUPS]
    if not missing:
        return frame
    deals = book.tables["deals"].lazy().select("deal_id", *missing).collect()
    return frame.join(deals, on="deal_id", how="left")
