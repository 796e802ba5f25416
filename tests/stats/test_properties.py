"""What must hold for any spells, found by searching for a counterexample."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kpikit.stats import (
    aalen_johansen,
    at_horizon,
    curves_by,
    kaplan_meier,
    kaplan_meier_by,
    log_rank,
    median,
    quantile_by,
    rmst,
    rmst_by,
)
from kpikit.stats.survival import as_counts

KINDS = ["open", "won", "lost", "back"]
spell = st.tuples(st.integers(1, 15), st.sampled_from(KINDS), st.integers(0, 14)).map(
    lambda s: (s[0], s[1], min(s[2], s[0] - 1))
)
spells = st.lists(spell, min_size=1, max_size=25)
quick = settings(max_examples=20, deadline=None)


def parts(some):
    time, exits, entry = zip(*some, strict=True)
    return np.array(time, float), list(exits), np.array(entry, float)


def counts_of(some, entry=True) -> pl.DataFrame:
    time, exits, late = parts(some)
    return as_counts(time, exits, late if entry else None)


@quick
@given(spells, st.booleans())
def test_all_exits_and_those_still_there_add_up_to_one(some, late):
    curves = curves_by(counts_of(some, late))
    assert curves.group_by("time").agg(pl.col("value").sum())["value"].to_list() == pytest.approx(
        [1.0] * curves["time"].n_unique(), abs=1e-12
    )


@quick
@given(spells, st.booleans())
def test_values_lie_within_their_interval_and_the_interval_within_zero_and_one(some, late):
    curves = curves_by(counts_of(some, late))
    assert curves.select(pl.all().is_null().any()).row(0) == (False,) * curves.width
    assert curves.select(pl.col("value", "se", "low", "high").is_finite().all()).row(0) == (True,) * 4
    slack = 1e-12
    assert (curves["low"] >= -slack).all()
    assert (curves["low"] <= curves["value"] + slack).all()
    assert (curves["value"] <= curves["high"] + slack).all()
    assert (curves["high"] <= 1 + slack).all()


@quick
@given(spells)
def test_one_kind_of_exit_is_the_complement_of_kaplan_meier(some):
    time, exits, entry = parts(some)
    event = [int(e != "open") for e in exits]
    left = aalen_johansen(time, event, entry)
    still = kaplan_meier(time, event, entry).filter(pl.col("n_events") > 0)
    assert left["value"].to_list() == pytest.approx((1 - still["value"]).to_list(), abs=1e-12)
    # both variances are Greenwood's then
    assert left["se"].to_list() == pytest.approx(still["se"].to_list(), abs=1e-6)


@quick
@given(spells, st.booleans())
def test_doubling_time_doubles_medians_and_means(some, late):
    time, exits, entry = parts(some)
    event, entry = [int(e != "open") for e in exits], entry if late else None
    double = None if entry is None else 2 * entry
    one, two = median(time, event, entry), median(2 * time, event, double)
    assert_frame_equal(one.with_columns(pl.col("value", "low", "high") * 2), two)
    one, two = rmst(time, event, 10, entry), rmst(2 * time, event, 20, double)
    assert_frame_equal(one.with_columns(pl.col("value", "se", "low", "high") * 2), two)


@pytest.mark.slow
@quick
@given(spells, spells)
def test_counts_merge_by_adding(some, more):
    apart = pl.concat([counts_of(some), counts_of(more)])
    whole = apart.group_by("time", "exit").agg(pl.col("n").sum())
    assert_frame_equal(curves_by(apart), curves_by(counts_of(some + more)))
    assert_frame_equal(curves_by(apart), curves_by(whole))


@quick
@given(spells, st.randoms())
def test_the_order_of_spells_changes_nothing(some, random):
    mixed = some.copy()
    random.shuffle(mixed)
    assert_frame_equal(curves_by(counts_of(some)), curves_by(counts_of(mixed)))


@quick
@given(spells)
def test_a_spell_that_never_ends_cannot_raise_any_share(some):
    before = curves_by(counts_of(some, entry=False))
    after = curves_by(counts_of([*some, (99, "open", 0)], entry=False))
    both = before.filter(pl.col("exit") != "any").join(after, on=["time", "exit"], suffix="_after")
    assert (both["value_after"] <= both["value"] + 1e-12).all()


@quick
@given(spells)
def test_doubling_the_spells_halves_the_variance(some):
    one = kaplan_meier_by(counts_of(some, entry=False))
    two = kaplan_meier_by(counts_of(some + some, entry=False))
    assert two["value"].to_list() == pytest.approx(one["value"].to_list(), abs=1e-12)
    # Greenwood's sum has d/(n(n-d)), so each term halves exactly
    assert two["se"].to_list() == pytest.approx((one["se"] / 2**0.5).to_list(), abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(st.lists(spells, min_size=2, max_size=3))
def test_groups_at_once_are_the_groups_one_by_one(groups):
    names = ["b", None, "a"][: len(groups)]
    frames = [counts_of(some).with_columns(team=pl.lit(n, pl.String)) for n, some in zip(names, groups, strict=True)]
    counts, by = pl.concat(frames).sample(fraction=1, shuffle=True, seed=1), ["team"]
    curves, medians, means = curves_by(counts, by), quantile_by(counts, by), rmst_by(counts, by, tau=9)
    then = at_horizon(curves, by, 6)
    for name, frame in zip(names, frames, strict=True):
        mine, kinds = pl.col("team").eq_missing(pl.lit(name, pl.String)), [*frame["exit"].unique(), "any"]
        alone = curves_by(frame, by)
        assert_frame_equal(curves.filter(mine & pl.col("exit").is_in(kinds)), alone)
        assert (curves.filter(mine & ~pl.col("exit").is_in(kinds))["value"] == 0).all()
        assert_frame_equal(medians.filter(mine), quantile_by(frame, by))
        assert_frame_equal(means.filter(mine), rmst_by(frame, by, tau=9))
        assert_frame_equal(then.filter(mine & pl.col("exit").is_in(kinds)), at_horizon(alone, by, 6))


@quick
@given(spells, st.integers(1, 20))
def test_the_restricted_mean_is_the_area_under_the_curve(some, tau):
    time, exits, entry = parts(some)
    event = [int(e != "open") for e in exits]
    curve = kaplan_meier(time, event, entry).filter(pl.col("n_events") > 0)
    height = [curve.filter(pl.col("time") <= t)["value"].to_list()[-1:] or [1.0] for t in range(tau)]
    assert rmst(time, event, tau, entry)["value"].item() == pytest.approx(sum(h[0] for h in height))


@quick
@given(spells, st.data())
def test_log_rank_does_not_care_for_order_or_names(some, data):
    time, exits, entry = parts(some)
    event = np.array([int(e != "open") for e in exits])
    group = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(some), max_size=len(some))))
    order = np.array(data.draw(st.permutations(range(len(some)))))
    one = log_rank(time, event, group, entry)
    two = log_rank(time[order], event[order], np.array(["x", "y", "z"])[2 - group[order]], entry[order])
    assert_frame_equal(one, two, abs_tol=1e-8)
