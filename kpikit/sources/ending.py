"""How the deals of an export ended, from all that its files say of it: words, flags, lists of stages, reasons, days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from kpikit.reading import yes_no
from kpikit.sources import vocabulary
from kpikit.sources.doubts import Doubt, Place, Reading, Told
from kpikit.sources.vocabulary import goes_on, is_unsure, meaning

#: a column of statuses or stages has no more values
FEW_VALUES = 60
#: two columns may differ in so many of the deals that both speak of before somebody is asked which is right
_MOST_APART = 0.05
#: a value that no word explains is no end where at least so many of its deals bear the mark of one
_MARKED, _UNMARKED = 0.5, 0.1
#: how a kpikit.toml writes the meaning of an empty cell
BLANK = ""
_OUTCOME: Place = ("tables", "deals", "columns", "outcome")
_VALUES: Place = ("tables", "deals", "values", "outcome")
_FLAGS: Place = ("tables", "deals", "ends")


@dataclass(frozen=True)
class Ending:
    """How a deal's end is told: by the values of a column, or by yes-or-no columns (``flags``: won, lost, closed).

    ``outcomes`` gives a meaning to each value of the column, in the order in which they stand. ``is_known`` says that
    the column was found by its name, ``beside`` names the columns that were held against it. ``told`` and
    ``doubts``: what deserves to be seen, and what must be asked.
    """

    column: str | None
    outcomes: Mapping[str, str]
    flags: Mapping[str, str] = field(default_factory=dict)
    is_known: bool = True
    beside: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def ending(frame: pl.DataFrame, columns: Mapping[str, str], listed: Mapping[str, str]) -> Ending | None:
    """How do these deals end? None where no column says.

    Args:
        frame: the deals as they were read.
        columns: our column → theirs, by name.
        listed: stage → outcome, as a list of stages says it (:func:`listed_ends`); empty without one.
    """
    flags = vocabulary.flags(frame.columns)
    by_flags = _by_flags(frame, flags)
    candidates = list(_candidates(frame, columns, by_flags, listed))
    if not candidates:
        return _flags_alone(frame, columns, flags) if by_flags is not None else None
    column, outcomes, split = candidates[0]
    if split and by_flags is not None and by_flags.is_in(["won", "lost"]).any():
        return Ending(None, {}, flags, told=(Told("ends_by_flags", {"flags": _named(flags), "column": column}),))
    result = _texts(frame, column).replace_strict(dict(outcomes), default="open", return_dtype=pl.String)
    others = dict(_others(frame, columns, column, by_flags, flags, listed))
    told, doubts = _compared(frame, column, result, others, flags, outcomes)
    blank = _blank(frame, columns, column, outcomes)
    outcomes = {**outcomes, **blank.outcomes}
    told, doubts = [*told, *blank.told], [*doubts, *blank.doubts]
    doubts += _marked_open(frame, columns, column, result)
    doubts += _unexplained(frame, columns, column, outcomes, others)
    is_known = column in (columns.get("outcome"), columns.get("stage"))
    rivals = [name for name, _, _ in candidates[1:]] if not is_known else []
    if rivals:
        doubts.append(_which(column, rivals))
    if not is_known:
        told.append(Told("ends_by_values", {"column": column}))
    beside = tuple(flags.values()) if by_flags is not None else ()
    if by_flags is not None and not any(one.code == "ends_differ" for one in told):
        told.append(Told("ends_agree", {"column": column, "flags": _named(flags)}))
    return Ending(column, outcomes, {}, is_known, beside, tuple(told), tuple(doubts))


def _flags_alone(frame: pl.DataFrame, columns: Mapping[str, str], flags: Mapping[str, str]) -> Ending:
    """Only yes-or-no columns say it; of one alone (``Won``) its no is the other end, or a deal that goes on."""
    spoken = [
        key for key in ("won", "lost", "closed") if key in flags and yes_no(frame[flags[key]]).is_not_null().any()
    ]
    if len(spoken) > 1:
        return Ending(None, {}, flags)
    (end,), column = spoken, flags[spoken[0]]
    said, texts = yes_no(frame[column]), _texts(frame, column)
    other = "lost" if end == "won" else "won"
    values = texts.drop_nulls().unique(maintain_order=True)
    yes = set(texts.filter(said.fill_null(value=False)))
    meant = {no: {v: end if v in yes else no for v in values} for no in (other, "open")}
    ended = _texts(frame, columns["outcome_at"]).is_not_null() if "outcome_at" in columns else None
    is_three = said.is_null().any() and ended is not None and bool((ended == said.is_not_null()).all())
    if is_three:  # the days of ends tell the blank ones apart
        blank = _blank(frame, columns, column, meant[other])
        return Ending(column, {**meant[other], **blank.outcomes}, told=blank.told)
    counted = {"column": column, "k": int((~said).sum()), "n": frame.height}
    readings = tuple(Reading({_OUTCOME: column, _VALUES: meant[no]}, {"meant": no}) for no in (other, "open"))
    return Ending(column, meant["open"], doubts=(Doubt("flag_alone", counted, readings),))


def _blank(frame: pl.DataFrame, columns: Mapping[str, str], column: str, outcomes: Mapping[str, str]) -> Ending:
    """What an empty cell means where only ends are written: a deal goes on, if no day of an end stands beside it."""
    is_blank = _texts(frame, column).is_null()
    if not is_blank.any() or "open" in outcomes.values():
        return Ending(column, {})
    ends = columns.get("outcome_at")
    filled = _texts(frame, ends).is_not_null() if ends is not None else is_blank
    if filled.any() and not filled.filter(is_blank).any():
        return Ending(column, {BLANK: "open"}, told=(Told("blank_goes_on", _of_blanks(frame, column, is_blank)),))
    readings = tuple(Reading({(*_VALUES, BLANK): meant}, {"meant": meant}) for meant in ("open", "lost", "won"))
    return Ending(column, {}, doubts=(Doubt("blank_ends", _of_blanks(frame, column, is_blank), readings),))


def _of_blanks(frame: pl.DataFrame, column: str, is_blank: pl.Series) -> dict[str, Any]:
    row = int(frame.filter(is_blank)["_row"][0])
    return {"column": column, "k": int(is_blank.sum()), "n": frame.height, "row": row}


def meant_by_words(frame: pl.DataFrame, column: str) -> dict[str, str]:
    """Each value of a column → what its words mean; open where they say nothing."""
    values = _texts(frame, column).drop_nulls().unique(maintain_order=True)
    return {value: meaning(value) or "open" for value in values}


def listed_ends(stages: pl.DataFrame) -> dict[str, str]:
    """Stage → outcome by a list of stages that marks its ends: won, lost or closed with a chance of 0 or 1."""
    names = vocabulary.named(stages.columns, "stages")
    flags = {key: yes_no(stages[name]) for key, name in vocabulary.flags(stages.columns).items()}
    if not flags or "stage" not in names:
        return {}
    empty = pl.Series([None] * stages.height, dtype=pl.Boolean)
    chance = stages[names["probability"]].cast(pl.Float64, strict=False) if "probability" in names else empty
    parts = {key: flags.get(key, empty) for key in ("won", "lost", "closed")}
    ended = pl.DataFrame({**parts, "chance": chance}).select(
        pl.when(pl.col("won").fill_null(value=False)).then(pl.lit("won"))
        .when(pl.col("lost").fill_null(value=False)).then(pl.lit("lost"))
        .when(pl.col("closed").fill_null(value=False) & (pl.col("chance") >= 1)).then(pl.lit("won"))
        .when(pl.col("closed").fill_null(value=False) & (pl.col("chance") <= 0)).then(pl.lit("lost"))
        .when(pl.col("closed").fill_null(value=False) & pl.col("won").not_()).then(pl.lit("lost"))
        .when(pl.col("closed").not_() | (pl.col("closed").is_null() & pl.col("won").not_() & pl.col("lost").not_()))
        .then(pl.lit("open"))
    ).to_series()  # fmt: skip
    keys = [names["stage"], *(c for c in stages.columns if vocabulary.letters(c) in ("stageid", "id", "apiname"))]
    found = {}
    for key in dict.fromkeys(keys):
        for stage, outcome in zip(_texts(stages, key), ended, strict=True):
            if stage is not None and outcome is not None:
                found.setdefault(stage, outcome)
    return found


def _texts(frame: pl.DataFrame, column: str) -> pl.Series:
    """The cells of a column as text, empty ones as null."""
    texts = frame[column].cast(pl.String, strict=False).str.strip_chars()
    return texts.set(texts == "", None)


def _by_flags(frame: pl.DataFrame, flags: Mapping[str, str]) -> pl.Series | None:
    """What the yes-or-no columns say of each deal; null where they say nothing, None where there are none."""
    known = {key: yes_no(frame[name]) for key, name in flags.items()}
    known = {key: values for key, values in known.items() if values.null_count() < len(values)}
    if "won" not in known and "lost" not in known:
        return None
    blank = pl.Series([None] * frame.height, dtype=pl.Boolean)
    won, lost, closed = (pl.col(key).fill_null(value=False) for key in ("won", "lost", "closed"))
    parts = pl.DataFrame({key: known.get(key, blank) for key in ("won", "lost", "closed")})
    is_full = {"won", "closed"} <= set(known) or {"won", "lost"} <= set(known)
    otherwise = pl.lit("open") if is_full else pl.lit(None, pl.String)
    said = pl.when(won & ~lost).then(pl.lit("won")).when(lost & ~won).then(pl.lit("lost"))
    if {"won", "closed"} <= set(known):
        said = said.when(closed & ~won).then(pl.lit("lost"))
    return parts.select(said.otherwise(otherwise)).to_series()


def _candidates(
    frame: pl.DataFrame, columns: Mapping[str, str], by_flags: pl.Series | None, listed: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str], bool]]:
    """Columns of which some values are an end: status, then stage, then any other; with what each value means.

    The third part says that the flags speak differently of deals with one and the same value.
    """
    named = [columns[name] for name in ("outcome", "stage") if name in columns]
    for column in (*named, *(c for c in frame.columns if c not in ("_row", *named))):
        texts = _texts(frame, column)
        values = texts.drop_nulls().unique(maintain_order=True).to_list()
        if not 1 <= len(values) <= FEW_VALUES or (len(values) == 1 and column not in named):
            continue
        by_words = {value: meaning(value) for value in values}
        use_flags = column in named
        from_flags, split = _uniform(texts, by_flags) if use_flags else ({}, False)
        from_list = {v: listed[v] for v in values if v in listed} if use_flags else {}
        meant = {
            v: by_words[v] or (None if goes_on(v) else _end(from_list.get(v)) or _end(from_flags.get(v))) or "open"
            for v in values
        }
        if {"won", "lost"} & set(meant.values()) or split:
            yield column, meant, split


def _end(outcome: str | None) -> str | None:
    return outcome if outcome in ("won", "lost") else None


def _uniform(texts: pl.Series, by_flags: pl.Series | None) -> tuple[dict[str, str], bool]:
    """Value → what the flags say of nearly all its deals; and whether they say both ends of one value."""
    if by_flags is None:
        return {}, False
    counted = pl.DataFrame({"value": texts, "says": by_flags}).drop_nulls().group_by("value", "says").len()
    shares = counted.with_columns(share=pl.col("len") / pl.col("len").sum().over("value"))
    clear = shares.filter(pl.col("share") >= 1 - _MOST_APART)
    found = dict(clear.select("value", "says").iter_rows())
    torn = shares.filter(~pl.col("value").is_in(list(found)) & (pl.col("says") != "open"))
    wordless = [value for value in torn["value"].unique() if meaning(value) is None]
    return found, bool(wordless)


def _others(
    frame: pl.DataFrame,
    columns: Mapping[str, str],
    column: str,
    by_flags: pl.Series | None,
    flags: Mapping[str, str],
    listed: Mapping[str, str],
) -> Iterator[tuple[str, pl.Series]]:
    """What else speaks of a deal's end → what it says of each: by the name that a person knows it by."""
    for name in ("outcome", "stage"):
        if name in columns and columns[name] != column:
            ends = {v: m for v in _texts(frame, columns[name]).drop_nulls().unique() if (m := meaning(v))}
            yield columns[name], _said(frame, columns[name], {v: m for v, m in ends.items() if m != "void"})
    if by_flags is not None:
        yield _named(flags), by_flags
    if listed and "stage" in columns:
        yield columns["stage"] + " ", _said(frame, columns["stage"], {k: v for k, v in listed.items() if v != "open"})
    for outcome, name in zip(("won", "lost"), vocabulary.end_times(frame.columns), strict=False):
        yield name, pl.select(pl.when(_texts(frame, name).is_not_null()).then(pl.lit(outcome))).to_series()


def _said(frame: pl.DataFrame, column: str, meant: Mapping[str, str]) -> pl.Series:
    return _texts(frame, column).replace_strict(dict(meant), default=None, return_dtype=pl.String)


def _named(flags: Mapping[str, str]) -> str:
    return " / ".join(flags[key] for key in ("closed", "won", "lost") if key in flags)


def _compared(
    frame: pl.DataFrame,
    column: str,
    result: pl.Series,
    others: Mapping[str, pl.Series],
    flags: Mapping[str, str],
    outcomes: Mapping[str, str],
) -> tuple[list[Told], list[Doubt]]:
    """Where two columns say different things of one deal: told, and asked where it is more than a slip."""
    told, doubts = [], []
    for name, says in others.items():
        apart = says.is_not_null() & (result != "void") & (says != result)
        k, n = int(apart.sum()), int((says.is_not_null() & (result != "void")).sum())
        if not k:
            continue
        first = frame.filter(apart)
        values = {"column": column, "other": name.strip(), "k": k, "n": n, "row": int(first["_row"][0])}
        told.append(Told("ends_differ", values))
        if k > max(1, _MOST_APART * n):
            here = Reading(
                {_OUTCOME: column, (*_VALUES,): dict(outcomes)}, {"column": column, "counts": _counts(result)}
            )
            is_flags = name == _named(flags)
            there: Mapping[Place, Any] = (
                {_OUTCOME: None, _VALUES: None, _FLAGS: dict(flags)}
                if is_flags
                else {_OUTCOME: name.strip(), _VALUES: _meant_by(says, frame, name)}
            )
            other = Reading(there, {"column": name.strip(), "counts": _counts(says.fill_null("open"))})
            can_settle = is_flags or name in frame.columns
            doubts.append(Doubt("ends_differ", values, (here, other) if can_settle else (here,)))
    return told, doubts


def _meant_by(says: pl.Series, frame: pl.DataFrame, column: str) -> dict[str, str]:
    if column not in frame.columns:
        return {}
    pairs = pl.DataFrame({"value": _texts(frame, column), "says": says}).drop_nulls("value").unique(maintain_order=True)
    return {value: outcome or "open" for value, outcome in pairs.iter_rows()}


def _counts(result: pl.Series) -> str:
    counted = dict(result.value_counts().iter_rows())
    return ", ".join(f"{counted.get(name, 0)} {name}" for name in ("won", "lost", "open"))


def _unexplained(
    frame: pl.DataFrame,
    columns: Mapping[str, str],
    column: str,
    outcomes: Mapping[str, str],
    others: Mapping[str, pl.Series],
) -> list[Doubt]:
    """Values taken as open that no word explains, while their deals look ended; or no lost (won) value beside them."""
    texts = _texts(frame, column)
    explained = {v for v in outcomes if meaning(v) or goes_on(v)}
    for says in others.values():
        spoken = pl.DataFrame({"v": texts, "s": says}).drop_nulls().group_by("v").len()
        sizes = dict(texts.drop_nulls().value_counts().iter_rows())
        explained |= {v for v, k in spoken.iter_rows() if k >= _MARKED * sizes[v] and not is_unsure(v)}
    plain = [v for v in outcomes if outcomes[v] == "open" and v not in explained]
    asked = [v for v in outcomes if _never_ends(frame, columns, texts, v, outcomes)]
    asked += [v for v in plain if is_unsure(v) or _looks_ended(frame, columns, texts, v, outcomes)]
    missing = {"won", "lost"} - set(outcomes.values())
    if missing and plain and not asked:
        asked = plain
    if "lost" in missing:  # where none is lost, those set aside may be
        asked = [*asked, *(v for v in outcomes if outcomes[v] == "void")]
    if not asked:
        return []
    sizes = dict(texts.drop_nulls().value_counts().iter_rows())
    values = {"column": column, "values": ", ".join(f"{v} ({sizes[v]})" for v in asked)}
    readings = tuple(
        Reading({(*_VALUES, v): meant for v in asked}, {"meant": meant}) for meant in ("lost", "open", "won")
    )
    return [Doubt("ends_unexplained", values, readings)]


def _marked_open(frame: pl.DataFrame, columns: Mapping[str, str], column: str, result: pl.Series) -> list[Doubt]:
    """Deals that go on by their words, and bear what lost ones do: asked where nothing else here is called lost.

    A day that all open deals have is that on which they are expected to end, and marks none.
    """
    going, doubts = result == "open", []
    if (result == "lost").any():
        return []
    for name in ("loss_reason", "outcome_at"):
        if name not in columns or columns[name] == columns.get("expected_close_on"):
            continue
        marked = going & _texts(frame, columns[name]).is_not_null()
        k, n = int(marked.sum()), int(going.sum())
        if k > max(1, _MOST_APART * n) and (name == "loss_reason" or k < n):
            values = {"column": column, "other": columns[name], "k": k, "n": n}
            values["row"] = int(frame.filter(marked)["_row"][0])
            doubts.append(Doubt("open_marked", values, ()))
            break
    return doubts


def _never_ends(
    frame: pl.DataFrame, columns: Mapping[str, str], texts: pl.Series, value: str, outcomes: Mapping[str, str]
) -> bool:
    """Is an end only among a value's words (``Lost? to be confirmed``), and lacks each of its deals the day of one?"""
    if outcomes[value] not in ("won", "lost") or vocabulary.is_plain_end(value) or "outcome_at" not in columns:
        return False
    filled = _texts(frame, columns["outcome_at"]).is_not_null()
    ended = texts.is_in([v for v, outcome in outcomes.items() if outcome in ("won", "lost") and v != value])
    return not filled.filter(texts == value).any() and bool((filled.filter(ended).mean() or 0.0) > 1 - _UNMARKED)  # type: ignore[operator]


def _looks_ended(
    frame: pl.DataFrame, columns: Mapping[str, str], texts: pl.Series, value: str, outcomes: Mapping[str, str]
) -> bool:
    """Have the deals with this value what only ended deals have: a reason of a loss, or an end where others lack it?"""
    going = [v for v, outcome in outcomes.items() if outcome == "open" and v != value]
    mine, theirs = texts == value, texts.is_in(going)
    for name in ("loss_reason", "outcome_at"):
        if name not in columns or columns[name] == columns.get("expected_close_on"):
            continue
        filled = _texts(frame, columns[name]).is_not_null()
        usual = filled.filter(theirs).mean() or 0.0
        if (filled.filter(mine).mean() or 0.0) >= _MARKED and usual <= _UNMARKED:  # type: ignore[operator]
            return True
    return False


def _which(column: str, rivals: list[str]) -> Doubt:
    """Several columns hold words of an end, and none is known by name."""
    names = [column, *rivals]
    readings = tuple(Reading({_OUTCOME: name}, {"column": name}) for name in names)
    return Doubt("ends_column", {"columns": ", ".join(names)}, readings)
