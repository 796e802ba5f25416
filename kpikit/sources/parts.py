"""The files of an export that hold deals: which are of one kind, which rows of them are in force, what is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.reading import RawTable, parse
from kpikit.sources.doubts import Doubt
from kpikit.sources.ending import FEW_VALUES, listed_ends
from kpikit.sources.histories import overlap
from kpikit.sources.vocabulary import named

#: what a row a deal says at the least, beside its end
_OF_DEALS = ("amount", "created_at")
#: what one part of an export may say and another not
_MAY_LACK = {"loss_reason", "competitor", "next_step", "next_step_on", "forecast_category", "probability", "discount"}
#: from this share of its values on a column speaks of our deals, and of no others
_ALL = 0.9


def same_kind(path: Path, files: Mapping[Path, RawTable]) -> tuple[Path, ...]:
    """Other files with the same columns, as far as their names are known: a second export, or the next part of one.

    One with nothing but deals that go on is a part as well (``won.csv``, ``lost.csv``, ``open.csv``).
    """
    mine, known = set(files[path].frame.columns), named(files[path].frame.columns, "deals")

    def is_one(frame: pl.DataFrame) -> bool:
        theirs = named(frame.columns, "deals")
        apart = {ours for ours, _ in known.items() ^ theirs.items()}
        return set(frame.columns) == mine or (set(_OF_DEALS) <= set(known) & set(theirs) and apart <= _MAY_LACK)

    return tuple(p for p in files if p != path and files[p].frame.height and is_one(files[p].frame))


def kept(raw: RawTable, keep: Mapping[str, Sequence[str]]) -> RawTable:
    """The rows that are not deleted."""
    still = [pl.col(name).cast(pl.String).fill_null("").str.strip_chars().is_in(stays) for name, stays in keep.items()]
    return replace(raw, frame=raw.frame.filter(still)) if still else raw


def whole(raws: Sequence[RawTable]) -> pl.DataFrame:
    """The rows of files of one kind."""
    if len(raws) == 1:
        return raws[0].frame
    return pl.concat([raw.frame.with_columns(pl.exclude("_row").cast(pl.String)) for raw in raws], how="diagonal")


def deals_elsewhere(path: Path, aside: Collection[Path], files: Mapping[Path, RawTable], deal: str) -> list[Doubt]:
    """Files that hold other deals, under other headings: to leave them out would be to answer for half of them."""
    return [
        Doubt("deals_elsewhere", {"file": path.name, "other": other.name, "n": files[other].frame.height}, ())
        for other in aside
        if _holds_others(files[other].frame, files[path].frame[deal])
    ]


def _holds_others(frame: pl.DataFrame, ours: pl.Series) -> bool:
    """Has a file a worth, a first day and a stage in each row, and no column of our deals' ids?"""
    columns = named(frame.columns, "deals")
    if frame.is_empty() or not set(_OF_DEALS) <= set(columns) or not {"stage", "outcome"} & set(columns):
        return False
    return all(overlap(frame[c], ours) < _ALL for c in frame.columns if c != "_row")


def old_to_new(
    paths: Sequence[Path], files: Mapping[Path, RawTable], columns: Mapping[str, Any], outcomes: Mapping[str, str]
) -> list[Path]:
    """Exports of one kind, that with the last day in it last; of two with the same deals that which tells more."""
    if len(paths) == 1:
        return [*paths]
    return sorted(paths, key=lambda path: (*_last_days(files[path], columns, outcomes), path.name))


def _last_days(raw: RawTable, columns: Mapping[str, Any], outcomes: Mapping[str, str]) -> tuple[str, str]:
    """The last day on which a deal began and the last on which one ended."""
    ended = [value for value, outcome in outcomes.items() if outcome in ("won", "lost")]
    column, found = columns.get("outcome"), []
    for ours in ("created_at", "outcome_at"):
        theirs, frame = columns.get(ours), raw.frame
        if not isinstance(theirs, str) or theirs not in frame.columns:
            found.append("")
            continue
        if ours == "outcome_at" and isinstance(column, str) and column in frame.columns:
            frame = frame.filter(pl.col(column).cast(pl.String).str.strip_chars().is_in(ended))
        days = RawTable(raw.file, frame.select("_row", created_at=pl.col(theirs)), (), raw.source)
        found.append(str(parse(days, "deals").frame["created_at"].max() or ""))
    return found[0], found[1]


def listed(raw: RawTable) -> dict[str, str]:
    """What a short file that lists stages says of their ends."""
    names = named(raw.frame.columns, "stages")
    is_list = "stage" in names and 0 < raw.frame.height <= FEW_VALUES and "position" in names
    return listed_ends(raw.frame) if is_list else {}


def of_others(lists: Mapping[Path, Mapping[str, str]], path: Path) -> dict[str, str]:
    """Stage → outcome, as the other files list it."""
    return {stage: outcome for other, ends in lists.items() if other != path for stage, outcome in ends.items()}


def both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The grammar of a table from two sources; what both keep, together."""
    keep = {**one.get("keep", {}), **other.get("keep", {})}
    rest = {name: value for name, value in {**one, **other}.items() if name != "keep"}
    return rest | ({"keep": keep} if keep else {})
