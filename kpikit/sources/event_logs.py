"""Does a file look like an event log, and what happens in it? For whoever asks which activities win, lose or count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from kpikit.reading import RawTable, parse
from kpikit.sources.histories import in_order, texts, texts_of, word
from kpikit.sources.vocabulary import letters, meaning, meanings, named

_FEWEST, _MOST_ACTIVITIES = 2, 200
#: a column that repeats within cases and says one thing of each row
_REPEATS = 0.8


@dataclass(frozen=True)
class LogFound:
    """An event log in a file: its columns, and what happens in it.

    ``activities``: each with the number of its rows, the commonest first; ``outcomes``: the outcome that an activity's
    name says (won, lost, void), where it says one; ``order``: the others as cases pass them; ``phases``: the values of
    ``lifecycle``, where there is such a column; ``attributes``: kpikit's column of deals → the log's.
    """

    case: str
    activity: str
    time: str
    activities: Mapping[str, int]
    outcomes: Mapping[str, str]
    order: tuple[str, ...]
    lifecycle: str | None = None
    phases: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


def event_log(raw: RawTable) -> LogFound | None:
    """Which columns say the case, the activity and the time, and how often does each activity occur?

    Args:
        raw: the file, a row an event.

    Returns:
        What was found; None where the file has no such columns, by name or by what stands in them.

    Example:
        >>> from kpikit.reading import from_frame
        >>> rows = {"case": ["a", "a", "b"], "act": ["New", "Won", "New"]}
        >>> rows["t"] = ["2026-01-01", "2026-01-09", "2026-01-02"]
        >>> found = event_log(from_frame(pl.DataFrame(rows)))
        >>> found.case, dict(found.activities), dict(found.outcomes)
        ('case', {'New': 2, 'Won': 1}, {'Won': 'won'})
    """
    frame = raw.frame
    if frame.height < _FEWEST:
        return None
    names = [name for name in frame.columns if name != "_row"]
    case = word(names, "case") or _case(frame, names)
    own = named(names, "deals").get("deal_id")
    if own is not None and own != case and frame[own].n_unique() == frame.height:
        return None  # a row a deal
    time = _named_time(raw, [name for name in names if name != case])
    if case is None or time is None or not _goes_on(frame, case, time):
        return None
    rest = [name for name in names if name not in (case, time)]
    activity = word(rest, "activity") or _activity(frame, case, rest)
    if activity is None:
        return None
    counts = frame.select(activity=texts_of(activity)).drop_nulls().group_by("activity").len()
    if not _FEWEST <= counts.height <= _MOST_ACTIVITIES:
        return None
    ranked = counts.sort("len", "activity", descending=[True, False])
    called_so = word(names, "case") is not None and word(rest, "activity") is not None
    if not called_so and not any(meaning(str(name)) in ("won", "lost") for name, _ in ranked.iter_rows()):
        return None  # rows of something else, which repeats as well
    activities = {str(name): int(n) for name, n in ranked.iter_rows()}
    ours = frame.select("_row", deal_id=case, stage=activity, entered_at=time)
    typed = parse(RawTable(raw.file, ours, (), raw.source), "stage_events").frame
    visits = typed.select(deal="deal_id", stage="stage", at="entered_at").drop_nulls()
    phase = word(rest, "lifecycle")
    phases = tuple(texts(frame[phase]).unique().sort()) if phase else ()
    owner = word([name for name in rest if name not in (activity, phase)], "resource")
    return LogFound(
        case, activity, time, activities,
        {name: what for name in activities if (what := meaning(name)) is not None},
        in_order(visits), phase, phases, {"owner": owner} if owner else {},
    )  # fmt: skip


def _goes_on(frame: pl.DataFrame, case: str, time: str) -> bool:
    """Have most cases of several rows rows at several times?"""
    cases = frame.group_by(case).agg(rows=pl.len(), times=pl.col(time).n_unique()).filter(pl.col("rows") > 1)
    return cases.height > 0 and cases.filter(pl.col("times") > 1).height >= 0.5 * cases.height


def _named_time(raw: RawTable, names: list[str]) -> str | None:
    """The column of times: called so and read as times, else the first that is read so throughout."""
    known = word(names, "time")
    for name in [known, *names] if known else names:
        filled = raw.frame.select("_row", entered_at=pl.col(name))
        filled = filled.filter(texts_of("entered_at").is_not_null())
        if filled.height < 0.9 * raw.frame.height:
            continue
        if name != known and (filled["entered_at"].dtype.is_numeric() or not _has_dates(filled["entered_at"])):
            continue
        read = parse(RawTable(raw.file, filled, (), raw.source), "stage_events").frame["entered_at"]
        if read.null_count() <= 0.02 * filled.height:
            return name
    return None


def _has_dates(cells: pl.Series) -> bool:
    """Texts with separators of days or times, so that numbers are no dates."""
    if cells.dtype != pl.String:
        return cells.dtype.is_temporal()
    share = cells.str.contains(r"\d[-/.:T]\d").mean()
    return share is not None and share > 0.9  # type: ignore[operator]


def _case(frame: pl.DataFrame, names: list[str]) -> str | None:
    """The column whose values repeat a few times each: many cases of some events."""
    best = None
    for name in names:
        if set(meanings(name, "deals")) - {"deal_id"}:  # an amount or a name repeats too
            continue
        n = frame[name].n_unique()
        if frame[name].null_count() == 0 and 1 < n < _REPEATS * frame.height and (best is None or n > best[0]):
            best = (n, name)
    return best[1] if best else None


def _activity(frame: pl.DataFrame, case: str, names: list[str]) -> str | None:
    """The column of few different words that differ within a case."""
    for name in names:
        distinct = texts(frame[name]).unique()
        if not _FEWEST <= len(distinct) <= 60 or letters("".join(distinct)).isdecimal():
            continue
        several = (frame.group_by(case).agg(n=pl.col(name).n_unique())["n"] > 1).mean()
        if several is not None and several > 0.3:  # type: ignore[operator]
            return name
    return None
