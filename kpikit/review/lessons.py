"""Looking back: did what was agreed happen, did talk move deals, did the room know, and which reasons paid off?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from kpikit.book import DealBook
from kpikit.book.basis import Difference
from kpikit.book.selection import count_people
from kpikit.calendar import midnight
from kpikit.errors import Refused
from kpikit.review.calibration import apart, brier, came_out, shares
from kpikit.review.events_since import MOVES, after, facts_of, moments
from kpikit.review.listing.agenda import LOT, PINNED
from kpikit.review.session_basis import left_out
from kpikit.review.team_scope import ours, sessions_of

if TYPE_CHECKING:
    from kpikit.log.log import Log

#: days after a session in which a deal can move because of it
WITHIN = 28
STATES = ("done", "changed_our_mind", "still_on", "overtaken", "unsaid")


@dataclass(frozen=True, eq=False)
class Learning:
    """What there is to learn from earlier sessions, of the team as a whole.

    ``said``: how agreements ended, as people said: ``state, n``. ``steps``: the share of agreements (``done``: people
    said so, of those that are over; ``happened``: the book shows a move or an act of the customer in four weeks), each
    with its range. ``moved``: the share of listed deals that moved forward or ended within four weeks (``which``: rule,
    lot), ``difference``: rule less lot, with ``certainty`` and ``noticeable``. ``reasons``: the same by rule.
    ``predicted``: what was given a chance of about so much, and how much came about; ``score``: Brier's, beside that of
    one rate for all. ``n_young``: listed deals too recent to tell. ``apart``: sessions whose listed deals are left out,
    because their book rested on something else, with why. Where it is ``too_few`` there are counts only.
    """

    said: pl.DataFrame
    steps: pl.DataFrame
    moved: pl.DataFrame
    difference: pl.DataFrame
    reasons: pl.DataFrame
    predicted: pl.DataFrame
    score: pl.DataFrame
    n_young: int
    days: int
    apart: Mapping[str, tuple[Difference, ...]] = field(default_factory=lambda: MappingProxyType({}))


def learning(book: DealBook, log: Log, *, days: int = WITHIN, whole: DealBook | None = None) -> Learning:
    """What do earlier sessions teach the team?

    A deal *moves* when it goes on to a later stage, or ends: an honest loss is a move. Each deal on each agenda counts
    once, from the day of the session on, if it was open then and the book follows it for so many days. The deals drawn
    by lot are those that the rules did not choose; both were talked about, so the difference tells of the rules, not of
    the talk. Misleads while there are few: then it says so. Gamed by moving deals without a customer's act.

    Args:
        book: a deal book; for a team copy.
        log: the review log; only what the team may see is read.
        days: how long after a session a move counts.
        whole: the book that ``book`` is a team's part of; without it nobody can tell whether teams are others now.

    Raises:
        Refused: the team has fewer people than a team's own report needs.

    Source: Wilson 1927; Newcombe 1998; Brier 1950.

    Example:
        >>> import pathlib, tempfile
        >>> import kpikit
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     log = kpikit.review.open_log(pathlib.Path(folder) / "log.sqlite")
        ...     found = kpikit.review.learning(kpikit.open_book("demo"), log)
        >>> found.difference["status"].to_list(), found.score["reason"].to_list()
        (['too_few'], ['few_predictions'])
    """
    if (
        book.team is not None
        and (n := count_people(book, book.team)) is not None
        and n < book.settings.privacy.min_team
    ):
        raise Refused("team_too_small", team=book.team, least=book.settings.privacy.min_team)
    agreements = ours(log.agreements(), log, book)
    others = left_out(log, book, whole or book)
    listed, n_young = _listed(book, log, days, others)
    predictions = _predictions(book, log)
    by_chance = pl.col("rule") == LOT
    sides = {"rule": listed.filter(~by_chance & (pl.col("rule") != PINNED)), "lot": listed.filter(by_chance)}
    counts = {side: (int(some["has_moved"].sum()), some.height) for side, some in sides.items()}
    by_rule = listed.group_by("rule").agg(n=pl.len(), n_events=pl.col("has_moved").sum()).sort("rule")
    chances, so = predictions["chance"].to_list(), predictions["is_so"].to_list()
    return Learning(
        _said(agreements),
        _steps(book, agreements, days),
        shares(pl.DataFrame([(side, n, k) for side, (k, n) in counts.items()], schema=["which", "n", "n_events"],
                            orient="row")),
        apart(*counts["rule"], *counts["lot"]),
        shares(by_rule.cast({"n": pl.Int64, "n_events": pl.Int64})),
        came_out(chances, so),
        brier(chances, so),
        n_young,
        days,
        others,
    )  # fmt: skip


def _said(agreements: pl.DataFrame) -> pl.DataFrame:
    counted = agreements.group_by(state=pl.col("state").fill_null("unsaid")).agg(n=pl.len().cast(pl.Int64))
    every = pl.DataFrame({"state": STATES}).join(counted, on="state", how="left", maintain_order="left")
    return every.with_columns(pl.col("n").fill_null(0))


def _steps(book: DealBook, agreements: pl.DataFrame, days: int) -> pl.DataFrame:
    """Agreements that are over and done; and those after which something happened at the customer's."""
    over = agreements.filter(pl.col("state").is_in(["done", "changed_our_mind", "overtaken"]))
    done = int((over["state"] == "done").sum())
    asked = _followed(book, agreements.select("entry_id", "deal_id", "made_at").rows(), days)
    happened = after(facts_of(book, asked["deal_id"].unique().to_list()), asked).filter(
        pl.col("kind").is_in([*MOVES, "act"])
    )
    rows = [("done", over.height, done), ("happened", asked.height, happened["key"].n_unique())]
    return shares(pl.DataFrame(rows, schema=["figure", "n", "n_events"], orient="row"))


def _followed(book: DealBook, rows: list[tuple[str, str | None, datetime]], days: int) -> pl.DataFrame:
    """Moments of deals that are in the book and were followed for so many days."""
    span = timedelta(days=days)
    some = [(key, deal, at, at + span) for key, deal, at in rows if deal is not None and at + span <= book.as_of]
    ids = book.tables["deals"].lazy().select("deal_id").filter(
        pl.col("deal_id").is_in(list({deal for _, deal, _, _ in some}))
    ).collect()  # fmt: skip
    return moments(some).join(ids, on="deal_id", how="semi", maintain_order="left")


def _listed(book: DealBook, log: Log, days: int, others: Collection[str]) -> tuple[pl.DataFrame, int]:
    """Each open deal on each agenda and whether it moved within so many days; and how many are too young to tell."""
    rows: list[tuple[str, str, str, datetime]] = []
    held = sessions_of(log, book).filter(~pl.col("session_id").is_in([*others]))
    for session, held_on in held.select("session_id", "held_on").iter_rows():
        start = _begin(book, held_on)
        for deal, rule in log.agenda(session).select("deal_id", "rule").iter_rows():
            rows.append((f"{session}\x1f{deal}", deal, rule, start))
    old = _followed(book, [(key, deal, at) for key, deal, _, at in rows], days)
    facts = facts_of(book, old["deal_id"].unique().to_list()).filter(pl.col("kind").is_in(MOVES))
    closed = facts.filter(pl.col("kind") != "forward").select("deal_id", ended_at="at")
    ended = old.join(closed, on="deal_id").filter(pl.col("ended_at") <= pl.col("moment"))
    open_then = old.join(ended, on="key", how="anti", maintain_order="left")
    moved = after(facts, open_then)["key"].unique()
    rules = pl.DataFrame([(key, rule) for key, _, rule, _ in rows], schema={"key": pl.String, "rule": pl.String},
                         orient="row")  # fmt: skip
    listed = open_then.join(rules, on="key", how="left").with_columns(has_moved=pl.col("key").is_in(moved.implode()))
    young = sum(1 for _, _, _, at in rows if at + timedelta(days=days) > book.as_of)
    return listed, young


def _begin(book: DealBook, held_on: date) -> datetime:
    """What happens from the day of the session on comes after it."""
    return midnight(held_on, book.settings.time_zone)


def _predictions(book: DealBook, log: Log) -> pl.DataFrame:
    """The room's predictions of which it is known how they came out: ``chance, is_so``."""
    said = ours(log.entries(kind="prediction"), log, book)
    said = said.filter(pl.col("value").is_not_null() & pl.col("days").is_not_null())
    rows = [
        (key, deal, at, at + timedelta(days=days))
        for key, deal, at, days in said.select("entry_id", "deal_id", "written_at", "days").iter_rows()
    ]
    asked = moments(rows)
    ids = book.tables["deals"].lazy().select("deal_id").collect()
    asked = asked.join(ids, on="deal_id", how="semi").join(
        said.select(key="entry_id", chance="value", what="code"), on="key"
    )
    found = after(facts_of(book, asked["deal_id"].unique().to_list()), asked)
    meant = pl.when(pl.col("what") == "moves").then(pl.col("kind").is_in(MOVES)).otherwise(
        pl.col("kind") == pl.col("what")
    )  # fmt: skip
    so = found.filter(meant)["key"].unique()
    ended = found.filter(pl.col("kind").is_in(["won", "lost", "void"]))["key"].unique()
    is_known = (pl.col("until") <= book.as_of) | pl.col("key").is_in(pl.concat([so, ended]).implode())
    return asked.filter(is_known).select("chance", is_so=pl.col("key").is_in(so.implode()))
