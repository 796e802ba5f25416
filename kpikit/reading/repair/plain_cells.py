r"""What stands in cells and is not meant: invisible characters, ``="007"`` for a text, ``\N`` for nothing."""

from __future__ import annotations

import polars as pl

from kpikit.errors import Fault

#: Marks of byte order, of direction, and blanks of no width: nobody sees them, and no id with one equals another.
_INVISIBLE = "[\u200b\u200e\u200f\u2060\ufeff]"
#: These join letters of some scripts, so they go only where all the rest is plain.
_JOINERS = "[\u00ad\u200c\u200d]"
_TEXT_FORMULA = r'^="(.*)"$'
_NOTHING = r"\N"


def plain_cells(frame: pl.DataFrame, file: str, *, is_ascii: bool) -> tuple[pl.DataFrame, list[Fault]]:
    """The frame with each cell as it was meant, and what was taken away. ``is_ascii``: nothing invisible is there."""
    faults: list[Fault] = []
    changed: list[pl.Series] = []
    for name in frame.columns:
        series = frame[name]
        if series.dtype != pl.String:
            continue
        for rule, mask, meant in _unmeant(series, is_ascii=is_ascii):
            if mask.any():
                n, row = int(mask.sum()), int(frame["_row"][mask.arg_max() or 0])
                value = str(series.filter(mask)[0])
                faults.append(Fault(rule, file=file, row=row, column=name, value=_visible(value), n=n))
                series = meant
        if series is not frame[name]:
            changed.append(series.alias(name))
    return (frame.with_columns(changed) if changed else frame), faults


def _unmeant(series: pl.Series, *, is_ascii: bool) -> list[tuple[str, pl.Series, pl.Series]]:
    """Rules, the cells that break them, and the series without what was not meant."""
    found: list[tuple[str, pl.Series, pl.Series]] = []
    if not is_ascii:
        seen = series.str.replace_all(_INVISIBLE, "")
        joined = seen.str.replace_all(_JOINERS, "")
        is_plain = joined.str.len_bytes() == joined.str.len_chars()
        seen = pl.select(pl.when(is_plain).then(joined).otherwise(seen)).to_series()
        found.append(("invisible_characters", (seen != series).fill_null(value=False), seen))
        series = seen
    is_formula = series.str.starts_with('="') & series.str.ends_with('"') & (series.str.len_bytes() > 2)
    is_formula = is_formula.fill_null(value=False)
    if is_formula.any():
        bare = series.str.extract(_TEXT_FORMULA).str.replace_all('""', '"', literal=True)
        series = pl.select(pl.when(is_formula).then(bare).otherwise(series)).to_series()
        found.append(("text_formula", is_formula, series))
    is_nothing = (series == _NOTHING).fill_null(value=False)
    if is_nothing.any():
        found.append(("read_as_empty", is_nothing, series.set(is_nothing, None)))
    return found


def _visible(text: str) -> str:
    """The text with its invisible characters written out."""
    return "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in text)
