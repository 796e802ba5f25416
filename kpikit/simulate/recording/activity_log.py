"""What is logged and when: late and dated back, in bursts before reviews, talks and names that nobody has met."""

from __future__ import annotations

import numpy as np
import polars as pl

from kpikit.errors import wrong_setting
from kpikit.simulate.recording.record import Dose, Record, marked, spans, valued
from kpikit.simulate.streams import Floats, stream

#: The team reviews its deals on Tuesday; the eve is Monday afternoon (hours from midnight).
EVE, HOURS = 15.0, 2.5


def backdate(record: Record, dose: Dose) -> Record:
    """A share of what was done is logged one to four weeks later, with its own day."""
    acts = _logged(record, "backdate", dose)
    days = 7 + 21 * _draws(record, acts, "backdate", "days")
    late = pl.col("happened_at") + spans(days * 86_400)
    return _logged_at(record, "backdate", dose, acts.with_columns(later=late))


def burst(record: Record, dose: Dose) -> Record:
    """A share of what was done is logged on the eve of the next review."""
    acts = _logged(record, "burst", dose)
    local = acts["recorded_at"].dt.convert_time_zone(record.time_zone)
    monday = local.dt.date().dt.offset_by("6d").dt.truncate("1w")
    hour = spans((EVE + HOURS * _draws(record, acts, "burst", "hour")) * 3600)
    eve = monday.cast(pl.Datetime("us")) + hour
    eve = eve.dt.replace_time_zone(record.time_zone).dt.convert_time_zone("UTC")
    later = pl.when(eve > pl.col("recorded_at")).then(eve).otherwise("recorded_at")
    return _logged_at(record, "burst", dose, acts.with_columns(later=later))


def invent(record: Record, dose: Dose) -> Record:
    """For a share of deals a talk is logged that was not held, in the last two weeks before today or the end."""
    acts = _logged(record, "invent", dose)
    chosen = record.chosen("invent", dose)
    deals = record.tables["deals"].filter(marked(record.tables["deals"], chosen))
    ago = valued(deals, spans(record.draws("invent", "when") * 14 * 86_400))
    until = pl.coalesce("outcome_at", pl.lit(record.end - _MINUTE))
    at = pl.max_horizontal("created_at", until - ago)
    made = deals.select(
        "deal",
        pl.format("x{}", "deal_id").alias("activity_id"),
        "deal_id",
        "owner",
        pl.lit("call").alias("kind"),
        pl.lit("both").alias("direction"),
        at.alias("happened_at"),
        at.alias("recorded_at"),
        pl.format("{}-1", "deal_id").alias("contact_key"),
        pl.lit("reached").alias("outcome"),
    )
    return record.with_tables(activities=pl.concat([acts, made], how="diagonal")).noting("invent", dose, chosen)


def names(record: Record, dose: Dose) -> Record:
    """A share of the open deals gets the name of a second person whom nobody has met."""
    if "contacts" not in record.tables:
        raise wrong_setting("--plant", f"names={dose.size:g}", "a world with contacts")
    chosen = record.chosen("names", dose, record.having("open"))
    deals = record.tables["deals"]
    made = deals.filter(marked(deals, chosen)).select(
        "deal", "deal_id", pl.format("{}-x", "deal_id").alias("contact_key"), pl.lit("director").alias("role")
    )
    contacts = pl.concat([record.tables["contacts"], made], how="diagonal")
    return record.with_tables(contacts=contacts).noting("names", dose, chosen)


_MINUTE = np.timedelta64(60, "s").item()


def _logged(record: Record, habit: str, dose: Dose) -> pl.DataFrame:
    if "activities" not in record.tables:
        raise wrong_setting("--plant", f"{habit}={dose.size:g}", "a world with activities")
    return record.tables["activities"]


def _draws(record: Record, acts: pl.DataFrame, *purpose: str) -> Floats:
    """A uniform draw for each activity by its number; 1 for one that was never held."""
    number = acts["act"].fill_null(-1).to_numpy()
    drawn = stream(record.seed, "recording", *purpose).random(int(number.max(initial=0)) + 1)
    return np.where(number < 0, 1.0, drawn[number])


def _logged_at(record: Record, habit: str, dose: Dose, acts: pl.DataFrame) -> Record:
    """The log in which a share of activities (column ``later``) is recorded then; not yet, if that is to come."""
    is_chosen = pl.Series(_draws(record, acts, habit, "who") < dose.size)
    if dose.owners:
        is_chosen &= acts["owner"].is_in(dose.owners)
    is_chosen &= acts["happened_at"].dt.convert_time_zone(record.time_zone).dt.date() >= dose.since_on
    moved = acts.with_columns(recorded_at=pl.when(is_chosen).then("later").otherwise("recorded_at")).drop("later")
    touched = np.zeros(record.past.height, dtype=bool)
    touched[acts.filter(is_chosen)["deal"].to_numpy()] = True
    kept = moved.filter(pl.col("recorded_at") <= record.end)
    n = int(is_chosen.sum())
    return record.with_tables(activities=kept).noting(
        habit, dose, touched, activities=n, not_yet=moved.height - kept.height
    )
