"""What one validation keeps: the tables as they shrink, the rows dropped from them, and all that was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from kpikit.errors import Fault
from kpikit.reading.cells import Cells

#: The columns of ``dropped``: where the row stood, the rule it broke, and the whole row as JSON text.
DROPPED = pl.Schema(
    {
        "table": pl.String,
        "file": pl.String,
        "_row": pl.UInt32,
        "rule": pl.String,
        "column": pl.String,
        "value": pl.String,
        "row": pl.String,
    }
)
#: Names a row while a validation runs (``_row`` need not be unique: a table may come from two files).
AT = "_at"


@dataclass(slots=True)
class Desk:
    """Where one validation keeps its papers: the frames as they shrink, what was dropped, the faults so far."""

    frames: dict[str, pl.DataFrame]
    files: Mapping[str, str]
    dropped: list[pl.DataFrame] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def report(self, table: str, rule: str, column: str, mask: pl.Expr | pl.Series, **values: Any) -> pl.DataFrame:
        """Faults for the rows under the mask, which are returned."""
        bad = self.frames[table].filter(mask.fill_null(value=False))
        if bad.height:
            rules = pl.Series("rule", [rule]).new_from_index(0, bad.height)
            self.faults += Cells(table, self.files.get(table), column, bad["_row"], bad[column]).faults(rules, **values)
        return bad

    def add(self, rule: str, table: str, column: str | None = None, *, n: int = 1, **values: Any) -> None:
        """One fault about a table or column as a whole."""
        self.faults.append(Fault(rule, table, self.files.get(table), None, column, None, n, values))

    def drop(self, table: str, rule: str, column: str, mask: pl.Expr | pl.Series, **values: Any) -> None:
        """Report the rows under the mask and take them out of the table."""
        bad = self.report(table, rule, column, mask, **values)
        if bad.height:
            self.keep(table, bad, rule, column)

    def keep(self, table: str, bad: pl.DataFrame, rule: str, column: str) -> None:
        """Move rows from the table to what was dropped."""
        cells = [c for c in bad.columns if c not in ("_row", AT)]
        value = pl.col(column).cast(pl.String) if column in cells else pl.lit(None, pl.String)
        self.dropped.append(
            bad.select(
                table=pl.lit(table),
                file=pl.lit(self.files.get(table), pl.String),
                _row=pl.col("_row").cast(pl.UInt32),
                rule=pl.lit(rule),
                column=pl.lit(column),
                value=value,
                row=pl.struct(cells).struct.json_encode(),
            )
        )
        self.frames[table] = self.frames[table].filter(~pl.col(AT).is_in(bad[AT].implode()))
