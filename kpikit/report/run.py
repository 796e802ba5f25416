"""A run: one report a team, an index and a record of what happened; a failing team does not stop the others."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kpikit import __version__
from kpikit.book import DealBook, of_team, open_book, prepare, teams
from kpikit.calendar import Period
from kpikit.errors import KpikitError, Refused, UsageError
from kpikit.report import template as templates
from kpikit.report.forked import ForkedExecutor, can_fork
from kpikit.report.names import folder_names
from kpikit.report.one import PAGE, Executed, Job, Outcome, execute, finish, make, write
from kpikit.report.review import check_period
from kpikit.show.document import index
from kpikit.show.page import message
from kpikit.words import LANGUAGES, Words

RECORD, INDEX = "run.json", "index.html"


@dataclass(frozen=True)
class Order:
    """What is asked for: a book, a template, teams (empty: all), a period, a language and a copy."""

    book: str
    template: str
    period: str
    out: Path
    teams: Sequence[str] = ()
    language: str = "en"
    copy: str = "team"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 2


@dataclass(frozen=True)
class Run:
    """What came of an order: where it stands, and how each report ended."""

    folder: Path
    outcomes: tuple[Outcome, ...]

    @property
    def exit_code(self) -> int:
        """0 fine, 1 some failed, 4 nothing produced."""
        made = any(outcome.status == "ok" for outcome in self.outcomes)
        failed = any(outcome.status == "failed" for outcome in self.outcomes)
        return 4 if not made else 1 if failed else 0


def run(order: Order, progress: Callable[[Outcome, int, int], None] = lambda *_: None) -> Run:
    """Make all reports of an order.

    Everything that can be refused is refused before anything runs: template, parameters, language, teams, period, and a
    folder that already holds a run.

    Raises:
        UsageError, DataError: the order cannot be carried out; nothing was written.
    """
    template = templates.find(order.template)
    if order.language not in LANGUAGES:
        raise UsageError("language", language=order.language, allowed=", ".join(LANGUAGES))
    fixed = {"period": order.period, "language": order.language, "copy": order.copy, **order.parameters}
    templates.check(template, {**fixed, "team": "", "book": ""})
    book = open_book(order.book)
    period = book.settings.period(order.period)
    check_period(book, period)
    asked = _asked(book, order.teams)
    folder = order.out / period.name
    if (folder / RECORD).exists():
        raise UsageError("run_exists", path=str(folder))
    folders = {team: folder / name for team, name in folder_names(asked).items()}
    with tempfile.TemporaryDirectory(prefix="kpikit-") as work:
        prepared = prepare(book, Path(work) / "book")
        words = Words(order.language, book.settings.currency or "")
        refused = _too_small(book, asked, words)
        jobs = [
            Job(
                team,
                template.path,
                {**fixed, "team": team, "book": "book"},
                folders[team],
                Path(work),
                _title(team, period, words),
            )
            for team in asked
            if team not in refused
        ]
        made = {outcome.team: outcome for outcome in _made(jobs, order.jobs, progress)}
    outcomes = tuple(refused.get(team) or made[team] for team in asked)
    _write_record(folder, order, prepared, outcomes, folders)
    _write_index(folder, prepared, period, words, outcomes, folders)
    return Run(folder, outcomes)


def _asked(book: DealBook, wanted: Sequence[str]) -> list[str]:
    known = teams(book)
    unknown = [team for team in wanted if team not in (*known, "all")]
    if unknown:
        raise UsageError("unknown_team", team=", ".join(unknown), teams=", ".join(known))
    return sorted(set(wanted)) if wanted else known


def _too_small(book: DealBook, asked: Iterable[str], words: Words) -> dict[str, Outcome]:
    """Teams with too few people for a report of their own."""
    refused = {}
    for team in asked:
        try:
            if team != "all":
                of_team(book, team)
        except Refused as error:
            refused[team] = Outcome(team, "refused", reason=error.sentence(words.language))
    return refused


def _title(team: str, period: Period, words: Words) -> str:
    whose = words.say("header.team", team=team) if team != "all" else words.say("header.all")
    return f"{whose} · {words.period(period)}"


def _made(jobs: list[Job], workers: int, progress: Callable[[Outcome, int, int], None]) -> Iterable[Outcome]:
    """The reports, as they are ready."""
    if not jobs:
        return
    workers = min(workers, len(jobs))
    making = _forking(jobs, workers) if can_fork() else _with_kernels(jobs, workers)
    for done, outcome in enumerate(making, start=1):
        progress(outcome, done, len(jobs))
        yield outcome


def _forking(jobs: Iterable[Job], workers: int) -> Iterable[Outcome]:
    """Notebooks in fresh processes of a warm server; pictures and pages by processes that live for the whole run."""
    warm = get_context("forkserver")
    with ForkedExecutor(workers) as forked, ProcessPoolExecutor(workers, mp_context=warm) as exporters:
        running = {forked.submit(execute, job): job for job in jobs}
        ready = (exporters.submit(finish, running[done], _answer(done)) for done in as_completed(running))
        waiting: set[Future[Outcome]] = set()
        for exported in ready:
            waiting.add(exported)
            finished = {future for future in waiting if future.done()}
            waiting -= finished
            yield from (future.result() for future in finished)
        yield from (future.result() for future in as_completed(waiting))


def _answer(done: Future[Executed]) -> Executed:
    """What a process answered; one that died is a failed report, not the end of the run."""
    try:
        return done.result()
    except KpikitError as error:
        return Executed(None, reason=str(error))


def _with_kernels(jobs: Iterable[Job], workers: int) -> Iterable[Outcome]:
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from (future.result() for future in as_completed([pool.submit(make, job) for job in jobs]))


def _write_record(
    folder: Path, order: Order, book: DealBook, outcomes: Iterable[Outcome], folders: Mapping[str, Path]
) -> None:
    record = {
        "kpikit": __version__,
        "template": Path(order.template).stem,
        "period": order.period,
        "language": order.language,
        "copy": order.copy,
        "book": {"hash": book.hash, "as_of": book.as_of.isoformat()},
        "teams": [
            {**asdict(outcome), "seconds": round(outcome.seconds, 2), "folder": folders[outcome.team].name}
            for outcome in outcomes
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / RECORD, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _write_index(
    folder: Path, book: DealBook, period: Period, words: Words, outcomes: Iterable[Outcome], folders: Mapping[str, Path]
) -> None:
    rows = []
    for outcome in outcomes:
        text = outcome.finding if outcome.status == "ok" else outcome.reason if outcome.status == "refused" else None
        finding = message("index.failed") if text is None else message("index.plain", text=text)
        name = folders[outcome.team].name
        link = {"ok": f"{name}/{PAGE}", "failed": f"{name}/report.ipynb"}.get(outcome.status, "")
        rows.append({"team": outcome.team, "link": link, "finding": finding, "status": outcome.status})
    as_of = book.as_of.astimezone(ZoneInfo(book.settings.time_zone))
    html = index(
        words, title=message("index.title", period=period), lines=(message("index.about", at=as_of),), rows=rows
    )
    write(folder / INDEX, html)
