"""The record of a company's deals beside what happened, and how a habit changes the one and never the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kpikit.simulate.parameters import Parameters
from kpikit.simulate.streams import Floats, stream

Mask = NDArray[np.bool_]
Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of a habit: ``size``; of whom (``owners``; empty: of everybody); ``since_on``: in deals begun since."""

    size: float
    owners: tuple[str, ...] = ()
    since_on: date = date.min


@dataclass(frozen=True, slots=True)
class Record:
    """What has been written down by ``end``, and the past that it is written of.

    ``tables``: as the schema has them, each with ``deal``, the number of the deal in ``past``. ``past``: a row a deal
    in order: ``deal_id, owner, lift, created_at``, ``outcome`` and ``closed_at`` in the end, however late that is,
    ``offered_at``, when it first came to the third stage. ``parameters``: the process. ``touched``: by habit what it
    touched.
    """

    tables: Frames
    past: pl.DataFrame
    parameters: Parameters
    start: date
    end: datetime
    time_zone: str
    seed: int
    touched: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def stages(self) -> pl.DataFrame:
        """The stages: stage, position, probability."""
        return self.tables["stages"].select("stage", "position", "probability")

    def draws(self, *purpose: str) -> Floats:
        """A uniform draw for each deal, the same for this purpose whatever else is planted, and at whatever dose."""
        return stream(self.seed, "recording", *purpose).random(self.past.height)

    def chosen(self, habit: str, dose: Dose, eligible: Mask | None = None) -> Mask:
        """Which deals the habit touches: a larger dose touches these and more."""
        return (self.draws(habit, "who") < abs(dose.size)) & self.owned(dose, eligible)

    def with_tables(self, **tables: pl.DataFrame) -> Record:
        """The same past with other tables."""
        return replace(self, tables={**self.tables, **tables})

    def without(self, gone: Mask) -> Record:
        """Nothing is written of these deals, anywhere."""
        rest = np.flatnonzero(~gone)
        return replace(
            self,
            tables={
                name: frame.filter(pl.col("deal").is_in(rest)) if "deal" in frame.columns else frame
                for name, frame in self.tables.items()
            },
        )

    def noting(self, habit: str, dose: Dose, is_touched: Mask, **more: Any) -> Record:
        """The record, with what this habit has touched for ``truth.json``."""
        ids = self.past["deal_id"].filter(pl.Series(is_touched)).to_list()
        whose: dict[str, Any] = {"owners": list(dose.owners)} if dose.owners else {}
        whose |= {"since": str(dose.since_on)} if dose.since_on > date.min else {}
        note = {"dose": dose.size, **whose, "touched": len(ids), **more, "deals": ids}
        return replace(self, touched={**self.touched, habit: note})

    def owned(self, dose: Dose, eligible: Mask | None = None) -> Mask:
        """Every deal of those whose habit it is, begun since it is one."""
        local = self.past["created_at"].dt.convert_time_zone(self.time_zone).dt.date()
        of_whom = (local >= dose.since_on).to_numpy()
        if dose.owners:
            of_whom = of_whom & self.past["owner"].is_in(dose.owners).to_numpy()
        return of_whom if eligible is None else of_whom & eligible

    def having(self, outcome: str) -> Mask:
        """Which deals are written down with this outcome."""
        found = np.zeros(self.past.height, dtype=bool)
        found[self.tables["deals"].filter(pl.col("outcome") == outcome)["deal"].to_numpy()] = True
        return found


def spans(seconds: Floats) -> pl.Series:
    """So many whole seconds, as spans of time."""
    return pl.Series(seconds.astype(np.int64) * 1_000_000).cast(pl.Duration("us"))


def marked(frame: pl.DataFrame, mask: Mask) -> pl.Series:
    """For each row of a table, whether its deal is one of these."""
    return pl.Series(mask, dtype=pl.Boolean).gather(frame["deal"])


def valued(frame: pl.DataFrame, values: pl.Series) -> pl.Series:
    """For each row of a table, the value of its deal."""
    return values.gather(frame["deal"])
