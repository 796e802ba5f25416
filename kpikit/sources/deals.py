"""The file with a row a deal: which of its columns says what, and on what evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from kpikit.reading import RawTable, yes_no
from kpikit.schema import TABLES
from kpikit.sources import vocabulary
from kpikit.sources.by_values import by_values
from kpikit.sources.doubts import Doubt, Told
from kpikit.sources.ending import Ending, ending
from kpikit.sources.histories import word
from kpikit.sources.identity import Identity, identity
from kpikit.sources.money import Money, worth


@dataclass(frozen=True)
class Deals:
    """What a file of deals is taken for: columns, constants and further grammar of its table in a kpikit.toml.

    ``outcomes``: value → won, lost, void or open; empty where yes-or-no columns say it (``grammar["ends"]``).
    ``twice``: columns that differ between the rows of one deal.
    """

    columns: Mapping[str, Any]
    constants: Mapping[str, str]
    outcomes: Mapping[str, str]
    unused: tuple[str, ...]
    grammar: Mapping[str, Any] = field(default_factory=dict)
    twice: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def looks_like_deals(raw: RawTable, listed: Mapping[str, str], *, needs_id: bool = True) -> int:
    """How much a file looks like one row a deal: its own id, how it ended, and columns that we know; 0: not at all."""
    frame = raw.frame
    columns = vocabulary.named(frame.columns, "deals")
    if frame.is_empty() or _lists_stages(frame, columns) or ending(frame, columns, listed) is None:
        return 0
    return 0 if needs_id and identity(frame, columns).column is None else 1 + len(columns)


def _lists_stages(frame: pl.DataFrame, columns: Mapping[str, str]) -> bool:
    """Has the file a row a stage, in their order, and nothing that only deals have?"""
    of_stages = {"stage", "position"} <= set(vocabulary.named(frame.columns, "stages"))
    return of_stages and not {"amount", "owner", "outcome_at"} & set(columns)


def deals(
    raw: RawTable, listed: Mapping[str, str], taken: Collection[str] = (), whole: pl.DataFrame | None = None
) -> Deals:
    """What the columns of this file mean.

    Args:
        raw: the deals as they were read; :func:`looks_like_deals` is not 0.
        listed: stage → outcome, as a list of stages says it; empty without one.
        taken: columns that another table takes (when a snapshot was made): nothing is read from their values.
        whole: these deals and those of further files of the same kind, for what their values mean; None: these alone.
    """
    frame = raw.frame
    columns: dict[str, Any] = vocabulary.named(frame.columns, "deals")
    who, money = identity(frame, columns), worth(raw, columns)
    ends = ending(frame if whole is None else whole, columns, listed) or Ending(None, {})
    columns = {k: v for k, v in columns.items() if not (who.takes_first and v in who.varying)}
    columns |= {"deal_id": str(who.column)}
    columns = _ended(columns, ends, frame)
    columns = _priced(columns, money)
    away = {*_used(columns), *ends.flags.values(), *ends.beside, *who.varying, *taken, "_row"}
    spare = [c for c in frame.columns if c not in away]
    found = by_values(raw, columns, _outcome(frame, ends), spare)
    columns |= found.columns
    columns = {c.name: columns[c.name] for c in TABLES["deals"].columns if c.name in columns}
    constants = {} if "pipeline" in columns else {"pipeline": "all"}
    if money.home is not None:
        constants["currency"] = money.home
    used = {*_used(columns), *ends.flags.values(), *ends.beside, "_row"}
    return Deals(
        columns,
        constants,
        dict(ends.outcomes),
        tuple(c for c in frame.columns if c not in used),
        dict(_grammar(who, ends)),
        who.varying,
        (*_all_deleted(frame), *who.told, *ends.told, *money.told, *found.told),
        (*who.doubts, *ends.doubts, *money.doubts, *found.doubts),
    )


def not_deleted(frame: pl.DataFrame) -> dict[str, list[str]]:
    """Of a column that marks deleted rows the values of those that are not (``keep`` in a kpikit.toml); {} without."""
    column = word(frame.columns, "deleted")
    if column is None:
        return {}
    is_gone, texts = yes_no(frame[column]), frame[column].cast(pl.String).fill_null("").str.strip_chars()
    if not is_gone.fill_null(value=False).any() or is_gone.fill_null(value=False).all():
        return {}  # a mark that every row bears tells none from another
    return {column: texts.filter(~is_gone.fill_null(value=False)).unique().sort().to_list()}


def _all_deleted(frame: pl.DataFrame) -> tuple[Told, ...]:
    """Rows that all are marked as deleted are used, and that is told."""
    column = word(frame.columns, "deleted")
    is_all = column is not None and not frame.is_empty() and yes_no(frame[column]).fill_null(value=False).all()
    return (Told("all_deleted", {"column": column, "n": frame.height}),) if is_all else ()


def _ended(columns: dict[str, Any], ends: Ending, frame: pl.DataFrame) -> dict[str, Any]:
    """The columns of how and when a deal ended."""
    if ends.column is None:
        columns = {k: v for k, v in columns.items() if k != "outcome"}
    else:
        columns = columns | {"outcome": ends.column}
        if "stage" not in columns and frame[ends.column].n_unique() > 4:
            columns["stage"] = ends.column
    times = vocabulary.end_times(frame.columns)
    if times and ("outcome_at" not in columns or (len(times) > 1 and columns["outcome_at"] in times)):
        columns["outcome_at"] = times
    return columns


def _priced(columns: dict[str, Any], money: Money) -> dict[str, Any]:
    rest = {k: v for k, v in columns.items() if k != "amount" and not (money.home and k == "currency")}
    if money.column is None:
        return rest
    return rest | {"amount": {"column": money.column, "per": money.per} if money.per else money.column}


def _grammar(who: Identity, ends: Ending) -> Iterator[tuple[str, Any]]:
    if who.takes_first:
        yield "rows", "first"
    if ends.flags:
        yield "ends", dict(ends.flags)


def _outcome(frame: pl.DataFrame, ends: Ending) -> pl.Series:
    """What became of each row, as far as words tell."""
    if ends.column is None:
        return pl.Series(["open"] * frame.height, dtype=pl.String)
    texts = frame[ends.column].cast(pl.String, strict=False).str.strip_chars()
    return texts.replace_strict(dict(ends.outcomes), default="open", return_dtype=pl.String)


def _used(columns: Mapping[str, Any]) -> Iterator[str]:
    """The names of theirs that a mapping takes."""
    for theirs in columns.values():
        if isinstance(theirs, Mapping):
            yield theirs["column"]
        else:
            yield from [theirs] if isinstance(theirs, str) else theirs
