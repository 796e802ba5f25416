"""A column of another file by a key: exact, then by letters, else said."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit.book.door.grammar.lookup import look_up
from kpikit.reading.files import from_frame


def found(keys, other):
    asking = from_frame(pl.DataFrame({"k": keys}, schema={"k": pl.String}), "asking")
    answering = from_frame(pl.DataFrame(other, schema=["key", "answer"], orient="row"), "other")
    answers, faults = look_up(asking.frame["k"], asking, answering, "key", "answer")
    return answers.to_list(), {fault.rule: (fault.row, fault.value, fault.n) for fault in faults}


BOOK = [("GTX Pro", "1"), ("MG-Special", "2"), ("Basic", "3")]


@pytest.mark.parametrize(
    ("key", "answer", "rule"),
    [
        ("GTX Pro", "1", None),
        (" GTX Pro ", "1", None),  # outer spaces do not count
        ("GTXPro", "1", "lookup_near"),
        ("gtx-pro", "1", "lookup_near"),
        ("mgspecial", "2", "lookup_near"),
        ("basic!", "3", "lookup_near"),
        ("Basics", None, "lookup_missed"),
        ("???", None, "lookup_missed"),  # no letters at all: like nothing
        ("", None, None),  # an empty key is no question
        (None, None, None),
    ],
)
def test_one_key(key, answer, rule):
    answers, faults = found([key], BOOK)
    assert answers == [answer]
    assert set(faults) == ({rule} if rule else set())


def test_answers_stand_in_the_order_of_the_keys_and_repeat():
    answers, faults = found(["Basic", "GTXPro", "x", "GTX Pro", "Basic", None, "y", "x"], BOOK)
    assert answers == ["3", "1", None, "1", "3", None, None, None]
    # row 3 holds the one that is near; rows 4, 8 and 9 hold x, y and x: three rows, two values
    assert faults == {"lookup_near": (3, "GTXPro", 1), "lookup_missed": (4, "x", 3)}


def test_an_exact_key_wins_over_one_that_is_near():
    assert found(["A B", "AB", "a-b"], [("AB", "1"), ("A B", "2")])[0] == ["2", "1", None]


def test_two_keys_with_the_same_letters_settle_nothing():
    answers, faults = found(["ab"], [("A B", "1"), ("A-B", "2")])
    assert answers == [None]
    assert set(faults) == {"lookup_missed"}


def test_of_a_repeated_key_the_first_row_counts_and_the_others_are_said():
    answers, faults = found(["a", "b"], [("a", "1"), ("b", "2"), ("a", "3"), (" a ", "4")])
    assert answers == ["1", "2"]
    assert faults == {"lookup_repeated": (4, "a", 2)}  # rows 4 and 5: the header is row 1


def test_a_found_key_may_have_an_empty_answer():
    answers, faults = found(["a"], [("a", None), ("b", "2")])
    assert answers == [None]
    assert faults == {}


def test_keys_that_are_numbers():
    asking = from_frame(pl.DataFrame({"k": [7, 8]}), "asking")
    other = from_frame(pl.DataFrame({"key": ["7", "9"], "answer": [1.5, 2.5]}), "other")
    answers, _ = look_up(asking.frame["k"], asking, other, "key", "answer")
    assert answers.to_list() == [1.5, None]


def test_an_empty_book_answers_nothing():
    answers, faults = found(["a"], [])
    assert answers == [None]
    assert set(faults) == {"lookup_missed"}


_KEYS = st.text(alphabet="ab-é 1.", max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(_KEYS | st.none(), max_size=8), st.lists(_KEYS, max_size=8))
def test_an_exact_key_always_finds_the_first_row_that_has_it(keys, names):
    answers, faults = found(keys, [(name, str(i)) for i, name in enumerate(names)])
    stripped = [name.strip() for name in names]
    assert len(answers) == len(keys)
    for key, answer in zip(keys, answers, strict=True):
        if key is not None and key.strip() and key.strip() in stripped:
            assert answer == str(stripped.index(key.strip()))
        elif not (key or "").strip():
            assert answer is None
    missed = faults.get("lookup_missed", (0, 0, 0))[2] + faults.get("lookup_near", (0, 0, 0))[2]
    assert missed == sum(bool((k or "").strip()) and k.strip() not in stripped for k in keys)
