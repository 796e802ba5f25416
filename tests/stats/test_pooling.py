"""Pooled shares: the worked team, and what must hold whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.stats import pooled_rates

WINS, DEALS = [5, 2, 3, 9, 1, 6, 0, 8], [12, 10, 15, 24, 9, 18, 5, 25]


def test_the_worked_team():
    found = pooled_rates(WINS, DEALS)
    assert found["value"].to_list() == pytest.approx([0.318, 0.269, 0.264, 0.319, 0.253, 0.302, 0.251, 0.300], abs=5e-4)
    assert found["p_best"].to_list() == pytest.approx([0.23, 0.08, 0.06, 0.22, 0.05, 0.15, 0.06, 0.14], abs=0.012)
    assert found.select("rank_low", "rank_high").rows() == [(1, 8)] * 8
    assert found["p_best"].sum() == pytest.approx(1)


@pytest.mark.slow
def test_intervals_hold_as_much_as_they_say():
    # drawn from the model itself: mean of the shares of prior 20 * (.3, .7)
    rng, held = np.random.default_rng(1), []
    for _ in range(15):
        true = rng.beta(6, 14, 8)
        found = pooled_rates(rng.binomial(20, true), [20] * 8, draws=100)
        held += ((found["low"].to_numpy() <= true) & (true <= found["high"].to_numpy())).tolist()
    assert 0.88 <= np.mean(held) <= 0.995


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 20))
def test_one_group_lies_between_its_share_and_one_half(k):
    value = pooled_rates([k], [20], draws=100)["value"].item()
    low, high = sorted([k / 20, 0.5])
    assert low - 1e-9 <= value <= high + 1e-9


def test_equal_groups_have_equal_chances():
    found = pooled_rates([4] * 5, [16] * 5)
    assert found["p_best"].to_list() == pytest.approx([0.2] * 5)
    assert found["value"].max() - found["value"].min() < 1e-12


def test_much_data_is_believed():
    found = pooled_rates([3000, 5000], [10_000, 10_000], draws=500)
    assert found["value"].to_list() == pytest.approx([0.3, 0.5], abs=0.002)
    assert found["p_best"].to_list() == [0, 1]
    assert found.select("rank_low", "rank_high").rows() == [(2, 2), (1, 1)]


def test_order_changes_nothing():
    order = [3, 0, 7, 1, 6, 2, 5, 4]
    found = pooled_rates(WINS, DEALS)[order]
    mixed = pooled_rates([WINS[i] for i in order], [DEALS[i] for i in order])
    assert mixed.select("value", "low", "high", "p_best").to_numpy() == pytest.approx(
        found.select("value", "low", "high", "p_best").to_numpy(), abs=1e-9
    )


def test_a_group_without_deals_is_drawn_from_the_others():
    row = pooled_rates([*WINS, 0], [*DEALS, 0], draws=200).row(-1, named=True)
    assert row["raw"] is None
    assert 0.2 < row["value"] < 0.4


def test_a_normal_posterior_is_found_by_a_plain_sum():
    # one cell of the grid dominates nothing here; check one mean with loops over the grid and math.lgamma
    from math import exp, lgamma

    def log_beta(a, b):
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    k, n, top, bottom = [2, 7], [10, 12], 0.0, 0.0
    for mu in [0.02 + 0.01 * i for i in range(97)]:
        for i in range(40):
            size = 2 * 250 ** (i / 39)
            a, b = mu * size, (1 - mu) * size
            # even steps of log size: density times size
            weight = 20 / (size + 20) ** 2 * size
            for y, m in zip(k, n, strict=True):
                weight *= exp(log_beta(a + y, b + m - y) - log_beta(a, b))
            top, bottom = top + weight * (a + k[0]) / (size + n[0]), bottom + weight
    assert pooled_rates(k, n, draws=10)["value"][0] == pytest.approx(top / bottom, abs=1e-6)
