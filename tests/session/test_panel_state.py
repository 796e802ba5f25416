"""Where the room is: a frozen value, and what each click makes of it."""

from dataclasses import FrozenInstanceError
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpikit.errors import UsageError
from kpikit.session.panel import state as on
from kpikit.session.panel.state import Ack, State


def test_it_begins_with_the_customer_not_with_the_deals():
    assert (State().place, State().deal, State().saying) == ("opening", None, "prediction")


def test_a_state_is_a_value():
    with pytest.raises(FrozenInstanceError):
        State().place = "deals"


def test_choosing_a_deal_shows_it_and_asks_for_the_prediction_first():
    before = on.edit(on.select(State(), "a", "learned"), "entry", "learned")
    after = on.select(before, "b")
    assert (after.place, after.deal, after.saying, after.editing) == ("deals", "b", "prediction", None)
    assert before.deal == "a", "the value before is untouched"


def test_after_the_prediction_the_room_talks():
    assert [on.after(saying) for saying in on.SAYINGS] == [
        "learned", "learned", "worked", "did_not", "agreement", "note", "prepared"
    ]  # fmt: skip


def test_sorting_by_the_same_column_again_turns_round():
    by_amount = on.sorted_by(State(), "amount")
    assert [by_amount.sort, on.sorted_by(by_amount, "amount").sort] == ["amount", "-amount"]
    assert on.sorted_by(on.sorted_by(by_amount, "amount"), "amount").sort == "amount"


@pytest.mark.parametrize(
    ("change", "value"),
    [(on.go, "x"), (on.look, ""), (on.say, "erased"), (on.sorted_by, "owner"), (on.shown_to, "manager")],
)
def test_what_the_panel_does_not_know_is_refused(change, value):
    with pytest.raises(UsageError, match="It knows"):
        change(State(), value)


def test_nobody_can_sort_deals_by_person():
    assert not {"owner", "author", "by"} & set(on.SORTS)


def test_pin_drop_move_park_and_back():
    state = on.park(on.move(on.drop(on.pin(State(), "a"), "b"), "d", -1, ["a", "c", "d"]), "e", date(2026, 11, 1))
    choices = state.choices
    assert (choices.pinned, choices.dropped, choices.order) == (("a",), ("b",), ("a", "d", "c"))
    assert dict(choices.parked) == {"e": date(2026, 11, 1)}
    for _ in range(4):
        state = on.undo(state)
    assert state.choices == State().choices
    assert on.undo(state).choices == State().choices, "there is nothing before the beginning"


def test_an_answer_that_failed_twice_is_news_each_time():
    once = on.acknowledged(State(), "id", Ack(failed="full"))
    twice = on.acknowledged(once, "id", Ack(failed="full"))
    assert (once.acks["id"].again, twice.acks["id"].again) == (1, 2)
    assert on.acknowledged(twice, "id", Ack(saved="10:42")).acks["id"].saved == "10:42"


def test_a_failure_keeps_what_is_being_edited_on_the_screen():
    editing = on.edit(State(), "entry", "learned")
    assert on.acknowledged(editing, "id", Ack(failed="full")).editing == "entry"
    assert on.acknowledged(editing, "id", Ack(saved="10:42")).editing is None


def test_the_last_fifty_answers_are_kept():
    state = State()
    for i in range(80):
        state = on.acknowledged(state, str(i), Ack(saved="10:42"))
    assert list(state.acks) == [str(i) for i in range(30, 80)]


_DEALS = st.sampled_from("abc")
_ACTS = st.one_of(
    st.tuples(st.just(on.pin), _DEALS),
    st.tuples(st.just(on.drop), _DEALS),
    st.tuples(st.just(on.park), _DEALS, st.dates(date(2026, 1, 1), date(2027, 1, 1))),
    st.tuples(st.just(on.move), _DEALS, st.integers(-3, 3), st.just(["a", "b", "c"])),
)


@given(st.lists(_ACTS, max_size=8), _ACTS)
def test_undo_is_the_agenda_before_whatever_was_done(acts, last):
    state = State()
    for change, *values in acts:
        state = change(state, *values)
    change, *values = last
    after = change(state, *values)
    assert on.undo(after).choices == (state.choices if after.choices is not state.choices else on.undo(state).choices)
    assert not set(after.choices.pinned) & set(after.choices.dropped)
