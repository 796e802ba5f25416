"""Steps: made once of counts, narrowed and merged without going back to them."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kpikit.stats import aalen_johansen_by, at_horizon, at_horizon_by, curves_by, kaplan_meier_by, settled_from
from kpikit.stats.steps import all_steps, exit_steps, first_where, running, taken
from kpikit.stats.summaries import at_risk, starts_of_curves

# two groups: a with a late entry at 2 (in view on days 3 to 5), b without
COUNTS = pl.DataFrame(
    {
        "team": ["a", "a", "a", "a", "b", "b"],
        "time": [2.0, 3.0, 5.0, 5.0, 1.0, 4.0],
        "exit": ["entered_late", "advance", "won", "open", "lost", "open"],
        "n": [1, 2, 1, 3, 1, 1],
    }
)

rows = st.tuples(st.sampled_from("ab"), st.integers(1, 6), st.sampled_from(["won", "lost", "open"]), st.integers(1, 3))
some_counts = st.lists(rows, min_size=1, max_size=12).map(
    lambda found: pl.DataFrame(found, schema=["team", "time", "exit", "n"], orient="row")
)


def test_steps_hold_who_came_and_went_at_each_time():
    steps = all_steps(COUNTS, ["team"])
    assert steps.groups["team"].to_list() == ["a", "b"]
    assert steps.time.tolist() == [2, 3, 5, 1, 4]
    assert steps.late.tolist() == [1, 0, 0, 0, 0]
    assert steps.ended.tolist() == [0, 2, 4, 1, 1]
    # a: of six ends one came into view at 2, so five are in view at 2, six at 3, four at 5; b: two, then one
    assert steps.n_at_risk.tolist() == [5, 6, 4, 2, 1]
    assert (steps.kinds, steps.n.tolist(), steps.n_events.tolist()) == (("advance", "lost", "won"), [6, 2], [3, 1])


def test_two_kinds_under_one_name_are_added_up():
    steps = all_steps(COUNTS, ["team"]).merged({"advance": "on", "won": "on"})
    renamed = COUNTS.with_columns(pl.col("exit").replace({"advance": "on", "won": "on"}))
    assert steps.kinds == ("lost", "on")
    assert_frame_equal(curves_by(steps), curves_by(renamed, ["team"]))


def test_steps_from_an_age_on_are_those_of_the_counts_from_there():
    steps = all_steps(COUNTS, ["team"]).since(np.array([3.0, np.nan]))
    left = COUNTS.filter((pl.col("team") == "a") & (pl.col("time") >= 3))
    assert steps.groups["team"].to_list() == ["a"]  # b's curve never begins
    assert (steps.n.tolist(), steps.n_events.tolist()) == ([6], [3])
    assert_frame_equal(curves_by(steps), curves_by(left, ["team"]))


def test_at_risk_and_where_a_curve_begins():
    steps = all_steps(COUNTS, ["team"])
    assert at_risk(steps, 4).tolist() == [4, 1]
    assert at_risk(steps, 4.5).tolist() == [4, 0]
    assert starts_of_curves(steps).tolist() == [0.0, 0.0]
    assert settled_from(COUNTS, ["team"], at_least=6)["start_of_curve"].to_list() == [3.0, 0.0]


@given(some_counts, st.floats(0.5, 8))
@settings(max_examples=40, deadline=None)
def test_at_a_horizon_the_short_way_says_what_the_curves_say(counts, horizon):
    short = at_horizon_by(counts, ["team"], horizon=horizon)
    assert_frame_equal(short, at_horizon(curves_by(counts, ["team"]), ["team"], horizon))


@given(some_counts)
@settings(max_examples=20, deadline=None)
def test_estimators_say_the_same_of_steps_as_of_counts(counts):
    steps = all_steps(counts, ["team"])
    for estimate in (kaplan_meier_by, aalen_johansen_by, curves_by):
        assert_frame_equal(estimate(steps), estimate(counts, ["team"]))


def test_running_sums_stay_within_their_group():
    assert running(np.add, np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 3])).tolist() == [1, 3, 6, 4]
    assert running(np.multiply, np.array([[2.0], [3.0]]), np.array([0])).tolist() == [[2], [6]]


def test_the_first_row_that_is_wanted_and_none():
    found = first_where(np.array([False, True, True, False]), np.array([0, 3]))
    assert found.tolist() == [1, -1]
    assert taken(np.array([1.0, 2.0, 3.0, 4.0]), found).tolist() == pytest.approx([2.0, np.nan], nan_ok=True)


def test_a_group_that_nobody_left_keeps_its_last_time():
    quiet = pl.DataFrame({"time": [1.0, 4.0], "exit": ["open", "open"], "n": [1, 1]})
    assert exit_steps(quiet, []).time.tolist() == [4.0]
