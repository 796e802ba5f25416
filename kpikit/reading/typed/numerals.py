"""Texts that are numbers: decimal comma or point (decided for the column as a whole), money, per cent, accounts."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from kpikit.crms import cell_words
from kpikit.errors import Fault
from kpikit.reading.cells import Cells, Reading, distinct, laid_back
from kpikit.reading.typed.decimal_marks import OPEN, SHAPES, Weighed, weigh
from kpikit.reading.typed.evidence import Evidence
from kpikit.reading.typed.formats import Formats

_CURRENCY = (
    r"(?:US\$|CA\$|AU\$|[€$£¥₹₺₽₩]|"
    r"(?i:EUR|USD|GBP|CHF|CAD|AUD|NZD|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|ZAR|BRL|MXN|SGD|HKD|ILS|AED|kr\.?|zł|Kč))"
)
_CODES = {"€": "EUR", "$": "USD", "US$": "USD", "CA$": "CAD", "AU$": "AUD", "£": "GBP", "¥": "JPY", "KR.": "KR"}
_SPACE = r"[\s\u{00A0}\u{202F}\u{2009}]"
#: Columns of money, whose thousands may be marked.
_MONEY = ("amount",)
#: Below it a number without a unit, among others that have one, may be meant in theirs.
_SMALL = 1000


def read_numbers(cells: Cells, formats: Formats, *, is_whole: bool, has_currency: bool) -> Reading:
    """The numbers of a column (Float64, or Int64 when ``is_whole``), what was odd about it, and its decimal mark."""
    frame = distinct(cells.text)
    frame = frame.with_columns(_bare(pl.col("text")).alias("bare"), _is_percent(pl.col("text")).alias("percent"))
    frame = _without_units(frame)
    weighed = weigh(frame["bare"], frame["n"], formats, is_money=cells.column in _MONEY)
    read = laid_back(cells.text, _read(frame, weighed, has_currency=has_currency))
    said = {"mark": weighed.mark, "others": weighed.n} | (weighed.readings or {})
    faults = cells.faults(read["rule"], **said)
    row, value = cells.first(read["decisive"])
    evidence = Evidence(
        cells.column,
        "" if weighed.rule else weighed.mark if weighed.n else "plain",
        *(weighed.n, weighed.against, weighed.both, row, value),
    )
    values = read["value"]
    return whole(cells, values, faults, evidence) if is_whole else Reading(values, faults, evidence)


def read_plain(cells: Cells, formats: Formats, *, is_whole: bool) -> Reading | None:
    """A column of plain numbers in one go; None: it takes :func:`read_numbers`."""
    plainly = Evidence(cells.column, "plain")
    if is_whole:
        integers = cells.text.cast(pl.Int64, strict=False)
        if integers.null_count() == cells.text.null_count():
            return Reading(integers, [], plainly)
    plain = cells.text.cast(pl.Float64, strict=False)
    if formats.decimal == "," or formats.thousands == "." or plain.null_count() != cells.text.null_count():
        return None
    if not plain.is_finite().all():
        return None
    pointed = cells.text.str.contains(".", literal=True)
    n = int(pointed.sum())
    if n and formats.decimal is None:
        if cells.text.filter(pointed).str.contains(OPEN).any():
            return None
        row, value = cells.first(pointed)
        plainly = Evidence(cells.column, ".", n, row=row, value=value)
    return whole(cells, plain, [], plainly) if is_whole else Reading(plain, [], plainly)


def whole(cells: Cells, values: pl.Series, faults: list[Fault], evidence: Evidence | None = None) -> Reading:
    """Numbers as Int64; those with a fraction become null with a fault."""
    broken = (values != values.round(0)) | (values.abs() > 2**53)
    if broken.any():
        faults = faults + cells.faults(pl.select(pl.when(broken).then(pl.lit("not_whole"))).to_series())
        values = values.set(broken.fill_null(value=False), None)
    return Reading(values.cast(pl.Int64, strict=False), faults, evidence)


def _read(frame: pl.DataFrame, weighed: Weighed, *, has_currency: bool) -> pl.DataFrame:
    """Each distinct text with its value, the rule it breaks, and whether it decided on the decimal mark."""
    bare, value = pl.col("bare"), _value(pl.col("bare"), weighed.mark)
    frame = frame.with_columns(decisive=weighed.decisive, odd=weighed.odd)
    rules = [
        pl.when("odd").then(pl.lit("number_notation")),
        pl.when(value.is_null() | ~value.is_finite()).then(pl.lit("unreadable_number")),
    ]
    if weighed.rule:
        marked = bare.str.contains(r"^[^a-zA-Z]*\d[^a-zA-Z]*$") & bare.str.contains(r"[.,]")
        rules.insert(0, pl.when(marked).then(pl.lit(weighed.rule)))
    named = frame["text"].str.extract(f"({_CURRENCY})").drop_nulls().str.to_uppercase()
    if named.replace(_CODES).n_unique() > 1 and not has_currency:
        rules.append(pl.when(pl.col("text").str.contains(_CURRENCY)).then(pl.lit("currency_mixed")))
    if frame["percent"].any():
        rules.append(pl.when("percent").then(pl.lit("percent" if frame["percent"].all() else "percent_mixed")))
    if weighed.note:
        rules.append(pl.when("decisive").then(pl.lit(weighed.note)))
    has_unit = pl.col("unit") > 1
    if frame["unit"].max() not in (None, 1):
        small = ~has_unit & (value != 0) & (value.abs() < _SMALL)
        rules += [pl.when(has_unit).then(pl.lit("unit")), pl.when(small).then(pl.lit("unit_mixed"))]
    value = pl.when("percent").then(value / 100).when(has_unit).then((value * pl.col("unit")).round(4)).otherwise(value)
    frame = frame.with_columns(rule=pl.coalesce(*rules), value=value)
    lost = pl.col("rule").is_in(["unreadable_number", "decimal_mixed", "decimal_ambiguous", "number_notation"])
    return frame.select("text", "rule", "decisive", value=pl.when(~lost.fill_null(value=False)).then("value"))


@cache
def _units() -> dict[str, int]:
    """Words and letters for a thousand, a million and a thousand millions, in any language."""
    words = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
    return {word: size for key, size in words.items() for word in cell_words(key)}


def _without_units(frame: pl.DataFrame) -> pl.DataFrame:
    """``bare`` without a unit behind the number (``5k``, ``1,2 mln``), and ``unit``: what that multiplies it by."""
    if not frame["bare"].str.contains(rf"\d[.,]?{_SPACE}*[^\W\d_]").any():
        return frame.with_columns(unit=pl.lit(1))
    names = "|".join(sorted(map(re.escape, _units()), key=len, reverse=True))
    parts = rf"(?i)^([+-]?[^a-z]*\d[.,]?){_SPACE}*({names})\.?$"
    word = pl.col("bare").str.extract(parts, 2).str.to_lowercase()
    return frame.with_columns(
        unit=word.replace_strict(_units(), default=1, return_dtype=pl.Int64),
        bare=pl.coalesce(pl.col("bare").str.extract(parts, 1), "bare"),
    )


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


def _value(bare: pl.Expr, decimal: str) -> pl.Expr:
    tight = bare.str.replace_all(rf"{_SPACE}|['’_]", "").str.replace_all(
        "." if decimal == "," else ",", "", literal=True
    )
    fits = bare.str.contains(SHAPES[decimal]) & bare.str.contains(r"\d")
    return pl.when(fits).then(tight.str.replace(decimal, ".", literal=True).cast(pl.Float64, strict=False))
