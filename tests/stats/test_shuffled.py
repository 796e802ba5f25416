"""Two small groups, judged by shuffling: by counting all splits by hand, and beside other libraries."""

from itertools import combinations
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.errors import EstimateError
from kpikit.stats import aalen_johansen
from kpikit.stats import median as km_median
from kpikit.stats.shuffled import shuffled_difference

EIGHT = [1, 2, 3, 4, 11, 12, 13, 14]
HALF = [1] * 4 + [0] * 4


def rows(*args, **more):
    return {row["figure"]: row for row in shuffled_difference(*args, **more).to_dicts()}


def test_all_splits_of_eight_counted():
    found = rows(EIGHT, ["lost"] * 8, HALF, horizon=10)
    # without open spells the Kaplan–Meier median of four is the ordinary one: 2.5 and 12.5
    assert found["median"]["value"] == -10.0
    sizes = [
        abs(median(EIGHT[i] for i in some) - median(EIGHT[i] for i in range(8) if i not in some))
        for some in combinations(range(8), 4)
    ]
    exact = sum(size >= 10 for size in sizes) / 70
    assert exact == 4 / 70  # {1 2 3 4}, {1 2 3 11} and their complements
    # 9,999 shufflings: standard error sqrt(.057 · .943 / 9999) = .0023
    assert found["median"]["p"] == pytest.approx(exact, abs=3 * 0.0024)
    # no split is rare enough for the median to show anything at 5 in 100
    assert found["median"]["least_shown"] is None


def test_the_share_gone_by_a_day():
    found = rows(EIGHT, ["lost"] * 8, HALF, horizon=10)
    # by day 10 all of one group, none of the other: 1 − 0; only the two extreme splits of 70 are as large
    assert found["lost"]["value"] == pytest.approx(1.0)
    assert found["lost"]["p"] == pytest.approx(2 / 70, abs=3 * 0.0017)
    assert found["still_there"]["value"] == pytest.approx(-1.0)
    # 3 of 4 against 1 of 4 is a difference of .5, as often as 2 · 16 + 2 of 70: only 1 can be shown
    assert found["lost"]["least_shown"] == pytest.approx(1.0)


def test_a_larger_sample_shows_smaller_differences():
    days, groups = [1] * 12 + [20] * 12, [1, 0] * 12
    found = rows(days, ["lost"] * 24, groups, horizon=10)
    # twelve in each group, six of them gone by day 10: hypergeometric. P(|k − 6| >= 3) = 2 · P(k >= 9), with
    # P(9) = 220², P(10) = 66², P(11) = 12², P(12) = 1 of C(24, 12) = 2,704,156: 2 · 52,901 / 2,704,156 = .0391;
    # P(|k − 6| >= 2) = .0391 + 2 · 495² / 2,704,156 = .2203. So 3 more: 9 of 12 against 3 of 12, a difference of .5
    assert found["lost"]["value"] == 0.0
    assert found["lost"]["p"] == 1.0
    assert found["lost"]["least_shown"] == pytest.approx(0.5)


def test_the_observed_figures_are_those_of_the_estimators():
    rng = np.random.default_rng(4)
    days = rng.integers(5, 40, 30)
    exits = rng.choice(["won", "lost", "open"], 30).tolist()
    entry = rng.integers(0, 5, 30)
    group = rng.permutation([1] * 12 + [0] * 18)
    found = rows(days, exits, group, entry, horizon=25, permutations=10)
    for figure in ("won", "lost"):
        shares = []
        for side in (1, 0):
            mine = group == side
            curve = aalen_johansen(days[mine], [e for e, m in zip(exits, mine, strict=True) if m], entry[mine])
            before = curve.filter((curve["exit"] == figure) & (curve["time"] <= 25))
            shares.append(before["value"].to_list()[-1] if before.height else 0.0)
        assert found[figure]["value"] == pytest.approx(shares[0] - shares[1], abs=1e-6)
    ended = np.array([e != "open" for e in exits])
    sides = [group == side for side in (1, 0)]
    expected = [km_median(days[mine], ended[mine], entry[mine])["value"].item() for mine in sides]
    assert found["median"]["value"] == pytest.approx(expected[0] - expected[1])


def test_what_cannot_be_said_has_no_p():
    found = rows([5, 6, 7, 8, 9, 10], ["open"] * 3 + ["lost"] * 3, [1] * 3 + [0] * 3, horizon=20)
    assert (found["median"]["value"], found["median"]["p"]) == (None, None)  # the first group never comes to half
    assert found["lost"]["p"] is None  # nobody of it was followed to day 20
    assert rows([5.0, 6.0], ["open", "open"], [1, 0], horizon=4)["median"]["value"] is None


def test_the_same_seed_gives_the_same():
    days = [1, 5, 2, 8, 9, 4, 12, 3]
    first, again = (shuffled_difference(days, ["lost"] * 8, HALF, horizon=6, seed=7, permutations=99) for _ in "ab")
    assert first.equals(again)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from(("lost", "won", "open"))), min_size=6, max_size=16))
def test_swapping_the_groups_changes_the_sign_only(spells):
    days, exits = [d for d, _ in spells], [e for _, e in spells]
    half = [i % 2 for i in range(len(spells))]
    one = rows(days, exits, half, horizon=10, permutations=49)
    other = rows(days, exits, [1 - h for h in half], horizon=10, permutations=49)
    for figure, row in one.items():
        if row["value"] is not None:
            assert other[figure]["value"] == pytest.approx(-row["value"])
        assert row["p"] is None or 0.02 <= row["p"] <= 1


def test_under_no_difference_one_in_twenty_is_found():
    rng = np.random.default_rng(5)
    found = []
    for i in range(400):
        days = rng.exponential(20, 14)
        seen = rng.uniform(10, 60, 14)
        exits = np.where(days < seen, "lost", "open").tolist()
        p = rows(np.minimum(days, seen), exits, [1] * 6 + [0] * 8, horizon=15, permutations=199, seed=i)["lost"]["p"]
        found.append(p is not None and p <= 0.05)
    # at most .05 and three standard errors of sqrt(.05 · .95 / 400) = .011
    assert np.mean(found) <= 0.05 + 3 * 0.011


def test_refusals():
    with pytest.raises(EstimateError) as refused:
        shuffled_difference([1, 2], ["lost", "lost"], [1, 2], horizon=5)
    assert refused.value.code == "not_zero_or_one"
    with pytest.raises(EstimateError) as refused:
        shuffled_difference([1, 2], ["lost", "lost"], [1, 0], [0, 2], horizon=5)
    assert refused.value.code == "entry_not_before_time"
