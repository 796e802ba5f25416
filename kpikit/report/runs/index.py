"""The index of a run: a line a team, by name, with what stands on its first page and where its files are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from kpikit.book.basis import are_apart
from kpikit.files import write_whole
from kpikit.report.formats.kinds import FILES
from kpikit.report.making.job import FAILED, NOTEBOOK, PAGE, Outcome
from kpikit.report.pages.restated import value, what
from kpikit.report.runs.plan import Asked
from kpikit.report.runs.record import Entry, Record
from kpikit.show.basis_words import all_differ, listed
from kpikit.show.document import index
from kpikit.show.page import Message, message

INDEX = "index.html"
_LINKS = {"html": PAGE, **FILES, "notebook": NOTEBOOK}


def write_index(asked: Asked, record: Record) -> None:
    """Write the index of a run, as far as it has come."""
    as_of = asked.book.as_of.astimezone(ZoneInfo(asked.book.settings.time_zone))
    until = message("index.about", at=as_of) if asked.book.is_dated else message("header.undated")
    lines = (until, message(f"header.copy.{asked.order.copy}"), *notices(asked, record))
    rows = [
        _row(entry) | {"team": entry.outcome.team or asked.words.say("title.all")} for entry in record.entries.values()
    ]
    html = index(asked.words, asked.look, title=message("index.title", period=asked.period), lines=lines, rows=rows)
    write_whole(asked.folder / INDEX, html)


def notices(asked: Asked, record: Record) -> tuple[Message, ...]:
    """What this run rests on that an earlier one did not: the one in the same folder, and the one that was named."""
    said = list(all_differ(asked.since))
    said += [message("basis.apart")] if are_apart(asked.since) else []
    said += [message("basis.made_anew"), *all_differ(record.changed)] if record.changed else []
    said += [message("basis.gone", n=len(record.gone), names=listed(record.gone))] if record.gone else []
    return tuple(said)


def _row(entry: Entry) -> dict[str, Any]:
    outcome, files = entry.outcome, entry.outcome.files
    stopped = f"{entry.folder}/{FAILED}#cell-{outcome.cell or 0:02d}" if FAILED in files else ""
    links = [(f"index.link.{name}", f"{entry.folder}/{file}") for name, file in _LINKS.items() if file in files]
    return {
        "team": outcome.team,
        "status": outcome.status,
        "finding": _finding(outcome),
        "link": f"{entry.folder}/{PAGE}" if PAGE in files else stopped,
        "links": [*([("index.link.failed", stopped)] if stopped else []), *links],
        "warnings": tuple(_warnings(outcome)),
        "figures": tuple(_figures(outcome)),
        "made_on": date.fromisoformat(outcome.last_on) if outcome.last_on else None,
    }


def _finding(outcome: Outcome) -> Message:
    if outcome.status == "pending":
        return message("index.pending")
    if outcome.status == "failed":
        return message("index.failed") if outcome.files else message("index.broken", reason=outcome.reason)
    return message("index.plain", text=outcome.finding if outcome.status == "ok" else outcome.reason)


def _warnings(outcome: Outcome) -> Iterator[Message]:
    if outcome.status == "failed" and outcome.files:
        yield message("index.stopped", cell=outcome.cell or 0, reason=outcome.reason)
    for name, reason in outcome.formats.items():
        if reason:
            yield message("index.no_format", format=name, reason=reason)
    if outcome.restated:
        yield message("index.restated", n=len(outcome.restated))


def _figures(outcome: Outcome) -> Iterator[tuple[Message, Message]]:
    """What was won, and one figure with its range: the share won, or how long the stage with most visits takes."""
    won = [figure for figure in outcome.figures if figure["figure"] == "won"]
    ranged = [figure for figure in outcome.figures if figure["figure"] in ("finished", "median")]
    for figure in (*won, *sorted(ranged, key=_size)[:1]):
        yield what(figure), value(figure)
        if figure.get("n_late"):  # no rate without its companion
            yield message("headline.late"), message("headline.of", k=figure["n_late"], n=figure["n"])


def _size(figure: Mapping[str, Any]) -> int:
    return -figure["n"]
