"""What customers and we said on the demo's deals: interviews with buyers, and notes."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from kpikit.simulate.demo.accounts import texts
from kpikit.simulate.demo.deals import LANGUAGES
from kpikit.simulate.demo.moves import END
from kpikit.simulate.paths import DAY, SECOND, microseconds

QUARTER = (microseconds(date(2026, 7, 1)), microseconds(date(2026, 10, 1)))
#: Interviews by team: from when on deals were asked, and how many more were asked than answered.
ASKED = {
    "Liège": (date(2026, 7, 1), 14),
    "North": (date(2026, 7, 1), 7),
    "Vlaanderen": (date(2026, 1, 1), 6),
    "Randstad": (date(2026, 4, 1), 9),
    "New Markets": (date(2026, 7, 1), 0),
}
STEPS = {"approach": (0.0, 0.15), "appointment": (0.15, 0.5), "offer": (0.5, 0.62), "follow-up": (0.62, 0.95)}
DAYS = {
    "en": ("Monday", "Tuesday", "Thursday", "Friday"),
    "nl": ("maandag", "dinsdag", "donderdag", "vrijdag"),
    "fr": ("lundi", "mardi", "jeudi", "vendredi"),
}
ROLES = {
    "en": ("purchaser", "controller", "head of service", "IT manager", "planner"),
    "nl": ("inkoper", "controller", "servicemanager", "ICT-er", "planner"),
    "fr": ("acheteuse", "comptable", "chef d'atelier", "responsable technique"),
}
NOTED = 0.16


def interviews(deals: pl.DataFrame, rng: np.random.Generator) -> tuple[pl.DataFrame, dict[int, str]]:
    """Interviews (deal, asked, held: drawn µs, null where nobody answered), and our reasons for these deals.

    Lost deals of team Liège get the reason that belongs to their interview, so that both sides are known.
    """
    rows, ours, taken = [], {}, set()
    for talk in texts("interviews")["interview"]:
        deal, ended = _decided(deals, talk["team"], talk["outcome"], taken, rng)
        taken.add(deal)
        asked = ended + _span(rng, 0.6, 2.0)
        rows.append({"deal": deal, "asked": asked, "held": asked + _span(rng, 1.5, 5.0), **talk})
        if "ours" in talk:
            ours[deal] = talk["ours"]
    for team, (_, extra) in ASKED.items():
        for _ in range(extra):
            deal, ended = _decided(deals, team, None, taken, rng)
            taken.add(deal)
            rows.append({"deal": deal, "asked": ended + _span(rng, 0.6, 6.0), "team": team})
    kept = ("deal", "asked", "held", "with_whom", "language", "reasons", "story", "permission", "quotable")
    kinds = {"deal": pl.Int64, "asked": pl.Int64, "held": pl.Int64, "permission": pl.Boolean, "quotable": pl.Boolean}
    schema = {name: kinds.get(name, pl.String) for name in kept}
    return pl.DataFrame([{k: r.get(k) for k in kept} for r in rows], schema=schema).sort("asked"), ours


def _span(rng: np.random.Generator, least: float, most: float) -> int:
    """Some days, in µs to the second."""
    return int((least + (most - least) * rng.random()) * 86_400) * SECOND


def _decided(
    deals: pl.DataFrame, team: str, outcome: str | None, taken: set[int], rng: np.random.Generator
) -> tuple[int, int]:
    """A deal of the team that was decided in time to be asked, and not asked yet."""
    decided = pl.col("outcome").is_in(["won", "lost"]) if outcome is None else pl.col("outcome") == outcome
    since = microseconds(ASKED[team][0]) + DAY  # drawn time runs up to a day ahead of working time
    fit = deals.filter(decided, pl.col("team") == team, pl.col("ended").is_between(since, QUARTER[1] - 8 * DAY))
    fit = fit.filter(~pl.col("deal").is_in(list(taken)))
    if not fit.height:
        raise RuntimeError(f"no {outcome} deal of team {team} is left to be asked: choose another seed")
    deal, ended = fit.select("deal", "ended").row(int(rng.random() * fit.height))
    return deal, ended


def notes(deals: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Notes with deal, at (drawn µs), step, kind, text: more on deals that are open, fewer on old ones."""
    found = texts("notes")
    rows = []
    recent = END - 120 * DAY
    for deal in deals.iter_rows(named=True):
        chance = NOTED * (2.4 if deal["outcome"] == "open" else 1.6 if (deal["ended"] or 0) > recent else 0.8)
        if deal["outcome"] == "void":
            continue
        taken: set[str] = set()
        while rng.random() < chance and len(taken) < 3:
            chance *= 0.6
            note = _fitting(found["note"], deal, taken, rng)
            taken.add(note["text"])
            rows.append(_written(note, deal, rng))
    open_ones = deals.filter(pl.col("outcome") == "open", pl.col("offered").is_not_null(), pl.col("created") > recent)
    for i, note in enumerate(found["odd"]):
        deal = open_ones.row(3 + 5 * i, named=True)
        rows.append(_written(note, deal, rng))
    return pl.DataFrame(rows).sort("deal", "at", maintain_order=True)


def _fitting(
    notes: list[dict[str, Any]], deal: dict[str, Any], taken: set[str], rng: np.random.Generator
) -> dict[str, Any]:
    """A note in the team's language that fits how far the deal has come."""
    languages = LANGUAGES[deal["region"]]
    has_offer = deal["offered"] is not None

    def fits(note: dict[str, Any]) -> bool:
        is_in_time = note.get("when", "any") in ("any", deal["outcome"])
        is_reached = has_offer or note["step"] in ("approach", "appointment")
        is_so = note.get("asked", deal["offer_asked_by"]) == deal["offer_asked_by"]
        return is_in_time and is_reached and is_so and note["language"] in languages and note["text"] not in taken

    fitting = [n for n in notes if fits(n)]
    return fitting[int(rng.random() * len(fitting))]


def _written(note: dict[str, Any], deal: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    begun, end = deal["created"], deal["ended"] or END - DAY // 12
    offered = max(deal["offered"] or (begun + end) // 2, begun)
    low, high = STEPS[note["step"]]
    share = low + (high - low) * rng.random()
    at = begun + (offered - begun) * share * 2 if share < 0.5 else offered + (end - offered) * (share - 0.5) * 2
    if note["kind"] == "story":
        at = end + _span(rng, 0.02, 1.2) if deal["ended"] else at
    language = note["language"]
    text = note["text"]
    for blank, options in (
        ("{n}", [str(n) for n in range(7, 39)]),
        ("{day}", DAYS[language]),
        ("{role}", ROLES[language]),
    ):
        text = text.replace(blank, options[int(rng.random() * len(options))])
    at = min(int(at) // SECOND * SECOND, END - DAY // 24)
    return {"deal": deal["deal"], "at": at, "step": note["step"], "kind": note["kind"], "text": text}
