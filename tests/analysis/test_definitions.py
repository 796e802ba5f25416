"""One book under every definition, by hand; the bridge; bad input."""

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from kpikit import DealBook, RankingRefused, Settings, UsageError, winloss
from kpikit.analysis.winloss.definition import Definition
from kpikit.kpi import cards
from tests.analysis.rate_books import many, rate_book
from tests.report import worked
from tests.strategies import STAGES, day

DEFINITIONS = Definition.__args__
#: 12 won, 18 lost, 10 unqualified, 4 duplicates, 2 tests, 6 open of which 3 overdue: 52 records
MIXED = [
    *many(12, "won"),
    *many(18, "lost"),
    *many(10, "void", loss_reason="Unqualified"),
    *many(2, "void", loss_reason="Duplicate of D3"),
    *many(2, "void", loss_reason="samengevoegd"),
    *many(2, "void", loss_reason=" <b>TEST</b>"),
    *many(3, "open", expected_close_on="2026-03-01"),
    *many(3, "open", expected_close_on="2027-12-01"),
]


def rate(book, definition, **asked):
    return winloss.win_rate(book, definition=definition, **asked).row(0, named=True)


@pytest.mark.parametrize(
    ("definition", "k", "n"),
    [
        ("closed", 12, 30),
        ("finished", 12, 40),  # + 10 unqualified; 6 were never deals
        ("overdue_lost", 12, 33),  # + 3 whose day has passed
        ("created", 12, 46),  # all but the 6
    ],
)
def test_k_of_n_by_hand(definition, k, n):
    row = rate(rate_book(MIXED), definition)
    assert (row["n_events"], row["n"], row["kpi"]) == (k, n, f"win_rate_{definition}")
    low, high = proportion_confint(k, n, method="wilson")
    assert (row["value"], row["low"], row["high"]) == pytest.approx((k / n, low, high))


def test_won_to_lost_is_the_odds():
    row = rate(rate_book(MIXED), "won_to_lost")
    low, high = proportion_confint(12, 30, method="wilson")
    assert (row["value"], row["low"], row["high"]) == pytest.approx((12 / 18, low / (1 - low), high / (1 - high)))
    assert row["unit"] == "ratio"


def test_what_was_never_a_deal_is_counted_apart():
    row = rate(rate_book(MIXED), "finished")
    assert (row["n_never"], row["n_set_aside"]) == (6, 10)


def test_the_cohort_by_hand():
    # 12 won on day 10; 34 other deals that are not duplicates or tests: 12/46 by day 180, and 6 still open
    row = rate(rate_book(MIXED), "cohort")
    assert (row["n"], row["n_events"], row["n_never"]) == (46, 12, 6)
    assert (row["low_bound"], row["value"], row["high_bound"]) == pytest.approx((12 / 46, 12 / 46, 18 / 46))
    assert (row["low"], row["high"]) == pytest.approx(proportion_confint(12, 46, method="wilson"))  # all were followed


def test_a_cohort_that_is_too_young_has_bounds_and_no_figure():
    # 20 deals, followed 30 days: 8 won, 6 lost, 6 open: the end lies between 8/20 and 14/20
    book = rate_book([*many(8, "won"), *many(6, "lost"), *many(6, "open")], as_of=30)
    row = rate(book, "cohort")
    assert (row["status"], row["reason"], row["value"]) == ("not_reached", "nobody_followed", None)
    assert (row["low_bound"], row["high_bound"]) == pytest.approx((0.4, 0.7))


def test_the_cohort_counts_open_deals_as_open():
    # 10 begun on day 0: 5 won on day 10, 5 lost on day 20; 10 begun on day 85 and still open on day 100.
    # At risk on day 10 of their age: 20; on day 20: 5 (those that began late were seen for 15 days).
    rows = [*many(5, "won"), *many(5, "lost", outcome_at=day(20)), *many(10, "open", created_at=day(85))]
    row = rate(rate_book(rows, as_of=100), "cohort", horizon=12)
    assert row["value"] == pytest.approx(5 / 20)
    assert rate(rate_book(rows, as_of=100), "created")["value"] == pytest.approx(5 / 20)
    later = rate(rate_book(rows, as_of=100), "cohort", horizon=20)
    assert later["value"] == pytest.approx(5 / 20)
    assert later["high_bound"] == pytest.approx(5 / 20)  # S after day 20 is 15/20 * 0/5
    assert later["low"] < 0.25 < later["high"]


def test_from_a_stage_the_clock_starts_at_the_stage():
    # 20 deals enter Qualify on day 0, 12 of them Proposal on day 100; 6 are won on day 130
    rows = [
        *many(6, "won", outcome_at=day(130)),
        *many(6, "lost", outcome_at=day(140)),
        *many(8, "lost", outcome_at=day(20)),
    ]
    events = [{"deal_id": f"D{i}", "stage": "Qualify", "entered_at": day(0), "seq": 1} for i in range(20)]
    events += [{"deal_id": f"D{i}", "stage": "Proposal", "entered_at": day(100), "seq": 2} for i in range(12)]
    book = rate_book(rows, stage_events=pl.DataFrame(events), stages=STAGES)
    found = {r["stage"]: r for r in winloss.win_rate(book, definition="from_stage", horizon=60).to_dicts()}
    assert found["Proposal"]["value"] == pytest.approx(6 / 12)
    assert (found["Qualify"]["value"], found["Qualify"]["n_events"]) == (0.0, 0)  # the wins came on day 130
    assert found["Qualify"]["high"] == pytest.approx(proportion_confint(0, 20, method="wilson")[1])
    assert list(found) == ["Qualify", "Proposal"]


def test_by_value_as_in_the_methods():
    # methods 3.4: ten deals, count rate 30 %, value rate 76 %, without the largest 22 %, n_eff 2.05
    amounts, won = [500, 40, 35, 30, 30, 25, 20, 20, 15, 10], [1, 0, 0, 1, 0, 0, 0, 1, 0, 0]
    rows = [{"outcome": "won" if w else "lost", "amount": float(a)} for a, w in zip(amounts, won, strict=True)]
    row = rate(rate_book(rows), "value")
    assert (row["status"], row["reason"], row["value"]) == ("too_few", "few_effective", None)
    assert row["n_eff"] == pytest.approx(
        725**2 / 256_375
    )  # 2.05: squares 250,000 + 1,600 + 1,225 + 2 x 900 + 625 + 2 x 400 + 225 + 100
    many_times = rate(rate_book(rows * 10), "value")
    assert many_times["value"] == pytest.approx(550 / 725)
    assert many_times["without_largest"] == pytest.approx((5500 - 500) / (7250 - 500))


def test_open_pipe_counts_what_was_open_at_the_start():
    # ten open on 1 April (day 90): four won in the quarter, with three more that began in it
    rows = [*many(4, "won", outcome_at=day(120)), *many(6, "open")]
    rows += many(3, "won", created_at=day(100), outcome_at=day(130)) + many(5, "lost", outcome_at=day(80))
    book = rate_book(rows)
    row = rate(book, "open_pipe", during=book.settings.period("2026Q2"))
    assert (row["n_events"], row["n"], row["value"]) == (7, 10, pytest.approx(0.7))
    assert (row["low"], row["high"]) == (None, None)


def test_the_companion_counts_deals_first_recorded_late():
    rows = many(12, "won") + many(8, "lost")
    events = [
        {"deal_id": f"D{i}", "stage": "Qualify" if i >= 3 else "Proposal", "entered_at": day(0), "seq": 1}
        for i in range(20)
    ]
    book = rate_book(rows, stage_events=pl.DataFrame(events), stages=STAGES)
    for definition in ("closed", "finished", "cohort", "created"):
        assert rate(book, definition)["n_late"] == 3
    unseen = rate_book([*rows, *many(5, "lost")], stage_events=pl.DataFrame(events), stages=STAGES)
    assert rate(unseen, "closed")["n_late"] == 3  # of the five without stage history nobody knows
    assert rate(rate_book(rows), "closed")["n_late"] is None  # without stage history nobody knows


def test_all_definitions_of_one_book(demo):
    period = demo.settings.period("FY2026Q2")
    found = winloss.definitions(demo, during=period)
    assert set(found["kpi"]) == {f"win_rate_{name}" for name in DEFINITIONS}
    assert found["kpi"][0] == "win_rate_cohort"
    assert set(found["definition"]) == {cards()[kpi].version for kpi in found["kpi"]}
    assert found.filter(kpi="win_rate_cohort")["period"][0] < period.first_on  # the youngest followed for 180 days


def test_the_headline_is_the_cycles_share_won(demo):
    from kpikit import velocity

    # the same estimator on the same deals, but for duplicates and tests, which cycle() counts as void
    share = velocity.cycle(demo, horizon=180).filter(figure="won")["value"][0]
    row = rate(demo, "cohort")
    assert row["value"] * row["n"] / (row["n"] + row["n_never"]) == pytest.approx(share, rel=0.01)


@pytest.mark.parametrize("crm", ["hubspot", "salesforce", "pipedrive", "dynamics"])
def test_the_bridge_adds_up(demo, crm):
    found = winloss.bridge(demo, from_=crm, during=demo.settings.period("FY2026Q2"))
    assert found["change"].sum() == pytest.approx(found["value"][-1] - found["value"][0])
    assert found["step"].to_list() == ["crm", "finished", "by_creation", "cohort"]


@pytest.mark.parametrize(("crm", "k", "n"), [("hubspot", 12, 30), ("salesforce", 12, 46), ("pipedrive", 12, 40)])
def test_the_bridge_begins_with_what_the_tool_says(crm, k, n):
    first = winloss.bridge(rate_book(MIXED), from_=crm).row(0, named=True)
    assert (first["n_events"], first["n"]) == (k, n)


def test_the_worked_example():
    book = worked.book()
    now = book.settings.period(worked.NOW)
    found = winloss.bridge(book, from_="hubspot", during=now).filter(pl.col("step").is_in(["crm", "finished"]))
    assert found.select("n_events", "n").rows() == [(65, 171), (65, 200)]
    assert rate(book, "finished", during=book.settings.period(worked.BEFORE))["value"] == pytest.approx(0.35)
    value = winloss.wins(book, during=now).filter(figure="won_value")["value"].item()
    assert value == 11 * 80_000 + 54 * 13_500


# --- bad input -------------------------------------------------------------------------------------------------------


def test_people_are_not_compared():
    with pytest.raises(RankingRefused):
        winloss.win_rate(rate_book(MIXED), by="owner")


def test_a_definition_or_tool_that_does_not_exist():
    with pytest.raises(UsageError, match="no definition 'best'"):
        winloss.win_rate(rate_book(MIXED), definition="best")
    with pytest.raises(UsageError, match="'excel'"):
        winloss.bridge(rate_book(MIXED), from_="excel")


@pytest.mark.parametrize(("outcome", "value"), [("won", 1.0), ("lost", 0.0)])
def test_all_won_or_all_lost(outcome, value):
    found = winloss.definitions(rate_book(many(20, outcome)))
    shares = found.filter(pl.col("kpi").is_in([f"win_rate_{d}" for d in ("cohort", "finished", "closed", "created")]))
    assert shares["value"].to_list() == [value] * 4
    assert (shares["low"] < shares["high"]).all()
    odds = found.filter(kpi="win_rate_won_to_lost").row(0, named=True)
    expected = ("not_reached", "nothing_lost") if outcome == "won" else ("ok", None)
    assert (odds["status"], odds["reason"]) == expected


def test_nothing_decided_yet():
    found = winloss.definitions(rate_book(many(3, "open")))
    assert set(found["status"]) <= {"too_few", "refused"}
    assert found["value"].null_count() == found.height


def test_a_window_without_deals():
    book = rate_book(MIXED)
    found = winloss.definitions(book, during=book.settings.period("2026Q3"))
    assert found.filter(kpi="win_rate_finished").select("n", "status").row(0) == (0, "too_few")


def test_a_segment_that_is_absent_in_a_period():
    rows = [*many(12, "won", segment="A"), *many(12, "lost", segment="B", outcome_at=day(200))]
    book = rate_book(rows)
    found = winloss.win_rate(book, by="segment", definition="finished", during=book.settings.period("2026Q1"))
    assert found.sort("segment").select("segment", "n", "status").rows() == [("A", 12, "ok"), ("B", 0, "too_few")]


def test_amounts_that_are_missing_or_negative():
    priced = [*many(15, "won", amount=100.0), *many(15, "lost", amount=50.0)]
    row = rate(rate_book([*priced, *many(3, "won", amount=None), *many(1, "lost", amount=-10.0)]), "value")
    assert (row["value"], row["n_unpriced"], row["n"]) == (pytest.approx(1500 / 2250), 4, 34)
    none = rate(rate_book(many(20, "won", amount=None) + many(20, "lost", amount=None)), "value")
    assert none["status"] == "refused"


def test_lost_deals_without_amounts_are_no_perfect_record():
    """Tools that write 0 when a deal is lost would make the value rate 100 in 100."""
    row = rate(rate_book(many(20, "won", amount=100.0) + many(20, "lost", amount=0.0)), "value")
    assert (row["status"], row["reason"], row["value"]) == ("refused", "no_amount_of_lost", None)


def test_two_currencies_without_a_rate():
    rows = []
    for outcome in ("won", "lost"):
        for currency in ("EUR", "GBP"):
            rows += many(15, outcome, amount=100.0, currency=currency)
    mixed = rate(rate_book(rows), "value")
    assert (mixed["status"], mixed["reason"]) == ("refused", "currencies_mixed")
    in_euro = rate(rate_book(rows, settings=Settings(currency="EUR")), "value")
    assert (in_euro["status"], in_euro["n_unpriced"], in_euro["value"]) == ("ok", 30, 0.5)


def test_no_dates_is_a_refusal():
    book = rate_book([*many(12, "won", outcome_at=None), *many(12, "lost", outcome_at=None)])
    found = winloss.win_rate(book, definition="closed")
    assert found.select("status", "reason").row(0) == ("refused", "no_outcome_at")
    assert rate(rate_book([*MIXED, *many(2, "won", outcome_at=None)]), "closed")["n_excluded"] == 2


def test_pandas_in_pandas_out():
    book = rate_book(MIXED)
    assert isinstance(winloss.definitions(book.replace(answers_in="pandas")).frame, pd.DataFrame)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["won", "lost", "void", "open"]), min_size=1, max_size=40), st.integers(5, 300))
def test_what_holds_for_every_book(outcomes, as_of):
    book = rate_book([{"outcome": outcome} for outcome in outcomes], as_of=max(as_of, 11))
    found = {row["kpi"].removeprefix("win_rate_"): row for row in winloss.definitions(book).to_dicts()}
    assert found["finished"]["n"] >= found["closed"]["n"] >= found["closed"]["n_events"]
    cohort = found["cohort"]
    if cohort["n"]:
        low, high = cohort["low_bound"], cohort["high_bound"]
        assert low is None or -1e-9 <= low <= high <= 1 + 1e-9
        assert cohort["value"] is None or low - 1e-9 <= cohort["value"] <= high + 1e-9
    for row in found.values():
        if row["low"] is not None and row["high"] is not None and row["value"] is not None:
            assert row["low"] - 1e-9 <= row["value"] <= row["high"] + 1e-9


def test_from_stage_says_how_many_were_never_deals():
    """Twelve deals, a duplicate that came to the first stage only, and a test that went through both."""
    kinds = [("won", None)] * 12 + [("void", "duplicate"), ("void", "test")]
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{i}" for i in range(14)],
            "pipeline": "p",
            "outcome": [outcome for outcome, _ in kinds],
            "loss_reason": [reason for _, reason in kinds],
            "created_at": "2026-01-01",
            "outcome_at": "2026-03-01",
        }
    )
    first = [(f"d{i}", "Talk", "2026-01-01") for i in range(14)]
    second = [(f"d{i}", "Offer", "2026-02-01") for i in range(14) if i != 12]
    events = pl.DataFrame([*first, *second], schema=["deal_id", "stage", "entered_at"], orient="row")
    stages = pl.DataFrame({"pipeline": "p", "stage": ["Talk", "Offer"], "position": [1, 2]})
    book = DealBook.from_frames(deals=deals, stage_events=events, stages=stages)
    found = winloss.win_rate(book, definition="from_stage")
    assert found.select("stage", "n", "n_never").rows() == [("Talk", 12, 2), ("Offer", 12, 1)]
