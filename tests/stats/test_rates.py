"""Shares and differences, against the papers that introduced the intervals."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from kpikit.errors import EstimateError
from kpikit.stats import (
    detectable_difference,
    difference,
    funnel_limits,
    newcombe,
    p_of_difference,
    wilson,
    with_shares,
)  # fmt: skip
from kpikit.stats import poisson_binomial_tail as tail


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 5, 0, 0.4345),
        (5, 5, 0.5655, 1),
    ],
)
def test_wilson_is_newcombes_table(k, n, low, high):
    row = wilson(k, n).row(0, named=True)
    assert (row["low"], row["high"]) == pytest.approx((low, high), abs=5e-5)
    assert (row["value"], row["n"], row["n_events"]) == (k / n, n, k)


def test_wilson_of_nothing_is_everything():
    assert wilson(0, 0).row(0, named=True) == {"value": None, "se": None, "low": 0, "high": 1, "n": 0, "n_events": 0}


@pytest.mark.parametrize(("n", "cover"), [(10, 0.9803), (20, 0.9348)])
def test_wilson_covers_as_often_as_was_computed(n, cover):
    # 10: all but 6 or more (.0197); 20: 2 to 8, .9591 - .0243
    rows = [wilson(k, n).row(0, named=True) for k in range(n + 1)]
    inside = sum(binom.pmf(k, n, 0.25) for k, row in enumerate(rows) if row["low"] <= 0.25 <= row["high"])
    assert inside == pytest.approx(cover, abs=1e-4)


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((6, 7, 2, 7), 0.0582, 0.8062)],
)
def test_newcombe_is_the_published_one(table, low, high):
    row = newcombe(*table).row(0, named=True)
    assert (row["low"], row["high"]) == pytest.approx((low, high), abs=5e-5)
    k1, n1, k2, n2 = table
    assert row["value"] == pytest.approx(k1 / n1 - k2 / n2)
    assert (row["n"], row["n_events"]) == (n1 + n2, k1 + k2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30), st.integers(1, 30))
def test_newcombe_turned_round_has_the_other_sign(k1, n1, k2, n2):
    k1, k2 = min(k1, n1), min(k2, n2)
    one, two = newcombe(k1, n1, k2, n2).row(0, named=True), newcombe(k2, n2, k1, n1).row(0, named=True)
    assert (one["value"], one["low"], one["high"]) == pytest.approx((-two["value"], -two["high"], -two["low"]))
    assert -1 - 1e-12 <= one["low"] <= one["value"] <= one["high"] <= 1 + 1e-12


def test_newcombe_with_an_empty_group_knows_nothing():
    assert newcombe(0, 0, 3, 4).row(0)[:4] == (None, None, -1.0, 1.0)


def test_difference_squares_and_adds():
    # 30 (20 to 50) less 12 (9 to 16): 18, low 18 - sqrt(10^2 + 4^2) = 18 - 10.770330, high 18 + sqrt(20^2 + 3^2)
    row = difference(30, 20, 50, 12, 9, 16).row(0)
    assert row == pytest.approx((18, 7.229670, 18 + 20.223748), abs=1e-6)


def test_difference_of_a_bound_that_is_not_reached():
    assert difference(30, 20, None, 12, 9, 16).row(0)[2] is None
    assert difference(30, 20, None, 12, 9, 16).row(0)[1] == pytest.approx(7.229670)
    assert difference(30, 20, 50, 12, 9, None).row(0)[1] is None
    assert difference(None, 20, None, 12, 9, 16).row(0) == (None, None, None)


def test_p_is_where_the_interval_touches_zero():
    # estimate 1, standard error 1/2: z = 2, two-sided p = .0455003
    from scipy.stats import norm

    def interval(level):
        z = norm.ppf((1 + level) / 2)
        return 1 - z / 2, 1 + z / 2

    assert p_of_difference(interval) == pytest.approx(0.0455003, abs=1e-6)
    assert p_of_difference(lambda _: (-1.0, 1.0)) == 1
    assert p_of_difference(lambda _: (None, 1.0)) == 1
    assert p_of_difference(lambda _: (5.0, 6.0)) == pytest.approx(1e-12)
    far = p_of_difference(lambda level: (6 - norm.ppf((1 + level) / 2), None))
    # z = 6: 1.973175e-9
    assert far == pytest.approx(1.973175e-9, rel=1e-3)


def test_p_agrees_with_newcombes_interval():
    def interval(level):
        row = newcombe(9, 10, 3, 10, level=level).row(0, named=True)
        return row["low"], row["high"]

    p = p_of_difference(interval)
    assert interval(1 - p)[0] == pytest.approx(0, abs=1e-5)
    assert interval(0.95)[0] > 0
    assert p < 0.05


@pytest.mark.parametrize(("n", "points"), [(20, 0.43), (50, 0.27), (100, 0.19), (200, 0.13)])
def test_what_a_comparison_could_have_seen(n, points):
    assert detectable_difference(n, n, 0.25)["value"].item() == pytest.approx(points, abs=0.005)


def test_a_comparison_that_can_see_nothing_says_so():
    assert detectable_difference(2, 2, 0.5)["value"].item() is None
    assert detectable_difference(20, 20, 0.25, power=0.5)["value"].item() < 0.35


@pytest.mark.parametrize(
    ("level", "n", "low", "high"),
    [
        (0.95, 10, 0, 0.491),
        (0.998, 10, 0, 0.681),
        (0.95, 20, 0.0505, 0.4294),
        (0.998, 20, 0, 0.5489),
        (0.95, 50, 0.1243, 0.3650),
        (0.998, 50, 0.0662, 0.4405),
        (0.95, 100, 0.1624, 0.3323),
        (0.998, 100, 0.1196, 0.3856),
    ],
)
def test_funnel_limits_are_the_published_ones(level, n, low, high):
    row = funnel_limits([n], 0.25, level=level).row(0, named=True)
    assert (row["low"], row["high"]) == pytest.approx((low, high), abs=6e-4 if n == 10 else 5.1e-5)
    assert (row["n"], row["value"]) == (n, 0.25)


def test_ten_stated_chances_of_which_three_came():
    row = tail([0.9, 0.9, 0.75, 0.75, 0.6, 0.6, 0.5, 0.5, 0.25, 0.25], 3).row(0, named=True)
    # variance 2(.09 + .1875 + .24 + .25 + .1875) = 1.91; z = -3/1.382027 = -2.1707
    assert (row["value"], row["z"], row["at_most"]) == pytest.approx((6, -2.1707, 0.0347), abs=5e-5)
    assert (row["n"], row["n_events"]) == (10, 3)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(0, 30), st.floats(0.05, 0.95))
def test_equal_chances_are_a_binomial(n, k, p):
    row = tail([p] * n, min(k, n)).row(0, named=True)
    assert row["at_most"] == pytest.approx(binom.cdf(min(k, n), n, p), abs=1e-12)
    assert row["at_least"] == pytest.approx(binom.sf(min(k, n) - 1, n, p), abs=1e-12)


def test_certain_chances_have_no_spread():
    row = tail([1, 0, 1], 2).row(0, named=True)
    assert (row["z"], row["at_most"], row["at_least"]) == (None, 1, 1)


@given(st.lists(st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=20))
def test_a_frame_of_shares_is_each_share_alone(pairs):
    counts = pl.DataFrame(pairs, schema={"n_events": pl.Int64, "n": pl.Int64}, orient="row")
    alone = [wilson(k, n).select("value", "low", "high").row(0) for k, n in pairs]
    assert with_shares(counts).select("value", "low", "high").rows() == alone


def test_a_constant_column_is_divided_as_any_other():
    counts = pl.DataFrame({"n_events": [3, 3]}).with_columns(n=pl.lit(5))
    assert with_shares(counts)["value"].to_list() == [0.6, 0.6]  # three times a fifth would be 0.6000000000000001


@pytest.mark.parametrize("row", [(3, 2), (-1, 4), (1.5, 4), (None, 4), (1, None)])
def test_a_frame_with_what_is_no_count_is_refused(row):
    counts = pl.DataFrame([(1, 2), row], schema={"n_events": pl.Float64, "n": pl.Float64}, orient="row")
    with pytest.raises(EstimateError, match="of"):
        with_shares(counts)
