"""How it went with similar deals, from the stage on in which a deal stands."""

from __future__ import annotations

import polars as pl

from kpikit import stats
from kpikit.analysis.base.answer import answer
from kpikit.book import DealBook
from kpikit.calendar import MICROSECONDS_PER_UNIT
from kpikit.engine.buckets import seen_in, visits
from kpikit.engine.histogram import binned, counts
from kpikit.engine.kernel import KINDS
from kpikit.engine.remembered import remembered
from kpikit.errors import UsageError

#: so many deals of the same segment make a curve of their own
OWN_SEGMENT = 10
_DAY_US = MICROSECONDS_PER_UNIT["day"]
_NAMES = {-1: "entered_late", **dict(enumerate(KINDS))}
_ON = {"advance": "on", "won": "on"}


@answer(kpi="course")
def course(book: DealBook, *, deal_id: str) -> pl.DataFrame:
    """How did it go with similar deals from the stage on in which this one stands, and how old is it there?

    Definition: first visits of *other* deals to the deal's stage (its last one, if it has ended), of its segment where
    there are ten or more, else of all: one Aalen–Johansen curve for each way in which some left (on, back, lost,
    void), and the share still there. Misleads at its right end, where few are at risk; it tells of the others, not of
    this deal.

    Args:
        book: a deal book with stage history.
        deal_id: the deal.

    Returns:
        A curve an ``exit``: ``time`` (days), ``n_at_risk, n_events, value, low, high``; ``stage, among`` (segment,
        all), ``age_days`` of this deal in its stage (null once it has ended), ``n`` others, ``from_age``. ``refused``
        (``no_visit``) where the deal has no visit to a known stage.

    Raises:
        UsageError: no such deal.

    Source: Aalen & Johansen 1978.

    Example:
        >>> import kpikit
        >>> curve = kpikit.velocity.course(kpikit.open_book("demo"), deal_id="D1078")
        >>> curve["stage"][0], sorted(curve["exit"].unique())
        ('Proposal', ['back', 'lost', 'on', 'still_there'])
    """
    deals = book.tables["deals"].lazy().with_row_index("deal").filter(pl.col("deal_id") == deal_id)
    found = deals.select("deal", "segment").collect()
    if not found.height:
        raise UsageError("unknown_deal", deal=deal_id)
    row, segment = found.row(0)
    own = _own_visit(book, row)
    if own is None:
        empty = {"n": pl.lit(None, pl.Int64), "unit": pl.lit("share"), "status": pl.lit("refused")}
        return _nothing().with_columns(**empty, reason=pl.lit("no_visit"))
    stage, age, is_open = own
    among, table, n = _others(book, stage, segment, row)
    settled = stats.settled_from(table).item(0, "start_of_curve") if n else None
    frame = _curves(table.filter(pl.col("time") >= settled)) if settled is not None else _nothing()
    return frame.with_columns(
        stage=pl.lit(stage), among=pl.lit(among), age_days=pl.lit(age if is_open else None, pl.Float64),
        from_age=pl.lit(settled, pl.Float64), n=pl.lit(n), n_excluded=pl.lit(0), unit=pl.lit("share"),
    )  # fmt: skip


def _curves(table: pl.DataFrame) -> pl.DataFrame:
    merged = table.with_columns(pl.col("exit").replace(_ON)).group_by("time", "exit").agg(pl.col("n").sum())
    still = stats.kaplan_meier_by(merged).with_columns(exit=pl.lit("still_there"))
    ways = stats.aalen_johansen_by(merged)
    columns = ["exit", "time", "n_at_risk", "n_events", "value", "low", "high"]
    return pl.concat([ways.select(columns), still.select(columns)]).sort("exit", "time", maintain_order=True)


def _nothing() -> pl.DataFrame:
    figures = dict.fromkeys(("value", "low", "high"), pl.Float64)
    return pl.DataFrame(
        [{"exit": "still_there"}],
        schema={"exit": pl.String, "time": pl.Float64, "n_at_risk": pl.Int64, "n_events": pl.Int64, **figures},
    )


def _own_visit(book: DealBook, row: int) -> tuple[str, float, bool] | None:
    """The deal's last visit: its stage, the days in it, and whether it goes on."""
    for part in visits(book):
        seen = seen_in(part, book, None)
        mine = seen.frame.filter((pl.col("deal") == row) & pl.col("excluded").is_null())
        if mine.height:
            last = mine.row(-1, named=True)
            return seen.codes.stages["stage"][last["stage"]], last["age"] / _DAY_US, KINDS[last["kind"]] == "open"
    return None


def _others(book: DealBook, stage: str, segment: str | None, row: int) -> tuple[str, pl.DataFrame, int]:
    """Day counts of the other deals' first visits: of the segment if enough, else of all."""
    found = _first_visits(book, stage).filter(pl.col("deal") != row)
    alike = found.filter(pl.col("segment") == segment) if segment is not None else found.clear()
    among, used = ("segment", alike) if alike.height >= OWN_SEGMENT else ("all", found)
    table = binned(used.lazy(), [], _DAY_US)
    named = table.with_columns(pl.col("kind").replace_strict(_NAMES, return_dtype=pl.String))
    return among, counts(named, _DAY_US), used.height


@remembered(16)
def _first_visits(book: DealBook, stage: str) -> pl.DataFrame:
    """``deal, kind, age, entry_age, segment`` of the first visits to a stage; a book never changes, so they stay."""
    segments = book.tables["deals"].lazy().select("segment").collect()["segment"]
    parts = []
    for part in visits(book):
        seen = seen_in(part, book, None)
        codes = [i for i, name in enumerate(seen.codes.stages["stage"]) if name == stage]
        wanted = (pl.col("visit") == 1) & pl.col("excluded").is_null() & pl.col("stage").is_in(codes)
        parts.append(seen.frame.filter(wanted).select("deal", "kind", "age", "entry_age"))
    used = pl.concat(parts)
    return used.with_columns(segments.gather(used["deal"]).alias("segment"))
