"""Mix and rate: the worked example, identities, groups that come and go."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import RankingRefused, UsageError, winloss
from kpikit.stats import das_gupta_counts, kitagawa, kitagawa_counts
from tests.analysis.rate_books import many, rate_book
from tests.report import worked
from tests.strategies import day

THEN, NOW = day(20), day(120)  # in the first and the second quarter of 2026


def two_windows(then: dict, now: dict):
    """A book with, for each group, (won, lost) in either quarter; a key may be (segment, source)."""
    rows = []
    for groups, at in ((then, THEN), (now, NOW)):
        for group, (won, lost) in groups.items():
            names = dict(zip(("segment", "source"), group if isinstance(group, tuple) else (group,), strict=False))
            rows += many(won, "won", outcome_at=at, **names) + many(lost, "lost", outcome_at=at, **names)
    return rate_book(rows)


def parts(book, **asked):
    period = book.settings.period
    found = winloss.mix_and_rate(book, during=period("2026Q2"), before=period("2026Q1"), **asked)
    return {row["dimension"] or row["part"]: row for row in found.to_dicts()}


def test_the_worked_example():
    # methods 4.1: mix (.1 - .4)(.5 + .55)/2 + (.9 - .6)(.25 + .3)/2 = -.075; rate .05; total -.025.
    # Bootstrap there: mix (-.135, -.028), rate (-.066, .169); 19,999 draws here
    book = worked.book()
    now, before = (book.settings.period(name) for name in (worked.NOW, worked.BEFORE))
    found = {row["part"]: row for row in winloss.mix_and_rate(book, during=now, before=before).to_dicts()}
    assert {part: row["value"] for part, row in found.items()} == pytest.approx(
        {"mix": -0.075, "rate": 0.05, "total": -0.025}
    )
    assert (found["mix"]["low"], found["mix"]["high"]) == pytest.approx((-0.135, -0.028), abs=0.003)
    assert (found["rate"]["low"], found["rate"]["high"]) == pytest.approx((-0.066, 0.169), abs=0.004)
    assert (found["mix"]["n"], found["mix"]["n_before"], found["mix"]["n_won"]) == (200, 100, 65)
    assert found["mix"]["p"] < 0.01 < found["rate"]["p"]
    assert found["mix"]["high80"] < found["mix"]["high"] < 0  # the narrower range lies inside


def test_headship_rates_as_published(shared_data):
    # Das Gupta 1993, example 5.1: age 1.2269, rate 1.7403, total 2.9672
    table = pl.read_csv(shared_data / "reference" / "headship.csv")
    then, now = (table.filter(year=year).sort("age_group") for year in (1970, 1985))
    ask = [column for year in (then, now) for column in (year["share_percent"], year["rate_per_100"])]
    found = dict(kitagawa(*ask).rows())
    assert found == pytest.approx({"mix": 1.2269, "rate": 1.7403, "total": 2.9672}, abs=6e-5)


def test_one_dimension_is_kitagawas():
    counts = [20, 15, 7], [40, 60, 20], [11, 54, 12], [20, 180, 30]
    one, other = das_gupta_counts(*counts), kitagawa_counts(*counts)
    assert one["value"].to_list() == pytest.approx(other["value"].to_list())
    assert one["low"].to_list() == pytest.approx(other["low"].to_list(), abs=0.01)


def test_two_dimensions_that_have_nothing_to_do_with_each_other():
    # the mix of sources is the same in both windows and independent of the segment: all of the mix is the segment's
    then = {("A", "x"): (10, 10), ("A", "y"): (10, 10), ("B", "x"): (4, 16), ("B", "y"): (4, 16)}
    now = {("A", "x"): (5, 5), ("A", "y"): (5, 5), ("B", "x"): (6, 24), ("B", "y"): (6, 24)}
    found = parts(two_windows(then, now), by=["segment", "source"])
    # shares of A .5 -> .25 at .5 against .2: -.25 * .3
    assert found["segment"]["value"] == pytest.approx(-0.075)
    assert found["source"]["value"] == pytest.approx(0.0, abs=1e-12)
    assert found["rate"]["value"] == pytest.approx(0.0, abs=1e-12)


def test_two_dimensions_by_hand():
    # Das Gupta: a = sqrt(n_ij/n_.j) sqrt(n_i./n), the segment's effect sum (t + T)/2 (b + B)/2 (A - a)
    n1, k1 = [[30, 10], [20, 40]], [[15, 4], [6, 8]]
    n2, k2 = [[10, 30], [30, 30]], [[6, 12], [12, 9]]

    def share(n, i, j):
        rows, columns, whole = [sum(r) for r in n], [n[0][k] + n[1][k] for k in range(2)], sum(map(sum, n))
        a = (n[i][j] / columns[j]) ** 0.5 * (rows[i] / whole) ** 0.5
        b = (n[i][j] / rows[i]) ** 0.5 * (columns[j] / whole) ** 0.5
        return a, b

    expected = [0.0, 0.0, 0.0]
    for i in range(2):
        for j in range(2):
            (a1, b1), (a2, b2) = share(n1, i, j), share(n2, i, j)
            t1, t2 = k1[i][j] / n1[i][j], k2[i][j] / n2[i][j]
            expected[0] += (t1 + t2) / 2 * (b1 + b2) / 2 * (a2 - a1)
            expected[1] += (t1 + t2) / 2 * (a1 + a2) / 2 * (b2 - b1)
            expected[2] += (t2 - t1) * (n1[i][j] / 100 + n2[i][j] / 100) / 2
    found = das_gupta_counts(k1, n1, k2, n2, dimensions=("row", "column"), draws=99)
    assert found["value"].to_list()[:3] == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_parts_add_up_and_order_is_irrelevant(data):
    size = st.lists(st.integers(0, 30), min_size=12, max_size=12).filter(lambda n: sum(n) > 0)
    n1, n2 = data.draw(size), data.draw(size)
    k1, k2 = ([data.draw(st.integers(0, n)) for n in sizes] for sizes in (n1, n2))

    def cube(flat):
        return [[flat[6 * i + 2 * j : 6 * i + 2 * j + 2] for j in range(3)] for i in range(2)]

    found = das_gupta_counts(*(cube(x) for x in (k1, n1, k2, n2)), dimensions=("a", "b", "c"), draws=20)
    values = found["value"].to_list()
    assert sum(values[:4]) == pytest.approx(values[4], abs=1e-9)
    assert ((found["p"] > 0) & (found["p"] <= 1)).all()


# --- bad input -------------------------------------------------------------------------------------------------------


def test_a_segment_that_is_absent_in_one_period_goes_with_others():
    # C has no deals before: it and the smallest others become "other", and it is said how many were put together
    then = {"A": (10, 10), "B": (6, 24)}
    now = {"A": (10, 10), "B": (9, 36), "C": (8, 2)}
    found = parts(two_windows(then, now))
    assert found["segment"]["n_merged"] == 2  # B and C: "other" must have five deals in each window
    assert found["segment"]["value"] + found["rate"]["value"] == pytest.approx(found["total"]["value"])
    assert found["total"]["value"] == pytest.approx(27 / 75 - 16 / 50)


def test_at_most_four_groups_are_kept():
    then = dict.fromkeys("ABCDEF", (6, 14))
    found = parts(two_windows(then, dict.fromkeys("ABCDEF", (7, 13))))
    assert found["segment"]["n_merged"] == 3
    assert found["total"]["value"] == pytest.approx(0.05)


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_all_one_way(outcome):
    groups = {"A": (20, 0), "B": (10, 0)} if outcome == "won" else {"A": (0, 20), "B": (0, 10)}
    found = parts(two_windows(groups, groups))
    assert found["total"]["value"] == 0
    assert found["total"]["p"] == 1


def test_one_group_has_no_mix():
    found = parts(two_windows({"A": (10, 20)}, {"A": (20, 20)}))
    assert (found["segment"]["status"], found["segment"]["reason"], found["segment"]["value"]) == (
        "too_few",
        "one_group",
        None,
    )
    assert found["rate"]["value"] == pytest.approx(found["total"]["value"]) == pytest.approx(1 / 6)


def test_nothing_before():
    found = parts(two_windows({}, {"A": (10, 20)}))
    assert {row["status"] for row in found.values()} == {"too_few"}


def test_few_deals_are_not_split():
    found = parts(two_windows({"A": (2, 3), "B": (1, 2)}, {"A": (10, 20), "B": (5, 5)}))
    assert {row["status"] for row in found.values()} == {"too_few"}


def test_refusals():
    book = two_windows({"A": (10, 20)}, {"A": (20, 20)})
    now = book.settings.period("2026Q2")
    with pytest.raises(UsageError, match="overlap"):
        winloss.mix_and_rate(book, during=now, before=now)
    with pytest.raises(RankingRefused):
        winloss.mix_and_rate(book, during=now, before=now.back(3), by="owner")
