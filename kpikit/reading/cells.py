"""One column on its way from text to meaning: distinct texts are read once, and what was odd is counted as faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from kpikit.errors import Fault
from kpikit.reading.typed.evidence import Evidence

#: Up to so many cells that break one rule are named one by one; beyond, one fault counts them.
NAMED = 20
#: Rules that are about a value rather than about each cell that holds it: one fault for each such value.
BY_VALUE = frozenset(
    {"sentinel_date", "placeholder_text", "read_as_empty", "excel_error", "unknown_choice", "unknown_stage"}
)
#: Rules that are about a column as a whole: always one fault.
BY_COLUMN = frozenset(
    {
        "day_month_ambiguous",
        "day_month_mixed",
        "decimal_ambiguous",
        "decimal_mixed",
        "percent",
        "percent_mixed",
        "unit",
        "unit_mixed",
        "thousands_by_shape",
        "order_as_beside",
    }
    | {
        "days_swapped",
        "days_maybe_swapped",
        "zone_two_meanings",
        "currency_mixed",
        "epoch_time",
        "excel_serial",
        "time_ambiguous",
        "mixed_zones",
        "id_scientific",
    }
    | {"duplicate_row", "repeated_row", "future_activity", "open_with_end", "closed_without_date"}
)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one column: where they stand and what they hold (text stripped, empty is null; or any kind)."""

    table: str
    file: str | None
    column: str
    rows: pl.Series
    text: pl.Series

    def faults(self, rules: pl.Series, **values: Any) -> list[Fault]:
        """One fault for each cell with a rule's code in ``rules``; grouped where there are many."""
        marked = rules.is_not_null()
        if not marked.any():
            return []
        frame = (
            pl.DataFrame({"row": self.rows, "text": self.text, "rule": rules})
            .filter(marked)
            .with_columns(_as_shown(pl.col("text"), self.text.dtype))
        )
        found: list[Fault] = []
        for (rule,), part in frame.group_by("rule", maintain_order=True):
            found += self._grouped(str(rule), part, values)
        return found

    def at(self, mask: pl.Series) -> Cells:
        """Only the cells under the mask."""
        return Cells(self.table, self.file, self.column, self.rows.filter(mask), self.text.filter(mask))

    def first(self, mask: pl.Series) -> tuple[int | None, str | None]:
        """The row and the text of the first cell under the mask."""
        at = mask.fill_null(value=False).arg_max()
        if at is None or not mask[at]:
            return None, None
        return int(self.rows[at]), str(self.text[at])

    def fault(self, rule: str, *, n: int = 1, row: int | None = None, value: str | None = None, **values: Any) -> Fault:
        """One fault of this column."""
        return Fault(rule, self.table, self.file, row, self.column, value, n, values)

    def _grouped(self, rule: str, part: pl.DataFrame, values: dict[str, Any]) -> list[Fault]:
        if rule in BY_VALUE:
            groups = [g for _, g in part.group_by("text", maintain_order=True)]
            if len(groups) <= NAMED:
                return [self._one(rule, group, values) for group in groups]
        if rule in BY_COLUMN or part.height > NAMED:
            return [self._one(rule, part, values)]
        return [self.fault(rule, row=row, value=text, **values) for row, text in part.select("row", "text").rows()]

    def _one(self, rule: str, part: pl.DataFrame, values: dict[str, Any]) -> Fault:
        row, value = part.select("row", "text").row(0)
        if part.height > 1:
            first = part.head(NAMED)
            values = values | {
                "rows": first["row"].to_list(),
                "examples": first["text"].unique(maintain_order=True)[:5].to_list(),
            }
        return self.fault(rule, n=part.height, row=row, value=value, **values)


def distinct(text: pl.Series) -> pl.DataFrame:
    """The distinct texts (never null) in the order in which they come, and how many cells hold each: ``text, n``."""
    return text.drop_nulls().to_frame("text").group_by("text", maintain_order=True).len("n")


def laid_back(text: pl.Series, read: pl.DataFrame) -> pl.DataFrame:
    """What is known of each distinct ``text``, laid over all cells in their order."""
    return text.to_frame("text").join(read, on="text", how="left", maintain_order="left").drop("text")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the cells of one column mean, what was odd, and how the notation was decided (None: there was none to)."""

    values: pl.Series
    faults: list[Fault]
    evidence: Evidence | None = None


def clean(series: pl.Series) -> pl.Series:
    """Text without surrounding white space; a cell with nothing left is null."""
    stripped = series.str.strip_chars()
    return stripped.set(stripped == "", None) if (stripped == "").any() else stripped


def _as_shown(cells: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Values as text; an instant to the minute, in UTC."""
    return cells.dt.strftime("%Y-%m-%d %H:%M UTC") if isinstance(dtype, pl.Datetime) else cells.cast(pl.String)
