"""What is planned: the close date that an owner names, or the CRM by default, and the next step."""

from __future__ import annotations

import polars as pl

from kpikit.errors import wrong_setting
from kpikit.simulate.recording.record import Dose, Record, marked, spans, valued

#: Days by which a date is pushed.
PUSHED = 60


def push_dates(record: Record, dose: Dose) -> Record:
    """A share of the open deals has its close date put two months off in the last two weeks."""
    deals = _dated(record, "push_dates", dose)
    chosen = record.chosen("push_dates", dose, record.having("open"))
    is_pushed = marked(deals, chosen)
    new = pl.col("expected_close_on") + pl.duration(days=PUSHED)
    at = record.past.select(at=pl.lit(record.end) - spans(record.draws("push_dates", "when") * 14 * 86_400))["at"]
    moves = (
        deals.filter(is_pushed)
        .with_columns(changed_at=valued(deals.filter(is_pushed), at))
        .filter(pl.col("changed_at") > pl.col("created_at"))
        .select(
            "deal",
            "deal_id",
            pl.lit("expected_close_on").alias("field"),
            pl.col("expected_close_on").cast(pl.String).alias("old"),
            new.cast(pl.String).alias("new"),
            "changed_at",
            pl.col("changed_at").alias("recorded_at"),
        )
    )
    deals = deals.with_columns(expected_close_on=pl.when(is_pushed).then(new).otherwise("expected_close_on"))
    changes = pl.concat([record.tables["changes"], moves], how="diagonal")
    return record.with_tables(deals=deals, changes=changes).noting("push_dates", dose, chosen)


def default_dates(record: Record, dose: Dose) -> Record:
    """For a share of deals the CRM fills in the last day of the quarter, and nobody changes it."""
    deals = _dated(record, "default_dates", dose)
    chosen = record.chosen("default_dates", dose)
    ends = pl.col("expected_close_on").dt.truncate("1q").dt.offset_by("3mo").dt.offset_by("-1d")
    is_default = marked(deals, chosen)
    deals = deals.with_columns(expected_close_on=pl.when(is_default).then(ends).otherwise("expected_close_on"))
    changes = record.tables["changes"]
    is_date = (pl.col("field") == "expected_close_on") & marked(changes, chosen)
    quarter = {name: _quarter_end(changes, is_date, name) for name in ("old", "new")}
    changes = changes.with_columns(
        pl.when(is_date).then(quarter[name]).otherwise(name).alias(name) for name in ("old", "new")
    ).filter(~is_date | (pl.col("old") != pl.col("new")))
    return record.with_tables(deals=deals, changes=changes).noting("default_dates", dose, chosen)


def steps(record: Record, dose: Dose) -> Record:
    """A share of the open deals without a next step gets one that says nothing: call back, two months from now."""
    deals = record.tables["deals"]
    if "next_step" not in deals.columns:
        raise wrong_setting("--plant", f"steps={dose.size:g}", "a world with next steps")
    chosen = record.chosen("steps", dose, record.having("open"))
    is_empty = marked(deals, chosen) & deals["next_step"].is_null()
    far = pl.lit(record.end.date()) + pl.duration(days=PUSHED)
    deals = deals.with_columns(
        next_step=pl.when(is_empty).then(pl.lit("Call back")).otherwise("next_step"),
        next_step_on=pl.when(is_empty).then(far).otherwise("next_step_on"),
    )
    return record.with_tables(deals=deals).noting("steps", dose, chosen)


def _dated(record: Record, habit: str, dose: Dose) -> pl.DataFrame:
    deals = record.tables["deals"]
    if "expected_close_on" not in deals.columns or "changes" not in record.tables:
        raise wrong_setting("--plant", f"{habit}={dose.size:g}", "a world with close dates")
    return deals


def _quarter_end(changes: pl.DataFrame, is_date: pl.Expr, name: str) -> pl.Series:
    """The last day of the quarter of each date, as text."""
    day = pl.when(is_date).then(name).str.to_date(strict=False)
    return changes.select(day.dt.truncate("1q").dt.offset_by("3mo").dt.offset_by("-1d").cast(pl.String)).to_series()
