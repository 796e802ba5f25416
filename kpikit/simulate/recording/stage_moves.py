"""When a deal is moved on and offered: as the customer comes there, or ahead of it."""

from __future__ import annotations

import polars as pl

from kpikit.errors import wrong_setting
from kpikit.simulate.recording.record import Dose, Record, marked


def ahead(record: Record, dose: Dose) -> Record:
    """A share of deals is moved on halfway through each stage, before the customer is there.

    Those that go no further (lost, or open still) stand one stage further on than they are.
    """
    chosen = record.chosen("ahead", dose)
    events = record.tables["stage_events"].sort("deal", "entered_at", "seq", maintain_order=True)
    position = pl.col("stage").replace_strict(record.stages["stage"], record.stages["position"], return_dtype=pl.Int64)
    events = events.with_columns(position=position, is_ours=marked(events, chosen))
    before = pl.col("entered_at").shift(1).over("deal")
    is_on = pl.col("is_ours") & (pl.col("position") > pl.col("position").shift(1).over("deal"))
    moved = before + (pl.col("entered_at") - before) / 2
    events = events.with_columns(at=pl.when(is_on).then(moved.dt.truncate("1s")).otherwise("entered_at"))
    events = events.with_columns(
        recorded_at=pl.when(pl.col("at") < pl.col("entered_at")).then("at").otherwise("recorded_at")
    )
    further = _further(record, events)
    deals = record.tables["deals"].join(
        further.select("deal", new="stage"), on="deal", how="left", maintain_order="left"
    )
    deals = deals.with_columns(stage=pl.coalesce("new", "stage")).drop("new")
    made = pl.concat([events.with_columns(entered_at="at"), further], how="diagonal").sort(
        "deal", "entered_at", "seq", maintain_order=True
    )
    return record.with_tables(deals=deals, stage_events=made.drop("position", "is_ours", "at")).noting(
        "ahead", dose, chosen
    )


def offers(record: Record, dose: Dose) -> Record:
    """A share of the deals without an offer gets one on the second day, whether the customer asked or not.

    Raises:
        UsageError: this company writes down no offers.
    """
    deals = record.tables["deals"]
    if "offered_at" not in deals.columns:
        raise wrong_setting("--plant", f"offers={dose.size:g}", "a world with offers")
    chosen = record.chosen("offers", dose)
    until = pl.coalesce("outcome_at", pl.lit(record.end))
    early = pl.min_horizontal(pl.col("created_at") + pl.duration(days=1), until)
    offered = pl.when(marked(deals, chosen)).then(pl.coalesce("offered_at", early)).otherwise("offered_at")
    return record.with_tables(deals=deals.with_columns(offered_at=offered)).noting("offers", dose, chosen)


def _further(record: Record, events: pl.DataFrame) -> pl.DataFrame:
    """One more move for those of the touched deals that ended, or stand, before the last stage."""
    ends = record.tables["deals"].select("deal", end=pl.coalesce("outcome_at", pl.lit(record.end)))
    last = events.filter(pl.col("deal") != pl.col("deal").shift(-1).fill_null(-1)).join(ends, on="deal", how="left")
    last = last.filter("is_ours", pl.col("position") < record.stages.height)
    at = (pl.col("entered_at") + (pl.col("end") - pl.col("entered_at")) / 2).dt.truncate("1s")
    following = (pl.col("position") + 1).replace_strict(record.stages["position"], record.stages["stage"])
    return last.with_columns(stage=following, entered_at=at, recorded_at=at, seq=pl.col("seq") + 1).drop(
        "at", "position", "is_ours", "end"
    )
