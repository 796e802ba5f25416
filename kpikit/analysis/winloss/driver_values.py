"""Declared drivers as yes, no or not known, for each deal on its landmark."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl

from kpikit import schema
from kpikit.analysis.base.coding import folded
from kpikit.analysis.base.landmark import TOO_LATE, acts_before, column_then, days_until, per_deal
from kpikit.book import DealBook
from kpikit.book.own_fields import OwnField, own_field
from kpikit.errors import RankingRefused, Refused, UsageError

#: levels of a column of texts with fewer deals than this are put together
RARE = 5
_BOUND = re.compile(r"(?P<name>\w+)\s*>=\s*(?P<bound>-?\d+(\.\d+)?)")
_WRITTEN = ("email", "e mail", "mail", "letter", "brief", "offer", "offerte", "voicemail")


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One yes or no: the driver it belongs to, its level (or bound), how it is known, and 1, 0 or NaN a deal."""

    driver: str
    level: str | None
    known: str
    values: np.ndarray
    refused: str | None = None

    @property
    def name(self) -> str:
        """Driver and level together."""
        return f"{self.driver}={self.level}"


def _contacts(book: DealBook, deals: pl.DataFrame) -> tuple[pl.Series, str]:
    """A second contact: at least two of the customer's people had taken part before the landmark."""
    acts = acts_before(book, deals).filter(pl.col("contact_key").is_not_null())
    if not acts.height:
        raise Refused("driver_not_recorded")
    return per_deal(deals, acts.group_by("deal_id").agg(k=pl.col("contact_key").n_unique())) >= 2, "dated"


def _conversations(book: DealBook, deals: pl.DataFrame) -> tuple[pl.Series, str]:
    """Conversations before the landmark in which the customer took part; letters, mails and voicemails are none."""
    acts = acts_before(book, deals)
    kinds = pl.Series("spoken", [folded(kind) not in _WRITTEN for kind in acts["kind"]], pl.Boolean)
    took_part = pl.col("direction").is_in(["customer", "both"]) | pl.col("outcome").is_in(["reached", "held"])
    spoken = acts.with_columns(kinds).filter(pl.col("spoken") & took_part.fill_null(False))
    return per_deal(deals, spoken.group_by("deal_id").agg(k=pl.len())), "dated"


def _days(book: DealBook, deals: pl.DataFrame) -> tuple[pl.Series, str]:  # noqa: ARG001 - one shape for all
    """Days from the first contact, or else the creation, to the landmark."""
    start = deals.with_columns(_start=pl.coalesce("first_contact_at", "created_at"))
    return days_until(start, "_start"), "dated"


def _asked(book: DealBook, deals: pl.DataFrame) -> tuple[pl.Series, str]:
    """The customer asked for the offer, alone or with us."""
    asked, known = _column(book, deals, "offer_asked_by")
    return asked.is_in(["customer", "both"]), known


def _profile(book: DealBook, deals: pl.DataFrame) -> tuple[pl.Series, str]:
    """The customer fits the profile of an ideal one."""
    return _column(book, deals, "is_icp")


#: the drivers that need no column: what they ask of the book
READY: Mapping[str, Callable[[DealBook, pl.DataFrame], tuple[pl.Series, str]]] = MappingProxyType(
    {
        "second_contact": _contacts,
        "conversations_before": _conversations,
        "days_before": _days,
        "asked_by_customer": _asked,
        "fits_profile": _profile,
    }
)


def terms_of(book: DealBook, deals: pl.DataFrame, declared: Sequence[str], landmark: str) -> list[Term]:
    """The declared drivers as terms, in the order declared, none twice."""
    if isinstance(declared, str):
        declared = (declared,)
    terms: dict[str, Term] = {}
    for driver in declared:
        for term in _terms(book, deals, driver.strip()):
            terms.setdefault(term.name, term)
    if not terms and not declared:
        raise UsageError("no_drivers", landmark=landmark)
    return list(terms.values())


def _terms(book: DealBook, deals: pl.DataFrame, driver: str) -> list[Term]:
    bound = _BOUND.fullmatch(driver)
    name, _, level = driver.partition("=") if bound is None else (bound["name"], "", "")
    try:
        values, known = _values(book, deals, name)
    except RankingRefused:
        raise
    except Refused as refusal:
        return [Term(name, None, "not_recorded", np.full(deals.height, np.nan), refusal.code)]
    if bound is not None:
        return [_from_bound(name, values, known, float(bound["bound"]))]
    if level:
        told = (values.cast(pl.String) == level) if values.dtype != pl.Boolean else values == (level.lower() == "true")
        return [_term(name, level, known, told)]
    if values.dtype == pl.Boolean:
        return [_term(name, None, known, values)]
    if values.dtype.is_numeric():
        middle = values.cast(pl.Float64).median()
        return [_from_bound(name, values, known, _above(values, middle))]  # type: ignore[arg-type]
    return _levels(name, values, known)


def _values(book: DealBook, deals: pl.DataFrame, name: str) -> tuple[pl.Series, str]:
    """What was known on the landmark; a person, or a fact of the end, is refused."""
    if name in READY:
        return READY[name](book, deals)
    if name in schema.PERSON_COLUMNS:
        raise RankingRefused("by_person", column=name)
    field = None if name in schema.TABLES["deals"].names else own_field(book, name)
    if field is not None:
        return _own(book, deals, field)
    columns = {c.name: c.kind for c in schema.TABLES["deals"].columns}
    if name in TOO_LATE:
        raise UsageError("driver_too_late", driver=name)
    if (
        name not in columns
        or columns[name] in ("instant", "day")
        or name in ("account_id", "next_step", "customer_goal")
    ):
        allowed = sorted(
            k for k, kind in columns.items() if kind in ("text", "choice", "number", "bool") and k not in TOO_LATE
        )
        raise UsageError("unknown_driver", driver=name, allowed=", ".join([*READY, *allowed]))
    return _column(book, deals, name)


def _own(book: DealBook, deals: pl.DataFrame, field: OwnField) -> tuple[pl.Series, str]:
    """An own field as it was known then; one of people, or of the end, is refused."""
    if field.is_person:
        raise RankingRefused("by_person", column=field.name)
    if field.known == "end":
        raise UsageError("own_driver_too_late", driver=field.name)
    if field.kind == "day":
        raise UsageError("own_driver_day", driver=field.name)
    values, known = _column(book, deals, field.column)
    return values.alias(field.name), known


def _column(book: DealBook, deals: pl.DataFrame, name: str) -> tuple[pl.Series, str]:
    """A deal column as it stood then; one that nobody fills in is refused."""
    if book.tables["deals"].lazy().select(pl.col(name).count()).collect().item() == 0:
        raise Refused("driver_not_recorded")
    return column_then(book, deals, name)


def _above(values: pl.Series, middle: float | None) -> float:
    """The bound that parts the deals best in halves: the median, or the next value above where half lie on it."""
    numbers = values.cast(pl.Float64).drop_nulls()
    if middle is None:
        return 0.0
    above = numbers.filter(numbers > middle)
    here, there = (abs(2 * (numbers >= cut).sum() - numbers.len()) for cut in (middle, above.min() or middle))
    bound = float(middle if here <= there else above.min())  # type: ignore[arg-type]
    return float(round(bound)) if abs(bound) >= 10 else bound


def _from_bound(name: str, values: pl.Series, known: str, bound: float) -> Term:
    if not values.dtype.is_numeric():
        raise UsageError("driver_no_number", driver=name)
    return _term(name, f"{bound:g}", known, values.cast(pl.Float64) >= bound)


def _levels(name: str, values: pl.Series, known: str) -> list[Term]:
    """A term for each level but the largest; levels of few deals are one, called "other"."""
    sizes = values.drop_nulls().value_counts(name="k").sort("k", values.name, descending=[True, False])
    rare = sizes.filter(pl.col("k") < RARE)[values.name].to_list()
    kept = sizes.filter(pl.col("k") >= RARE)[values.name].to_list()
    terms = [_term(name, level, known, values == level) for level in kept[1:]]
    return [*terms, _term(name, "other", known, values.is_in(rare))] if rare and kept else terms


def _term(name: str, level: str | None, known: str, told: pl.Series) -> Term:
    return Term(name, level, known, told.cast(pl.Float64).fill_null(float("nan")).to_numpy())
