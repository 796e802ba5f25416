"""Medians, restricted means, and where a curve can be trusted."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels

from kpikit.stats import (
    aalen_johansen_by,
    at_risk_by,
    curves_by,
    followed_by,
    kaplan_meier_by,
    median,
    quantile_by,
    rmst,
    rmst_by,
    settled_from,
)

SIX_MP = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
SIX_MP_EVENT = [1] * 9 + [0] * 12


def test_median_of_six_mp():
    assert median(SIX_MP, SIX_MP_EVENT).row(0) == (23.0, 13.0, None, 21, 9)


def test_median_in_the_middle_where_the_curve_lies_at_one_half():
    # S(20) = 1/2 until 30: R says 25, others 20 or 30
    assert median([10, 20, 30, 40], [1, 1, 1, 1])["value"].item() == 25
    # .75 * 2/3 = .5 only but for rounding: 1 of 4, then 1 of 3
    assert median([1, 2, 3, 9], [1, 1, 1, 0])["value"].item() == 2.5


def test_median_at_the_end_of_a_curve_that_stops_at_one_half():
    assert median([1, 2, 5, 5], [1, 1, 0, 0]).row(0)[:3] == (2.0, 1.0, None)


def test_median_of_twelve(twelve):
    assert median(twelve["time"], twelve["event"]).row(0) == (30.0, 8.0, None, 12, 7)


def test_median_not_reached_is_null():
    row = median([5, 6, 7, 8], [1, 0, 0, 0]).row(0, named=True)
    assert (row["value"], row["high"], row["n_events"]) == (None, None, 1)


def test_lower_quartile_is_that_of_sas(counted):
    path = Path(statsmodels.__file__).parent / "duration/tests/results/bmt.csv"
    frame = pl.read_csv(path).filter(pl.col("Group") == "ALL")
    counts = counted(frame["T"], np.where(frame["Status"] == 1, "left", "open"))
    assert quantile_by(counts, q=0.25).select("low", "high").row(0) == (86.0, 230.0)


def test_restricted_mean_of_twelve_by_hand(twelve):
    # 5*1 + 3*11/12 + 2*10/12 + 2*9/12 + 8*8/12 + 10*4/7 + 15*16/35 + 15*32/105
    # = 5 + 2.75 + 1.666667 + 1.5 + 5.333333 + 5.714286 + 6.857143 + 4.571429 = 33.392857
    row = rmst(twelve["time"], twelve["event"], 60).row(0, named=True)
    assert row["value"] == pytest.approx(33.392857, abs=1e-6)
    assert row["se"] == pytest.approx(6.52, abs=5e-3)
    assert (row["low"], row["high"]) == pytest.approx((33.392857 - 1.959964 * 6.519155, 46.170167), abs=1e-4)


def test_variance_of_the_restricted_mean_by_hand():
    # times 1, 2 of 3, third open at 3; tau 3. S = 2/3 on 1-2, 1/3 on 2-3: area 1 + 2/3 + 1/3 = 2
    # from 1: 2/3 + 1/3 = 1, from 2: 1/3; variance 1^2 * 1/(3*2) + (1/3)^2 * 1/(2*1) = 1/6 + 1/18 = 2/9
    row = rmst([1, 2, 3], [1, 1, 0], 3).row(0, named=True)
    assert row["value"] == pytest.approx(2)
    assert row["se"] == pytest.approx((2 / 9) ** 0.5)
    # what comes after tau does not count: S 2/3 on 1-1.5
    assert rmst([1, 2, 3], [1, 1, 0], 1.5)["value"].item() == pytest.approx(1 + 1 / 3)
    assert rmst([1, 2, 3], [1, 1, 0], 0.5)["value"].item() == 0.5


def test_nobody_left_before_tau_is_no_certainty():
    row = rmst([9] * 10, [0] * 10, 5).row(0, named=True)
    assert (row["value"], row["se"], row["high"]) == (5, 0, 5)
    # all 10 stayed: Wilson's lower bound 10/(10 + 3.841459) = .722467, times 5
    assert row["low"] == pytest.approx(5 * 0.722467, abs=1e-5)


def test_late_entry_moves_the_median_back_to_the_truth():
    # exponential with mean 60: median 60 ln 2 = 41.6. Only those open at an import get in, aged 0 to 120 then.
    rng = np.random.default_rng(11)
    time, age = rng.exponential(60, 6000), rng.uniform(0, 120, 6000)
    kept = time > age
    with_entry = median(time[kept], np.ones(kept.sum()), age[kept])["value"].item()
    assert with_entry == pytest.approx(41.6, rel=0.08)
    assert median(time[kept], np.ones(kept.sum()))["value"].item() > 80


def test_a_curve_settles_when_enough_are_at_risk(counted):
    counts = counted([1, 5, 6, 7], ["left"] * 4, [0, 2, 2, 2])
    assert settled_from(counts)["start_of_curve"].to_list() == [None]
    assert settled_from(counts, at_least=3)["start_of_curve"].to_list() == [5.0]
    # from there: 2/3, 1/3, 0 and not 0, 0, 0
    later = kaplan_meier_by(counts.filter(pl.col("time") >= 5))
    assert later["value"].to_list() == pytest.approx([2 / 3, 1 / 3, 0])


def test_a_curve_without_late_entries_is_settled_from_the_start(counted):
    assert settled_from(counted([3, 4], ["left", "open"])).rows() == [(0.0, 2, 1)]
    # ten from the start and one late: ten are at risk at once
    counts = counted([3] * 10 + [9], ["left"] * 11, [0] * 10 + [2])
    assert settled_from(counts)["start_of_curve"].item() == 0.0
    # a tenth of 100 is more than 5: at 2 there are 6, at 3 all
    counts = counted([9] * 100, ["left"] * 100, [0] * 6 + [2.5] * 94)
    assert settled_from(counts)["start_of_curve"].item() == 9.0


def test_how_far_enough_were_followed(twelve, counted):
    counts = counted(twelve["time"], twelve["exit"])
    # at risk: 12 11 10 9 8 7 6 5 4 3 2 1 at 5 8 10 12 15 20 25 30 40 45 60 90
    assert followed_by(counts)["followed_to"].item() == 30
    assert followed_by(counts, at_least=13)["followed_to"].item() is None
    assert [at_risk_by(counts, time=t)["n_at_risk"].item() for t in (5, 5.1, 30, 45, 90, 91)] == [12, 11, 5, 3, 1, 0]


@pytest.mark.parametrize(
    "function",
    [
        kaplan_meier_by,
        aalen_johansen_by,
        curves_by,
        quantile_by,
        settled_from,
        followed_by,
        lambda c, by: rmst_by(c, by, tau=5),
        lambda c, by: at_risk_by(c, by, time=5),
    ],
)
@pytest.mark.parametrize("by", [[], ["team"], ["team", "stage"]])
def test_empty_counts_give_empty_frames_with_the_same_columns(function, by):
    schema = {"team": pl.String, "stage": pl.Int64, "time": pl.Float64, "exit": pl.String, "n": pl.Int64}
    one = pl.DataFrame([("a", 1, 2.0, "won", 3)], schema=schema, orient="row")
    full, empty = function(one, by), function(one.clear(), by)
    assert empty.height == 0
    assert empty.schema == full.schema
    assert full.columns[: len(by)] == by


def test_counts_may_be_lazy_categorical_and_of_small_integers(twelve, counted):
    counts = counted(twelve["time"], twelve["exit"])
    odd = counts.with_columns(
        pl.col("n").cast(pl.UInt32), pl.col("exit").cast(pl.Categorical), pl.col("time").cast(int)
    )
    assert curves_by(odd.lazy()).equals(curves_by(counts))


def test_a_group_column_may_be_null_or_of_any_type(counted):
    counts = counted([1, 2, 3, 4], ["left"] * 4).with_columns(
        a=pl.Series([None, None, True, False]), b=pl.Series([1.5, 1.5, None, 2.0])
    )
    found = quantile_by(counts, ["a", "b"]).sort("n", "value")
    assert found.select("a", "b", "value", "n").rows() == [
        (True, None, 3.0, 1),
        (False, 2.0, 4.0, 1),
        (None, 1.5, 1.5, 2),
    ]
