"""What an order comes to: checked as a whole, then for each team whether its report is made, kept or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from kpikit import __version__
from kpikit.book import DealBook, open_book, teams
from kpikit.book.basis import Difference, basis, differences
from kpikit.book.preparing import content_hash
from kpikit.book.selection import WHOLE, WHOLE_WORD, asked_for, is_whole
from kpikit.calendar import Period
from kpikit.errors import KpikitError, UsageError, check_language
from kpikit.report.figures import restated as since
from kpikit.report.figures.tries import TRIES, keep_tries
from kpikit.report.making.job import Outcome
from kpikit.report.review import check_period
from kpikit.report.runs import record as records
from kpikit.report.runs import resume
from kpikit.report.runs import template as templates
from kpikit.report.runs.record import RECORD, Entry, Record
from kpikit.schema import Look
from kpikit.show.names import folder_names
from kpikit.words import Words

#: the earlier run's record, as a notebook finds it beside its book
SINCE = "since.json"
#: what a run that goes on must have in common with the run that it goes on with
_SAME = ("template", "period", "language", "copy")


@dataclass(frozen=True)
class Order:
    """What is asked for.

    ``teams`` empty is all of them. ``formats`` are those of :mod:`kpikit.report.formats`, ``static`` pages have no
    script. ``copy`` is "team" or "company"; empty, the template's own. ``going_on``: "new" (into a fresh folder),
    "resume" (keep what is whole and made of the same), "failed" (only what failed or was not reached). ``since`` is the
    run.json of an earlier report, ``log`` the review log, ``dask`` a scheduler's address, ``as_of`` the day of the
    export.
    """

    book: str
    template: str
    period: str
    out: Path
    teams: Sequence[str] = ()
    language: str = "en"
    copy: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 2
    formats: tuple[str, ...] = ()
    static: bool = False
    going_on: Literal["new", "resume", "failed"] = "new"
    since: Path | None = None
    log: str = ""
    dask: str | None = None
    as_of: str | None = None


@dataclass(frozen=True)
class Asked:
    """An order that can be carried out: its book, its words, where it is written, and what all reports share.

    ``basis`` is what the figures rest on, ``since`` what those of the earlier run rested on that is another now.
    """

    order: Order
    book: DealBook
    period: Period
    template: templates.Template
    words: Words
    look: Look
    folder: Path
    parameters: Mapping[str, Any]
    basis: Mapping[str, Any]
    since: tuple[Difference, ...] = ()
    tries: str = ""


@dataclass(frozen=True)
class Step:
    """What happens to one team's report."""

    action: Literal["make", "keep", "refuse"]
    entry: Entry


def ask(order: Order) -> Asked:
    """Check everything that does not depend on what stands in the folder.

    Raises:
        UsageError, DataError: the order cannot be carried out; nothing was written.
    """
    template = templates.find(order.template)
    check_language(order.language)
    order = replace(order, copy=order.copy or templates.default(template, "copy", "team"))
    fixed = {"period": order.period, "language": order.language, "copy": order.copy, **order.parameters}
    if order.since is not None:
        fixed["since"] = SINCE
    if order.log:
        fixed["log"] = TRIES
    templates.check(template, {**fixed, "team": "", "book": ""})
    book = open_book(order.book, order.as_of)
    book = book if book.hash else book.replace(hash=content_hash(book))
    period = book.settings.period(order.period)
    check_period(book, period)
    differs = () if order.since is None else _since(since.read(order.since), book, period)
    _check_teams(book, order.teams)
    folder = order.out / period.name
    words = Words(order.language, book.settings.currency or "", book.settings.amount_per)
    look = book.settings.theme
    tries = keep_tries(order.log) if order.log else ""
    rests_on = basis(book, min(period.end, book.as_of))
    asked = Asked(order, book, period, template, words, look, folder, fixed, rests_on, differs, tries)
    _check_before(asked)
    return asked


def plan(asked: Asked) -> tuple[Record, dict[str, Step]]:
    """The record as it begins, and what happens to each team, by name.

    Raises:
        UsageError: the folder holds a run of another kind, or none to go on with.
    """
    before = _check_before(asked)  # again: now nobody else can begin one
    head = _head(asked)
    had = before.entries if before is not None else {}
    known = teams(asked.book)
    wanted = {_spelled(known, team) for team in asked.order.teams} or {*_named(known)} or {WHOLE}
    wanted |= {team for team in had if team in (*_named(known), WHOLE)}
    folders = _folders(known)
    refused = _too_small(asked.book, sorted(wanted), asked.words)
    steps = {}
    for team in sorted(wanted):
        if team in refused:
            outcome = Outcome(team, "refused", reason=refused[team])
            steps[team] = Step("refuse", Entry(outcome, folders[team]))
        else:
            steps[team] = _step(asked, had.get(team), Entry(Outcome(team, "pending"), folders[team], _key(asked, team)))
    entries = {team: step.entry for team, step in steps.items()}
    gone = tuple(team for team in had if team not in (*_named(known), WHOLE))
    left = {entry.folder for entry in had.values()} - {entry.folder for entry in entries.values()}
    changed = () if before is None else _changed(before, asked)
    return Record(asked.folder, head, entries, changed=changed, gone=gone, left=tuple(left)), steps


def _changed(before: Record, asked: Asked) -> tuple[Difference, ...]:
    """What the run that stands in the folder rested on that is another now: of the same book, definitions."""
    book = before.head.get("book", {})
    found = differences(book.get("basis"), asked.book)
    if book.get("hash") != asked.book.hash:
        return found
    return tuple(one for one in found if one.what == "definitions")


def _step(asked: Asked, had: Entry | None, new: Entry) -> Step:
    """Keep what is whole; with ``resume`` only if it is made of the same."""
    if had is None or had.folder != new.folder or not resume.is_there(had, asked.folder / had.folder):
        return Step("make", new)
    if asked.order.going_on == "resume" and had.key != new.key:
        return Step("make", new)
    return Step("keep", had)


def _key(asked: Asked, team: str) -> str:
    order = asked.order
    return resume.key(
        {
            "book": asked.book.hash,
            "template": resume.file_hash(asked.template.path),
            "parameters": {**asked.parameters, "team": team},
            "formats": sorted(order.formats),
            "static": order.static,
            "look": asdict(asked.look),
            "tries": asked.tries,
            "since": resume.file_hash(order.since) if order.since is not None else "",
        }
    )


def _head(asked: Asked) -> dict[str, Any]:
    order, book = asked.order, asked.book
    seen = min(asked.period.end, book.as_of)
    return {
        "kpikit": __version__,
        "template": Path(order.template).stem,
        "period": order.period,
        "language": order.language,
        "copy": order.copy,
        "formats": list(order.formats),
        "book": {
            "hash": book.hash,
            "as_of": book.as_of.isoformat(),
            "seen": seen.isoformat(),
            "basis": dict(asked.basis),
        },
    }


def _check_before(asked: Asked) -> Record | None:
    """The run that stands in the folder, if this order may go on with it."""
    order = asked.order
    if order.going_on == "new":
        if (asked.folder / RECORD).exists():
            raise UsageError("run_exists", path=str(asked.folder))
        return None
    before = records.read(asked.folder)
    if before is None:
        if order.going_on == "failed":
            raise UsageError("no_run", path=str(asked.folder))
        return None
    head = _head(asked)
    for name in _SAME:
        if before.head.get(name) != head[name]:
            was, now = before.head.get(name), head[name]
            raise UsageError("other_run", path=str(asked.folder), what=name, was=was, now=now)
    if order.going_on == "failed" and before.head["book"]["hash"] != asked.book.hash:
        raise UsageError("other_book", path=str(asked.folder))
    if order.going_on == "failed" and (others := _changed(before, asked)):
        names = ", ".join(others[0].now)
        raise UsageError("other_definitions", path=str(asked.folder), names=names)
    return before


def _spelled(known: Sequence[str], team: str) -> str:
    """A team as the record calls it; the whole book is nothing there, which no team can be called."""
    return WHOLE if is_whole(known, team) else team


def _named(known: Sequence[str]) -> Sequence[str]:
    """Teams that are a part: "all" alone is a book without teams."""
    return () if list(known) == [WHOLE_WORD] else known


def _folders(known: Sequence[str]) -> dict[str, str]:
    """A folder a team; that of the whole book is "all", whatever teams are called."""
    return folder_names([WHOLE, *_named(known)], first=WHOLE_WORD)


def _check_teams(book: DealBook, wanted: Sequence[str]) -> None:
    known = teams(book)
    unknown = [team for team in wanted if not is_whole(known, team) and team not in known]
    if unknown:
        raise UsageError("unknown_team", team=", ".join(unknown), teams=", ".join(known))


def _since(record: Mapping[str, Any], book: DealBook, period: Period) -> tuple[Difference, ...]:
    """What an earlier run rested on that is another now; a run on a later period is refused."""
    earlier = since.period_of(record, book.settings)
    if earlier.next_on > period.next_on:
        raise UsageError("since_later", period=record["period"], asked=period.name)
    return since.differences_of(record, book)


def _too_small(book: DealBook, asked: Iterable[str], words: Words) -> dict[str, str]:
    """Teams that get no report of their own (too few people, or a name that is the whole's), and the sentence why."""
    refused = {}
    for team in asked:
        try:
            asked_for(book, team)
        except KpikitError as error:
            refused[team] = error.sentence(words.language)
    return refused
