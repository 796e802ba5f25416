"""Renewal among those due, and revenue kept of one opening cohort: by hand, and with every bad row there is."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.stats import bootstrap

from kpikit import retention
from kpikit.analysis.retention.contracts import contracts
from kpikit.calendar import Period
from kpikit.errors import RankingRefused
from tests.analysis.customer_books import customer_book, years

BEGIN = date(2025, 3, 1)
YEAR = Period.parse("2026")
AFTER = date(2026, 6, 1)


def one(frame: pl.DataFrame, **where) -> dict:
    rows = frame.filter(**where).to_dicts()
    assert len(rows) == 1
    return rows[0]


def kept(book, **asked) -> dict:
    return {row["figure"]: row for row in retention.gross_net(book, **asked).to_dicts()}


# --- renewal ---------------------------------------------------------------------------------------------------------


def test_renewal_is_among_those_due_not_among_all():
    # 100 customers; 20 fall due on 1 March 2026, of whom 4 leave: 16 of 20, not 96 of 100
    paid = [row for i in range(20) for row in years(f"due{i}", BEGIN, [100, 100 if i >= 4 else None])]
    paid += [(f"later{i}", date(2025, 9, 1), 100) for i in range(80)]
    row = one(retention.renewal(customer_book(paid, as_of=AFTER), during=YEAR))
    assert (row["n"], row["n_events"], row["n_customers"], row["n_open"]) == (20, 16, 100, 0)
    assert row["value"] == pytest.approx(0.8)
    # Wilson for 16 of 20 by hand: (.8 + 1.92/20 -+ 1.96 sqrt(.16/20 + .9604/400)) / (1 + 3.8415/20) = .584, .919
    assert (row["low"], row["high"]) == (pytest.approx(0.584, abs=5e-4), pytest.approx(0.919, abs=5e-4))


def test_what_fell_due_in_the_last_month_is_not_known_even_where_it_was_renewed():
    # 12 due on 1 January (3 leave), 12 due on 10 May (6 have renewed by 1 June, its month of grace is not over)
    paid = [row for i in range(12) for row in years(f"jan{i}", date(2025, 1, 1), [100, 100 if i >= 3 else None])]
    paid += [row for i in range(12) for row in years(f"may{i}", date(2025, 5, 10), [100, 100 if i >= 6 else None])]
    row = one(retention.renewal(customer_book(paid, as_of=AFTER)))
    assert (row["n"], row["n_events"], row["n_open"]) == (12, 9, 12)
    assert row["value"] == pytest.approx(0.75)


def test_a_book_that_writes_nothing_for_who_left_tells_at_once():
    paid = [row for i in range(12) for row in years(f"may{i}", date(2025, 5, 10), [100, 100 if i >= 6 else 0])]
    row = one(retention.renewal(customer_book(paid, as_of=AFTER)))
    assert (row["n"], row["n_events"], row["n_open"]) == (12, 6, 0)


def test_who_comes_back_after_more_than_a_month_left_and_returned():
    paid = [row for i in range(12) for row in years(f"a{i}", BEGIN, [100, 100])]
    paid += [
        ("late", BEGIN, 100),
        ("late", date(2026, 3, 30), 100),
        ("gone", BEGIN, 100),
        ("gone", date(2026, 4, 20), 100),
    ]
    row = one(retention.renewal(customer_book(paid, as_of=AFTER), during=YEAR))
    # 29 days late is a renewal, 50 days is not
    assert (row["n"], row["n_events"], row["n_returned"]) == (14, 13, 1)


def test_a_payment_early_in_the_term_adds_to_the_contract_and_late_in_it_begins_the_next():
    extra = [("more", BEGIN, 100), ("more", date(2025, 7, 1), 50), ("more", date(2026, 3, 1), 150)]
    early = [("early", BEGIN, 100), ("early", date(2026, 1, 5), 100)]
    known = contracts(customer_book(extra + early, as_of=AFTER))
    assert known.months == 12
    rows = known.rows.sort("account_id", "from_on")
    # a contract of 1 March with 50 more in July, then one of a year later; early renewal: the term runs from January
    assert rows.select("account_id", "from_on", "is_renewed").rows() == [
        ("early", BEGIN, True), ("early", date(2026, 1, 5), None),
        ("more", BEGIN, True), ("more", date(2026, 3, 1), None),
    ]  # fmt: skip
    # eight months into a year is still an addition
    late = [
        ("late", BEGIN, 100),
        ("late", date(2025, 11, 1), 50),
        *years("a", BEGIN, [1, 1]),
        *years("b", BEGIN, [1, 1]),
    ]
    rows = contracts(customer_book(late, as_of=AFTER)).rows
    assert rows.filter(account_id="late").select("from_on", "is_renewed").rows() == [(BEGIN, False)]


def test_who_pays_each_month_in_a_book_of_yearly_contracts_has_a_term_of_its_own():
    paid = [row for i in range(10) for row in years(f"y{i}", BEGIN, [1200, 1200])]
    paid += [("monthly", BEGIN + timedelta(days=30.4375 * i), 100) for i in range(15)]  # until May 2026
    known = contracts(customer_book(paid, as_of=AFTER))
    assert known.months == 12
    assert known.rows.filter(account_id="monthly")["months"].unique().to_list() == [1]
    assert known.rows.filter(account_id="monthly").height == 15
    row = one(retention.renewal(customer_book(paid, as_of=AFTER), during=YEAR))
    assert row["n_events"] == row["n"]  # nobody left


def test_monthly_terms_are_answered():
    # 12 customers from 1 January; three stop after March: due 1 Feb 12/12, 1 March 12/12, 1 April 9/12, 1 May 9/9
    paid = [
        (f"m{i}", date(2026, month, 1), 10) for i in range(12) for month in range(1, 7) if month < 4 or i >= 3
    ]  # fmt: skip
    row = one(retention.renewal(customer_book(paid, as_of=date(2026, 5, 31))))
    assert contracts(customer_book(paid, as_of=date(2026, 5, 31))).months == 1
    assert (row["n"], row["n_events"]) == (12 + 12 + 12 + 9, 12 + 12 + 9 + 9)


def test_buying_now_and_then_is_refused_with_its_reason():
    days = np.random.default_rng(1).integers(0, 500, (30, 5))
    paid = [(f"c{i}", date(2025, 1, 1) + timedelta(days=int(day)), 10) for i, row in enumerate(days) for day in row]
    book = customer_book(paid, as_of=AFTER)
    for answer in (
        retention.renewal(book),
        retention.gross_net(book),
        retention.curves(book),
        retention.projection(book),
    ):
        assert answer.select("status", "reason").rows() == [("refused", "no_contract_term")]


def test_no_revenue_is_refused_and_a_person_is_never_a_group():
    book = customer_book([("a", BEGIN, 1)], as_of=AFTER)
    bare = book.replace(tables={name: table for name, table in book.tables.items() if name != "revenue"})
    for ask in (retention.renewal, retention.gross_net, retention.curves, retention.projection, retention.returns):
        assert ask(bare)["reason"].to_list() == ["no_revenue"]
    for ask in (retention.renewal, retention.gross_net, retention.curves, retention.regret):
        with pytest.raises(RankingRefused):
            ask(book, by="owner")


def test_one_customer_is_too_few_and_no_customer_at_all_is_a_row():
    row = one(retention.renewal(customer_book(years("a", BEGIN, [1, 1]), as_of=AFTER)))
    assert (row["status"], row["reason"], row["value"], row["n"]) == ("too_few", "few_deals", None, 1)
    row = one(retention.renewal(customer_book([("a", BEGIN, -5), ("b", BEGIN, 0)], as_of=AFTER)))
    assert (row["status"], row["n"], row["n_customers"]) == ("too_few", 0, 0)


def test_groups_are_those_of_the_first_won_deal():
    paid = [row for i in range(30) for row in years(f"a{i}", BEGIN, [100, 100 if i % 3 else None])]
    deals = [{"account_id": f"a{i}", "won_on": BEGIN, "source": "fair" if i < 15 else "web"} for i in range(30)]
    deals += [{"account_id": f"a{i}", "won_on": AFTER, "source": "upsell"} for i in range(15)]
    rows = retention.renewal(customer_book(paid, as_of=AFTER, deals=deals), by="source").to_dicts()
    # of each fifteen every third left: 10 of 15
    assert {(r["source"], r["n"], r["n_events"]) for r in rows} == {("fair", 15, 10), ("web", 15, 10)}


# --- gross and net ---------------------------------------------------------------------------------------------------

FIVE = (150, 100, 60, None, 130)


def five_times_four(**asked):
    paid = [row for i in range(20) for row in years(f"a{i:02}", BEGIN, [100, FIVE[i % 5]])]
    return customer_book(paid, as_of=AFTER, **asked)


def test_gross_and_net_by_customer():
    found = kept(five_times_four())
    # gross (100 + 100 + 60 + 0 + 100)/500 = .72; net (150 + 100 + 60 + 0 + 130)/500 = .88; four of five are there
    assert {name: row["value"] for name, row in found.items()} == {
        "gross": pytest.approx(0.72), "net": pytest.approx(0.88), "customers": pytest.approx(0.80),
    }  # fmt: skip
    assert {(row["n"], row["n_events"], row["n_eff"]) for row in found.values()} == {(20, 16, 20.0)}


def test_the_bootstrap_is_that_of_another_library():
    ratios = np.array([1.0, 1.0, 0.6, 0.0, 1.0] * 4)  # alike amounts: the ratio of sums is the mean of ratios
    theirs = bootstrap((ratios,), np.mean, n_resamples=9999, method="percentile", rng=np.random.default_rng(5))
    row = kept(five_times_four(), draws=9999)["gross"]
    assert row["low"] == pytest.approx(theirs.confidence_interval.low, abs=0.015)
    assert row["high"] == pytest.approx(theirs.confidence_interval.high, abs=0.015)


def test_very_many_customers_have_the_range_that_drawing_them_would_give(monkeypatch):
    paid = [row for i in range(200) for row in years(f"a{i:03}", BEGIN, [100 + i, (100 + i) * (i % 7) / 5 or None])]
    book = customer_book(paid, as_of=AFTER)
    drawn = kept(book)
    monkeypatch.setattr("kpikit.analysis.retention.renewals._DRAWN", 100)
    for figure, row in kept(book).items():
        assert (row["value"], row["n"]) == (drawn[figure]["value"], 200)
        assert (row["low"], row["high"]) == pytest.approx((drawn[figure]["low"], drawn[figure]["high"]), abs=0.01)


def test_the_same_seed_is_the_same_answer():
    assert retention.gross_net(five_times_four(), seed=3).equals(retention.gross_net(five_times_four(), seed=3).frame)


def test_who_came_later_and_who_came_back_do_not_mend_a_loss():
    paid = [row for i in range(20) for row in years(f"a{i:02}", BEGIN, [100, FIVE[i % 5]])]
    paid += [(f"new{i}", date(2025, 8, 1), 900) for i in range(10)]
    assert kept(customer_book(paid, as_of=AFTER))["net"]["value"] == pytest.approx(0.88)
    # one of the four that left is back in May: then (72 * 4 + 20 * ...): 4 * 360 + 80 of 2,000 = .76
    paid += [("a03", date(2026, 5, 1), 80)]
    found = kept(customer_book(paid, as_of=AFTER))
    assert (found["gross"]["value"], found["gross"]["n_events"]) == (pytest.approx(0.76), 17)


def test_same_day_repeats_credit_notes_and_rows_of_nothing():
    paid = []
    for i in range(20):
        now = FIVE[i % 5]
        paid += [(f"a{i:02}", BEGIN, 60), (f"a{i:02}", BEGIN, 40), (f"a{i:02}", date(2025, 6, 1), 0)]
        paid += [] if now is None else [(f"a{i:02}", date(2026, 3, 1), now + 10), (f"a{i:02}", date(2026, 3, 9), -10)]
        # who left was billed and got it all back: nothing was renewed
        paid += [(f"a{i:02}", date(2026, 3, 1), 100), (f"a{i:02}", date(2026, 3, 9), -100)] if now is None else []
    found = kept(customer_book(paid, as_of=AFTER))
    assert {name: row["value"] for name, row in found.items()} == {
        "gross": pytest.approx(0.72), "net": pytest.approx(0.88), "customers": pytest.approx(0.80),
    }  # fmt: skip


def test_a_change_of_currency_is_priced_at_one_days_rate():
    rates = pl.DataFrame({"currency": ["USD", "USD"], "on": [date(2025, 1, 1), date(2026, 1, 1)], "rate": [0.5, 0.9]})
    paid = [(*row, "EUR") for i in range(19) for row in years(f"a{i:02}", BEGIN, [100, 100])]
    paid += [("usd", BEGIN, 100, "EUR"), ("usd", date(2026, 3, 1), 200, "USD")]
    found = kept(customer_book(paid, as_of=AFTER, rates=rates))
    # 200 dollars at .5, the rate when the window began: 100, whatever the dollar did
    assert found["net"]["value"] == pytest.approx(1.0)
    assert found["gross"]["value"] == pytest.approx(1.0)
    assert found["gross"]["low"] < 1  # nothing was lost, but not every loss would have shown in twenty customers
    bare = kept(customer_book(paid, as_of=AFTER))["net"]
    assert (bare["n"], bare["n_excluded"], bare["status"]) == (19, 1, "too_few")


def test_monthly_and_yearly_payment_of_the_same_sum_is_no_change():
    paid = [row for i in range(19) for row in years(f"a{i:02}", BEGIN, [1200, 1200])]
    paid += [("m", BEGIN + timedelta(days=30.4375 * i), 100 if i < 12 else 120) for i in range(15)]
    found = kept(customer_book(paid, as_of=date(2026, 5, 10)))
    # 19 * 1,200 + 12 * 120 of 20 * 1,200
    assert found["net"]["value"] == pytest.approx((19 * 1200 + 12 * 120) / (20 * 1200))


def test_a_few_large_customers_do_not_make_a_figure():
    paid = [row for i in range(20) for row in years(f"a{i:02}", BEGIN, [10_000 if i < 2 else 100, 100])]
    found = kept(customer_book(paid, as_of=AFTER))
    # (2 * 10,000 + 18 * 100)^2 / (2 * 1e8 + 18 * 1e4) = 2.37
    assert found["gross"]["n_eff"] == pytest.approx(21_800**2 / (2e8 + 18e4))
    assert {(r["status"], r["reason"], r["value"]) for r in found.values()} == {("too_few", "few_effective", None)}


def test_who_pays_little_is_there_and_who_pays_nothing_is_not():
    paid = [row for i in range(20) for row in years(f"a{i:02}", BEGIN, [2.0, 0.5 if i < 15 else None])]
    found = kept(customer_book(paid, as_of=AFTER))
    assert {row["n_events"] for row in found.values()} == {15}
    # 15 of 20 are there; they pay 15 * 0.5 of 20 * 2
    assert (found["customers"]["value"], found["net"]["value"]) == pytest.approx((0.75, 7.5 / 40))


def test_a_window_ends_where_it_is_still_known_who_is_there():
    paid = [row for i in range(20) for row in years(f"a{i:02}", date(2025, 5, 20), [100, 100 if i < 10 else None])]
    # ten renewed on 20 May and ten did not: on 1 June nobody can tell the late ones from those who left
    book = customer_book(paid, as_of=AFTER)
    assert kept(book)["customers"]["n"] == 0  # known to 1 May 2026: a year before that nobody was a customer
    assert kept(customer_book(paid, as_of=date(2026, 6, 25)))["customers"]["value"] == pytest.approx(0.5)
    row = retention.gross_net(book, during=Period.parse("2026-05"))
    assert row.select("status", "reason").rows() == [("not_reached", "too_young")]


def test_contracts_that_overlap_are_one_customer():
    paid = [row for i in range(20) for row in years(f"a{i:02}", BEGIN, [100, 100])]
    paid += [("a00", date(2025, 12, 20), 100)]  # renewed ten weeks early, and billed again in March
    found = kept(customer_book(paid, as_of=AFTER), during=Period.parse("2026"))
    assert {row["n"] for row in found.values()} == {20}
