"""Turns drawn paths into the tables of a deal book, cut off at the last day, with the columns of the schema."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl

from kpikit.calendar import add_months, midnight
from kpikit.schema import TABLES
from kpikit.simulate import scenario as story
from kpikit.simulate.circumstances import Circumstances
from kpikit.simulate.parameters import STANDARD, Parameters
from kpikit.simulate.paths import KINDS, SECOND, Deals, Visits, draw_deals, in_circumstances, walk
from kpikit.simulate.recording import NOTHING, Plan, Record
from kpikit.simulate.staff import Staff, people, seat_of, staff, with_successors
from kpikit.simulate.stated import Drawn, as_company
from kpikit.simulate.streams import Floats, Ints, generators, normal
from kpikit.simulate.truth import win_chance

TIME_ZONE = "Europe/Amsterdam"
SETTINGS = {"time_zone": TIME_ZONE, "fiscal_year_starts": 4, "currency": "EUR"}
STREAMS = ("deals", "walk", "amounts", "forecast", "story")
Frames = dict[str, pl.DataFrame]


def instant(values: Ints) -> pl.Series:
    """Microseconds since 1970 as UTC instants."""
    return pl.Series(values=values).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def window(start: date, months: int) -> tuple[int, int]:
    """The first instant of the first day, and of the day so many months later (µs, Amsterdam days)."""
    begin, end = midnight(start, TIME_ZONE), last_instant(start, months)
    return int(begin.timestamp()) * SECOND, int(end.timestamp()) * SECOND


def frames(
    parameters: Parameters = STANDARD,
    *,
    deals: int = 2000,
    teams: int = 8,
    seed: int = 0,
    start: date = date(2024, 7, 1),
    months: int = 24,
    plan: Plan = NOTHING,
) -> Frames:
    """What would a deal book look like if the sales process were exactly this one, and its record made so?

    ``deals`` begin in ``months`` months from ``start`` on, spread over ``teams`` teams; what happens after those months
    is not seen. ``plan``: habits of recording and circumstances that look like them (see ``recording.plan``). Returns
    the tables by name, with the schema's columns, only those that are filled.

    >>> sorted(frames(deals=50, teams=2, seed=1))
    ['criteria', 'deals', 'people', 'stage_events', 'stages']
    """
    return in_schemas(recorded(parameters, deals=deals, teams=teams, seed=seed, start=start, months=months, plan=plan))


def recorded(
    parameters: Parameters = STANDARD,
    *,
    deals: int = 2000,
    teams: int = 8,
    seed: int = 0,
    start: date = date(2024, 7, 1),
    months: int = 24,
    plan: Plan = NOTHING,
) -> Record:
    """What is written down of a process, beside what happened?

    The arguments are those of :func:`frames`. All that happens is drawn first, then written down as the plan says: the
    past is the same for every plan.

    Raises:
        UsageError: the plan acts on what this process does not write down (close dates, say).

    >>> from kpikit.simulate.recording import plan
    >>> recorded(deals=50, teams=2, seed=1, plan=plan("hidden=.5")).touched["hidden"]["dose"]
    0.5
    """
    begin, end = window(start, months)
    given = plan.parameters(parameters, add_months(start, months // 2))
    rng = generators(seed, STREAMS)
    names = team_names(teams)
    drawn = draw_deals(given, deals=deals, teams=teams, start=begin, end=end, rng=rng["deals"])
    drawn, found = in_circumstances(given, drawn, seed=seed, teams=teams)
    held = staff(given, teams=teams, seed=seed, begin=begin, end=end)
    drawn = with_successors(given, drawn, held, seed)
    visits = walk(given, drawn, rng["walk"], team_names=names)
    seen = visits_until(visits, end)
    table = deal_table(given, drawn, seen, names, held, end, rng["amounts"])
    table = table.with_columns(probability=stated_probability(given, drawn, seen, rng["forecast"]))
    tables = {
        "deals": table,
        "stage_events": stage_event_table(given, table, seen),
        "changes": reopening_table(table, seen),
        "stages": stage_table(given),
        "criteria": criteria_table(given),
        "people": people_table(held, names, given, begin, end, start),
    }
    if given.touches_per_week:
        tables["deals"] = story.dress(table, seen, rng["story"])
        tables |= story.touches(table, seen, given, end=end, lift=drawn.lift, rng=rng["story"])
    if given.circumstances != Circumstances():
        tables = as_company(given, tables, Drawn(drawn, seen, found, held, end), seed=seed)
    return plan.record(_honest(tables, past_of(table, drawn, visits), given, start, last_instant(start, months), seed))


def past_of(table: pl.DataFrame, deals: Deals, visits: Visits) -> pl.DataFrame:
    """What happens to each deal in the end, a row each in order, however late that is."""
    last = np.append(visits.deal[1:] != visits.deal[:-1], True)
    is_open = visits.kind[last] == KINDS.index("open")
    late = visits.stage >= 2
    offer = (
        pl.DataFrame({"deal": visits.deal[late], "at": visits.entered[late]}).group_by("deal").agg(pl.col("at").min())
    )
    offered = pl.DataFrame({"deal": np.arange(table.height)}).join(offer, on="deal", how="left", maintain_order="left")
    return pl.DataFrame(
        {
            "deal_id": table["deal_id"],
            "owner": table["owner"],
            "lift": deals.lift,
            "created_at": table["created_at"],
            "outcome": np.array(KINDS)[visits.kind[last]],
            "closed_at": instant(np.where(is_open, 0, visits.left[last])),
            "offered_at": offered["at"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        }
    ).with_columns(closed_at=pl.when(pl.col("outcome") != "open").then("closed_at"))


def _honest(
    tables: Frames, past: pl.DataFrame, parameters: Parameters, start: date, end: datetime, seed: int
) -> Record:
    """The record as it is made where all is written down as it happened."""
    number = pl.DataFrame({"deal_id": past["deal_id"], "deal": np.arange(past.height)})
    numbered = {
        name: frame.join(number, on="deal_id", how="left", maintain_order="left")
        if "deal_id" in frame.columns
        else frame
        for name, frame in tables.items()
    }
    if "activities" in numbered:
        numbered["activities"] = numbered["activities"].with_row_index("act")
    return Record(numbered, past, parameters, start, end, TIME_ZONE, seed)


def in_schemas(record: Record) -> Frames:
    """The tables of a record that hold anything, in the schema's columns."""
    return {name: in_schema(name, frame) for name, frame in record.tables.items() if frame.height}


def team_names(teams: int) -> tuple[str, ...]:
    """Team names: ``Team 01`` and so on."""
    return tuple(f"Team {t + 1:02d}" for t in range(teams))


def visits_until(visits: Visits, end: int) -> pl.DataFrame:
    """The visits that had begun by ``end`` (µs); those that had not ended are "open". One row each, by deal and number.

    Columns: deal, number, stage (indices), entered, left (µs; null if open), kind, is_last.
    """
    seen = visits.entered < end
    is_open = visits.left[seen] >= end
    kind = np.where(is_open, KINDS.index("open"), visits.kind[seen])
    frame = pl.DataFrame(
        {
            "deal": visits.deal[seen],
            "number": visits.number[seen],
            "stage": visits.stage[seen],
            "entered": visits.entered[seen],
            "left": visits.left[seen],
            "kind": pl.Series(np.array(KINDS)[kind]),
        }
    )
    return frame.with_columns(
        left=pl.when(pl.col("kind") != "open").then("left"),
        is_last=pl.col("deal") != pl.col("deal").shift(-1, fill_value=-1),
    )


def deal_ids(n: int) -> pl.Series:
    """Text ids, of equal length."""
    return ("D" + pl.Series(np.arange(1, n + 1)).cast(pl.String).str.zfill(len(str(n)))).alias("deal_id")


def deal_table(
    parameters: Parameters,
    deals: Deals,
    seen: pl.DataFrame,
    names: tuple[str, ...],
    held: Staff,
    end: int,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """One row per deal, in order of index, as it stands at the end."""
    n = len(deals.created)
    segments = parameters.segments
    mean = np.array([s.amount_log for s in segments])[deals.segment]
    spread = np.array([s.amount_spread for s in segments])[deals.segment]
    amount = np.exp(mean + spread * normal(rng, n))
    last = seen.filter("is_last").sort("deal")
    ended = pl.col("kind").replace_strict({"won": "won", "lost": "lost", "void": "void"}, default="open")
    outcome = last.select(ended.alias("outcome"), pl.col("left")).with_columns(
        outcome_at=pl.when(pl.col("outcome") != "open").then("left")
    )
    until = outcome["outcome_at"].fill_null(end).to_numpy()
    return pl.DataFrame(
        {
            "deal_id": deal_ids(n),
            "team": np.array(names)[deals.team],
            "owner": held.owners(seat_of(parameters, deals), until),
            "pipeline": pl.Series([parameters.pipeline]).new_from_index(0, n),
            "stage": np.array(parameters.names)[last["stage"].to_numpy()],
            "segment": np.array([s.name for s in segments])[deals.segment],
            "amount": np.round(amount, -1),
            "currency": pl.Series(["EUR"]).new_from_index(0, n),
            "created_at": instant(deals.created),
            "recorded_at": instant(deals.created),
            "outcome": outcome["outcome"],
            "outcome_at": outcome["outcome_at"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        }
    )


def stated_probability(
    parameters: Parameters, deals: Deals, seen: pl.DataFrame, rng: np.random.Generator, *, noise: float = 0.5
) -> Floats:
    """What the owner says of the deal where it stands: the true chance with noise, to the nearest 5 %."""
    grid = np.linspace(-4, 4, 161)
    chances = win_chance(parameters, grid)
    lift = deals.lift + np.array([s.lift for s in parameters.segments])[deals.segment]
    stage = seen.filter("is_last").sort("deal")["stage"].to_numpy()
    true = np.choose(stage, [np.interp(lift, grid, chances[:, s]) for s in range(chances.shape[1])])
    said = np.log(true / (1 - true)) + noise * normal(rng, len(lift))
    return (np.round(20 / (1 + np.exp(-said))) / 20).clip(0.05, 0.95)


def stage_event_table(parameters: Parameters, table: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """One row for each time that a deal entered a stage; recorded at once."""
    entered = instant(seen["entered"].to_numpy())
    return pl.DataFrame(
        {
            "deal_id": table["deal_id"].gather(seen["deal"]),
            "stage": np.array(parameters.names)[seen["stage"].to_numpy()],
            "entered_at": entered,
            "seq": seen["number"] + 1,
            "recorded_at": entered,
            "origin": pl.Series(["user"]).new_from_index(0, seen.height),
        }
    )


def outcome_moves(seen: pl.DataFrame, outcome: pl.Series, ended: pl.Series) -> pl.DataFrame:
    """The outcomes over time of those deals that were lost and came back: deal, old, new, at (µs).

    ``outcome`` and ``ended`` (µs) are those of each deal in the end, by index.
    """
    was_lost = (pl.col("kind") == "lost") & ~pl.col("is_last")
    again = seen.with_columns(next_entered=pl.col("entered").shift(-1)).filter(was_lost)
    back = again["deal"].unique().sort()
    final = pl.DataFrame({"deal": back, "new": outcome.gather(back), "at": ended.gather(back)}).filter(
        pl.col("new") != "open"
    )
    parts = (
        again.select("deal", old=pl.lit("open"), new=pl.lit("lost"), at="left"),
        again.select("deal", old=pl.lit("lost"), new=pl.lit("open"), at="next_entered"),
        final.select("deal", old=pl.lit("open"), new="new", at="at"),
    )
    return pl.concat(parts).sort("deal", "at")


def reopening_table(table: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """The changes of outcome of deals that were lost and came back, recorded at once."""
    rows = outcome_moves(seen, table["outcome"], table["outcome_at"].dt.epoch("us"))
    at = instant(rows["at"].to_numpy())
    return rows.select(
        table["deal_id"].gather(rows["deal"]),
        pl.lit("outcome").alias("field"),
        "old",
        "new",
        at.alias("changed_at"),
        pl.int_range(1, pl.len() + 1).over("deal").alias("seq"),
        at.alias("recorded_at"),
    )


def stage_table(parameters: Parameters) -> pl.DataFrame:
    """The stages in order, with what the CRM shows beside them. Won and lost are outcomes, not stages."""
    return pl.DataFrame(
        {
            "pipeline": [parameters.pipeline] * len(parameters.stages),
            "stage": parameters.names,
            "position": range(1, len(parameters.stages) + 1),
            "probability": [s.probability for s in parameters.stages],
            "is_won": [False] * len(parameters.stages),
            "is_lost": [False] * len(parameters.stages),
            "meaning": [s.meaning or None for s in parameters.stages],
        }
    )


def criteria_table(parameters: Parameters) -> pl.DataFrame:
    """What the customer has done when a stage is reached."""
    rows = [(parameters.pipeline, s.name, c) for s in parameters.stages for c in s.criteria]
    return pl.DataFrame(rows, schema=["pipeline", "stage", "criterion"], orient="row")


def people_table(
    held: Staff, names: tuple[str, ...], parameters: Parameters, begin: int, end: int, start: date
) -> pl.DataFrame:
    """Everyone, from the first day on or from their own, until the first day that they are gone."""
    found = people(held, tuple(np.repeat(np.array(names), parameters.people)), begin=begin, end=end)
    day = {
        c: instant(found[c].fill_null(end).to_numpy()).dt.convert_time_zone(TIME_ZONE).dt.date()
        for c in ("since", "until")
    }
    return found.select(
        "owner",
        "team",
        from_on=pl.when(pl.col("since") == begin).then(pl.lit(start)).otherwise(day["since"]),
        until_on=pl.when(pl.col("until").is_not_null()).then(day["until"]),
        share_of_full_time=pl.lit(1.0),
    )


def in_schema(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that the schema knows, in its order, without those that hold nothing."""
    wanted = [c for c in TABLES[name].names if c in frame.columns and frame[c].null_count() < frame.height]
    return frame.select(wanted)


def last_instant(start: date, months: int) -> datetime:
    """The instant at which the simulated months are over (UTC)."""
    return midnight(add_months(start, months), TIME_ZONE)
