"""``run.json``: what a run was asked for, and how far each report has come; written after each of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kpikit.book.basis import Difference
from kpikit.errors import UsageError
from kpikit.files import write_whole
from kpikit.report.making.job import Outcome

RECORD = "run.json"


@dataclass(frozen=True)
class Entry:
    """One report in a record: how it ended, the name of its folder, and the key of what it was made from."""

    outcome: Outcome
    folder: str
    key: str = ""

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Entry:
        """An entry as :meth:`as_dict` gave it."""
        own = {name: value for name, value in row.items() if name not in ("folder", "key")}
        own |= {name: tuple(own[name]) for name in ("figures", "restated") if name in own}
        return cls(Outcome(**own), row["folder"], row.get("key", ""))

    def as_dict(self) -> dict[str, Any]:
        """The entry as it stands in the file."""
        told = asdict(self.outcome)
        return told | {"seconds": round(told["seconds"], 2), "folder": self.folder, "key": self.key}


@dataclass
class Record:
    """What stands in a run's ``run.json``: ``head`` about the whole, an entry a team.

    Not in the file: ``changed``, what the run that stood in the folder rested on and this one does not; ``gone``, teams
    that it had and the book has no more; ``left``, folders in which no report of this run will stand.
    """

    folder: Path
    head: dict[str, Any]
    entries: dict[str, Entry] = field(default_factory=dict)
    changed: tuple[Difference, ...] = ()
    gone: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    _written: dict[str, str] = field(default_factory=dict, repr=False)

    def put(self, entry: Entry) -> None:
        """Set the entry of a team."""
        self.entries[entry.outcome.team] = entry
        self._written.pop(entry.outcome.team, None)

    def save(self, state: str) -> None:
        """Write the file, whole or not at all. ``state``: running, interrupted or finished."""
        for team, entry in self.entries.items():
            if team not in self._written:  # a thousand teams are not told anew after each
                self._written[team] = json.dumps(entry.as_dict(), ensure_ascii=False)
        head = json.dumps(self.head | {"state": state}, indent=1, ensure_ascii=False)
        rows = ",\n  ".join(self._written[team] for team in self.entries)
        write_whole(self.folder / RECORD, f'{head[:-2]},\n "teams": [\n  {rows}\n ]\n}}\n')


def read(folder: Path) -> Record | None:
    """The record that stands in a folder, if there is one.

    Raises:
        UsageError: there is a file of that name, and it is no record.
    """
    path = folder / RECORD
    if not path.exists():
        return None
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
        entries = [Entry.read(row) for row in head.pop("teams")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError("not_a_run", path=str(path), detail=type(error).__name__) from None
    head.pop("state", None)
    return Record(folder, head, {entry.outcome.team: entry for entry in entries})
