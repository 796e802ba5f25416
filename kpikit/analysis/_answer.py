"""What every public analysis goes through, once: refuse, compute, floors, suppress, columns, kind of frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, ParamSpec

import polars as pl

from kpikit.analysis.floors import FLOORS, Floor
from kpikit.book import DealBook
from kpikit.book.needs import cannot_say
from kpikit.engine.histogram import check_groups
from kpikit.errors import UsageError
from kpikit.kpi import Card, cards

P = ParamSpec("P")
FIGURES = ("value", "low", "high")
#: numbers that are no figure and stay when a figure is too few: what was asked, and where it was read
ASKED = frozenset({"horizon", "from_age", "time", "visit", "p_permuted", "least_shown"})
LAST = ("unit", "kpi", "definition", "status", "reason")


def answer(
    kpi: str,
) -> Callable[[Callable[Concatenate[DealBook, P], pl.DataFrame]], Callable[Concatenate[DealBook, P], Any]]:
    """Make a pure function on polars frames a public analysis of the KPI with this card.

    A blank in the name is an argument: ``win_rate_{definition}`` is the card of the definition that was asked for.
    """

    def wrap(compute: Callable[Concatenate[DealBook, P], pl.DataFrame]) -> Callable[Concatenate[DealBook, P], Any]:
        parameters = signature(compute).parameters
        grouped = "by" in parameters and isinstance(parameters["by"].default, tuple)  # else it names a width of time
        asked_by_default = parameters["by"].default if grouped else ()
        by_default = {name: parameter.default for name, parameter in parameters.items()}

        @wraps(compute)
        def ask(book: DealBook, *args: P.args, **asked: P.kwargs) -> Any:
            card = _card(kpi, {**by_default, **asked})
            by = asked.get("by", asked_by_default) if grouped else ()
            by = (by,) if isinstance(by, str) else tuple(by)  # type: ignore[arg-type]
            if grouped:
                asked["by"] = by
            check_groups(book, by)
            reason = cannot_say(book, card)
            if reason is not None:
                return _as_asked(_shaped(_refused(by, reason), card), book)
            computed = compute(book, *args, **asked)
            kept = suppress(with_floor(computed, FLOORS[card.id]), book, _told_apart(by, card))
            return _as_asked(_shaped(kept, card), book)

        ask.kpi = kpi.format_map(by_default)  # type: ignore[attr-defined]
        return ask

    return wrap


def _card(kpi: str, asked: Mapping[str, Any]) -> Card:
    """The card of a question, or of one of its definitions."""
    name = kpi.format_map(asked)
    if name not in cards():
        start = kpi.partition("{")[0]
        known = [card.removeprefix(start) for card in cards() if card.startswith(start)]
        raise UsageError("unknown_definition", definition=name.removeprefix(start), allowed=", ".join(known))
    return cards()[name]


def _refused(by: Sequence[str], reason: str) -> pl.DataFrame:
    groups = {name: pl.Series([None], dtype=pl.String) for name in by}
    counts = {name: pl.Series([None], dtype=pl.Int64) for name in ("n", "n_excluded")}
    figures = {name: pl.Series([None], dtype=pl.Float64) for name in FIGURES}
    status = {"unit": [None], "status": ["refused"], "reason": [reason]}
    return pl.DataFrame(groups | counts | figures | status)


def with_floor(frame: pl.DataFrame, floor: Floor) -> pl.DataFrame:
    """``too_few`` instead of a number where there are fewer units or events than the floor asks for."""
    defaults = {"status": "ok", "reason": None}
    missing = [pl.lit(v, pl.String).alias(k) for k, v in defaults.items() if k not in frame.columns]
    frame = frame.with_columns(missing)
    n = pl.min_horizontal(c for c in ("n", "n_before") if c in frame.columns)
    few = n < floor.n
    reason = pl.when(few).then(pl.lit("few_deals"))
    if "from_age" in frame.columns:
        few = few | pl.col("from_age").is_null()
        reason = reason.when(few).then(pl.lit("few_at_once"))
    events = [c for c in ("n_events", "n_events_before") if c in frame.columns]
    if events and floor.n_events:
        few = few | (pl.min_horizontal(events) < floor.n_events)
        reason = reason.when(few).then(pl.lit("few_exits"))
    few = few & (pl.col("status") != "refused")
    frame = frame.with_columns(
        pl.when(few).then(pl.lit("too_few")).otherwise("status").alias("status"),
        pl.when(few).then(reason.otherwise("reason")).otherwise("reason").alias("reason"),
    )
    few_figures = [name for name in _floats(frame) if not name.startswith("n_")]
    hidden = pl.col("status") == "too_few"
    return frame.with_columns(pl.when(~hidden).then(name).alias(name) for name in few_figures)


def _floats(frame: pl.DataFrame) -> list[str]:
    """The columns that hold figures."""
    return [name for name, dtype in frame.schema.items() if dtype.is_float() and name not in ASKED]


def _told_apart(by: Sequence[str], card: Card) -> list[str]:
    """The groups that tell people apart: a visit's stage does not, any column of the deal may."""
    return [name for name in by if name != "stage" or "stage_events" not in card.needs]


def suppress(frame: pl.DataFrame, book: DealBook, keys: list[str]) -> pl.DataFrame:
    """No counts and no figures for groups of too few people or deals, nor for those that would give them away."""
    keys = [name for name in keys if name in frame.columns]
    if not keys:
        return frame
    small = _small_groups(book, keys)
    frame = frame.join(small, on=keys, how="left", nulls_equal=True, maintain_order="left")
    hidden = pl.col("is_small").fill_null(True)
    numbers = [name for name, dtype in frame.schema.items() if dtype.is_numeric() and name not in keys]
    frame = frame.with_columns(
        *(pl.when(~hidden).then(name).alias(name) for name in numbers),
        pl.when(hidden).then(pl.lit("suppressed")).otherwise("status").alias("status"),
        pl.when(hidden).then(pl.lit("small_group")).otherwise("reason").alias("reason"),
    ).drop("is_small")
    return frame.unique(maintain_order=True)


def _small_groups(book: DealBook, keys: list[str]) -> pl.DataFrame:
    """The groups and whether each is hidden: too few people or deals, or needed to keep those from being worked out."""
    privacy = book.settings.privacy
    deals = book.tables["deals"].lazy()
    owners = pl.col("owner").drop_nulls().unique().alias("people")
    sizes = deals.group_by(keys).agg(owners, n_deals=pl.len()).collect()
    least_people, least_deals = privacy.min_people, privacy.min_deals
    if keys == ["team"]:
        sizes, least_people, least_deals = _team_sizes(book, sizes), privacy.min_team, 0
    groups = sizes.sort("n_deals", *keys, nulls_last=True).to_dicts()
    known = any(group["people"] for group in groups)

    def too_small(some: list[dict]) -> bool:
        people = {person for group in some for person in group["people"]}
        return (known and len(people) < least_people) or sum(group["n_deals"] for group in some) < least_deals

    hidden = [group for group in groups if too_small([group])]
    others = [group for group in groups if not too_small([group])]
    while hidden and others and (len(hidden) < 2 or too_small(hidden)):
        hidden.append(others.pop(0))
    rows = [{**{key: g[key] for key in keys}, "is_small": g in hidden} for g in groups]
    return pl.DataFrame(rows, schema={**{key: sizes.schema[key] for key in keys}, "is_small": pl.Boolean})


def _team_sizes(book: DealBook, sizes: pl.DataFrame) -> pl.DataFrame:
    """Teams with all their people, where the book says who is in which."""
    if "people" not in book.tables:
        return sizes
    members = book.tables["people"].lazy().group_by("team").agg(members=pl.col("owner").unique()).collect()
    both = sizes.join(members, on="team", how="full", coalesce=True)
    nobody = pl.lit([], pl.List(pl.String))
    return both.select("team", people=pl.col("members").fill_null(nobody), n_deals=pl.col("n_deals").fill_null(0))


def _shaped(frame: pl.DataFrame, card: Card) -> pl.DataFrame:
    """Columns in the order of the shape: groups and what is special to the question, counts, figures, codes."""
    if "kpi" not in frame.columns:  # rows of several definitions bring their own
        frame = frame.with_columns(pl.lit(card.id).alias("kpi"), pl.lit(card.version).alias("definition"))
    counts = [c for c in ("n", "n_excluded") if c in frame.columns]
    figures = [c for c in FIGURES if c in frame.columns]
    first = [c for c in frame.columns if c not in {*counts, *figures, *LAST} and not c.startswith("n_")]
    more = [c for c in frame.columns if c.startswith("n_") and c not in counts]
    return frame.select(*first, *counts, *figures, *more, *LAST)


def _as_asked(frame: pl.DataFrame, book: DealBook) -> Any:
    return frame.to_pandas() if book.answers_in == "pandas" else frame
