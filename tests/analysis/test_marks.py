"""Marks of the others: as Kaplan–Meier without the one itself, drawn by statsmodels one by one."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from kpikit.analysis.velocity.age_marks import begins, marks_of_others
from kpikit.stats import settled_from

#: (age at the end, age at which it came into view, is judged, ended)
_seen = st.tuples(st.integers(1, 12), st.integers(0, 6), st.booleans()).filter(lambda row: row[1] < row[0])
SEEN = st.lists(_seen, min_size=3, max_size=25)


def arrays(rows):
    days, entry = (np.array([row[i] for row in rows], dtype=float) for i in (0, 1))
    judged = np.array([row[2] for row in rows])
    return days, entry, judged, ~judged


def peer(days, entry, ended, i):
    """Where the curve of the others comes down to one in ten, by statsmodels; else the last end of all."""
    keep = np.arange(days.size) != i
    curve = SurvfuncRight(days[keep], ended[keep].astype(int), entry=entry[keep])
    down = np.flatnonzero(curve.surv_prob <= 0.1 + 1e-9)
    return (float(curve.surv_times[down[0]]), False) if down.size else (float(days[ended].max()), True)


@settings(max_examples=60, deadline=None)
@given(SEEN)
def test_each_mark_is_that_of_the_curve_without_it(rows):
    days, entry, judged, ended = arrays(rows)
    if not ended.any() or not judged.any():
        return
    mark, at_least = marks_of_others(days, entry, judged, ended, 0.0)
    found = [(float(m), bool(a)) for m, a in zip(mark, at_least, strict=True)]
    assert found == [peer(days, entry, ended, i) for i in np.flatnonzero(judged)]


@settings(max_examples=60, deadline=None)
@given(SEEN)
def test_the_curve_begins_where_the_estimators_say(rows):
    days, entry, _, _ = arrays(rows)
    ends = pl.DataFrame({"time": days, "exit": "gone", "n": 1})
    late = pl.DataFrame({"time": entry[entry > 0], "exit": "entered_late", "n": 1}, schema=ends.schema)
    wanted = settled_from(pl.concat([ends, late]))["start_of_curve"][0]
    assert begins(days, entry) == wanted or (np.isnan(begins(days, entry)) and wanted is None)


def test_nothing_ended_so_there_is_no_mark():
    mark, at_least = marks_of_others(np.ones(3), np.zeros(3), np.ones(3, bool), np.zeros(3, bool), 0.0)
    assert np.isnan(mark).all()
    assert at_least.all()


def test_before_the_curve_begins_nothing_counts():
    # ten ends on days 1 to 10; from day 8 on three others are in view: 2/3, 1/2, 0
    days = np.array([*range(1, 11), 20.0])
    judged = np.array([False] * 10 + [True])
    mark, at_least = marks_of_others(days, np.zeros(11), judged, ~judged, 8.0)
    assert (mark[0], bool(at_least[0])) == (10.0, False)
    mark, at_least = marks_of_others(days, np.zeros(11), judged, ~judged, float("nan"))
    assert (mark[0], bool(at_least[0])) == (10.0, True)


def test_what_takes_no_time_is_gone_before_anybody_is_in_view():
    # two ended at once, and eight on days 1 to 8: without the one itself 8 others are in view on day 1
    days = np.array([0.0, 0.0, *range(1, 9), 9.0])
    judged = np.array([False] * 10 + [True])
    mark, at_least = marks_of_others(days, np.zeros(11), judged, ~judged, 0.0)
    assert (mark[0], bool(at_least[0])) == (8.0, False)  # 1/8 are left on day 7, none on day 8


def test_a_mark_of_many_is_found_at_once():
    rng = np.random.default_rng(1)
    days = rng.exponential(20, 60_000)
    judged = rng.random(60_000) < 0.3
    mark, at_least = marks_of_others(days, np.zeros(days.size), judged, ~judged, 0.0)
    assert not at_least.any()
    assert mark == pytest.approx(np.full(mark.size, mark.mean()), rel=0.01)
