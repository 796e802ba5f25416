"""A guess at what the files of an export mean: which table, which column, and what won and lost are called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from kpikit.errors import DataError, Fault
from kpikit.reading import RawTable
from kpikit.schema import TABLES
from kpikit.sources import histories, parts, vocabulary
from kpikit.sources.by_values import can_be_asked
from kpikit.sources.deals import deals, looks_like_deals, not_deleted
from kpikit.sources.doubts import Doubt, Told
from kpikit.sources.ending import FEW_VALUES, ending
from kpikit.sources.event_logs import LogFound, event_log
from kpikit.sources.histories import HistoryFound
from kpikit.sources.identity import varying
from kpikit.sources.money import currency_of
from kpikit.sources.vocabulary import meaning, named


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


@dataclass(frozen=True)
class Guess:
    """What an export is taken for. ``outcomes`` gives a meaning to each value of the column that says how a deal ended.

    ``team`` is (table, column) or None; ``team_choices`` what else it could be; ``order`` the stages in the order in
    which deals passed them, where a history has no list of its own, ``orders`` that of each pipeline where there are
    several, and ``pipelines`` those that have it; ``language`` the one whose words its headers are, where they tell.
    ``told`` is what deserves to be seen, ``doubts`` what the files leave open. ``log`` is an event log, where deals are
    the cases of one; then ``outcomes`` are those of its activities.
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
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unused_files: tuple[Path, ...] = ()
    told: tuple[Told, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    log: tuple[Path, LogFound] | None = None

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
        currency = currency_of(files[own["deals"]].frame, "currency", "amount")
        return Guess(tables, {}, (), currency, None, teams[0] if teams else None, tuple(teams), unused_files=unused)
    return _foreign(files)


def _foreign(files: Mapping[Path, RawTable]) -> Guess:
    """The guess for files in somebody else's words."""
    rows = {path: histories.repeated(raw, _columns_of(raw.frame)) for path, raw in files.items()}
    present = {p: raw if (r := rows[p]) is None else replace(raw, frame=r.present) for p, raw in files.items()}
    every, present = present, {p: parts.kept(raw, not_deleted(raw.frame)) for p, raw in present.items()}
    lists = {path: ends for path, raw in files.items() if (ends := parts.listed(raw))}
    scores = {path: looks_like_deals(raw, parts.of_others(lists, path)) for path, raw in present.items()}
    path = max(present, key=lambda path: (scores[path], present[path].frame.height, path.name))
    if not scores[path] or _is_history(present[path]):
        return _alone(files)
    more = parts.same_kind(path, files) if rows[path] is None else ()
    when = () if (r := rows[path]) is None else tuple(r.history.columns.values())
    whole = parts.whole([present[p] for p in (path, *more)])
    found = deals(present[path], parts.of_others(lists, path), when, whole)
    frame, columns = present[path].frame, dict(found.columns)
    first, *later = parts.old_to_new((path, *more), files, columns, found.outcomes)
    grammar = parts.both(
        _grammar(found.grammar, more), {"keep": not_deleted(parts.whole([every[p] for p in (path, *more)]))}
    )
    own = TableGuess("deals", first, columns, found.constants, found.unused, tuple(later), grammar=grammar)
    others: list[TableGuess] = []
    if (versions := rows[path]) is not None:
        own = replace(own, grammar=parts.both(own.grammar, versions.deals))
        others.append(_of_history(path, files[path], versions.history))
    rest = {p: raw for p, raw in files.items() if p not in (path, *more)}
    for find in (
        *(find for shape, find in HISTORIES.items() if shape in vocabulary.histories()),
        _people,
        _accounts,
        _stages,
    ):
        here = {path: present[path]} if find is HISTORIES["wide"] else {}
        for other, raw in {**rest, **here}.items():
            if other in [table.file for table in others]:
                continue
            table = find(other, raw, columns, frame)
            if table is None and find in HISTORIES.values():
                table = _by_other_names(find, other, {**rest, path: present[path]}, columns, frame)
            if table and table.name not in [one.name for one in others]:
                others.append(table)
                break
    tables = tuple(
        _with_own(table, present[path if table.name == "deals" else table.file], found.twice)
        for table in (_without_stamps(own, others), *others)
    )
    orders = _orders(tables, frame, columns)
    teams = _teams(tables, files)
    unused = tuple(p for p in rest if p not in [table.file for table in others])
    aside = (*unused, *(table.file for table in others if table.name == "accounts" and table.file != path))
    return Guess(
        tables=_with_team(tables, teams[0] if teams else None),
        outcomes=found.outcomes,
        values=tuple(found.outcomes),
        currency=found.constants.get("currency") or currency_of(frame, columns.get("currency"), columns.get("amount")),
        language=vocabulary.language_of(frame.columns),
        team=teams[0] if teams else None,
        team_choices=tuple(teams),
        order=next(iter(orders.values()), ()),
        pipelines=_pipelines(whole, columns.get("pipeline")),
        orders=orders if len(orders) > 1 else {},
        unused_files=unused,
        told=found.told,
        doubts=(*found.doubts, *parts.deals_elsewhere(path, aside, files, str(columns["deal_id"]))),
    )


def _by_other_names(
    find: Callable[..., TableGuess | None],
    path: Path,
    files: Mapping[Path, RawTable],
    columns: Mapping[str, Any],
    frame: pl.DataFrame,
) -> TableGuess | None:
    """A history that calls stages by their ids, where the deals have names and a list of stages has both."""
    if "stage" not in columns:
        return None
    for names in histories.other_names(
        files[path].frame, frame[columns["stage"]], [raw.frame for raw in files.values()]
    ):
        cells = [pl.col(pl.String).str.strip_chars().replace(names)]
        found = find(path, replace(files[path], frame=files[path].frame.with_columns(cells)), columns, frame)
        if found is not None:
            return replace(found, grammar={**found.grammar, "values": {"stage": names}})
    return None


def _used_together(deals: TableGuess, others: Sequence[TableGuess]) -> tuple[TableGuess, ...]:
    """The tables; a column of the deals' own file that one of them uses is unused by none."""
    own = [table for table in others if table.file == deals.file]
    still = set(deals.unused).intersection(*(table.unused for table in own))
    kept = replace(deals, unused=tuple(name for name in deals.unused if name in still))
    return (kept, *(replace(table, unused=()) if table in own else table for table in others))


def _columns_of(frame: pl.DataFrame) -> dict[str, Any]:
    """The columns of the deals by name, and the one that says how a deal ended."""
    columns: dict[str, Any] = dict(named(frame.columns, "deals"))
    ends = ending(frame, columns, {}) if not frame.is_empty() else None
    return columns if ends is None or ends.column is None else {"stage": ends.column} | columns


def _with_own(table: TableGuess, raw: RawTable, twice: Collection[str]) -> TableGuess:
    """A table of deals or accounts with its other columns as own fields: text of few values, numbers, days."""
    if table.name not in ("deals", "accounts") or table.columns is None:
        return table
    own = tuple(c for c in table.unused if c not in twice and can_be_asked(raw.frame[c]))
    return replace(table, own=own, unused=tuple(c for c in table.unused if c not in own))


def _without_stamps(own: TableGuess, others: Sequence[TableGuess]) -> TableGuess:
    """The deals without the columns that a history in the same file takes among those not used."""
    same = [table for table in others if table.file == own.file]
    left = [set(table.unused) for table in same]
    return replace(own, unused=tuple(c for c in own.unused if all(c in some for some in left)))


def _grammar(found: Mapping[str, Any], more: tuple[Path, ...]) -> dict[str, Any]:
    """Of a deal that stands in several files the newest row counts."""
    return {"rows": "last"} | dict(found) if more else dict(found)


def _orders(
    tables: Sequence[TableGuess], frame: pl.DataFrame, columns: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """The order of stages in each pipeline, from the history; none where a file lists the stages."""
    events = next((t for t in tables if t.name == "stage_events"), None)
    if events is None or events.visits.is_empty() or any(t.name == "stages" for t in tables):
        return {}
    pipeline = pl.col(columns["pipeline"]).cast(pl.String).str.strip_chars() if "pipeline" in columns else pl.lit("all")
    where = frame.select(deal=pl.col(columns["deal_id"]).cast(pl.String).str.strip_chars(), pipeline=pipeline)
    return histories.orders(events.visits, where)


def _is_history(raw: RawTable) -> bool:
    """Are the rows of what looks like deals the stages that each of them came through?"""
    columns = named(raw.frame.columns, "stage_events")
    if not {"deal_id", "stage", "entered_at"} <= set(columns) or "amount" in named(raw.frame.columns, "deals"):
        return False
    differ = varying(raw.frame, columns["deal_id"])
    return {columns["stage"], columns["entered_at"]} <= set(differ)


def _alone(files: Mapping[Path, RawTable]) -> Guess:
    """The guess for a stage history without a list of deals: they are made from it."""
    nothing = pl.DataFrame()
    for find in (histories.field_log, histories.from_to, histories.long):
        for path, raw in files.items():
            named_so = named(raw.frame.columns, "stage_events")
            stages = [named_so[n] for n in ("stage",) if n in named_so]
            found = find(raw, {"stage": stages[0]} if stages else {}, raw.frame if stages else nothing)
            if found is None or found.visits.is_empty():
                continue
            values = tuple(found.visits["stage"].unique(maintain_order=True))
            if not {"won", "lost"} & {meaning(value) for value in values}:
                continue
            deals = TableGuess("deals", path, {}, grammar={"made_from": "stage_events"})
            return Guess(
                tables=(deals, _of_history(path, raw, found)),
                outcomes={value: meaning(value) or "open" for value in values},
                values=values,
                currency=None,
                language=vocabulary.language_of(raw.frame.columns),
                order=histories.in_order(found.visits),
                unused_files=tuple(p for p in files if p != path),
            )
    return _of_log(files)


def _of_log(files: Mapping[Path, RawTable]) -> Guess:
    """The guess for an event log: its activities are stages and ends, which their words must tell."""
    logs = {path: found for path, raw in files.items() if (found := event_log(raw)) is not None}
    if not logs:
        raise DataError([_nothing_found(files)])
    path = max(logs, key=lambda one: (files[one].frame.height, one.name))
    found, raw = logs[path], files[path]
    rest = {other: raw for other, raw in files.items() if other != path}
    people = [t for p, other in rest.items() if (t := _people(p, other, found.attributes, raw.frame))][:1]
    teams = _teams(people, files)
    told = ", ".join(f"{name} ({n})" for name, n in found.activities.items())
    said = set(found.outcomes.values())
    doubt = Doubt("log_ends", {"column": found.activity, "activities": told}, ())
    return Guess(
        tables=tuple(people),
        outcomes={name: found.outcomes.get(name, "open") for name in found.activities},
        values=tuple(found.activities),
        currency=None,
        language=vocabulary.language_of(raw.frame.columns),
        team=teams[0] if teams else None,
        team_choices=tuple(teams),
        unused_files=tuple(p for p in rest if p not in [table.file for table in people]),
        told=(
            Told(
                "log",
                {
                    "file": path.name,
                    "case": found.case,
                    "activity": found.activity,
                    "time": found.time,
                    "activities": told,
                },
            ),
        ),
        doubts=() if "won" in said else (doubt,),
        log=(path, found),
    )


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


def _history(find: Callable[..., HistoryFound | None]) -> Callable[..., TableGuess | None]:
    """A shape of :mod:`kpikit.sources.histories` as a guess at the table ``stage_events``."""

    def shape(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
        found = find(raw, deals, frame)
        return None if found is None else _of_history(path, raw, found)

    return shape


def _of_history(path: Path, raw: RawTable, found: HistoryFound) -> TableGuess:
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


def _people(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
    """A file that says of each owner which team is theirs."""
    if "owner" not in deals:
        return None
    team = named(raw.frame.columns, "people").get("team")
    columns = [c for c in raw.frame.columns if c != "_row" and c != team]
    owner = next((c for c in columns if histories.overlap(frame[deals["owner"]], raw.frame[c]) >= 0.5), None)
    if team is None or owner is None or raw.frame[owner].n_unique() < raw.frame.height:
        return None
    return _other("people", path, raw, {"owner": owner, "team": team})


def _accounts(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
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


def _stages(path: Path, raw: RawTable, deals: Mapping[str, str], frame: pl.DataFrame) -> TableGuess | None:
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
