"""What every public analysis goes through, once: refuse, compute, floors, suppress, columns, kind of frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import wraps
from inspect import BoundArguments, Signature, signature
from types import NoneType
from typing import Any, ParamSpec
from weakref import ref

import polars as pl

from kpikit.analysis.base.answers import Answer
from kpikit.analysis.base.periods import NAMES, read_windows
from kpikit.analysis.base.suppression import hidden_groups
from kpikit.book import DealBook
from kpikit.book.fitness.needs import cannot_say
from kpikit.book.own_fields import columns_of
from kpikit.calendar import Period
from kpikit.engine.histogram import check_groups
from kpikit.errors import UsageError
from kpikit.kpi import Card, Floor, cards

P = ParamSpec("P")
FIGURES = ("value", "low", "high")
#: numbers that are no figure and stay when a figure is too few: what was asked, and where it was read
ASKED = frozenset({"horizon", "from_age", "time", "visit", "p_permuted", "least_shown"})
LAST = ("unit", "kpi", "definition", "status", "reason")


def answer(kpi: str) -> Callable[[Callable[P, pl.DataFrame]], Callable[P, Answer]]:
    """Make a pure function on polars frames a public analysis of the KPI with this card.

    A blank in the name is an argument: ``win_rate_{definition}`` is the card of the definition that was asked for.
    What is asked as ``during`` or ``before`` is a period before the function sees it.
    """

    def wrap(compute: Callable[P, pl.DataFrame]) -> Callable[P, Answer]:
        question = _Question(kpi, compute, signature(compute))

        @wraps(compute)
        def ask(*args: P.args, **asked: P.kwargs) -> Answer:
            return question.ask(*args, **asked)

        ask.kpi = kpi.format_map(question.defaults)  # type: ignore[attr-defined]
        ask.__signature__ = question.takes.replace(return_annotation=Answer)  # type: ignore[attr-defined]
        return ask

    return wrap


@dataclass(frozen=True)
class _Question:
    kpi: str
    compute: Callable[..., pl.DataFrame]
    takes: Signature

    @property
    def defaults(self) -> dict[str, Any]:
        return {name: parameter.default for name, parameter in self.takes.parameters.items()}

    def ask(self, *args: object, **asked: object) -> Answer:
        bound = self._bound(*args, **asked)
        book: DealBook = bound.arguments["book"]
        by: tuple[str, ...] = ()
        if isinstance(self.defaults.get("by"), tuple):  # else it names a width of time
            given = bound.arguments["by"]
            by = bound.arguments["by"] = columns_of(book, (given,) if isinstance(given, str) else tuple(given))
        if isinstance(bound.arguments.get("mix"), str):
            (bound.arguments["mix"],) = columns_of(book, (bound.arguments["mix"],))
        bound.arguments.update(read_windows(book, bound.arguments, self.takes.parameters))
        card = _card(self.kpi, bound.arguments)
        check_groups(book, by)
        reason = cannot_say(book, card)
        if reason is not None:
            found = _refused(by, reason)
        else:
            is_whole = not book.is_dated and self._without_windows(bound)
            floor, windows = card.floor, _windows(bound.arguments)
            computed = self.compute(*bound.args, **bound.kwargs)
            if is_whole:
                computed = _noted(computed, "no_dates_all")
            found = suppress(with_floor(computed, floor), book, by, floor.counts, windows)
        frame = _as_asked(_shaped(found, card), book)
        return Answer(frame, card.id, _plain_arguments(bound.arguments), by, ref(book))

    def _without_windows(self, bound: BoundArguments) -> bool:
        """Ask of all there is, as a file without dates has no windows; was one asked for?"""
        asked = [name for name in NAMES if bound.arguments.get(name) is not None]
        bound.arguments.update(dict.fromkeys(asked))
        return bool(asked)

    def _bound(self, *args: object, **asked: object) -> BoundArguments:
        try:
            bound = self.takes.bind(*args, **asked)
        except TypeError as wrong:
            raise TypeError(f"{self.compute.__name__}() {wrong}") from None  # type: ignore[attr-defined]
        bound.apply_defaults()
        return bound


def _plain_arguments(asked: Mapping[str, object]) -> dict[str, object]:
    """What was asked beside the book, as far as it is plain: no log and no choices, which hold more than they say."""
    plain = {name: tuple(given) if isinstance(given, (list, tuple)) else given for name, given in asked.items()}
    return {name: given for name, given in plain.items() if name != "book" and _is_plain(given)}


def _is_plain(given: object) -> bool:
    kinds = (str, int, float, date, Period, NoneType)
    return all(isinstance(one, kinds) for one in (given if isinstance(given, tuple) else (given,)))


def _card(kpi: str, asked: Mapping[str, Any]) -> Card:
    """The card of a question, or of one of its definitions."""
    name = kpi.format_map(asked)
    if name not in cards():
        start = kpi.partition("{")[0]
        known = [card.removeprefix(start) for card in cards() if card.startswith(start)]
        raise UsageError("unknown_definition", definition=name.removeprefix(start), allowed=", ".join(known))
    return cards()[name]


def _noted(frame: pl.DataFrame, note: str) -> pl.DataFrame:
    """A note beside each figure that has none."""
    there = pl.col("reason") if "reason" in frame.columns else pl.lit(None, pl.String)
    return frame.with_columns(reason=there.fill_null(pl.lit(note)))


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


def _windows(asked: Mapping[str, Any]) -> list[Period | None]:
    """The windows that a question is asked of; [None] is all there is."""
    given = [asked[name] for name in NAMES if asked.get(name) is not None]
    found = [window for one in given for window in ([one] if isinstance(one, Period) else one)]
    return [*dict.fromkeys(found)] or [None]


def suppress(
    frame: pl.DataFrame, book: DealBook, by: Sequence[str], counts: str, windows: Sequence[Period | None]
) -> pl.DataFrame:
    """No counts and no figures for groups of too few people or deals, nor for those that would give them away.

    Hidden groups have the same rows whatever is in them: not even whether there is anything is told.
    """
    keys = [name for name in by if name in frame.columns]
    if not keys or (frame["status"] == "refused").all():
        return frame
    hidden, cells = hidden_groups(book, keys, counts, windows)
    cells = [name for name in cells if name in frame.columns]
    hidden = hidden.select(cells).unique(maintain_order=True).cast({name: frame.schema[name] for name in cells})
    numbered = frame.with_row_index("_place")
    shown = numbered.join(hidden, on=cells, how="anti", nulls_equal=True, maintain_order="left")
    said = {*LAST[1:], *(name for name, dtype in frame.schema.items() if dtype.is_numeric() or dtype.is_nested())}
    asked = [name for name in frame.columns if name not in said - set(cells) and name not in cells]
    questions = frame.select(asked).unique(maintain_order=True) if asked else pl.DataFrame([{}])
    places = numbered.group_by(cells).agg(pl.col("_place").min())
    empty = hidden.join(places, on=cells, how="left", nulls_equal=True, maintain_order="left")
    if asked:
        empty = empty.join(questions, how="cross", maintain_order="left_right")
    empty = empty.with_columns(status=pl.lit("suppressed"), reason=pl.lit("small_group"))
    both = pl.concat([shown, empty], how="diagonal_relaxed")
    return both.sort("_place", nulls_last=True, maintain_order=True).select(frame.columns).cast(frame.schema)


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
