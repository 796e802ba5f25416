"""A session in a notebook: the book and the log opened, or one sentence and a way to go on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpikit.book import DealBook, open_book
from kpikit.book.selection import of_team
from kpikit.errors import UsageError, check_language
from kpikit.log.entries import login_name
from kpikit.log.log import Log
from kpikit.log.opening import open_log
from kpikit.review.questions import Questions, read_questions
from kpikit.session import last_good_book as kept
from kpikit.session.error_report import details, sentence
from kpikit.session.lab import LOG
from kpikit.session.panel.nodes import Node, button, node
from kpikit.session.panel.panel import Panel, opened
from kpikit.words import Words

if TYPE_CHECKING:
    from kpikit.session.panel.widget import ReviewWidget


#: a log in memory
TRIAL = ":memory:"


@dataclass(frozen=True)
class Order:
    """What a session was asked to open."""

    book: str
    log: str | None
    team: str | None
    minutes: int
    papers: str | None
    as_of: str | None = None


class Session:
    """The widget's brain: a panel, or what keeps it from opening."""

    def __init__(self, order: Order, words: Words) -> None:
        self.order = order
        self.words = words
        self.panel: Panel | None = None
        self.error: BaseException | None = None
        self.spare: DealBook | None = None
        self.heard = 0
        self._open(None)

    def _open(self, spare: DealBook | None) -> None:
        """The panel on today's book, or on the one that was kept."""
        self.error = self.spare = None
        try:
            book = kept.keep(open_book(self.order.book, self.order.as_of), self.order.book) if spare is None else spare
        except Exception as error:
            self.error, self.spare = error, kept.last_good(self.order.book)
            return
        try:
            mine = of_team(book, self.order.team) if self.order.team else book
            words = Words(self.words.language, book.settings.currency or "", book.settings.amount_per)
            self.panel = opened(
                mine, _log(self.order.log), words, length=self.order.minutes, papers=self.order.papers,
                questions=questions_of(self.order.book), whole=book,
            )  # fmt: skip
        except Exception as error:
            self.error = error

    def handle(self, said: dict[str, Any]) -> None:
        """What somebody did on the screen."""
        self.heard += said.get("do") != "tick"
        if self.panel is not None:
            self.panel.handle(said)
        elif said.get("do") == "again":
            self._open(None)
        elif said.get("do") == "go_on" and self.spare is not None:
            self._open(self.spare)

    def view(self) -> dict[str, Any]:
        """What the screen shows."""
        if self.panel is not None:
            return self.panel.view() | {"heard": self.heard}
        return {"tree": self._failed(), "acks": {}, "shown": "failed", "asks": "", "heard": self.heard}

    def _failed(self) -> Node:
        """One sentence, and three ways on."""
        error = self.error or UsageError("no_such_book", path=self.order.book)
        say = self.words.say
        go_on = None
        if self.spare is not None:
            day = said_up_to(self.spare, self.words)
            go_on = button(say("panel.failed.go_on", day=day), {"do": "go_on"}, cls="main", data_first=True)
        return node(
            "div",
            node("header", node("div", node("h1", say("panel.title")), cls="banner")),
            node(
                "main",
                node(
                    "section",
                    node("h2", say("panel.failed.title")),
                    node("p", sentence(error, self.words), cls="why"),
                    node("p", say("panel.failed.safe"), cls="muted"),
                    node(
                        "p",
                        go_on,
                        " ",
                        button(say("panel.failed.again"), {"do": "again"}),
                        " ",
                        button(say("panel.failed.copy"), {"do": "copy", "text": details(error)}),
                        " ",
                        node("span", say("panel.failed.copied"), cls="copied", role="status"),
                        cls="ways",
                    ),
                ),
                cls="page",
            ),
            cls="whole",
        )


def questions_of(given: str) -> Questions:
    """The questions, with a company's own that stand beside its kpikit.toml."""
    path = Path(given)
    return read_questions(path if path.is_dir() else path.parent if path.exists() else None)


def _log(given: str | None) -> Log:
    """The log; a trial forgets when it ends."""
    from kpikit.log.salvage import salvaged

    given = given or os.environ.get(LOG)
    return Log(salvaged([]), given, None, (), author=login_name()) if given == TRIAL else open_log(given)


def said_up_to(book: DealBook, words: Words) -> str:
    """Up to when a book speaks, as a day and a time where it is."""
    from zoneinfo import ZoneInfo

    return words.moment(book.as_of.astimezone(ZoneInfo(book.settings.time_zone)))


def open_session(
    book: str | Path,
    *,
    log: str | None = None,
    language: str = "en",
    team: str | None = None,
    minutes: int = 45,
    papers: str | None = None,
    as_of: str | None = None,
) -> ReviewWidget:
    """The review panel of a book, to be shown in a notebook.

    Args:
        book: what ``kpikit.open_book`` takes.
        log: the review log, a file or a URL; by default what ``KPIKIT_LOG`` names, else the user's own. ``":memory:"``
            forgets all when it closes.
        language: one of ``kpikit.languages.LANGUAGES``.
        team: only this team's deals.
        minutes: how long the session is.
        papers: the folder for the minutes; by default one in the user's documents.
        as_of: the day of the export, where that is not the last one recorded in it.

    Returns:
        A widget. It opens even when the book does not, with a sentence and a way to go on.

    Raises:
        UsageError: there is no such language.

    Example:
        >>> open_session("demo", log=":memory:").view["shown"]
        'opening/'
    """
    from kpikit.session.panel.widget import ReviewWidget

    check_language(language)
    return ReviewWidget(Session(Order(str(book), log, team, minutes, papers, as_of), Words(language)))
