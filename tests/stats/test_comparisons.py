"""Tests between groups, against published statistics and another program."""

import numpy as np
import polars as pl
import pytest
from statsmodels.duration.survfunc import survdiff

from kpikit.stats import gray, log_rank

SIX_MP = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TRIAL = (SIX_MP + PLACEBO, [1] * 9 + [0] * 12 + [1] * 21, ["6-MP"] * 21 + ["placebo"] * 21)


def test_log_rank_of_six_mp():
    row = log_rank(*TRIAL).row(0, named=True)
    assert row["value"] == pytest.approx(16.793, abs=5e-4)
    assert row["p"] == pytest.approx(4.17e-5, abs=5e-8)
    assert (row["df"], row["n"], row["n_events"]) == (1, 42, 30)


def test_log_rank_by_hand():
    # times 1 (a), 2 (b), one each: at 1 expected of a 1/2, at 2 of a 0; O - E = 1/2, variance 1/4: chi-square 1
    assert log_rank([1, 2], [1, 1], ["a", "b"])["value"].item() == pytest.approx(1)


def test_log_rank_agrees_with_statsmodels_for_ties_late_entry_and_three_groups():
    rng = np.random.default_rng(3)
    time, event, group = rng.integers(1, 25, 150), rng.integers(0, 2, 150), rng.integers(0, 3, 150)
    entry = rng.integers(0, time)
    for late in (None, entry):
        value, p = survdiff(time, event, group, entry=late)
        ours = log_rank(time, event, group, late).row(0, named=True)
        assert (ours["value"], ours["p"], ours["df"]) == pytest.approx((value, p, 2))


def test_permuted_log_rank_of_six_small_spells():
    # 3 + 3 without ties or censoring: of the 20 ways to choose group a, the first three are the most extreme with the
    # last three: p = 2/20
    p = log_rank([1, 2, 3, 4, 5, 6], [1] * 6, list("aaabbb"), permutations=4000, seed=2)["p"].item()
    assert p == pytest.approx(0.1, abs=4 * (0.1 * 0.9 / 4000) ** 0.5)


def test_permuted_p_is_near_the_chi_square_where_there_are_many():
    rng = np.random.default_rng(8)
    time, group = rng.exponential(10, 300), rng.integers(0, 2, 300)
    time[group == 1] *= 1.25
    usual = log_rank(time, np.ones(300), group)["p"].item()
    permuted = log_rank(time, np.ones(300), group, permutations=4000)["p"].item()
    assert permuted == pytest.approx(usual, abs=0.02)


@pytest.mark.parametrize("group", [["a", "a", "a"], [1, 1, 1]])
def test_one_group_has_nothing_to_compare(group):
    assert log_rank([1, 2, 3], [1, 1, 1], group).row(0, named=True)["p"] is None
    assert gray([1, 2, 3], [1, 1, 2], group, cause=1, permutations=9).row(0, named=True)["p"] is None


def test_no_exit_has_nothing_to_compare():
    row = log_rank([1, 2, 3], [0, 0, 0], ["a", "b", "b"]).row(0, named=True)
    assert (row["value"], row["p"], row["n_events"]) == (None, None, 0)
    row = gray([1, 2, 3], [2, 2, 0], ["a", "b", "b"], cause=1).row(0, named=True)
    assert (row["value"], row["p"], row["n_events"]) == (None, None, 0)


def test_a_group_that_ends_before_any_exit_adds_nothing():
    lonely = log_rank([5, 6, 7, 8, 1], [1, 1, 1, 1, 0], list("aabbc")).row(0, named=True)
    assert lonely["value"] == pytest.approx(log_rank([5, 6, 7, 8], [1] * 4, list("aabb"))["value"].item())
    assert lonely["df"] == 1


@pytest.mark.parametrize(("cause", "statistic", "p"), [(1, 11.9229, 0.0025762), (2, 0.1374, 0.9336)])
def test_gray_of_bmt_is_the_published_one(shared_data, cause, statistic, p):
    frame = pl.read_csv(shared_data / "survival" / "bmt.csv")
    row = gray(frame["T"], frame["Status"], frame["Group"], cause=cause, permutations=9999, seed=1).row(0, named=True)
    assert row["p"] == pytest.approx(p, abs=3 * (p * (1 - p) / 9999) ** 0.5)
    assert row["value"] == pytest.approx(statistic, rel=0.05, abs=0.02)
    assert (row["df"], row["n"], row["permutations"]) == (2, 137, 9999)


def gray_score(time, exits, group, cause, first):
    """Gray's score of one group, one time after the other."""
    score, s, f = 0.0, dict.fromkeys(set(group), 1.0), dict.fromkeys(set(group), 0.0)
    spells = list(zip(time, exits, group, strict=True))
    for u in sorted({t for t, e, _ in spells if e != 0}):
        n = {k: sum(t >= u and g == k for t, _, g in spells) for k in s}
        d = {k: sum(t == u and g == k and e != 0 for t, e, g in spells) for k in s}
        own = {k: sum(t == u and g == k and e == cause for t, e, g in spells) for k in s}
        risk = {k: n[k] * (1 - f[k]) / s[k] if n[k] else 0.0 for k in s}
        if sum(own.values()):
            score += own[first] - sum(own.values()) * risk[first] / sum(risk.values())
        for k in s:
            if n[k]:
                f[k] += s[k] * own[k] / n[k]
                s[k] *= 1 - d[k] / n[k]
    return score


def test_grays_score_is_the_plain_sum_over_times():
    from kpikit.stats.comparisons import _gray_scores

    rng = np.random.default_rng(4)
    time, exits, group = rng.integers(1, 12, 60), rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    seen = _gray_scores(time.astype(float), exits > 0, exits == 1, group, 3, 1, 0)[0]
    expected = [gray_score(time.tolist(), exits.tolist(), group.tolist(), 1, k) for k in (0, 1)]
    assert seen == pytest.approx(expected, abs=1e-10)


def test_gray_of_one_kind_of_exit_without_censoring_is_the_log_rank():
    # 1 - F = S then, so R_k = n_k and the scores are the same
    rng = np.random.default_rng(6)
    time, group = rng.integers(1, 30, 80), rng.integers(0, 2, 80)
    p = gray(time, np.ones(80, int), group, cause=1, permutations=3000)["p"].item()
    other = log_rank(time, np.ones(80), group, permutations=3000)["p"].item()
    assert p == pytest.approx(other, abs=4 * (2 * other * (1 - other) / 3000) ** 0.5)


def test_gray_is_the_same_for_the_same_seed_and_other_names():
    rng = np.random.default_rng(7)
    time, exits, group = rng.integers(1, 30, 60), rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    one = gray(time, exits, group, cause=1, permutations=500, seed=3)
    assert one.equals(gray(time, exits, group, cause=1, permutations=500, seed=3))
    renamed = gray(time, exits, np.array(["z", "y", "x"])[group], cause=1, permutations=500, seed=3)
    assert renamed["p"].item() == one["p"].item()
    assert renamed["value"].item() == pytest.approx(one["value"].item())


def test_gray_finds_nothing_where_there_is_nothing_about_as_often_as_it_should():
    rng = np.random.default_rng(9)
    found = 0
    for _ in range(100):
        time, exits, group = rng.exponential(10, 40), rng.integers(0, 3, 40), np.repeat([0, 1], [12, 28])
        found += gray(time, exits, group, cause=1, permutations=199)["p"].item() <= 0.05
    # 5 expected; 12 or more has a chance of .4 %
    assert found < 12


def test_each_spells_share_in_the_log_rank_adds_up_to_observed_less_expected():
    from kpikit.stats.comparisons import _log_rank_parts

    rng = np.random.default_rng(10)
    time, event, codes = rng.integers(2, 9, 90).astype(float), rng.random(90) < 0.6, rng.integers(0, 3, 90)
    entry = rng.integers(0, 2, 90).astype(float) * np.floor(time / 2)
    for late in (None, entry):
        observed, _, scores = _log_rank_parts(time, event, codes, 3, late)
        assert np.bincount(codes, scores) == pytest.approx(observed, abs=1e-10)
