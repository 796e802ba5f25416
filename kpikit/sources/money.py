"""Which column of money is what a deal is worth, and per what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from kpikit.reading import RawTable, parse
from kpikit.sources.doubts import Doubt, Reading, Told
from kpikit.sources.vocabulary import money

_AMOUNT = ("tables", "deals", "columns", "amount")
#: cells beside which a column counts as filled, and rows from which it can be told
_FILLED, _FEWEST = 0.05, 2
_PER = {"year": "year", "month": "month"}


@dataclass(frozen=True)
class Money:
    """The column that a deal's worth stands in, ``per`` "year" or "month" or, "", once; what was passed over is told.

    ``home`` is the currency that every amount is in already, where a converted column is taken.
    """

    column: str | None
    per: str = ""
    home: str | None = None
    told: tuple[Told, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def worth(raw: RawTable, columns: Mapping[str, str]) -> Money:
    """Which column says what a deal is worth?

    One called amount or value wins over what is reckoned from it; several of the same standing are asked about. Amounts
    in several currencies give way to a column of the same in one, where its rows tell which one that is.
    """
    frame = raw.frame
    kinds = {c: kind for c in frame.columns if c != "_row" and (kind := money(c)) and _is_filled(frame[c])}
    named = columns.get("amount")
    own = [c for c, kind in kinds.items() if kind == "worth"]
    if named is not None and kinds.get(named) in (None, "worth") and (named not in own) and _is_filled(frame[named]):
        own.insert(0, named)
    recurring = [c for c, kind in kinds.items() if kind in _PER]
    converted = [c for c, kind in kinds.items() if kind == "converted"]
    passed = tuple(Told("money_passed", {"column": c}) for c, kind in kinds.items() if kind in ("reckoned", *_PER))
    if len(own) == 1 or (named in own and own):
        chosen = named if named in own else own[0]
        home = _home(frame, str(chosen), converted, columns.get("currency"))
        if home is not None:
            told = Told("money_converted", {"column": home[0], "other": chosen, "currency": home[1]})
            return Money(home[0], "", home[1], (told, *passed))
        rivals = [c for c in own if c != chosen and not _same(raw, str(chosen), c)]
        return Money(chosen, told=passed, doubts=_doubts(raw, [str(chosen), *rivals], kinds))
    found = own or recurring or converted
    if not found:
        return Money(named if named is not None and kinds.get(named) != "reckoned" else None)
    return Money(found[0], _PER.get(kinds.get(found[0], ""), ""), doubts=_doubts(raw, found, kinds))


def sum_of(raw: RawTable, column: str) -> float:
    """What stands in a column of money, all together, as the reader reads it."""
    ours = raw.frame.select("_row", amount=pl.col(column))
    parsed = parse(RawTable(raw.file, ours, (), raw.source), "deals").frame
    return float(parsed["amount"].sum() or 0.0)


def _doubts(raw: RawTable, columns: list[str], kinds: Mapping[str, str]) -> tuple[Doubt, ...]:
    if len(columns) < 2:
        return ()
    readings = []
    for column in columns:
        per = _PER.get(kinds.get(column, ""), "")
        meant = {"column": column, "per": per} if per else column
        readings.append(Reading({_AMOUNT: meant}, {"column": column, "sum": round(sum_of(raw, column))}))
    return (Doubt("money_columns", {"columns": ", ".join(columns)}, tuple(readings)),)


def _is_filled(cells: pl.Series) -> bool:
    texts = cells.cast(pl.String, strict=False).str.strip_chars()
    n = int((texts.is_not_null() & (texts != "")).sum())
    return n >= min(_FEWEST, len(cells)) and n >= _FILLED * len(cells)


def _same(raw: RawTable, one: str, other: str) -> bool:
    """Do two columns hold the same amounts?"""
    a, b = (raw.frame[c].cast(pl.String, strict=False).str.strip_chars() for c in (one, other))
    return bool((a == b).fill_null(value=True).all())


def _home(frame: pl.DataFrame, amount: str, converted: list[str], currency: str | None) -> tuple[str, str] | None:
    """A converted column and its currency, where amounts stand in several: the one whose amounts did not change."""
    if currency is None or currency not in frame.columns or not converted:
        return None
    codes = frame[currency].cast(pl.String).str.strip_chars()
    if codes.drop_nulls().n_unique() < 2:
        return None
    column = converted[0]
    same = frame.select(
        code=codes,
        same=pl.col(amount).cast(pl.String).str.strip_chars() == pl.col(column).cast(pl.String).str.strip_chars(),
    ).drop_nulls()
    kept = same.group_by("code").agg(pl.col("same").mean()).filter(pl.col("same") >= 0.95)
    return (column, kept["code"][0]) if kept.height == 1 else None
