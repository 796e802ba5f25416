"""Firth's regression: Haldane's 2x2 table, behaviour under separation, and plain logistic where there is much."""

import warnings

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.stats import firth, firth_predictions, marginal_effects

# champion present: 8 won, 0 lost; absent: 12 won, 20 lost
CHAMPION = ([1] * 8 + [0] * 32, [1] * 20 + [0] * 20)


def test_separation_by_a_champion():
    row = firth(*CHAMPION, names=["champion"]).filter(term="champion").row(0, named=True)
    # saturated 2x2: half added to each cell, log of (8.5 * 20.5)/(.5 * 12.5) = log 27.88
    assert row["value"] == pytest.approx(np.log(27.88), abs=1e-8)
    assert (row["low"], row["high"]) == pytest.approx((1.10, 8.22), abs=5e-3)
    assert row["p"] < 0.01
    assert (row["n"], row["n_events"]) == (40, 20)


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(*[st.integers(0, 12)] * 4).filter(lambda t: t[0] + t[1] and t[2] + t[3] and t[0] + t[2] and t[1] + t[3])
)
def test_any_two_by_two_table_is_haldanes(table):
    a, b, c, d = table
    X, y = [1] * (a + b) + [0] * (c + d), [1] * a + [0] * b + [1] * c + [0] * d
    intercept, slope = firth(X, y)["value"]
    assert intercept == pytest.approx(np.log((c + 0.5) / (d + 0.5)), abs=1e-6)
    assert slope == pytest.approx(np.log((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5))), abs=1e-6)


def test_no_driver_is_the_share_with_half_added():
    assert firth(np.empty((10, 0)), [1] * 3 + [0] * 7)["value"].item() == pytest.approx(np.log(3.5 / 7.5))


def test_plain_firth_shifts_the_mean_and_flic_does_not():
    value, flic = firth(*CHAMPION).select("value", "flic").to_numpy().T
    chance = 1 / (1 + np.exp(-(value[0] + value[1] * np.array(CHAMPION[0]))))
    assert chance.mean() == pytest.approx(0.4919, abs=5e-5)
    assert firth_predictions(*CHAMPION)["value"].mean() == pytest.approx(0.5)
    assert flic[1] == value[1]
    assert firth_predictions(*CHAMPION, new=[1])["value"].item() == pytest.approx(1 / (1 + np.exp(-flic.sum())))


def test_marginal_effect_by_hand():
    # FLIC intercept b with 8 expit(b + 3.327910) + 32 expit(b) = 20: b = -.454182, since
    # expit(2.873728) = .946547, expit(-.454182) = .388367: 8 * .946547 + 32 * .388367 = 20.0001; gap .558180
    row = marginal_effects(*CHAMPION, names=["champion"], draws=400, seed=1).row(0, named=True)
    assert row["value"] == pytest.approx(0.55818, abs=1e-4)
    assert 0.3 < row["low"] < row["value"] < row["high"] < 0.8
    assert row["draws"] == 400


def test_marginal_effect_of_a_number_is_of_one_more():
    rng = np.random.default_rng(2)
    x = rng.normal(size=400)
    y = (rng.random(400) < 1 / (1 + np.exp(-x))).astype(int)
    flic = firth(x, y)["flic"].to_numpy()
    by_hand = (1 / (1 + np.exp(-(flic[0] + flic[1] * (x + 1)))) - 1 / (1 + np.exp(-(flic[0] + flic[1] * x)))).mean()
    assert marginal_effects(x, y, draws=20)["value"].item() == pytest.approx(by_hand, abs=1e-6)


def test_with_many_cases_it_is_the_plain_regression():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(4000, 3))
    y = (rng.random(4000) < 1 / (1 + np.exp(0.5 - X @ [1, 0, -0.5]))).astype(int)
    found, plain = firth(X, y), sm.Logit(y, sm.add_constant(X)).fit(disp=0)
    assert found["value"].to_numpy() == pytest.approx(plain.params, abs=0.003)
    assert found["se"].to_numpy() == pytest.approx(plain.bse, rel=0.003)
    assert found.select("low", "high").to_numpy() == pytest.approx(plain.conf_int(), abs=0.006)
    assert found["p"].to_numpy()[2] == pytest.approx(plain.pvalues[2], abs=0.01)


def test_two_drivers_against_a_search_for_the_greatest_penalised_likelihood():
    from scipy.optimize import minimize

    rng = np.random.default_rng(12)
    X = rng.integers(0, 2, (25, 2)).astype(float)
    y = np.where(X[:, 0] == 1, 1, rng.integers(0, 2, 25))
    design = np.column_stack([np.ones(25), X])

    def loss(b):
        p = 1 / (1 + np.exp(-design @ b))
        info = design.T @ (design * (p * (1 - p))[:, None])
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum() - 0.5 * np.linalg.slogdet(info)[1]

    best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9999})
    found = firth(X, y)
    assert found["value"].to_numpy() == pytest.approx(best.x, abs=1e-5)
    # at the bound of a coefficient the best of the others lies 3.841459 / 2 below
    for bound in found.select("low", "high").row(2):
        rest = minimize(lambda b, fixed=bound: loss([b[0], b[1], fixed]), best.x[:2], method="Nelder-Mead")
        assert rest.fun - best.fun == pytest.approx(3.841459 / 2, abs=1e-4)


def test_frames_and_names_are_taken():
    frame = pl.DataFrame({"champion": CHAMPION[0], "size": list(range(40))})
    assert firth(frame, CHAMPION[1], names=frame.columns)["term"].to_list() == ["intercept", "champion", "size"]


def test_no_warning_leaks_out():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X = np.column_stack([np.arange(20.0) * 1000, [0, 1] * 10])
        found = firth(X, [0] * 10 + [1] * 10)
    assert np.isfinite(found["value"].to_numpy()).all()


@pytest.mark.slow
def test_profile_intervals_hold_in_small_samples():
    # 60 samples of 60 with a true 1.0: at least .87 of the intervals hold it (5 % miss, 3 standard errors)
    rng, held = np.random.default_rng(3), 0
    for _ in range(60):
        x = rng.integers(0, 2, 60)
        y = (rng.random(60) < 1 / (1 + np.exp(1 - x))).astype(int)
        row = firth(x, y).row(1, named=True)
        held += (row["low"] or -99) <= 1.0 <= (row["high"] or 99)
    assert held >= 52
