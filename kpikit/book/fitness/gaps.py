"""What is missing from an export, and which columns say the same of nearly everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book.fitness.finding import Finding

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

#: columns that figures rest on, and the deals that should have them
WANTED = {
    "created_at": pl.lit(True),
    "outcome_at": pl.col("outcome") != "open",
    "amount": pl.col("outcome") == "won",
    "owner": pl.lit(True),
    "segment": pl.lit(True),
    "source": pl.lit(True),
    "loss_reason": pl.col("outcome") == "lost",
    "expected_close_on": pl.col("outcome") == "open",
    "first_contact_at": pl.lit(True),
    "offered_at": pl.col("outcome") == "won",
    "recorded_at": pl.lit(True),
}
#: tables that pages rest on, besides deals and stage_events
OTHER_TABLES = ("people", "changes", "activities", "notes", "interviews", "revenue", "happenings", "criteria")
#: words that fill a cell and say nothing
NOTHING_SAID = (
    "unknown",
    "other",
    "onbekend",
    "overig",
    "overige",
    "anders",
    "n/a",
    "na",
    "none",
    "?",
    "-",
    "tbd",
    "n.v.t.",
)
_TEXTS = ("source", "segment", "loss_reason", "deal_type")
#: the share from which on one value looks like a default: numbers and days differ by nature, names need not
_USUAL = {"amount": 0.5, "probability": 0.5, "expected_close_on": 0.5, **dict.fromkeys(_TEXTS, 0.9)}
_LEAST = 20


def findings(book: DealBook) -> Iterator[Finding]:
    """What a book lacks."""
    deals = book.tables["deals"].lazy().collect()
    yield from _empty_cells(deals)
    yield from _one_sided(deals)
    yield from _unpriced(deals)
    yield from _nothing_said(deals)
    yield from _one_value(deals)
    yield from _people(book, deals)
    for name in OTHER_TABLES:
        if name not in book.tables or not book.tables[name].lazy().select(pl.len()).collect().item():
            yield Finding("gaps", "no_table", name, "missing")


def _empty_cells(deals: pl.DataFrame) -> Iterator[Finding]:
    for column, who in WANTED.items():
        asked = deals.filter(who)
        n = asked[column].null_count()
        if asked.height:
            status = "missing" if n == asked.height else "look" if n > 0.02 * asked.height else "fine"
            yield Finding("gaps", "empty", f"deals.{column}", status, n, asked.height)


def _one_sided(deals: pl.DataFrame) -> Iterator[Finding]:
    """Wins without a single loss (or losses without a win): then every rate of the decided deals is 1 (or 0)."""
    counts = {outcome: deals.filter(pl.col("outcome") == outcome).height for outcome in ("won", "lost")}
    for missing, other in (("lost", "won"), ("won", "lost")):
        if counts[missing] == 0 and counts[other] >= _LEAST:
            yield Finding("oddities", f"no_{missing}", "deals.outcome", "look", counts[other], deals.height)


def _unpriced(deals: pl.DataFrame) -> Iterator[Finding]:
    """Amounts in a currency without a rate on their day: counted, never priced."""
    priced = deals.filter(pl.col("amount").is_not_null())
    missing = priced.filter(pl.col("amount_home").is_null()).group_by("currency").len().sort("currency")
    for currency, n in missing.iter_rows():
        yield Finding("gaps", "missing_rate", "rates", "look", n, priced.height, example=currency)


def _nothing_said(deals: pl.DataFrame) -> Iterator[Finding]:
    """Cells that are filled with a word for nothing, beside those that are empty."""
    for column in _TEXTS:
        filled = deals[column].drop_nulls()
        empty_words = filled.filter(filled.str.strip_chars().str.to_lowercase().is_in(list(NOTHING_SAID)))
        if len(empty_words):
            status = "look" if len(empty_words) > 0.05 * len(filled) else "fine"
            example = empty_words.mode().sort()[0]
            yield Finding(
                "gaps", "nothing_said", f"deals.{column}", status, len(empty_words), len(filled), example=example
            )


def _one_value(deals: pl.DataFrame) -> Iterator[Finding]:
    """Columns in which nearly all cells say the same: a default rather than knowledge."""
    for column, most in _USUAL.items():
        filled = deals[column].drop_nulls()
        if len(filled) < _LEAST:
            continue
        counts = filled.value_counts().sort("count", column, descending=[True, False])
        value, n = counts.row(0)
        if n > most * len(filled) and counts.height > 1:
            yield Finding("gaps", "one_value", f"deals.{column}", "look", n, len(filled), example=str(value))


def _people(book: DealBook, deals: pl.DataFrame) -> Iterator[Finding]:
    """Owners that no team has, and people without a deal. Counts only: nobody is named."""
    if "people" not in book.tables:
        return
    people = book.tables["people"].lazy().select("owner").unique().collect()["owner"]
    owners = deals["owner"].drop_nulls().unique()
    strangers = owners.filter(~owners.is_in(people.implode()))
    status = "look" if len(strangers) else "fine"
    yield Finding("gaps", "owners_without_team", "people", status, len(strangers), len(owners))
    idle = people.filter(~people.is_in(owners.implode()))
    yield Finding("gaps", "people_without_deals", "people", "look" if len(idle) else "fine", len(idle), len(people))
