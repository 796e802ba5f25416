"""A run: one report a team, an index and a record of what happened; a failing team does not stop the others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

from kpikit.book import prepare, teams
from kpikit.book.selection import is_whole
from kpikit.files import write_whole
from kpikit.lock import locked
from kpikit.processes.keeping import kept
from kpikit.report.making.forked import begin_importing, can_fork
from kpikit.report.making.job import OURS, Job, Outcome
from kpikit.report.making.pool import made
from kpikit.report.runs import resume
from kpikit.report.runs.index import notices, write_index
from kpikit.report.runs.plan import SINCE, TRIES, Asked, Order, Step, ask, plan
from kpikit.report.runs.record import Record
from kpikit.show.page import Message

#: where the book lies while reports are made of it; taken away at the end, however the run ends
WORK, TEMPLATE = ".work", "template"


@dataclass(frozen=True)
class Run:
    """What came of an order: where it stands, how each report ended, and which of them were kept as they were.

    ``notices``: what it rests on that an earlier run did not.
    """

    folder: Path
    outcomes: tuple[Outcome, ...]
    kept: tuple[str, ...] = ()
    notices: tuple[Message, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 fine, 1 a report or a format failed, 4 nothing produced."""
        if not any(outcome.status == "ok" for outcome in self.outcomes):
            return 4
        return 0 if all(outcome.is_whole or outcome.status == "refused" for outcome in self.outcomes) else 1


def run(order: Order, progress: Callable[[Outcome, int, int], None] = lambda *_: None) -> Run:
    """Make all reports of an order.

    Everything that can be refused is refused before anything runs: template, parameters, language, teams, period, and a
    folder that already holds a run, or in which one is at work. ``run.json`` tells after each report how far the run
    has come; what is finished stays when it is interrupted, and ``going_on="resume"`` makes the rest.

    Args:
        order: what is asked for.
        progress: called after each report that was made, with its outcome, how many are made and how many are to be.

    Raises:
        UsageError, DataError: the order cannot be carried out; nothing was written.
    """
    if order.dask is None and can_fork():
        begin_importing(min(order.jobs, len(order.teams) or order.jobs))
    asked = ask(order)
    with locked(asked.folder):
        record, steps = plan(asked)
        _begin(asked, record, steps)
        state = "interrupted"
        try:
            _make(asked, record, steps, progress)
            state = "finished"
        finally:
            record.save(state)
            write_index(asked, record)
    outcomes = tuple(entry.outcome for entry in record.entries.values())
    kept = tuple(team for team, step in steps.items() if step.action == "keep")
    return Run(asked.folder, outcomes, kept, notices(asked, record))


def foreseen(order: Order) -> Mapping[str, Step]:
    """What :func:`run` would do for each team; nothing is written."""
    return plan(ask(order))[1]


def _begin(asked: Asked, record: Record, steps: Mapping[str, Step]) -> None:
    """The record with everything that is still to come; what is made anew is no longer there."""
    for step in steps.values():
        if step.action != "keep":
            resume.clear(asked.folder / step.entry.folder, OURS)
    for place in record.left:
        resume.take_away(asked.folder, place, OURS)
    resume.clear(asked.folder, ())
    record.save("running")


def _make(
    asked: Asked, record: Record, steps: Mapping[str, Step], progress: Callable[[Outcome, int, int], None]
) -> None:
    todo = [team for team, step in steps.items() if step.action == "make"]
    if not todo:
        return
    with _work(asked) as work:
        jobs = [_job(asked, record, team, work) for team in todo]
        for done, outcome in enumerate(made(jobs, asked.order.jobs, asked.order.dask), start=1):
            record.put(replace(record.entries[outcome.team], outcome=outcome))
            record.save("running")
            progress(outcome, done, len(jobs))


@contextmanager
def _work(asked: Asked) -> Iterator[Path]:
    """The folder that notebooks run in: the prepared book, the template as it is now, an earlier run's record."""
    work = (asked.folder / WORK / token_hex(4)).resolve()
    shutil.rmtree(work.parent, ignore_errors=True)
    kept().also(work)  # of its own name: what clears up behind a run that was killed never takes the next one's
    work.mkdir(parents=True)
    try:
        prepare(asked.book.at(min(asked.period.end, asked.book.as_of)), work / "book")  # once, and not in each report
        (work / TEMPLATE).mkdir()
        shutil.copyfile(asked.template.path, work / TEMPLATE / asked.template.path.name)
        if asked.order.since is not None:
            shutil.copyfile(asked.order.since, work / SINCE)
        if asked.tries:
            write_whole(work / TRIES, asked.tries)
        yield work
    finally:
        shutil.rmtree(work.parent, ignore_errors=True)


def _job(asked: Asked, record: Record, team: str, work: Path) -> Job:
    order, folder = asked.order, asked.folder / record.entries[team].folder
    parameters = {**asked.parameters, "team": team, "book": "book"}
    template = work / TEMPLATE / asked.template.path.name
    words = asked.words
    return Job(
        team, template, parameters, folder.resolve(), work,
        whose=words.say("title.all") if is_whole(teams(asked.book), team) else words.say("title.team", team=team),
        about=f"{words.period(asked.period)} · {words.say(f'title.copy.{order.copy}')}",
        formats=order.formats, static=order.static, look=asked.look,
    )  # fmt: skip
