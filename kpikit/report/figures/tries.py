"""What a team agreed to try in its review sessions, as a report reads it: no names, only what the team may see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.errors import UsageError

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
    from kpikit.log.log import open_log

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
