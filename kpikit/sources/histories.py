"""The shapes of a stage history that exports have, told by their columns and cells: one function a shape.

Each looks at a file beside the deals (or at the deals' own file) and says how it would be written in a kpikit.toml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from kpikit.reading import RawTable, parse
from kpikit.sources import vocabulary
from kpikit.sources.vocabulary import letters, meaning

#: fields of a deal whose changes are of use, and those that are the end and the creation themselves
_NOT_CHANGED = {"deal_id", "stage", "created_at", "outcome_at", "name", "account_id", "team"}
_MANY_FIELDS = 400
#: a list of stages is no longer than this
_MOST_STAGES = 100
#: a header that names a stage, perhaps with its pipeline: Date entered "Proposal (Sales Pipeline)"
_QUOTED = re.compile(r"""^(?P<what>.+?)\s*["“”„«'‘](?P<name>.+)["“”»'’]$""")
#: what may follow the id of a stage in the name of a column
_TAIL = re.compile(r"_\d{6,}$")
_IN_PIPELINE = re.compile(r"^(?P<stage>.+?)\s*\((?P<pipeline>[^()]*)\)$")


@dataclass(frozen=True)
class HistoryFound:
    """A stage history in a file: kpikit's column → the file's, and the other keys of ``[tables.stage_events]``.

    ``visits``: ``deal, stage, at`` of each entry that the shape tells by itself, for the order of stages.
    """

    columns: Mapping[str, str]
    grammar: Mapping[str, Any] = field(default_factory=dict)
    visits: pl.DataFrame = field(default_factory=pl.DataFrame)


def texts(series: pl.Series) -> pl.Series:
    """Cells as text without outer spaces, the empty ones left out."""
    text = series.cast(pl.String, strict=False).str.strip_chars()
    return text.filter(text != "").drop_nulls()


def texts_of(name: str) -> pl.Expr:
    """A column as text without outer spaces, nothing where it is empty."""
    text = pl.col(name).cast(pl.String, strict=False).str.strip_chars()
    return pl.when(text != "").then(text)


def overlap(one: pl.Series, other: pl.Series) -> float:
    """The share of the distinct values of one column that the other has too."""
    return texts(one).unique().is_in(texts(other).unique().implode()).mean() or 0.0  # type: ignore[return-value]


def word(headers: Iterable[str], key: str) -> str | None:
    """The header that a list of words (``from``, ``field``, ``snapshot``, …) names, the best word first."""
    theirs = {letters(header): header for header in headers if header != "_row"}
    return next((theirs[letters(name)] for name in vocabulary.log_words(key) if letters(name) in theirs), None)


def long(raw: RawTable, deals: Mapping[str, Any], frame: pl.DataFrame) -> HistoryFound | None:
    """A row for each time a deal came into a stage."""
    columns = vocabulary.named(raw.frame.columns, "stage_events")
    if not _is_of(raw, columns, deals, frame) or raw.frame[columns["deal_id"]].n_unique() == raw.frame.height:
        return None
    theirs = raw.frame[columns["stage"]]  # a history of all properties holds stages among much else
    stage = frame[deals["stage"]] if "stage" in deals else None
    if stage is None or min(overlap(stage, theirs), overlap(theirs, stage)) < 0.3:
        return None
    return HistoryFound(columns, {}, _visits(raw, columns, columns["stage"]))


def from_to(raw: RawTable, deals: Mapping[str, Any], frame: pl.DataFrame) -> HistoryFound | None:
    """A row a move, with the stage left and the stage come to."""
    columns = vocabulary.named(raw.frame.columns, "stage_events")
    before = word(raw.frame.columns, "from")
    if before is None or not _is_of(raw, columns, deals, frame) or columns["stage"] == before or "stage" not in deals:
        return None
    both = pl.concat([texts(raw.frame[before]), texts(raw.frame[columns["stage"]])])
    if min(overlap(frame[deals["stage"]], both), overlap(both, frame[deals["stage"]])) < 0.3:
        return None
    visits = _moves(raw, columns, before)
    return HistoryFound(columns, {"shape": "from_to", "from": before}, visits)


def field_log(raw: RawTable, deals: Mapping[str, Any], frame: pl.DataFrame) -> HistoryFound | None:
    """A row a change of any field, named in a column of its own."""
    columns = vocabulary.named(raw.frame.columns, "stage_events")
    if not _is_of(raw, columns, deals, frame):
        return None
    found = _fields(raw, set(columns.values()))
    if found is None:
        return None
    name, fields = found
    stages = [theirs for theirs, ours in fields.items() if ours == "stage"]
    rows = raw.frame.filter(pl.col(name).cast(pl.String).str.strip_chars().is_in(stages))
    before = word(raw.frame.columns, "from")
    named = [columns["stage"], *([before] if before else [])]
    if "stage" in deals and not any(overlap(rows[column], frame[deals["stage"]]) >= 0.3 for column in named):
        return None
    columns = {ours: theirs for ours, theirs in columns.items() if theirs not in (name, before)}
    grammar = {"shape": "field_log", "field": name, **({"from": before} if before else {}), "fields": fields}
    some = RawTable(raw.file, rows, (), raw.source)
    visits = _moves(some, columns, before)
    pipelines = [theirs for theirs, ours in fields.items() if ours == "pipeline"]
    where = raw.frame.filter(pl.col(name).cast(pl.String).str.strip_chars().is_in(pipelines))
    return HistoryFound(columns, grammar, _of_one_pipeline(visits, where, columns["deal_id"], named))


def _of_one_pipeline(visits: pl.DataFrame, where: pl.DataFrame, deal: str, names: Iterable[str]) -> pl.DataFrame:
    """The visits of deals that never changed their pipeline: those of others tell no order."""
    told = pl.concat([where.select(deal=texts_of(deal), place=texts_of(name)) for name in names]).drop_nulls()
    moved = told.group_by("deal").agg(n=pl.col("place").n_unique()).filter(pl.col("n") > 1)
    still = visits.join(moved, on="deal", how="anti")
    return visits if still.is_empty() else still


def _fields(raw: RawTable, taken: set[str]) -> tuple[str, dict[str, str]] | None:
    """The column that names the field that changed, and which column of the deals each of its values is."""
    known = {letters(name) for name in vocabulary.log_words("field")}
    for name in raw.frame.columns:
        if name in taken or letters(name) not in known:
            continue
        values = texts(raw.frame[name]).unique().sort().to_list()
        if len(values) > _MANY_FIELDS:
            continue
        fields = {}
        for value in values:
            ours = [ours for ours in vocabulary.meanings(value, "deals") if ours not in _NOT_CHANGED or ours == "stage"]
            if ours:
                fields[value] = "stage" if "stage" in ours else ours[0]
        if "stage" in fields.values():
            return name, fields
    return None


def _is_of(raw: RawTable, columns: Mapping[str, str], deals: Mapping[str, Any], frame: pl.DataFrame) -> bool:
    """Has the file what a history needs, and is it one of these deals?"""
    if not {"deal_id", "stage", "entered_at"} <= set(columns) or raw.frame.is_empty():
        return False
    return "deal_id" not in deals or overlap(raw.frame[columns["deal_id"]], frame[deals["deal_id"]]) >= 0.5


def _visits(raw: RawTable, columns: Mapping[str, str], stage: str) -> pl.DataFrame:
    """``deal, stage, at``: the entries of a column of stages."""
    ours = raw.frame.select("_row", deal_id=columns["deal_id"], stage=stage, entered_at=columns["entered_at"])
    return _typed(RawTable(raw.file, ours, (), raw.source))


def _moves(raw: RawTable, columns: Mapping[str, str], before: str | None) -> pl.DataFrame:
    """The entries of a log of moves; the stage that is left comes just before the one that is entered."""
    entered = _visits(raw, columns, columns["stage"])
    if before is None:
        return entered
    left = _visits(raw, columns, before).with_columns(pl.col("at") - pl.duration(microseconds=1))
    return pl.concat([left, entered])


def _typed(raw: RawTable) -> pl.DataFrame:
    found = parse(raw, "stage_events").frame
    return found.select(deal="deal_id", stage=pl.col("stage").str.strip_chars(), at="entered_at").drop_nulls()


def wide(raw: RawTable, deals: Mapping[str, Any], frame: pl.DataFrame) -> HistoryFound | None:
    """A column a stage with the moment at which it was entered, in a file with a row a deal."""
    deal = deals.get("deal_id") if raw.frame is frame else vocabulary.named(raw.frame.columns, "deals").get("deal_id")
    if deal is None or "stage" not in deals or raw.frame.is_empty():
        return None
    if overlap(raw.frame[deal], frame[deals["deal_id"]]) < 0.5:
        return None
    present = {letters(str(value)): str(value) for value in texts(frame[deals["stage"]]).unique().sort()}
    pipelines = {letters(str(v)) for v in texts(frame[deals["pipeline"]]).unique()} if "pipeline" in deals else set()
    stages = _stamped(raw.frame, present, pipelines)
    if len({name for name, one in stages.items() if "entered" in one}) < 2:
        return None
    named = {pipeline for _, pipeline in stages if pipeline}
    is_told = len(named) > 1 or "pipeline" in deals  # where the deals name none, one pipeline is all
    where = _pipeline_of(frame, deals)
    listed = []
    for (stage, pipeline), columns in stages.items():
        its = pipeline if pipeline and is_told else where.get(stage)
        if "entered" in columns:
            listed.append({"stage": stage, **({"pipeline": its} if its else {}), **columns})
    visits = pl.concat(
        _visits(
            RawTable(raw.file, raw.frame.with_columns(_stage=pl.lit(one["stage"])), (), raw.source),
            {"deal_id": deal, "entered_at": one["entered"]},
            "_stage",
        ).with_columns(pipeline=pl.lit(one.get("pipeline"), pl.String))
        for one in listed
    )
    if visits.is_empty():
        return None
    ranked = {stage: place for place, stage in enumerate(in_order(visits))}
    ends = {"won": 1, "lost": 2, "void": 3}
    listed.sort(key=lambda one: (ends.get(meaning(one["stage"]) or "", 0), ranked.get(one["stage"], -1)))
    return HistoryFound({"deal_id": deal}, {"shape": "wide", "stages": listed}, visits)


def _pipeline_of(frame: pl.DataFrame, deals: Mapping[str, Any]) -> dict[str, str]:
    """The pipeline of each stage in which deals of one pipeline only stand, where there are several."""
    if "pipeline" not in deals or texts(frame[deals["pipeline"]]).n_unique() < 2:
        return {}
    both = frame.select(stage=texts_of(deals["stage"]), pipeline=texts_of(deals["pipeline"])).drop_nulls().unique()
    return dict(both.filter(~pl.col("stage").is_duplicated()).iter_rows())


def _stamped(
    frame: pl.DataFrame, present: Mapping[str, str], pipelines: set[str]
) -> dict[tuple[str, str | None], dict[str, str]]:
    """(stage, pipeline) → the columns of its ``entered``, ``exited`` and ``time``."""
    found: dict[tuple[str, str | None], dict[str, str]] = {}
    unknown: dict[str, dict[tuple[str, str | None], str]] = {}
    for header in frame.columns:
        what, name = _parted(header)
        if what is None or name is None:
            continue
        stage, pipeline = _placed(name, present, pipelines)
        kind = _kind(what)
        if kind is None and _QUOTED.match(header):
            unknown.setdefault(what, {})[stage, pipeline] = header
        elif kind is not None and letters(stage) not in _NO_STAGES:
            found.setdefault((stage, pipeline), {}).setdefault(kind, header)
    if not found:
        known = {w: c for w, c in unknown.items() if sum(letters(stage) in present for stage, _ in c) > 1}
        found = _by_times(frame, known)
    return _without_tails(found, present)


def _without_tails(
    found: Mapping[tuple[str, str | None], dict[str, str]], present: Mapping[str, str]
) -> dict[tuple[str, str | None], dict[str, str]]:
    """Stages by the ids that the deals have: what the API adds to some (``demo_1234567``) is left out of all."""
    tails = {tail.group() for stage, _ in found if (tail := _TAIL.search(stage))}
    if len(tails) != 1 or any(letters(stage) in present and _TAIL.search(stage) for stage, _ in found):
        return dict(found)
    return {(_TAIL.sub("", stage), pipeline): columns for (stage, pipeline), columns in found.items()}


#: what follows ``hs_v2_date_entered_`` and is no stage
_NO_STAGES = {"currentstage"}


def _parted(header: str) -> tuple[str | None, str | None]:
    """What a header says, and of which stage."""
    if quoted := _QUOTED.match(header):
        return quoted["what"], quoted["name"]
    plain = header.casefold()
    for kind in ("entered", "exited", "time"):
        for known in vocabulary.log_words(kind):
            if plain.startswith((known.casefold() + "_", known.casefold() + " ")):
                return known, header[len(known) + 1 :]
    return None, None


def _kind(what: str) -> str | None:
    plain = letters(what)
    kinds = ("entered", "exited", "time")
    return next((kind for kind in kinds if plain in {letters(name) for name in vocabulary.log_words(kind)}), None)


def _placed(name: str, present: Mapping[str, str], pipelines: set[str]) -> tuple[str, str | None]:
    """The stage as the deals call it, and its pipeline where the header names one."""
    if letters(name) in present:
        return present[letters(name)], None
    within = _IN_PIPELINE.match(name)
    if within and (letters(within["pipeline"]) in pipelines or letters(within["stage"]) in present or not pipelines):
        stage = within["stage"].strip()
        return present.get(letters(stage), stage), within["pipeline"].strip() or None
    # an id in the API's own columns may be followed by a part that keeps it apart: 12345678_987654321
    longer = [value for plain, value in present.items() if len(plain) > 4 and letters(name).startswith(plain)]
    return (max(longer, key=len) if longer else name), None


def _by_times(
    frame: pl.DataFrame, groups: Mapping[str, Mapping[tuple[str, str | None], str]]
) -> dict[tuple[str, str | None], dict[str, str]]:
    """Columns in a language that no list of words has: of two groups of dates the earlier one is of entries."""
    dated = {}
    for what, columns in groups.items():
        cells = pl.concat([frame.select("_row", entered_at=pl.col(c).cast(pl.String)) for c in columns.values()])
        cells = cells.filter(pl.col("entered_at").str.strip_chars() != "")
        read = parse(RawTable("", cells, (), "csv"), "stage_events").frame
        if len(columns) > 1 and cells.height and read["entered_at"].null_count() < 0.1 * cells.height:
            dated[what] = read["entered_at"].mean()
    names = sorted(dated, key=lambda what: dated[what])[:2]  # type: ignore[arg-type, return-value]
    found: dict[tuple[str, str | None], dict[str, str]] = {}
    for kind, what in zip(("entered", "exited"), names, strict=False):
        for place, header in groups[what].items():
            found.setdefault(place, {})[kind] = header
    return found


@dataclass(frozen=True)
class Repeated:
    """A file with several rows a deal: how each deal's present row is found, and the history that the rows are."""

    deals: Mapping[str, Any]
    present: pl.DataFrame
    history: HistoryFound


def repeated(raw: RawTable, columns: Mapping[str, Any]) -> Repeated | None:
    """Are the rows of this file the versions, or the snapshots, of deals?

    Args:
        raw: the file.
        columns: the file's column for each of the table ``deals``, by name.

    Returns:
        What to write under ``[tables.deals]`` (``keep`` or ``latest``), the present row of each deal, and the stage
        history (shape ``versions`` or ``snapshots``); None where it is neither.
    """
    deal, stage = columns.get("deal_id"), columns.get("stage") or columns.get("outcome")
    if deal is None or stage is None or raw.frame[deal].n_unique() > 0.98 * raw.frame.height:
        return None
    begun, active = word(raw.frame.columns, "version"), word(raw.frame.columns, "active")
    taken = begun or _taken(raw, deal, columns)
    if taken is None:
        return None
    fields = {
        theirs: ours
        for ours, theirs in columns.items()
        if isinstance(theirs, str) and ours not in _NOT_CHANGED and ours != "outcome"
    }
    shape = "versions" if begun else "snapshots"
    history = {"deal_id": deal, "stage": stage, "entered_at": taken}
    if "pipeline" in columns:
        history["pipeline"] = columns["pipeline"]
        fields.pop(columns["pipeline"], None)
    visits = _visits(raw, history, stage)
    if "pipeline" in columns:
        visits = _of_one_pipeline(visits, raw.frame, deal, [columns["pipeline"]])
    found = HistoryFound(history, {"shape": shape, "fields": fields}, visits)
    if active is not None:
        yes = [v for v in texts(raw.frame[active]).unique().sort() if letters(str(v)) in ("true", "1", "t", "yes", "y")]
        present = raw.frame.filter(pl.col(active).cast(pl.String).str.strip_chars().is_in(yes))
        if yes and present[deal].n_unique() == present.height:
            return Repeated({"keep": {active: yes}}, present, found)
    at = _typed_at(raw, taken)
    present = raw.frame.with_columns(_at=at).with_row_index("_i").sort("_at", "_i").group_by(deal, maintain_order=True)
    return Repeated({"latest": taken}, present.last().sort("_i").select(raw.frame.columns), found)


def _typed_at(raw: RawTable, column: str) -> pl.Series:
    frame = raw.frame.select("_row", entered_at=column)
    return parse(RawTable(raw.file, frame, (), raw.source), "stage_events").frame["entered_at"]


def _taken(raw: RawTable, deal: str, columns: Mapping[str, Any]) -> str | None:
    """The column that says when a snapshot was taken: called so, or a day that many deals share and none has twice."""
    known = word(raw.frame.columns, "snapshot")
    taken = {c for theirs in columns.values() for c in ([theirs] if isinstance(theirs, str) else theirs)}
    rest = [c for c in raw.frame.columns if c != "_row" and c not in taken]
    for column in [known] if known else rest:
        values = raw.frame[column]
        if known is None and not 2 <= values.n_unique() <= raw.frame.height / 5:
            continue
        if raw.frame.select(deal, column).is_duplicated().mean() > 0.02:  # type: ignore[operator]
            continue
        if _typed_at(raw, column).null_count() == 0:
            return column
    return None


def other_names(history: pl.DataFrame, stages: pl.Series, files: Iterable[pl.DataFrame]) -> Iterator[dict[str, str]]:
    """What the stages of a history may be called by the deals: by a list with ids and names, or by the same letters.

    Args:
        history: the file with the history.
        stages: the stages of the deals.
        files: what else was exported; a list of stages may be among them.

    Returns:
        The history's name → the deals', for each way that could be meant; the door writes them as ``values``.
    """
    present = {letters(str(value)): str(value) for value in texts(stages).unique().sort()}
    cells = {str(v) for c in history.columns if history[c].dtype == pl.String for v in texts(history[c]).unique()}
    alike = {
        cell: present[letters(cell)]
        for cell in sorted(cells)
        if letters(cell) in present and cell not in present.values()
    }
    if len(alike) > 1:
        yield alike
    for frame in files:
        if not 2 <= frame.height <= _MOST_STAGES:
            continue
        names = [c for c in frame.columns if c != "_row" and overlap(stages, frame[c]) >= 0.5]
        for name in names:
            for key in (c for c in frame.columns if c not in ("_row", name)):
                pairs = frame.select(key=texts_of(key), name=texts_of(name)).drop_nulls()
                is_key = pairs.height == frame.height and not pairs["key"].is_duplicated().any()
                if is_key and pairs["key"].is_in(sorted(cells)).sum() > 1:
                    yield dict(pairs.rows())


def in_order(visits: pl.DataFrame) -> tuple[str, ...]:
    """The stages in the order in which deals pass them: which comes before which in most deals.

    Args:
        visits: ``deal, stage, at``; stages that end a deal are left out.
    """
    open_ = [s for s in visits["stage"].unique().sort() if meaning(s) is None]
    firsts = visits.filter(pl.col("stage").is_in(open_)).group_by("deal", "stage").agg(pl.col("at").min())
    pairs = firsts.join(firsts, on="deal", suffix="_2").filter(pl.col("stage") != pl.col("stage_2"))
    sides = pairs.group_by("stage", "stage_2").agg(
        ahead=(pl.col("at") < pl.col("at_2")).sum().cast(pl.Int64)
        - (pl.col("at") > pl.col("at_2")).sum().cast(pl.Int64)
    )
    score = sides.group_by("stage").agg(won=pl.col("ahead").sign().sum(), by=pl.col("ahead").sum())
    place = (
        firsts.with_columns(place=pl.col("at").rank("dense").over("deal")).group_by("stage").agg(pl.col("place").mean())
    )
    ranked = place.join(score, on="stage", how="left").with_columns(pl.col("won", "by").fill_null(0))
    return tuple(ranked.sort("won", "by", "place", "stage", descending=[True, True, False, False])["stage"])


def orders(visits: pl.DataFrame, pipeline_of: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """The order of stages in each pipeline.

    Args:
        visits: ``deal, stage, at``, and ``pipeline`` where a visit names its own.
        pipeline_of: ``deal, pipeline``.
    """
    own = pl.col("pipeline") if "pipeline" in visits.columns else pl.lit(None, pl.String)
    where = visits.select("deal", "stage", "at", _own=own).join(pipeline_of.unique("deal"), on="deal")
    where = where.with_columns(pipeline=pl.coalesce("_own", "pipeline")).drop_nulls("pipeline")
    parts = where.partition_by("pipeline", as_dict=True)
    return {str(name): in_order(part) for (name,), part in sorted(parts.items())}
