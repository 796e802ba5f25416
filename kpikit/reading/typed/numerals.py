"""Texts that are numbers: decimal comma or point (decided for the column as a whole), money, per cent, accounts."""

from __future__ import annotations

import polars as pl

from kpikit.errors import Fault
from kpikit.reading.cells import Cells, per_distinct
from kpikit.reading.typed.formats import Formats

_CURRENCY = (
    r"(?:US\$|CA\$|AU\$|[€$£¥₹₺₽₩]|"
    r"(?i:EUR|USD|GBP|CHF|CAD|AUD|NZD|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|ZAR|BRL|MXN|SGD|HKD|ILS|AED|kr\.?|zł|Kč))"
)
_CODES = {"€": "EUR", "$": "USD", "US$": "USD", "CA$": "CAD", "AU$": "AUD", "£": "GBP", "¥": "JPY", "KR.": "KR"}
_SPACE = r"[\s\u{00A0}\u{202F}\u{2009}]"
#: One mark with exactly three digits behind it: a decimal or a thousands mark, nobody can tell from this cell.
_OPEN = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
_NUMERIC = r"^[+-]?[.,'’_\s\u{00A0}\u{202F}\u{2009}]*\d[\d.,'’_\s\u{00A0}\u{202F}\u{2009}]*$"
_EXPONENT = r"(?:[eE][+-]?\d+)?$"
_SHAPES = {
    ",": rf"^[+-]?(?:\d+|[1-9]\d?\d?(?:[.'’_]\d{{3}})+|[1-9]\d?\d?(?:{_SPACE}\d{{3}})+)?(?:,\d*)?{_EXPONENT}",
    ".": rf"^[+-]?(?:\d+|[1-9]\d?\d?(?:,\d\d\d?)*(?:[,'’_]\d{{3}})+|[1-9]\d?\d?(?:{_SPACE}\d{{3}})+)?(?:\.\d*)?"
    + _EXPONENT,
}


def read_numbers(
    cells: Cells, formats: Formats, *, is_whole: bool, has_currency: bool
) -> tuple[pl.Series, list[Fault]]:
    """The numbers of a column (Float64, or Int64 when ``is_whole``) and what was odd about it."""
    read = per_distinct(cells.text, lambda distinct: _read(distinct, formats, has_currency=has_currency))
    values, faults = read["value"], cells.faults(read["rule"])
    return whole(cells, values, faults) if is_whole else (values, faults)


def read_plain(cells: Cells, formats: Formats, *, is_whole: bool) -> tuple[pl.Series, list[Fault]] | None:
    """A column of plain numbers in one go; None: it takes :func:`read_numbers`."""
    if is_whole:
        integers = cells.text.cast(pl.Int64, strict=False)
        if integers.null_count() == cells.text.null_count():
            return integers, []
    plain = cells.text.cast(pl.Float64, strict=False)
    if not _is_settled(cells.text, plain, formats):
        return None
    return whole(cells, plain, []) if is_whole else (plain, [])


def whole(cells: Cells, values: pl.Series, faults: list[Fault]) -> tuple[pl.Series, list[Fault]]:
    """Numbers as Int64; those with a fraction become null with a fault."""
    broken = (values != values.round(0)) | (values.abs() > 2**53)
    if broken.any():
        faults = faults + cells.faults(pl.select(pl.when(broken).then(pl.lit("not_whole"))).to_series())
        values = values.set(broken.fill_null(value=False), None)
    return values.cast(pl.Int64, strict=False), faults


def _is_settled(text: pl.Series, plain: pl.Series, formats: Formats) -> bool:
    """Is every cell a plain number with a decimal point, and no ``1.234`` among them that could be a thousand?"""
    if formats.decimal == "," or formats.thousands == "." or plain.null_count() != text.null_count():
        return False
    if not plain.is_finite().all():
        return False
    if formats.decimal == ".":
        return True
    pointed = text.str.contains(".", literal=True)
    return not pointed.any() or _point_is_decimal(text.filter(pointed))


def _point_is_decimal(pointed: pl.Series) -> bool:
    return bool((~pointed.str.contains(_OPEN)).any())


def _read(distinct: pl.Series, formats: Formats, *, has_currency: bool) -> pl.DataFrame:
    """Each distinct text with its value, and the rule it breaks."""
    frame = distinct.to_frame().with_columns(
        _bare(pl.col("text")).alias("bare"), _is_percent(pl.col("text")).alias("percent")
    )
    decimal, undecided = _decimal_mark(frame["bare"], formats)
    bare, value = pl.col("bare"), _value(pl.col("bare"), decimal)
    rules = [pl.when(value.is_null() | ~value.is_finite()).then(pl.lit("unreadable_number"))]
    if undecided:
        marked = bare.str.contains(_NUMERIC) & bare.str.contains(r"[.,]")
        rules.insert(0, pl.when(marked).then(pl.lit(undecided)))
    named = frame["text"].str.extract(f"({_CURRENCY})").drop_nulls().str.to_uppercase()
    if named.replace(_CODES).n_unique() > 1 and not has_currency:
        rules.append(pl.when(pl.col("text").str.contains(_CURRENCY)).then(pl.lit("currency_mixed")))
    if frame["percent"].any():
        rules.append(pl.when("percent").then(pl.lit("percent" if frame["percent"].all() else "percent_mixed")))
    value = pl.when("percent").then(value / 100).otherwise(value)
    frame = frame.with_columns(rule=pl.coalesce(*rules), value=value)
    lost = pl.col("rule").is_in(["unreadable_number", "decimal_mixed", "decimal_ambiguous"])
    return frame.select("text", "rule", value=pl.when(~lost.fill_null(value=False)).then("value"))


def _is_percent(text: pl.Expr) -> pl.Expr:
    return text.str.contains(r"%\)?$")


def _bare(text: pl.Expr) -> pl.Expr:
    """Digits, marks and at most one leading minus: without currency, per cent, brackets of a loss, ``,-``."""
    bare = text.str.replace_all("[\u2212\u2013]", "-").str.replace(r"^\(-?(.*)\)$", "-$1")
    bare = bare.str.replace(rf"{_SPACE}*%{_SPACE}*$", "")
    bare = bare.str.replace(rf"^([+-]?){_SPACE}*{_CURRENCY}{_SPACE}*", "$1").str.replace(
        rf"{_SPACE}*{_CURRENCY}(-?)$", "$1"
    )
    bare = bare.str.replace(r"[.,]-+$", "").str.replace(r"^(\d.*)-$", "-$1")
    return bare.str.replace(rf"^([+-]){_SPACE}+", "$1")


def _decimal_mark(bare: pl.Series, formats: Formats) -> tuple[str, str | None]:
    """The decimal mark of the column, or the rule that says why there is none."""
    if formats.decimal or formats.thousands in (",", "."):
        return formats.decimal or {",": ".", ".": ","}[str(formats.thousands)], None
    marked = bare.filter(bare.str.contains(_NUMERIC) & bare.str.contains(r"[.,]"))
    fits_comma, fits_point = marked.str.contains(_SHAPES[","]), marked.str.contains(_SHAPES["."])
    comma, point = bool((fits_comma & ~fits_point).any()), bool((fits_point & ~fits_comma).any())
    unclear = marked.filter(fits_comma & fits_point)
    kinds = [unclear.str.contains(mark, literal=True).any() for mark in ",."]
    if (comma and point) or (all(kinds) and not comma and not point):
        return ".", "decimal_mixed"
    if comma or point:
        return "," if comma else ".", None
    return ".", "decimal_ambiguous" if len(unclear) else None


def _value(bare: pl.Expr, decimal: str) -> pl.Expr:
    tight = bare.str.replace_all(rf"{_SPACE}|['’_]", "").str.replace_all(
        "." if decimal == "," else ",", "", literal=True
    )
    fits = bare.str.contains(_SHAPES[decimal]) & bare.str.contains(r"\d")
    return pl.when(fits).then(tight.str.replace(decimal, ".", literal=True).cast(pl.Float64, strict=False))
