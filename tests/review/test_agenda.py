"""The agenda as a whole: how many, in which order, the one by lot, the coach's choices, what is refused."""

from collections import Counter
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import Privacy, RankingRefused
from kpikit.review import agenda
from kpikit.review.listing.agenda import MOST, SAME, minutes_each, owners_of
from kpikit.review.listing.choices import Choices, chosen_before, drawn, drop, move, park, pin, places, undo
from kpikit.schema import PERSON_COLUMNS
from tests.review.review_books import book_of, day, deal, on


def listed(book, **asked):
    return agenda(book, **asked).filter(status="ok")


def by_rule(book, **asked):
    return listed(book, **asked).filter(~pl.col("is_lot"))


class Remembered:
    """A log of a few sessions, parkings and requests."""

    def __init__(self, parked=(), held=(), asked=()):
        rows = [(*one, "before")[:3] if len(one) == 2 else one for one in parked]
        schema = {"deal_id": pl.String, "until_on": pl.Date, "session_id": pl.String}
        self._parked = pl.DataFrame(rows, schema=schema, orient="row")
        times = {"held_on": pl.Date, "closed_at": pl.Datetime("us", "UTC")}
        self._held = pl.DataFrame({"held_on": [*held], "closed_at": [None] * len(held)}, schema=times)
        rows = [(deal, "leave_out", seen_by, day(at)) for deal, seen_by, at in asked]
        schema = {"deal_id": pl.String, "code": pl.String, "seen_by": pl.String, "written_at": pl.Datetime("us", "UTC")}
        self._asked = pl.DataFrame(rows, schema=schema, orient="row")

    def entries(self, *, kind, reader):
        assert (kind, reader) == ("prepared", "coach_and_rep")
        return self._asked

    def sessions(self):
        return self._held

    def opened_on(self, _):
        return ["today"]

    def parked(self, *, besides=()):
        return self._parked.filter(~pl.col("session_id").is_in([*besides]))


#: twelve whose date has passed, the first the largest; one with nothing the matter
LATE = [deal(f"late{i:02}", expected_close_on=on(80), amount=1000.0 - i) for i in range(12)]
BOOK = book_of([*LATE, deal("fine")])


# --- how many, in which order -----------------------------------------------------------------------------------------


def test_seven_by_rule_and_one_by_lot_in_forty_five_minutes():
    found = listed(BOOK)
    assert (by_rule(BOOK).height, found.height, found["is_lot"].sum()) == (MOST, MOST + 1, 1)
    assert set(found["minutes"]) == {5}  # (45 - 5) / 8
    assert found["position"].to_list() == list(range(1, 9))


@pytest.mark.parametrize(("minutes", "n"), [(45, 7), (30, 4), (15, 1), (5, 1), (90, 7)])
def test_less_time_means_fewer_deals(minutes, n):
    assert by_rule(BOOK, minutes=minutes).height == n
    assert listed(BOOK, minutes=minutes)["minutes"].sum() <= max(minutes, 10)


def test_minutes_for_each():
    assert [minutes_each(45, n) for n in (8, 4, 1, 0)] == [5, 10, 10, 10]


def test_the_heaviest_first_then_the_larger_amount():
    worse = deal("worse", expected_close_on=on(80), next_step=None, next_step_on=None, amount=1.0)
    found = by_rule(book_of([*LATE, worse]))
    assert found["deal_id"].to_list()[:3] == ["worse", "late00", "late01"]
    assert found["weight"].to_list()[:2] == [4, 2]  # overdue 2 + no next step 2
    assert found["others"].to_list()[0] == ["no_next_step"]


def test_no_rule_fills_the_list_while_others_have_something_to_say():
    stepless = [deal(f"step{i}", next_step=None, next_step_on=None, amount=10.0) for i in range(3)]
    found = by_rule(book_of([*LATE, *stepless]))
    assert found["rule"].to_list()[:4] == ["overdue"] * SAME + ["no_next_step"] * SAME
    assert found["deal_id"].to_list()[:5] == ["late00", "late01", "step0", "step1", "late02"]


def test_what_has_just_ended_has_a_place():
    ended = deal("lost", outcome="lost", outcome_at=day(99), amount=1.0)
    worse = [dict(one, next_step=None, next_step_on=None) for one in LATE]
    found = by_rule(book_of([*worse, ended]))
    assert found.filter(deal_id="lost").select("rule", "about", "detail").row(0) == ("just_ended", "learn", "lost")
    assert found.height == MOST


def test_nobody_s_name_plays_a_part_and_none_is_given():
    owners = [[dict(one, owner=f"p{i % n}", team="A") for i, one in enumerate(LATE)] for n in (1, 5)]
    found = [by_rule(book_of(deals)) for deals in owners]
    assert found[0].drop("amount").equals(found[1].drop("amount"))
    assert not PERSON_COLUMNS & set(found[0].columns)


def test_owners_are_told_for_papers_only_where_persons_is_self():
    deals = [deal("a", owner="ann"), deal("b", owner=None)]
    with pytest.raises(RankingRefused):
        owners_of(book_of(deals), ["a"])
    assert owners_of(book_of(deals, privacy=Privacy(persons="self")), ["a", "b"]) == {"a": "ann"}


def test_a_rule_that_cannot_look_is_named_once_with_the_reason():
    refused = agenda(BOOK).filter(status="refused")
    assert dict(refused.select("rule", "reason").iter_rows()) == {
        "silent": "no_activities", "criteria": "no_criteria", "amount_moved": "no_amount_changes",
        "single_contact": "no_contacts", "customer_silent": "no_revenue", "customer_due": "no_revenue",
    }  # fmt: skip
    assert refused["deal_id"].null_count() == refused.height


def test_a_book_without_stage_history_still_has_an_agenda():
    book = book_of(LATE, stage_events=[])
    assert by_rule(book).height == MOST
    assert "sleeping" in agenda(book).filter(status="refused")["rule"].to_list()


def test_an_empty_pipeline():
    found = agenda(book_of([deal("w", outcome="won", outcome_at=day(10), created_at=day(1))]))
    assert found.filter(status="ok").height == 0


def test_answers_come_in_the_kind_of_frame_that_came_in(demo):
    found = agenda(demo.replace(answers_in="pandas"))
    assert type(found.frame).__module__.startswith("pandas")
    assert found["rule"].tolist()[: MOST + 1] == agenda(demo)["rule"].to_list()[: MOST + 1]


def test_where_all_reasons_are_used_up_each_has_about_as_many():
    """Nine overdue deals are the larger ones; three of them, and one more, leave room for three of the others."""
    late = [deal(f"late{i}", expected_close_on=on(80), amount=9000.0 - i) for i in range(9)]
    aimless = [deal(f"still{i}", next_step=None, next_step_on=None, amount=100.0 - i) for i in range(9)]
    rules = Counter(by_rule(book_of([*late, *aimless]))["rule"].to_list())
    assert rules == {"overdue": 4, "no_next_step": 3}


# --- the lot ----------------------------------------------------------------------------------------------------------


def test_the_lot_is_drawn_from_open_deals_that_are_not_listed():
    lots = {listed(BOOK, seed=seed).filter("is_lot")["deal_id"][0] for seed in range(60)}
    assert lots == {f"late{i:02}" for i in range(7, 12)} | {"fine"}


def test_the_same_session_draws_the_same_deal_and_another_may_draw_another():
    first, again = (listed(BOOK, seed=1)["deal_id"].to_list() for _ in range(2))
    assert first == again
    assert len({listed(BOOK, session=on(100 + i)).filter("is_lot")["deal_id"][0] for i in range(12)}) > 1


def test_each_deal_has_the_same_chance():
    tickets = Counter(drawn("abcd", seed=seed, session=date(2026, 4, 11), book_hash="x") for seed in range(4000))
    # 1,000 each; five standard deviations of a count (sqrt(4000 · .25 · .75) = 27.4) are 137
    assert all(abs(n - 1000) < 137 for n in tickets.values())
    assert len(tickets) == 4


def test_who_drops_the_deal_drawn_by_lot_gets_no_other():
    lot = listed(BOOK).filter("is_lot")["deal_id"][0]
    assert listed(BOOK, dropped=[lot])["is_lot"].sum() == 0


def test_a_pin_of_what_the_book_has_not_takes_no_place():
    found = listed(BOOK, pinned=["nope", "late04", "late04"])
    assert (found.height, found["position"].to_list()) == (MOST + 1, list(range(1, MOST + 2)))
    assert found["deal_id"].n_unique() == found.height


def test_a_deal_that_is_parked_is_not_drawn():
    names = ["fine", *(f"late{i:02}" for i in range(7, 11))]
    away = dict.fromkeys(names, on(200))
    assert listed(BOOK, parked=away).filter("is_lot")["deal_id"].to_list() == ["late11"]


def lot_of(**asked):
    return listed(BOOK, **asked).filter("is_lot")["deal_id"].to_list()


@pytest.mark.parametrize("seed", range(8))
def test_no_choice_of_the_coach_draws_another_deal(seed):
    """By the rules late00 to late06 are listed; who is dropped, parked or pinned instead changes nothing."""
    lot = lot_of(seed=seed)
    others = [f"late{i:02}" for i in range(12) if f"late{i:02}" != lot[0]]
    for choice in ({"dropped": others[:6]}, {"parked": dict.fromkeys(others[:3], on(120))}, {"pinned": others[-3:]}):
        found = listed(BOOK, seed=seed, **choice)
        assert found.filter("is_lot")["deal_id"].to_list() == lot
        assert found["deal_id"].n_unique() == found.height


def test_the_lot_that_is_pinned_or_would_be_next_in_line_stays_the_lot():
    lot = lot_of(seed=2)[0]
    pinned = listed(BOOK, seed=2, pinned=[lot])
    assert pinned.filter(deal_id=lot).select("is_lot", "is_pinned", "rule").rows() == [(True, True, "lot")]
    assert pinned.height == MOST + 1
    last = listed(BOOK, seed=2, dropped=[f"late{i:02}" for i in range(12) if f"late{i:02}" != lot])
    assert last["deal_id"].to_list() == [lot]


def test_a_deal_parked_in_this_session_is_not_replaced_by_a_new_draw():
    """Parking is in the log at once: the draw is as it was before."""
    lot = lot_of()[0]
    assert lot_of(log=Remembered(parked=[(lot, on(120), "today"), ("late00", on(120), "today")])) == []
    assert lot_of(log=Remembered(parked=[("late00", on(120), "today")])) == [lot]


# --- requests to leave a deal out -------------------------------------------------------------------------------------


def test_a_deal_that_somebody_asked_to_leave_out_is_named_and_not_listed():
    log = Remembered(asked=[("late00", "team", 99), ("late01", "coach_and_rep", 99)])
    found = agenda(BOOK, log=log)
    assert not {"late00", "late01"} & set(found.filter(status="ok", is_lot=False)["deal_id"])
    left = found.filter(reason="asked_to_leave_out")
    assert left.select("deal_id", "rule", "status").rows() == [("late00", None, "refused")]  # late01 is between two
    back = agenda(BOOK, log=log, pinned=["late00"])
    assert back["deal_id"][0] == "late00"
    assert back.filter(reason="asked_to_leave_out").height == 0


@pytest.mark.parametrize(("held", "is_listed"), [(95, False), (99, True)])
def test_a_request_is_for_one_session(held, is_listed):
    log = Remembered(asked=[("late00", "team", 98)], held=[on(held)])
    assert ("late00" in by_rule(BOOK, log=log)["deal_id"].to_list()) is is_listed


# --- parking ----------------------------------------------------------------------------------------------------------


def test_parked_deals_are_away_until_their_day_and_then_come_back_with_that_reason():
    log = Remembered(parked=[("late00", on(105)), ("fine", on(99))])
    found = by_rule(BOOK, log=log)
    assert "late00" not in found["deal_id"].to_list()
    back = found.filter(deal_id="fine").row(0, named=True)
    assert (back["rule"], back["value"], back["on"], back["position"]) == ("returned", 1.0, on(99), 1)
    later = by_rule(BOOK, log=log, session=on(105))
    assert later.filter(deal_id="late00")["rule"].to_list() == ["returned"]


def test_a_parking_that_ended_before_the_last_session_is_no_news():
    log = Remembered(parked=[("fine", on(90))], held=[on(95)])
    assert "fine" not in by_rule(BOOK, log=log)["deal_id"].to_list()


# --- the coach's choices ----------------------------------------------------------------------------------------------


def test_pin_drop_move_park_and_undo():
    choices = Choices()
    choices = pin(choices, "fine")
    found = by_rule(BOOK, **choices.asked())
    assert (found["deal_id"][0], found["rule"][0], found["is_pinned"][0]) == ("fine", "pinned", True)
    assert found.height == MOST
    choices = drop(choices, "late00")
    assert "late00" not in listed(BOOK, **choices.asked())["deal_id"].to_list()
    choices = park(choices, "late01", on(120))
    names = by_rule(BOOK, **choices.asked())["deal_id"].to_list()
    assert "late01" not in names
    moved = move(choices, names[2], -2, names)
    assert by_rule(BOOK, **moved.asked())["deal_id"].to_list()[:3] == [names[2], names[0], names[1]]
    assert undo(moved) == choices
    assert undo(undo(undo(choices))) == Choices()
    assert undo(Choices()) == Choices()


def test_pinning_again_lets_go_and_what_was_dropped_can_be_pinned():
    assert pin(pin(Choices(), "a"), "a").pinned == ()
    back = pin(drop(Choices(), "a"), "a")
    assert (back.pinned, back.dropped) == (("a",), ())
    assert park(pin(Choices(), "a"), "a", on(120)).pinned == ()
    assert pin(park(Choices(), "a", on(120)), "a").parked == ()


def test_a_move_beyond_the_end_stays_at_the_end():
    assert move(Choices(), "a", 9, ["a", "b", "c"]).order == ("b", "c", "a")
    assert move(Choices(), "x", 1, ["a"]) == Choices()


def test_what_the_log_keeps_makes_the_same_choices_again():
    choices = Choices()
    acts = (lambda c: pin(c, "a"), lambda c: drop(c, "b"), lambda c: move(c, "d", -1, ["a", "c", "d"]),
            lambda c: pin(c, "e"), lambda c: pin(c, "a"), lambda c: drop(c, "a"), undo, undo,
            lambda c: move(c, "c", 2, ["a", "d", "c"]), lambda c: park(c, "e", on(120)))  # fmt: skip
    for act in acts:
        choices = act(choices)
        again = chosen_before(places(choices), choices.parked)
        assert {k: set(v) if k != "order" else v for k, v in again.asked().items()} == {
            k: set(v) if k != "order" else v for k, v in choices.asked().items()
        }


_ids = st.sampled_from([f"late{i:02}" for i in range(12)] + ["fine"])
_steps = st.lists(
    st.one_of(
        st.tuples(st.just(pin), _ids), st.tuples(st.just(drop), _ids),
        st.tuples(st.just(park), _ids, st.integers(101, 120).map(on)),
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(_steps, st.integers(0, 5))
def test_whatever_the_coach_chooses_the_list_holds(steps, seed):
    choices = Choices()
    for act, *given_ in steps:
        choices = act(choices, *given_)
    found = listed(BOOK, seed=seed, **choices.asked())
    names = found["deal_id"].to_list()
    assert len(set(names)) == len(names)
    assert set(choices.pinned) <= set(names)
    assert not (set(choices.dropped) - set(choices.pinned)) & set(names)
    assert not {name for name, _ in choices.parked} & set(names)
    assert found.filter(~pl.col("is_lot")).height <= max(MOST, len(choices.pinned))
    for _ in steps:
        choices = undo(choices)
    assert choices == Choices()


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_the_demo_s_agenda_of_a_team(demo):
    from kpikit.book import of_team

    found = listed(of_team(demo, "North"))
    assert found.height == MOST + 1
    assert {"save", "keep", "learn"} == set(found["about"])
    deals = demo.tables["deals"].lazy().filter(pl.col("deal_id").is_in(found["deal_id"].to_list())).collect()
    assert set(deals["team"]) == {"North"}
