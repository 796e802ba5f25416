"""Which column of money is what a deal is worth, and per what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from kpikit.reading import RawTable, parse
from kpikit.sources.doubts import Doubt, Reading, Told
from kpikit.sources.vocabulary import money

_AMOUNT = ("tables", "deals", "columns", "amount")
#: cells beside which a column counts as filled, and rows from which it can be told
_FILLED, _FEWEST = 0.05, 2
#: from this share of cells with a sign on a column is one of money
_SIGNED = 0.9
_SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD"}
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
        home = _home(raw, str(chosen), converted, columns.get("currency"))
        if home is not None:
            told = Told("money_converted", {"column": home[0], "other": chosen, "currency": home[1]})
            return Money(home[0], "", home[1], (told, *passed))
        rivals = [c for c in own if c != chosen and not _same(raw, str(chosen), c)] + _scaled(raw, str(chosen))
        return Money(chosen, told=passed, doubts=_doubts(raw, [str(chosen), *rivals], kinds))
    found = own or recurring or converted
    if not found and named is not None and kinds.get(named) == "reckoned":
        return Money(None, doubts=_doubts(raw, [named], kinds))
    if not found:
        return Money(named)
    return Money(found[0], _PER.get(kinds.get(found[0], ""), ""), doubts=_doubts(raw, found, kinds))


def sum_of(raw: RawTable, column: str) -> float:
    """What stands in a column of money, all together, as the reader reads it."""
    return float(_read(raw, column).sum() or 0.0)


def _doubts(raw: RawTable, columns: list[str], kinds: Mapping[str, str]) -> tuple[Doubt, ...]:
    if len(columns) < 2 and kinds.get(columns[0]) != "reckoned":
        return ()
    readings = []
    for column in columns:
        per = _PER.get(kinds.get(column, ""), "")
        meant = {"column": column, "per": per} if per else column
        readings.append(Reading({_AMOUNT: meant}, {"column": column, "sum": round(sum_of(raw, column))}))
    return (Doubt(unsure_of(columns), {"columns": ", ".join(columns)}, tuple(readings)),)


def unsure_of(columns: Sequence[str]) -> str:
    """The question that columns of money raise: which of them, or whether the only one is meant as it stands."""
    return "money_columns" if len(columns) > 1 else "money_unsure"


def _is_filled(cells: pl.Series) -> bool:
    texts = cells.cast(pl.String, strict=False).str.strip_chars()
    n = int((texts.is_not_null() & (texts != "")).sum())
    return n >= min(_FEWEST, len(cells)) and n >= _FILLED * len(cells)


def _same(raw: RawTable, one: str, other: str) -> bool:
    """Do two columns hold the same amounts?"""
    a, b = (raw.frame[c].cast(pl.String, strict=False).str.strip_chars() for c in (one, other))
    return bool((a == b).fill_null(value=True).all())


def _scaled(raw: RawTable, amount: str) -> list[str]:
    """Columns that write the same amounts with a sign, and a hundred or a thousand times less or more: cents."""
    signed = [c for c in raw.frame.columns if c not in ("_row", amount) and raw.frame[c].dtype == pl.String]
    signed = [c for c in signed if (raw.frame[c].str.contains("[€$£]").mean() or 0.0) > _SIGNED]  # type: ignore[operator]
    ours = _read(raw, amount)
    return [c for c in signed if any(_all_near(ours, _read(raw, c) * times) for times in (100, 1000, 0.01, 0.001))]


def _all_near(one: pl.Series, other: pl.Series) -> bool:
    both = pl.DataFrame({"a": one, "b": other}).drop_nulls().filter(pl.col("a") != 0)
    return both.height >= _FEWEST and bool(((both["a"] - both["b"]).abs() <= 0.01 * both["a"].abs()).all())


def _read(raw: RawTable, column: str) -> pl.Series:
    ours = raw.frame.select("_row", amount=pl.col(column))
    return parse(RawTable(raw.file, ours, (), raw.source), "deals").frame["amount"]


def _home(raw: RawTable, amount: str, converted: list[str], currency: str | None) -> tuple[str, str] | None:
    """A converted column and its currency, where amounts stand in several: the one whose amounts did not change."""
    frame = raw.frame
    if currency is None or currency not in frame.columns or not converted:
        return None
    codes = frame[currency].cast(pl.String).str.strip_chars()
    if codes.drop_nulls().n_unique() < 2:
        return None
    column = converted[0]
    of_nothing = (_read(raw, column).fill_null(0) == 0) & (_read(raw, amount).fill_null(0) != 0)
    if of_nothing.any():  # a rate was missing: worth what it says in its own currency, not nothing
        return None
    same = frame.select(
        code=codes,
        same=pl.col(amount).cast(pl.String).str.strip_chars() == pl.col(column).cast(pl.String).str.strip_chars(),
    ).drop_nulls()
    kept = same.group_by("code").agg(pl.col("same").mean()).filter(pl.col("same") >= 0.95)
    return (column, kept["code"][0]) if kept.height == 1 else None


def currency_of(frame: pl.DataFrame, currency: str | None, amount: str | None) -> str | None:
    """The currency of most deals: their own column, else the sign beside their amounts."""
    if currency is not None and currency in frame.columns:
        codes = frame[currency].cast(pl.String).drop_nulls()
        codes = codes.filter(codes.str.contains(r"^[A-Z]{3}$"))
        return codes.mode().sort()[0] if len(codes) else None
    if amount is None or amount not in frame.columns or frame[amount].dtype != pl.String:
        return None
    texts = frame[amount].drop_nulls()
    found = {code: int(texts.str.contains(sign, literal=True).sum()) for sign, code in _SYMBOLS.items()}
    best = max(found, key=lambda code: found[code])
    return best if found[best] else None
