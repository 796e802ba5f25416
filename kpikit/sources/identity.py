"""Which column names a deal, and what it means when a deal has several rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from kpikit.sources.doubts import Doubt, Reading, Told

#: columns of ours that are one and the same in every row of a deal, unless rows are versions of it
_CORE = ("outcome", "stage", "amount", "created_at", "outcome_at", "owner", "pipeline")
#: a second row of so few deals is a slip, which the door sets aside and tells
_FEW = 0.02
_DATE = re.compile(r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?$|^\d{1,2}:\d{2}|^[A-Za-z]{3,9}\.? \d{1,2},? \d{4}")
_SAID = re.compile(r"(^|[^a-z])(id|nr|no|key|number|nummer|num|ref|reference|code)([^a-z]|$)|^id|id$|nummer$")


@dataclass(frozen=True)
class Identity:
    """The column that names a deal (None: there is none), and how it was found.

    ``takes_first``: a deal has several rows that say the same of it (its products, its contacts): the first is used,
    and ``varying`` are the columns in which they differ.
    """

    column: str | None
    takes_first: bool = False
    varying: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def identity(frame: pl.DataFrame, columns: Mapping[str, str]) -> Identity:
    """Which column names a deal?

    One known by its name is used or asked about, never exchanged for another in silence; a moment is never an id.

    Args:
        frame: the deals as they were read.
        columns: our column → theirs, by name.
    """
    known = columns.get("deal_id")
    if known is not None and not _is_moment(frame[known]):
        return _known(frame, known, columns)
    by_values = [c for c in frame.columns if c != "_row" and _names_each_row(frame[c])]
    free = [c for c in by_values if c not in columns.values()]
    likely = [c for c in free if _SAID.search(c.casefold())] or free
    name = [c for c in by_values if c == columns.get("name")]
    found = next(iter(likely or name), None)
    if found is None:
        return Identity(None)
    return Identity(found, told=(Told("id_by_values", {"column": found, "n": frame.height}),))


def _known(frame: pl.DataFrame, column: str, columns: Mapping[str, str]) -> Identity:
    ids = frame[column].cast(pl.String, strict=False).str.strip_chars()
    filled = frame.with_columns(ids.alias(column)).filter(ids.is_not_null() & (ids != ""))
    n = filled[column].n_unique()
    more = filled.height - n
    if not n:
        return Identity(None)
    if not more:
        return Identity(column)
    if n == 1 and filled.height > 2:
        return _one_value(frame, column, columns)
    differ = varying(filled, column)
    core = [columns[name] for name in _CORE if columns.get(name) in differ]
    if not differ:  # the same lines twice: the door tells it
        return Identity(column)
    first = filled.filter(filled[column].is_duplicated())["_row"][0]
    values = {"column": column, "n": n, "rows": filled.height, "varying": ", ".join(differ[:5]), "row": int(first)}
    if not core:
        return Identity(column, takes_first=True, varying=tuple(differ), told=(Told("rows_of_a_deal", values),))
    if more <= _FEW * filled.height:
        return Identity(column)
    values |= {"core": ", ".join(core)}
    rows = ("tables", "deals", "rows")
    readings = (Reading({rows: "last"}, {"which": "last"}), Reading({rows: "first"}, {"which": "first"}))
    return Identity(column, doubts=(Doubt("id_repeats", values, readings),))


def _one_value(frame: pl.DataFrame, column: str, columns: Mapping[str, str]) -> Identity:
    """A column called an id that has one value for all: another one may be meant, which is asked."""
    others = [c for c in frame.columns if c != "_row" and c not in columns.values() and _names_each_row(frame[c])]
    place = ("tables", "deals", "columns", "deal_id")
    readings = tuple(Reading({place: c}, {"column": c}) for c in (*others, column))
    return Identity(column, doubts=(Doubt("id_same", {"column": column, "n": frame.height}, readings),))


def varying(frame: pl.DataFrame, column: str) -> Sequence[str]:
    """The columns that differ between rows with the same value of ``column``."""
    again = frame.filter(frame[column].is_duplicated())
    rest = [c for c in frame.columns if c not in ("_row", column)]
    counts = again.group_by(column).agg(pl.col(rest).n_unique()).select(pl.col(rest).max())
    return [c for c in rest if (counts[c][0] or 0) > 1]


def _names_each_row(cells: pl.Series) -> bool:
    """Has every row a value of its own, which is no moment and no amount?"""
    if cells.null_count() or cells.n_unique() != len(cells) or cells.dtype.is_float() or cells.dtype.is_temporal():
        return False
    if _is_moment(cells):
        return False
    texts = cells.cast(pl.String, strict=False).str.strip_chars()
    return not texts.str.contains(r"[.,]\d{1,2}$|[€$£]").any() and not (texts == "").any()


def _is_moment(cells: pl.Series) -> bool:
    """Do most cells hold a day or a time?"""
    if cells.dtype.is_temporal():
        return True
    texts = cells.cast(pl.String, strict=False).drop_nulls().head(500)
    return len(texts) > 0 and sum(bool(_DATE.match(text.strip())) for text in texts) > len(texts) / 2
