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
from kpikit.sources.vocabulary import named

#: what a row a deal says at the least, beside its end
_OF_DEALS = ("amount", "created_at")


def same_kind(path: Path, files: Mapping[Path, RawTable], scores: Mapping[Path, int]) -> tuple[Path, ...]:
    """Other files with the same columns, as far as their names are known: a second export, or the next part of one."""
    mine, known = set(files[path].frame.columns), named(files[path].frame.columns, "deals")

    def is_one(frame: pl.DataFrame) -> bool:
        return set(frame.columns) == mine or (set(_OF_DEALS) <= set(known) and named(frame.columns, "deals") == known)

    return tuple(p for p in files if p != path and scores[p] and is_one(files[p].frame))


def kept(raw: RawTable, keep: Mapping[str, Sequence[str]]) -> RawTable:
    """The rows that are not deleted."""
    still = [pl.col(name).cast(pl.String).fill_null("").str.strip_chars().is_in(stays) for name, stays in keep.items()]
    return replace(raw, frame=raw.frame.filter(still)) if still else raw


def whole(raws: Sequence[RawTable]) -> pl.DataFrame:
    """The rows of files of one kind."""
    if len(raws) == 1:
        return raws[0].frame
    return pl.concat([raw.frame.with_columns(pl.exclude("_row").cast(pl.String)) for raw in raws], how="diagonal")


def deals_elsewhere(
    path: Path, unused: Collection[Path], files: Mapping[Path, RawTable], scores: Mapping[Path, int]
) -> list[Doubt]:
    """Files that hold deals as well, under other headings: to leave them out would be to answer for half of them."""
    return [
        Doubt("deals_elsewhere", {"file": path.name, "other": other.name, "n": files[other].frame.height}, ())
        for other in unused
        if scores[other] and set(_OF_DEALS) <= set(named(files[other].frame.columns, "deals"))
    ]


def old_to_new(paths: Sequence[Path], files: Mapping[Path, RawTable], columns: Mapping[str, Any]) -> list[Path]:
    """Exports of one kind, that with the last day in it last."""
    return sorted(paths, key=lambda path: (_last_day(files[path], columns), path.name)) if len(paths) > 1 else [*paths]


def _last_day(raw: RawTable, columns: Mapping[str, Any]) -> str:
    theirs = columns.get("created_at")
    if not isinstance(theirs, str):
        return ""
    ours = raw.frame.select("_row", created_at=pl.col(theirs))
    return str(parse(RawTable(raw.file, ours, (), raw.source), "deals").frame["created_at"].max())


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
