"""What goes with winning: values as of the landmark, the model where it is warranted, the plain table everywhere."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from kpikit import DealBook, RankingRefused, UsageError, winloss
from kpikit.book import of_team
from tests.strategies import day

INSTANT = pl.Datetime("us", "UTC")
KINDS = {
    "deal_id": pl.String, "pipeline": pl.String, "outcome": pl.String, "created_at": INSTANT, "offered_at": INSTANT,
    "outcome_at": INSTANT, "owner": pl.String, "segment": pl.String, "is_icp": pl.Boolean, "is_new_market": pl.Boolean,
    "amount": pl.Float64, "offer_asked_by": pl.String, "loss_reason": pl.String,
}  # fmt: skip


def book_of(deals, **tables):
    """Deals created on day 0, with an offer on day 10 and an outcome on day 30, unless told."""
    usual = {"pipeline": "New", "created_at": day(0), "offered_at": day(10), "outcome_at": day(30)}
    rows = [{"deal_id": f"d{i:03}"} | usual | deal for i, deal in enumerate(deals)]
    return DealBook.from_frames(deals=pl.DataFrame(rows, schema=KINDS), as_of=day(400), **tables)


def table(with_won, with_lost, without_won, without_lost, column="is_new_market", yes=True, no=False):
    counts = (("won", yes, with_won), ("lost", yes, with_lost), ("won", no, without_won), ("lost", no, without_lost))
    return [{"outcome": outcome, column: value} for outcome, value, n in counts for _ in range(n)]


def only(frame):
    return frame.to_dicts()[0]


CHAMPION = table(8, 0, 12, 20)


def test_a_driver_that_separates_won_from_lost_is_haldane_with_its_profile_interval():
    row = only(winloss.drivers(book_of(CHAMPION), declared=["is_new_market"], draws=49))
    assert row["method"] == "model"
    # (8 + .5)(20 + .5) / ((0 + .5)(12 + .5)) = 174.25 / 6.25
    assert row["log_odds"] == pytest.approx(math.log(174.25 / 6.25), abs=1e-6)
    assert row["log_odds"] == pytest.approx(3.3279, abs=1e-4)
    assert (row["log_odds_low"], row["log_odds_high"]) == pytest.approx((1.10, 8.22), abs=0.005)


def test_the_effect_is_in_points_of_the_rate_with_the_intercept_estimated_again():
    row = only(winloss.drivers(book_of(CHAMPION), declared=["is_new_market"], draws=49))
    slope = math.log(174.25 / 6.25)

    def expit(x):
        return 1 / (1 + math.exp(-x))

    intercept = brentq(lambda a: 8 * expit(a + slope) + 32 * expit(a) - 20, -10, 10)  # 20 of 40 were won
    assert row["value"] == pytest.approx(expit(intercept + slope) - expit(intercept), abs=1e-6)
    assert row["low"] < row["value"] < row["high"]
    assert row["unit"] == "share"


def test_the_plain_table_stands_beside_it():
    row = only(winloss.drivers(book_of(CHAMPION), declared=["is_new_market"], draws=49))
    assert [row[k] for k in ("n_won_with", "n_with", "n_won_without", "n_without", "n")] == [8, 8, 12, 32, 40]
    assert (row["gap_low"], row["gap_high"]) == pytest.approx(
        confint_proportions_2indep(8, 8, 12, 32, method="newcomb"), abs=1e-9
    )
    assert (row["low_without"], row["high_without"]) == pytest.approx(proportion_confint(12, 32, method="wilson"))
    assert row["gap"] == 1 - 12 / 32
    # the p-value is where the interval first takes in nothing
    low, high = confint_proportions_2indep(8, 8, 12, 32, method="newcomb", alpha=row["p_gap"])
    assert min(abs(low), abs(high)) < 1e-4


@pytest.mark.parametrize(
    ("won", "lost", "drivers", "method"),
    [
        (15, 60, 3, "model"),  # 3 <= 15 / 5
        (15, 60, 4, "table"),  # 4 > 15 / 5
        (14, 60, 1, "table"),  # fewer than fifteen won
        (60, 14, 1, "table"),  # fewer than fifteen lost
    ],
)
def test_the_sample_rule(won, lost, drivers, method):
    deals = [
        {"outcome": "won" if i < won else "lost", "is_new_market": i % 2 == 0, "is_icp": i % 3 == 0,
         "segment": "AB"[i % 5 < 2], "amount": float(i % 7)}
        for i in range(won + lost)
    ]  # fmt: skip
    declared = ["is_new_market", "is_icp", "segment=A", "amount>=3"][:drivers]
    found = winloss.drivers(book_of(deals), declared=declared, draws=9)
    assert found["method"].unique().to_list() == [method]
    assert found.height == drivers


def test_p_values_of_the_table_are_adjusted_over_the_drivers():
    deals = [
        {"outcome": "won" if i < 12 else "lost", "is_new_market": i % 2 == 0 or i < 8, "is_icp": i % 3 == 0}
        for i in range(60)
    ]
    found = winloss.drivers(book_of(deals), declared=["is_new_market", "is_icp", "amount"])
    assert found["status"].to_list() == ["ok", "ok", "refused"]  # nobody recorded an amount
    assert found["reason"].to_list() == [None, None, "driver_not_recorded"]
    adjusted = multipletests(found["p"].to_list()[:2], method="fdr_bh")[1]
    assert found["p_adjusted"].to_list()[:2] == pytest.approx(list(adjusted))


def test_the_five_warnings_come_with_every_row():
    found = winloss.drivers(book_of(CHAMPION), declared=["is_new_market", "is_icp"], draws=9)
    for warnings in found["warnings"].to_list():
        assert warnings == ["leakage", "reverse_cause", "selection", "immortal_time", "association"]


# --- as known on the landmark ----------------------------------------------------------------------------------------


def test_a_change_recorded_after_the_offer_is_taken_back():
    deals = table(20, 20, 20, 20)
    changes = pl.DataFrame(
        [
            # on day 20, after the offer: it was false before
            {"deal_id": "d000", "field": "is_new_market", "old": "false", "new": "true", "changed_at": day(20)},
            # on day 5, but written down on day 12: on day 10 nobody knew
            {"deal_id": "d001", "field": "is_new_market", "old": "false", "new": "true", "changed_at": day(5),
             "recorded_at": day(12)},
            # on day 5 and known: stays
            {"deal_id": "d002", "field": "is_new_market", "old": "false", "new": "true", "changed_at": day(5)},
            # twice after the offer: the first old value is that of the day
            {"deal_id": "d003", "field": "is_new_market", "old": "false", "new": "true", "changed_at": day(15)},
            {"deal_id": "d003", "field": "is_new_market", "old": "true", "new": "true", "changed_at": day(25)},
        ],
        schema_overrides={"recorded_at": INSTANT},
    )  # fmt: skip
    row = only(winloss.drivers(book_of(deals, changes=changes), declared=["is_new_market"], draws=9))
    assert (row["n_won_with"], row["n_with"], row["known"]) == (17, 37, "changes")
    row = only(winloss.drivers(book_of(deals), declared=["is_new_market"], draws=9))
    assert (row["n_won_with"], row["n_with"], row["known"]) == (20, 40, "as_now")


def acts(*rows):
    columns = ("deal_id", "happened_at", "recorded_at", "contact_key", "kind", "direction", "outcome")
    full = [dict(zip(columns, row, strict=False)) for row in rows]
    schema = (
        {"activity_id": pl.String}
        | dict.fromkeys(columns, pl.String)
        | {"happened_at": INSTANT, "recorded_at": INSTANT}
    )
    return pl.DataFrame([{"activity_id": f"a{i}"} | row for i, row in enumerate(full)], schema=schema)


def test_only_what_had_happened_and_been_recorded_by_the_offer_counts():
    seen = [
        ("d000", day(2), day(2), "x", "call", "customer"),
        ("d000", day(3), day(3), "y", "meeting", "both"),  # a second contact in time
        ("d001", day(2), day(2), "x", "call", "customer"),
        ("d001", day(9), day(11), "y", "call", "customer"),  # recorded after the offer
        ("d002", day(2), None, "x", "call", "customer"),
        ("d002", day(9), None, "y", "call", "customer"),  # nobody knows when: as it happened
        ("d003", day(2), day(2), "x", "call", "customer"),
        ("d003", day(11), day(11), "y", "call", "customer"),  # after the offer
        ("d004", day(2), day(2), "x", "call", "customer"),
        ("d004", day(3), day(3), "x", "call", "customer"),  # the same person twice
        *((f"d{i:03}", day(1), day(1), key, "call", "customer") for i in range(10, 16) for key in "pq"),
    ]
    book = book_of(table(20, 20, 20, 20), activities=acts(*seen))
    row = only(winloss.drivers(book, declared=["second_contact"], draws=9))
    assert row["n_with"] == 2 + 6
    assert row["known"] == "dated"


def test_conversations_are_those_in_which_the_customer_took_part():
    rows = [("d000", day(2), day(2), "x", *what) for what in (
        ("call", "us", "reached"), ("call", "us", "no answer"), ("email", "customer"), ("meeting", "both"),
        ("voicemail", "us"), ("E-mail", "both"),
    )]  # fmt: skip
    rows += [(f"d{i:03}", day(1), day(1), "x", "call", "customer") for i in range(1, 12)]
    book = book_of(table(20, 20, 20, 20), activities=acts(*rows))
    one, two = (only(winloss.drivers(book, declared=[f"conversations_before>={n}"], draws=9))["n_with"] for n in (1, 2))
    assert (one, two) == (12, 1)  # only the first has two: the call that reached somebody, and the meeting


def test_days_before_the_offer_are_parted_at_their_median():
    deals = [{"outcome": "won" if i % 2 else "lost", "created_at": day(10 - i % 10)} for i in range(60)]
    row = only(winloss.drivers(book_of(deals), declared=["days_before"], draws=9))
    assert (row["level"], row["n_with"]) == ("4.5", 30)  # 0 to 9 days, six deals each: half have five or more


def test_who_asked_counts_only_where_the_offer_was_there():
    deals = table(20, 20, 20, 20, "offer_asked_by", "both", "us")
    row = only(winloss.drivers(book_of(deals), declared=["asked_by_customer"], draws=9))
    assert (row["n_with"], row["n_without"], row["n_unknown"]) == (40, 40, 0)
    events = pl.DataFrame({"deal_id": [f"d{i:03}" for i in range(80)], "stage": "Talk", "entered_at": [day(1)] * 80})
    stages = pl.DataFrame({"pipeline": ["New"], "stage": ["Talk"], "position": [1]})
    book = book_of(deals, stage_events=events, stages=stages)
    row = only(winloss.drivers(book, declared=["asked_by_customer"], landmark="Talk", draws=9))
    assert (row["n"], row["n_unknown"], row["status"]) == (0, 80, "too_few")  # on day 1 there was no offer yet


def test_deals_that_never_reached_the_landmark_or_have_no_day_are_counted_apart():
    deals = [*CHAMPION, {"outcome": "lost", "offered_at": None}, {"outcome": "lost", "offered_at": day(31)},
             {"outcome": "won", "outcome_at": None}, {"outcome": "void"},
             {"outcome": "open", "outcome_at": None}]  # fmt: skip
    found = winloss.drivers(book_of(deals), declared=["is_new_market"], draws=9)
    assert (only(found)["n"], only(found)["n_excluded"]) == (40, 3)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["loss_reason", "competitor", "outcome", "more_like_this", "signed_at", "stage"])
def test_what_is_filled_in_at_the_end_is_no_driver(column):
    with pytest.raises(UsageError, match="only known when a deal is over"):
        winloss.drivers(book_of(CHAMPION), declared=[column])


def test_a_person_is_no_driver():
    with pytest.raises(RankingRefused):
        winloss.drivers(book_of(CHAMPION), declared=["owner"])
    with pytest.raises(RankingRefused):
        winloss.drivers(book_of(CHAMPION), declared=["owner=Kim"])


@pytest.mark.parametrize(
    ("declared", "landmark", "match"),
    [(["weather"], "offer", "is no driver"), ([], "offer", "at least one"), (["segment>=3"], "offer", "is no number")],
)
def test_what_cannot_be_asked(declared, landmark, match):
    with pytest.raises(UsageError, match=match):
        winloss.drivers(book_of(table(20, 20, 20, 20, "segment", "A", "B")), declared=declared, landmark=landmark)


@pytest.mark.parametrize("draws", [0, -1])
def test_fewer_than_one_draw_is_refused(draws):
    with pytest.raises(UsageError) as refused:
        winloss.drivers(book_of(CHAMPION), declared=["is_new_market"], draws=draws)
    assert refused.value.code == "setting_value"


def test_a_book_without_offers_is_refused_with_the_reason():
    row = only(winloss.drivers(book_of([d | {"offered_at": None} for d in CHAMPION])))
    assert (row["status"], row["reason"]) == ("refused", "no_offers")
    row = only(winloss.drivers(book_of(CHAMPION), landmark="Talk"))
    assert (row["status"], row["reason"]) == ("refused", "no_stage_history")


def test_no_activities_refuse_that_driver_only():
    found = winloss.drivers(book_of(CHAMPION), declared=["second_contact", "is_new_market"], draws=9)
    assert found["status"].to_list() == ["refused", "ok"]
    assert found["reason"].to_list() == ["no_activities", None]


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_all_won_or_all_lost_gives_a_table_and_no_model(outcome):
    deals = [{"outcome": outcome, "is_new_market": i % 2 == 0} for i in range(40)]
    row = only(winloss.drivers(book_of(deals), declared=["is_new_market"]))
    assert (row["method"], row["status"], row["gap"], row["p"]) == ("table", "ok", 0.0, 1.0)


def test_fewer_than_five_on_a_side_is_too_few():
    row = only(winloss.drivers(book_of(table(3, 1, 20, 20)), declared=["is_new_market"]))
    assert (row["status"], row["reason"], row["value"], row["gap"]) == ("too_few", "few_with_or_without", None, None)


def test_levels_of_few_deals_are_put_together_and_the_largest_is_what_others_are_compared_with():
    deals = [
        {"outcome": "won" if i % 2 else "lost", "segment": segment}
        for segment, n in (("A", 30), ("B", 20), ("C", 3), ("D", 4))
        for i in range(n)
    ]
    found = winloss.drivers(book_of(deals), declared=["segment"], draws=9)
    assert found["level"].to_list() == ["B", "other"]
    assert found["n_with"].to_list() == [20, 7]
    assert found["method"].to_list() == ["model", "model"]


def test_too_few_people_on_a_side_are_suppressed():
    deals = [d | {"owner": f"p{i % 4 if d['is_new_market'] else i % 9}"} for i, d in enumerate(table(20, 20, 20, 20))]
    row = only(winloss.drivers(book_of(deals), declared=["is_new_market"], draws=9))
    assert (row["status"], row["n"], row["n_with"], row["value"], row["gap"]) == ("suppressed", None, None, None, None)
    wide = [d | {"owner": f"p{i % 9}"} for i, d in enumerate(table(20, 20, 20, 20))]
    assert only(winloss.drivers(book_of(wide), declared=["is_new_market"], draws=9))["status"] == "ok"


def test_two_columns_that_say_the_same_give_tables():
    deals = [d | {"is_icp": d["is_new_market"]} for d in table(20, 20, 10, 30)]
    found = winloss.drivers(book_of(deals), declared=["is_icp", "is_new_market"], draws=9)
    assert found["method"].to_list() == ["table", "table"]


def test_vlaanderen_wins_more_after_a_second_contact(demo):
    year = demo.settings.period("2026Q3").widened(12)
    row = only(winloss.drivers(of_team(demo, "Vlaanderen"), declared=["second_contact"], during=year, draws=99))
    assert 0.55 <= row["rate_with"] <= 0.67
    assert 0.24 <= row["rate_without"] <= 0.36
    assert row["p_gap"] < 0.01
    assert row["low"] > 0.05


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(random):
    deals = [d | {"deal_id": f"x{i:03}"} for i, d in enumerate(table(9, 7, 12, 20))]
    expected = winloss.drivers(book_of(deals), declared=["is_new_market"], draws=29, seed=3)
    shuffled = list(deals)
    random.shuffle(shuffled)
    found = winloss.drivers(book_of(shuffled), declared=["is_new_market"], draws=29, seed=3)
    assert found.to_dicts() == expected.to_dicts()
