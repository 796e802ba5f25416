"""Curves against exact fractions, published tables and other programs."""

from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from kpikit.stats import aalen_johansen, aalen_johansen_by, at_horizon, curves_by, kaplan_meier, kaplan_meier_by

SIX_MP = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
SIX_MP_EVENT = [1] * 9 + [0] * 12


def value_of(curve: pl.DataFrame, kind: str, column: str = "value") -> list:
    return curve.filter(exit=kind)[column].to_list()


def dinse_larson(time, exits, kind, t):
    """F_j(t) and its variance in exact fractions, straight from the double sum (right-censored spells)."""
    s, f, steps = Fraction(1), Fraction(0), []
    for u in sorted({x for x, e in zip(time, exits, strict=True) if e != "open" and x <= t}):
        n = sum(x >= u for x in time)
        d = sum(x == u and e != "open" for x, e in zip(time, exits, strict=True))
        dj = sum(x == u and e == kind for x, e in zip(time, exits, strict=True))
        f += s * Fraction(dj, n)
        steps.append((n, d, dj, s, f))
        s *= 1 - Fraction(d, n)
    total = Fraction(0)
    for n, d, dj, before, at in steps:
        first = Fraction(d, n * (n - d)) if d < n else Fraction(0)
        total += (f - at) ** 2 * first + before**2 * Fraction(dj * (n - dj), n**3)
        total -= 2 * (f - at) * before * Fraction(dj, n**2)
    return f, total


def test_six_mp_is_the_published_curve():
    curve = kaplan_meier(SIX_MP, SIX_MP_EVENT)
    assert curve["value"].round(4).to_list() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert curve["se"].round(4).to_list() == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert curve["n_at_risk"].to_list() == [21, 17, 15, 12, 11, 7, 6]
    assert curve["exit"].unique().to_list() == ["any"]


def test_delayed_entry_gives_rs_numbers():
    time = [1, 3, 3, 5, 5, 7, 7, 8, 8, 9, 10, 10]
    event = [1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1]
    entry = [0, 1, 1, 2, 2, 2, 3, 4, 4, 4, 4, 0]
    curve = kaplan_meier(time, event, entry)
    assert curve["n_at_risk"].to_list() == [2, 6, 9, 7, 5, 3, 2]
    assert curve["value"].round(4).to_list() == [0.5, 0.4167, 0.3241, 0.2778, 0.2222, 0.1481, 0.0741]


def test_competing_exits_give_statas_numbers():
    time = [1, 1, 2, 4, 4, 4, 6, 6, 7, 8, 9, 9, 9, 1, 2, 2, 4, 4]
    exits = [1, 1, 1, 2, 2, 2, 3, 3, 3] + [0] * 9
    curve = aalen_johansen(time, exits)
    own = curve.filter(pl.col("n_events") > 0)
    assert own.filter(exit="1")["value"].round(4).to_list() == [0.1111, 0.1704]
    assert own.filter(exit="2")["value"].round(4).to_list() == [0.2074]
    assert own.filter(exit="3")["value"].round(4).to_list() == [0.1778, 0.2667]
    assert own.filter(exit="1")["se"].round(5).to_list() == [0.07407, 0.08976]
    assert own.filter(exit="2")["se"].round(5).to_list() == [0.1061]
    assert own.filter(exit="3")["se"].round(5).to_list() == [0.11196, 0.12788]


def test_twelve_spells_in_exact_fractions(twelve):
    curve = aalen_johansen(twelve["time"], twelve["exit"]).filter(time=45.0)
    # S: 11/12 10/11 9/10 8/9 | 6/7 (8 at 12, then 15 censored: 7 at 20) | 4/5 | 2/3 -> 2/3 6/7 4/5 2/3 = 32/105
    # advanced: 1/12 + 1/12 + 1/12 + (2/3)(1/7) = 1/4 + 2/21 = 29/84; lost: 1/12 + (4/7)(1/5) + (16/35)(1/3) = 7/20
    assert value_of(curve, "advance") == pytest.approx([29 / 84], abs=1e-12)
    assert value_of(curve, "lost") == pytest.approx([7 / 20], abs=1e-12)
    assert kaplan_meier(twelve["time"], twelve["event"])["value"][-1] == pytest.approx(32 / 105, abs=1e-12)
    assert value_of(curve, "advance", "se") == pytest.approx([0.1407], abs=5e-5)
    assert value_of(curve, "lost", "se") == pytest.approx([0.1657], abs=5e-5)
    assert value_of(curve, "advance", "low") == pytest.approx([0.145], abs=5e-4)
    assert value_of(curve, "advance", "high") == pytest.approx([0.682], abs=5e-4)


def test_leaving_the_others_out_of_the_twelve_says_too_much(twelve):
    # methods 1.4: one less Kaplan–Meier of the four that advanced, as if the lost might yet; on days 5, 8, 12 and 20
    # there are 12, 11, 9 and 7 at risk
    advanced = np.asarray(twelve["exit"]) == "advance"
    naive = 1 - kaplan_meier(twelve["time"], advanced)["value"][-1]
    assert naive == pytest.approx(1 - 11 / 12 * 10 / 11 * 8 / 9 * 6 / 7, abs=1e-12)
    assert naive == pytest.approx(0.3651, abs=5e-5)


def test_twelve_spells_seen_late_in_exact_fractions(twelve):
    curve = aalen_johansen(twelve["time"], twelve["exit"], twelve["entry"])
    assert curve.filter(exit="advance")["value"][-1] == pytest.approx(18 / 35, abs=1e-12)
    assert curve.filter(exit="lost")["value"][-1] == pytest.approx(13 / 35, abs=1e-12)
    still = kaplan_meier(twelve["time"], twelve["event"], twelve["entry"])
    assert still["value"][-1] == pytest.approx(4 / 35, abs=1e-12)
    # ended at 20 or later: 20 30 45 25 40 60 90, which entered at 0 10 20 12 30 0 45; before 20 only four of them
    assert still.filter(time=20.0)["n_at_risk"].item() == 4


def test_variance_is_the_double_sum_in_exact_fractions(twelve):
    curve = aalen_johansen(twelve["time"], twelve["exit"])
    for kind in ("advance", "lost"):
        for t, value, se in curve.filter(exit=kind).select("time", "value", "se").rows():
            f, variance = dinse_larson(twelve["time"], twelve["exit"], kind, t)
            assert value == pytest.approx(float(f), abs=1e-12)
            assert se == pytest.approx(float(variance) ** 0.5, abs=1e-12)


def test_agrees_with_statsmodels_where_it_is_right():
    rng = np.random.default_rng(5)
    time, status = rng.integers(1, 30, 200), rng.integers(0, 4, 200)
    ours, theirs = aalen_johansen(time, status), CumIncidenceRight(time, status)
    for j in range(3):
        curve = ours.filter(exit=str(j + 1))
        at = np.searchsorted(theirs.times, curve["time"].to_numpy())
        assert curve["value"].to_numpy() == pytest.approx(theirs.cinc[j][at], abs=1e-12)
        kept = np.isfinite(theirs.cinc_se[j][at])
        assert kept.sum() > 20
        assert curve["se"].to_numpy()[kept] == pytest.approx(theirs.cinc_se[j][at][kept], abs=1e-12)
    entry = rng.integers(0, time)
    late = kaplan_meier(time, status > 0, entry)
    other = SurvfuncRight(time, (status > 0).astype(int), entry=entry)
    at = np.isin(other.surv_times, late["time"].to_numpy())
    alive = other.surv_prob[at] > 0
    assert late["value"].to_numpy() == pytest.approx(other.surv_prob[at], abs=1e-12)
    assert late["n_at_risk"].to_numpy() == pytest.approx(other.n_risk[at])
    assert late["se"].to_numpy()[alive] == pytest.approx(other.surv_prob_se[at][alive], abs=1e-12)


def test_log_log_interval_by_hand():
    # 4 of 10 left at time 1: S = .6, se = sqrt(.6 * .4 / 10) = .154919; log S = -.510826;
    # spread exp(1.959964 * .154919 / (.6 * .510826)) = exp(.990673) = 2.693046
    # low .6 ** 2.693046 = exp(-1.375677) = .252668; high .6 ** (1/2.693046) = exp(-.189683) = .827221
    row = kaplan_meier([1] * 4 + [2] * 6, [1] * 4 + [0] * 6).row(0, named=True)
    assert (row["low"], row["high"]) == pytest.approx((0.252668, 0.827221), abs=2e-6)
    share = aalen_johansen([1] * 4 + [2] * 6, ["x"] * 4 + ["open"] * 6).row(0, named=True)
    assert (share["low"], share["high"]) == pytest.approx((1 - 0.827221, 1 - 0.252668), abs=2e-6)


def test_level_widens_the_interval(twelve):
    wide = kaplan_meier(twelve["time"], twelve["event"], level=0.99)
    narrow = kaplan_meier(twelve["time"], twelve["event"], level=0.8)
    assert (wide["low"] < narrow["low"]).all()
    assert (wide["high"] > narrow["high"]).all()


def test_an_exit_that_has_not_come_yet_has_a_wilson_bound_and_no_width_of_zero():
    # 1 of 10 left as "a" at time 1; "b" came at 2. At time 1: S .9, variance .9 * .1 / 10 = .009,
    # so .9 * .1 / .009 = 10 spells count; none of 10: z^2 / (10 + z^2) = 3.841459 / 13.841459 = .277533
    curve = aalen_johansen([1, 2] + [3] * 8, ["a", "b"] + ["open"] * 8)
    row = curve.filter(time=1.0, exit="b").row(0, named=True)
    assert (row["value"], row["se"], row["low"]) == (0, 0, 0)
    assert row["high"] == pytest.approx(0.277533, abs=1e-6)


def test_where_all_have_left_the_interval_keeps_a_width():
    # 4 spells, no censoring: at the last time S = 0 with the 4 of the step before: z^2 / (4 + z^2) = .489891
    last = kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).row(-1, named=True)
    assert (last["value"], last["se"], last["low"]) == (0, 0, 0)
    assert last["high"] == pytest.approx(3.841459 / 7.841459, abs=1e-6)
    # all at once: no step before, the 4 at risk count
    assert kaplan_meier([2] * 4, [1] * 4)["high"].item() == pytest.approx(3.841459 / 7.841459, abs=1e-6)


def test_an_early_risk_set_of_one_drives_the_curve_to_zero_for_good():
    curve = kaplan_meier([1, 5, 6, 7], [1, 1, 1, 1], [0, 2, 2, 2])
    assert curve["value"].to_list() == [0, 0, 0, 0]
    assert curve["n_at_risk"].to_list() == [1, 3, 2, 1]
    assert curve["se"].to_list() == [0, 0, 0, 0]


def test_a_group_that_nobody_left_keeps_one_row(counted):
    counts = pl.concat(
        [
            counted([3, 7], ["open", "open"]).with_columns(team=pl.lit("quiet")),
            counted([3, 7], ["won", "open"]).with_columns(team=pl.lit("busy")),
        ]
    )
    still = kaplan_meier_by(counts, ["team"]).filter(team="quiet")
    assert still.select("time", "n_at_risk", "n_events", "value").rows() == [(7.0, 1, 0, 1.0)]
    gone = aalen_johansen_by(counts, ["team"]).filter(team="quiet")
    assert gone.select("time", "exit", "n_at_risk", "n_events", "value").rows() == [(7.0, "won", 1, 0, 0.0)]
    # none of 1: z^2 / (1 + z^2)
    assert gone["high"].item() == pytest.approx(3.841459 / 4.841459, abs=1e-6)


def test_nothing_ended_anywhere():
    assert aalen_johansen([3, 7], [None, "open"]).rows() == []
    assert kaplan_meier([3, 7], [0, 0])["value"].to_list() == [1.0]


def test_both_at_once_are_the_two(twelve, counted):
    counts = counted(twelve["time"], twelve["exit"], [0, 0, 3, 0, 4, 10, 20, 0, 12, 30, 0, 45])
    both = curves_by(counts)
    assert both.filter(exit="any").equals(kaplan_meier_by(counts))
    assert both.filter(pl.col("exit") != "any").equals(aalen_johansen_by(counts))


def test_at_a_horizon_the_last_step_counts(twelve, counted):
    curves = curves_by(counted(twelve["time"], twelve["exit"]))
    at = {row["exit"]: row for row in at_horizon(curves, [], 44.9).to_dicts()}
    # before 45: lost 1/12 + (4/7)(1/5) = 1/12 + 4/35 = 83/420; still there (2/3)(6/7)(4/5) = 16/35
    assert at["lost"]["value"] == pytest.approx(83 / 420)
    assert at["any"]["value"] == pytest.approx(16 / 35)
    assert (at["advance"]["n_events"], at["lost"]["n_events"], at["any"]["n_events"]) == (4, 2, 6)
    assert at["lost"]["time"] == 44.9
    assert at_horizon(curves, [], 45).filter(exit="lost")["value"].item() == pytest.approx(7 / 20)


def test_before_the_first_step_nobody_has_left(twelve, counted):
    curves = curves_by(counted(twelve["time"], twelve["exit"]))
    at = {row["exit"]: row for row in at_horizon(curves, [], 4).to_dicts()}
    assert (at["any"]["value"], at["lost"]["value"], at["any"]["n_events"]) == (1, 0, 0)
    # none of 12: z^2 / (12 + z^2) = 3.841459 / 15.841459 = .242494
    assert (at["lost"]["low"], at["lost"]["high"]) == pytest.approx((0, 0.242494), abs=1e-6)
    assert (at["any"]["low"], at["any"]["high"]) == pytest.approx((1 - 0.242494, 1), abs=1e-6)


def test_aidssi_to_six_digits(shared_data):
    frame = pl.read_parquet(shared_data / "survival" / "aidssi.parquet")
    curves = aalen_johansen(frame["time"], frame["status"])
    still = kaplan_meier(frame["time"], frame["status"] > 0)
    published = {11.943: (0.2312339, 0.4035707, 0.3651954), 13.361: (0.2067261, 0.4180395, 0.3752344)}
    for time, (s, first, second) in published.items():
        at = at_horizon(curves, [], time)
        assert at.sort("exit")["value"].to_list() == pytest.approx([first, second], abs=5e-8)
        assert at_horizon(still, [], time)["value"].item() == pytest.approx(s, abs=5e-8)


def test_bmt_relapse_after_low_risk_aml(shared_data):
    frame = pl.read_csv(shared_data / "survival" / "bmt.csv").filter(pl.col("Group") == 2)
    curve = aalen_johansen(frame["T"], frame["Status"])
    published = {0.5: (0, 0), 1: (0.0741, 0.0360), 1.5: (0.1296, 0.0463), 2: (0.1481, 0.0489), 3: (0.1667, 0.0514)}
    for years, (share, se) in published.items():
        at = at_horizon(curve, [], 365.25 * years).filter(exit="1").row(0, named=True)
        assert at["value"] == pytest.approx(share, abs=5e-5)
        # the published ones are Aalen's variance, which has n - 1 where Dinse-Larson's has n: 1 to 1.5 % larger
        assert at["se"] <= se
        assert at["se"] == pytest.approx(se, rel=0.015)
        _, variance = dinse_larson(
            frame["T"].to_list(),
            frame["Status"].cast(pl.Int64).cast(pl.String).replace("0", "open").to_list(),
            "1",
            365.25 * years,
        )
        assert at["se"] == pytest.approx(float(variance) ** 0.5, abs=1e-12)
        assert aalen_variance(frame["T"], frame["Status"], 365.25 * years) ** 0.5 == pytest.approx(se, abs=6e-5)


def aalen_variance(time, status, t):
    """The variance behind the published numbers: (F(t)-F(u))^2 d/((n-1)(n-d)) and so on."""
    time, status = time.to_numpy(), status.to_numpy()
    s, f, steps = 1.0, 0.0, []
    for u in np.unique(time[(status > 0) & (time <= t)]):
        n, d, dj = (time >= u).sum(), ((time == u) & (status > 0)).sum(), ((time == u) & (status == 1)).sum()
        f += s * dj / n
        steps.append((n, d, dj, s, f))
        s *= 1 - d / n
    return sum(
        (f - at) ** 2 * d / ((n - 1) * (n - d))
        + before**2 * dj * (n - dj) / (n**2 * (n - 1))
        - 2 * (f - at) * before * dj * (n - dj) / (n * (n - d) * (n - 1))
        for n, d, dj, before, at in steps
    )
