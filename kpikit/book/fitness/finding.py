"""One thing that was found about an export, as codes and numbers."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import date
from typing import Any, Literal

import polars as pl

SCHEMA = {
    "part": pl.String,
    "code": pl.String,
    "subject": pl.String,
    "status": pl.String,
    "n": pl.Int64,
    "of": pl.Int64,
    "example": pl.String,
    "at": pl.Date,
    "reason": pl.String,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """``n`` of ``of`` rows of a subject show this; ``look`` when that is worth a look, ``missing`` when all do."""

    part: Literal["answers", "history", "gaps", "oddities", "left_out", "door"]
    code: str
    subject: str
    status: Literal["fine", "look", "missing"]
    n: int | None = None
    of: int | None = None
    example: str | None = None
    at: date | None = None
    reason: str | None = None

    def as_row(self) -> tuple[Any, ...]:
        """The finding as a row of :data:`SCHEMA`."""
        return astuple(self)
