"""Sums of unequal amounts, by hand."""

import pytest
from scipy.stats import t

from kpikit.stats import compound_velocity, value_weighted

TEN = ([1, 0, 0, 1, 0, 0, 0, 1, 0, 0], [500, 40, 35, 30, 30, 25, 20, 20, 15, 10])


def test_velocity_by_hand():
    # 30 + 40 in 7 days: 10 a day; sqrt(900 + 1600) = 50; 50/70 = .714286; exp(1.959964 * .714286) = 4.055107
    row = compound_velocity([30, 40], 7).row(0, named=True)
    assert row["value"] == 10
    assert row["se"] == pytest.approx(50 / 7)
    assert (row["low"], row["high"]) == pytest.approx((10 / 4.055107, 40.55107), rel=1e-5)
    assert (row["n_eff"], row["n"]) == pytest.approx((1.96, 2))


def test_velocity_with_student_tails_is_wider_by_the_right_factor():
    row = compound_velocity([5] * 4, 10, tails="student").row(0, named=True)
    # n_eff 4: t with 5 degrees of freedom 2.570582, half of it
    assert row["high"] / row["value"] == pytest.approx(2.718281828 ** (t.ppf(0.975, 5) / 2))


def test_velocity_of_nothing():
    for amounts in ([], [0, 0]):
        row = compound_velocity(amounts, 30).row(0, named=True)
        assert (row["value"], row["low"], row["high"], row["n"]) == (0, 0, None, len(amounts))


def test_velocity_scales_with_money_and_time():
    one, two = compound_velocity([3, 9, 4], 30), compound_velocity([6, 18, 8], 15)
    assert two.select("value", "low", "high").row(0) == pytest.approx(
        [4 * x for x in one.select("value", "low", "high").row(0)]
    )


def test_ten_deals_with_a_whale():
    row = value_weighted(*TEN).row(0, named=True)
    # 550/725; without the largest 50/225; 725^2 / (250000 + 1600 + 1225 + 900 + 900 + 625 + 400 + 400 + 225 + 100)
    assert row["value"] == pytest.approx(550 / 725)
    assert row["without_largest"] == pytest.approx(50 / 225)
    assert row["n_eff"] == pytest.approx(725**2 / 256375)
    assert (row["n"], row["n_events"]) == (10, 3)
    # by hand: won 500 30 20 with (1 - R)^2 = .058264, lost 40 35 30 25 20 15 10 with R^2 = .575505
    won, lost = 250000 + 900 + 400, 1600 + 1225 + 900 + 625 + 400 + 225 + 100
    se = (won * (175 / 725) ** 2 + lost * (550 / 725) ** 2) ** 0.5 / 725
    assert row["se"] == pytest.approx(se)
    assert row["high"] - row["low"] > 0.7


def test_equal_amounts_are_a_plain_share():
    # 8 equal ones, 3 of them: Wilson of 3/8 is .1368 to .6943
    row = value_weighted([1, 1, 1, 0, 0, 0, 0, 0], [5] * 8).row(0, named=True)
    assert (row["value"], row["n_eff"], row["without_largest"]) == pytest.approx((0.375, 8, 2 / 7))
    assert (row["low"], row["high"]) == pytest.approx((0.1368, 0.6943), abs=5e-5)


def test_no_amount_is_no_share():
    assert value_weighted([1, 0], [0, 0]).row(0)[:6] == (None,) * 6
    assert value_weighted([1], [7]).row(0, named=True)["without_largest"] is None
