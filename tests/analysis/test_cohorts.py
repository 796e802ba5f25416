"""Win curves, the triangle and the newest quarter: lifelines and hand arithmetic, and what holds for every book."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter
from statsmodels.stats.proportion import confint_proportions_2indep

from kpikit import DealBook, cohorts
from kpikit.calendar import Period
from kpikit.errors import UsageError
from tests.analysis.rate_books import many, rate_book
from tests.strategies import day

Q1 = {"during": Period.parse("2026Q1")}


def one(frame: pl.DataFrame, **where) -> dict:
    rows = frame.filter(**where).to_dicts()
    assert len(rows) == 1
    return rows[0]


def deal(created: float, outcome: str, ended: float | None = None, **columns) -> dict:
    return {
        "created_at": day(created),
        "outcome": outcome,
        "outcome_at": None if ended is None else day(ended),
        **columns,
    }


# --- curves ----------------------------------------------------------------------------------------------------------


def test_win_curve_is_that_of_lifelines():
    rng = np.random.default_rng(3)
    rows, ages, kinds = [], [], []
    for created, age in zip(rng.uniform(0, 89, 150), rng.exponential(60, 150), strict=True):
        end = ("won", "lost", "void")[rng.integers(3)] if created + age < 150 else "open"
        rows.append(deal(float(created), end, None if end == "open" else float(created + age)))
        ages.append(min(age, 150 - created))
        kinds.append({"won": 1, "lost": 2, "void": 2, "open": 0}[end])
    curve = cohorts.win_curves(rate_book(rows, as_of=150))
    fitted = AalenJohansenFitter(calculate_variance=False).fit(ages, kinds, event_of_interest=1)
    for row in curve.filter(pl.col("n_events") > 0).to_dicts():
        assert row["value"] == pytest.approx(fitted.predict(row["time"] + 1e-6), abs=1e-9)
    assert curve["n"].unique().to_list() == [150]
    assert curve["n_open"].unique().to_list() == [kinds.count(0)]


def test_the_young_part_begins_where_the_youngest_possible_deal_is():
    # January to March 2026 followed to 9 June (day 159): the youngest was begun before 1 April, 69 days ago
    rows = [deal(0, "won", age) for age in (30, 60, 69, 80, 90)] + many(15, "open", created_at=day(80))
    curve = cohorts.win_curves(rate_book(rows, as_of=159))
    assert curve["followed_to"].unique().to_list() == [69]
    assert curve.select("time", "is_young").rows() == [(30, False), (60, False), (69, False), (80, True), (90, True)]
    # while all are at risk 1 of 20 each; beyond day 79 the fifteen open ones are out of view: 1 of the 2 left is .17/2
    assert curve["value"].to_list() == pytest.approx([0.05, 0.1, 0.15, 0.15 + 0.85 / 2, 1.0])
    assert curve["n_at_risk"].to_list() == [20, 19, 18, 2, 1]


def test_numbers_in_view_at_ages_where_nothing_ended():
    # twenty open ones of 1 January and one of 1 March (day 59), followed to 9 June (day 159); one won at 40 days
    rows = [*many(20, "open"), deal(59, "open"), deal(0, "won", 40)]
    curve = cohorts.win_curves(rate_book(rows, as_of=159), at=(0, 30, 60, 120, 180))
    assert curve.select("time", "n_at_risk", "n_events").rows() == [(30, 22, 0), (40, 22, 1), (60, 21, 0), (120, 20, 0)]
    assert curve["value"].to_list() == pytest.approx([0, 1 / 22, 1 / 22, 1 / 22])


def test_a_cohort_of_one_is_too_few_and_one_of_which_nothing_ended_has_no_figure():
    row = one(cohorts.win_curves(rate_book([deal(0, "won", 5)])))
    assert (row["status"], row["value"], row["n"]) == ("too_few", None, 1)
    row = one(cohorts.win_curves(rate_book(many(12, "open"))))
    assert (row["status"], row["reason"], row["value"], row["n_open"]) == ("not_reached", "nothing_ended", None, 12)


def test_what_has_no_days_or_runs_backwards_is_counted_apart():
    rows = [*many(20, "won"), deal(10, "won", 4), {"outcome": "lost", "outcome_at": None}]
    rows += many(2, "void", loss_reason="duplicate")  # the same deal twice: never a deal
    for frame in (cohorts.win_curves(rate_book(rows)), cohorts.triangle(rate_book(rows)).filter(age=1)):
        assert (frame["n"].to_list(), frame["n_excluded"].to_list()) == ([20], [2])


def test_pooled_curve_is_all_deals_and_quarters_begin_with_the_fiscal_year():
    rows = [deal(0, "won", 20), *many(15, "open", created_at=day(100)), *many(15, "open", created_at=day(40))]
    book = rate_book(rows, as_of=159)
    row = one(cohorts.win_curves(book, by="all"))
    assert (row["cohort"], row["n"], row["followed_to"]) == (date(2026, 1, 1), 31, 58)  # begun 11 April, 9 June
    assert row["value"] == pytest.approx(1 / 31)
    starts = book.replace(settings=book.settings.__class__(fiscal_year_starts=2))
    # day 0 is 1 January, in the quarter from November; day 40 is in February, day 100 in April
    assert cohorts.win_curves(starts)["cohort"].unique().sort().to_list() == [date(2025, 11, 1), date(2026, 2, 1)]


@pytest.mark.parametrize(
    "ask", [lambda b: cohorts.win_curves(b, by="week"), lambda b: cohorts.triangle(b, step="week")]
)
def test_another_width_is_refused(ask):
    with pytest.raises(UsageError):
        ask(rate_book(many(1, "won")))


# --- triangle --------------------------------------------------------------------------------------------------------


def test_triangle_by_hand():
    # twelve deals of January 2026: 3 won within a month, 3 within two; 6 open; up to 5 March (day 63)
    rows = [deal(5 * i % 28, "won", 5 * i % 28 + 20) for i in range(3)] + [deal(1, "won", 45) for _ in range(3)]
    rows += many(6, "open", created_at=day(2))
    cells = cohorts.triangle(rate_book(rows, as_of=63), by="month")
    assert cells.select("age", "is_mature", "n_events", "n_open", "value", "low_bound", "high_bound").rows() == [
        (1, True, 3, 0, 0.25, 0.25, 0.25),  # begun by 31 January, a month old by 1 March
        (2, False, 6, 0, None, 0.5, 0.5),  # the open ones were begun on 3 January: two months old on 3 March
        (3, False, 6, 6, None, 0.5, 1.0),
    ]
    # Wilson, 3 of 12: (.25 + .16 -+ 1.96 sqrt(.1875/12 + .9604/144)) / 1.3201 = .089, .532
    assert (cells["low"][0], cells["high"][0]) == (pytest.approx(0.0889, abs=1e-3), pytest.approx(0.5323, abs=1e-3))


# --- the newest quarter ----------------------------------------------------------------------------------------------


def test_newest_quarter_old_enough_against_those_before_it():
    # Q1: 30 of 100 won within ninety days, Q2: 15 of 50; Q3 is too young on 1 October (day 273)
    q1, q2, q3 = ({"created_at": day(d)} for d in (5, 95, 200))
    rows = many(30, "won", **q1, outcome_at=day(40)) + many(70, "lost", **q1, outcome_at=day(9))
    rows += many(15, "won", **q2, outcome_at=day(130)) + many(20, "lost", **q2, outcome_at=day(99))
    rows += many(15, "open", **q2) + many(20, "won", **q3, outcome_at=day(201))
    row = one(cohorts.newest(rate_book(rows, as_of=273.5)))
    assert (row["cohort"], row["cohort_next"]) == (date(2026, 4, 1), date(2026, 7, 1))
    assert (row["n"], row["n_before"], row["n_events"], row["n_open"]) == (50, 100, 15, 15)
    assert (row["share"], row["usual"], row["value"]) == pytest.approx((0.3, 0.3, 0.0))
    assert (row["low_bound"], row["high_bound"]) == pytest.approx((0.3, 0.6))
    low, high = confint_proportions_2indep(15, 50, 30, 100, method="newcomb")  # nobody is censored before day 90
    assert (row["low"], row["high"]) == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))
    assert row["p"] == pytest.approx(1, abs=0.01)


def test_newest_sees_a_fall_and_one_quarter_back():
    fell = [*many(60, "won", created_at=day(5)), *many(60, "lost", created_at=day(5))]
    fell = [row | {"outcome_at": day(20)} for row in fell]
    fell += [row | {"created_at": day(95), "outcome_at": day(99)} for row in (*many(10, "won"), *many(50, "lost"))]
    book = rate_book(fell, as_of=273.5)
    assert one(cohorts.newest(book))["p"] < 0.001
    before = one(cohorts.newest(book, back=1))
    assert (before["cohort"], before["usual"], before["value"]) == (date(2026, 1, 1), None, None)
    young = one(cohorts.newest(rate_book(fell[:120], as_of=100)))
    assert (young["status"], young["reason"]) == ("not_reached", "too_young")


# --- what holds for every book ---------------------------------------------------------------------------------------

ENDS = st.tuples(st.integers(0, 85), st.integers(0, 120), st.sampled_from(["won", "lost", "void", "open"]))
BOOKS = st.lists(ENDS, min_size=12, max_size=30)
AS_OF = 130


def drawn(rows) -> list[dict]:
    return [
        deal(created, "open") if created + age > AS_OF or end == "open" else deal(created, end, created + age)
        for created, age, end in rows
    ]


def steps(rows: list[dict]) -> list[tuple[float, float]]:
    curve = cohorts.win_curves(rate_book(rows, as_of=AS_OF), by="all", **Q1)
    return curve.filter(pl.col("value").is_not_null()).select("time", "value").rows()


@settings(max_examples=15, deadline=None)
@given(BOOKS)
def test_a_curve_never_falls_and_stays_within_0_and_1(rows):
    values = [value for _, value in steps(drawn(rows))]
    assert values == sorted(values)
    assert all(0 <= value <= 1 for value in values)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(BOOKS, st.integers(0, 120), st.sampled_from(["lost", "void"]))
def test_a_deal_that_is_never_won_cannot_raise_the_curve(rows, age, end):
    # one that is open and young may: it says nothing yet, and the estimator takes the others' word for it
    before = steps(drawn(rows))
    after = steps([*drawn(rows), deal(0, end, age)])
    for time, value in before:
        assert max((v for t, v in after if t <= time), default=0.0) <= value + 1e-12


@settings(max_examples=10, deadline=None)
@given(BOOKS, st.sampled_from(["lost", "void", "open"]))
def test_a_deal_that_is_never_won_cannot_raise_a_cell(rows, end):
    extra = deal(3, end, None if end == "open" else 50)
    before, after = (cohorts.triangle(rate_book(r, as_of=AS_OF), **Q1) for r in (drawn(rows), [*drawn(rows), extra]))
    both = before.frame.join(after.frame, on=["cohort", "age"], suffix="_after")
    assert (both["low_bound_after"] <= both["low_bound"]).all()
    assert (both.drop_nulls("value")["value_after"].fill_null(0) <= both.drop_nulls("value")["value"]).all()


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(BOOKS, st.lists(st.booleans(), min_size=30, max_size=30))
def test_a_cohort_split_at_random_and_merged_is_itself(rows, coins):
    whole = drawn(rows)
    parts = [[row for row, coin in zip(whole, coins, strict=False) if coin == side] for side in (True, False)]
    columns = ["n", "n_events", "n_open", "n_excluded"]
    cells = [cohorts.triangle(rate_book(part, as_of=AS_OF), **Q1).frame for part in parts if part]
    merged = pl.concat(cells).group_by("cohort", "age").agg(pl.col(columns).sum()).sort("cohort", "age")
    assert merged.equals(cohorts.triangle(rate_book(whole, as_of=AS_OF), **Q1).select("cohort", "age", *columns))


def test_teams_get_their_own_cohorts():
    rows = [row | {"owner": f"P{i % 8}"} for i, row in enumerate(many(40, "won") + many(40, "lost"))]
    people = pl.DataFrame({"owner": [f"P{i}" for i in range(8)], "team": ["North"] * 6 + ["South"] * 2})
    book: DealBook = rate_book(rows, people=people)
    assert one(cohorts.triangle(book.replace(team="North")), age=1)["n"] == 60
