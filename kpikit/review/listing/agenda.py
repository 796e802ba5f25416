"""The agenda of a deal review: which deals deserve talk, each for a stated reason, and one drawn by lot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from kpikit.analysis.base.answer import answer
from kpikit.book import DealBook
from kpikit.book.selection import last_day
from kpikit.engine.remembered import remembered
from kpikit.errors import RankingRefused
from kpikit.review.facts import HIT, Facts, Hits, rule_cards
from kpikit.review.listing.choices import drawn
from kpikit.review.listing.memory import memory
from kpikit.review.listing.rules import READS_VISITS, RULES

if TYPE_CHECKING:
    from kpikit.log.log import Log

#: deals by rule at most, and how often one rule may be the reason
MOST, SAME = 7, 2
#: minutes that opening takes, and the least and the most for a deal
OPENING, LEAST, LONGEST = 5, 5, 10
#: what stands for a rule where there was none: drawn by lot, or put there by the coach
LOT, PINNED = "lot", "pinned"
_LISTED = {
    "position": pl.Int64, "deal_id": pl.String, "name": pl.String, "account_id": pl.String, "stage": pl.String,
    "amount": pl.Float64, "rule": pl.String, "about": pl.String, "usual": pl.Float64, "on": pl.Date,
    "detail": pl.String, "others": pl.List(pl.String), "is_lot": pl.Boolean, "is_pinned": pl.Boolean,
    "minutes": pl.Int64, "weight": pl.Int64, "n": pl.Int64, "n_excluded": pl.Int64, "value": pl.Float64,
    "unit": pl.String, "status": pl.String, "reason": pl.String,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Found:
    """What the rules found, and why some could not look.

    ``hits``: :data:`kpikit.review.facts.HIT`, ``rule``, and ``met``: the bits of :func:`_names` for it.
    """

    hits: pl.DataFrame
    refused: Mapping[str, str]
    facts: Facts


@answer(kpi="agenda")
def agenda(
    book: DealBook,
    *,
    log: Log | None = None,
    session: date | None = None,
    minutes: int = 45,
    seed: int = 0,
    pinned: Collection[str] = (),
    dropped: Collection[str] = (),
    parked: Mapping[str, date] | None = None,
    order: Sequence[str] = (),
) -> pl.DataFrame:
    """Which deals deserve talk today, and why; and which one does the lot add?

    Each rule looks at what the customer did and at days that have passed, never at edits of ours, and gives its figure.
    The weights of all rules that a deal meets add up; the heaviest come first, then the larger amounts. No rule is the
    reason of more than two deals unless there are no others, and then each of about as many; one of what has just ended
    and one customer are among them where there are any. One more is drawn by lot from the open deals that are not
    listed, so that the rules can be judged. Nobody's name plays a part, and none is given.
    Misleads: a rule is a reason to ask, not a finding. How each is gamed, and which honest acts make it fire, stands in
    ``rules.toml`` of each language.

    Args:
        book: a deal book, perhaps of one team (:func:`kpikit.book.of_team`); for a team copy.
        log: the review log; without it nothing is parked and no earlier session is known.
        session: the day of the session; by default the last day that the book speaks of.
        minutes: for all of it: at most seven deals and the one drawn by lot in 45 minutes.
        seed: of the lot, with the session's day and the book.
        pinned: deals that must be on it.
        dropped: deals that are not talked about today. Who drops the one drawn by lot gets no other, and no other
            choice draws one.
        parked: deal → the day until which it stays off.
        order: deals in the order in which they are to be taken.

    Returns:
        A list: ``position, deal_id, name, account_id, stage, amount, rule, about`` (save, keep, learn), ``usual, on,
        detail, others`` (further rules that the deal meets), ``is_lot, is_pinned, minutes, weight``, and the rule's
        figure as ``value`` in ``unit``. At its end, ``refused`` with the reason, a row for each rule that the book
        cannot answer, and for each deal that somebody asked to leave out.

    Example:
        >>> import kpikit
        >>> listed = kpikit.review.agenda(kpikit.open_book("demo"))
        >>> listed.filter(status="ok").height, listed["is_lot"].sum()
        (8, 1)
    """
    day = session or last_day(book)
    known = memory(log, book, day)
    found = found_by_rules(book, day, known.since, known.back)
    now = known.now | {deal for deal, until in (parked or {}).items() if until > day}
    pinned = _in_book(pinned, book)
    count = min(MOST, max((minutes - OPENING) // LEAST - 1, 1))
    every = _ranked(found)
    lot = _lot(found.facts, known.away | _first(every, known.away, count), seed=seed, session=day)
    mine = [deal for deal in pinned if deal != lot]
    off = (known.away | now | set(dropped) | set(known.asked)) - set(pinned)
    chosen = _chosen(every, (off | {lot}) - set(mine), mine, count)
    if lot is not None and lot not in off:
        met = every.filter(pl.col("deal_id") == lot)["met"].sum()
        chosen.append({"deal_id": lot, "rule": LOT, "others": [*_names(met)[0]]})
    told = [deal for deal, is_told in known.asked.items() if is_told and deal in off]
    ends = (_refused(found.refused), _left_out(told, found.facts))
    return pl.concat([_dressed(_in_order(chosen, order), found, pinned, minutes), *ends])


@remembered(8)
def found_by_rules(
    book: DealBook, session: date, since: date | None = None, back: tuple[tuple[str, date], ...] = ()
) -> Found:
    """What every rule finds in a book; a book never changes, so it is found once."""
    table = pl.DataFrame([*back], schema={"deal_id": pl.String, "until_on": pl.Date}, orient="row") if back else None
    facts = Facts(book, session, since, table)
    found = _found(facts)
    hits = [_with_rule(frame, name) for name, frame in found.items() if isinstance(frame, pl.DataFrame)]
    refused = {name: why for name, why in found.items() if isinstance(why, str) and why != "no_log"}
    empty = pl.DataFrame(schema={**HIT, "rule": pl.String, "met": pl.Int64})
    return Found(pl.concat(hits) if hits else empty, refused, facts)


def _found(facts: Facts) -> dict[str, Hits]:
    """What each rule finds, two at a time: the two that read every visit first and last, so that they share them."""
    _ = facts.deals  # found once, before two threads want it
    first, last = READS_VISITS
    names = [first, *(name for name in RULES if name not in READS_VISITS), last]
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(names, pool.map(lambda name: RULES[name](facts), names), strict=True))
    return {name: found[name] for name in RULES}


def owners_of(book: DealBook, deal_ids: Collection[str]) -> dict[str, str]:
    """Deal → who owns it, for the papers that a person gets about her own deals.

    Raises:
        RankingRefused: the book's settings show nobody (``persons`` is not "self").
    """
    if book.settings.privacy.persons != "self":
        raise RankingRefused("owners_off")
    deals = book.tables["deals"].lazy().filter(pl.col("deal_id").is_in(list(deal_ids)) & pl.col("owner").is_not_null())
    return dict(deals.select("deal_id", "owner").collect().iter_rows())


def minutes_each(minutes: int, deals: int) -> int:
    """What there is for each deal, once the session has opened.

    >>> minutes_each(45, 8), minutes_each(45, 3)
    (5, 10)
    """
    return min(LONGEST, max((minutes - OPENING) // max(deals, 1), 1))


def _with_rule(hits: pl.DataFrame, rule: str) -> pl.DataFrame:
    """The hits of a rule with its name and its bit; one of what ended and was told about has a bit more."""
    place = [*rule_cards()].index(rule)
    told = pl.col("detail").fill_null("").str.ends_with("_told") if rule == "just_ended" else pl.lit(False)
    return hits.with_columns(rule=pl.lit(rule), met=pl.lit(2 << place, pl.Int64) + told.cast(pl.Int64))


@cache
def _names(met: int) -> tuple[tuple[str, ...], int]:
    """Which rules some bits stand for, the heaviest first, and what they weigh together."""
    cards = rule_cards()
    weights = {
        name: card["weight"] + (met & 1 if name == "just_ended" else 0)
        for place, (name, card) in enumerate(cards.items())
        if met & (2 << place)
    }
    return tuple(sorted(weights, key=lambda name: -weights[name])), sum(weights.values())


def _ranked(found: Found) -> pl.DataFrame:
    """A row a deal that meets a rule, the heaviest first: ``deal_id, met`` (the bits of its rules), ``weight``."""
    met = found.hits.group_by("deal_id").agg(pl.col("met").bitwise_or())
    weights = {one: _names(one)[1] for one in met["met"].unique()}
    amounts = found.facts.book.tables["deals"].lazy().select("deal_id", amount="amount_home")
    weighed = met.lazy().with_columns(weight=pl.col("met").replace_strict(weights, return_dtype=pl.Int64))
    placed = weighed.join(amounts, on="deal_id", how="left")
    return placed.sort("weight", "amount", "deal_id", descending=[True, True, False], nulls_last=True).collect()


def _first_of_each(every: pl.DataFrame, pinned: Collection[str], count: int) -> list[dict]:
    """The rows that can be chosen: of deals that meet the same rules only the first so many, and those pinned."""
    numbered = every.with_row_index("_i")
    first = numbered.group_by("met", maintain_order=True).head(count)
    mine = numbered.filter(pl.col("deal_id").is_in(list(pinned)))
    both = pl.concat([first.select(numbered.columns), mine]).unique("_i").sort("_i")
    return [{"deal_id": deal, "weight": weight, "rules": [*_names(met)[0]]}
            for deal, met, weight in both.select("deal_id", "met", "weight").iter_rows()]  # fmt: skip


def _in_book(pinned: Collection[str], book: DealBook) -> list[str]:
    """The pinned deals that the book has, each once."""
    if not pinned:
        return []
    deals = book.tables["deals"].lazy().select("deal_id").filter(pl.col("deal_id").is_in(list(pinned))).collect()
    return [deal for deal in dict.fromkeys(pinned) if deal in set(deals["deal_id"])]


def _first(every: pl.DataFrame, away: Collection[str], count: int) -> set[str]:
    """The deals that the rules list by themselves, before anybody chose: the lot is drawn from the others."""
    return {row["deal_id"] for row in _chosen(every, away, [], count)}


def _chosen(every: pl.DataFrame, off: Collection[str | None], pinned: list[str], count: int) -> list[dict]:
    """At most so many deals, each with the rule that is its reason."""
    about = {name: card["about"] for name, card in rule_cards().items()}
    allowed = every.filter(~pl.col("deal_id").is_in(list(off)))
    ranked = _first_of_each(allowed, pinned, count)
    first = {row["deal_id"]: row for row in ranked if row["deal_id"] in pinned}
    chosen = [_reason(first.get(deal, {"deal_id": deal, "rules": [], "weight": 0}), {}, SAME) for deal in pinned]
    used: dict[str, int] = {}
    taken = set(pinned)
    waiting = [row for row in ranked if row["deal_id"] not in pinned]
    for most in range(SAME, max(count, SAME) + 1):  # a third deal for a reason only where no other reason is left
        for row in waiting:
            is_left = row["deal_id"] not in taken and any(used.get(rule, 0) < most for rule in row["rules"])
            if is_left and len(chosen) < count:
                taken.add(row["deal_id"])
                chosen.append(_reason(row, used, most))
    for kind, place in (("learn", -1), ("keep", -2)):
        if len(chosen) >= count > len(pinned) + 2 and all(about.get(row["rule"]) != kind for row in chosen):
            other = next((row for row in waiting if about[row["rules"][0]] == kind), None)
            if other is not None:
                chosen[place] = _reason(other, {}, SAME)
    return sorted(chosen, key=lambda row: (row["deal_id"] not in pinned, -row["weight"]))


def _reason(row: Mapping, used: dict[str, int], most: int) -> dict:
    """The deal with the heaviest rule that is not used up as its reason, and the others."""
    rules = list(row["rules"])
    rule = next((one for one in rules if used.get(one, 0) < most), rules[0] if rules else None)
    if rule is not None:
        used[rule] = used.get(rule, 0) + 1
    others = [one for one in rules if one != rule]
    return {"deal_id": row["deal_id"], "rule": rule or PINNED, "others": others, "weight": row["weight"]}


def _lot(facts: Facts, others: Collection[str], *, seed: int, session: date) -> str | None:
    """One of the open deals that are neither listed nor parked. No choice of the coach's draws another."""
    candidates = [deal for deal in facts.deals["deal_id"].to_list() if deal not in others]
    book = facts.book
    return drawn(candidates, seed=seed, session=session, book_hash=book.hash or book.as_of.isoformat())


def _in_order(chosen: list[dict], order: Sequence[str]) -> list[dict]:
    """As the coach wants it; deals without a wish stay where the rules put them, after the others."""
    places = {deal: i for i, deal in enumerate(order)}
    return sorted(chosen, key=lambda row: places.get(row["deal_id"], len(places)))


def _dressed(chosen: list[dict], found: Found, pinned: Collection[str], minutes: int) -> pl.DataFrame:
    """The listed deals with what the screen shows of them, and the figure of their rule."""
    rows = pl.DataFrame(
        chosen, schema={"deal_id": pl.String, "rule": pl.String, "others": pl.List(pl.String), "weight": pl.Int64}
    )
    deals = found.facts.book.tables["deals"].lazy().filter(pl.col("deal_id").is_in(rows["deal_id"].implode()))
    shown = deals.select("deal_id", "name", "account_id", "stage", amount="amount_home").collect()
    about = {name: card["about"] for name, card in rule_cards().items()}
    each = minutes_each(minutes, rows.height)
    return (
        rows.with_row_index("position", offset=1)
        .join(shown, on="deal_id", how="inner", maintain_order="left")
        .join(found.hits, on=["deal_id", "rule"], how="left", maintain_order="left")
        .with_columns(
            about=pl.col("rule").replace_strict(about, default="save", return_dtype=pl.String),
            is_lot=pl.col("rule") == LOT, is_pinned=pl.col("deal_id").is_in(list(pinned)),
            minutes=pl.lit(each), weight=pl.col("weight").fill_null(0), n=pl.lit(1), n_excluded=pl.lit(0),
            unit=pl.col("unit").fill_null("deal"), status=pl.lit("ok"), reason=pl.lit(None, pl.String),
        )
        .select(pl.col(name).cast(kind) for name, kind in _LISTED.items())
    )  # fmt: skip


def _refused(refused: Mapping[str, str]) -> pl.DataFrame:
    """A row a rule that the book cannot answer."""
    rows = [{"rule": rule, "about": rule_cards()[rule]["about"], "status": "refused", "reason": why, "unit": "deal"}
            for rule, why in refused.items()]  # fmt: skip
    return pl.DataFrame(rows, schema=_LISTED)


def _left_out(asked: list[str], facts: Facts) -> pl.DataFrame:
    """A row a deal that somebody asked to leave out, as far as the team may know."""
    deals = facts.deals.filter(pl.col("deal_id").is_in(asked)).select("deal_id", "name", "account_id", "stage")
    rows = deals.with_columns(status=pl.lit("refused"), reason=pl.lit("asked_to_leave_out"), unit=pl.lit("deal"))
    return pl.concat([pl.DataFrame(schema=_LISTED), rows], how="diagonal")
