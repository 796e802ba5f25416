"""Wins one regrets, and open deals like the customers that stayed: by hand."""

from datetime import date
from math import log, sqrt

import polars as pl
import pytest

from kpikit import retention
from tests.analysis.customer_books import customer_book, years

BEGIN, AFTER = date(2025, 3, 1), date(2026, 6, 1)


def wins(n, *, stay, **columns):
    """So many wins of March 2025, of whom the first ``stay`` renewed."""
    source = columns.get("source", "web")
    deals = [{"account_id": f"{source}{i}", "won_on": BEGIN, **columns} for i in range(n)]
    paid = [row for i in range(n) for row in years(f"{source}{i}", BEGIN, [10, 10 if i < stay else None])]
    return deals, paid


def test_regret_is_who_left_within_a_year_or_is_not_wanted_again():
    web, fair = wins(12, stay=9, source="web"), wins(12, stay=12, source="fair", more_like_this=False)
    young = [{"account_id": "y", "won_on": date(2026, 5, 1), "source": "web"}]
    asked = [{"account_id": "z", "won_on": date(2026, 5, 1), "source": "web", "more_like_this": True}]
    book = customer_book(web[1] + fair[1], as_of=AFTER, deals=[*web[0], *fair[0], *young, *asked])
    rows = {row["source"]: row for row in retention.regret(book).to_dicts()}
    # web: 9 stayed and were never asked about, 3 left; one is too young and one was wanted: 3 of 13
    assert (rows["web"]["n"], rows["web"]["n_events"], rows["web"]["n_left"]) == (13, 3, 3)
    assert (rows["web"]["n_unknown"], rows["web"]["n_wanted"], rows["web"]["n_unasked"]) == (1, 1, 13)
    # fair: all stayed, none is wanted again
    assert (rows["fair"]["value"], rows["fair"]["n_unwanted"], rows["fair"]["n_left"]) == (1.0, 12, 0)


def test_regret_by_discount():
    dear, cheap = wins(10, stay=10, source="dear", discount=0.0), wins(10, stay=5, source="cheap", discount=20.0)
    book = customer_book(dear[1] + cheap[1], as_of=AFTER, deals=dear[0] + cheap[0])
    rows = {row["is_discounted"]: row["value"] for row in retention.regret(book, by="is_discounted").to_dicts()}
    assert rows == {False: 0.0, True: 0.5}


def test_a_monthly_customer_who_leaves_in_the_fifth_month_was_lost_within_a_year():
    def months(account, n):
        return [(account, date(2025 + (2 + m) // 12, (2 + m) % 12 + 1, 1), 10) for m in range(n)]

    paid = [row for i in range(10) for row in months(f"a{i}", 15)] + months("five", 5) + months("eleven", 11)
    deals = [{"account_id": name, "won_on": BEGIN} for name in dict.fromkeys(row[0] for row in paid)]
    row = retention.regret(customer_book(paid, as_of=AFTER, deals=deals), by=()).to_dicts()[0]
    assert (row["n"], row["n_left"]) == (12, 2)


def test_neither_revenue_nor_answers_is_too_few_and_not_a_crash():
    book = customer_book([("a", BEGIN, 1)], as_of=AFTER)
    bare = book.replace(tables={name: table for name, table in book.tables.items() if name != "revenue"})
    row = retention.regret(bare, by=()).to_dicts()[0]
    assert (row["n"], row["n_unknown"], row["status"]) == (0, 1, "too_few")
    assert retention.likeness(bare).is_empty()


HOSTILE = '<script>alert("x")</script> =1+1 | , \u202e'


@pytest.fixture(scope="module")
def alike():
    kept = [
        {"account_id": f"k{i}", "source": "web" if i < 15 else "fair", "more_like_this": True, "amount": 100.0}
        for i in range(20)
    ]
    lost = [
        {"account_id": f"l{i}", "source": "web" if i < 5 else "fair", "outcome": "lost", "amount": 1000.0}
        for i in range(20)
    ]
    still = {"outcome": "open"}
    open_deals = [
        {"account_id": "o1", "source": "web", "amount": 100.0, "name": "Good", **still},
        {"account_id": "o2", "source": "fair", "amount": 1000.0, "name": HOSTILE, **still},
        {"account_id": "o3", "source": None, "amount": None, "name": None, **still},
    ]
    deals = [{"won_on": BEGIN, **deal} for deal in (*kept, *lost, *open_deals)]
    return retention.likeness(customer_book([("other", BEGIN, 1)], as_of=AFTER, deals=deals))


def test_likeness_is_the_mean_of_standardised_differences(alike):
    # kept 15 of 20 from the web, decided 20 of 40: (.75 - .5)/sqrt(.5 * .5) = .5; the fair likewise -.5
    # log amounts: decided ln 100 and ln 1,000 half each, mean m, deviation (n - 1) d; kept ln 100
    # Good: (|ln 100 - m| - 0)/d = half a ln 10 over d; the other: (half a ln 10 - ln 10)/d, as much the other way
    half = log(10) / 2
    spread = half * sqrt(40 / 39)
    rows = alike.to_dicts()
    assert [row["name"] for row in rows] == ["Good", HOSTILE]
    assert rows[0]["likeness"] == pytest.approx((0.5 + half / spread) / 2)
    assert rows[1]["likeness"] == pytest.approx(-(0.5 + half / spread) / 2)


def test_likeness_says_what_drives_it_and_counts_what_is_known(alike):
    rows = alike.to_dicts()
    assert rows[0]["because"] == "amount, source=web"
    assert (rows[0]["n_traits"], rows[0]["n_kept"], rows[0]["n"], rows[0]["n_excluded"]) == (2, 20, 3, 1)


def test_hostile_names_stay_text(alike):
    assert alike.filter(pl.col("likeness") < 0)["name"].to_list() == [HOSTILE]


def test_no_profile_of_a_few():
    deals = [{"account_id": f"k{i}", "won_on": BEGIN, "more_like_this": True} for i in range(19)]
    deals.append({"account_id": "o", "won_on": BEGIN, "outcome": "open", "source": "web"})
    assert retention.likeness(customer_book([("k0", BEGIN, 1)], as_of=AFTER, deals=deals)).is_empty()
