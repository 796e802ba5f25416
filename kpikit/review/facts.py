"""What the rules read: the open deals of a book on the day of a session, and what customers did. Codes and numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from importlib import resources
from typing import Any

import polars as pl

from kpikit.book import DealBook
from kpikit.book.selection import open_stages
from kpikit.calendar import midnight
from kpikit.engine.remembered import remembered
from kpikit.languages import LANGUAGES, language

#: what every rule gives back
HIT = {
    "deal_id": pl.String, "value": pl.Float64, "usual": pl.Float64, "unit": pl.String, "on": pl.Date,
    "detail": pl.String,
}  # fmt: skip
Hits = pl.DataFrame | str
#: how far back a change of the amount counts, in days, unless a session was held since
LOOKED_BACK = 90


@cache
def rule_cards() -> Mapping[str, Mapping[str, Any]]:
    """The cards of the rules by code, in their order: ``about, weight, days``.

    How each is gamed, and which honest acts make it fire, is ``rules.toml`` of each language.

    >>> rule_cards()["silent"]["weight"]
    3
    """
    return tomllib.loads(resources.files("kpikit.review").joinpath("rules.toml").read_text(encoding="utf-8"))


@cache
def recognised() -> Mapping[str, str]:
    """Part of a criterion, in any language → the fact that shows it."""
    said = [language(name, "rules")["recognised"] for name in LANGUAGES]
    return {part: fact for fact in said[0] for one in said for part in one[fact]}


@dataclass(frozen=True, eq=False)
class Facts:
    """A book as a session sees it.

    ``today`` is the day of the session, ``since`` the day of the last one before it (null: none is known), ``returned``
    the deals whose parking is over: ``deal_id, until_on``.
    """

    book: DealBook
    today: date
    since: date | None = None
    returned: pl.DataFrame | None = None

    @cached_property
    def deals(self) -> pl.DataFrame:
        """The open deals of the book, or of its team, with the position of their stage."""
        frame = self.book.tables["deals"].lazy().filter(pl.col("outcome") == "open")
        if self.book.team is not None:
            frame = frame.filter(pl.col("team") == self.book.team)
        frame = frame.select(
            "deal_id", "name", "account_id", "pipeline", "stage", "expected_close_on", "next_step", "next_step_on",
            "customer_goal", "offer_asked_by", amount="amount_home",
        )  # fmt: skip
        if "stages" not in self.book.tables:
            return frame.with_columns(position=pl.lit(None, pl.Int64), rank=pl.lit(None, pl.Int64)).collect()
        places = open_stages(self.book).with_columns(
            rank=pl.col("position").rank("dense").over("pipeline").cast(pl.Int64)
        )
        return frame.join(places, on=["pipeline", "stage"], how="left", maintain_order="left").collect()

    @cached_property
    def ids(self) -> pl.LazyFrame:
        """The ids of the open deals."""
        return self.deals.lazy().select("deal_id")

    def table(self, name: str) -> pl.LazyFrame | None:
        """A table of the book; None where it has none, or an empty one."""
        if name not in self.book.tables:
            return None
        frame = self.book.tables[name].lazy()
        return None if frame.select(pl.len()).collect().item() == 0 else frame

    def before(self, day: date) -> datetime:
        """The first instant of a local day."""
        return midnight(day, self.book.settings.time_zone)

    def window(self, days: int) -> date:
        """The first day of what counts as news: since the last session, or so many days before this one."""
        return self.since or self.today - timedelta(days=days)

    def local(self, instant: str) -> pl.Expr:
        """The local day of an instant."""
        return pl.col(instant).dt.convert_time_zone(self.book.settings.time_zone).dt.date()


@remembered(1)
def in_polars(book: DealBook) -> DealBook:
    """The same book, answering in polars; always the same value, so that what is known of it is found once."""
    return book if book.answers_in == "polars" else book.replace(answers_in="polars")


def hits(frame: pl.LazyFrame, unit: str, **columns: pl.Expr) -> pl.DataFrame:
    """The deals that meet a rule, in the columns that every rule has."""
    given = {"unit": pl.lit(unit), **columns}
    missing = {name: pl.lit(None, kind) for name, kind in HIT.items() if name not in given and name != "deal_id"}
    every = {**missing, **given}
    return frame.select("deal_id", *(every[name].cast(kind).alias(name) for name, kind in HIT.items() if name in every)
    ).collect()  # fmt: skip
