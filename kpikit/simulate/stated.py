"""What a company's CRM holds besides: types, accounts, stated chances, close dates, discounts, next steps, history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from kpikit.simulate.circumstances import Facts
from kpikit.simulate.parameters import Parameters
from kpikit.simulate.paths import DAY, SECOND, Deals
from kpikit.simulate.staff import Staff, handovers, seat_of
from kpikit.simulate.streams import Floats, Ints, normal, stream
from kpikit.simulate.truth import win_chance

#: Days by which a close date that has passed is moved on, and the most often that this happens.
PUSH, MOST_PUSHES = 30, 60
#: Days from creation to the close date that owners name first, in the middle.
USUAL = 75.0
STEPS = ("Call about the offer", "Send references", "Meet the director", "Draft the contract")


@dataclass(frozen=True, slots=True)
class Drawn:
    """All that has been drawn of a process until ``end`` (µs)."""

    deals: Deals
    seen: pl.DataFrame
    facts: Facts
    held: Staff
    end: int


def as_company(
    parameters: Parameters, tables: Mapping[str, pl.DataFrame], drawn: Drawn, *, seed: int
) -> dict[str, pl.DataFrame]:
    """The tables with what the circumstances put into a CRM."""
    given, made = parameters.circumstances, dict(tables)
    deals, n = made["deals"], made["deals"].height
    columns, moves = dict(_facts(parameters, drawn.facts)), [made["changes"]]
    created, until = drawn.deals.created, deals["outcome_at"].dt.epoch("us").fill_null(drawn.end).to_numpy()
    if given.forecast_noise:
        said = chances(parameters, drawn.deals, drawn.seen, seed)
        columns["probability"] = said.group_by("deal").agg(pl.col("new").last()).sort("deal")["new"]
        moves.append(_changes(deals, said, "probability"))
    if given.date_error:
        on, pushes = close_dates(parameters, created, until, seed)
        columns["expected_close_on"] = _days(pl.Series(on))
        moves.append(
            _changes(deals, pushes.with_columns(_days(pushes[c]).alias(c) for c in ("old", "new")), "expected_close_on")
        )
    if given.turnover:
        seat = seat_of(parameters, drawn.deals)
        moves.append(_changes(deals, handovers(drawn.held, seat, created, until), "owner"))
        made |= _done_by(made, drawn.held, seat)
    if given.discount:
        columns["discount"] = pl.Series(discounts(parameters, n, seed))
    if given.next_steps:
        what, on = next_steps(parameters, n, drawn.end, seed)
        is_open = (deals["outcome"] == "open") & what.is_not_null()
        columns["next_step"] = pl.select(pl.when(is_open).then(what)).to_series()
        columns["next_step_on"] = pl.select(pl.when(is_open).then(_days(pl.Series(on)))).to_series()
    if given.competitors and "loss_reason" in deals.columns:
        columns["competitor"] = competitors(parameters, deals, seed)
    if given.reason_days and "loss_reason" in deals.columns:
        columns["loss_reason"], written = reasons(parameters, deals, drawn.end, seed)
        moves.append(_changes(deals, written, "loss_reason"))
    if given.amount_moves:
        moves.append(_changes(deals, amounts(parameters, deals, created, until, seed), "amount"))
    made["deals"] = deals.with_columns(**columns)
    made["changes"] = pl.concat(moves, how="diagonal")
    if drawn.facts.account is not None:
        made["accounts"] = _accounts(made["deals"], drawn.facts)
    return made


def _facts(parameters: Parameters, found: Facts) -> dict[str, pl.Series]:
    columns: dict[str, pl.Series] = {}
    if found.type is not None:
        columns["deal_type"] = pl.Series([t.name for t in parameters.circumstances.types]).gather(found.type)
    if found.account is not None:
        columns["account_id"] = pl.Series(found.account)
    flags = {"is_icp": found.is_icp, "is_new_market": found.is_new_market}
    return columns | {name: pl.Series(flag) for name, flag in flags.items() if flag is not None}


def _accounts(deals: pl.DataFrame, found: Facts) -> pl.DataFrame:
    """An account a row, with what its deals say of it; customers were that before the first day."""
    flags = [name for name in ("is_icp",) if name in deals.columns]
    told = deals.with_columns(is_customer=pl.Series(found.customers))
    first = [pl.col(name).first() for name in ("segment", *flags, "is_customer")]
    return told.group_by("account_id", maintain_order=True).agg(first).sort("account_id")


def _changes(deals: pl.DataFrame, moves: pl.DataFrame, field: str) -> pl.DataFrame:
    """Moves (``deal, at`` (µs), ``old``, ``new``) as rows of the table of changes, recorded at once."""
    at = pl.col("at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return moves.select(
        deals["deal_id"].gather(moves["deal"]),
        pl.lit(field).alias("field"),
        pl.col("old").cast(pl.String),
        pl.col("new").cast(pl.String),
        at.alias("changed_at"),
        at.alias("recorded_at"),
    )


def _days(at: pl.Series) -> pl.Series:
    """Instants (µs) as days."""
    return at.cast(pl.Datetime("us")).dt.date()


def _done_by(made: Mapping[str, pl.DataFrame], held: Staff, seat: Ints) -> dict[str, pl.DataFrame]:
    """Activities by whoever held the seat when they happened."""
    if "activities" not in made:
        return {}
    acts = made["activities"]
    seats = pl.DataFrame({"deal_id": made["deals"]["deal_id"], "seat": seat})
    of = acts.select("deal_id").join(seats, on="deal_id", how="left", maintain_order="left")["seat"].to_numpy()
    return {"activities": acts.with_columns(owner=held.owners(of, acts["happened_at"].dt.epoch("us").to_numpy()))}


def rounded(said: Floats) -> Floats:
    """Log-odds as the chance that is written down: to the nearest 5 %, never 0 or 100 %."""
    return (np.round(20 / (1 + np.exp(-said))) / 20).clip(0.05, 0.95)


def true_chance(parameters: Parameters, deals: Deals, deal: Ints, stage: Ints) -> Floats:
    """The chance to be won of these deals in these stages."""
    grid = np.linspace(-4, 4, 161)
    chances = win_chance(parameters, grid)
    lift = (deals.lift + np.array([s.lift for s in parameters.segments])[deals.segment])[deal]
    return np.choose(stage, [np.interp(lift, grid, chances[:, s]) for s in range(chances.shape[1])])


def chances(parameters: Parameters, deals: Deals, seen: pl.DataFrame, seed: int) -> pl.DataFrame:
    """What was said on entering each stage: ``deal``, ``at`` (µs), ``old``, ``new`` (numbers; old null at first)."""
    deal, stage = seen["deal"].to_numpy(), seen["stage"].to_numpy()
    true = true_chance(parameters, deals, deal, stage)
    noise = parameters.circumstances.forecast_noise * normal(stream(seed, "chances"), len(deal))
    said = pl.DataFrame({"deal": deal, "at": seen["entered"], "new": rounded(np.log(true / (1 - true)) + noise)})
    return said.with_columns(old=pl.col("new").shift(1).over("deal")).filter(pl.col("old").ne_missing(pl.col("new")))


def close_dates(parameters: Parameters, created: Ints, until: Ints, seed: int) -> tuple[Ints, pl.DataFrame]:
    """The last stated close of each deal (µs), and each time it was moved: ``deal``, ``at``, ``old``, ``new`` (µs).

    A date that has passed is moved on by 30 days a few days later, as long as the deal is open (``until``, µs).
    """
    n = len(created)
    error = parameters.circumstances.date_error * normal(stream(seed, "close dates"), n)
    first = created + (USUAL * np.exp(error) * 86_400).astype(np.int64) * SECOND
    late = (stream(seed, "pushes").random((n, MOST_PUSHES)) * 6 * 86_400).astype(np.int64) * SECOND
    passes = first[:, None] + np.arange(MOST_PUSHES) * PUSH * DAY
    moved = passes + late
    deal, k = np.nonzero(moved < until[:, None])
    pushes = pl.DataFrame(
        {"deal": deal, "at": moved[deal, k], "old": passes[deal, k], "new": passes[deal, k] + PUSH * DAY}
    )
    return first + np.bincount(deal, minlength=n) * PUSH * DAY, pushes


def discounts(parameters: Parameters, n: int, seed: int) -> Floats:
    """The discount of each deal, in whole per cents, around the mean: none for a third."""
    u, v = stream(seed, "discount").random((2, n))
    mean = parameters.circumstances.discount
    return np.where(u < 1 / 3, 0.0, np.round(3 * mean * v, 2))


def next_steps(parameters: Parameters, n: int, end: int, seed: int) -> tuple[pl.Series, Ints]:
    """The next step of each deal, null for those that have none, and its day (µs): some have passed."""
    u, v, w = stream(seed, "next steps").random((3, n))
    what = pl.Series(STEPS).gather((v * len(STEPS)).astype(int))
    has = pl.Series(u < parameters.circumstances.next_steps)
    on = end + ((w * 28 - 7) * 86_400).astype(np.int64) * SECOND
    return pl.select(pl.when(has).then(what)).to_series(), on


def competitors(parameters: Parameters, deals: pl.DataFrame, seed: int) -> pl.Series:
    """To whom each deal was lost, where somebody is named: mostly where the reason says so, half of them the first."""
    names = parameters.circumstances.competitors
    u, v = stream(seed, "competitors").random((2, deals.height))
    is_told = (deals["outcome"] == "lost") & (pl.Series(u) < pl.select(
        pl.when(deals["loss_reason"] == "competitor").then(0.9).otherwise(0.1)).to_series())  # fmt: skip
    said = pl.Series(names).gather(np.minimum(-np.log2(np.maximum(v, 1e-9)), len(names) - 1).astype(int))
    return pl.select(pl.when(is_told).then(said)).to_series()


def reasons(parameters: Parameters, deals: pl.DataFrame, end: int, seed: int) -> tuple[pl.Series, pl.DataFrame]:
    """The reasons written by ``end`` (µs), and when: ``deal``, ``at`` (µs), ``old``, ``new``; days after the loss."""
    days = parameters.circumstances.reason_days * np.exp(normal(stream(seed, "reasons"), deals.height))
    at = deals["outcome_at"].dt.epoch("us") + pl.Series((days * 86_400).astype(np.int64) * SECOND)
    is_written = (deals["loss_reason"].is_not_null() & (at < end)).fill_null(False)
    rows = pl.DataFrame({"deal": np.arange(deals.height), "at": at, "new": deals["loss_reason"]}).filter(is_written)
    rows = rows.with_columns(old=pl.lit(None, pl.String))
    return pl.select(pl.when(is_written).then(deals["loss_reason"])).to_series(), rows


def amounts(parameters: Parameters, deals: pl.DataFrame, created: Ints, until: Ints, seed: int) -> pl.DataFrame:
    """Amounts that changed once while the deal was open: ``deal``, ``at`` (µs), ``old``, ``new``; down or up alike."""
    u, v, w = stream(seed, "amounts").random((3, deals.height))
    old = (deals["amount"].to_numpy() * np.exp(w - 0.5) / 10).round() * 10
    at = created + (v * (until - created) / SECOND).astype(np.int64) * SECOND
    rows = pl.DataFrame({"deal": np.arange(deals.height), "at": at, "old": old, "new": deals["amount"]})
    return rows.filter(pl.Series(u < parameters.circumstances.amount_moves) & (pl.col("old") != pl.col("new")))
