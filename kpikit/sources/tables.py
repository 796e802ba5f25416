"""The tables beside the deals: a stage history in any shape, people, customers, a list of stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.reading import RawTable
from kpikit.schema import TABLES
from kpikit.sources import histories
from kpikit.sources.ending import FEW_VALUES
from kpikit.sources.histories import HistoryFound
from kpikit.sources.vocabulary import named


@dataclass(frozen=True)
class TableGuess:
    """One table of the book: its file, and the file's column for each of ours (None: the file has our names).

    ``more`` are further files of the same kind, ``grammar`` other keys of its table in a kpikit.toml, ``own`` the
    columns that we have no name for and that can be asked about, ``unused`` those that nothing takes; ``visits``: of a
    history, for the order of stages.
    """

    name: str
    file: Path
    columns: Mapping[str, Any] | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    more: tuple[Path, ...] = ()
    own: tuple[str, ...] = ()
    grammar: Mapping[str, Any] = field(default_factory=dict)
    visits: pl.DataFrame = field(default_factory=pl.DataFrame, compare=False)


def _history(find: Callable[..., HistoryFound | None]) -> Callable[..., TableGuess | None]:
    """A shape of :mod:`kpikit.sources.histories` as a guess at the table ``stage_events``."""

    def shape(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
        found = find(raw, deals, frame)
        return None if found is None else of_history(path, raw, found)

    return shape


def of_history(path: Path, raw: RawTable, found: HistoryFound) -> TableGuess:
    """A history that was found in a file, as a guess at the table ``stage_events``."""
    table = _other("stage_events", path, raw, found.columns)
    stages = found.grammar.get("stages", ())
    used = {str(found.grammar.get(key)) for key in ("from", "field")} | {str(v) for one in stages for v in one.values()}
    unused = tuple(name for name in table.unused if name not in used)
    return replace(table, unused=unused, grammar=found.grammar, visits=found.visits)


#: the shapes of a stage history, by the name that a CRM's file gives them; what says most is looked for first
HISTORIES = {
    "field_log": _history(histories.field_log),
    "from_to": _history(histories.from_to),
    "wide": _history(histories.wide),
    "long": _history(histories.long),
}


def people(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
    """A file that says of each owner which team is theirs."""
    if "owner" not in deals:
        return None
    team = named(raw.frame.columns, "people").get("team")
    columns = [c for c in raw.frame.columns if c != "_row" and c != team]
    owner = next((c for c in columns if histories.overlap(frame[deals["owner"]], raw.frame[c]) >= 0.5), None)
    if team is None or owner is None or raw.frame[owner].n_unique() < raw.frame.height:
        return None
    return _other("people", path, raw, {"owner": owner, "team": team})


def accounts(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
    """A file with a row a customer, by the key that the deals have."""
    if "account_id" not in deals:
        return None
    key = next(
        (
            c
            for c in raw.frame.columns
            if c != "_row" and histories.overlap(frame[deals["account_id"]], raw.frame[c]) >= 0.5
        ),
        None,
    )
    if key is None or raw.frame[key].n_unique() < raw.frame.height:
        return None
    return _other("accounts", path, raw, named(raw.frame.columns, "accounts") | {"account_id": key})


def stages(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
    """A short file that lists the stages and their order."""
    columns = named(raw.frame.columns, "stages")
    if not {"stage", "position"} <= set(columns) or "stage" not in deals or raw.frame.height > FEW_VALUES:
        return None
    stage = frame[deals["stage"]]
    if histories.overlap(stage, raw.frame[columns["stage"]]) < 0.5:  # by its id, where the deals have that
        others = [c for c in raw.frame.columns if c not in ("_row", *columns.values())]
        best = max(others, key=lambda c: histories.overlap(stage, raw.frame[c]), default=None)
        if best is None or histories.overlap(stage, raw.frame[best]) < 0.5:
            return None
        columns["stage"] = best
    found = _other("stages", path, raw, columns)
    pipelines = _their_pipelines(raw.frame, columns, frame, deals)
    return replace(found, grammar={"values": {"pipeline": pipelines}}) if pipelines else found


def _their_pipelines(
    listed: pl.DataFrame, columns: Mapping[str, str], frame: pl.DataFrame, deals: Mapping[str, str]
) -> dict[str, str]:
    """What the deals call the pipelines of a list that has ids for them: that in which deals of its stages stand."""
    if not {"pipeline"} <= set(columns) & set(deals):
        return {}
    if histories.overlap(listed[columns["pipeline"]], frame[deals["pipeline"]]) > 0:
        return {}
    texts_of = histories.texts_of
    theirs = listed.select(id=texts_of(columns["pipeline"]), stage=texts_of(columns["stage"]))
    ours = frame.select(stage=texts_of(deals["stage"]), pipeline=texts_of(deals["pipeline"]))
    both = theirs.join(ours, on="stage").group_by("id", "pipeline").len()
    best = both.sort("len", "pipeline", descending=[True, False]).unique("id", keep="first", maintain_order=True)
    return {} if best["pipeline"].is_duplicated().any() else dict(best.sort("id").select("id", "pipeline").rows())


def _other(name: str, path: Path, raw: RawTable, columns: Mapping[str, str]) -> TableGuess:
    ordered = {c.name: columns[c.name] for c in TABLES[name].columns if c.name in columns}
    constants = {"pipeline": "all"} if name == "stages" and "pipeline" not in columns else {}
    unused = tuple(c for c in raw.frame.columns if c not in {*ordered.values(), "_row"})
    return TableGuess(name, path, ordered, constants, unused)
