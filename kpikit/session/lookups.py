"""What the panel asks of a book, each thing once: the agenda, the open deals, stories and their pictures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook
from kpikit.book.selection import last_day
from kpikit.log.log import Log
from kpikit.review.beginning import Opening, opening
from kpikit.review.lessons import Learning, learning
from kpikit.review.listing.agenda import agenda
from kpikit.review.listing.choices import Choices
from kpikit.review.pictures import course_chart, course_sentence, timeline_chart
from kpikit.review.questions import Questions
from kpikit.review.session_basis import notices
from kpikit.review.telling import Story, story
from kpikit.session.open_deals import open_deals
from kpikit.session.panel.beginning import with_ended
from kpikit.show.charts.picture import svg
from kpikit.show.page import Message
from kpikit.words import Words

#: the width of a story's pictures beside the agenda, and beside all deals
WIDTHS = {"agenda": 800, "all": 585}
#: a book that ends longer before the session than this many days is talked about as of its own last day
STALE = 14


def clock(log: Log, time_zone: str) -> date:
    """Today, as the log's own clock has it: one for all machines that share a log."""
    return datetime.fromtimestamp(log.clock() / 1e6, ZoneInfo(time_zone)).date()


def session_day(book: DealBook, today: date) -> date:
    """The day of the session: today, or the book's last day where today says nothing about it.

    What a rule calls silence would be the silence of an old export.
    """
    last = last_day(book)
    return today if 0 <= (today - last).days <= STALE else last


class Desk:
    """A book and a log on the table; what was looked up once lies there."""

    def __init__(
        self, book: DealBook, log: Log, words: Words, day: date, minutes: int, questions: Questions | None = None,
        whole: DealBook | None = None,
    ) -> None:  # fmt: skip
        self.whole = whole or book
        self.book = book if book.answers_in == "polars" else book.replace(answers_in="polars")
        self.log, self.words = log, words
        self.day, self.minutes, self.questions = day, minutes, questions
        self.deals = open_deals(self.book)
        self._listed: tuple[Any, pl.DataFrame] | None = None
        self._opening: tuple[Any, Opening] | None = None
        self._asked: set[str] = set()
        self._notices: tuple[Message, ...] | None = None
        self._stories: dict[tuple[str, str], Story] = {}
        self._pictures: dict[tuple[str, int], tuple[str, ...]] = {}

    def listed(self, choices: Choices) -> pl.DataFrame:
        """The agenda with the coach's choices."""
        asked = self.log.entries(kind="prepared", reader="coach_and_rep")["id"].to_list()
        known = (replace(choices, before=None), tuple(self.log.parked().rows()), tuple(asked))
        if self._listed is None or self._listed[0] != known:
            found = agenda(self.book, log=self.log, session=self.day, minutes=self.minutes, **choices.asked()).frame
            self._listed = (known, found)
        return self._listed[1]

    def story(self, deal: str, reader: str) -> Story:
        """A deal's story, with what its owner has written by now."""
        known = (deal, reader)
        if known not in self._stories:
            self._stories[known] = story(
                self.book, deal, log=self.log, session=self.day, questions=self.questions, reader=reader  # type: ignore[arg-type]
            )  # fmt: skip
        prepared = self.log.entries(kind="prepared", deal_id=deal, reader=reader)  # type: ignore[arg-type]
        return replace(self._stories[known], prepared=prepared)

    def pictures(self, found: Story, width: int) -> tuple[str, ...]:
        """The timeline, and how it went with deals like it where that can be told."""
        known = (found.deal["deal_id"], width)
        if known not in self._pictures:
            course = course_chart(found)
            charts = [timeline_chart(found), *([course] if course is not None else [])]
            self._pictures[known] = tuple(svg(chart, self.words, width) for chart in charts)
        return self._pictures[known]

    def opening(self, reader: str, session_id: str) -> Opening:
        """What the session opens with, with the states of this moment."""
        live = self.log.agreements(reader=reader)  # type: ignore[arg-type]
        known = (reader, tuple(live["entry_id"]), self.log.sessions().height)
        if self._opening is None or self._opening[0] != known:
            found = opening(self.book, self.log, session=self.day, reader=reader)  # type: ignore[arg-type]
            self._opening = (known, found)
        found = self._opening[1]
        self._asked |= set(found.agreements["entry_id"])
        return with_ended(found, live, self._asked, session_id)

    def learning(self) -> Learning:
        """What earlier sessions teach."""
        return learning(self.book, self.log, whole=self.whole)

    def notices(self) -> tuple[Message, ...]:
        """What the last session rested on that is another now, and sessions that are not read."""
        if self._notices is None:
            self._notices = notices(self.log, self.book, self.whole, self.day)
        return self._notices

    def told(self, found: Story) -> Message | None:
        """The sentence to the second picture."""
        return course_sentence(found)
