"""The demo's table of deals, with what people wrote in it, and the changes over time. Times are drawn µs."""

from __future__ import annotations

import numpy as np
import polars as pl

from kpikit.simulate.demo import rows as demo_tables
from kpikit.simulate.demo.accounts import texts
from kpikit.simulate.demo.moves import LATEST
from kpikit.simulate.frames import outcome_moves
from kpikit.simulate.paths import SECOND
from kpikit.simulate.scenario import SOURCE_SHARES, SOURCES, lag, words
from kpikit.simulate.streams import Floats, Ints, pick

#: In which languages notes are kept, by region.
LANGUAGES = {"NL": ("en", "nl"), "BE-FR": ("fr", "en"), "BE-NL": ("nl", "nl", "en"), "GB": ("en",)}
COMPETITOR_SHARES = (0.1, 0.07, 0.04, 0.03, 0.1, 0.3, 0.36)


def span(days: Floats) -> Ints:
    """Days as µs, to the second."""
    return (np.asarray(days) * 86_400).astype(np.int64) * SECOND


def facts(deals: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Instants and facts of each deal: first contact, offer, signature, source, competitor, discount and the like."""
    n = deals.height
    u = rng.random((9, n))
    source = words(SOURCES, pick(rng, SOURCE_SHARES, n))
    warm = source.is_in(["inbound", "partner"]).fill_null(value=False).to_numpy()
    first = deals["begun"].to_numpy() - span(np.where(warm, 2, 16) * u[0] ** 2)
    hours = span(0.12 * u[1])
    is_won, has_offer = pl.col("outcome") == "won", pl.col("offered").is_not_null()
    offered = pl.max_horizontal(pl.col("offered") - pl.Series(hours), pl.col("begun") + 60 * SECOND)
    signed = pl.max_horizontal(pl.col("ended") - pl.Series(span(1.2 * u[2])), "offered", "last_entered")
    asked = words(demo_tables.ASKED_BY, pick(rng, (0.52, 0.3, 0.1, 0.08), n))
    rival = words(demo_tables.COMPETITORS, pick(rng, COMPETITOR_SHARES, n))
    discount = np.where(u[3] < 0.45, 0.0, np.round(0.22 * u[4] ** 1.6, 2))
    again = words(("true", "false", None), pick(rng, (0.6, 0.17, 0.23), n))
    return deals.with_columns(
        source=source,
        first_contact=pl.when(pl.Series(u[5]) > 0.05).then(pl.Series(first)),
        offered=pl.when(has_offer).then(offered),
        signed=pl.when(is_won & (pl.Series(u[6]) > 0.08)).then(signed),
        offer_asked_by=pl.when(has_offer).then(asked),
        competitor=pl.when(pl.col("stage") > 0).then(rival),
        discount=pl.when(has_offer & (pl.Series(u[7]) > 0.05)).then(pl.Series(discount)),
        more_like_this=pl.when(is_won).then(again == "true"),
        is_new_market=(pl.col("team") == "New Markets") | (pl.Series(u[8]) < 0.04),
    ).with_columns(more_like_this=pl.when(pl.Series(again).is_not_null()).then("more_like_this"))


def wordings(deals: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """What is written in free text: the customer's goal, and on open deals the next step with its day."""
    n = deals.height
    goals, steps = texts("deals")["goals"], texts("deals")["next_steps"]
    u = rng.random((6, n))
    language = [_one(LANGUAGES[region], a) for region, a in zip(deals["region"], u[0], strict=True)]
    is_open = pl.col("outcome") == "open"
    on = LATEST + span(-12 + 34 * u[4])
    return deals.with_columns(
        customer_goal=pl.Series(
            [_one(goals[lang], a) if b < 0.84 else None for lang, a, b in zip(language, u[1], u[2], strict=True)]
        ),
        next_step=pl.when(is_open & (pl.Series(u[3]) < 0.72)).then(
            pl.Series([_one(steps[lang], a) for lang, a in zip(language, u[5], strict=True)])
        ),
    ).with_columns(
        next_step_on=pl.when(pl.col("next_step").is_not_null() & (pl.Series(u[1]) < 0.85)).then(pl.Series(on))
    )


def _one(options: tuple[str, ...] | list[str], share: float) -> str:
    return options[int(share * len(options))]


def set_aside(deals: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Of the deals set aside, a quarter were doubles of a deal the same team already had, and two were tests."""
    reason, account, name = (deals[c].to_list() for c in ("loss_reason", "account", "name"))
    void = deals.filter(pl.col("outcome") == "void")
    for deal, team, begun in void.select("deal", "team", "begun").iter_rows():
        near = deals.filter(pl.col("team") == team, pl.col("outcome") != "void", pl.col("begun") < begun).tail(12)
        if near.height and rng.random() < 0.27:
            twin = near.row(int(rng.random() * near.height), named=True)
            reason[deal], account[deal], name[deal] = "duplicate", twin["account"], twin["name"]
    for deal in void["deal"].gather([5, void.height - 9]):
        reason[deal], name[deal] = "test", "TEST – please ignore"
    return deals.with_columns(loss_reason=pl.Series(reason), account=pl.Series(account), name=pl.Series(name))


def changes(
    deals: pl.DataFrame,
    visits: pl.DataFrame,
    owner_moves: list[tuple[int, str, str, int]],
    date_moves: pl.DataFrame,
    rng: np.random.Generator,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every recorded change (deal, field, old, new, at, recorded), and the deals with what was true in the end."""
    parts = [
        pl.DataFrame(owner_moves, schema=["deal", "old", "new", "at"], orient="row").with_columns(
            field=pl.lit("owner")
        ),
        date_moves.with_columns(_day_text("old"), _day_text("new"), field=pl.lit("expected_close_on")),
        outcome_moves(visits, deals["outcome"], deals["ended"]).with_columns(field=pl.lit("outcome")),
        _probability_moves(visits),
        _amount_moves(deals, rng),
    ]
    order = ("deal", "field", "old", "new", "at")
    rows = pl.concat([p.select(order).cast({"deal": pl.Int64, "at": pl.Int64}) for p in parts])
    alive = deals.select("deal", "recorded", pl.col("ended").fill_null(LATEST))
    rows = rows.join(alive.rename({"recorded": "deal_recorded"}), on="deal").filter(
        pl.col("at") <= pl.col("ended") + 60 * SECOND
    )
    rows = rows.sort("deal", "at", "field")
    known = rows["at"].to_numpy() + (lag(rng, rows.height, late_share=0.02) * (rng.random(rows.height) < 0.25))
    at = pl.max_horizontal(pl.Series(known).clip(upper_bound=LATEST), "deal_recorded", "at")
    rows = rows.with_columns(recorded=at).with_columns(
        pl.col("recorded").cum_max().over("deal"), seq=pl.int_range(1, pl.len() + 1).over("deal")
    )
    stated = visits.group_by("deal", maintain_order=True).agg(probability=pl.col("stated").last())
    return rows.drop("deal_recorded", "ended"), deals.join(stated, on="deal", how="left", maintain_order="left")


def _day_text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%d").alias(name)


def _probability_moves(visits: pl.DataFrame) -> pl.DataFrame:
    """The stated probability moves when a deal enters a stage."""
    before = pl.col("stated").shift(1).over("deal")
    moved = visits.with_columns(before=before).filter(
        pl.col("before").is_not_null(), pl.col("before") != pl.col("stated")
    )
    return moved.select(
        "deal",
        field=pl.lit("probability"),
        old=_figure("before"),
        new=_figure("stated"),
        at=pl.col("entered") + 40 * SECOND,
    )


def _figure(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.replace(r"\.0$", "")


def _amount_moves(deals: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """One amount in five changes after the offer: smaller more often than larger."""
    offered = deals.filter(pl.col("offered").is_not_null(), pl.col("amount").is_not_null())
    n = offered.height
    factor = np.where(rng.random(n) < 0.6, 1.05 + 0.3 * rng.random(n), 0.72 + 0.22 * rng.random(n))
    until = offered["ended"].fill_null(LATEST).to_numpy()
    start = np.maximum(offered["offered"].to_numpy(), offered["created"].to_numpy())
    at = start + (0.9 * rng.random(n) * (until - start) / SECOND).astype(np.int64) * SECOND
    old = pl.Series(np.round(offered["amount"].to_numpy() * factor / 50) * 50)
    rows = offered.select("deal", field=pl.lit("amount"), old=old, new="amount", at=pl.Series(at))
    rows = rows.with_columns(_figure("old"), _figure("new"))
    return rows.filter(pl.Series(rng.random(n) < 0.2), pl.col("old") != pl.col("new"))
