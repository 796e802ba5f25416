"""When a deal is first written down: only when it is nearly won (late), or ripe because a partner brought it."""

from __future__ import annotations

import polars as pl

from kpikit.simulate.recording.record import Dose, Mask, Record, marked, valued


def late(record: Record, dose: Dose) -> Record:
    """A share of deals is registered only on coming to the third stage; those that never come there stay unwritten.

    What was logged on the customer before stays, with its own days: that is the mark of it.
    """
    chosen = record.chosen("late", dose)
    made, gone = _from_the_offer(record, chosen)
    return made.noting("late", dose, chosen, never_recorded=int(gone.sum()))


def partner(record: Record, dose: Dose) -> Record:
    """A share of deals comes from a partner when the customer wants an offer: before that there was no deal of ours.

    The source says partner; there was no earlier contact. Those that never ripened were the partner's.
    """
    chosen = record.chosen("partner", dose)
    made, gone = _from_the_offer(record, chosen)
    deals = made.tables["deals"]
    is_theirs = marked(deals, chosen)
    source = pl.col("source") if "source" in deals.columns else pl.lit(None, pl.String)
    deals = deals.with_columns(source=pl.when(is_theirs).then(pl.lit("partner")).otherwise(source))
    if "first_contact_at" in deals.columns:
        deals = deals.with_columns(first_contact_at=pl.when(is_theirs).then("created_at").otherwise("first_contact_at"))
    acts = made.tables.get("activities")
    if acts is not None:
        begun = valued(acts, record.past["offered_at"])
        acts = acts.filter(~marked(acts, chosen) | (pl.col("happened_at") >= begun))
        made = made.with_tables(activities=acts)
    return made.with_tables(deals=deals).noting("partner", dose, chosen, never_recorded=int(gone.sum()))


def _from_the_offer(record: Record, chosen: Mask) -> tuple[Record, Mask]:
    """These deals begin with their first entry into the third stage, or are not written down (the second mask)."""
    came = record.past.select(came=(pl.col("offered_at") < record.end).fill_null(False))["came"].to_numpy()
    gone = chosen & ~came
    made = record.without(gone)
    deals = made.tables["deals"]
    begun = valued(deals, record.past["offered_at"])
    is_late = marked(deals, chosen)
    deals = deals.with_columns(
        pl.when(is_late).then(pl.max_horizontal(name, begun)).otherwise(name).alias(name)
        for name in ("created_at", "recorded_at")
    )
    tables = {"deals": deals}
    for name, at in (("stage_events", "entered_at"), ("changes", "changed_at")):
        if name in made.tables:
            frame = made.tables[name]
            is_before = marked(frame, chosen) & (frame[at] < valued(frame, record.past["offered_at"]))
            tables[name] = frame.filter(~is_before)
    return made.with_tables(**tables), gone
