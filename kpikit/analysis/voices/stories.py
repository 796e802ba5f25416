"""Customers' own stories: found by their words, or because a deal is like theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from kpikit.analysis.base.answer import answer
from kpikit.analysis.base.periods import Window, as_period
from kpikit.analysis.base.suppression import hidden_groups
from kpikit.analysis.voices.anonymous import anonymous
from kpikit.analysis.voices.search import Texts, asked
from kpikit.book import DealBook
from kpikit.book.selection import OUTCOME_TEAM
from kpikit.errors import UsageError

Source = Literal["interview", "note"]
#: what makes two deals alike, beside the words; each counts one
TRAITS = ("segment", "industry", "deal_type", "source", "offer_asked_by")
#: the words count as much as two traits, at most
WORDS_COUNT = 2.0
_KINDS = {
    "deal_id": pl.String, "told_by": pl.String, "told_at": pl.Datetime("us", "UTC"), "language": pl.String,
    "story": pl.String,
}  # fmt: skip


@answer(kpi="stories")
def stories(
    book: DealBook,
    *,
    search: str = "",
    copy: Literal["team", "company"] = "team",
    sources: Sequence[Source] = ("interview",),
    during: Window | None = None,
) -> pl.DataFrame:
    """What did customers tell us, about this?

    Words are found by their stem, in every language, with or without accents and capitals; the best fit first
    (BM25), then the latest, then by deal. Without words all stories, the latest first.
    Misleads: a story is one customer; who answers may differ from who does not. Gamed by asking the pleased.

    Args:
        book: a deal book with interviews (or notes).
        search: words.
        copy: "team": stories with permission; "company": only quotable ones, names taken out, the deal not told, nor
            a segment of few deals or people.
        sources: "interview", and for a team copy "note" (our own notes of what happened and what the customer said).
        during: told in this window; by default all.

    Returns:
        A list: ``deal_id`` (null in a company copy), ``told_by`` (interview, story, listening), ``told_at, language,
        segment, outcome, stage, customer_goal, story, score``. Text stays as it was written; who shows it escapes it.

    Raises:
        UsageError: no such copy or source.

    Source: Porter's Snowball stemmers; Robertson & Zaragoza 2009 (BM25).

    Example:
        >>> import kpikit
        >>> found = kpikit.winloss.stories(kpikit.open_book("demo"), search="rang back on Fridays")
        >>> found["story"][0][:43]
        'You were the only ones who rang back on Fri'
    """
    during = as_period(during)
    told = _told(book, copy, sources)
    if during is not None:
        told = told.filter((pl.col("told_at") >= during.start) & (pl.col("told_at") < during.end))
    question = asked(search)
    scores = Texts(told["story"].to_list(), told["language"].to_list()).scores(question)
    found = told.with_columns(score=pl.Series(scores, dtype=pl.Float64))
    return _listed(found.filter(pl.col("score") > 0) if question else found, book, copy)


@answer(kpi="stories")
def stories_like(
    book: DealBook,
    deal_id: str,
    *,
    n: int = 5,
    copy: Literal["team", "company"] = "team",
    sources: Sequence[Source] = ("interview",),
) -> pl.DataFrame:
    """Which stories come from customers like this one?

    Score: one for each of segment, industry, kind of deal, source and who asked for the offer that the two deals share,
    and up to two for the words that this deal's goal and notes share with the story. Its own story is left out.
    Misleads: alike on paper. Ties: the latest first, then by deal.

    Args:
        book: a deal book with interviews (or notes).
        deal_id: the deal to find stories for.
        n: at most so many.
        copy: as in :func:`stories`.
        sources: as in :func:`stories`.

    Returns:
        As :func:`stories`, with ``alike``: what they share, as codes (the traits, and ``words``).

    Raises:
        UsageError: no such deal, copy or source.

    Example:
        >>> import kpikit
        >>> kpikit.winloss.stories_like(kpikit.open_book("demo"), "D0001", n=2)["score"].is_sorted(descending=True)
        True
    """
    deals = _traits(book)
    this = deals.filter(pl.col("deal_id") == deal_id)
    if not this.height:
        raise UsageError("unknown_deal", deal=deal_id)
    mine = this.row(0, named=True)
    told = _told(book, copy, sources).filter(pl.col("deal_id") != deal_id)
    scores = Texts(told["story"].to_list(), told["language"].to_list()).scores(asked(_own_words(book, deal_id)))
    most = max(scores, default=0.0)
    words = pl.Series([WORDS_COUNT * score / most if most else 0.0 for score in scores], dtype=pl.Float64)
    same = {name: pl.col(name).eq(pl.lit(mine[name], pl.String)).fill_null(False) for name in TRAITS}
    alike = [pl.when(is_same).then(pl.lit(name)) for name, is_same in same.items()]
    found = told.join(deals.select("deal_id", *TRAITS[1:]), on="deal_id", how="left", maintain_order="left")
    found = found.with_columns(_words=words).with_columns(
        score=pl.sum_horizontal(same.values()) + pl.col("_words"),
        alike=pl.concat_list(*alike, pl.when(pl.col("_words") > 0).then(pl.lit("words"))).list.drop_nulls(),
    )
    best = found.filter(pl.col("score") > 0).sort("score", descending=True, maintain_order=True).head(n)
    return _listed(best.drop("_words", *TRAITS[1:]), book, copy)


def _told(book: DealBook, copy: str, sources: Sequence[str]) -> pl.DataFrame:
    """The stories that this copy may hold, in an order that does not depend on that of the rows."""
    if copy not in ("team", "company"):
        raise UsageError("copy", copy=copy)
    if odd := set(sources) - {"interview", "note"}:
        raise UsageError("story_source", source=min(odd), allowed="interview, note")
    parts = [pl.DataFrame(schema=_KINDS)]
    if "interview" in sources and "interviews" in book.tables:
        held = book.tables["interviews"].lazy().filter(pl.col("held_at").is_not_null() & pl.col("story").is_not_null())
        may = pl.col("permission") if copy == "team" else pl.col("permission") & pl.col("quotable")
        parts.append(held.filter(may.fill_null(False)).select(
            "deal_id", pl.lit("interview").alias("told_by"), pl.col("held_at").alias("told_at"), "language", "story"
        ).collect())  # fmt: skip
    if "note" in sources and copy == "team" and "notes" in book.tables:
        notes = book.tables["notes"].lazy().filter(pl.col("kind").is_in(["story", "listening"]))
        parts.append(notes.select(
            "deal_id", told_by="kind", told_at="at", language=pl.lit(None, pl.String), story="text"
        ).collect())  # fmt: skip
    told = pl.concat(parts).filter(pl.col("story").str.strip_chars() != "")
    deals = book.tables["deals"].lazy()
    if book.team is not None:
        deals = deals.filter(book.team == OUTCOME_TEAM)
    deals = deals.select("deal_id", "segment", "outcome", "stage", "customer_goal").collect()
    return told.join(deals, on="deal_id", how="inner").sort(
        "told_at", "deal_id", "story", descending=[True, False, False]
    )


def _listed(found: pl.DataFrame, book: DealBook, copy: str) -> pl.DataFrame:
    """The best first (the order given breaks ties), without who it is in a company copy."""
    found = found.sort("score", descending=True, maintain_order=True)
    if copy == "company":
        names = _names_of(book)
        bare = [
            pl.Series(column, [None if text is None else anonymous(text, names) for text in found[column]], pl.String)
            for column in ("story", "customer_goal")
        ]
        found = found.with_columns(pl.lit(None, pl.String).alias("deal_id"), *bare)
        rare, _ = hidden_groups(book, ["segment"], "")
        found = found.with_columns(pl.when(~pl.col("segment").is_in(rare["segment"].implode())).then("segment"))
    return found.with_columns(n=pl.lit(1, pl.Int64), n_excluded=pl.lit(0, pl.Int64), unit=pl.lit("deal"))


def _traits(book: DealBook) -> pl.DataFrame:
    deals = book.tables["deals"].lazy()
    if "accounts" in book.tables:
        accounts = book.tables["accounts"].lazy().select("account_id", "industry").unique("account_id", keep="first")
        deals = deals.join(accounts, on="account_id", how="left")
    else:
        deals = deals.with_columns(industry=pl.lit(None, pl.String))
    return deals.select("deal_id", *TRAITS).collect()


def _own_words(book: DealBook, deal_id: str) -> str:
    """What is known of a deal in words: the customer's goal, and our notes."""
    of_it = pl.col("deal_id") == deal_id
    texts = book.tables["deals"].lazy().filter(of_it).select("customer_goal").collect()["customer_goal"].to_list()
    if "notes" in book.tables:
        texts += book.tables["notes"].lazy().filter(of_it).select("text").collect()["text"].sort().to_list()
    return " ".join(text for text in texts if text)


def _names_of(book: DealBook) -> list[str]:
    """Names that the book itself knows: customers, deals, people, competitors."""
    known = {"accounts": ("name",), "deals": ("name", "owner", "competitor"), "people": ("owner",)}
    columns = [
        book.tables[table].lazy().select(pl.col(column).alias("name"))
        for table, names in known.items()
        if table in book.tables
        for column in names
    ]
    return pl.concat(columns).drop_nulls().unique().collect()["name"].to_list()
