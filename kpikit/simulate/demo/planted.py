"""What was put into the demo, and what follows from it: the demo's ``truth.json``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from kpikit.simulate.demo.moves import day_of, process_of
from kpikit.simulate.demo.teams import CAMPAIGN, PROCESS, RANDSTAD, SECOND_LIFT, SECOND_SHARE, TEAMS
from kpikit.simulate.parameters import Parameters
from kpikit.simulate.truth import exit_curves, median_days, truth_of

HORIZON = 60


def demo_truth(deals: pl.DataFrame, ids: pl.Series) -> dict[str, Any]:
    """Processes, plants and what is hidden, as plain values.

    ``deals`` are the drawn deals (deal, begun, is_late), ``ids`` their public names.
    """
    late = deals.filter("is_late")
    return {
        "about": "What was planted, and the true parameters. Figures of the data differ from these by chance.",
        "processes": {"usual": truth_of(PROCESS), "Randstad": truth_of(RANDSTAD)},
        "teams": {
            t.name: {
                "process": "usual" if process_of(t) is PROCESS else t.name,
                "seed": t.seed,
                "new_deals_by_quarter": list(t.deals),
                "share_registered_at_the_proposal": t.late,
            }
            for t in TEAMS
        },
        "planted": [_north(), _south(), _randstad(), _liege(), _vlaanderen(), _new_markets()],
        "late_registered": {
            "meaning": "deals that had truly begun on this day, and were first recorded when they had our offer",
            "begun_on": {ids[deal]: str(day_of(begun)) for deal, begun in late.select("deal", "begun").iter_rows()},
        },
    }


def _proposal(process: Parameters) -> dict[str, Any]:
    curves = exit_curves(process, "Proposal", np.array([float(HORIZON)]))
    left = {kind: round(float(curve[0]), 3) for kind, curve in curves.items()}
    waiting = {"still_there": round(1 - sum(left.values()), 3)}
    return {"median_days": median_days(process, "Proposal"), f"by_day_{HORIZON}": left | waiting}


def _north() -> dict[str, Any]:
    effect = PROCESS.effects[0]
    slow = replace(PROCESS, segments=tuple(replace(s, pace=s.pace * effect.pace) for s in PROCESS.segments))
    return {
        "team": "North",
        "finding": "proposals wait longer, whatever their end; everything else is as it was",
        "stage": effect.stage,
        "since_on": str(effect.since_on),
        "times_as_long": effect.pace,
        "before": _proposal(PROCESS),
        "since": _proposal(slow),
        "also": "of the deals that reach the proposal, three in ten are first recorded there",
    }


def _south() -> dict[str, Any]:
    return {"team": "South", "finding": "nothing is planted: the same process and numbers as North, without the change"}


def _randstad() -> dict[str, Any]:
    since, mix = CAMPAIGN
    names = [s.name for s in RANDSTAD.segments]
    return {
        "team": "Randstad",
        "finding": "from the campaign on, most new deals are small business, which is quicker and won less often; "
        "within a segment nothing changes",
        "since_on": str(since),
        "share_of_new_deals_before": {s.name: s.share for s in RANDSTAD.segments},
        "share_of_new_deals_since": dict(zip(names, mix, strict=True)),
        "log_odds_forward": {s.name: s.lift for s in RANDSTAD.segments},
    }


def _liege() -> dict[str, Any]:
    return {
        "team": "Liège",
        "finding": "we write 'price' where buyers say something else",
        "lost_deals_with_both_reasons": 18,
        "we_wrote_price": 9,
        "buyer_agreed": 3,
        "buyers_named_price": 3,
    }


def _vlaanderen() -> dict[str, Any]:
    return {
        "team": "Vlaanderen",
        "finding": "offers made after a second contact are won more often",
        "share_with_second_contact": SECOND_SHARE,
        "log_odds_forward_after_the_offer": {"with": SECOND_LIFT[0], "without": SECOND_LIFT[1]},
    }


def _new_markets() -> dict[str, Any]:
    return {"team": "New Markets", "finding": "three deals and three people: too few for any figure"}
