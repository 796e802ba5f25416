"""Histograms of spells: small counts that add up, from which every curve is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import polars as pl

from kpikit.engine.buckets import seen_in
from kpikit.engine.buckets import visits as every_visit
from kpikit.engine.clock import WIDTH_US, on_clock
from kpikit.engine.codes import Codes
from kpikit.engine.kernel import KINDS
from kpikit.errors import RankingRefused, UsageError
from kpikit.schema import PERSON_COLUMNS

if TYPE_CHECKING:
    from kpikit.book import DealBook
    from kpikit.calendar import Period

#: deal columns by which nothing can be grouped, because each deal has its own
NOT_GROUPS = frozenset({"deal_id", "name", "next_step", "customer_goal"})
#: rows of counts that are held before they are added up
_MANY = 3_000_000


def histogram(
    book: DealBook,
    *,
    by: Sequence[str] = (),
    bin: Literal["day", "hour", "minute", "working_day"] | None = None,  # noqa: A002 - the field's own word
    during: Period | None = None,
    visits: Literal["first", "all"] = "first",
) -> pl.DataFrame:
    """How many visits to each stage ended in each way at each age.

    Args:
        book: a deal book with stage history.
        by: deal columns to group by besides the stage (``team``, ``segment``, …), never a person.
        bin: width of a bin; by default the book's own setting. In working days the clock stands still at weekends and
            on the book's holidays.
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
    return tabulate(book, by=by, bin=bin, during=during, visits=visits)[0]


def tabulate(
    book: DealBook,
    *,
    by: Sequence[str] = (),
    bin: str | None = None,  # noqa: A002
    during: Period | None = None,
    visits: Literal["first", "all"] = "first",
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The histogram, and beside it how many visits each group leaves out: ``*by, stage, n_excluded``."""
    by = (by,) if isinstance(by, str) else tuple(by)
    check_groups(book, by)
    keys = [*by, *(() if "stage" in by else ("stage",))]
    unit = bin or book.settings.bin
    groups = _group_values(book, by)
    codes = Codes(pl.DataFrame(), ())
    tables, left_out = _Sum([*keys, "bin", "kind"]), _Sum(keys)
    for part in every_visit(book):
        seen = seen_in(part, book, during)
        wanted = pl.col("visit") == 1 if visits == "first" else pl.lit(True)
        grouped = [values.gather(seen.frame["deal"]).alias(name) for name, values in groups.items()]
        frame = seen.frame.lazy().with_columns(grouped).filter(wanted)
        used = on_clock(frame.filter(pl.col("excluded").is_null()), unit, book.settings)
        tables.add(binned(used, keys, WIDTH_US[unit]))
        excluded = frame.filter(pl.col("excluded").is_not_null()).group_by(keys).agg(n_excluded=pl.len().cast(pl.Int64))
        left_out.add(excluded.collect())
        codes = seen.codes
    # stages of several pipelines may share a name: only now are they one
    named = [(part.keys, _named(part.total(), codes, groups)) for part in (tables, left_out)]
    whole, excluded = (_added_up(table, by_names) for by_names, table in named)
    return whole.sort([*keys, "bin", "kind"]), excluded


class _Sum:
    """Tables of counts, added up as they come: a book of many buckets never holds all their tables at once."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys, self.parts = keys, []

    def add(self, table: pl.DataFrame) -> None:
        """One more table."""
        self.parts.append(table)
        if sum(part.height for part in self.parts[1:]) > _MANY:
            self.parts = [self.total()]

    def total(self) -> pl.DataFrame:
        """The sum of all tables so far."""
        if len(self.parts) == 1:
            return self.parts[0]
        return _added_up(pl.concat(self.parts), self.keys)


def _added_up(counts: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return counts.group_by(keys).agg(pl.exclude(*keys).sum())


def binned(visits: pl.LazyFrame, keys: Sequence[str], width_us: int) -> pl.DataFrame:
    """Counts of coded, observed spells by group, age bin and kind; ``kind`` -1 is a late entry."""
    bin_of = (pl.col("age") // width_us).cast(pl.Int64)
    ended = visits.group_by(*keys, "kind", bin=bin_of).agg(n=pl.len().cast(pl.Int64), us=pl.col("age").sum())
    late = visits.filter(pl.col("entry_age") >= width_us)
    late_bin = (pl.col("entry_age") // width_us).cast(pl.Int64)
    entered = late.group_by(*keys, kind=pl.lit(-1, pl.Int8), bin=late_bin).agg(
        n=pl.len().cast(pl.Int64), us=pl.col("entry_age").sum()
    )
    return pl.concat([ended, entered]).select(*keys, "bin", "kind", "n", "us").collect()


def _group_values(book: DealBook, by: Sequence[str]) -> dict[str, pl.Series]:
    """For each group that is a column of the deal: its value by the row of the deal, as a number where it is text."""
    names = [name for name in by if name not in ("team", "stage")]
    deals = book.tables["deals"].lazy().select(names).collect() if names else pl.DataFrame()
    return {name: deals[name].cast(pl.Categorical) if deals[name].dtype == pl.String else deals[name] for name in names}


def _named(table: pl.DataFrame, codes: Codes, groups: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Names for numbers, in a table that is already small."""
    kinds = {-1: "entered_late", **dict(enumerate(KINDS))}
    stages = codes.stages["stage"]
    named = [stages.gather(table["stage"]).alias("stage")]
    named += [table[name].cast(pl.String) for name in groups if table[name].dtype == pl.Categorical]
    if "kind" in table.columns:
        named.append(table["kind"].replace_strict(kinds, return_dtype=pl.String))
    if "team" in table.columns:
        named.append(pl.Series(codes.teams, dtype=pl.String).gather(table["team"]).alias("team"))
    return table.with_columns(named)


#: a visit is at risk in the bin it enters: a late entry stands this much (of a bin) before the bin begins
_BEFORE = 5e-12


def counts(histogram: pl.DataFrame, width_us: int) -> pl.DataFrame:
    """A histogram as the estimators read it: ``time`` in bins and ``exit``.

    All that happened in a bin happened at the mean age of its visits: ages in whole days stay whole, and ages in days
    and hours are not rounded down. Nothing takes no time: where all ages of the first bin are 0, they count as half.
    """
    keys = [name for name in histogram.columns if name not in ("kind", "n", "us")]
    n, us = (pl.col(name).filter(pl.col("kind") != "entered_late").sum() for name in ("n", "us"))
    past = us - n * pl.col("bin").first() * width_us
    mean = histogram.group_by(keys).agg(n=n, time=pl.col("bin").first() + past / (n * width_us)).filter(pl.col("n") > 0)
    mean = mean.select(*keys, pl.when(pl.col("time") <= 0).then(0.5).otherwise("time").alias("time"))
    timed = histogram.join(mean, on=keys, how="left", nulls_equal=True)
    is_late = pl.col("kind") == "entered_late"
    time = pl.when(is_late).then(pl.col("bin") - _BEFORE).otherwise("time")
    return timed.with_columns(time.alias("time"), pl.col("kind").alias("exit")).drop("bin", "kind", "us")


def check_groups(book: DealBook, by: Sequence[str]) -> None:
    """Refuse to group by a person, and by what is not a column of a deal."""
    persons = PERSON_COLUMNS | {field.column for field in book.own if field.is_person}
    for name in by:
        if name in persons:
            raise RankingRefused("by_person", column=name)
        allowed = [n for n in book.tables["deals"].lazy().collect_schema().names() if n not in NOT_GROUPS | persons]
        if name not in allowed and name != "stage":
            raise UsageError("unknown_group", column=name, allowed=", ".join(allowed))
