"""What no estimator can use is refused with a code and positions, never answered with a wrong number."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from kpikit import stats
from kpikit.errors import EstimateError

NAN, INF = float("nan"), float("inf")
COUNTS = {"time": [1.0, 2.0], "exit": ["won", "open"], "n": [1, 1]}
X, Y = [1, 0, 1, 0, 1, 0], [1, 0, 1, 1, 0, 0]


def counts(**columns) -> pl.DataFrame:
    return pl.DataFrame({**COUNTS, **columns})


CASES = [
    ("not_a_time", lambda: stats.kaplan_meier([1, NAN, 2, -1, INF], [1, 1, 1, 1, 0]), {"positions": [1, 3, 4], "n": 3}),
    ("not_a_time", lambda: stats.aalen_johansen([1, -2], ["won", None]), {"positions": [1]}),
    ("not_a_time", lambda: stats.kaplan_meier([1, 2], [1, 1], [NAN, 0]), {"what": "entry"}),
    ("not_a_time", lambda: stats.log_rank([NAN, 2], [1, 1], ["a", "b"]), {}),
    ("entry_not_before_time", lambda: stats.kaplan_meier([5, 6, 7], [1, 1, 0], [5, 2, 9]), {"positions": [0, 2]}),
    ("entry_not_before_time", lambda: stats.median([0, 6], [1, 1], [0, 0]), {"positions": [0]}),
    ("entry_not_before_time", lambda: stats.log_rank([5, 6], [1, 1], ["a", "b"], [6, 1]), {"positions": [0]}),
    ("lengths_differ", lambda: stats.kaplan_meier([1, 2], [1]), {"lengths": {"time": 2, "event": 1}}),
    ("lengths_differ", lambda: stats.kaplan_meier([1, 2], [1, 1], [0]), {}),
    ("lengths_differ", lambda: stats.aalen_johansen([1, 2], ["won"]), {}),
    ("lengths_differ", lambda: stats.gray([1, 2], [1, 1], ["a"], cause=1), {}),
    ("lengths_differ", lambda: stats.firth(X, Y[:-1]), {}),
    ("lengths_differ", lambda: stats.firth_predictions(X, Y, new=[[1, 2]]), {}),
    ("lengths_differ", lambda: stats.pooled_rates([1], [2, 3]), {}),
    ("lengths_differ", lambda: stats.kitagawa([1, 1], [0.1], [1, 1], [0.1, 0.2]), {}),
    ("lengths_differ", lambda: stats.value_weighted([1], [2, 3]), {}),
    ("empty", lambda: stats.kaplan_meier([], []), {"what": "time"}),
    ("empty", lambda: stats.rmst([], [], 5), {}),
    ("empty", lambda: stats.gray([], [], [], cause=1), {}),
    ("empty", lambda: stats.value_weighted([], []), {}),
    ("empty", lambda: stats.pooled_rates([], []), {}),
    ("empty", lambda: stats.poisson_binomial_tail([], 0), {}),
    ("empty", lambda: stats.firth([], []), {}),
    ("empty", lambda: stats.das_gupta([], []), {}),
    ("empty", lambda: stats.kitagawa([], [], [], []), {}),
    ("not_zero_or_one", lambda: stats.kaplan_meier([1, 2, 3], [1, 2, NAN]), {"positions": [1, 2]}),
    ("not_zero_or_one", lambda: stats.firth(X, [2] * 6), {}),
    ("not_numbers", lambda: stats.kaplan_meier(["soon"], [1]), {"what": "time"}),
    ("not_numbers", lambda: stats.firth([["a"]], [1]), {}),
    ("not_numbers", lambda: stats.chain_ladder([["a"]]), {}),
    ("not_numbers", lambda: stats.chain_ladder([[1, 2], [3]]), {}),
    ("not_a_row", lambda: stats.kaplan_meier([[1, 2]], [1]), {"shape": [1, 2]}),
    ("not_a_row", lambda: stats.kaplan_meier(3, 1), {"shape": []}),
    ("not_a_row", lambda: stats.firth(np.ones((2, 2, 2)), [1, 0]), {}),
    ("not_an_exit", lambda: stats.aalen_johansen([1, 2, 3], [1, NAN, 1.5]), {"positions": [1, 2]}),
    ("not_an_exit", lambda: stats.aalen_johansen([1], [object()]), {}),
    ("reserved_exit", lambda: stats.aalen_johansen([1, 2], ["won", "entered_late"]), {"positions": [1]}),
    ("reserved_exit", lambda: stats.aalen_johansen([1], ["any"]), {}),
    ("no_group", lambda: stats.log_rank([1, 2], [1, 1], ["a", None]), {"positions": [1]}),
    ("no_group", lambda: stats.log_rank([1, 2], [1, 1], [1.0, NAN]), {"positions": [1]}),
    ("negative", lambda: stats.log_rank([1, 2], [1, 1], ["a", "b"], permutations=-1), {}),
    ("negative", lambda: stats.compound_velocity([1, -2], 5), {"positions": [1]}),
    ("negative", lambda: stats.value_weighted([1, 0], [1, -2]), {}),
    ("negative", lambda: stats.pooled_rates([-1], [2]), {}),
    ("negative", lambda: stats.beta_geometric([2, 1, -1]), {}),
    ("negative", lambda: stats.chain_ladder([[1, -2]]), {}),
    ("not_finite", lambda: stats.compound_velocity([1, NAN], 5), {"positions": [1]}),
    ("not_finite", lambda: stats.firth([1, INF, 0], [1, 0, 1]), {"positions": [1]}),
    ("not_finite", lambda: stats.das_gupta([1, NAN], [1, 2]), {}),
    ("not_positive", lambda: stats.compound_velocity([1], 0), {"what": "days"}),
    ("not_positive", lambda: stats.rmst([1], [1], 0), {"what": "tau"}),
    ("not_positive", lambda: stats.rmst([1], [1], INF), {}),
    ("not_positive", lambda: stats.gray([1, 2], [1, 1], [1, 2], cause=1, permutations=0), {}),
    ("not_positive", lambda: stats.at_horizon(stats.curves_by(counts()), [], NAN), {}),
    ("not_positive", lambda: stats.kitagawa([0, 0], [1, 1], [1, 1], [1, 1]), {"value": 0.0}),
    ("not_positive", lambda: stats.das_gupta_counts([0, 0], [0, 0], [1, 1], [2, 2]), {"what": "n", "value": 0.0}),
    ("not_positive", lambda: stats.detectable_difference(0, 5, 0.2), {"what": "n1"}),
    ("not_between_0_and_1", lambda: stats.kaplan_meier([1], [1], level=1), {"what": "level"}),
    ("not_between_0_and_1", lambda: stats.wilson(1, 2, level=95), {"value": 95}),
    ("not_between_0_and_1", lambda: stats.quantile_by(counts(), q=0), {"what": "q"}),
    ("not_between_0_and_1", lambda: stats.funnel_limits([5], 1), {"what": "target"}),
    ("not_between_0_and_1", lambda: stats.detectable_difference(5, 5, 0.2, power=1), {"what": "power"}),
    ("not_between_0_and_1", lambda: stats.detectable_difference(5, 5, NAN), {"what": "p"}),
    ("not_k_of_n", lambda: stats.wilson(3, 2), {"k": 3, "n": 2}),
    ("not_k_of_n", lambda: stats.wilson(1.5, 2), {}),
    ("not_k_of_n", lambda: stats.newcombe(1, 2, NAN, 2), {}),
    ("not_k_of_n", lambda: stats.pooled_rates([1, 3], [2, 2]), {"positions": [1]}),
    ("not_k_of_n", lambda: stats.kitagawa_counts([1, 0], [1, 0], [1, 1], [1, 1]), {"positions": [1]}),
    ("not_k_of_n", lambda: stats.das_gupta_counts([1, 3], [2, 2], [1, 1], [2, 2]), {"positions": [1]}),
    ("not_k_of_n", lambda: stats.das_gupta_counts([1, 1], [2, 2], [0.5, 1], [2, 2]), {"positions": [0]}),
    ("not_k_of_n", lambda: stats.das_gupta_counts([1, 1], [2, 2.5], [1, 1], [2, 2]), {"positions": [1]}),
    ("not_k_of_n", lambda: stats.poisson_binomial_tail([0.5], 2), {}),
    ("not_a_probability", lambda: stats.holm([0.1, 1.2, -0.1]), {"positions": [1, 2]}),
    ("not_a_probability", lambda: stats.poisson_binomial_tail([0.5, NAN], 1), {"positions": [1]}),
    ("not_a_size", lambda: stats.funnel_limits([5, 0, 2.5], 0.3), {"positions": [1, 2]}),
    ("bounds_cross", lambda: stats.difference(1, 2, 3, 1, 0, 2), {"value": 1, "low": 2}),
    ("bounds_cross", lambda: stats.difference(1, 0, 3, 1, 0, 0.5), {"high": 0.5}),
    ("factors_differ", lambda: stats.das_gupta({"a": 1}, {"b": 1}), {}),
    ("factors_differ", lambda: stats.das_gupta([1], [1, 2]), {}),
    ("too_many_factors", lambda: stats.das_gupta([1] * 17, [1] * 17), {"n": 17}),
    ("names_differ", lambda: stats.firth(X, Y, names=["a", "b"]), {}),
    ("collinear", lambda: stats.firth([[a, 1 - a] for a in X], Y), {}),
    ("collinear", lambda: stats.firth([1] * 6, Y), {}),
    ("one_outcome", lambda: stats.firth(X, [1] * 6), {"value": 1}),
    ("too_short", lambda: stats.beta_geometric([1, 0.5]), {}),
    ("rises", lambda: stats.beta_geometric([1, 0.5, 0.6]), {"positions": [2]}),
    ("nobody_left", lambda: stats.beta_geometric([1, 1, 1]), {}),
    ("not_a_triangle", lambda: stats.chain_ladder([[1, 2], [None, 2]]), {"positions": [1]}),
    ("not_a_triangle", lambda: stats.chain_ladder([[1, None, 2]]), {"positions": [0]}),
    ("not_a_triangle", lambda: stats.chain_ladder([1, 2]), {"shape": [2]}),
    ("not_a_triangle", lambda: stats.chain_ladder([[1, None], [2, None]]), {"age": 0}),
    ("columns_missing", lambda: stats.kaplan_meier_by(counts().drop("n"), ["team"]), {"columns": ["team", "n"]}),
    ("not_a_time", lambda: stats.kaplan_meier_by(counts(time=[1.0, None])), {"positions": [1]}),
    ("not_a_time", lambda: stats.rmst_by(counts(time=[-1.0, NAN]), tau=3), {"positions": [0, 1]}),
    ("not_a_count", lambda: stats.aalen_johansen_by(counts(n=[1, -1])), {"positions": [1]}),
    ("not_a_count", lambda: stats.quantile_by(counts(n=[None, 1])), {"positions": [0]}),
    ("no_exit_kind", lambda: stats.followed_by(counts(exit=["won", None])), {"positions": [1]}),
    ("reserved_exit", lambda: stats.curves_by(counts(exit=["any", "open"])), {}),
    ("more_exits_than_at_risk", lambda: stats.curves_by(counts(time=[2.0, 2.0], exit=["won", "entered_late"])), {}),
]


@pytest.mark.parametrize(("code", "call", "values"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_refused_with_a_code_and_what_is_wrong(code, call, values):
    with pytest.raises(EstimateError) as caught:
        call()
    assert caught.value.code == code
    assert {name: caught.value.values[name] for name in values} == values


def test_only_the_first_ten_positions_are_named():
    with pytest.raises(EstimateError) as caught:
        stats.kaplan_meier([-1] * 25, [1] * 25)
    assert caught.value.values["positions"] == list(range(10))
    assert caught.value.values["n"] == 25


def test_importing_loads_neither_scipy_nor_statsmodels():
    code = "import sys, kpikit.stats; print(sorted({m.split('.')[0] for m in sys.modules} & {'scipy', 'statsmodels'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_public_is_named_and_documented():
    for name in stats.__all__:
        text = getattr(stats, name).__doc__
        for word in ("?", "Returns:", ">>>"):
            assert word in text, f"{name} lacks {word}"


def test_inputs_may_be_lists_arrays_series_and_pandas():
    import pandas as pd

    time, event = [3, 1, 2], [1, 0, 1]
    expected = stats.kaplan_meier(time, event)
    for make in (tuple, np.array, pl.Series, pd.Series, lambda x: pd.Series(x, dtype="Int64")):
        assert stats.kaplan_meier(make(time), make(event)).equals(expected)
    exits = ["won", None, "lost"]
    expected = stats.aalen_johansen(time, exits)
    for make in (tuple, lambda x: np.array(x, dtype=object), pl.Series, pd.Series, lambda x: pd.Series(x, dtype="str")):
        assert stats.aalen_johansen(time, make(exits)).equals(expected)
