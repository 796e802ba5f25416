"""Silence: how long ago each customer with an open deal last did something, and what is usual at that stage."""

from __future__ import annotations

import numpy as np
import polars as pl

from kpikit.analysis.base.answer import answer
from kpikit.analysis.velocity.age_marks import begins, marks_of_others
from kpikit.book import DealBook
from kpikit.calendar import MICROSECONDS_PER_UNIT
from kpikit.engine.buckets import seen_in, visits
from kpikit.engine.kernel import KINDS

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
    visits, names = _visits(book)
    marked = _marked(_stretches(visits, acts))
    ids = book.tables["deals"].lazy().select("deal_id").collect()["deal_id"]
    beyond = pl.col("days") / pl.col("mark_days")
    acted_at = pl.from_epoch("acted_at", "us").dt.replace_time_zone("UTC")
    listed = marked.with_columns(ids.gather(marked["deal"]), names.gather(marked["stage"]).alias("stage"))
    return listed.sort(beyond, "deal_id", descending=[True, False], nulls_last=True).select(
        "deal_id", "stage", "mark_days", "is_at_least", days_silent="days", is_silent=(beyond > 1).fill_null(False),
        last_act_at=acted_at, n=pl.lit(1, pl.Int64), n_excluded=pl.lit(0, pl.Int64), unit=pl.lit("day"),
    ).select(*_LISTED, "n", "n_excluded", "unit")  # fmt: skip


def _acts(book: DealBook) -> pl.DataFrame | None:
    """``deal`` (its row) and ``at``: what customers did up to as-of, in order; None if nobody recorded who."""
    ids = book.tables["deals"].lazy().select("deal_id").with_row_index("deal")
    acts = book.tables["activities"].lazy().filter(pl.col("happened_at") <= book.as_of)
    known = acts.select(pl.col("direction").is_not_null().any()).collect().item()
    theirs = acts.filter(pl.col("direction").is_in(THEIRS)).join(ids, on="deal_id", how="inner")
    found = theirs.select("deal", at=pl.col("happened_at").dt.epoch("us")).sort("deal", "at").collect()
    return found if known else None


def _visits(book: DealBook) -> tuple[pl.DataFrame, pl.Series]:
    """Visits to stages as the book saw them, in order, and the names of the stages.

    ``deal, stage, at`` and ``end`` (microseconds), ``is_open``, and ``first_at``: the deal's first entry to any stage.
    """
    parts = [seen_in(part, book, None) for part in visits(book)]
    used = pl.concat([part.frame.lazy().filter(pl.col("excluded").is_null()) for part in parts])
    first = pl.when((pl.col("deal") != pl.col("deal").shift(1)).fill_null(True)).then("entered_at").forward_fill()
    found = used.select(
        "deal", "stage", at="entered_at", end=pl.col("entered_at") + pl.col("age"), is_open=pl.col("kind") == _OPEN,
        first_at=first,
    )  # fmt: skip
    return found.collect(), parts[-1].codes.stages["stage"]


def _stretches(visits: pl.DataFrame, acts: pl.DataFrame) -> pl.DataFrame:
    """Each silence as far as it lay within one visit to a stage: from the entry, or from an act, to an act or the end.

    ``deal, stage, days, entry_days`` (ages of the silence at the end and the beginning of the stretch), ``is_act`` (it
    ended with an act), ``is_now`` (it goes on), ``acted_at`` (when it began; null: there was no act before).
    """
    entered, acted = (_in_one_number(frame["deal"], frame["at"]) for frame in (visits, acts))
    first = np.searchsorted(acted, entered, "left")  # the first act from the entry on, whosever it is
    past = np.searchsorted(acted, _in_one_number(visits["deal"], visits["end"]), "right")  # the first after the end
    visits = visits.with_columns(first=pl.Series(first), past=pl.Series(past))
    by, at = acts["deal"].extend_constant(None, 1), acts["at"].extend_constant(None, 1)
    is_theirs = (by.gather(first - 1) == visits["deal"]).fill_null(False)
    from_entry = visits.with_columns(acted_at=at.gather(first - 1).set(~is_theirs, None), next_act="first")
    nth, within = np.arange(acted.size), np.searchsorted(entered, acted, "right") - 1
    after_act = visits[np.maximum(within, 0)].with_columns(
        at=acts["at"], acted_at=acts["at"], next_act=pl.Series(nth + 1)
    )
    after_act = after_act.filter((pl.Series(within) >= 0) & (pl.col("next_act") <= pl.col("past")))
    both = pl.concat([from_entry, after_act])
    both = both.with_columns(next_at=at.gather(both["next_act"]))
    is_act = (pl.col("next_act") < pl.col("past")) & (pl.col("next_at") <= pl.col("end"))
    since = pl.coalesce("acted_at", "first_at")
    stop = pl.when(is_act).then("next_at").otherwise("end")
    found = both.lazy().select(
        "deal", "stage", "acted_at", days=(stop - since) / _DAY_US, entry_days=(pl.col("at") - since) / _DAY_US,
        is_act=is_act, is_now=pl.col("is_open") & ~is_act,
    )  # fmt: skip
    return found.filter((pl.col("days") > pl.col("entry_days")) | pl.col("is_now")).collect()


def _in_one_number(deal: pl.Series, at: pl.Series) -> np.ndarray:
    """A deal and a second in one number, so that rows in order of deal and instant have rising numbers."""
    return deal.cast(pl.Int64).to_numpy() * 2**33 + at.to_numpy() // 1_000_000


def _marked(stretches: pl.DataFrame) -> pl.DataFrame:
    """The silences that go on, each with the mark of the others in its stage."""
    parts = [_of_stage(stretches.filter(pl.col("stage") == code)) for code in stretches["stage"].unique().sort()]
    return pl.concat([_of_stage(stretches.clear()), *parts])


def _of_stage(stage: pl.DataFrame) -> pl.DataFrame:
    now = stage.filter("is_now")
    if not now.height or stage["deal"].n_unique() <= OTHERS:
        return now.with_columns(mark_days=pl.lit(None, pl.Float64), is_at_least=pl.lit(True))
    days, entry = stage["days"].to_numpy(), np.maximum(stage["entry_days"].to_numpy(), 0.0)
    is_now, is_act = (stage[name].to_numpy() for name in ("is_now", "is_act"))
    mark, at_least = marks_of_others(days, entry, is_now, is_act, begins(days, entry))
    return now.with_columns(mark_days=pl.Series(mark).fill_nan(None), is_at_least=pl.Series(at_least))
