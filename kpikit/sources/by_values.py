"""Columns whose names nobody knows, by what stands in them: when a deal began and ended, its worth, whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from kpikit.reading import RawTable, parse
from kpikit.sources.doubts import Doubt, Reading, Told
from kpikit.sources.money import sum_of, unsure_of
from kpikit.sources.vocabulary import is_in_thousands, money, speaks_of_money

#: share of a column's filled cells that must read as what it is taken for, and of rows that count as all
_READS, _ALL = 0.95, 0.98
#: so many values of a text are few
_FEW = 60
#: open deals of which so few bear a day of an end
_RARE = 0.1
_NUMBER = r"^\s*[€$£]?\s*-?\d[\d., ']*$"
_MAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


@dataclass(frozen=True)
class ByValues:
    """Our column → theirs, found by values alone; what was told and what must be asked."""

    columns: Mapping[str, str]
    told: tuple[Told, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def by_values(raw: RawTable, columns: Mapping[str, Any], outcome: pl.Series, spare: list[str]) -> ByValues:
    """What do the columns that no name explains hold?

    Args:
        raw: the deals as they were read.
        columns: our column → theirs, as far as known.
        outcome: won, lost, void or open of each row.
        spare: the columns that nothing else takes.
    """
    found: dict[str, str] = {}
    told: list[Told] = []
    doubts: list[Doubt] = []
    days = {c: moments for c in spare if (moments := _moments(raw, c)) is not None}
    if "created_at" not in columns:
        _begin(days, raw, columns, outcome, found, doubts)
    if "outcome_at" not in columns:
        _end(days, outcome, found, doubts)
    if "amount" not in columns:
        _amount(raw, [c for c in spare if c not in days], found, doubts)
    if "owner" not in columns:
        mails = [c for c in spare if _are(raw.frame[c], _MAIL) and raw.frame[c].n_unique() < raw.frame.height / 2]
        if len(mails) == 1:
            found["owner"] = mails[0]
    told += [Told("by_values", {"column": theirs, "ours": ours}) for ours, theirs in found.items()]
    return ByValues(found, tuple(told), tuple(doubts))


def can_be_asked(cells: pl.Series) -> bool:
    """Can one ask by the cells of a column: text of few values, numbers, days; not free text, not a blank column?"""
    texts = cells.cast(pl.String, strict=False).str.strip_chars().replace("", None).drop_nulls()
    if not len(texts):
        return False
    if texts.n_unique() <= max(_FEW, len(texts) // 10):
        return True
    plain = texts.str.contains(r"^[^A-Za-z]*\d[^A-Za-z]*$|^\d{4}-\d\d-\d\dT").mean() or 0.0
    return float(plain) >= _READS and texts.n_unique() < len(texts)  # type: ignore[arg-type]


def _begin(
    days: Mapping[str, pl.Series],
    raw: RawTable,
    columns: Mapping[str, Any],
    outcome: pl.Series,
    found: dict[str, str],
    doubts: list[Doubt],
) -> None:
    """The day that every deal has, and that lies before every other of its days."""
    full = [c for c, at in days.items() if 1 - at.null_count() / max(1, len(at)) >= _ALL]
    known_end = columns.get("outcome_at")
    ends = [] if not isinstance(known_end, str) else [_moments(raw, known_end)]
    others = [at for at in (*days.values(), *ends) if at is not None]
    first = [c for c in full if all(_before(days[c], at) for at in others)]
    if len(first) == 1 and (len(others) > 1 or not outcome.is_in(["won", "lost"]).any()):
        found["created_at"] = first[0]
    elif full:
        place = ("tables", "deals", "columns")
        readings = [
            Reading({(*place, ours): c}, {"column": c, "ours": ours})
            for c in full
            for ours in ("created_at", "outcome_at")
        ]
        doubts.append(Doubt("day_of_what", {"columns": ", ".join(full)}, tuple(readings)))


def _end(days: Mapping[str, pl.Series], outcome: pl.Series, found: dict[str, str], doubts: list[Doubt]) -> None:
    """The day that ended deals have and open ones have not."""
    ended, going = outcome.is_in(["won", "lost"]), outcome == "open"
    likely = [
        c
        for c, at in days.items()
        if c != found.get("created_at")
        and (at.is_not_null().filter(ended).mean() or 0.0) >= _ALL  # type: ignore[operator]
        and (at.is_not_null().filter(going).mean() or 0.0) <= _RARE  # type: ignore[operator]
    ]
    if len(likely) == 1 and going.any():
        found["outcome_at"] = likely[0]
        return
    full = [c for c in days if c != found.get("created_at") and days[c].is_not_null().filter(ended).mean()]
    if full and ended.any() and not doubts:
        readings = tuple(
            Reading({("tables", "deals", "columns", "outcome_at"): c}, {"column": c, "ours": "outcome_at"})
            for c in full
        )
        doubts.append(Doubt("day_of_what", {"columns": ", ".join(full)}, readings))


def _amount(raw: RawTable, spare: list[str], found: dict[str, str], doubts: list[Doubt]) -> None:
    """The one column of numbers that can be money."""
    numbers = [c for c in spare if money(c) != "reckoned" and _is_money(raw, c)]
    signed = [c for c in numbers if raw.frame[c].dtype == pl.String and raw.frame[c].str.contains("[€$£]").any()]
    spoken = [c for c in spare if speaks_of_money(c) and money(c) != "reckoned" and _are(raw.frame[c], _NUMBER)]
    likely = spoken or signed or numbers
    if len(likely) == 1 and likely[0] in numbers and not (spoken and is_in_thousands(likely[0])):
        found["amount"] = likely[0]
    elif likely:
        place = ("tables", "deals", "columns", "amount")
        readings = tuple(Reading({place: c}, {"column": c, "sum": round(sum_of(raw, c))}) for c in likely)
        doubts.append(Doubt(unsure_of(likely), {"columns": ", ".join(likely)}, readings))


def _moments(raw: RawTable, column: str) -> pl.Series | None:
    """The cells of a column as instants, where nearly all that are filled are some."""
    cells = raw.frame[column]
    if cells.dtype.is_numeric() or _are(cells, r"^\s*-?\d+([.,]\d+)?\s*$"):
        return None
    ours = raw.frame.select("_row", created_at=pl.col(column))
    at = parse(RawTable(raw.file, ours, (), raw.source), "deals").frame["created_at"]
    filled = _n_filled(cells)
    return at if filled and at.is_not_null().sum() >= _READS * filled else None


def _before(one: pl.Series, other: pl.Series) -> bool:
    """Is one never after the other, but for a slip? A day may stand for a moment of it."""
    both = pl.DataFrame({"a": one.dt.date(), "b": other.dt.date()}).drop_nulls()
    return both.height > 0 and float((both["a"] <= both["b"]).mean() or 0.0) >= _ALL  # type: ignore[arg-type]


def _is_money(raw: RawTable, column: str) -> bool:
    """Numbers of many values, none of them a share, a year or a row's number."""
    cells = raw.frame[column]
    ours = raw.frame.select("_row", amount=pl.col(column))
    values = parse(RawTable(raw.file, ours, (), raw.source), "deals").frame["amount"]
    filled = _n_filled(cells)
    if not filled or values.is_not_null().sum() < _READS * filled or values.drop_nulls().n_unique() < 3:
        return False
    middle = float(values.median() or 0.0)  # type: ignore[arg-type]
    is_years = bool(values.drop_nulls().is_between(1990, 2100).all())
    return middle > 100 and not is_years


def _n_filled(cells: pl.Series) -> int:
    return int(cells.cast(pl.String, strict=False).str.strip_chars().replace("", None).is_not_null().sum())


def _are(cells: pl.Series, pattern: str) -> bool:
    texts = cells.cast(pl.String, strict=False).str.strip_chars().replace("", None).drop_nulls()
    return len(texts) > 0 and float(texts.str.contains(pattern).mean() or 0.0) >= _READS  # type: ignore[arg-type]
