"""Decompositions, against the published tables and by hand."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.stats import das_gupta, kitagawa, kitagawa_counts


def test_das_guptas_four_factors():
    found = das_gupta([25.3, 0.214, 0.279, 0.949], [32.7, 0.290, 0.473, 0.986])
    assert found["value"].to_list() == pytest.approx([0.6889411, 0.8125381, 1.3829055, 0.1047547, 2.9891394], abs=5e-7)
    assert found["part"].to_list() == ["0", "1", "2", "3", "total"]


def test_das_gupta_of_two_by_hand():
    # 2 * .5 -> 4 * .75: n: (4 - 2)(.5 + .75)/2 = 1.25; p: (.75 - .5)(2 + 4)/2 = .75
    assert das_gupta({"n": 2, "p": 0.5}, {"p": 0.75, "n": 4}).rows() == [("n", 1.25), ("p", 0.75), ("total", 2.0)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)), min_size=1, max_size=6), st.randoms())
def test_das_gupta_adds_up_and_does_not_care_for_order(factors, random):
    before, after = {str(i): a for i, (a, _) in enumerate(factors)}, {str(i): b for i, (_, b) in enumerate(factors)}
    found = das_gupta(before, after)
    effects = dict(found.rows())
    total = effects.pop("total")
    assert sum(effects.values()) == pytest.approx(total, abs=1e-6 * (1 + abs(total)))
    names = list(before)
    random.shuffle(names)
    again = dict(das_gupta({n: before[n] for n in names}, after).rows())
    assert again == pytest.approx(effects | {"total": total}, rel=1e-6, abs=1e-6)


def test_both_segments_better_and_the_whole_worse():
    # shares .4 .6 -> .1 .9; mix (.1-.4)(.5+.55)/2 + (.9-.6)(.25+.3)/2 = -.1575 + .0825; rate .05 * (.5/2 + 1.5/2)
    found = kitagawa([0.4, 0.6], [0.5, 0.25], [0.1, 0.9], [0.55, 0.3])
    assert dict(found.rows()) == pytest.approx({"mix": -0.075, "rate": 0.05, "total": -0.025})


def test_headship_is_das_guptas_table(shared_data):
    frame = pl.read_csv(shared_data / "reference" / "headship.csv")
    before, after = frame.filter(year=1970), frame.filter(year=1985)
    columns = [f[c] for f in (before, after) for c in ("share_percent", "rate_per_100")]
    assert kitagawa(*columns)["value"].to_list() == pytest.approx([1.2269, 1.7403, 2.9672], abs=5e-5)


def test_interval_of_mix_and_rate():
    found = kitagawa_counts([20, 15], [40, 60], [11, 54], [20, 180], draws=9999)
    assert found["value"].to_list() == pytest.approx([-0.075, 0.05, -0.025])
    mix, rate, total = found.select("low", "high").rows()
    # an independent bootstrap: (-.135, -.028) and (-.066, .169)
    assert mix == pytest.approx((-0.135, -0.028), abs=0.004)
    assert rate == pytest.approx((-0.066, 0.169), abs=0.006)
    # the whole is a difference of two shares: sqrt(.35 * .65/100 + .325 * .675/200) = .058041, times 1.96
    assert total == pytest.approx((-0.025 - 0.11376, -0.025 + 0.11376), abs=0.006)


def test_the_same_seed_gives_the_same_interval():
    numbers = [20, 15], [40, 60], [11, 54], [20, 180]
    assert kitagawa_counts(*numbers, seed=4).equals(kitagawa_counts(*numbers, seed=4))
    assert not kitagawa_counts(*numbers, seed=4).equals(kitagawa_counts(*numbers, seed=5))
