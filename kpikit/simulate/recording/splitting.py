"""How much stands in one deal: one over several records of an account, a small amount, a change that nobody wrote."""

from __future__ import annotations

import polars as pl

from kpikit.errors import wrong_setting
from kpikit.simulate.recording.record import Dose, Mask, Record, marked


def split(record: Record, dose: Dose) -> Record:
    """A share of the won deals is written as two of half the amount, with the same days and the same account."""
    chosen = record.chosen("split", dose, record.having("won"))
    return _over(record, chosen, "ab").noting("split", dose, chosen)


def parts(record: Record, dose: Dose) -> Record:
    """A share of the open deals is written as three of a third of the amount."""
    chosen = record.chosen("parts", dose, record.having("open"))
    return _over(record, chosen, "acd").noting("parts", dose, chosen)


def amounts(record: Record, dose: Dose) -> Record:
    """For a share of deals nobody writes that the amount changed: the last one stands as if it had always been so.

    Raises:
        UsageError: this company keeps no history of amounts.
    """
    changes = record.tables.get("changes")
    if changes is None or not changes.select((pl.col("field") == "amount").any()).item():
        raise wrong_setting("--plant", f"amounts={dose.size:g}", "a world with a history of amounts")
    chosen = record.chosen("amounts", dose)
    kept = changes.filter(~((pl.col("field") == "amount") & marked(changes, chosen)))
    return record.with_tables(changes=kept).noting("amounts", dose, chosen)


def _over(record: Record, chosen: Mask, letters: str) -> Record:
    """The record in which each of these deals is several, one a letter, of equal amounts; the first keeps its name."""
    deals, n = record.tables["deals"], len(letters)
    part = (pl.col("amount") / n / 10).round() * 10
    is_split = marked(deals, chosen)
    rest = pl.col("amount") - part * (n - 1)
    made = [deals.with_columns(amount=pl.when(is_split).then(rest).otherwise("amount"))]
    tables = {name: [frame] for name in ("stage_events", "changes") if (frame := record.tables.get(name)) is not None}
    for letter in letters[1:]:
        other = pl.format("{}{}", "deal_id", pl.lit(letter)).alias("deal_id")
        made.append(deals.filter(is_split).with_columns(other, amount=part))
        for frames in tables.values():
            frames.append(frames[0].filter(marked(frames[0], chosen)).with_columns(other))
    return record.with_tables(deals=pl.concat(made), **{name: pl.concat(found) for name, found in tables.items()})


def small(record: Record, dose: Dose) -> Record:
    """A share of the deals that are not won in the end is written with half its amount."""
    is_not_won = record.past.select(pl.col("outcome") != "won").to_series().to_numpy()
    chosen = record.chosen("small", dose, is_not_won)
    deals = record.tables["deals"]
    amount = pl.when(marked(deals, chosen)).then((pl.col("amount") / 20).round() * 10).otherwise("amount")
    return record.with_tables(deals=deals.with_columns(amount=amount)).noting("small", dose, chosen)
