"""The pages with customers' own words; those with reasons and drivers stand beside and are found here too.

Each is called with a book narrowed to the team and to the period's end.
"""

from __future__ import annotations

import re

import polars as pl

from kpikit.analysis.voices.interviews import asked, by_lot
from kpikit.analysis.winloss import stories
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.report.figures.windows import Told, widening
from kpikit.report.pages.drivers import goes_with
from kpikit.report.pages.reasons import reasons, where, whom
from kpikit.show.page import Card, Message, Page, message

__all__ = ["customer", "goes_with", "reasons", "voices", "where", "whom"]

#: words of a quote in a title; a line of others' words
TITLE_WORDS, LINE_WORDS = 11, 22
#: how a deal ended, as far as its story goes: a card each
_SIDES = {"won": ("won",), "not_won": ("lost", "void", "open")}
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


def customer(book: DealBook, period: Period, copy: str) -> Page:
    """Team report, page 2: two customers in their own words, one won, one not."""
    counts, told = _told(book, period, copy)
    cards = _cards(told.rows, str(period.first_on), copy, others=0)
    if not cards:
        return _nobody("customer", counts, told)
    title = message("page.customer.title.quote", quote=_quote(cards[0].story))
    sentence = (*_counted(counts), *told.said)
    return Page("customer", title, sentence, question=message("page.customer.question"), cards=cards)


def voices(book: DealBook, period: Period, copy: str) -> Page:
    """Quarterly report, page 2: why they chose us, why they did not."""
    counts, told = _told(book, period, copy)
    cards = _cards(told.rows, str(period.first_on), copy, others=2)
    if not cards:
        return _nobody("voices", counts, told)
    sides = {card.heading.code.rpartition(".")[2] for card in cards}
    title = message(f"page.voices.title.{'both' if len(sides) > 1 else sides.pop()}")
    sentence = (*_counted(counts), *told.said, message("page.voices.differ"))
    return Page("voices", title, sentence, question=message("page.voices.question"), cards=cards)


def _told(book: DealBook, period: Period, copy: str) -> tuple[dict, Told]:
    """Who was asked about deals of the period, and the stories this copy may hold: older ones if there are none."""
    may = "team" if copy == "team" else "company"
    counts = asked(book, during=period).filter(pl.col("end") == "all").to_dicts()[0]
    told = widening(
        period, lambda window: _frame(stories(book, copy=may, during=window).frame), enough=1, farthest="year"
    )
    return counts, told


def _frame(answer: pl.DataFrame) -> pl.DataFrame:
    return answer.with_columns(_n=pl.lit(1))


def _counted(counts: dict) -> tuple[Message, ...]:
    if not counts["n"]:
        return (message("page.customer.nobody"),)
    values = {"decided": counts["n_decided"], "asked": counts["n"], "n": counts["n_events"]}
    return (message("page.customer.counts", **values),)


def _nobody(page: str, counts: dict, told: Told) -> Page:
    """No story to show: nobody was asked, nobody answered, or nobody gave permission."""
    was_asked = bool(counts["n"])
    title = message(f"page.customer.title.{'untold' if was_asked else 'nobody'}")
    unasked = message("page.customer.unasked", n=counts["n_decided"])
    if not counts["n_decided"]:
        unasked = message("page.customer.undecided")
    sentence = _counted(counts) if was_asked else (unasked,)
    return Page(page, title, (*sentence, *told.said), question=message("page.customer.question.nobody"))


def _cards(told: pl.DataFrame, seed: str, copy: str, *, others: int) -> tuple[Card, ...]:
    """A card of each side, drawn by lot; lines of others of the same side below it."""
    cards = []
    for side, outcomes in _SIDES.items():
        rows = told.filter(pl.col("outcome").is_in(outcomes)).to_dicts()
        rows.sort(key=lambda row: by_lot(seed, row["story"]))
        if rows:
            first, *rest = rows
            lines = tuple(_line(row["story"]) for row in rest[:others])
            heading = message(f"card.{side}")
            cards.append(Card(heading, first["story"], _about(first, copy), lines, first["language"]))
    return tuple(cards)


def _about(row: dict, copy: str) -> tuple[Message | str, ...]:
    """Segment, the last stage of a deal that was not won, what they wanted to achieve."""
    parts: list[Message | str] = [row["segment"]] if row["segment"] else []
    if row["stage"] and row["outcome"] != "won":
        parts.append(message("card.stage", stage=row["stage"]))
    if row["customer_goal"]:
        parts.append(message("card.goal", goal=row["customer_goal"]))
    if copy != "team":
        parts.append(message("card.nameless"))
    return tuple(parts)


def _quote(story: str) -> str:
    """A sentence that fits a title: the first of three words or more that does, else the beginning of the first."""
    sentences = [sentence.split() for sentence in _SENTENCE.split(" ".join(story.split()))]
    whole = next((words for words in sentences if 3 <= len(words) <= TITLE_WORDS), None)
    return " ".join(whole) if whole else _cut(sentences[0], TITLE_WORDS)


def _line(story: str) -> str:
    """As many whole sentences of a story as fit a line, else the beginning of the first; what is left out is marked."""
    sentences = [sentence.split() for sentence in _SENTENCE.split(" ".join(story.split()))]
    kept = list(sentences[0])
    for words in sentences[1:]:
        if len(kept) + len(words) > LINE_WORDS:
            return f"{_cut(kept, LINE_WORDS).removesuffix(' …')} …"
        kept += words
    return _cut(kept, LINE_WORDS)


def _cut(words: list[str], most: int) -> str:
    return " ".join(words) if len(words) <= most else f"{' '.join(words[:most])} …"
