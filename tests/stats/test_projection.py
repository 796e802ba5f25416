"""Projections, against the published tables."""

import numpy as np
import polars as pl
import pytest

from kpikit.stats import beta_geometric, chain_ladder

HIGH_END = [100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1]


def test_fader_and_hardies_high_end():
    curve = beta_geometric(HIGH_END, periods=12)
    assert curve.select(pl.col("alpha", "beta").round(3)).row(0) == (0.668, 3.806)
    assert curve["value"][12] == pytest.approx(0.378, abs=5e-4)
    assert curve["time"].to_list() == list(range(13))
    # S(1) = beta/(alpha + beta) = 3.806/4.474
    assert curve["value"][1] == pytest.approx(3.806 / 4.474, abs=2e-4)
    # (beta + t - 1)/(alpha + beta + t - 1) for t = 5
    assert curve["retention"][5] == pytest.approx(7.806 / 8.474, abs=2e-4)
    assert curve["seen"].to_list()[:2] == pytest.approx([1, 0.869])
    assert curve["seen"].to_list()[8:] == [None] * 5
    assert curve["se"].null_count() == 13


def test_counts_and_shares_give_the_same_curve():
    one, two = beta_geometric(HIGH_END), beta_geometric([x / 100 for x in HIGH_END])
    assert one["value"].to_list() == pytest.approx(two["value"].to_list(), abs=1e-6)
    assert beta_geometric(HIGH_END, periods=3).height == 4


def test_projection_interval_holds():
    # alpha 1, beta 3 means S(t) = 3/(3 + t); S(10) = 3/13. 50 samples of 400, seen for 5 periods
    rng, held, values, errors = np.random.default_rng(5), 0, [], []
    for _ in range(50):
        leave = rng.geometric(rng.beta(1, 3, 400))
        alive = [(leave > t).sum() for t in range(6)]
        row = beta_geometric(alive, periods=10, n=400).row(10, named=True)
        held += row["low"] <= 3 / 13 <= row["high"]
        values.append(row["value"])
        errors.append(row["se"])
    assert held >= 43
    # and is no wider than it need be: its standard error is how much the samples differ (50 tell that to a tenth)
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.3)


def test_taylor_ashe_is_macks_table(shared_data):
    triangle = pl.read_csv(shared_data / "reference" / "taylor_ashe.csv").drop("origin")
    found = chain_ladder(triangle)
    assert found["reserve"].sum() == pytest.approx(18_680_856, abs=1)
    mack = [0, 75_535, 121_699, 133_549, 261_406, 411_010, 558_317, 875_328, 971_258, 1_363_155]
    assert found["se"].to_list() == pytest.approx(mack, abs=1)
    assert found["latest"].to_list()[:2] == [3_901_463, 5_339_085]


def test_chain_ladder_by_hand():
    # factors (150 + 168)/(100 + 110) = 318/210 and 165/150 = 1.1; young row 120 * 318/210 * 1.1 = 199.89
    found = chain_ladder([[100, 150, 165], [110, 168, None], [120, None, None]])
    assert found["value"].to_list() == pytest.approx([165, 184.8, 120 * 318 / 210 * 1.1])
    assert found["reserve"].to_list() == pytest.approx([0, 16.8, 120 * 318 / 210 * 1.1 - 120])
    assert found["origin"].to_list() == [0, 1, 2]


def test_a_square_needs_no_reserve():
    assert chain_ladder([[1, 2], [3, 6]])["reserve"].to_list() == [0, 0]
