"""One definition of the win rate in one window: which function computes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from kpikit import stats
from kpikit.analysis.base.ages import from_creation, from_stages
from kpikit.analysis.base.population import COUNTED, OUTCOME, begun, ended, inside, late, tally, with_wilson
from kpikit.book import DealBook
from kpikit.calendar import Period

Definition = Literal[
    "cohort", "closed", "finished", "value", "overdue_lost", "open_pipe", "won_to_lost", "from_stage", "created"
]
#: a weighted rate is told from so many equal deals on
LEAST_EFFECTIVE = 10


def rate(
    deals: pl.DataFrame, book: DealBook, keys: Sequence[str], definition: str, during: Period | None, horizon: float
) -> pl.DataFrame:
    """The rate of a book's population under a definition, a row a group; ``period`` is the window's first day."""
    keys = list(keys)
    if definition == "cohort":
        frame = from_creation(begun(deals, book), book, keys, during, horizon)
    elif definition == "from_stage":
        frame = from_stages(begun(deals, book), book, keys, during, horizon)
    elif definition == "value":
        frame = _by_value(ended(deals, book), book, keys, during)
    elif definition == "open_pipe":
        frame = _of_open_pipe(ended(deals, book), keys, during)
    else:
        mine = (begun if definition == "created" else ended)(deals, book)
        frame = with_wilson(tally(mine, keys, definition, during), COUNTED[definition].scale)
    return frame.with_columns(period=pl.lit(during.first_on if during is not None else None, pl.Date))


def _by_value(deals: pl.DataFrame, book: DealBook, keys: list[str], during: Period | None) -> pl.DataFrame:
    """The share of the value decided that was won; refused where what was lost has no amounts."""
    counts = tally(deals, keys, "closed", during)
    closed = deals.filter(COUNTED["closed"].counted & inside(during, "outcome_on"))
    has_price = (pl.col("amount_home") >= 0).fill_null(False) & ~(
        (OUTCOME == "lost") & (pl.col("amount_home") == 0).fill_null(False)
    )
    rows = []
    for row in counts.to_dicts():
        mine = closed.filter(pl.all_horizontal(pl.col(key).eq_missing(pl.lit(row[key])) for key in keys))
        rows.append(row | _weighted(book, mine, mine.filter(has_price)))
    schema = counts.schema | {
        **dict.fromkeys(("value", "low", "high", "without_largest", "n_eff"), pl.Float64()),
        "n_unpriced": pl.Int64(), "status": pl.String(), "reason": pl.String(),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema).with_columns(unit=pl.lit("share"))


def _weighted(book: DealBook, closed: pl.DataFrame, priced: pl.DataFrame) -> dict:
    """One group's figure, or why there is none."""
    found: dict = dict.fromkeys(("value", "low", "high", "without_largest", "n_eff"))
    found |= {"n_unpriced": closed.height - priced.height, "status": "ok", "reason": None}
    lost, lost_priced = (frame.filter(OUTCOME == "lost").height for frame in (closed, priced))
    if book.settings.currency is None and priced["currency"].drop_nulls().n_unique() > 1:
        return found | {"status": "refused", "reason": "currencies_mixed"}
    if 2 * lost_priced < lost or (closed.height and not priced.height):
        return found | {"status": "refused", "reason": "no_amount_of_lost"}
    if not priced.height:
        return found
    won = (priced["outcome"] == "won").cast(pl.Int8).to_numpy()
    row = stats.value_weighted(won, priced["amount_home"].to_numpy()).row(0, named=True)
    found |= {name: row[name] for name in ("value", "low", "high", "without_largest", "n_eff")}
    if row["n_eff"] is None or row["n_eff"] < LEAST_EFFECTIVE:
        found |= {"status": "too_few", "reason": "few_effective"}
    return found


def _of_open_pipe(deals: pl.DataFrame, keys: list[str], during: Period | None) -> pl.DataFrame:
    """Won in the window for each deal that was open at its start."""
    won = tally(deals, keys, "closed", during).drop("n", "n_late")
    if during is None:
        was_open = pl.lit(False)
    else:
        begun = pl.col("created_on") < during.first_on
        was_open = begun & ((OUTCOME == "open") | (pl.col("outcome_on") >= during.first_on)) & ~pl.col("is_never")
    stock = deals.group_by(keys).agg(
        n=was_open.fill_null(False).sum().cast(pl.Int64), n_late=late(was_open).cast(pl.Int64)
    )
    frame = won.join(stock, on=keys, how="left", nulls_equal=True)
    if not deals.height:
        frame = frame.with_columns(n=pl.lit(0, pl.Int64))
    empty = pl.lit(None, pl.Float64)
    value = pl.when(pl.col("n") > 0).then(pl.col("n_events") / pl.col("n"))
    return frame.with_columns(value=value, low=empty, high=empty, unit=pl.lit("ratio"))
