"""What is new about an export since the last look at it, from two books made by hand."""

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings

from kpikit import DealBook
from kpikit.book.fitness.news import news, summary
from kpikit.show.page import Message
from kpikit.words import Words
from tests.strategies import as_book, day, deal_rows


def book_of(n=10, *, stages=("A", "B"), owners=("ann", "bob"), as_of=100, **columns):
    rows = {
        "deal_id": [f"d{i}" for i in range(n)], "pipeline": ["p"] * n, "outcome": ["open"] * n,
        "created_at": [day(i) for i in range(n)], "stage": [stages[i % len(stages)] for i in range(n)],
        "owner": [owners[i % len(owners)] for i in range(n)], **{k: [v] * n for k, v in columns.items()},
    }  # fmt: skip
    return DealBook.from_frames(deals=pl.DataFrame(rows), as_of=day(as_of))


def new(before, now):
    before, now = (json.loads(json.dumps(summary(book))) for book in (before, now))
    found = list(news(before, now))
    for finding in found:  # each can be said in both languages
        values = {k: getattr(finding, k) for k in ("subject", "n", "of", "example", "at")}
        for language in ("en", "nl"):
            assert Message(f"fitness.{finding.code}", values).in_words(Words(language))
    return [(f.code, f.subject, f.n, f.of, f.example) for f in found]


def test_nothing_new_about_the_same_book():
    assert new(book_of(), book_of()) == []
    assert new(book_of(), book_of(as_of=130)) == []


def test_stages_that_came_and_went():
    assert new(book_of(), book_of(stages=("B", "C", "D"))) == [
        ("new_stage", "stages", 2, None, "C (p), D (p)"),
        ("gone_stage", "stages", 1, None, "A (p)"),
    ]


def test_owners_that_came_and_went_are_counted_and_not_named():
    found = new(book_of(owners=("ann", "bob")), book_of(owners=("bob", "cem", "dea")))
    assert found == [("new_owners", "deals.owner", 2, 3, None), ("gone_owners", "deals.owner", 1, 3, None)]


def test_a_memory_names_nobody():
    kept = json.dumps(summary(book_of(owners=("Ann Bakker", "Bob Smit"))))
    assert "Ann" not in kept
    assert "Smit" not in kept


def test_a_column_that_is_empty_now():
    found = new(book_of(source="web", segment="big"), book_of(source="web"))
    assert found == [("gone_column", "deals.segment", None, None, None)]
    assert new(book_of(), book_of(source="web")) == []  # a column more is no news


def test_a_table_that_is_gone_is_said_once_and_not_column_by_column():
    people = pl.DataFrame({"owner": ["ann"], "team": ["North"]})
    n = 4
    deals = pl.DataFrame(
        {"deal_id": [f"d{i}" for i in range(n)], "pipeline": ["p"] * n, "outcome": ["open"] * n,
         "created_at": [day(0)] * n, "owner": ["ann"] * n, "team": ["North"] * n}
    )  # fmt: skip
    both = DealBook.from_frames(deals=deals, people=people, as_of=day(9))
    assert new(both, DealBook.from_frames(deals=deals, as_of=day(9))) == [("gone_table", "people", None, None, None)]


@pytest.mark.parametrize(("n", "is_said"), [(79, True), (81, False), (100, False), (150, False), (1, True)])
def test_fewer_rows_by_more_than_a_fifth(n, is_said):
    found = [f for f in new(book_of(100), book_of(n)) if f[0] == "fewer_rows"]
    assert found == ([("fewer_rows", "deals", n, 100, None)] if is_said else [])


def test_data_that_end_earlier_than_before():
    found = new(book_of(as_of=100), book_of(as_of=60))
    assert found == [("earlier", "deals", None, None, "2026-04-11")]  # 1 January + 100 days
    (finding,) = news(summary(book_of(as_of=100)), summary(book_of(as_of=60)))
    assert finding.at == date(2026, 3, 2)  # 1 January + 60 days


def test_stages_that_are_only_declared_count_too():
    stages = pl.DataFrame({"pipeline": ["p", "p"], "stage": ["A", "Z"], "position": [1, 2]})
    deals = book_of(4, stages=("A",)).tables["deals"].select("deal_id", "pipeline", "outcome", "created_at", "stage")
    declared = DealBook.from_frames(deals=deals, stages=stages, as_of=day(9))
    assert summary(declared)["stages"] == ["A (p)", "Z (p)"]
    assert summary(declared)["as_of"] == datetime(2026, 1, 10, tzinfo=UTC).date().isoformat()


@settings(max_examples=15, deadline=None)
@given(deal_rows())
def test_any_book_has_a_summary_that_json_can_keep_and_no_news_of_itself(rows):
    kept = summary(as_book(rows))
    assert list(news(json.loads(json.dumps(kept)), kept)) == []
