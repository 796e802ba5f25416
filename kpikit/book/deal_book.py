"""The deal book itself: a frozen value that every question is asked of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from kpikit.book import past
from kpikit.book.door import building
from kpikit.book.door.instants import UNDATED
from kpikit.book.fitness import fitness
from kpikit.book.own_fields import OwnField
from kpikit.book.settings import Settings
from kpikit.engine.codes import Coded
from kpikit.engine.remembered import without_memory
from kpikit.errors import Fault

Frame = pl.DataFrame | pl.LazyFrame


@dataclass(frozen=True, repr=False, eq=False)
class DealBook:
    """Validated tables, settings, and the instant up to which they speak.

    ``tables`` maps a table's name to its frame (columns: :data:`kpikit.schema.TABLES`, and what the door adds: teams,
    local days and amounts in the book's currency). ``dropped`` holds the rows refused at the door with the rule each
    broke, ``faults`` everything that was noticed there. ``answers_in`` is the kind of frame that answers come in:
    pandas if the book was made from pandas, else polars. ``team`` narrows every answer to one team
    (:func:`kpikit.book.of_team`). ``coded`` are its visits to stages with numbers for names, where it was prepared.
    ``own`` are its own fields: columns of the export that the schema has no name for, and when each becomes known.
    """

    tables: Mapping[str, Frame]
    settings: Settings
    as_of: datetime
    dropped: pl.DataFrame
    faults: tuple[Fault, ...] = ()
    answers_in: Literal["polars", "pandas"] = "polars"
    hash: str = ""
    team: str | None = None
    coded: Coded | None = None
    own: tuple[OwnField, ...] = ()

    @classmethod
    def from_frames(
        cls,
        *,
        deals: Any,
        stage_events: Any = None,
        stages: Any = None,
        as_of: datetime | None = None,
        settings: Settings | None = None,
        own: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        **tables: Any,
    ) -> DealBook:
        """A book from polars or pandas frames in kpikit's own columns.

        Args:
            deals: one row a deal; needs ``deal_id``, ``pipeline``, ``outcome`` (open, won, lost, void).
            stage_events: ``deal_id, stage, entered_at``; without it stage questions are refused, not guessed.
            stages: ``pipeline, stage, position``, the order of the stages.
            as_of: the instant up to which the data speak; by default the last instant recorded in them.
            settings: time zone, fiscal year, currency and the like.
            own: what further columns of ``deals`` and ``accounts`` are, as in a kpikit.toml:
                ``{"deals": {"product_line": {"column": "Product line", "known": "created"}}}``. Columns of which
                nothing is said are kept too, as known with the end of a deal only.
            tables: any other table of :data:`kpikit.schema.TABLES`.

        Raises:
            DataError: the frames break the contract; all faults at once.

        Example:
            >>> import polars as pl
            >>> from kpikit import DealBook
            >>> deals = pl.DataFrame({"deal_id": ["a"], "pipeline": ["New"], "outcome": ["won"],
            ...                       "created_at": ["2026-01-05"], "outcome_at": ["2026-02-01"]})
            >>> DealBook.from_frames(deals=deals)
            DealBook: 1 deal, up to 2026-02-01 00:00 UTC
        """
        given = {"deals": deals, "stage_events": stage_events, "stages": stages} | tables
        there = {name: frame for name, frame in given.items() if frame is not None}
        settings = settings or Settings()
        then = as_of or settings.as_of
        return cls.admitted(building.from_frames(there, settings, then, own), then)

    @classmethod
    def admitted(cls, parts: building.Admitted, as_of: datetime | None = None) -> DealBook:
        """The book of what came through the parsed door; as it was recorded at ``as_of``, if that is given."""
        fields = (parts.tables, parts.settings, parts.as_of, parts.dropped, parts.faults, parts.answers_in)
        book = cls(*fields, own=parts.own)
        return book if as_of is None else book.at(parts.as_of)

    @property
    def is_dated(self) -> bool:
        """Has anything in it a date? If not, ``as_of`` says nothing, and only what needs no clock is answered."""
        return self.as_of != UNDATED

    def at(self, instant: datetime) -> DealBook:
        """The book as it was recorded at an earlier instant: later events, outcomes and edits are undone.

        Fields are taken back through ``changes``; a field without recorded changes keeps its present value. How far
        that goes is said by :func:`kpikit.book.past.at`.

        Example:
            >>> import kpikit
            >>> from datetime import UTC, datetime
            >>> kpikit.open_book("demo").at(datetime(2026, 1, 1, tzinfo=UTC)).as_of.year
            2026
        """
        return past.at(self, instant)

    def fitness(self) -> pl.DataFrame:
        """What this book can answer, what not and why, and what in it deserves a look.

        A list; its columns stand at :func:`kpikit.book.fitness.fitness.fitness`.

        Example:
            >>> import kpikit
            >>> found = kpikit.open_book("demo").fitness()
            >>> sorted(found["part"].unique())
            ['answers', 'gaps', 'history', 'left_out', 'oddities']
        """
        return fitness.fitness(self)

    def replace(self, **changes: Any) -> DealBook:
        """A copy with other values, e.g. ``book.replace(settings=…)``."""
        return replace(self, **changes)

    def __getstate__(self) -> dict[str, Any]:
        return without_memory(self)

    def __repr__(self) -> str:
        n = self.tables["deals"].lazy().select(pl.len()).collect().item()
        until = f"up to {self.as_of:%Y-%m-%d %H:%M} UTC" if self.is_dated else "no dates"
        return f"DealBook: {n:,} deal{'' if n == 1 else 's'}, {until}"
