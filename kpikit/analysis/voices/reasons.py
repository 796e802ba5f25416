"""Why deals were lost, as we wrote it and as the buyer said it; to whom; and where in the pipeline."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.coding import coded, folded, several
from kpikit.analysis.base.decided import UNTOLD, decided, in_copy, lost_deals, told
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.population import with_wilson
from kpikit.book import DealBook
from kpikit.engine import spells
from kpikit.languages import small_set

_DAY = 86_400_000_000
WEEK = 7


@answer(kpi="reasons")
def reasons(book: DealBook, *, during: Window | None = None, copy: str = "team") -> pl.DataFrame:
    """Why were deals lost, as we wrote it, and for how many did nobody write why?

    Definition: lost deals by the local day of the outcome. A reason's share is of the deals with a known one; blanks
    and "unknown" are rows of their own, as shares of all lost deals. Spellings of one reason count together, markup is
    taken off; the first of several counts.
    Misleads: it is what the seller wrote, often on closing day (:func:`reasons_compared`); a blank is not "other".
    Gamed by picking the first entry of a list.

    Args:
        book: a deal book.
        during: deals lost in this window; by default all.
        copy: "team", or "company", which tells reasons of too few deals or people together as ``rest``.

    Returns:
        An estimate a reason, the most frequent first: ``loss_reason`` (its most frequent spelling; null if blank),
        ``group`` (no_decision, price, competitor, other, rest, unknown, blank), ``n_events`` of ``n``, ``n_lost``;
        ``p_next``: the p-value of its lead over the next reason.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.reasons(kpikit.open_book("demo"))["group"][0]
        'no_decision'
    """
    during = as_period(during)
    deals, undated = lost_deals(book, during)
    n_told = deals.filter(told()).height
    as_told = in_copy(deals, book, copy).select("deal_id", told_as="key", told_group="group")
    deals = deals.join(as_told, on="deal_id", how="left", maintain_order="left")
    counted = deals.group_by("key", "group", "told_as", "told_group").agg(
        pl.col("reason").mode().sort().first(), n_events=pl.len().cast(pl.Int64)
    )
    ordered = counted.sort(~told(), "n_events", "key", descending=[False, True, False])
    ordered = ordered.with_columns(p_next=_p_next(ordered)).with_columns(group="told_group")
    is_rest = pl.col("group") == "rest"
    if ordered.height and ordered["group"][0] == "rest":  # whoever is named first does not lead
        ordered = ordered.with_columns(p_next=pl.lit(None, pl.Float64))
    ordered = ordered.group_by("told_as", "group", maintain_order=True).agg(
        loss_reason=pl.col("reason").first(), n_events=pl.col("n_events").sum(), p_next=pl.col("p_next").first()
    )
    frame = ordered.with_columns(
        pl.when(~is_rest).then("loss_reason"),
        pl.when(~is_rest).then("p_next"),
        n=pl.when(told()).then(n_told).otherwise(deals.height).cast(pl.Int64),
        n_lost=pl.lit(deals.height, pl.Int64),
        n_excluded=pl.lit(undated, pl.Int64),
    )
    return with_wilson(frame.sort(~told(), is_rest, maintain_order=True).drop("told_as"))


def _p_next(ordered: pl.DataFrame) -> pl.Series:
    """How surprising it would be that a reason leads the next one, were both as frequent: k of the two together."""
    counts = ordered.filter(told())["n_events"].to_list()
    p: list[float | None] = [None] * ordered.height
    for i, (k, other) in enumerate(pairwise(counts)):
        p[i] = stats.p_of_difference(lambda level, k=k, n=k + other: _off_half(k, n, level))
    return pl.Series(p, dtype=pl.Float64)


def _off_half(k: int, n: int, level: float) -> tuple[float, float]:
    low, high = stats.wilson(k, n, level=level).select("low", "high").row(0)
    return low - 0.5, high - 0.5


@answer(kpi="reasons_compared")
def reasons_compared(book: DealBook, *, during: Window | None = None, copy: str = "team") -> pl.DataFrame:
    """Where both are known: how often does the buyer name the reason that we wrote?

    Definition: lost deals with a reason of ours and a held interview with reasons. Per reason: of the deals where we
    wrote it, the share where the buyer names it too, first or later.
    Misleads: those who answer may differ from those who do not (``n_asked``, ``n_answered``); few deals. Gamed by
    asking only friendly customers.

    Args:
        book: a deal book with interviews.
        during: deals lost in this window; by default all.
        copy: "team", or "company", which tells reasons of too few deals or people together as ``rest``.

    Returns:
        An estimate a reason that either side names: ``loss_reason, group``; ``n`` deals where we wrote it, ``n_events``
        of them where the buyer agrees, ``n_theirs`` where the buyer names it, ``n_both`` deals with both sides known,
        ``n_lost, n_asked, n_answered``.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.reasons_compared(kpikit.open_book("demo"))["n_both"][0] >= 18
        True
    """
    during = as_period(during)
    deals, undated = lost_deals(book, during)
    asked = book.tables["interviews"].lazy().join(deals.lazy().select("deal_id"), on="deal_id", how="semi").collect()
    held = asked.filter(pl.col("held_at").is_not_null())
    said = (
        held.with_columns(said=several(held["reasons"])).select("deal_id", "said").explode("said", empty_as_null=True)
    )
    codes = coded(said["said"].to_list())
    said = said.join(codes, left_on="said", right_on="text", how="left", nulls_equal=True).filter(told())
    ours, theirs = (frame.select("deal_id", "key", "reason", "group") for frame in (deals, said))
    whose = deals.select("deal_id", "owner")
    every = pl.concat([ours.with_columns(is_ours=True), theirs.with_columns(is_ours=False)])
    every = in_copy(every.join(whose, on="deal_id", how="inner"), book, copy).drop("owner")
    deals, said = (every.filter(pl.col("is_ours") == side) for side in (True, False))
    both = deals.filter(told()).join(said, on="deal_id", how="semi")
    theirs = said.join(both, on="deal_id", how="semi").unique(["deal_id", "key"])
    agreed = both.join(theirs, on=["deal_id", "key"], how="semi")
    names = pl.concat([both.select("key", "reason", "group"), theirs.select("key", "reason", "group")])
    frame = names.group_by("key", "group").agg(loss_reason=pl.col("reason").mode().sort().first())
    for name, part in (("n", both), ("n_events", agreed), ("n_theirs", theirs)):
        counts = part.group_by("key").agg(pl.len().cast(pl.Int64).alias(name))
        frame = frame.join(counts, on="key", how="left").with_columns(pl.col(name).fill_null(0))
    totals = {
        "n_both": both.height, "n_lost": deals.height, "n_asked": asked["deal_id"].n_unique(),
        "n_answered": held["deal_id"].n_unique(), "n_excluded": undated,
    }  # fmt: skip
    frame = frame.with_columns(pl.lit(count, pl.Int64).alias(name) for name, count in totals.items())
    frame = frame.sort("n", "n_theirs", "key", descending=[True, True, False]).drop("key")
    return with_wilson(frame)


@answer(kpi="reason_lag")
def reason_lag(book: DealBook, *, during: Window | None = None) -> pl.DataFrame:
    """How long after a loss does anybody write down why?

    Definition: days from the outcome to the first recorded change of ``loss_reason`` to something that is a reason;
    losses still without one count as waiting up to the as-of instant. ``median``: half have one (Kaplan–Meier);
    ``within_week``: of losses at least seven days old, the share with one by the seventh day.
    Misleads: quick is not true. Gamed by filling the field with anything on closing.

    Args:
        book: a deal book whose changes record the field.
        during: deals lost in this window; by default all.

    Returns:
        An estimate a ``figure``: ``n`` losses, ``n_events`` with a reason (for ``within_week``: by then),
        ``n_excluded`` with a reason of which nobody recorded when, or without a day of outcome.

    Source: Kaplan & Meier 1958; Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.reason_lag(kpikit.open_book("demo"))["reason"].unique().to_list()
        ['no_reason_changes']
    """
    during = as_period(during)
    deals, undated = lost_deals(book, during)
    undated += deals.filter(pl.col("outcome_at").is_null()).height if during is None else 0
    written = _first_written(book)
    figures = ("median", "within_week")
    if not written.height:
        nothing = dict.fromkeys(("value", "low", "high"))
        rows = [{"figure": f, "n": 0, "n_events": 0, "n_excluded": deals.height} | nothing for f in figures]
        frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys(nothing, pl.Float64))
        refused = {"unit": "day", "status": "refused", "reason": "no_reason_changes"}
        return frame.with_columns(pl.lit(value).alias(name) for name, value in refused.items())
    deals = deals.filter(pl.col("outcome_at").is_not_null()).join(written, on="deal_id", how="left")
    known = pl.col("written_at").is_not_null() | ~told()
    timed = deals.filter(known).with_columns(
        days=(pl.coalesce("written_at", pl.lit(book.as_of)) - pl.col("outcome_at")).dt.total_microseconds() / _DAY
    )
    timed = timed.with_columns(pl.col("days").clip(lower_bound=0.0), is_written=pl.col("written_at").is_not_null())
    old = timed.filter((pl.lit(book.as_of) - pl.col("outcome_at")).dt.total_microseconds() >= WEEK * _DAY)
    n_week = old.filter(pl.col("is_written") & (pl.col("days") <= WEEK)).height
    row = {"figure": "within_week", "n": old.height, "n_events": n_week}
    week = with_wilson(pl.DataFrame([row], schema={"figure": pl.String, "n": pl.Int64, "n_events": pl.Int64}))
    frame = pl.concat([_median(timed), week.with_columns(status=pl.lit("ok"))], how="diagonal_relaxed")
    return frame.with_columns(n_excluded=pl.lit(undated + deals.height - timed.height, pl.Int64))


def _first_written(book: DealBook) -> pl.DataFrame:
    """``deal_id, written_at``: when a reason was first recorded."""
    if "changes" not in book.tables:
        return pl.DataFrame(schema={"deal_id": pl.String, "written_at": pl.Datetime("us", "UTC")})
    changes = book.tables["changes"].lazy().filter(pl.col("field") == "loss_reason").collect()
    codes = coded(changes["new"].to_list())
    real = changes.join(codes, left_on="new", right_on="text", how="left", nulls_equal=True).filter(told())
    return real.group_by("deal_id").agg(written_at=pl.coalesce("recorded_at", "changed_at").min())


def _median(timed: pl.DataFrame) -> pl.DataFrame:
    """Half have a reason within so many days: one row."""
    row = {"figure": "median", "n": timed.height, "n_events": int(timed["is_written"].sum()), "unit": "day"}
    figures: dict[str, float | None] = dict.fromkeys(("value", "low", "high"))
    if timed.height:
        figures = stats.median(timed["days"], timed["is_written"]).select(*figures).row(0, named=True)
    status = {"status": "ok", "reason": None}
    if row["n_events"] and figures["value"] is None:
        status = {"status": "not_reached", "reason": "half_unwritten"}
    return pl.DataFrame(
        [row | figures | status], schema_overrides={**dict.fromkeys(figures, pl.Float64), "reason": pl.String}
    )


@answer(kpi="competitors")
def competitors(book: DealBook, *, during: Window | None = None, copy: str = "team") -> pl.DataFrame:
    """To whom did we lose, with "no decision" counted as the competitor it is?

    Definition: lost deals by the local day of the outcome: ``no_decision`` where our reason says so, else the
    competitor named, ``nobody`` where the field says there was none, ``blank`` where it is empty. Shares are of
    the deals where it is known.
    Misleads: competitors are mostly written down after losing; no rate of winning against one can be read from that
    (``n_won`` counts wins with the same name, for what it is worth). Gamed by naming the famous one.

    Args:
        book: a deal book.
        during: deals decided in this window; by default all.
        copy: "team", or "company", which leaves out names of too few deals or people (``rival`` is null).

    Returns:
        An estimate a ``group`` and ``rival`` (null unless a name): ``n_events`` of ``n``, ``n_lost``, ``n_won``.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.competitors(kpikit.open_book("demo"))["group"][0]
        'no_decision'
    """
    during = as_period(during)
    deals, undated = lost_deals(book, during)
    won, _ = decided(book, during, ("won",))
    rivals = _rivals([*deals["competitor"], *won["competitor"]])
    lost = deals.join(rivals, on="competitor", how="left", nulls_equal=True).with_columns(
        group=pl.when(pl.col("group") == "no_decision").then("group").otherwise("rival_group")
    )
    lost = lost.with_columns(rival=pl.when(pl.col("group") == "named").then("rival"))
    lost = _named_in(lost, book, copy)
    wins = (
        won.join(rivals, on="competitor", how="left", nulls_equal=True)
        .group_by(rival="rival", group="rival_group")
        .agg(n_won=pl.len().cast(pl.Int64))
    )
    frame = lost.group_by("rival", "group").agg(n_events=pl.len().cast(pl.Int64))
    frame = frame.join(wins, on=["rival", "group"], how="left", nulls_equal=True)
    is_blank = pl.col("group") == "blank"
    n_known = lost.filter(~is_blank).height
    frame = frame.with_columns(
        pl.when(pl.col("group") == "named").then(pl.col("n_won").fill_null(0)).alias("n_won"),
        n=pl.when(is_blank).then(lost.height).otherwise(n_known).cast(pl.Int64),
        n_lost=pl.lit(lost.height, pl.Int64),
        n_excluded=pl.lit(undated, pl.Int64),
    )
    return with_wilson(frame.sort(is_blank, "n_events", "rival", descending=[False, True, False], nulls_last=True))


def _named_in(lost: pl.DataFrame, book: DealBook, copy: str) -> pl.DataFrame:
    """Names of rivals that this copy may tell."""
    names = lost.select("deal_id", "owner", key="rival", reason="rival", group=pl.lit("other"))
    return lost.with_columns(rival=in_copy(names, book, copy)["reason"])


def _rivals(names: list[str | None]) -> pl.DataFrame:
    """``competitor, rival`` (a name, spellings together; null if none) and ``rival_group`` (named, nobody, blank)."""
    codes = coded(names)
    bare = pl.Series("bare", [folded(text or "") for text in codes["text"]], pl.String)
    is_nobody, is_blank = pl.col("bare").is_in(small_set("reasons", "nobody")), pl.col("group").is_in(UNTOLD)
    kind = pl.when(is_nobody).then(pl.lit("nobody")).when(is_blank).then(pl.lit("blank")).otherwise(pl.lit("named"))
    named = pl.when(kind == "named").then("reason")
    return codes.with_columns(bare).select(competitor="text", rival_group=kind, rival=named)


@answer(kpi="last_stage")
def last_stage(book: DealBook, *, during: Window | None = None, copy: str = "team") -> pl.DataFrame:
    """In which stage were lost deals when they were lost, and why?

    Definition: lost deals by the local day of the outcome; the stage of their last visit before it (null where no
    stage was recorded), with our reason; each cell a share of all lost deals.
    Misleads: where it showed is not where it began. Gamed by moving a deal before closing it.

    Args:
        book: a deal book with stage history.
        during: deals lost in this window; by default all.
        copy: "team", or "company", which tells reasons of too few deals or people together as ``rest``.

    Returns:
        An estimate a ``stage`` (in the pipeline's order) and reason (``loss_reason, group``): ``n_events`` of ``n``.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.last_stage(kpikit.open_book("demo"))["stage"].drop_nulls().unique().len()
        4
    """
    during = as_period(during)
    deals, undated = lost_deals(book, during)
    visits = spells(book).lazy().filter(pl.col("kind") == "lost").join(deals.lazy(), on="deal_id", how="semi").collect()
    last = (
        visits.group_by("deal_id", maintain_order=True).last().select("deal_id", at_stage="stage", position="position")
    )
    deals = in_copy(deals, book, copy).join(last, on="deal_id", how="left")
    frame = deals.group_by("at_stage", "key", "group").agg(
        pl.col("reason").mode().sort().first(), pl.col("position").min(), n_events=pl.len().cast(pl.Int64)
    )
    frame = frame.with_columns(n=pl.lit(deals.height, pl.Int64), n_excluded=pl.lit(undated, pl.Int64))
    frame = frame.sort(
        "position", "at_stage", "n_events", "key", descending=[False, False, True, False], nulls_last=True
    )
    return with_wilson(frame.rename({"reason": "loss_reason", "at_stage": "stage"}).drop("key", "position"))


@answer(kpi="lost_after_offer")
def lost_after_offer(book: DealBook, *, during: Window | None = None) -> pl.DataFrame:
    """How many of the deals we lost had our offer?

    Definition: lost deals by the local day of the outcome with an offer dated before it, of all lost deals.
    Misleads where offers are not dated. Gamed by sending none, or one to everybody.

    Args:
        book: a deal book with dates of offers.
        during: deals lost in this window; by default all.

    Returns:
        One estimate: ``n_events`` of ``n`` lost deals; ``n_untold``: for so many nobody wrote why.

    Source: Wilson 1927.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.lost_after_offer(kpikit.open_book("demo"))["n"].item() > 1000
        True
    """
    during = as_period(during)
    deals, undated = lost_deals(book, during)
    after = (pl.col("offered_at") <= pl.col("outcome_at")).fill_null(False)
    offers = book.tables["deals"].lazy().select(pl.col("offered_at").count()).collect().item()
    counts = {
        "n": deals.height, "n_events": deals.filter(after).height, "n_untold": deals.filter(~told()).height,
        "n_excluded": undated,
    }  # fmt: skip
    frame = with_wilson(pl.DataFrame([counts], schema=dict.fromkeys(counts, pl.Int64)))
    if offers:
        return frame
    return frame.with_columns(
        *(pl.lit(None, pl.Float64).alias(name) for name in ("value", "low", "high")),
        pl.lit(None, pl.Int64).alias("n_events"), status=pl.lit("refused"), reason=pl.lit("no_offered_at"),
    )  # fmt: skip
