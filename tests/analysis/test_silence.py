"""Who is silent, how it went with similar deals, whose contract is due: by hand, and beside lifelines."""

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, KaplanMeierFitter

from kpikit import UsageError, retention, velocity
from kpikit.analysis.velocity import silences
from tests.review.review_books import book_of, day, deal, on


def call(deal_id, at, direction="customer"):
    return {"deal_id": deal_id, "kind": "call", "direction": direction, "happened_at": day(at)}


def silences_of(book):
    return {row["deal_id"]: row for row in velocity.silence(book).to_dicts()}


def test_silence_runs_from_the_last_act_through_a_change_of_stage():
    """Moved to Proposal on day 80: the silence since day 60 goes on, and is compared with silences in Proposal."""
    events = [{"deal_id": "d", "stage": "Qualify", "entered_at": day(50), "seq": 1},
              {"deal_id": "d", "stage": "Proposal", "entered_at": day(80), "seq": 2}]  # fmt: skip
    acts = [call("d", 60), call("d", 70, "us")]
    others = [deal(f"o{i}", stage="Proposal", created_at=day(10)) for i in range(8)]
    for one in others:
        events.append({"deal_id": one["deal_id"], "stage": "Proposal", "entered_at": day(10), "seq": 1})
        acts += [call(one["deal_id"], at) for at in range(20, 100, 10)]
    book = book_of([deal("d", created_at=day(50), stage="Proposal"), *others], stage_events=events, activities=acts)
    found = silences_of(book)["d"]
    assert (found["stage"], found["days_silent"], found["last_act_at"]) == ("Proposal", 40.0, day(60))
    assert (found["mark_days"], found["is_silent"]) == (10.0, True)


def test_the_mark_is_that_of_kaplan_meier_with_late_entry():
    """Ten deals in one stage, gaps of 1 to 10 days, the last silence of each cut off at day 100."""
    deals = [deal(f"d{i}", created_at=day(0)) for i in range(10)]
    acts = [call(f"d{i}", at) for i in range(10) for at in range(i + 1, 100, i + 1)]
    found = silences_of(book_of(deals, activities=acts))
    gaps, ended = [], []
    for i in range(10):
        times = [0, *range(i + 1, 100, i + 1), 100]
        pairs = list(pairwise(times))
        gaps += [b - a for a, b in pairs]
        ended += [True] * (len(pairs) - 1) + [False]
    own = len(gaps) - 1  # the last deal's own silence is left out
    curve = KaplanMeierFitter().fit(gaps[:own], ended[:own]).survival_function_.iloc[:, 0]
    assert found["d9"]["mark_days"] == float(curve[curve <= 0.1 + 1e-9].index[0])


def test_a_deal_of_whose_customer_nothing_was_heard_counts_from_its_beginning():
    book = book_of([deal("never", created_at=day(90)), deal("b")], activities=[call("b", 95)])
    found = silences_of(book)["never"]
    assert (found["days_silent"], found["last_act_at"]) == (10.0, None)


@pytest.mark.parametrize(("n", "mark"), [(5, None), (6, 10.0)])
def test_one_customer_s_habit_is_not_what_is_usual(n, mark):
    """Everybody acts each ten days: nine in ten wait less than 10, but four other deals cannot say so."""
    acts = [call(f"d{i}", at) for i in range(n) for at in range(10, 90, 10)]
    found = silences_of(book_of([deal(f"d{i}", created_at=day(0)) for i in range(n)], activities=acts))
    assert (found["d0"]["mark_days"], found["d0"]["is_silent"]) == (mark, mark is not None)


def test_what_is_planned_is_no_act():
    book = book_of([deal("d", created_at=day(50))], activities=[call("d", 60), call("d", 150)])
    assert silences_of(book)["d"]["days_silent"] == 40.0


def test_a_contact_before_the_deal_was_registered_begins_its_silence():
    book = book_of([deal("d", created_at=day(80))], activities=[call("d", 70)])
    assert silences_of(book)["d"]["days_silent"] == 30.0


def stretches_by_hand(path, acts, ended, now):
    """Stage, age of the silence at the begin and the end of a stretch, did an act end it, does it go on."""
    for i, (stage, entered) in enumerate(path):
        last = i + 1 == len(path)
        left = path[i + 1][1] if not last else (ended if ended is not None else now)
        cuts = [at for at in acts if entered < at < left]
        for begin, end in pairwise([entered, *cuts, left]):
            since = max((at for at in acts if at <= begin), default=path[0][1])
            is_now = last and ended is None and end == left
            yield stage, begin - since, end - since, end in cuts, is_now


@st.composite
def lives(draw):
    """Some deals, each with its path through stages (on whole days), its acts (at other times) and perhaps its end."""
    for_one = st.tuples(
        st.lists(st.integers(0, 90), min_size=1, max_size=4, unique=True).map(sorted),
        st.lists(st.integers(-10, 98).map(lambda at: at + 0.25), max_size=6, unique=True).map(sorted),
        st.one_of(st.none(), st.integers(91, 99)),
    )
    return draw(st.lists(for_one, min_size=1, max_size=5))


@settings(max_examples=40)
@given(lives())
def test_stretches_of_silence_are_those_counted_by_hand(found):
    names = ("Qualify", "Proposal", "Negotiation", "Qualify")
    deals, events, acts, wanted = [], [], [], []
    for i, (entries, at, ended) in enumerate(found):
        path = [(names[place], day_) for place, day_ in enumerate(entries)]
        end = {"outcome": "lost", "outcome_at": day(ended)} if ended else {}
        deals.append(deal(f"d{i}", created_at=day(entries[0]), stage=path[-1][0], **end))
        events += [{"deal_id": f"d{i}", "stage": stage, "entered_at": day(on_), "seq": 1} for stage, on_ in path]
        acts += [call(f"d{i}", one) for one in at]
        wanted += stretches_by_hand(path, at, ended, 100)
    book = book_of(deals, stage_events=events, activities=[*acts, call("d0", 95, "us")])
    visits, stages = silences._visits(book)
    theirs = pl.DataFrame(schema={"deal": pl.UInt32, "at": pl.Int64}) if not acts else silences._acts(book)
    rows = silences._stretches(visits, theirs).to_dicts()
    mine = [(stages[r["stage"]], r["entry_days"], r["days"], r["is_act"], r["is_now"]) for r in rows]
    assert sorted(mine) == sorted(wanted)


def test_an_act_half_a_second_after_a_move_belongs_to_the_stage_that_was_entered():
    second = 0.5 / 86_400
    events = [{"deal_id": "d", "stage": "Qualify", "entered_at": day(50), "seq": 1},
              {"deal_id": "d", "stage": "Proposal", "entered_at": day(80), "seq": 2}]  # fmt: skip
    book = book_of([deal("d", created_at=day(50), stage="Proposal")], stage_events=events,
                   activities=[call("d", 80 + second)])  # fmt: skip
    visits, _ = silences._visits(book)
    rows = silences._stretches(visits, silences._acts(book))
    # silent for 30 days in Qualify, then for no time in Proposal until the act, and 20 days from it on
    assert rows.select("is_act", pl.col("days").round(3)).rows() == [(False, 30.0), (True, 30.0), (False, 20.0)]


def test_closed_deals_are_not_listed():
    ended = deal("w", outcome="won", outcome_at=day(95))
    assert set(silences_of(book_of([ended, deal("d")], activities=[call("w", 92)]))) == {"d"}


def test_refusals():
    assert velocity.silence(book_of([deal("d")]))["reason"].to_list() == ["no_activities"]
    nobody = book_of([deal("d")], activities=[call("d", 95, None)])
    assert velocity.silence(nobody).select("status", "reason").row(0) == ("refused", "no_directions")


# --- similar deals ----------------------------------------------------------------------------------------------------


def test_the_course_is_that_of_aalen_and_johansen_without_the_deal_itself():
    ends = [("lost", 4), ("lost", 9), ("won", 6), ("won", 13), ("lost", 21), ("won", 30)] * 2
    deals = [
        deal(f"o{i}", created_at=day(i), outcome=how, outcome_at=day(i + days)) for i, (how, days) in enumerate(ends)
    ]
    deals += [deal(f"w{i}", created_at=day(90 - i)) for i in range(4)]
    curve = velocity.course(book_of([*deals, deal("me", created_at=day(20))]), deal_id="me")
    # apart by a little, since lifelines shakes ties; who is open on a day is there for all that happens on it
    days = [d + i / 1e6 for i, (_, d) in enumerate(ends)] + [10.5 + i for i in range(4)]
    kind = [{"lost": 1, "won": 2}[how] for how, _ in ends] + [0] * 4
    for exit_, code in (("lost", 1), ("on", 2)):
        peer = AalenJohansenFitter(calculate_variance=False).fit(days, kind, event_of_interest=code)
        mine = curve.filter(exit=exit_).sort("time")
        assert mine["value"][-1] == pytest.approx(peer.cumulative_density_.iloc[-1, 0], abs=1e-9)
    assert curve["age_days"][0] == 80.0
    assert curve["n"][0] == 16


def test_shares_of_the_course_add_to_one(demo):
    curve = velocity.course(demo, deal_id="D1078")
    sums = curve.filter(pl.col("value").is_not_null()).pivot(on="exit", index="time", values="value")
    total = sums.sort("time").with_columns(pl.exclude("time").forward_fill().fill_null(0)).select(
        pl.sum_horizontal(pl.exclude("time"))
    )  # fmt: skip
    assert total.to_series().to_list() == pytest.approx([1.0] * total.height)


def test_a_deal_that_is_not_there():
    with pytest.raises(UsageError):
        velocity.course(book_of([deal("d")]), deal_id="x")


# --- contracts --------------------------------------------------------------------------------------------------------


def test_contracts_that_run_those_due_first():
    paid = [("a", on(-200)), ("b", on(-280)), ("c", on(-800))]
    book = book_of([deal("d")], revenue=[{"account_id": a, "period": p, "amount": 120.0} for a, p in paid])
    found = retention.due(book)
    assert found.select("account_id", "due_on", "worth").rows() == [
        ("b", on(85), 120.0), ("a", on(165), 120.0)
    ]  # fmt: skip
    # a year after 27 March (two weeks past: not known yet) and 15 June 2025; c fell due in 2024 and was not renewed
    assert retention.due(book_of([deal("d")]))["reason"].to_list() == ["no_revenue"]
