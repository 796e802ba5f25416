"""What a team agreed to try in its review sessions, as a report reads it: no persons, only what the team may see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.errors import UsageError
from kpikit.report.figures.about import Copy
from kpikit.review.events_since import after, facts_of, moments

#: the log's tries as a notebook finds them beside its book
TRIES = "tries.json"
#: how a try ended, in the order in which a page tells them; ``None``: nobody has said
STATES = ("done", "still_on", "changed_our_mind", "overtaken", None)
_TRY = {
    "session_id": pl.String, "deal_id": pl.String, "text": pl.String, "due_on": pl.Date,
    "made_at": pl.Datetime("us", "UTC"), "state": pl.String,
}  # fmt: skip
_SAID = {"session_id": pl.String, "deal_id": pl.String, "kind": pl.String, "text": pl.String,
         "said_at": pl.Datetime("us", "UTC")}  # fmt: skip
_TALKED = {"session_id": pl.String, "deal_id": pl.String}
_ROW = {
    "text": pl.String, "deal": pl.String, "state": pl.String, "kind": pl.String, "n": pl.Int64, "stage": pl.String,
    "on": pl.Date,
}  # fmt: skip
#: so many tries fit on a page, and so many words of each kind
ROWS, WORDS = 5, 2


@dataclass(frozen=True, eq=False)
class Tries:
    """Agreements (``made``), what worked and did not (``said``), and which session talked about which deals.

    ``is_kept`` is false where no log was given: then nothing is known, which is another thing than nothing agreed.
    """

    made: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_TRY))
    said: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SAID))
    talked: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_TALKED))
    is_kept: bool = False

    def of(self, book: DealBook, period: Period) -> Tries:
        """Those of the book's team (by the deal, else by the deals of its session) that were made in the period."""
        ids = book.tables["deals"].lazy().select("deal_id").collect()
        sessions = self.talked.join(ids, on="deal_id", how="semi")["session_id"].unique().to_list()
        theirs = pl.col("deal_id").is_in(ids["deal_id"].to_list())
        theirs = theirs | (pl.col("deal_id").is_null() & pl.col("session_id").is_in(sessions))
        made = (pl.col("made_at") >= period.start) & (pl.col("made_at") < period.end)
        said = (pl.col("said_at") >= period.start) & (pl.col("said_at") < period.end)
        return Tries(self.made.filter(theirs & made), self.said.filter(theirs & said), self.talked, self.is_kept)


#: what is known where nobody gave a log
UNKNOWN = Tries()


@dataclass(frozen=True)
class Tried:
    """What a report tells of the tries of its team and period.

    ``states``: how each ended (None: nobody has said). In a team's own copy also the latest words on what ``worked``
    and what ``did_not``, and ``rows``: at most five tries, the surest first, with the deal's name and the last thing
    that the book shows of the deal after it (``kind, n, stage, on``; kind "nothing"; null without a deal).
    """

    is_kept: bool
    states: tuple[str | None, ...] = ()
    worked: tuple[str, ...] = ()
    did_not: tuple[str, ...] = ()
    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_ROW))


def tried(book: DealBook, tries: Tries, copy: Copy) -> Tried:
    """What a report tells of these tries; ``book`` is already narrowed to the team and the period's end."""
    states = tuple(tries.made["state"].to_list())
    if copy != "team":
        return Tried(tries.is_kept, states)
    worked, did_not = (_latest(tries.said, kind) for kind in ("worked", "did_not"))
    return Tried(tries.is_kept, states, worked, did_not, _rows(book, tries.made))


def _latest(said: pl.DataFrame, kind: str) -> tuple[str, ...]:
    return tuple(said.filter(kind=kind).sort("said_at", descending=True).head(WORDS)["text"].to_list())


def _rows(book: DealBook, made: pl.DataFrame) -> pl.DataFrame:
    """What was agreed, for which deal, what happened after it, how it ended."""
    order = {state: i for i, state in enumerate(STATES)}
    names = dict(book.tables["deals"].lazy().select("deal_id", pl.coalesce("name", "deal_id")).collect().iter_rows())
    made = made.with_row_index("key").with_columns(pl.col("key").cast(pl.String))
    since = _since(book, made)
    first = sorted(made.to_dicts(), key=lambda row: (order.get(row["state"], len(order)), row["made_at"]))[:ROWS]
    rows = [
        {"text": row["text"], "deal": names.get(row["deal_id"], ""), "state": row["state"], **since[row["key"]]}
        for row in first
    ]
    return pl.DataFrame(rows, schema=_ROW)


def _since(book: DealBook, made: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """The last thing that the book shows of each deal after what was agreed."""
    known = made.filter(pl.col("deal_id").is_not_null())
    zone = ZoneInfo(book.settings.time_zone)
    told: dict[str, dict[str, Any]] = {key: {"kind": None} for key in made["key"]}
    told |= {key: {"kind": "nothing"} for key in known["key"]}
    asked = moments([(*row, None) for row in known.select("key", "deal_id", "made_at").iter_rows()])
    events = after(facts_of(book, known["deal_id"].unique().to_list()), asked)
    for (key,), found in events.group_by("key", maintain_order=True):
        moves = found.filter(pl.col("kind") != "act")
        last = (moves if moves.height else found).row(-1, named=True)
        day = last["at"].astimezone(zone).date()
        told[str(key)] = {"kind": last["kind"], "n": found.height, "stage": last["text"], "on": day}
    return told


def read_tries(source: str | Path) -> Tries:
    """The tries of a review log: its file or address, or what :func:`keep_tries` made of it; "" is no log.

    Raises:
        UsageError: there is no such file, or it is another kind of JSON.
        LogError: the log cannot be opened.
    """
    if not source:
        return UNKNOWN
    return _from_json(Path(source)) if str(source).endswith(".json") else _from_log(source)


def keep_tries(source: str | Path) -> str:
    """What a report needs of a review log, as JSON: for notebooks that run where the log, or its password, is not."""
    tries = read_tries(source)
    frames = {"made": tries.made, "said": tries.said, "talked": tries.talked}
    rows = {name: [_plain(row) for row in frame.iter_rows(named=True)] for name, frame in frames.items()}
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def _from_json(path: Path) -> Tries:
    frames = {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        for name, schema in (("made", _TRY), ("said", _SAID), ("talked", _TALKED)):
            told = [{key: _typed(row[key], kind) for key, kind in schema.items()} for row in rows[name]]
            frames[name] = pl.DataFrame(told, schema=schema)
    except FileNotFoundError:
        raise UsageError("no_such_log", path=str(path)) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError("not_a_log", path=str(path), detail=type(error).__name__) from None
    return Tries(**frames, is_kept=True)


def _typed(value: Any, kind: Any) -> Any:
    if value is None or kind == pl.String:
        return value
    at = datetime.fromisoformat(value)
    return at.date() if kind == pl.Date else at


def _from_log(source: str | Path) -> Tries:
    from kpikit.log.connecting import check_there
    from kpikit.log.opening import open_log

    check_there(source)
    with open_log(source) as log:
        made = log.agreements(reader="team").filter(pl.col("text").is_not_null())
        entries = log.entries(reader="team")
    said = entries.filter(pl.col("kind").is_in(["worked", "did_not"]) & pl.col("text").is_not_null())
    talked = entries.filter(pl.col("deal_id").is_not_null() & pl.col("session_id").is_not_null())
    return Tries(
        made.select(pl.col(name).cast(kind) for name, kind in _TRY.items()),
        said.select("session_id", "deal_id", "kind", "text", said_at="written_at"),
        talked.select("session_id", "deal_id").unique(maintain_order=True),
        is_kept=True,
    )
