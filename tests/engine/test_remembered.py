"""What is computed of a value stays with it, is computed once, and goes when it goes: books too."""

import gc
import pickle
import weakref
from datetime import UTC, date, datetime

import pytest

from kpikit import DealBook, cohorts, retention, review, velocity, winloss
from kpikit.book.opening import open_book
from kpikit.engine.buckets import visits
from kpikit.engine.remembered import remembered
from tests.strategies import read_anew, spell_rows


class Owner:
    pass


def counted(most=2):
    asked = []

    @remembered(most)
    def square(owner, x, *, plus=0):
        asked.append((x, plus))
        return owner, x * x + plus

    return square, asked


def test_a_question_is_computed_once_for_each_set_of_arguments():
    square, asked = counted(3)
    one, two = Owner(), Owner()
    assert [square(one, 3)[1], square(one, 3)[1], square(one, 3, plus=1)[1], square(two, 3)[1]] == [9, 9, 10, 9]
    assert asked == [(3, 0), (3, 1), (3, 0)]


def test_the_latest_asked_stay():
    square, asked = counted(2)
    one = Owner()
    for x in (1, 2, 1, 3, 1, 2):  # 3 puts 2 out: 1 was asked since
        square(one, x)
    assert [x for x, _ in asked] == [1, 2, 3, 2]


def test_what_failed_is_not_kept():
    asked = []

    @remembered(1)
    def refuse(owner):
        asked.append(owner)
        raise ValueError

    one = Owner()
    for _ in range(2):
        with pytest.raises(ValueError):
            refuse(one)
    assert len(asked) == 2


def test_an_answer_that_holds_its_owner_does_not_keep_it_alive():
    square, _ = counted()
    one = Owner()
    square(one, 3)
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None


def small(i: int) -> DealBook:
    rows = [(day, 3 + (day + i) % 20, ("advance", "lost")[day % 2]) for day in range(40)]
    return read_anew(spell_rows(rows, as_of=400, segment=["big", "small"] * 20, amount=[5.0] * 40))


def ask_much(book: DealBook) -> None:
    now, before = (book.settings.period(name) for name in ("2026Q2", "2026Q1"))
    velocity.time_in_stage(book, by=["segment"])
    velocity.exits(book, during=now)
    velocity.compare(book, during=now, before=before)
    velocity.sleeping_rate(book)
    velocity.course(book, deal_id=book.tables["deals"]["deal_id"][0])
    winloss.wins(book, by=["segment"])
    winloss.win_rate(book)
    cohorts.win_curves(book)
    retention.renewal(book)
    book.fitness()


# what else lies about in the process goes with it here: a widget without its kernel says so while it goes
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dozen_books_asked_and_dropped_leave_none_alive():
    alive = []
    for i in range(12):
        book = small(i)
        ask_much(book)
        if i % 4 == 0:
            winloss.definitions(book)
            review.agenda(book, session=date(2026, 6, 1))
        alive += [weakref.ref(book), weakref.ref(book.tables["deals"]), weakref.ref(next(visits(book)))]
        del book
    gc.collect()
    assert [found for ref in alive if (found := ref()) is not None] == []


def test_books_of_a_file_and_of_the_past_go_too():
    book = open_book("demo").at(datetime(2026, 1, 1, tzinfo=UTC))
    velocity.time_in_stage(book)
    gone = weakref.ref(book)
    del book
    gc.collect()
    assert gone() is None


def test_a_copy_and_a_book_that_was_sent_elsewhere_remember_nothing():
    book = small(1)
    before = len(pickle.dumps(book))
    velocity.time_in_stage(book)
    sent = pickle.loads(pickle.dumps(book))
    assert "_remembered" in vars(book)
    assert "_remembered" not in vars(book.replace(team="Liège"))
    assert "_remembered" not in vars(sent)
    assert len(pickle.dumps(book)) == before
    assert velocity.time_in_stage(sent).equals(velocity.time_in_stage(book).frame)
