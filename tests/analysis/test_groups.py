"""Groups with few deals: drawn together, with what was to be expected, and said to be alike where they are."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from kpikit import DealBook, Privacy, RankingRefused, Settings, UsageError, winloss
from kpikit.stats import pooled_rates
from tests.analysis.rate_books import many, rate_book

#: the worked team of methods 3.2, as segments
WON, SIZE = (5, 2, 3, 9, 1, 6, 0, 8), (12, 10, 15, 24, 9, 18, 5, 25)


def groups(won, size, **columns):
    rows = []
    for i, (k, n) in enumerate(zip(won, size, strict=True)):
        rows += many(k, "won", segment=f"S{i}", **columns) + many(n - k, "lost", segment=f"S{i}", **columns)
    return rows


def by_segment(book, **asked):
    return {row["segment"]: row for row in winloss.pooled(book, **asked).to_dicts()}


def test_the_worked_team_of_the_methods():
    # means .318 .269 .264 .319 .253 .302 .251 .300, every rank from 1 to 8, and "no evidence that they differ" (p .48)
    book = rate_book(groups(WON, SIZE))
    found = winloss.pooled(book).sort("segment")
    small = [i for i, n in enumerate(SIZE) if n < 10]  # groups of fewer than ten deals are not told apart in a report
    means = [0.318, 0.269, 0.264, 0.319, 0.253, 0.302, 0.251, 0.300]
    for i, row in enumerate(found.to_dicts()):
        if i in small or row["status"] == "suppressed":
            assert row["value"] is None
            continue
        assert row["value"] == pytest.approx(means[i], abs=0.002)
        assert (row["rank_low"], row["rank_high"]) == (1, 8)
        assert row["reason"] == "groups_alike"
        assert row["p"] == pytest.approx(0.48, abs=0.04)
    assert found["status"].to_list().count("ok") >= 5


def test_the_values_are_those_of_the_estimator():
    won, size = (30, 12, 18), (60, 50, 40)
    found = by_segment(rate_book(groups(won, size)))
    expected = pooled_rates(won, size)
    assert [found[f"S{i}"]["value"] for i in range(3)] == pytest.approx(expected["value"].to_list())
    assert [found[f"S{i}"]["raw"] for i in range(3)] == pytest.approx([0.5, 0.24, 0.45])


def test_groups_that_differ_are_not_called_alike():
    found = by_segment(rate_book(groups((40, 10), (50, 50))))
    assert found["S0"]["reason"] is None
    assert found["S0"]["p"] < 0.001


def test_the_test_agrees_with_chi_square_where_that_is_right():
    won, size = np.array([40, 52, 47]), np.array([100, 110, 130])
    found = by_segment(rate_book(groups(won.tolist(), size.tolist())))
    assert found["S0"]["p"] == pytest.approx(chi2_contingency([won, size - won], correction=False).pvalue, abs=0.02)


def test_expected_wins_by_hand():
    # A: 10 of 20 Small, 2 of 10 Large; B: 5 of 20 Small, 9 of 10 Large.
    # A's mix at B's shares: 20 * .25 + 10 * .9 = 14; B's at A's: 20 * .5 + 10 * .2 = 12
    rows = []
    for source, segment, k, n in (
        ("A", "Small", 10, 20),
        ("A", "Large", 2, 10),
        ("B", "Small", 5, 20),
        ("B", "Large", 9, 10),
    ):
        rows += many(k, "won", source=source, segment=segment) + many(n - k, "lost", source=source, segment=segment)
    found = winloss.pooled(rate_book(rows), by="source").sort("source")
    assert found["expected"].to_list() == pytest.approx([14.0, 12.0])
    assert found["n_events"].to_list() == [12, 14]


def test_a_kind_that_nobody_else_has_takes_the_others_share_in_all():
    # A alone has 10 Large; the others win 6 of 20 in all: 20 * 6/20 + 10 * 6/20
    rows = many(5, "won", source="A", segment="Small") + many(15, "lost", source="A", segment="Small")
    rows += many(8, "won", source="A", segment="Large") + many(2, "lost", source="A", segment="Large")
    rows += many(6, "won", source="B", segment="Small") + many(14, "lost", source="B", segment="Small")
    found = winloss.pooled(rate_book(rows), by="source").sort("source")
    assert found["expected"][0] == pytest.approx(9.0)


def test_funnel_limits_of_a_group_of_twenty():
    # Spiegelhalter: target .25, n 20: (.0505, .4294)
    found = by_segment(rate_book(groups((4, 6, 5), (20, 20, 20))))
    assert (found["S0"]["low_limit"], found["S0"]["high_limit"]) == pytest.approx((0.0505, 0.4294), abs=1e-4)


@pytest.mark.parametrize(("won", "value"), [((20, 20), 1.0), ((0, 0), 0.0)])
def test_all_won_or_all_lost(won, value):
    found = by_segment(rate_book(groups(won, (20, 20))))
    assert found["S0"]["raw"] == value
    assert found["S0"]["low_limit"] is None  # no luck moves a sure thing
    assert found["S0"]["reason"] == "groups_alike"
    assert 0 < found["S0"]["value"] < 1


def test_one_group_and_no_deals():
    one = winloss.pooled(rate_book(many(6, "won") + many(14, "lost"))).row(0, named=True)
    assert (one["p"], one["reason"], one["n"]) == (None, None, 20)
    none = winloss.pooled(rate_book(many(3, "open")))
    assert none["status"].to_list() == ["suppressed"]  # three deals of one group: not even that there are three


def test_people_are_not_ranked():
    with pytest.raises(RankingRefused):
        winloss.pooled(rate_book(groups(WON, SIZE)), by="owner")


def test_small_groups_are_suppressed_with_their_complement():
    rows = groups((30, 12), (60, 50)) + many(3, "won", segment="Tiny") + many(1, "lost", segment="Tiny")
    found = by_segment(rate_book(rows))
    assert found["Tiny"]["status"] == "suppressed"
    assert found["Tiny"]["n"] is None
    assert [row["status"] for row in found.values()].count("suppressed") >= 2


# --- one's own -------------------------------------------------------------------------------------------------------


def own_book(persons="self", people=6) -> DealBook:
    """Ann has 6 of 10 Small and 1 of 10 Large; the others together 20 of 100 Small and 30 of 50 Large."""
    rows = many(6, "won", owner="Ann", segment="Small") + many(4, "lost", owner="Ann", segment="Small")
    rows += many(1, "won", owner="Ann", segment="Large") + many(9, "lost", owner="Ann", segment="Large")
    for i in range(150):
        small = i < 100
        outcome = "won" if (i < 20 if small else i < 130) else "lost"
        rows.append({"outcome": outcome, "owner": f"P{i % (people - 1)}", "segment": "Small" if small else "Large"})
    return rate_book(rows, settings=Settings(privacy=Privacy(persons=persons)))


def test_my_own_observed_and_expected():
    found = {row["figure"]: row for row in winloss.own(own_book(), owner="Ann").to_dicts()}
    assert found["observed"]["value"] == pytest.approx(7 / 20)
    # 10 at 20/100 and 10 at 30/50: 2 + 6 of 20
    assert found["expected"]["value"] == pytest.approx(8 / 20)
    assert found["observed"]["noticeable"] > 0.25  # with twenty deals only a gap of more than 25 in 100 would show


def test_nothing_of_a_person_where_the_book_says_off():
    with pytest.raises(RankingRefused, match="no figures of a person"):
        winloss.own(own_book("off"), owner="Ann")


def test_what_is_expected_is_hidden_where_it_would_tell_about_the_others():
    found = {row["figure"]: row for row in winloss.own(own_book(people=3), owner="Ann").to_dicts()}
    assert (found["expected"]["status"], found["expected"]["value"], found["expected"]["n"]) == (
        "suppressed",
        None,
        None,
    )
    assert found["observed"]["value"] == pytest.approx(7 / 20)


def test_nobody_of_that_name_and_nothing_in_the_window():
    with pytest.raises(UsageError, match="Nobody called"):
        winloss.own(own_book(), owner="Zoë")
    book = own_book()
    found = winloss.own(book, owner="Ann", during=book.settings.period("2026Q3"))
    assert found["value"].null_count() == 2
    assert found["status"].to_list() == ["too_few", "suppressed"]


def test_expectations_are_never_made_of_persons():
    book = own_book()
    owner = book.tables["deals"]["owner"].drop_nulls()[0]
    for ask in (winloss.pooled, lambda book, **asked: winloss.own(book, owner=owner, **asked)):
        with pytest.raises(RankingRefused):
            ask(book, mix="owner")
        with pytest.raises(UsageError):
            ask(book, mix="no such column")
