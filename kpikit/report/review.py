"""The reports as values that a notebook shows page by page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kpikit.book import DealBook, open_book
from kpikit.book.selection import asked_for
from kpikit.errors import UsageError, check_language
from kpikit.report.figures.about import About, about
from kpikit.report.figures.headline import undated
from kpikit.report.figures.team import TeamFigures, team_figures
from kpikit.report.figures.tries import read_tries
from kpikit.report.figures.winloss import WinLossFigures, winloss_figures
from kpikit.report.formats.outputs import FIGURES_MIME, PAGE_MIME, REPORT_MIME
from kpikit.report.pages import team as of_a_team
from kpikit.report.pages import undated as without_dates
from kpikit.report.pages import winloss as of_a_quarter
from kpikit.report.pages.order import BACK
from kpikit.schema import Look
from kpikit.show.document import header, plain, with_charts
from kpikit.show.page import Message, Page, message
from kpikit.show.sheets import blocks
from kpikit.show.theme import PLAIN
from kpikit.words import Words


@dataclass(frozen=True)
class ShownPage:
    """A page in a language: what a notebook cell displays."""

    page: Page
    words: Words

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        html, charts = with_charts(self.page, self.words)
        facts = {
            "id": self.page.id,
            "title": self.page.title.in_words(self.words),
            "folded": self.page.folded,
            "certainty": self.page.certainty,
            "sentence": [part.in_words(self.words) for part in self.page.sentence],
            "question": self.page.question.in_words(self.words) if self.page.question else "",
            "sheets": json.dumps([asdict(block) for block in blocks(self.page, self.words)], ensure_ascii=False),
            "charts": {width: chart.spec for width, chart in zip(("wide", "narrow"), charts, strict=False)},
        }
        return {
            "text/html": html,
            "text/plain": plain(self.page, self.words),
            PAGE_MIME: facts,
        }


@dataclass(frozen=True)
class Report:
    """One team's report: a heading and its pages; ``report["front"]`` is a page to show.

    ``facts`` is what a run remembers of it: codes and numbers that stand on its pages. ``known`` are the names of pages
    that such a report has; one that is not made, because deals are too few, is None.
    """

    title: Message
    about: tuple[Message, ...]
    pages: tuple[Page, ...]
    words: Words
    facts: Mapping[str, Any] = field(default_factory=dict)
    look: Look = PLAIN
    known: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> ShownPage | None:
        made = {page.id: page for page in self.pages}
        if name in made:
            return ShownPage(made[name], self.words)
        if name in self.known:
            return None
        raise UsageError("unknown_page", page=name, allowed=", ".join(sorted({*made, *self.known})))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        title = self.title.in_words(self.words)
        html = header(self.title, self.about, self.words, self.look)
        heading = {
            "title": title,
            "about": [line.in_words(self.words) for line in self.about],
            "footer": self.look.footer,
        }
        return {
            "text/html": html,
            "text/plain": title,
            REPORT_MIME: heading,
            FIGURES_MIME: {"title": title, **self.facts},
        }


def team_review(
    book: str | Path,
    *,
    team: str = "",
    period: str,
    language: str = "en",
    copy: str = "team",
    since: str = "",
    log: str = "",
) -> Report:
    """The team review report of one team on one period.

    Args:
        book: anything :func:`kpikit.open_book` opens.
        team: a team's name; "" or, where no team is called so, "all" for the whole book.
        period: such as ``2026Q3`` or ``FY2026Q2``; the book is taken back to its end.
        language: one of ``kpikit.languages.LANGUAGES``.
        copy: "team" or "company"; a company copy lists no deals.
        since: the run.json of an earlier run; the back matter tells which of its figures are now others.
        log: the review log (a file or an address) with what was agreed to try; without it no try is known.

    Raises:
        UsageError: no such team, language or copy; a period that the book says nothing about; ``since`` is no record;
            there is no such ``log``.
        Refused: the team is too small for a report of its own.
    """
    part, cover = _opened(book, team, period, language, copy, since)
    if not part.is_dated:
        return _undated(part, cover, frozenset({*of_a_team.PAGES, BACK}), language)
    return review_of(team_figures(part, cover, read_tries(log)), language)


def review_of(figures: TeamFigures, language: str = "en") -> Report:
    """The team review report of these figures: nothing else is needed, no book and no log."""
    whose = message("header.team", team=figures.about.team) if figures.about.team else message("header.all")
    known = frozenset({*of_a_team.PAGES, BACK})
    return _report(whose, figures.about, of_a_team.pages(figures), known, figures.kept, language)


def quarterly_winloss(
    book: str | Path | DealBook,
    *,
    team: str = "",
    period: str,
    language: str = "en",
    copy: str = "company",
    crm: str = "hubspot",
    since: str = "",
    log: str = "",
) -> Report:
    """The quarterly win/loss report of a company, or of one team, on one period.

    Args:
        book: anything :func:`kpikit.open_book` opens, or a book.
        team: a team's name; "" or, where no team is called so, "all" for the whole book.
        period: such as ``2026Q3`` or ``FY2026Q2``; the book is taken back to its end.
        language: one of ``kpikit.languages.LANGUAGES``.
        copy: "company" (no deal and no customer by name) or "team".
        crm: whose report the figures are held against, by the name of the CRM's file in ``kpikit/sources``.
        since: the run.json of an earlier run; the back matter tells which of its figures are now others.
        log: the review log (a file or an address) with what was agreed to try; without it no try is known.

    Raises:
        UsageError: no such team, language, copy or CRM; a period that the book says nothing about; ``since`` is no
            record; there is no such ``log``.
        Refused: the team is too small for a report of its own.
    """
    part, cover = _opened(book, team, period, language, copy, since)
    if not part.is_dated:
        return _undated(part, cover, frozenset({*of_a_quarter.PAGES, BACK}), language)
    return winloss_of(winloss_figures(part, cover, read_tries(log), crm=crm), language)


def winloss_of(figures: WinLossFigures, language: str = "en") -> Report:
    """The quarterly report of these figures: nothing else is needed, no book and no log."""
    whose = message("header.wl.team", team=figures.about.team) if figures.about.team else message("header.wl.all")
    known = frozenset({*of_a_quarter.PAGES, BACK})
    return _report(whose, figures.about, of_a_quarter.pages(figures), known, figures.kept, language)


def _report(
    whose: Message, cover: About, pages: tuple[Page, ...], known: frozenset[str], kept: tuple[Any, ...], language: str
) -> Report:
    """The report with what a run remembers of it, and what has become another figure since an earlier run."""
    lines = (message("header.period", period=cover.period), message(f"header.copy.{cover.copy}"), message("header.for"))
    facts: dict[str, Any] = {"figures": kept, "last_on": cover.last_on.isoformat() if cover.last_on else ""}
    if cover.restated is not None:
        facts["restated"] = cover.restated.rows
    return Report(whose, lines, pages, Words(language, cover.currency, cover.amount_per), facts, cover.look, known)


def _undated(book: DealBook, cover: About, known: frozenset[str], language: str) -> Report:
    """The report on a file without dates: a page of what counts, and its back matter."""
    whose = message("header.team", team=cover.team) if cover.team else message("header.all")
    pages = without_dates.pages(undated(book, cover))
    lines = (message("header.undated"), message(f"header.copy.{cover.copy}"), message("header.for"))
    facts: dict[str, Any] = {"figures": (), "last_on": ""}
    return Report(whose, lines, pages, Words(language, cover.currency), facts, cover.look, known)


def _opened(
    book: str | Path | DealBook, team: str, period: str, language: str, copy: str, since: str
) -> tuple[DealBook, About]:
    """The book as it stood at the period's end, narrowed to the team; what the report says of itself."""
    opened = open_book(book) if isinstance(book, (str, Path)) else book
    check_language(language)
    if copy not in ("team", "company"):
        raise UsageError("copy", copy=copy)
    asked = opened.settings.period(period)
    check_period(opened, asked)
    then = opened.at(min(asked.end, opened.as_of)) if opened.is_dated else opened
    then = then.replace(answers_in="polars")
    part = asked_for(then, team)
    return part, about(part, asked, copy, team=team, since=since, whole=then)  # type: ignore[arg-type] - looked at above


def check_period(book: Any, period: Any) -> None:
    """Refuse a period before the first deal or after the last recorded instant."""
    first = book.tables["deals"].lazy().select("created_at", "outcome_at").min().collect().row(0)
    begins = min((instant for instant in first if instant is not None), default=None)
    if not book.is_dated:  # all of it is one window
        return
    if period.start >= book.as_of:
        raise UsageError("period_after", period=period.name, as_of=book.as_of.date())
    if begins is not None and period.end <= begins:
        raise UsageError("period_before", period=period.name, first=begins.date())
