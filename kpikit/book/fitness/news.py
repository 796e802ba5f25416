"""What is different about an export since it was last looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from kpikit.book.basis import basis
from kpikit.book.door.completion import ADDED
from kpikit.book.fitness.finding import Finding

if TYPE_CHECKING:
    from kpikit.book.deal_book import DealBook

_FEWER = 0.8


def summary(book: DealBook) -> dict[str, Any]:
    """What is worth remembering of a book: stages, owners (as digests: nobody is named), filled columns, counts."""
    deals = book.tables["deals"].lazy().select("owner", "pipeline", "stage").collect()
    used = deals.select("pipeline", "stage").drop_nulls().unique()
    if "stages" in book.tables:
        known = book.tables["stages"].lazy().select("pipeline", "stage").collect()
        used = pl.concat([used, known]).unique()
    owners = deals["owner"].drop_nulls().unique()
    return {
        "as_of": book.as_of.date().isoformat(),
        "basis": basis(book),
        "stages": sorted(f"{stage} ({pipeline})" for pipeline, stage in used.iter_rows()),
        "owners": sorted(hashlib.sha256(owner.encode()).hexdigest()[:16] for owner in owners),
        "rows": {name: _height(table) for name, table in sorted(book.tables.items())},
        "columns": sorted(f"{name}.{column}" for name, table in book.tables.items() for column in _filled(table)),
    }


def _height(table: pl.DataFrame | pl.LazyFrame) -> int:
    return table.lazy().select(pl.len()).collect().item()


def _filled(table: pl.DataFrame | pl.LazyFrame) -> list[str]:
    counts = table.lazy().select(pl.all().count()).collect()
    added = {name for names in ADDED.values() for name in names} - {"team"}  # "team" is the export's own as well
    return [name for name, n in zip(counts.columns, counts.row(0), strict=True) if n and name not in added]


def news(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Finding]:
    """What two summaries of the same export tell: stages, owners, columns and tables come and gone, and fewer rows."""
    if now["as_of"] < before["as_of"]:
        on = date.fromisoformat(now["as_of"])
        yield Finding("history", "earlier", "deals", "look", example=before["as_of"], at=on)
    for code, names in (("new_stage", _gone(now, before, "stages")), ("gone_stage", _gone(before, now, "stages"))):
        if names:
            yield Finding("history", code, "stages", "look", len(names), example=", ".join(names))
    for code, names in (("new_owners", _gone(now, before, "owners")), ("gone_owners", _gone(before, now, "owners"))):
        if names:
            yield Finding("gaps", code, "deals.owner", "look", len(names), len(now["owners"]))
    for table in _gone(before, now, "rows"):
        yield Finding("gaps", "gone_table", table, "look")
    for column in _gone(before, now, "columns"):
        if column.partition(".")[0] in now["rows"]:
            yield Finding("gaps", "gone_column", column, "look")
    for table, n in now["rows"].items():
        earlier = before["rows"].get(table, 0)
        if n < _FEWER * earlier:
            yield Finding("gaps", "fewer_rows", table, "look", n, earlier)


def _gone(before: Mapping[str, Any], now: Mapping[str, Any], what: str) -> list[str]:
    return [name for name in before[what] if name not in now[what]]
