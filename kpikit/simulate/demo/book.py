"""Makes the demo book: ``python -m kpikit.simulate.demo.book data/demo`` rebuilds the committed files to the byte."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from kpikit.simulate.demo import accounts as demo_accounts
from kpikit.simulate.demo import deals as demo_deals
from kpikit.simulate.demo import moves as demo_paths
from kpikit.simulate.demo import rows as demo_tables
from kpikit.simulate.demo import touches as demo_touches
from kpikit.simulate.demo import voices as demo_voices
from kpikit.simulate.demo.planted import demo_truth
from kpikit.simulate.demo.teams import HAPPENINGS, PEOPLE, PROCESS, QUARTERS
from kpikit.simulate.frames import SETTINGS, Frames, criteria_table, in_schema, stage_table
from kpikit.simulate.streams import generators
from kpikit.simulate.working_time import utc
from kpikit.simulate.writing import write

SEED = 1
ZONE = SETTINGS["time_zone"]
#: How many vans or people a customer of each segment has, more or less.
SIZE = {"Small": 8, "Mid": 30, "Enterprise": 110}
STREAMS = ("owners", "money", "dates", "facts", "touches", "voices", "accounts", "notes", "changes")
#: The last thing that anybody did before the export: on Friday evening somebody moved a date.
LAST_RECORDED = datetime(2026, 10, 2, 17, 41, 8, tzinfo=UTC)


def book() -> tuple[Frames, dict[str, Any]]:
    """All tables of the demo book, in the schema's columns, and what is true of it."""
    rng = generators(SEED, STREAMS)
    drawn = demo_paths.draw()
    visits = drawn.visits.filter(pl.col("recorded").is_not_null())
    deals = demo_tables.joined(drawn)
    owner, owner_moves = demo_tables.owners(deals, rng["owners"])
    account, accounts = demo_accounts.accounts_of(deals, rng["accounts"])
    deals = deals.with_columns(region=pl.Series([accounts[a]["region"] for a in account]))
    deals = demo_deals.wordings(demo_deals.facts(deals, rng["facts"]), rng["facts"])
    deals = _with_accounts(
        deals.with_columns(owner=pl.Series(owner), account=pl.Series(account)), accounts, rng["money"]
    )
    talks, ours = demo_voices.interviews(deals, rng["voices"])
    deals = _with_reasons(deals, ours, rng["facts"])
    expected, date_moves = demo_tables.close_dates(deals, rng["dates"])
    visits = visits.with_columns(stated=demo_tables.forecasts(visits, deals, rng["dates"]))
    deals = deals.with_columns(expected=pl.Series(expected))
    changes, deals = demo_deals.changes(deals, visits, owner_moves, date_moves, rng["changes"])
    done = demo_touches.activities(deals, drawn.visits, rng["touches"])
    done = done.with_columns(demo_tables.owner_then(done, owner, owner_moves))
    said = demo_voices.notes(deals, rng["notes"])
    said = said.with_columns(demo_tables.owner_then(said, owner, owner_moves))
    since, years = demo_accounts.contracts(deals, len(accounts), QUARTERS[-1], rng["accounts"])
    ids = pl.select(pl.format("D{}", pl.int_range(1, deals.height + 1).cast(pl.String).str.zfill(4))).to_series()
    tables = {
        "deals": _deals(deals, ids),
        "stage_events": _stage_events(visits, ids),
        "changes": _changes(changes, ids),
        "stages": stage_table(PROCESS),
        "criteria": criteria_table(PROCESS),
        "people": _people(),
        "activities": _activities(done, ids),
        "accounts": demo_accounts.account_table(accounts, since),
        "contacts": _contacts(demo_touches.contacts(done, rng["touches"]), ids),
        "notes": _notes(said, ids),
        "interviews": _interviews(talks, ids),
        "revenue": _revenue(years, len(accounts)),
        "rates": _rates(),
        "happenings": pl.DataFrame(HAPPENINGS, schema=["on", "until", "team", "text"], orient="row"),
    }
    tables["deals"], tables["changes"] = _last_move(tables["deals"], tables["changes"])
    return {name: in_schema(name, frame) for name, frame in tables.items()}, demo_truth(drawn.deals, ids)


def _with_reasons(deals: pl.DataFrame, ours: dict[int, str], rng: np.random.Generator) -> pl.DataFrame:
    """Reasons as we wrote them, ``ours`` where an interview needs one; and what set-aside deals were."""
    reasons = demo_tables.loss_reasons(deals, rng).to_list()
    for deal, reason in ours.items():
        reasons[deal] = reason
    deals = demo_deals.set_aside(deals.with_columns(loss_reason=pl.Series(reasons)), rng)
    return deals.with_columns(competitor=_competitor(deals))


def _with_accounts(deals: pl.DataFrame, accounts: list[dict[str, Any]], rng: np.random.Generator) -> pl.DataFrame:
    """Names, money and whether the customer fits, from the account."""
    mine = [accounts[a] for a in deals["account"]]
    products = [demo_accounts.texts("companies")[a["region"]]["products"] for a in mine]
    u = rng.random((2, deals.height))
    names = [
        f"{a['name']} – {p[int(x * len(p))].format(n=int(SIZE[a['segment']] * (0.5 + y)))}"
        for a, p, x, y in zip(mine, products, *u, strict=True)
    ]
    first_win = deals.filter(pl.col("outcome") == "won").group_by("account").agg(won=pl.col("ended").min())
    is_known = deals.join(first_win, on="account", how="left", maintain_order="left")["won"] < deals["created"]
    amount = demo_tables.amounts(deals, rng)
    return deals.with_columns(
        name=pl.Series(names),
        deal_type=pl.select(pl.when(is_known).then(pl.lit("expansion")).otherwise(pl.lit("new"))).to_series(),
        amount=pl.Series(amount).fill_nan(None),
        currency=pl.Series(["GBP" if a["region"] == "GB" else "EUR" for a in mine]),
        is_icp=pl.Series([a["is_icp"] for a in mine]),
    )


def _competitor(deals: pl.DataFrame) -> pl.Series:
    """Where we wrote that a competitor won it, the competitor is known."""
    named = pl.col("competitor").is_in(["none", "own spreadsheet"]) | pl.col("competitor").is_null()
    lost_to = pl.when(named & (pl.col("loss_reason") == "competitor")).then(
        pl.when(pl.col("deal") % 3 == 0).then(pl.lit("Roosterix")).otherwise(pl.lit("Plannova"))
    )
    return deals.select(lost_to.otherwise("competitor")).to_series()


def _instants(frame: pl.DataFrame, **columns: str) -> list[pl.Series]:
    """Drawn columns as UTC instants under new names."""
    return [utc(frame[drawn], ZONE).alias(name) for name, drawn in columns.items()]


def _day(frame: pl.DataFrame, drawn: str, name: str) -> pl.Series:
    return frame[drawn].cast(pl.Datetime("us")).dt.date().alias(name)


def _deals(deals: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    category = (
        pl.when(pl.col("outcome") != "open")
        .then(None)
        .when(pl.col("probability") >= 0.75)
        .then(pl.lit("commit"))
        .when(pl.col("probability") >= 0.5)
        .then(pl.lit("best case"))
        .otherwise(pl.lit("pipeline"))
    )
    return deals.with_columns(
        ids.alias("deal_id"),
        demo_accounts.account_ids(9999).gather(deals["account"]).alias("account_id"),
        pl.lit(PROCESS.pipeline).alias("pipeline"),
        pl.col("stage_name").alias("stage"),
        category.alias("forecast_category"),
        *_instants(
            deals,
            created_at="created",
            recorded_at="recorded",
            first_contact_at="first_contact",
            offered_at="offered",
            signed_at="signed",
            outcome_at="ended",
        ),
        _day(deals, "expected", "expected_close_on"),
        _day(deals, "next_step_on", "next_step_on"),
    )


def _stage_events(visits: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return visits.select(
        ids.gather(visits["deal"]).alias("deal_id"),
        pl.col("stage").replace_strict(dict(enumerate(PROCESS.names)), return_dtype=pl.String),
        *_instants(visits, entered_at="entered", recorded_at="recorded"),
        seq=pl.int_range(1, pl.len() + 1).over("deal"),
    )


def _changes(changes: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return changes.with_columns(
        ids.gather(changes["deal"]).alias("deal_id"), *_instants(changes, changed_at="at", recorded_at="recorded")
    )


def _people() -> pl.DataFrame:
    rows = [
        (p.owner, p.team, p.from_on, p.until_on, float(p.share))
        for p in sorted(PEOPLE, key=lambda p: (p.owner, p.from_on))
    ]
    return pl.DataFrame(rows, schema=["owner", "team", "from_on", "until_on", "share_of_full_time"], orient="row")


def _contact_keys(frame: pl.DataFrame, ids: pl.Series) -> pl.Series:
    index = ids.gather(frame["deal"]).str.slice(1)
    return pl.select(pl.format("c{}-{}", index, frame["contact"])).to_series().alias("contact_key")


def _activities(done: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    n = done.height
    return done.with_columns(
        pl.select(pl.format("a{}", pl.int_range(1, n + 1).cast(pl.String).str.zfill(5)))
        .to_series()
        .alias("activity_id"),
        ids.gather(done["deal"]).alias("deal_id"),
        _contact_keys(done, ids),
        *_instants(done, happened_at="at", recorded_at="recorded"),
    )


def _contacts(met: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return met.with_columns(ids.gather(met["deal"]).alias("deal_id"), _contact_keys(met, ids))


def _notes(said: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return said.with_columns(
        ids.gather(said["deal"]).alias("deal_id"), pl.col("owner").alias("by"), *_instants(said, at="at")
    )


def _interviews(talks: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return talks.with_columns(
        ids.gather(talks["deal"]).alias("deal_id"), *_instants(talks, asked_at="asked", held_at="held")
    )


def _revenue(years: list[tuple[int, date, float, str]], n: int) -> pl.DataFrame:
    frame = pl.DataFrame(years, schema=["account", "period", "amount", "currency"], orient="row")
    return frame.with_columns(demo_accounts.account_ids(n).gather(frame["account"]).alias("account_id"))


def _rates() -> pl.DataFrame:
    months = [date(2024 + (6 + m) // 12, (6 + m) % 12 + 1, 1) for m in range(len(demo_tables.POUND))]
    return pl.DataFrame({"currency": "GBP", "on": months, "rate": demo_tables.POUND})


def _last_move(deals: pl.DataFrame, changes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One date moved on Friday evening: the last thing recorded, and so the book's as-of."""
    waiting = deals.filter(pl.col("outcome") == "open", pl.col("stage") == "Proposal", pl.col("team") == "South")
    deal, old = waiting.select("deal_id", "expected_close_on").row(-1)
    new = old + timedelta(days=14)
    seq = changes.filter(pl.col("deal_id") == deal).height + 1
    row = {"deal_id": deal, "field": "expected_close_on", "old": str(old), "new": str(new), "seq": seq}
    row |= {"changed_at": LAST_RECORDED, "recorded_at": LAST_RECORDED}
    moved = pl.when(pl.col("deal_id") == deal).then(pl.lit(new)).otherwise("expected_close_on")
    last = pl.DataFrame([row]).cast({"changed_at": pl.Datetime("us", "UTC"), "recorded_at": pl.Datetime("us", "UTC")})
    together = pl.concat([changes, last], how="diagonal_relaxed").sort("deal_id", "seq")
    return deals.with_columns(expected_close_on=moved), together


def main(arguments: Sequence[str]) -> None:
    """Write the demo into the folder named in the arguments."""
    tables, truth = book()
    write(tables, truth, Path(arguments[0]), privacy={"persons": "off"})


if __name__ == "__main__":
    main(sys.argv[1:])
