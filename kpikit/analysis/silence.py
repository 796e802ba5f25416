"""Silence: how long ago each customer with an open deal last did something, and what is usual at that stage."""

from __future__ import annotations

import numpy as np
import polars as pl

from kpikit.analysis._answer import answer
from kpikit.analysis._marks import begins, marks_of_others
from kpikit.book import DealBook
from kpikit.calendar import MICROSECONDS_PER_UNIT
from kpikit.engine.kernel import KINDS
from kpikit.engine.visits import seen_in, visits

#: who did it: only these are acts of the customer; what we write, send or edit is none
THEIRS = ("customer", "both")
#: with fewer other deals in a stage there is no mark: one customer's habit is not what is usual
OTHERS = 5
_DAY_US = MICROSECONDS_PER_UNIT["day"]
_OPEN = KINDS.index("open")
_LISTED = {
    "deal_id": pl.String, "stage": pl.String, "days_silent": pl.Float64, "mark_days": pl.Float64,
    "is_at_least": pl.Boolean, "is_silent": pl.Boolean, "last_act_at": pl.Datetime("us", "UTC"),
}  # fmt: skip


@answer(kpi="silence")
def silence(book: DealBook) -> pl.DataFrame:
    """How long ago did the customer of each open deal last do something, and for whom is it longer than usual?

    Definition: days since the last act of the customer (replied, met, asked: ``direction`` customer or both), or since
    the deal's first stage where there was none. The mark is the age that nine in ten of the *other* silences in that
    stage did not reach (Kaplan–Meier: a silence ends with an act; one that outlasts its stage, or still goes on, counts
    as far as it was seen; one that began in an earlier stage, from its entry into this one), where five other deals or
    more were in that stage; else null.
    Misleads where acts are not recorded. One in ten is this long without anything being wrong. Moving the deal to
    another stage, a new date or a note of ours do not end a silence.

    Args:
        book: a deal book with stage history and activities; for a team copy (it lists deals).

    Returns:
        A list: ``deal_id, stage, days_silent, mark_days, is_at_least, is_silent, last_act_at`` (null: never), those
        farthest beyond their mark first. ``refused`` (``no_directions``) where nobody recorded who did it.

    Example:
        >>> import kpikit
        >>> kpikit.velocity.silence(kpikit.open_book("demo")).columns[:3]
        ['deal_id', 'stage', 'days_silent']
    """
    acts = _acts(book)
    if acts is None:
        refused = {"n": pl.lit(None, pl.Int64), "unit": pl.lit("day"), "status": pl.lit("refused")}
        return pl.DataFrame([{}], schema=_LISTED).with_columns(**refused, reason=pl.lit("no_directions"))
    found, names = _stretches(book, acts)
    codes = found["stage"].unique().sort().to_list()
    parts = [_marked(found.filter(pl.col("stage") == code)) for code in codes]
    marked = pl.concat([_marked(found.clear()), *parts])
    ids = book.tables["deals"].lazy().select("deal_id").collect()["deal_id"]
    beyond = pl.col("days") / pl.col("mark_days")
    acted_at = pl.from_epoch("acted_at", "us").dt.replace_time_zone("UTC")
    listed = marked.with_columns(ids.gather(marked["deal"]), names.gather(marked["stage"]).alias("stage"))
    return listed.sort(beyond, "deal_id", descending=[True, False], nulls_last=True).select(
        "deal_id", "stage", "mark_days", "is_at_least", days_silent="days", is_silent=(beyond > 1).fill_null(False),
        last_act_at=acted_at, n=pl.lit(1, pl.Int64), n_excluded=pl.lit(0, pl.Int64), unit=pl.lit("day"),
    ).select(*_LISTED, "n", "n_excluded", "unit")  # fmt: skip


def _acts(book: DealBook) -> pl.DataFrame | None:
    """``deal`` (its row) and ``at``: what customers did up to as-of; None where nobody recorded who did it."""
    ids = book.tables["deals"].lazy().select("deal_id").with_row_index("deal")
    acts = book.tables["activities"].lazy().filter(pl.col("happened_at") <= book.as_of)
    known = acts.select(pl.col("direction").is_not_null().any()).collect().item()
    theirs = acts.filter(pl.col("direction").is_in(THEIRS)).join(ids, on="deal_id", how="inner")
    found = theirs.select("deal", at=pl.col("happened_at").dt.epoch("us")).collect()
    return found if known else None


def _stretches(book: DealBook, acts: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Each silence as far as it lay within one visit to a stage, and the names of the stages.

    ``deal, stage, days, entry_days`` (ages of the silence at the end and the beginning of the stretch), ``is_act`` (it
    ended with an act), ``is_now`` (it goes on), ``acted_at`` (when it began; null: there was no act before).
    """
    parts = [seen_in(part, book, None) for part in visits(book)]
    used = pl.concat([part.frame.lazy().filter(pl.col("excluded").is_null()) for part in parts])
    entered = used.select(
        "deal", "stage", at="entered_at", end=pl.col("entered_at") + pl.col("age"), is_open=pl.col("kind") == _OPEN
    )
    # a deal and a second in one number: visits stand in that order already, so acts are merged into them
    key = pl.col("deal").cast(pl.Int64) * 2**33 + pl.col("at") // 1_000_000
    acted = acts.lazy().with_columns(deal=pl.col("deal").cast(pl.UInt32)).sort("deal", "at")
    nothing = {"stage": pl.lit(None, pl.Int16), "end": pl.lit(None, pl.Int64), "is_open": pl.lit(None, pl.Boolean)}
    both = entered.with_columns(key=key).merge_sorted(
        acted.with_columns(**nothing, key=key).select("deal", "stage", "at", "end", "is_open", "key"), "key"
    )
    is_act = pl.col("stage").is_null()
    same = pl.col("deal") == pl.col("deal").shift(-1)
    rows = both.with_columns(
        *(pl.col(name).forward_fill() for name in ("stage", "end", "is_open")),
        visited=pl.when(~is_act).then("deal").forward_fill(),
        begun=pl.when(~is_act & (pl.col("deal") != pl.col("deal").shift(1)).fill_null(True)).then("at").forward_fill(),
        acted_by=pl.when(is_act).then("deal").forward_fill(),
        acted_at=pl.when(is_act).then("at").forward_fill(),
        next_at=pl.when(same).then(pl.col("at").shift(-1)),
        next_is_act=pl.when(same).then(is_act.shift(-1)).fill_null(False),
    ).filter((pl.col("visited") == pl.col("deal")).fill_null(False))
    has_acted = (pl.col("acted_by") == pl.col("deal")).fill_null(False)
    rows = rows.with_columns(acted_at=pl.when(has_acted).then("acted_at"))
    since = pl.coalesce("acted_at", "begun")
    stop = pl.min_horizontal("next_at", "end")
    is_act_next = pl.col("next_is_act") & (pl.col("next_at") <= pl.col("end"))
    found = rows.select(
        "deal", "stage", "acted_at", days=(stop - since) / _DAY_US, entry_days=(pl.col("at") - since) / _DAY_US,
        is_act=is_act_next, is_now=pl.col("is_open") & ~is_act_next & (stop == pl.col("end")),
    ).filter((pl.col("days") > pl.col("entry_days")) | pl.col("is_now"))  # fmt: skip
    return found.collect(), parts[-1].codes.stages["stage"]


def _marked(stage: pl.DataFrame) -> pl.DataFrame:
    """The silences that go on in a stage, each with the mark of the others."""
    now = stage.filter("is_now")
    if not now.height or stage["deal"].n_unique() <= OTHERS:
        return now.with_columns(mark_days=pl.lit(None, pl.Float64), is_at_least=pl.lit(True))
    days, entry = stage["days"].to_numpy(), np.maximum(stage["entry_days"].to_numpy(), 0.0)
    is_now, is_act = (stage[name].to_numpy() for name in ("is_now", "is_act"))
    mark, at_least = marks_of_others(days, entry, is_now, is_act, begins(days, entry))
    return now.with_columns(mark_days=pl.Series(mark).fill_nan(None), is_at_least=pl.Series(at_least))
