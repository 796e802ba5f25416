"""Whom to ask, drawn by lot; and how many were asked and answered."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from kpikit import DealBook, UsageError, interviews
from kpikit.analysis.voices.interviews import QUESTIONS
from kpikit.calendar import Period
from kpikit.words import LANGUAGES, Words
from tests.strategies import day

INSTANT = pl.Datetime("us", "UTC")
ENDS = {"won": ("won", None), "lost": ("lost", "price"), "no_decision": ("lost", "Geen besluit")}


def deals_of(**counts):
    kinds = {"deal_id": pl.String, "pipeline": pl.String, "outcome": pl.String, "loss_reason": pl.String,
             "outcome_at": INSTANT}  # fmt: skip
    rows = []
    for end, n in counts.items():
        outcome, reason = ENDS.get(end, (end, None))
        rows += [
            {"deal_id": f"{end}{i}", "pipeline": "New", "outcome": outcome, "loss_reason": reason,
             "outcome_at": None if outcome == "open" else day(i)} for i in range(n)
        ]  # fmt: skip
    return pl.DataFrame(rows, schema=kinds)


def book_of(deals, **tables):
    return DealBook.from_frames(deals=deals, as_of=day(200), **tables)


def talks(*rows):
    kinds = {
        "deal_id": pl.String,
        "asked_at": INSTANT,
        "held_at": INSTANT,
        "permission": pl.Boolean,
        "quotable": pl.Boolean,
    }
    return pl.DataFrame([dict(zip(kinds, row, strict=False)) for row in rows], schema=kinds)


def drawn(book, *args, **asked):
    frame = interviews.draw(book, *args, **asked)
    return frame["deal_id"].to_list()


@pytest.mark.parametrize(
    ("n", "there", "places"),
    [
        (6, (9, 9, 9), (2, 2, 2)),
        (7, (9, 9, 9), (3, 2, 2)),
        (6, (9, 1, 0), (5, 1, 0)),  # who is missing leaves the places to the others
        (9, (1, 2, 9), (1, 2, 6)),
        (50, (1, 2, 3), (1, 2, 3)),  # not more than there are
        (1, (3, 3, 3), (1, 0, 0)),
    ],
)
def test_as_many_of_each_end_as_there_are(n, there, places):
    book = book_of(deals_of(**dict(zip(ENDS, there, strict=True)), open=5, void=5))
    ends = interviews.draw(book, n=n, seed=3)["end"].to_list()
    assert tuple(ends.count(end) for end in ENDS) == places


def test_only_deals_that_were_not_asked_yet():
    asked = talks(*((f"won{i}", day(20), None) for i in range(8)), ("won8", day(20), day(21)))
    book = book_of(deals_of(won=10), interviews=asked)
    assert drawn(book, 5, 1) == ["won9"]


def test_a_window_and_undated_deals():
    book = book_of(deals_of(won=40))
    frame = interviews.draw(book, n=40, seed=1, during=Period.parse("2026-01"))
    assert frame.height == 31  # day 0 is the first of January
    assert frame["n"].unique().to_list() == [31]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_lot_depends_on_seed_and_deal_alone(seed, random):
    deals = deals_of(won=12, lost=7, no_decision=5)
    expected = drawn(book_of(deals), 6, seed)
    assert drawn(book_of(deals), 6, seed) == expected
    rows = deals.to_dicts()
    random.shuffle(rows)
    assert drawn(book_of(pl.DataFrame(rows, schema=deals.schema)), n=6, seed=seed) == expected
    # more deals of another end change nothing among the won
    more = drawn(book_of(deals_of(won=12, lost=30, no_decision=9)), 6, seed)
    assert more[:2] == expected[:2]


@pytest.mark.slow
def test_every_deal_is_drawn_about_as_often():
    book = book_of(deals_of(won=10))
    counts = dict.fromkeys(book.tables["deals"]["deal_id"], 0)
    for seed in range(150):
        for deal in drawn(book, 2, seed):
            counts[deal] += 1
    # 300 drawn from 10: 30 each, standard deviation sqrt(150 x .2 x .8) = 4.9
    assert 30 - 5 * 4.9 < min(counts.values()) <= max(counts.values()) < 30 + 5 * 4.9


def test_nobody_is_drawn_from_nothing_and_none_is_refused():
    assert interviews.draw(book_of(deals_of(open=3)), n=3, seed=1).height == 0
    with pytest.raises(UsageError, match="at least one"):
        interviews.draw(book_of(deals_of(won=3)), n=0, seed=1)


def test_asked_and_answered():
    rows = [(f"lost{i}", day(30), day(31) if i < 4 else None, i < 3, i < 2) for i in range(6)]
    rows += [("lost0", day(40), None), ("won0", day(30), None), ("open0", day(30), day(31), True, True)]
    book = book_of(deals_of(won=5, lost=9, no_decision=3, open=2), interviews=talks(*rows))
    found = {row["end"]: row for row in interviews.asked(book).to_dicts()}
    names = ("n_decided", "n", "n_events", "n_permitted", "n_quotable")
    assert {end: tuple(row[k] for k in names) for end, row in found.items()} == {
        "all": (17, 7, 4, 3, 2), "won": (5, 1, 0, 0, 0), "lost": (9, 6, 4, 3, 2), "no_decision": (3, 0, 0, 0, 0),
    }  # fmt: skip
    assert (found["all"]["low"], found["all"]["high"]) == pytest.approx(proportion_confint(4, 7, method="wilson"))
    assert (found["won"]["status"], found["won"]["value"]) == ("too_few", None)


def test_nobody_was_ever_asked():
    found = interviews.asked(book_of(deals_of(won=5)))
    assert found.filter(pl.col("end") == "all").select("n_decided", "n", "n_events").row(0) == (5, 0, 0)


def test_the_form_asks_permission_first_in_both_languages():
    assert QUESTIONS[:2] == ("permission", "quotable")
    assert len(QUESTIONS) == 6
    for language in LANGUAGES:
        asked = [Words(language).say(f"interview.{code}") for code in QUESTIONS]
        assert len(set(asked)) == 6
        assert all(question.count("?") >= 1 for question in asked)
