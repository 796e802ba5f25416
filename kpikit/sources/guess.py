"""A guess at what the files of an export mean: which table, which column, and what won and lost are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.errors import DataError, Fault
from kpikit.reading import RawTable, parse
from kpikit.schema import TABLES
from kpikit.sources import vocabulary
from kpikit.sources.deals import deals, looks_like_deals
from kpikit.sources.doubts import Doubt, Told
from kpikit.sources.ending import FEW_VALUES, listed_ends
from kpikit.sources.vocabulary import meaning, named

_SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD"}


@dataclass(frozen=True)
class TableGuess:
    """One table of the book: its file, and the file's column for each of ours (None: the file has our names).

    ``more`` are further files of the same kind, ``grammar`` what else a kpikit.toml says of the table (``rows``,
    ``ends``), ``unused`` the columns that nothing takes.
    """

    name: str
    file: Path
    columns: Mapping[str, Any] | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    more: tuple[Path, ...] = ()
    grammar: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Guess:
    """What an export is taken for. ``outcomes`` gives a meaning to each value of the column that says how a deal ended.

    ``team`` is (table, column) or None; ``team_choices`` what else it could be; ``order`` the stages in the order in
    which deals passed them, where a history has no list of its own, and ``pipelines`` those that have it; ``language``
    the one whose words its headers are, where they tell. ``told`` is what deserves to be seen, ``doubts`` what the
    files leave open.
    """

    tables: tuple[TableGuess, ...]
    outcomes: Mapping[str, str]
    values: tuple[str, ...]
    currency: str | None
    language: str | None = None
    team: tuple[str, str] | None = None
    team_choices: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ("all",)
    unused_files: tuple[Path, ...] = ()
    told: tuple[Told, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    def table(self, name: str) -> TableGuess | None:
        """The guess for one table."""
        return next((table for table in self.tables if table.name == name), None)


def guess(files: Mapping[Path, RawTable]) -> Guess:
    """What do these files mean?

    Args:
        files: what each file holds, as :func:`kpikit.reading.read` gives it.

    Raises:
        DataError: ``no_deals_found`` – none of the files has a row a deal with how it ended.
    """
    own = {name: path for path, raw in files.items() if (name := _own_table(path, raw))}
    if "deals" in own:
        tables = tuple(TableGuess(name, own[name]) for name in TABLES if name in own)
        teams = _teams(tables, files)
        unused = tuple(path for path in files if path not in own.values())
        currency = _currency(files[own["deals"]].frame, "currency", "amount")
        return Guess(tables, {}, (), currency, None, teams[0] if teams else None, tuple(teams), unused_files=unused)
    return _foreign(files)


def _foreign(files: Mapping[Path, RawTable]) -> Guess:
    """The guess for files in somebody else's words."""
    lists = {path: ends for path, raw in files.items() if (ends := _listed(raw))}
    scores = {path: looks_like_deals(raw, _of_others(lists, path)) for path, raw in files.items()}
    path = max(files, key=lambda path: (scores[path], path.name))
    if not scores[path]:
        raise DataError([_nothing_found(files)])
    more = _same_kind(path, files, scores)
    listed = _of_others(lists, path)
    found = deals(files[path], listed)
    frame = files[path].frame
    columns = dict(found.columns)
    own = TableGuess("deals", path, columns, found.constants, found.unused, more, _grammar(found.grammar, more))
    others, stage_order = [], ()
    rest = {p: raw for p, raw in files.items() if p not in (path, *more)}
    for find in (*(HISTORIES[shape] for shape in vocabulary.histories()), _people, _accounts, _stages):
        for other, raw in rest.items():
            if other not in [table.file for table in others] and (table := find(other, raw, columns, frame)):
                others.append(table)
                break
    tables = (own, *others)
    events = next((t for t in others if t.name == "stage_events"), None)
    if events is not None and not any(t.name == "stages" for t in others):
        stage_order = _order(files[events.file], dict(events.columns or {}))
    teams = _teams(tables, files)
    return Guess(
        tables=_with_team(tables, teams[0] if teams else None),
        outcomes=found.outcomes,
        values=tuple(found.outcomes),
        currency=found.constants.get("currency") or _currency(frame, columns.get("currency"), columns.get("amount")),
        language=vocabulary.language_of(frame.columns),
        team=teams[0] if teams else None,
        team_choices=tuple(teams),
        order=stage_order,
        pipelines=_pipelines(frame, columns.get("pipeline")),
        unused_files=tuple(p for p in rest if p not in [table.file for table in others]),
        told=found.told,
        doubts=found.doubts,
    )


def _listed(raw: RawTable) -> dict[str, str]:
    """What a short file that lists stages says of their ends."""
    names = named(raw.frame.columns, "stages")
    is_list = "stage" in names and 0 < raw.frame.height <= FEW_VALUES and "position" in names
    return listed_ends(raw.frame) if is_list else {}


def _of_others(lists: Mapping[Path, Mapping[str, str]], path: Path) -> dict[str, str]:
    return {stage: outcome for other, ends in lists.items() if other != path for stage, outcome in ends.items()}


def _same_kind(path: Path, files: Mapping[Path, RawTable], scores: Mapping[Path, int]) -> tuple[Path, ...]:
    """Other files with the same columns: a second export, or the next part of one."""
    mine = set(files[path].frame.columns)
    return tuple(p for p in files if p != path and scores[p] and set(files[p].frame.columns) == mine)


def _grammar(found: Mapping[str, Any], more: tuple[Path, ...]) -> dict[str, Any]:
    """Of a deal that stands in several files the newest row counts."""
    return {"rows": "last"} | dict(found) if more else dict(found)


def _nothing_found(files: Mapping[Path, RawTable]) -> Fault:
    """None of the files lists deals, or the one that does has no column that names each deal."""
    ending = [p for p, raw in files.items() if looks_like_deals(raw, {}, needs_id=False)]
    if ending:
        return Fault("no_deal_id", file=ending[0].name)
    return Fault("no_deals_found", file=", ".join(p.name for p in files))


def _own_table(path: Path, raw: RawTable) -> str | None:
    """The table that a file is by its name, where it has kpikit's required columns too."""
    table = TABLES.get(path.stem)
    if table is None:
        return None
    return table.name if all(c.name in raw.frame.columns for c in table.columns if c.required) else None


def _overlap(one: pl.Series, other: pl.Series) -> float:
    """The share of the distinct values of one column that the other has too."""
    values = one.cast(pl.String, strict=False).drop_nulls().unique()
    known = other.cast(pl.String, strict=False).drop_nulls().unique()
    return values.is_in(known.implode()).mean() or 0.0  # type: ignore[return-value]


def _stage_events(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
    """The shape ``long``: a file with several rows a deal, each with a stage and a time."""
    columns = named(raw.frame.columns, "stage_events")
    if not {"deal_id", "stage", "entered_at"} <= set(columns) or raw.frame.is_empty():
        return None
    if _overlap(raw.frame[columns["deal_id"]], frame[deals["deal_id"]]) < 0.5:
        return None
    stage = frame[deals["stage"]] if "stage" in deals else None
    theirs = raw.frame[columns["stage"]]  # a history of all properties holds stages among much else
    known = stage is not None and min(_overlap(stage, theirs), _overlap(theirs, stage)) >= 0.3
    several = raw.frame[columns["deal_id"]].n_unique() < raw.frame.height
    return _other("stage_events", path, raw, columns) if known and several else None


#: the shapes of a stage history that can be read as it stands, by the name that a CRM's file gives them
HISTORIES = {"long": _stage_events}


def _people(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
    """A file that says of each owner which team is theirs."""
    if "owner" not in deals:
        return None
    team = named(raw.frame.columns, "people").get("team")
    columns = [c for c in raw.frame.columns if c != "_row" and c != team]
    owner = next((c for c in columns if _overlap(frame[deals["owner"]], raw.frame[c]) >= 0.5), None)
    if team is None or owner is None or raw.frame[owner].n_unique() < raw.frame.height:
        return None
    return _other("people", path, raw, {"owner": owner, "team": team})


def _accounts(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
    """A file with a row a customer, by the key that the deals have."""
    if "account_id" not in deals:
        return None
    key = next(
        (c for c in raw.frame.columns if c != "_row" and _overlap(frame[deals["account_id"]], raw.frame[c]) >= 0.5),
        None,
    )
    if key is None or raw.frame[key].n_unique() < raw.frame.height:
        return None
    return _other("accounts", path, raw, named(raw.frame.columns, "accounts") | {"account_id": key})


def _stages(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
    """A short file that lists the stages and their order."""
    columns = named(raw.frame.columns, "stages")
    if not {"stage", "position"} <= set(columns) or "stage" not in deals or raw.frame.height > FEW_VALUES:
        return None
    if _overlap(frame[deals["stage"]], raw.frame[columns["stage"]]) < 0.5:
        return None
    return _other("stages", path, raw, columns)


def _other(name: str, path: Path, raw: RawTable, columns: Mapping[str, str]) -> TableGuess:
    ordered = {c.name: columns[c.name] for c in TABLES[name].columns if c.name in columns}
    constants = {"pipeline": "all"} if name == "stages" and "pipeline" not in columns else {}
    unused = tuple(c for c in raw.frame.columns if c not in {*ordered.values(), "_row"})
    return TableGuess(name, path, ordered, constants, unused)


def _order(events: RawTable, columns: Mapping[str, str]) -> tuple[str, ...]:
    """The stages in the order in which deals passed them: by their mean place within a deal's own history."""
    ours = events.frame.select("_row", **{n: pl.col(columns[n]) for n in ("deal_id", "stage", "entered_at")})
    typed = parse(replace(events, frame=ours, faults=(), left_out=()), "stage_events").frame
    moves = typed.select(deal="deal_id", stage="stage", at="entered_at").drop_nulls("stage")
    moves = moves.sort("deal", "at", maintain_order=True)
    moves = moves.filter(pl.col("stage").ne_missing(pl.col("stage").shift().over("deal")))  # a row may repeat its stage
    moves = moves.with_columns(place=pl.int_range(pl.len()).over("deal"))
    ranked = moves.group_by("stage").agg(pl.col("place").mean()).sort("place", "stage")
    return tuple(str(stage) for stage in ranked["stage"] if meaning(str(stage)) is None)


def _pipelines(deals: pl.DataFrame, column: str | None) -> tuple[str, ...]:
    if column is None:
        return ("all",)
    return tuple(deals[column].cast(pl.String).str.strip_chars().drop_nulls().unique().sort())


def _teams(tables: Sequence[TableGuess], files: Mapping[Path, RawTable]) -> list[tuple[str, str]]:
    """What could say the team of a deal, the likeliest first: never a column of people."""
    found = list(_team_columns(tables, files))
    return list(dict.fromkeys(found))


def _team_columns(tables: Sequence[TableGuess], files: Mapping[Path, RawTable]) -> Iterator[tuple[str, str]]:
    for name in ("people", "deals"):
        table = next((t for t in tables if t.name == name), None)
        if table is None:
            continue
        frame = files[table.file].frame
        known = named(frame.columns, name).get("team")
        yield from ((name, c) for c in (known,) if c is not None and frame[c].drop_nulls().n_unique() > 0)


def _with_team(tables: tuple[TableGuess, ...], team: tuple[str, str] | None) -> tuple[TableGuess, ...]:
    """Teams by people win over a column of the deals: they know the day."""
    if team is None or team[0] != "people":
        return tables
    deals = replace(tables[0], columns={k: v for k, v in (tables[0].columns or {}).items() if k != "team"})
    return (deals, *tables[1:])


def _currency(frame: pl.DataFrame, currency: str | None, amount: str | None) -> str | None:
    """The currency of most deals: their own column, else the sign beside their amounts."""
    if currency is not None and currency in frame.columns:
        codes = frame[currency].cast(pl.String).drop_nulls()
        codes = codes.filter(codes.str.contains(r"^[A-Z]{3}$"))
        return codes.mode().sort()[0] if len(codes) else None
    if amount is None or amount not in frame.columns or frame[amount].dtype != pl.String:
        return None
    texts = frame[amount].drop_nulls()
    found = {code: int(texts.str.contains(sign, literal=True).sum()) for sign, code in _SYMBOLS.items()}
    best = max(found, key=lambda code: found[code])
    return best if found[best] else None
