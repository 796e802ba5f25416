"""The papers for days before a session: the agenda, and for each rep a page about her own deals.

What the screen will show of a deal stands on its page first. Where the book shows nobody (``persons = "off"``) there is
a page a deal instead, without a name, for the coach to hand on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook
from kpikit.book.selection import last_day
from kpikit.errors import UsageError
from kpikit.files import write_whole
from kpikit.lock import locked
from kpikit.log.entries import UNPARKED
from kpikit.log.log import Log, same_name
from kpikit.review.beginning import Opening, opening, since_words
from kpikit.review.facts import in_polars
from kpikit.review.listing.agenda import agenda, owners_of
from kpikit.review.pictures import course_chart, course_sentence, timeline_chart
from kpikit.review.questions import Questions
from kpikit.review.reasons import reason, short
from kpikit.review.session_basis import notices
from kpikit.review.telling import Story, story
from kpikit.session.lookups import WIDTHS
from kpikit.session.open_deals import open_deals
from kpikit.session.panel.say import entry_text
from kpikit.show.charts.base import NARROW
from kpikit.show.charts.picture import svg
from kpikit.show.document import paper
from kpikit.show.names import folder_names
from kpikit.show.page import Chart, Message, message
from kpikit.words import Words

#: what she is asked to write down, a field each
FIELDS = ("not_in_crm", "customer_next", "help")
_COLUMNS = ("name", "stage", "days", "amount", "close_on")
_MET = {True: "review.met.yes", False: "review.met.no", None: "review.met.unknown"}


def prepare(
    book: DealBook,
    log: Log | None,
    out: str | Path,
    words: Words,
    *,
    on: date | None = None,
    seed: int = 0,
    minutes: int = 45,
    questions: Questions | None = None,
    whole: DealBook | None = None,
) -> tuple[Path, ...]:
    """Write what people get days before a session.

    Args:
        book: a deal book, perhaps of one team.
        log: the review log, for what is parked, agreed and prepared already.
        out: a folder; ``agenda.html`` and a folder for each rep (or each deal) are written into it.
        words: the language.
        on: the day of the session; by default the last day that the book speaks of.
        seed: of the lot by which one deal is drawn.
        minutes: how long the session is.
        questions: the company's own questions.
        whole: the book that ``book`` is a team's part of, where it is one.

    Returns:
        The files, the agenda first.

    Raises:
        UsageError: the folder cannot be written, or another process is writing into it.
    """
    mine, day, folder = in_polars(book), on or last_day(book), Path(out)
    _may_hold(folder)
    every = agenda(mine, log=log, session=day, minutes=minutes, seed=seed)
    listed = every.filter(pl.col("status") == "ok").to_dicts()
    top = _Top(mine, words, day, minutes)
    others = () if log is None else notices(log, book, whole or book, day)
    papers = {"agenda.html": _agenda(listed, every.filter(pl.col("status") != "ok"), others, top)}
    stories = {row["deal_id"]: story(mine, row["deal_id"], log=log, session=day, questions=questions) for row in listed}
    values = {row["deal_id"]: _deal(stories[row["deal_id"]], row, top) for row in listed}
    if mine.settings.privacy.persons == "self":
        papers |= dict(_of_people(listed, values, log, top))
    else:
        called = {row["deal_id"]: f"{row['name'] or 'deal'}\0{row['deal_id']}" for row in listed}  # no two alike
        places = folder_names(called.values())
        for row in listed:
            place = places[called[row["deal_id"]]]
            values_of = {"title": message("paper.deal.title", on=day), "lead": message("paper.deal.lead")}
            papers[f"{place}/prepare.html"] = top.page([values[row["deal_id"]]], **values_of)
    with locked(folder):  # two who prepare at once, perhaps for two days or in two languages, do not mix their papers
        return tuple(written(folder, name, text) for name, text in papers.items())


def _may_hold(folder: Path) -> None:
    """Make the folder before the work begins."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError("papers_place", path=str(folder), reason=error.strerror or str(error)) from None


def written(folder: Path, name: str, text: str) -> Path:
    """A paper in its folder, which nobody else reads.

    Raises:
        UsageError: it cannot be written.
    """
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise UsageError("papers_place", path=str(path), reason=error.strerror or str(error)) from None
    return path


def foot(book: DealBook) -> tuple[Message, ...]:
    """What stands under every paper: what it is for, and what was agreed with staff."""
    agreement = book.settings.privacy.agreement
    agreed = (message("page.agreement", agreement=agreement),) if agreement else ()
    return (message("page.for_conversation"), *agreed)


def head(book: DealBook) -> tuple[Message | str, ...]:
    """The team, and up to when the book speaks."""
    as_of = book.as_of.astimezone(ZoneInfo(book.settings.time_zone))
    return (*([book.team] if book.team else []), message("paper.as_of", as_of=as_of))


class _Top:
    """What all papers of a session share: the book, the language, the day."""

    def __init__(self, book: DealBook, words: Words, day: date, minutes: int) -> None:
        self.book, self.words, self.day, self.minutes = book, words, day, minutes
        self.zone = ZoneInfo(book.settings.time_zone)
        self.look = book.settings.theme
        self.open = open_deals(book)
        self.days = dict(self.open.select("deal_id", "days").iter_rows())

    def shown(self, template: str, **values: Any) -> str:
        """A paper as HTML."""
        return paper(template, self.words, self.look, lines=head(self.book), footer=foot(self.book), **values)

    def page(self, deals: list[dict[str, Any]], **values: Any) -> str:
        """A page to prepare with."""
        bare: dict[str, Any] = {"agreements": [], "others": [], "headings": []}
        fields = [message(f"paper.field.{name}") for name in FIELDS]
        return self.shown("prepare.html", deals=deals, fields=fields, **{**bare, **values})

    def pictures(self, chart: Chart) -> tuple[Any, Any]:
        """A chart as on the screen, and for a telephone."""
        from markupsafe import Markup

        wide, narrow = (svg(chart, self.words, width) for width in (WIDTHS["agenda"], NARROW))
        return Markup(wide), Markup(narrow)  # noqa: S704 - our own SVG


def _agenda(listed: list[dict[str, Any]], refused: pl.DataFrame, others: tuple[Message, ...], top: _Top) -> str:
    """The agenda: each deal with its reason and its minutes, and nobody's name; what earlier sessions rested on."""
    deals = [
        {
            "name": row["name"] or row["deal_id"],
            "about": [*_place(row, top.words), *([message("panel.lot")] if row["is_lot"] else [])],
            "why": _why(row),
            "minutes": message("panel.minutes", n=row["minutes"]),
        }
        for row in listed
    ]
    notes = [message("paper.lot")] if any(row["is_lot"] for row in listed) else []
    notes += [*(_missing(row) for row in refused.to_dicts()), *others]
    lead = message("paper.agenda.lead", n=len(listed), minutes=top.minutes) if listed else message("panel.agenda.none")
    title = message("paper.agenda.title", on=top.day)
    return top.shown("agenda.html", title=title, lead=lead, deals=deals, notes=notes)


def _missing(row: Mapping[str, Any]) -> Message:
    """What a rule could not look at, or a deal that somebody asked to leave out."""
    if row["rule"] is None:
        return message("review.left_out", deal=row["name"] or row["deal_id"])
    return message("paper.refused", rule=short(row["rule"]), why=message(f"reason.{row['reason']}"))


def _place(deal: Mapping[str, Any], words: Words) -> list[str]:
    return [part for part in (deal["stage"], None if deal["amount"] is None else words.price(deal["amount"])) if part]


def _why(row: Mapping[str, Any]) -> list[Message]:
    others = tuple(short(rule) for rule in row["others"] or [])
    return [reason(row), *([message("paper.rules", n=len(others), rules=others)] if others else [])]


def _of_people(
    listed: list[dict[str, Any]], values: Mapping[str, dict[str, Any]], log: Log | None, top: _Top
) -> Iterable[tuple[str, str]]:
    """A page for each who has a deal on the agenda: hers alone."""
    owners = owners_of(top.book, {*values, *top.open["deal_id"]})
    people = sorted({owners[deal] for deal in values if deal in owners})
    start = None if log is None else opening(top.book, log, session=top.day)
    places = folder_names(people)
    for person in people:
        hers = {deal for deal, owner in owners.items() if owner == person}
        deals = [values[row["deal_id"]] for row in listed if row["deal_id"] in hers]
        others = top.open.filter(pl.col("deal_id").is_in(list(hers - set(values))))
        title = message("paper.yours.title", n=len(deals), all=len(listed), on=top.day)
        yield (
            f"{places[person]}/prepare.html",
            top.page(
                deals,
                title=title,
                lead=message("paper.yours.lead", person=person),
                agreements=[] if start is None else _agreements(start, person, hers, top),
                others=[_other(row, top) for row in others.to_dicts()],
                headings=[message(f"panel.column.{name}") for name in _COLUMNS],
            ),
        )


def _deal(found: Story, row: Mapping[str, Any], top: _Top) -> dict[str, Any]:
    """What the screen will show of a deal, as the page needs it."""
    deal, words = found.deal, top.words
    course, told = course_chart(found), course_sentence(found)
    goal = deal["customer_goal"] or message("panel.story.no_goal")
    prepared = [] if found.prepared is None else found.prepared.filter(pl.col("text").is_not_null()).to_dicts()
    others = found.reasons.filter(pl.col("rule") != row["rule"]).to_dicts()
    return {
        "name": deal["name"] or deal["deal_id"],
        "about": [*_place(deal, words), *_about(deal, top.days.get(deal["deal_id"]))],
        "goal": goal,
        "own": [(message(f"panel.prepared.{one['code']}"), one["text"]) for one in prepared],
        "why": _why(row),
        "noticed": [reason(one) for one in others],
        "timeline": top.pictures(timeline_chart(found)),
        "like": _like(found.like),
        "course": None if course is None else top.pictures(course),
        "told": told,
        "stage": message("panel.story.stage", stage=deal["stage"] or "–"),
        "meaning": found.meaning,
        "criteria": [(one["criterion"], message(_MET[one["met"]])) for one in found.criteria.to_dicts()],
        "questions": found.asks(words.language),
        "said": list(_said(found.said, words)),
    }


def _about(deal: Mapping[str, Any], days: float | None) -> Iterable[Message]:
    if deal["outcome"] != "open":
        yield message(f"panel.outcome.{deal['outcome']}")
    elif days is not None:
        yield message("panel.story.days", n=round(days))
    if deal["expected_close_on"] is not None:
        yield message("panel.story.expected", day=deal["expected_close_on"])
    if deal["next_step"]:
        yield message("panel.story.next", text=deal["next_step"])


def _like(like: pl.DataFrame) -> dict[str, Any] | None:
    """A customer like this one, in the customer's words."""
    rows = like.filter(pl.col("story").is_not_null()).to_dicts() if "story" in like.columns else []
    if not rows:
        return None
    alike = tuple(message(f"panel.alike.{code}") for code in rows[0]["alike"])
    said = message("paper.alike", n=len(alike), traits=alike) if alike else None
    return {"story": rows[0]["story"], "language": rows[0]["language"], "alike": said}


def _said(said: pl.DataFrame | None, words: Words) -> Iterable[tuple[Message, str]]:
    """What was said of the deal in earlier sessions, the latest first."""
    kinds = ("prediction", "learned", "worked", "did_not", "agreement", "note", "parked")
    told = pl.col("kind").is_in(kinds) & pl.col("due_on").ne_missing(UNPARKED)
    for row in [] if said is None else said.filter(told).reverse().to_dicts():
        yield message(f"panel.saying.{row['kind']}"), entry_text(row, words)


def _agreements(start: Opening, person: str, hers: set[str], top: _Top) -> list[dict[str, Any]]:
    """Agreements that she made or that are about her deals, with what the book says happened since."""
    mine = [
        row
        for row in start.agreements.to_dicts()
        if same_name(row["owner"]) == same_name(person) or row["deal_id"] in hers
    ]
    since = {key[0]: part.to_dicts() for key, part in start.since.partition_by("entry_id", as_dict=True).items()}
    return [
        {
            "text": row["text"],
            "about": [
                *[part for part in (row["name"] or row["deal_id"], row["owner"]) if part],
                *([message("panel.by", day=row["due_on"])] if row["due_on"] else []),
            ],
            "since": [
                since_words(fact, fact["at"] and fact["at"].astimezone(top.zone).date())
                for fact in since.get(row["entry_id"], [])
            ],
        }
        for row in mine
    ]


def _other(row: Mapping[str, Any], top: _Top) -> list[Any]:
    """A row of her other open deals, as the screen's table has it."""
    words = top.words
    return [
        row["name"],
        row["stage"] or "–",
        "–" if row["days"] is None else words.number(round(row["days"])),
        "–" if row["amount"] is None else words.price(row["amount"]),
        "–" if row["close_on"] is None else words.day(row["close_on"]),
    ]
