"""Each planted finding of the demo is there, at the strength asked: by lifelines, scipy and plain arithmetic."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.utils import median_survival_times
from scipy.stats import boschloo_exact, norm

from tests.simulate.demo_tables import DEMO, at_risk, decided, first_of, table

# lifelines calls pandas in ways that pandas is about to drop, and warns that a quantile is a step's
pytestmark = pytest.mark.filterwarnings("ignore:Starting with pandas", "ignore:Approximating using")

STAGES = ("Qualify", "Discovery", "Proposal", "Negotiation")
NOW = (first_of(2026, 7), first_of(2026, 10))
YEAR_BEFORE = (first_of(2025, 7), first_of(2026, 7))
FOUR_QUARTERS = (first_of(2025, 10), first_of(2026, 10))
FOUR_BEFORE = (first_of(2024, 10), first_of(2025, 10))


def curve(risk):
    entry, days, over = risk
    return KaplanMeierFitter().fit(days, over, entry=entry)


def median(risk):
    """Median with its log–log interval."""
    fitted = curve(risk)
    low, high = median_survival_times(fitted.confidence_interval_).iloc[0]
    return fitted.median_survival_time_, low, high


def still_there(risk, day):
    """Kaplan–Meier at a day, with Greenwood's standard error."""
    events = curve(risk).event_table
    events = events[(events.index > 0) & (events.index <= day) & (events["observed"] > 0)]
    n, d = events["at_risk"].to_numpy(), events["observed"].to_numpy()
    share = np.prod(1 - d / n)
    return share, share * np.sqrt(np.sum(d / (n * (n - d))))


def cox_p(now, before):
    """p of 'the rate of leaving differs', with delayed entry."""
    import pandas as pd

    parts = [
        pd.DataFrame({"entry": r[0], "days": r[1], "over": r[2], "now": flag}) for flag, r in ((1, now), (0, before))
    ]
    frame = pd.concat(parts)
    frame.loc[frame["entry"] >= frame["days"], "entry"] = frame["days"] * 0.999
    return CoxPHFitter().fit(frame, "days", "over", entry_col="entry").summary.loc["now", "p"]


def newcombe(k1, n1, k2, n2, z=1.959964):
    """Newcombe's hybrid interval of a difference of proportions (1998b)."""

    def wilson(k, n):
        p, d = k / n, 1 + z * z / n
        middle, half = (p + z * z / (2 * n)) / d, z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
        return p, middle - half, middle + half

    (p1, l1, u1), (p2, l2, u2) = wilson(k1, n1), wilson(k2, n2)
    return p1 - p2, p1 - p2 - np.hypot(p1 - l1, u2 - p2), p1 - p2 + np.hypot(u1 - p1, p2 - l2)


def test_north_proposals_wait_longer():
    now, before = at_risk("North", "Proposal", *NOW), at_risk("North", "Proposal", *YEAR_BEFORE)
    m1, low1, _ = median(now)
    m0, _, high0 = median(before)
    assert 40 <= len(now[0]) <= 50
    assert 120 <= len(before[0]) <= 145
    assert 31 <= m1 <= 37
    assert 19 <= m0 <= 23
    # Square-and-add at 95 %: the lower bound of the difference is days above nothing.
    assert m1 - m0 - np.hypot(m1 - low1, high0 - m0) > 4
    # Holm over ten comparisons asks for p < .005 of the smallest.
    assert cox_p(now, before) < 0.005


def test_north_more_proposals_still_wait_after_sixty_days():
    s1, se1 = still_there(at_risk("North", "Proposal", *FOUR_QUARTERS), 60)
    s0, se0 = still_there(at_risk("North", "Proposal", *FOUR_BEFORE), 60)
    assert 0.14 <= s1 <= 0.22
    assert 0.03 <= s0 <= 0.09
    assert 2 * norm.sf((s1 - s0) / np.hypot(se1, se0)) < 0.05 / 9
    quarter, _ = still_there(at_risk("North", "Proposal", *NOW), 60)
    year, _ = still_there(at_risk("North", "Proposal", *YEAR_BEFORE), 60)
    assert 0.24 <= quarter <= 0.36
    assert 0.06 <= year <= 0.12


@pytest.mark.parametrize("team", ["North", "South", "Liège", "Vlaanderen"])
def test_nothing_else_changes_in_the_stages(team):
    ps = [
        cox_p(at_risk(team, s, *NOW), at_risk(team, s, *YEAR_BEFORE))
        for s in STAGES
        if (team, s) != ("North", "Proposal")
    ]
    assert min(ps) > 0.05 / 8


def test_north_flow_of_the_quarter():
    deals = table("deals").filter(pl.col("team") == "North")
    start, end = NOW

    def open_at(t):
        return deals.filter(
            pl.col("created_at") < t, pl.col("outcome_at").is_null() | (pl.col("outcome_at") >= t)
        ).height

    new = deals.filter(pl.col("created_at").is_between(start, end, closed="left")).height
    count = dict(decided("North", start, end)["outcome"].value_counts().iter_rows())
    assert open_at(end) == open_at(start) + new - sum(count.values())
    assert 45 <= open_at(start) <= 65
    assert 25 <= new <= 50
    assert 12 <= count["won"] <= 17
    assert 17 <= count["lost"] <= 28
    assert sum(count.values()) > new  # more left the pipeline than came in


def test_north_wins_have_a_usual_range():
    quarters = [first_of(2024 + (9 + 3 * q) // 12, (9 + 3 * q) % 12 + 1) for q in range(9)]
    wins = [decided("North", a, b).filter(pl.col("outcome") == "won").height for a, b in pairwise(quarters)]
    assert min(wins) >= 9
    assert max(wins) <= 19


def test_north_cohort_and_late_registration():
    deals = table("deals").filter(pl.col("team") == "North")
    cohort = deals.filter(pl.col("created_at").is_between(first_of(2026, 1), first_of(2026, 4), closed="left"))
    within = pl.col("outcome_at") - pl.col("created_at") <= pl.duration(days=180)
    assert 43 <= cohort.height <= 48
    assert 11 <= cohort.filter((pl.col("outcome") == "won") & within).height <= 16
    first = table("stage_events").sort("deal_id", "seq").group_by("deal_id").agg(pl.col("stage").first())
    late = first.filter(pl.col("stage").is_in(["Proposal", "Negotiation"]))["deal_id"]
    assert cohort.filter(pl.col("deal_id").is_in(late.implode())).height == 8
    begun = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))["late_registered"]["begun_on"]
    assert set(begun) == set(late)


def test_north_has_more_long_waits_than_south():
    """Open first visits at the quarter's end that are older than nine in ten before them."""

    def long_waits(team):
        found = 0
        for stage in STAGES:
            q90 = curve(at_risk(team, stage, first_of(2024, 7), NOW[0])).percentile(0.1)
            _, days, over = at_risk(team, stage, *NOW)
            found += int((days[~over] > q90).sum())
        return found

    assert 8 <= long_waits("North") <= 14
    assert long_waits("South") <= 6


def _finished(start, end):
    return decided("Randstad", start, end).filter(pl.col("outcome").is_in(["won", "lost"]))


def _mix_and_rate(before, now):
    segments = ("Small", "Mid", "Enterprise")
    n = np.array([[(s == name).sum() for name in segments] for s, _ in (before, now)])
    rate = np.array([[won[s == name].mean() for name in segments] for s, won in (before, now)])
    share = n / n.sum(axis=1, keepdims=True)
    mix = ((share[1] - share[0]) * rate.mean(axis=0)).sum()
    return mix, ((rate[1] - rate[0]) * share.mean(axis=0)).sum(), n, rate


def _arrays(frame):
    return frame["segment"].to_numpy(), (frame["outcome"] == "won").to_numpy()


def test_randstad_the_move_to_small_business_is_clear_and_the_rates_are_not():
    before, now = _arrays(_finished(first_of(2026, 4), NOW[0])), _arrays(_finished(*NOW))
    mix, rate, n, _ = _mix_and_rate(before, now)
    rng = np.random.default_rng(20260930)
    draws = []
    for _ in range(1000):
        i, j = rng.integers(0, len(before[0]), len(before[0])), rng.integers(0, len(now[0]), len(now[0]))
        draws.append(_mix_and_rate((before[0][i], before[1][i]), (now[0][j], now[1][j]))[:2])
    (_, rate_low), (mix_high, rate_high) = np.quantile(draws, [0.025, 0.975], axis=0)
    assert n.min() >= 5
    assert -0.13 < mix < -0.06
    assert mix_high < -0.02
    assert abs(mix) / np.std([m for m, _ in draws]) > norm.isf(0.0025)  # clear after Holm over ten
    assert 0 < rate < 0.08
    assert rate_low < 0 < rate_high
    assert 1.7 < now[1].sum() / before[1].sum() < 2.2  # nearly twice as many new customers


def test_randstad_set_aside_moves_the_win_rate():
    count = dict(decided("Randstad", *NOW).group_by("outcome").len().iter_rows())
    assert 25 <= count["void"] <= 36
    crm, all_finished = count["won"] / (count["won"] + count["lost"]), count["won"] / sum(count.values())
    assert crm - all_finished > 0.04


def test_liege_price_is_ours_more_than_theirs():
    held = table("interviews").filter(pl.col("held_at").is_not_null())
    lost = decided("Liège", *NOW).filter(pl.col("outcome") == "lost", pl.col("loss_reason").is_not_null())
    both = held.join(lost, on="deal_id")
    assert (both["held_at"] < NOW[1]).all()
    assert both.height == 18
    ours, theirs = both["loss_reason"] == "price", both["reasons"].str.contains("price")
    assert ours.sum() == 9
    assert theirs.sum() == 3
    assert (ours & theirs).sum() == 3


def test_vlaanderen_a_second_contact_before_the_offer_goes_with_winning():
    before = table("activities").join(table("deals").select("deal_id", "offered_at"), on="deal_id")
    before = before.filter(pl.col("happened_at") < pl.col("offered_at"))
    met = before.group_by("deal_id").agg(contacts=pl.col("contact_key").n_unique())

    def counts(team):
        offers = decided(team, *FOUR_QUARTERS).filter(
            pl.col("outcome").is_in(["won", "lost"]), pl.col("offered_at").is_not_null()
        )
        offers = offers.join(met, on="deal_id", how="left").with_columns(second=pl.col("contacts").fill_null(0) >= 2)
        by = (
            offers.group_by("second")
            .agg(k=(pl.col("outcome") == "won").sum(), n=pl.len())
            .sort("second", descending=True)
        )
        return [int(x) for row in by.select("k", "n").iter_rows() for x in row]

    k1, n1, k2, n2 = counts("Vlaanderen")
    gap, low, _ = newcombe(k1, n1, k2, n2)
    assert 0.55 <= k1 / n1 <= 0.67
    assert 0.24 <= k2 / n2 <= 0.36
    assert gap > 0.2
    assert low > 0.1
    assert boschloo_exact([[k1, k2], [n1 - k1, n2 - k2]]).pvalue < 0.005
    _, low, high = newcombe(*counts("South"))
    assert low < 0 < high


def test_new_markets_is_too_small_for_figures():
    assert table("deals").filter(pl.col("team") == "New Markets").height == 3
    assert table("people").filter(pl.col("team") == "New Markets").height == 3


def test_six_in_ten_losses_come_after_the_offer():
    lost = table("deals").filter(pl.col("outcome") == "lost")
    assert 0.55 < lost["offered_at"].is_not_null().mean() < 0.72


def test_interviews_asked_and_answered():
    talks = table("interviews").join(table("deals").select("deal_id", "team", "outcome_at"), on="deal_id")
    held = talks.filter(pl.col("held_at").is_not_null())
    assert held.height == 40
    assert held["story"].n_unique() == 40
    assert (talks["asked_at"] > talks["outcome_at"]).all()
    assert (held["held_at"] > held["asked_at"]).all()
    north = talks.filter(pl.col("team") == "North")
    assert (north.height, north["held_at"].is_not_null().sum()) == (18, 11)
    assert talks.filter(pl.col("team") == "South").is_empty()
    assert set(held["language"]) == {"en", "nl"}
