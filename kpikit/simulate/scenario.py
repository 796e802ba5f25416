"""Dresses drawn paths with what people do: activities and contacts. More happens on good deals, less as time passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from kpikit.simulate.parameters import Parameters
from kpikit.simulate.paths import DAY, SECOND
from kpikit.simulate.streams import Floats, Ints, pick

#: kind, direction, share among the activities of an early and of a late stage
KINDS = (
    ("call", "us", 0.26, 0.14),
    ("call", "customer", 0.08, 0.12),
    ("voicemail", "us", 0.10, 0.04),
    ("email", "us", 0.22, 0.22),
    ("email", "customer", 0.14, 0.24),
    ("meeting", "both", 0.20, 0.24),
)
OUTCOMES = {"call": ("reached", "reached", "no answer"), "meeting": ("held", "held", "held", "no show")}
SOURCES = ("inbound", "referral", "outbound", "partner", "event", None)
SOURCE_SHARES = (0.34, 0.2, 0.24, 0.1, 0.08, 0.04)
REASONS = ("no decision", "price", "competitor", "timing", "missing feature", "own solution", "unknown", None)
REASON_SHARES = (0.31, 0.2, 0.13, 0.07, 0.05, 0.04, 0.04, 0.16)
ROLES = ("user", "buyer", "director", "IT", "finance", "procurement")


@dataclass(frozen=True, slots=True)
class Touches:
    """Activities, one element each: indices ``deal``, ``visit``, ``kind``; ``at`` (µs); ``contact`` (from 1)."""

    deal: Ints
    visit: Ints
    kind: Ints
    at: Ints
    contact: Ints


def poisson(rng: np.random.Generator, mean: Floats) -> Ints:
    """Poisson draws, by inversion: the first number whose cumulative chance is not below the uniform draw."""
    u, count = rng.random(len(mean)), np.zeros(len(mean), dtype=np.int64)
    rows, chance = np.arange(len(mean)), np.exp(-mean)
    total = chance.copy()
    for k in range(1, 1000):
        more = u[rows] > total
        rows, chance, total = rows[more], chance[more] * mean[rows[more]] / k, total[more]
        if not len(rows):
            break
        total += chance
        count[rows] = k
    return count


def draw_touches(
    seen: pl.DataFrame, *, per_week: float, end: int, lift: Floats, rng: np.random.Generator, fade_days: float = 60.0
) -> Touches:
    """Activities during the visits: ``per_week`` on an average deal, hardly any when ``fade_days`` are over.

    ``seen`` are visits (deal, stage, entered, left in µs), ``end`` the last instant, ``lift`` the quality per deal.
    """
    deal, stage = seen["deal"].to_numpy(), seen["stage"].to_numpy()
    entered, left = seen["entered"].to_numpy(), seen["left"].fill_null(end).to_numpy()
    days = (left - entered) / DAY
    awake = fade_days * (1 - np.exp(-days / fade_days))
    n = poisson(rng, per_week / 7 * awake * np.exp(0.3 * lift[deal]) + 0.3)
    visit = np.repeat(np.arange(len(deal)), n)
    share = -np.log1p(-rng.random(len(visit)) * (awake / fade_days)[visit]) * fade_days / days[visit]
    at = entered[visit] + (share * (left - entered)[visit] / SECOND).astype(np.int64) * SECOND
    late = stage[visit] >= 2
    kind = np.where(
        late, pick(rng, tuple(k[3] for k in KINDS), len(visit)), pick(rng, tuple(k[2] for k in KINDS), len(visit))
    )
    people = 1 + poisson(rng, 0.8 * np.exp(0.4 * lift)).clip(max=4)
    met = 1 + np.floor(rng.random(len(visit)) ** 1.5 * people[deal[visit]]).astype(np.int64)
    # Who is met late was not always there from the start: early visits meet the first two at most.
    contact = np.where(late, met, np.minimum(met, 2))
    order = np.lexsort((at, deal[visit]))
    return Touches(*(c[order] for c in (deal[visit], visit, kind, at, contact)))


def lag(rng: np.random.Generator, n: int, *, late_share: float = 0.06) -> Ints:
    """How long (µs) until something is recorded: minutes mostly, a day or two at times, weeks for ``late_share``."""
    u, v = rng.random(n), rng.random(n)
    days = np.where(u < late_share, 7 + 21 * v, np.where(u < 0.25 + late_share, 0.2 + 2.5 * v, 0.02 * v))
    return (days * 86_400).astype(np.int64) * SECOND


def touches(
    table: pl.DataFrame, seen: pl.DataFrame, parameters: Parameters, *, end: int, lift: Floats, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """The tables ``activities`` and ``contacts`` for the deals of ``table`` (deal_id and owner, in order of index)."""
    drawn = draw_touches(seen, per_week=parameters.touches_per_week, end=end, lift=lift, rng=rng)
    return {
        "activities": activity_table(table, drawn, end=end, rng=rng),
        "contacts": contact_table(table, drawn, rng=rng),
    }


def activity_table(table: pl.DataFrame, drawn: Touches, *, end: int, rng: np.random.Generator) -> pl.DataFrame:
    """Activities as the book has them; those recorded only after ``end`` are not there yet."""
    n = len(drawn.deal)
    recorded = drawn.at + lag(rng, n)
    names = words(tuple(k[0] for k in KINDS), drawn.kind)
    roll = rng.random(n)
    frame = pl.DataFrame(
        {
            "deal_id": table["deal_id"].gather(drawn.deal),
            "owner": table["owner"].gather(drawn.deal),
            "kind": names,
            "direction": words(tuple(k[1] for k in KINDS), drawn.kind),
            "happened_at": pl.Series(drawn.at).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "recorded_at": pl.Series(recorded).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "contact_key": pl.select(
                pl.format("{}-{}", table["deal_id"].gather(drawn.deal), pl.Series(drawn.contact))
            ).to_series(),
            "outcome": _outcomes(names, roll),
            "led_to_next_step": pl.Series(roll < 0.6),
        }
    ).filter(pl.Series(recorded <= end))
    met = (pl.col("kind") == "meeting") & (pl.col("outcome") == "held")
    frame = frame.with_columns(led_to_next_step=pl.when(met).then("led_to_next_step"))
    ids = "a" + pl.Series(np.arange(1, frame.height + 1)).cast(pl.String).str.zfill(len(str(n)))
    return frame.insert_column(0, ids.alias("activity_id"))


def words(options: tuple[str | None, ...], index: Ints) -> pl.Series:
    """The option at each index."""
    return pl.Series(options, dtype=pl.String).gather(index)


def _outcomes(names: pl.Series, roll: Floats) -> pl.Series:
    """What came of a call or a meeting; nothing is written for the rest."""
    said = {kind: words(options, (roll * len(options)).astype(int)) for kind, options in OUTCOMES.items()}
    chosen = [pl.when(names == kind).then(said[kind]) for kind in OUTCOMES]
    return pl.select(pl.coalesce(chosen)).to_series()


def contact_table(table: pl.DataFrame, drawn: Touches, *, rng: np.random.Generator) -> pl.DataFrame:
    """Everyone met on a deal, once, with a role where it is known."""
    met = pl.DataFrame({"deal": drawn.deal, "contact": drawn.contact}).unique().sort("deal", "contact")
    role = np.where(rng.random(met.height) < 0.15, len(ROLES), (met["contact"].to_numpy() - 1) % len(ROLES))
    return met.select(
        table["deal_id"].gather(met["deal"]),
        pl.format("{}-{}", table["deal_id"].gather(met["deal"]), "contact").alias("contact_key"),
        words((*ROLES, None), role).alias("role"),
    )


def dress(table: pl.DataFrame, seen: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The deals with what people write in them: source, first contact, offer (the third stage's entry), loss reason."""
    n = table.height
    offer = seen.filter(pl.col("stage") >= 2).group_by("deal").agg(offered_at=pl.col("entered").min())
    offered = pl.DataFrame({"deal": np.arange(n)}).join(offer, on="deal", how="left", maintain_order="left")
    earlier = pl.Series((14 * rng.random(n) ** 2 * 86_400).astype(np.int64) * SECOND).cast(pl.Duration("us"))
    reason = words(REASONS, pick(rng, REASON_SHARES, n))
    return table.with_columns(
        words(SOURCES, pick(rng, SOURCE_SHARES, n)).alias("source"),
        first_contact_at=pl.col("created_at") - earlier,
        offered_at=offered["offered_at"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        loss_reason=pl.when(pl.col("outcome") == "lost").then(reason),
    )
