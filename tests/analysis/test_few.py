"""Comparisons of windows with too few visits for an interval: what shuffling says, and what stays unsaid."""

import polars as pl
import pytest

from kpikit import velocity
from tests.strategies import as_book, spell_rows

#: visits of January (day 0 on) and of March (day 59 on): four each, gone within two weeks
QUICK, SLOW = (1, 2, 3, 4), (11, 12, 13, 14)


def changes(before, now, **asked):
    visits = [(0, days, "lost") for days in before] + [(59, days, "lost") for days in now]
    book = as_book(spell_rows(visits, as_of=200))
    period = book.settings.period
    frame = velocity.compare(book, during=period("2026-03"), before=period("2026-01"), horizon=10, **asked)
    return {row["figure"]: row for row in frame.filter(pl.col("stage") == "Qualify").to_dicts()}


def test_below_the_floor_no_difference_is_shown_but_what_shuffling_says():
    found = changes(SLOW, QUICK)
    assert {row["status"] for row in found.values()} == {"too_few"}
    for name in ("value", "low", "high", "low80", "high80", "p", "noticeable"):
        assert {row[name] for row in found.values()} == {None}
    # 2 of the 70 ways to split eight visits into four and four are as far apart: all gone by day 10, or none
    assert found["lost"]["p_permuted"] == pytest.approx(2 / 70, abs=3 * 0.0017)
    # for the median four splits are (see tests/stats/test_shuffled.py)
    assert found["median"]["p_permuted"] == pytest.approx(4 / 70, abs=3 * 0.0024)
    # the one difference in the share gone that this sample could have shown is that between none and all
    assert (found["lost"]["least_shown"], found["median"]["least_shown"]) == (pytest.approx(1.0), None)
    assert (found["median"]["n"], found["median"]["n_before"]) == (4, 4)


def test_at_the_floor_the_interval_speaks_and_nothing_is_shuffled():
    found = changes(range(11, 21), range(1, 11))
    assert (found["median"]["status"], found["median"]["n"]) == ("ok", 10)
    assert found["median"]["value"] == -10.0
    assert {row["p_permuted"] for row in found.values()} == {None}
    assert found["median"]["noticeable"] is not None


def test_few_exits_count_as_few_visits():
    visits = [(0, days, "lost") for days in range(11, 21)]
    visits += [(59, 8, "lost")] * 4 + [(59, None, "open")] * 8
    book = as_book(spell_rows(visits, as_of=200))
    period = book.settings.period
    frame = velocity.compare(book, during=period("2026-03"), before=period("2026-01"), horizon=10)
    found = {row["figure"]: row for row in frame.filter(pl.col("stage") == "Qualify").to_dicts()}
    assert (found["lost"]["status"], found["lost"]["n"]) == ("too_few", 12)
    # 4 of 12 by day 10 against 0 of 10: all four among the twelve, or all among the ten: hypergeometric,
    # P(|k/12 − (4−k)/10| >= 1/3) = P(k = 4) + P(k <= 0 …): k = 4: C(12,4)/C(22,4) = 495/7315; k = 0: 210/7315 (.4);
    # k = 1: 1/12 − 3/10 = −.217, less. So 705/7315 = .0964
    assert found["lost"]["p_permuted"] == pytest.approx(705 / 7315, abs=3 * 0.003)


def test_the_seed_and_the_number_are_arguments():
    one, again, other = (changes(SLOW, QUICK, seed=seed, permutations=99) for seed in (1, 1, 2))
    assert one == again
    assert {k: v["p_permuted"] for k, v in one.items()} != {k: v["p_permuted"] for k, v in other.items()}
    assert {row["p_permuted"] for row in changes(SLOW, QUICK, permutations=0).values()} == {None}


def test_groups_are_judged_each_by_itself():
    visits = [(0, days, "lost") for days in SLOW] + [(59, days, "lost") for days in QUICK]
    visits += [(0, days, "lost") for days in range(11, 25)] + [(59, days, "lost") for days in range(1, 15)]
    book = as_book(spell_rows(visits, as_of=200, segment=["small"] * 8 + ["big"] * 28))
    period = book.settings.period
    asked = {"during": period("2026-03"), "before": period("2026-01"), "horizon": 10, "by": ["segment"]}
    frame = velocity.compare.__wrapped__(book, **asked)  # the groups themselves are too small to be shown
    found = frame.filter(pl.col("figure") == "lost", pl.col("stage") == "Qualify").sort("segment")
    assert found["p_permuted"].to_list() == [None, pytest.approx(2 / 70, abs=3 * 0.0017)]


def test_a_suppressed_group_says_nothing_at_all():
    visits = [(0, days, "lost") for days in SLOW] + [(59, days, "lost") for days in QUICK]
    visits += [(0, 20, "lost")] * 30 + [(59, 20, "lost")] * 30
    book = as_book(spell_rows(visits, as_of=200, segment=["small"] * 8 + ["big"] * 60))
    period = book.settings.period
    frame = velocity.compare(book, during=period("2026-03"), before=period("2026-01"), horizon=10, by=["segment"])
    hidden = frame.filter(pl.col("status") == "suppressed")
    assert hidden.height
    assert hidden["p_permuted"].null_count() == hidden["least_shown"].null_count() == hidden.height
