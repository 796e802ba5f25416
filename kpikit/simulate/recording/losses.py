"""How a loss is written down: as a loss, not at all (the deal stays open), or as if it had never been a deal."""

from __future__ import annotations

import polars as pl

from kpikit.errors import wrong_setting
from kpikit.simulate.recording.record import Dose, Mask, Record, marked

NEVER_A_DEAL = ("duplicate", "test")
#: What stands first on the list of reasons.
FIRST = "no decision"


def hidden(record: Record, dose: Dose) -> Record:
    """A share of the lost deals is left open."""
    chosen = record.chosen("hidden", dose, record.having("lost"))
    deals = record.tables["deals"]
    is_hidden = marked(deals, chosen)
    deals = deals.with_columns(
        pl.when(~is_hidden).then(name).alias(name)
        for name in ("outcome_at", "loss_reason", "competitor")
        if name in deals.columns
    ).with_columns(outcome=pl.when(is_hidden).then(pl.lit("open")).otherwise("outcome"))
    return _rewritten(record, chosen, None).with_tables(deals=deals).noting("hidden", dose, chosen)


def reason(record: Record, dose: Dose) -> Record:
    """For a share of the losses the reason is the first one on the list, whatever it was, and written on closing.

    Raises:
        UsageError: this company writes down no reasons.
    """
    deals = record.tables["deals"]
    if "loss_reason" not in deals.columns:
        raise wrong_setting("--plant", f"reason={dose.size:g}", "a world with reasons")
    chosen = record.chosen("reason", dose, record.having("lost"))
    is_ours = marked(deals, chosen)
    said = pl.when(is_ours).then(pl.lit(FIRST)).otherwise("loss_reason")
    made = _without_reasons(record, chosen).with_tables(deals=deals.with_columns(loss_reason=said))
    if has_history(record):
        at = pl.col("outcome_at")
        rows = deals.filter(is_ours).select(
            "deal", "deal_id", field=pl.lit("loss_reason"), new=pl.lit(FIRST), changed_at=at, recorded_at=at
        )
        made = made.with_tables(changes=pl.concat([made.tables["changes"], rows], how="diagonal"))
    return made.noting("reason", dose, chosen)


def famous(record: Record, dose: Dose) -> Record:
    """For a share of the losses the most famous competitor is named, whoever it was, or nobody.

    Raises:
        UsageError: this company names no competitors.
    """
    deals = record.tables["deals"]
    if "competitor" not in deals.columns:
        raise wrong_setting("--plant", f"famous={dose.size:g}", "a world with competitors")
    chosen = record.chosen("famous", dose, record.having("lost"))
    first = record.parameters.circumstances.competitors[0]
    said = pl.when(marked(deals, chosen)).then(pl.lit(first)).otherwise("competitor")
    return record.with_tables(deals=deals.with_columns(competitor=said)).noting("famous", dose, chosen)


def void(record: Record, dose: Dose) -> Record:
    """A share of the lost deals is set aside, as a duplicate or a test."""
    chosen = record.chosen("void", dose, record.having("lost"))
    deals = record.tables["deals"]
    is_void = marked(deals, chosen)
    said = pl.Series(NEVER_A_DEAL).gather((record.draws("void", "reason") < 0.5).astype(int)).gather(deals["deal"])
    reason = pl.col("loss_reason") if "loss_reason" in deals.columns else pl.lit(None, pl.String)
    deals = deals.with_columns(
        outcome=pl.when(is_void).then(pl.lit("void")).otherwise("outcome"),
        loss_reason=pl.when(is_void).then(said).otherwise(reason),
    )
    return _rewritten(record, chosen, "void").with_tables(deals=deals).noting("void", dose, chosen)


def _rewritten(record: Record, chosen: Mask, outcome: str | None) -> Record:
    """The record with the last change of these deals to another outcome, or (None) without it, and no reasons' days."""
    record = _without_reasons(record, chosen)
    changes = record.tables.get("changes")
    if changes is None:
        return record
    changes = changes.with_columns(end=_last_outcome() & marked(changes, chosen))
    if outcome is None:
        return record.with_tables(changes=changes.filter(~pl.col("end")).drop("end"))
    new = pl.when("end").then(pl.lit(outcome)).otherwise("new")
    return record.with_tables(changes=changes.with_columns(new=new).drop("end"))


def has_history(record: Record) -> bool:
    """Whether the record says when reasons were written."""
    changes = record.tables.get("changes")
    return changes is not None and changes.select((pl.col("field") == "loss_reason").any()).item()


def _without_reasons(record: Record, chosen: Mask) -> Record:
    """The record without the days on which these deals' reasons were written."""
    changes = record.tables.get("changes")
    if changes is None:
        return record
    gone = (pl.col("field") == "loss_reason") & marked(changes, chosen)
    return record.with_tables(changes=changes.filter(~gone))


def _last_outcome() -> pl.Expr:
    """Whether a change is its deal's last one of the outcome."""
    is_outcome = pl.col("field") == "outcome"
    return is_outcome & (is_outcome.cast(pl.Int64).reverse().cum_sum().reverse().over("deal") == 1)
