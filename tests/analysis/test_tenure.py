"""How long customers stay: curves against lifelines, the projection of Fader and Hardie, and who buys again."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from lifelines import KaplanMeierFitter

from kpikit import retention
from kpikit.calendar import Period
from tests.analysis.customer_books import customer_book, years

AFTER = date(2026, 6, 1)


def test_customer_curve_by_hand():
    # twenty customers of January 2023: 4 leave after a year, 4 of the 16 after two; the others renewed in January 2026
    left = [1] * 4 + [2] * 4 + [4] * 12
    paid = [row for i, n in enumerate(left) for row in years(f"a{i}", date(2023, 1, 10), [10.0] * n)]
    curve = retention.curves(customer_book(paid, as_of=AFTER))
    rows = curve.select("time", "n_at_risk", "n_events", "value").rows()
    assert rows == [(12.0, 20, 4, pytest.approx(0.8)), (24.0, 16, 4, pytest.approx(0.6))]
    assert curve["n"].unique().to_list() == [20]


def test_customer_curve_with_delayed_entry_is_that_of_lifelines():
    rng = np.random.default_rng(7)
    begun = [date(2021, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 1400, 120)]
    terms = rng.geometric(0.25, 120)
    paid, since, spells = [], [], []
    for i, (first, n) in enumerate(zip(begun, terms, strict=True)):
        first = first.replace(day=1 + first.day % 28)
        dates = [first.replace(year=first.year + k) for k in range(n)]
        seen = [day for day in dates if date(2023, 1, 1) <= day <= AFTER]  # revenue is only known from 2023 on
        if not seen:
            continue
        paid += [(f"a{i:03}", day, 10.0) for day in seen]
        since.append({"account_id": f"a{i:03}", "customer_since": first})
        dues = [day.replace(year=day.year + 1) for day in seen]
        # of what fell due in the last 31 days it is not known, whether it was renewed or not
        due = next((day for day in dues if day + timedelta(days=31) > AFTER), dues[-1])
        has_left = due + timedelta(days=31) <= AFTER
        whole = (AFTER.year - first.year) * 12 + AFTER.month - first.month - (AFTER.day < first.day)
        last = 12 * (due.year - first.year)
        time = last if has_left else min(whole, last - 1)
        spells.append((time, has_left, 12 * (seen[0].year - first.year)))
    book = customer_book(paid, as_of=AFTER, accounts=pl.DataFrame(since))
    time, left, entry = map(np.array, zip(*[s for s in spells if s[2] < s[0]], strict=True))
    curve = retention.curves(book)
    later = time > curve["from_age"][0]
    fitted = KaplanMeierFitter().fit(
        time[later], left[later], entry=np.maximum(entry[later], curve["from_age"][0] - 1e-6)
    )
    for row in curve.to_dicts():
        assert row["value"] == pytest.approx(fitted.predict(row["time"]), abs=1e-9)
    assert curve["n"][0] == len(time)
    assert curve["n_excluded"].unique().to_list() == [len(spells) - len(time)]
    assert set(curve["time"] % 12) == {0.0}


def fader_hardie():
    """A book of 1,000 customers of January 2018 of whom 869, 743, 653, 593, 551, 517, 491 are there after each year."""
    alive = [1000, 869, 743, 653, 593, 551, 517, 491]
    paid, first = [], date(2018, 1, 1)
    for year, (n, following) in enumerate(zip(alive, [*alive[1:], 0], strict=True)):
        paid += [row for i in range(n - following) for row in years(f"c{year}-{i}", first, [1.0] * (year + 1))]
    return customer_book(paid, as_of=date(2025, 6, 1), deals=[{"account_id": "c0-0", "won_on": first}])


def test_projection_gives_the_published_numbers():
    rows = retention.projection(fader_hardie(), terms=12).to_dicts()
    # Fader & Hardie 2007, High End: alpha .668, beta 3.806; S(12) projected .378 where .394 stayed
    assert [round(row["seen"], 3) for row in rows[:8]] == [1, 0.869, 0.743, 0.653, 0.593, 0.551, 0.517, 0.491]
    assert {row["seen"] for row in rows[8:]} == {None}
    assert rows[12]["value"] == pytest.approx(0.378, abs=5e-4)
    assert rows[1]["value"] == pytest.approx(1 - 0.668 / (0.668 + 3.806), abs=5e-4)  # S(1) = 1 - alpha/(alpha + beta)
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)


def test_projection_of_what_was_hardly_seen_is_too_few():
    paid = [row for i in range(40) for row in years(f"a{i}", date(2024, 1, 1), [1.0] * (1 + i % 2 * 2))]
    row = retention.projection(customer_book(paid, as_of=date(2025, 6, 1))).to_dicts()[0]
    assert (row["status"], row["reason"], row["n"]) == ("too_few", "few_terms", 40)


def test_projection_where_the_model_does_not_fit_is_an_answer_or_a_refusal():
    # ever more leave: no mixture of constant chances does that
    left = [1] * 4 + [2] * 16 + [3] * 60 + [8] * 20
    paid = [row for i, n in enumerate(left) for row in years(f"a{i}", date(2020, 1, 10), [10.0] * n)]
    rows = retention.projection(customer_book(paid, as_of=date(2024, 6, 1)))
    assert set(rows["status"]) <= {"ok", "refused", "too_few"}
    assert rows.filter(pl.col("status") != "ok")["reason"].null_count() == 0


def test_who_buys_again_by_hand():
    # January: ten customers of whom four buy in February (one twice on a day), two in March, one on the last day
    paid = [(f"a{i}", date(2026, 1, 5), 1.0) for i in range(10)]
    paid += [(f"a{i}", date(2026, 2, 3), 1.0) for i in (0, 1, 2, 3, 3)] + [
        (f"a{i}", date(2026, 3, 3), 0.0) for i in (0, 9)
    ]
    paid += [("a5", date(2026, 4, 2), 5.0)]
    rows = retention.returns(customer_book(paid, as_of=date(2026, 4, 2)), during=Period.parse("2026-01"))
    assert rows.select("age", "n", "n_events", "value", "status").rows() == [
        (0, 10, 10, 1.0, "ok"), (1, 10, 4, 0.4, "ok"), (2, 10, 2, 0.2, "ok"), (3, 10, 1, None, "not_reached"),
    ]  # fmt: skip


def test_who_buys_again_in_a_team_is_about_its_customers():
    paid = [(f"a{i}", date(2026, 1, 5), 1.0) for i in range(40)]
    deals = [{"account_id": f"a{i}", "won_on": date(2026, 1, 2), "owner": f"P{i % 8}"} for i in range(40)]
    people = pl.DataFrame({"owner": [f"P{i}" for i in range(8)], "team": ["North"] * 4 + ["South"] * 4})
    book = customer_book(paid, as_of=date(2026, 4, 2), deals=deals, people=people)
    assert retention.returns(book.replace(team="North"))["n"].to_list() == [20] * 4
