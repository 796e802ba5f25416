"""Corrected p-values, against the paper and by hand."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from kpikit.stats import benjamini_hochberg, holm

P = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1]


def test_the_fifteen_of_the_paper():
    found = benjamini_hochberg(P)
    assert found["rejected"].to_list() == [True] * 4 + [False] * 11
    # the fourth: .0095 * 15 / 4
    assert found["value"][3] == pytest.approx(0.035625)
    # Holm: .0019 * 13 = .0247, .0095 * 12 = .114
    assert holm(P)["rejected"].sum() == 3
    assert holm(P)["value"].to_list()[2:4] == pytest.approx([0.0247, 0.114])


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_p_keeps_its_place_and_counts_for_nothing(missing):
    # of two: .01 * 2, .04
    assert holm([0.04, missing, 0.01]).rows() == [(0.04, 0.04, True), (None, None, None), (0.01, 0.02, True)]
    assert benjamini_hochberg([0.04, missing, 0.03])["value"].to_list() == [0.04, None, 0.04]


def test_all_missing_and_none_at_all():
    assert holm([None, None]).rows() == [(None, None, None)] * 2
    assert holm([]).height == 0
    assert holm([0.5]).schema == holm([]).schema


def test_level_decides():
    assert holm([0.03], level=0.99)["rejected"].item() is False
    assert holm([0.03], level=0.95)["rejected"].item() is True


@settings(max_examples=10)  # garbage is collected at each call
@example([0.4, 0.4])
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_both_agree_with_independent_ones(p):
    # Holm: at each step the smallest p left, times how many are left, never below the one before it, at most 1
    stepped, before = [0.0] * len(p), 0.0
    for judged, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        stepped[i] = before = max(before, min(p[i] * (len(p) - judged), 1.0))
    assert holm(p)["value"].to_list() == pytest.approx(stepped, rel=1e-12)
    discovered = false_discovery_control(p, method="bh").tolist()
    assert benjamini_hochberg(p)["value"].to_list() == pytest.approx(discovered, rel=1e-12)
