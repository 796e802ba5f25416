"""``kpikit check``: what a book can answer, what deserves a look, and what is new since it was last checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook
from kpikit.book.basis import Difference, differences
from kpikit.book.fitness.finding import Finding
from kpikit.book.fitness.news import news, summary
from kpikit.book.sealing import check_whole
from kpikit.errors import SEVERITY, DataError
from kpikit.files import user_folder, write_whole
from kpikit.schema import OUTCOMES
from kpikit.show import fitness_words as fitness_part
from kpikit.show.basis_words import all_differ
from kpikit.words import Words


@dataclass(frozen=True)
class Check:
    """One look at a book: what was found, what is new (None: never checked before), and whether it will be kept.

    ``basis``: what its figures rest on that is another than at the last look.
    """

    book: DealBook
    findings: pl.DataFrame
    new: tuple[Finding, ...] | None
    last_on: date | None
    is_kept: bool
    basis: tuple[Difference, ...] = ()


def check(book: DealBook, name: str | Path) -> Check:
    """Look at a book, compare with the last look at it, and remember this one.

    Raises:
        DataError: a file of a prepared book is not as it was written, whether or not a question would have read it.
    """
    check_whole(book.tables)
    memory = _memory(name)
    now, before = summary(book), _recall(memory)
    found = None if before is None else tuple(news(before, now))
    last_on = None if before is None else date.fromisoformat(before["as_of"])
    differs = () if before is None else differences(before.get("basis"), book)
    return Check(book, book.fitness(), found, last_on, _keep(memory, now), differs)


def _memory(name: str | Path) -> Path:
    """Where the last look is kept: the user's own data folder, one file a book."""
    is_demo = str(name) == "demo" and not Path(name).exists()  # one book, wherever one stands
    known = "demo" if is_demo else str(Path(name).resolve())
    place = hashlib.sha256(known.encode()).hexdigest()[:16]
    return user_folder("data") / "checks" / f"{place}.json"


def _recall(memory: Path) -> dict[str, Any] | None:
    try:
        kept = json.loads(memory.read_text(encoding="utf-8"))
        return kept if {"as_of", "stages", "owners", "rows", "columns"} <= set(kept) else None
    except (OSError, ValueError, TypeError):
        return None


def _keep(memory: Path, now: dict[str, Any]) -> bool:
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_whole(memory, json.dumps(now), is_private=True)
    except OSError:
        return False
    return True


def lines(check: Check, words: Words) -> Iterator[str]:
    """The look as text, part by part."""
    book, found = check.book, check.findings
    yield _heading(book, words)
    yield fitness_part.answered(found).in_words(words)
    yield from (f"  · {line.in_words(words)}" for line in fitness_part.refused(found))
    for part in ("looked", "left_out", "missing"):
        said = [line.in_words(words) for line in getattr(fitness_part, part)(found)]
        yield from _part(words.say(f"check.{part}"), said)
    noticed = sorted(book.faults, key=lambda fault: SEVERITY.get(fault.rule) == "note")
    yield from _part(words.say("check.noticed"), [words.fault(fault) for fault in noticed])
    yield ""
    if check.new is None:
        yield words.say("check.first")
    elif not check.new:
        yield words.say("check.nothing_new", at=check.last_on)
    else:
        news = [fitness_part.sentence(asdict(finding)).in_words(words) for finding in check.new]
        yield from list(_part(words.say("check.new", at=check.last_on), news))[1:]
    yield from (one.in_words(words) for one in all_differ(check.basis))
    if not check.is_kept:
        yield words.say("check.not_kept")


def _heading(book: DealBook, words: Words) -> str:
    """How many deals there are, and up to when; how they stand, where nothing has a date."""
    if not book.is_dated:
        outcomes = book.tables["deals"].lazy().select("outcome").collect()["outcome"]
        counts = words.say("check.counts", **{name: int((outcomes == name).sum()) for name in OUTCOMES})
        return words.say("check.heading_undated", n=len(outcomes), counts=counts)
    at = book.as_of.astimezone(ZoneInfo(book.settings.time_zone))
    return words.say("check.heading", n=_n_deals(book), at=words.moment(at))


def _n_deals(book: DealBook) -> int:
    return book.tables["deals"].lazy().select(pl.len()).collect().item()


def _part(heading: str, items: list[str]) -> Iterator[str]:
    if items:
        yield from ("", heading, *(f"  · {item}" for item in items))


def as_plain(check: Check) -> dict[str, Any]:
    """The look as plain values, for ``--json``."""
    return {
        "deals": _n_deals(check.book),
        "as_of": check.book.as_of.isoformat() if check.book.is_dated else None,
        "findings": check.findings.to_dicts(),
        "last_checked_up_to": check.last_on,
        "new": None if check.new is None else [asdict(finding) for finding in check.new],
        "basis": [asdict(one) for one in check.basis],
        "faults": [fault.as_dict() | {"severity": SEVERITY.get(fault.rule, "error")} for fault in check.book.faults],
    }


def refused_as_plain(error: DataError, words: Words) -> dict[str, Any]:
    """The faults for which a book does not open, as plain values, each with its sentence."""
    faults = [
        fault.as_dict() | {"severity": SEVERITY.get(fault.rule, "error"), "message": words.fault(fault)}
        for fault in error.faults
    ]
    return {"deals": None, "error": error.code, "faults": faults}
