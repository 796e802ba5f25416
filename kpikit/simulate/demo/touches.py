"""What people did on the demo's deals: activities, contacts, and when the second contact came in."""

from __future__ import annotations

import numpy as np
import polars as pl

from kpikit.simulate.demo.moves import END
from kpikit.simulate.demo.teams import PROCESS
from kpikit.simulate.paths import DAY, SECOND
from kpikit.simulate.scenario import KINDS, ROLES, draw_touches, lag, words
from kpikit.simulate.streams import pick

COFFEE = 0.12


def activities(deals: pl.DataFrame, seen: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Activities with deal, kind, direction, at, recorded (drawn µs), contact (number), outcome, led_to_next_step.

    Before the offer a deal has met one contact, or more if ``second``; nothing happens after a deal has ended.
    """
    drawn = draw_touches(seen, per_week=PROCESS.touches_per_week, end=END, lift=deals["lift"].to_numpy(), rng=rng)
    n = len(drawn.deal)
    frame = pl.DataFrame(
        {
            "deal": drawn.deal,
            "kind": words(tuple(k[0] for k in KINDS), drawn.kind),
            "direction": words(tuple(k[1] for k in KINDS), drawn.kind),
            "at": drawn.at,
            "contact": drawn.contact,
        }
    )
    frame = pl.concat([frame, _planted(deals, rng)]).sort("deal", "at", maintain_order=True)
    facts = deals.select("deal", "created", "recorded", "offered", "second", "ended", pl.col("is_late"))
    frame = frame.join(facts.rename({"recorded": "deal_recorded"}), on="deal", how="left", maintain_order="left")
    before = pl.col("offered").is_null() | (pl.col("at") < pl.col("offered"))
    other = pl.when(pl.col("contact") > 1).then(pl.col("contact")).otherwise(1)
    frame = frame.with_columns(contact=pl.when(before & ~pl.col("second")).then(1).otherwise(other))
    frame = frame.filter(pl.col("ended").is_null() | (pl.col("at") <= pl.col("ended")))
    n = frame.height
    recorded = np.maximum(frame["at"].to_numpy() + lag(rng, n), frame["deal_recorded"].to_numpy())
    frame = frame.with_columns(recorded=pl.Series(recorded)).filter(pl.col("recorded") < END)
    return _results(frame, rng)


def _planted(deals: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """What happens anyway: a first talk, the offer, the second contact where there is one, the customer's yes or no."""
    n = deals.height
    first = deals["begun"].to_numpy()
    offer = deals.filter(pl.col("offered").is_not_null())
    second = offer.filter("second")
    share = rng.random(second.height)
    between = (
        second["begun"].to_numpy()
        + (share * (second["offered"] - second["begun"]).to_numpy() * 0.9 / SECOND).astype(np.int64) * SECOND
    )
    kinds = words(("call", "meeting", "email"), pick(rng, (0.5, 0.3, 0.2), n))
    told = deals.filter(pl.col("outcome").is_in(["won", "lost"]))
    told = told.filter(
        pl.Series(rng.random(told.height)) < pl.when(pl.col("outcome") == "won").then(0.95).otherwise(0.6)
    )
    answers = words(("call", "email", "meeting"), pick(rng, (0.4, 0.45, 0.15), told.height))
    answered = told["signed"].fill_null(told["ended"] - DAY // 12)
    answered = pl.select(pl.max_horizontal(answered, told["last_entered"] + 60 * SECOND)).to_series().to_numpy()
    parts = [
        (deals["deal"], kinds, words(("customer", "us"), pick(rng, (0.45, 0.55), n)), first, np.ones(n)),
        (offer["deal"], "offer", "us", offer["offered"].to_numpy(), np.ones(offer.height)),
        (second["deal"], "meeting", "both", between, np.full(second.height, 2)),
        (told["deal"], answers, "customer", answered, np.ones(told.height)),
    ]
    return pl.concat(
        pl.DataFrame(
            {
                "deal": deal,
                "kind": kind if isinstance(kind, pl.Series) else pl.Series([kind]).new_from_index(0, len(deal)),
                "direction": side if isinstance(side, pl.Series) else pl.Series([side]).new_from_index(0, len(deal)),
                "at": at,
                "contact": contact.astype(np.int64),
            }
        ).with_columns(direction=pl.when(pl.col("kind") == "meeting").then(pl.lit("both")).otherwise("direction"))
        for deal, kind, side, at, contact in parts
    )


def _results(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """What came of it: calls reach someone or not; some appointments are coffee, and lead to nothing."""
    n = frame.height
    is_met, is_call = frame["kind"] == "meeting", (frame["kind"] == "call") & (frame["direction"] == "us")
    is_coffee = is_met & pl.Series(rng.random(n) < COFFEE)
    said = words(("held", "no show"), pick(rng, (0.92, 0.08), n))
    rang = words(("reached", "no answer"), pick(rng, (0.62, 0.38), n))
    outcome = pl.when(is_met).then(said).when(is_call).then(rang)
    frame = frame.with_columns(
        outcome=outcome, kind=pl.when(is_coffee).then(pl.lit("coffee")).otherwise("kind"), _u=pl.Series(rng.random(n))
    )
    held = pl.col("outcome") == "held"
    leads = pl.when(held & (pl.col("kind") == "coffee")).then(pl.col("_u") < 0.05).when(held).then(pl.col("_u") < 0.66)
    silent = pl.col("outcome").is_in(["no answer", "no show"]).fill_null(value=False) | (pl.col("kind") == "voicemail")
    return frame.with_columns(
        led_to_next_step=leads, direction=pl.when(silent).then(pl.lit("us")).otherwise("direction")
    ).drop("_u")


def contacts(activities: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Everyone met on a deal (deal, contact), with a role where we know it."""
    met = activities.select("deal", "contact").unique().sort("deal", "contact")
    role = np.where(rng.random(met.height) < 0.12, len(ROLES), pick(rng, (0.3, 0.22, 0.2, 0.1, 0.1, 0.08), met.height))
    return met.with_columns(role=words((*ROLES, None), role))
