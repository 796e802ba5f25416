"""Why deals were lost: coded reasons, ours against the buyer's, to whom, where, how late it was written; by hand."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from kpikit import DealBook, winloss
from kpikit.analysis.base.coding import coded, folded, plain
from kpikit.book import of_team
from kpikit.calendar import Period
from tests.strategies import STAGES, day

INSTANT = pl.Datetime("us", "UTC")
KINDS = {
    "deal_id": pl.String, "pipeline": pl.String, "outcome": pl.String, "created_at": INSTANT, "outcome_at": INSTANT,
    "offered_at": INSTANT, "loss_reason": pl.String, "competitor": pl.String,
}  # fmt: skip
JANUARY = Period.parse("2026-01")


def book_of(deals, **tables):
    usual = {"pipeline": "New", "outcome": "lost", "created_at": day(0), "outcome_at": day(20)}
    rows = [{"deal_id": f"d{i:03}"} | usual | deal for i, deal in enumerate(deals)]
    return DealBook.from_frames(deals=pl.DataFrame(rows, schema=KINDS), as_of=day(100), **tables)


def lost(**counts):
    return [{"loss_reason": reason} for reason, n in counts.items() for _ in range(n)]


def by_group(frame):
    return {(row["group"], row["loss_reason"]): row for row in frame.to_dicts()}


# --- the coding scheme -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "group"),
    [
        ("Price", "price"), ("PRIJS ", "price"), ("  te  duur!", "price"), ("too-expensive", "price"),
        ("<b>Price</b>", "price"), ("&lt;b&gt;price&lt;/b&gt;", "price"), ("Price<br/>", "price"),
        ("p&#114;ice", "price"),
        ("No decision", "no_decision"), ("no_decision", "no_decision"), ("Geen besluit", "no_decision"),
        ("pas de décision", "no_decision"), ("Competitor", "competitor"), ("Concurrentie", "competitor"),
        ("unknown", "unknown"), ("Onbekend", "unknown"), ("N/A", "unknown"), ("n.v.t.", "unknown"),
        ("don’t know", "unknown"),
        (None, "blank"), ("", "blank"), ("   ", "blank"), ("-", "blank"), ("<p></p>", "blank"), ("?", "blank"),
        ("Timing", "other"), ("price of diesel", "other"), ("<script>alert(1)</script>", "other"),
    ],
)  # fmt: skip
def test_reasons_as_they_are_typed(typed, group):
    assert coded([typed])["group"].to_list() == [group]


def test_spellings_count_together_and_the_most_frequent_is_shown():
    codes = coded(
        ["Missing feature", "missing  feature", "missing feature", "<i>MISSING FEATURE</i>", "missing feature"]
    )
    assert codes["key"].n_unique() == 1
    assert codes["reason"].unique().to_list() == ["missing feature"]  # five of them, three typed so


def test_of_spellings_as_frequent_the_first_of_the_alphabet_is_shown_whatever_the_order():
    for texts in (["Zeit", "zeit"], ["zeit", "Zeit"]):
        assert coded(texts)["reason"].unique().to_list() == ["Zeit"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_a_code(text):
    row = coded([text]).row(0, named=True)
    assert (row["group"] == "blank") == (row["reason"] is None)
    assert "\n" not in plain(text)
    assert folded(folded(text)) == folded(text)


# --- why -------------------------------------------------------------------------------------------------------------


def test_shares_are_of_the_known_ones_and_blanks_keep_their_rows():
    deals = lost(Price=5, prijs=1, Timing=4) + lost(**{"no decision": 2}) + [{"loss_reason": None}] * 3
    deals += [{"loss_reason": "unknown"}, {"outcome": "won"}, {"outcome": "void", "loss_reason": "duplicate"}]
    found = by_group(winloss.reasons(book_of(deals)))
    counts = {key: (row["n_events"], row["n"], row["n_lost"]) for key, row in found.items()}
    assert counts == {
        ("price", "Price"): (6, 12, 16), ("other", "Timing"): (4, 12, 16), ("no_decision", "no decision"): (2, 12, 16),
        ("blank", None): (3, 16, 16), ("unknown", "unknown"): (1, 16, 16),
    }  # fmt: skip
    price = found[("price", "Price")]
    assert (price["low"], price["high"]) == pytest.approx(proportion_confint(6, 12, method="wilson"))
    assert next(iter(found)) == ("price", "Price")
    assert list(found)[-2:] == [("blank", None), ("unknown", "unknown")]


def test_the_lead_over_the_next_reason():
    frame = winloss.reasons(book_of(lost(a=12, b=3, c=3)))
    low, high = proportion_confint(12, 15, method="wilson", alpha=frame["p_next"][0])
    assert min(abs(low - 0.5), abs(high - 0.5)) < 1e-4
    assert frame["p_next"].to_list()[1:] == [1.0, None]
    assert binomtest(12, 15).pvalue < 0.05 < binomtest(3, 6).pvalue


def test_the_first_of_several_reasons_counts():
    found = winloss.reasons(book_of([{"loss_reason": "Timing; price"}] * 10))
    assert found["loss_reason"].to_list() == ["Timing"]


def test_a_window_goes_by_the_day_of_the_outcome():
    deals = [
        *lost(price=10),
        {"loss_reason": "timing", "outcome_at": day(31)},
        {"loss_reason": "timing", "outcome_at": None},
    ]
    found = winloss.reasons(book_of(deals), during=JANUARY)
    assert found["loss_reason"].to_list() == ["price"]
    assert found["n_excluded"].to_list() == [1]


def test_below_ten_there_are_counts_only():
    row = winloss.reasons(book_of(lost(price=4))).to_dicts()[0]
    assert (row["status"], row["n_events"], row["value"], row["p_next"]) == ("too_few", 4, None, None)


def test_no_reason_at_all_is_refused():
    row = winloss.reasons(book_of([{"loss_reason": None}] * 12)).to_dicts()[0]
    assert (row["status"], row["reason"]) == ("refused", "no_loss_reason")


# --- ours against theirs ---------------------------------------------------------------------------------------------


def talks(*rows):
    kinds = {"deal_id": pl.String, "asked_at": INSTANT, "held_at": INSTANT, "reasons": pl.String}
    return pl.DataFrame([dict(zip(kinds, row, strict=True)) for row in rows], schema=kinds)


def test_ours_against_the_buyers():
    deals = [*lost(price=7, timing=2), {"loss_reason": None}, *lost(price=3)]
    interviews = talks(
        ("d000", day(21), day(22), "price"), ("d001", day(21), day(22), "trust; <b>Prijs</b>"),  # agree
        *((f"d{i:03}", day(21), day(22), "trust") for i in range(2, 6)),  # price written, trust said
        ("d007", day(21), day(22), "timing"),
        ("d009", day(21), day(22), "price"),  # we wrote nothing
        ("d010", day(21), None, None),  # did not answer
        ("d006", day(21), day(22), "unknown"),  # nothing said
    )  # fmt: skip
    found = {
        row["loss_reason"]: row for row in winloss.reasons_compared(book_of(deals, interviews=interviews)).to_dicts()
    }
    assert set(found) == {"price", "timing", "trust"}
    price, trust = found["price"], found["trust"]
    assert [price[k] for k in ("n", "n_events", "n_theirs", "n_both")] == [6, 2, 2, 7]
    assert [price[k] for k in ("n_lost", "n_asked", "n_answered")] == [13, 10, 9]
    assert (price["low"], price["high"]) == pytest.approx(proportion_confint(2, 6, method="wilson"))
    assert [trust[k] for k in ("n", "n_events", "n_theirs", "status")] == [0, 0, 5, "too_few"]
    assert next(iter(found)) == "price"


def test_a_book_without_interviews_cannot_say():
    row = winloss.reasons_compared(book_of(lost(price=12))).to_dicts()[0]
    assert (row["status"], row["reason"]) == ("refused", "no_interviews")


def test_liege_wrote_price_nine_times_and_three_buyers_agreed(demo):
    team = of_team(demo, "Liège")
    found = winloss.reasons_compared(team, during=demo.settings.period("2026Q3"))
    price = found.filter(pl.col("group") == "price").to_dicts()[0]
    assert [price[k] for k in ("n_both", "n", "n_events", "n_theirs")] == [18, 9, 3, 3]
    assert (price["low"], price["high"]) == pytest.approx((0.1206, 0.6458), abs=1e-4)  # Wilson, 3 of 9


# --- how late --------------------------------------------------------------------------------------------------------


def written(*rows):
    kinds = {"deal_id": pl.String, "field": pl.String, "new": pl.String, "changed_at": INSTANT, "recorded_at": INSTANT}
    return pl.DataFrame([dict(zip(kinds, row, strict=True)) for row in rows], schema=kinds)


def test_days_until_a_reason_is_written():
    deals = lost(a=9) + [{"loss_reason": None}] * 3
    changes = written(
        *((f"d{i:03}", "loss_reason", "unknown", day(20), None) for i in range(8)),  # that is no reason yet
        *((f"d{i:03}", "loss_reason", "a", day(20 + i), None) for i in range(7)),  # after 0, 1, … 6 days
        ("d007", "loss_reason", "a", day(20), day(30)),  # dated back: recorded ten days after
        ("d000", "loss_reason", "b", day(60), None),  # the first one counts
    )
    found = {row["figure"]: row for row in winloss.reason_lag(book_of(deals, changes=changes)).to_dicts()}
    # eleven: 0 … 6, 10, and three that wait for 80 days; d008 has a reason and nobody recorded when
    assert (found["median"]["n"], found["median"]["n_events"], found["median"]["n_excluded"]) == (11, 8, 1)
    assert found["median"]["value"] == 5.0  # six of eleven by day 5: 5/11 are without one
    assert (found["within_week"]["n"], found["within_week"]["n_events"]) == (11, 7)
    assert found["within_week"]["value"] == pytest.approx(7 / 11)


def test_without_recorded_changes_nobody_knows_how_late():
    assert winloss.reason_lag(book_of(lost(price=12)))["reason"].unique().to_list() == ["no_reason_changes"]


# --- to whom, and where ----------------------------------------------------------------------------------------------


def test_no_decision_is_a_competitor():
    deals = [{"loss_reason": "no decision", "competitor": "Acme"}] * 4  # nobody decided, whoever else was there
    deals += [{"loss_reason": "price", "competitor": name} for name in ("Acme", "ACME", "<b>acme</b>", "Zeta")]
    deals += [{"loss_reason": "price", "competitor": "none"}] * 2 + [{"competitor": None}] * 5
    deals += [{"outcome": "won", "competitor": "acme"}] * 3
    found = winloss.competitors(book_of(deals)).to_dicts()
    told = [(row["group"], (row["rival"] or "").lower(), row["n_events"], row["n"], row["n_won"]) for row in found]
    assert told == [
        ("no_decision", "", 4, 10, None), ("named", "acme", 3, 10, 3), ("nobody", "", 2, 10, None),
        ("named", "zeta", 1, 10, 0), ("blank", "", 5, 15, None),
    ]  # fmt: skip


def test_the_last_stage_of_a_lost_deal():
    deals = [*lost(price=6, timing=4), *[{"loss_reason": None}] * 2]
    events = [(f"d{i:03}", "Qualify", day(1)) for i in range(11)]
    events += [(f"d{i:03}", "Proposal", day(5)) for i in range(4)]
    events += [("d003", "Qualify", day(8))]  # went back, and was lost there
    frame = pl.DataFrame(events, schema={"deal_id": pl.String, "stage": pl.String, "entered_at": INSTANT}, orient="row")
    found = winloss.last_stage(book_of(deals, stage_events=frame, stages=STAGES)).to_dicts()
    assert [(row["stage"], row["loss_reason"], row["n_events"], row["n"]) for row in found] == [
        ("Qualify", "timing", 4, 12), ("Qualify", "price", 3, 12), ("Qualify", None, 1, 12),
        ("Proposal", "price", 3, 12), (None, None, 1, 12),
    ]  # fmt: skip


def test_losses_after_the_offer():
    deals = [{"offered_at": day(5)}] * 8 + [{"offered_at": None, "loss_reason": "price"}] * 3
    deals += [{"offered_at": day(21)}]  # dated after the loss
    row = winloss.lost_after_offer(book_of(deals)).to_dicts()[0]
    assert (row["n_events"], row["n"], row["n_untold"], row["value"]) == (8, 12, 9, pytest.approx(8 / 12))
    row = winloss.lost_after_offer(book_of(lost(price=12))).to_dicts()[0]
    assert (row["status"], row["reason"], row["n_events"]) == ("refused", "no_offered_at", None)


def test_a_book_in_which_nothing_was_lost():
    book = book_of([{"outcome": "won"}] * 12)
    for ask in (winloss.reasons, winloss.competitors):
        assert ask(book).height == 0
