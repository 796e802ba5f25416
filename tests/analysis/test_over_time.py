"""Process charts: limits by hand, rules, happenings, what is young; false alarms counted."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from kpikit import Settings, UsageError, winloss
from kpikit.calendar import add_months, midnight
from kpikit.stats import detectable_difference, p_limits, xmr_limits
from tests.analysis.rate_books import many, rate_book
from tests.report import worked
from tests.strategies import day

FIRST = date(2024, 1, 1)


def monthly(counts, *, happenings=None, as_of=None, **columns):
    """A book with so many won of so many in each month from January 2024 on."""
    rows = []
    for i, (won, n) in enumerate(counts):
        at = midnight(add_months(FIRST, i).replace(day=15), "UTC")
        begun = midnight(add_months(FIRST, i), "UTC")
        rows += many(won, "won", created_at=begun, outcome_at=at, **columns)
        rows += many(n - won, "lost", created_at=begun, outcome_at=at, **columns)
    last = add_months(FIRST, len(counts))
    tables = {"happenings": pl.DataFrame(happenings)} if happenings else {}
    days = (last - date(2026, 1, 1)).days if as_of is None else (as_of - date(2026, 1, 1)).days
    return rate_book(rows, as_of=days, **tables)


def chart(book, last, periods=24, **asked):
    return winloss.over_time(book, during=book.settings.period(last), periods=periods, **asked)


def test_limits_by_hand():
    # 12 months of 100 deals, 30 or 31 won in turn: centre .305, three standard errors .1381; the ranges are far below
    # what coins do, so nothing widens
    found = chart(monthly([(30 + i % 2, 100) for i in range(12)]), "2024-12")
    half = 3 * (0.305 * 0.695 / 100) ** 0.5
    assert found["centre"].to_list() == pytest.approx([0.305] * 12)
    assert found["low_limit"].to_list() == pytest.approx([0.305 - half] * 12)
    assert found["high_limit"].to_list() == pytest.approx([0.305 + half] * 12)
    assert found["rule"].null_count() == 12


def test_limits_widen_where_months_differ_more_than_coins():
    # shares .2 and .4 of 400 in turn: centre .3, sigma .02291, every moving range .2/.02291 = 8.729; s = 8.729/1.128
    found = p_limits([80, 160] * 4, [400] * 8)
    sigma = (0.3 * 0.7 / 400) ** 0.5
    assert found["spread"][0] == pytest.approx(0.2 / sigma / 1.128)
    assert found["low_limit"][0] is None  # .3 - 3 * .2/1.128 is below zero and not drawn
    assert found["high_limit"][0] == pytest.approx(0.3 + 3 * 0.2 / 1.128)


def test_individuals_by_hand():
    # Wheeler's arithmetic: mean 11, ranges 2, 2, 2: 11 +- 2.66 * 2
    found = xmr_limits([10.0, 12.0, 10.0, 12.0])
    assert found.select("centre", "low_limit", "high_limit").row(0) == pytest.approx((11, 5.68, 16.32))
    assert xmr_limits([1.0, 5.0, 1.0])["low_limit"][0] is None


def test_a_month_beyond_the_limits_stands_out():
    # 30 and 33 of 100 in turn, once 55: that month's two ranges (25 and 22 against a mean of 5.1) are left out
    counts = [(30 + 3 * (i % 2), 100) for i in range(18)]
    counts[10] = (55, 100)
    found = chart(monthly(counts), "2025-06")
    assert [i for i, rule in enumerate(found["rule"]) if rule == "beyond"] == [10]
    assert found["side"][10] == "more"


def test_seven_on_one_side_and_seven_rising():
    shifted = chart(monthly([(28, 100)] * 7 + [(34, 100)] * 7), "2025-02")
    assert shifted["rule"].to_list()[6] == "shift"
    assert (shifted["rule"][13], shifted["side"][13]) == ("shift", "more")
    rising = chart(monthly([(k, 400) for k in (118, 119, 117, 118, 119, 120, 121, 122, 123, 124)]), "2024-10")
    assert rising["rule"][8] == "trend"  # months 3 to 9: 117 … 123


def test_a_fall_is_told_as_less():
    """The mirrors of the rises above: a low month, seven below the centre, seven falling, two near a limit."""
    counts = [(30 + 3 * (i % 2), 100) for i in range(18)]
    counts[10] = (5, 100)
    fell = chart(monthly(counts), "2025-06")
    assert [(i, *pair) for i, pair in enumerate(zip(fell["rule"], fell["side"], strict=True)) if pair[0]] == [
        (10, "beyond", "less")
    ]
    shifted = chart(monthly([(34, 100)] * 7 + [(28, 100)] * 7), "2025-02")
    assert (shifted["rule"][6], shifted["side"][6]) == ("shift", "more")
    assert (shifted["rule"][13], shifted["side"][13]) == ("shift", "less")
    falling = chart(monthly([(k, 400) for k in (122, 121, 123, 122, 121, 120, 119, 118, 117, 116)]), "2024-10")
    assert (falling["rule"][8], falling["side"][8]) == ("trend", "less")  # months 3 to 9: 123 … 117
    # centre (16 * 30.5 + 17 + 30 + 17)/19 = 29.1, limits +- 13.6: two thirds of the way down is 20.0
    low = chart(monthly([(30 + i % 2, 100) for i in range(16)] + [(17, 100), (30, 100), (17, 100)]), "2025-07")
    assert (low["rule"][18], low["side"][18]) == ("near", "less")


def test_six_rising_and_six_on_one_side_are_chance():
    rising = chart(monthly([(k, 400) for k in (119, 120, 118, 119, 120, 121, 122, 123, 119, 120)]), "2024-10")
    assert rising["rule"].null_count() == 10  # months 3 to 8: 118 … 123 are six
    sides = chart(monthly([(28, 100)] * 6 + [(34, 100)] * 6), "2024-12")
    assert sides["rule"].null_count() == 12


def test_two_of_three_near_opposite_limits_are_no_sign():
    # 43 and 17 of 100 stand more than two thirds of the way out, on two sides
    found = chart(monthly([(30 - i % 2, 100) for i in range(16)] + [(43, 100), (30, 100), (17, 100)]), "2025-07")
    assert found["rule"][18] is None


def test_two_of_three_near_a_limit():
    # centre (16 * 29.5 + 43 + 30 + 43)/19 = 30.9, limits +- 13.9: two thirds of the way up is 40.2
    counts = [(30 - i % 2, 100) for i in range(16)] + [(43, 100), (30, 100), (43, 100)]
    found = chart(monthly(counts), "2025-07")
    assert (found["rule"][18], found["side"][18]) == ("near", "more")
    assert found["rule"][16] is None  # the first of the two


def test_limits_are_renewed_only_at_a_lasting_happening():
    counts = [(20, 100)] * 6 + [(45, 100)] * 6
    without = chart(monthly(counts), "2024-12")
    assert without["phase"].n_unique() == 1
    lasting = monthly(counts, happenings={"on": ["2024-07-01"], "text": ["New price list"]})
    found = chart(lasting, "2024-12")
    assert found["phase"].to_list() == [1] * 6 + [2] * 6
    assert found["centre"].to_list() == pytest.approx([0.2] * 6 + [0.45] * 6)
    assert found["happening"][6] == "New price list"
    assert found.select("renewed_on", "renewed_by").rows()[5:7] == [(None, None), (date(2024, 7, 1), "New price list")]
    passing = monthly(counts, happenings={"on": ["2024-07-01"], "until": ["2024-07-20"], "text": ["Summer"]})
    assert chart(passing, "2024-12")["phase"].n_unique() == 1


def test_a_happening_with_fewer_than_three_windows_on_a_side_renews_nothing():
    for on in ("2024-02-20", "2024-11-01"):
        book = monthly([(30, 100)] * 12, happenings={"on": [on], "text": ["A <b>new</b> thing"]})
        found = chart(book, "2024-12")
        assert found["phase"].n_unique() == 1
        assert "A <b>new</b> thing" in found["happening"].to_list()  # text stays text


def test_a_happening_of_another_team_is_no_flag():
    book = monthly(
        [(30, 100)] * 12, happenings={"on": ["2024-07-01"], "text": ["Move"], "team": ["South"]}, team="North"
    )
    assert chart(book.replace(team="North"), "2024-12")["happening"].null_count() == 12


def test_young_windows_make_no_limits_and_break_no_rule():
    counts = [(30, 100)] * 11 + [(2, 100)]
    book = monthly(counts, as_of=date(2024, 12, 20))
    found = chart(book, "2024-12")
    assert found["is_young"].to_list() == [False] * 11 + [True]
    assert found["centre"][11] == pytest.approx(0.3)
    assert found["rule"][11] is None


def test_cohorts_that_are_not_followed_are_young():
    book = monthly([(30, 100)] * 12)
    found = chart(book, "2024-12", definition="cohort", horizon=90)
    assert found["is_young"].to_list() == [False] * 9 + [True] * 3
    assert found["value"].to_list() == pytest.approx([0.3] * 12)  # all were decided on day 14


def test_what_would_have_been_noticed():
    found = chart(monthly([(30, 100), (30, 100), (60, 200)]), "2024-03")
    assert found["noticeable"].to_list()[0] is None
    assert found["noticeable"][2] == pytest.approx(detectable_difference(100, 200, 0.3)["value"].item())


def test_values_and_ratios_have_the_limits_of_individuals():
    counts = [(30 + 10 * (i % 2), 100) for i in range(8)]
    found = chart(monthly(counts, amount=10.0), "2024-08", definition="value")
    assert found["high_limit"][0] == pytest.approx(0.35 + 2.66 * 0.1)
    odds = chart(monthly(counts), "2024-08", definition="won_to_lost")
    assert odds["centre"][0] == pytest.approx((30 / 70 + 40 / 60) / 2)


def test_the_worked_example():
    # 35 of 100 against 65 of 200: what a comparison with the quarter before would have noticed, from the estimator
    book = worked.book()
    found = winloss.over_time(book, during=book.settings.period(worked.NOW))
    assert found.select("n_events", "n").rows()[-2:] == [(35, 100), (65, 200)]
    assert found["phase"].to_list() == [1, 1, 1, 2, 2, 2, 2, 2]  # anew at the price list of March 2025
    assert found["rule"].null_count() == 8
    assert found["noticeable"][-1] == pytest.approx(0.17, abs=0.005)


def test_luck_alone_rarely_stands_out():
    """500 charts of 12 equal months: a point beyond the limits in few of them (three standard errors: 12 * .0027)."""
    rng, alarms = np.random.default_rng(7), 0
    for _ in range(500):
        k = rng.binomial(60, 0.3, size=12)
        found = p_limits(k, [60] * 12)
        above = found["high_limit"].fill_null(2.0) < found["value"]
        below = found["low_limit"].fill_null(-1.0) > found["value"]
        alarms += bool((above | below).any())
    assert alarms < 500 * 0.08
    # a real fall from 30 to 8 in 100 is seen at once in most: P(X <= the low limit's count)
    assert binom.cdf(int(60 * (0.3 - 3 * (0.21 / 60) ** 0.5)), 60, 0.08) > 0.8


# --- bad input -------------------------------------------------------------------------------------------------------


def test_all_won_all_lost_and_nothing():
    for won in (20, 0):
        found = chart(monthly([(won, 20)] * 6), "2024-06")
        assert found["value"].to_list() == [won / 20] * 6
        assert found["low_limit"].null_count() == 6
        assert found["rule"].null_count() == 6
    none = winloss.over_time(rate_book(many(3, "open")), during=Settings().period("2026Q1"))
    assert none.select("n", "value").rows() == [(0, None)]


def test_a_month_without_deals_has_no_point():
    found = chart(monthly([(6, 20), (6, 20), (0, 0), (6, 20), (6, 20)]), "2024-05")
    assert found["value"][2] is None
    assert found["rule"].null_count() == 5


def test_from_a_stage_is_no_single_figure():
    with pytest.raises(UsageError, match="from_stage"):
        winloss.over_time(rate_book(many(3, "won")), definition="from_stage")


def test_without_a_window_it_ends_with_the_last_quarter_that_is_over():
    book = rate_book(many(12, "won", outcome_at=day(100)), as_of=250)  # up to 8 September 2026
    assert winloss.over_time(book)["period"].to_list() == [date(2026, 4, 1)]


@pytest.mark.parametrize("periods", [0, -3])
def test_fewer_than_one_window_is_refused(demo, periods):
    with pytest.raises(UsageError) as refused:
        winloss.over_time(demo, periods=periods)
    assert (refused.value.code, refused.value.values["setting"]) == ("setting_value", "periods")
