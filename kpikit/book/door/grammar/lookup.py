"""A column of another file, found by a key: exact first, then by the same letters; what is not found is said."""

from __future__ import annotations

import polars as pl

from kpikit.errors import Fault
from kpikit.reading import RawTable


def look_up(keys: pl.Series, asking: RawTable, other: RawTable, key: str, column: str) -> tuple[pl.Series, list[Fault]]:
    """The value of ``column`` in the row of ``other`` whose ``key`` each of ``keys`` names.

    Args:
        keys: the keys, a row each of ``asking``; empty ones find nothing and are not counted as missed.
        asking: the table that asks, for the faults.
        other: the table that is asked.
        key: its column of keys. Where a key stands twice, its first row counts.
        column: its column of answers.

    Returns:
        The answers as they stand, in the order of ``keys``; and what was noticed: ``lookup_repeated`` (a key twice),
        ``lookup_near`` (found only after leaving out case, spaces and punctuation), ``lookup_missed`` (not found).
    """
    book = pl.DataFrame({"key": _text(other.frame[key]), "answer": other.frame[column], "row": other.frame["_row"]})
    book = book.filter(pl.col("key").is_not_null())
    repeated = book.filter(~pl.col("key").is_first_distinct())
    faults = []
    if repeated.height:
        row, value = repeated.select("row", "key").row(0)
        faults.append(Fault("lookup_repeated", file=other.file, row=row, column=key, value=value, n=repeated.height))
    book = book.unique("key", keep="first", maintain_order=True).with_columns(near=_letters("key"))
    asked = pl.DataFrame({"key": _text(keys), "row": asking.frame["_row"]}).with_columns(near=_letters("key"))
    exact = asked.join(book.select("key", answer="answer", is_exact=True), on="key", how="left", maintain_order="left")
    twins = book.filter(~pl.col("near").is_duplicated()).select("near", near_key="key", near_answer="answer")
    found = exact.join(twins, on="near", how="left", maintain_order="left")
    is_exact, is_near = pl.col("is_exact").fill_null(False), pl.col("near_key").is_not_null()
    for rule, wanted in (("lookup_near", ~is_exact & is_near), ("lookup_missed", ~is_exact & ~is_near)):
        rows = found.filter(wanted & pl.col("key").is_not_null())
        if rows.height:
            row, value, like = rows.select("row", "key", "near_key").row(0)
            values = {"other": other.file, "key": key, "like": like, "distinct": rows["key"].n_unique()}
            place = {"file": asking.file, "row": row, "column": keys.name, "value": value}
            faults.append(Fault(rule, n=rows.height, values=values, **place))
    return found.select(pl.when(is_exact).then("answer").otherwise("near_answer")).to_series(), faults


def _text(series: pl.Series) -> pl.Series:
    text = series.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def _letters(name: str) -> pl.Expr:
    """A key as its letters and digits only, in lower case; null where there are none."""
    letters = pl.col(name).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
    return pl.when(letters != "").then(letters)
