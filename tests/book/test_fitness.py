"""What an export can answer and what in it deserves a look: each finding by a book made by hand, then any book."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpikit import DealBook, Settings
from kpikit.book.fitness.finding import SCHEMA
from kpikit.kpi import cards
from kpikit.show import fitness_words as fitness_part
from kpikit.words import Words
from tests.strategies import as_book, as_frames, day, deal_rows

STAGES = pl.DataFrame(
    {
        "pipeline": ["p"] * 4, "stage": ["A", "B", "C", "Won"], "position": [1, 2, 3, 4],
        "is_won": [False, False, False, True],
    }
)  # fmt: skip


def frame(rows):
    return pl.from_dicts(rows, infer_schema_length=None)


def deal(i, created=0, won=None, lost=None, **more):
    """A deal that began on a day, and was won or lost on a day."""
    outcome = "open" if won is lost is None else "lost" if won is None else "won"
    ended = won if won is not None else lost
    return {
        "deal_id": f"d{i}", "pipeline": "p", "outcome": outcome,
        "created_at": None if created is None else day(created),
        "outcome_at": None if ended is None else day(ended), **more,
    }  # fmt: skip


def visit(i, stage, at, seq=None):
    return {"deal_id": f"d{i}", "stage": stage, "entered_at": day(at), "seq": seq}


def book_of(deals, events=(), as_of=400, stages=STAGES, zone="UTC", currency=None, **tables):
    given = {"stage_events": frame(events), "stages": stages} if events else {}
    made = Settings(time_zone=zone, currency=currency)
    return DealBook.from_frames(deals=frame(deals), **given, **tables, as_of=day(as_of), settings=made)


def found(book, code, subject=None):
    """The findings of a code as (status, n, of, example, at)."""
    rows = book.fitness().filter(code=code).to_dicts()
    return [
        (r["status"], r["n"], r["of"], r["example"], r["at"])
        for r in rows
        if subject is None or r["subject"] == subject
    ]


def one(book, code, subject=None):
    (row,) = found(book, code, subject)
    return row


# --- answers ---------------------------------------------------------------------------------------------------------


def test_every_question_is_answered_or_refused_with_a_reason_that_has_words():
    book = book_of([deal(1), deal(2, won=5), deal(3, lost=6)])
    rows = book.fitness().filter(part="answers")
    assert sorted(rows["subject"]) == sorted(cards())
    assert set(rows["code"]) == {"answered", "refused"}
    for row in rows.to_dicts():
        assert (row["code"] == "refused") == (row["status"] == "missing") == (row["reason"] is not None)
        if row["reason"]:
            assert all(Words(language).has(f"reason.{row['reason']}") for language in ("en", "nl"))


@pytest.mark.parametrize(
    ("question", "deals", "more", "reason"),
    [
        ("time_in_stage", [deal(1, won=5, amount=1.0)], {}, "no_stage_history"),
        ("time_in_stage", [deal(1, won=5)], {"events": [visit(1, "A", 0)], "stages": None}, "no_stage_order"),
        ("time_in_stage", [deal(1, won=5)], {"events": [visit(1, "A", 0)]}, None),
        ("wins", [deal(1, won=None) | {"outcome": "won"}, deal(2)], {}, "no_outcome_at"),
        ("wins", [deal(1), deal(2)], {}, None),  # nothing has ended yet: that is an answer
        ("cycle", [deal(1, created=None, won=5)], {}, "no_created_at"),
        ("win_rate_value", [deal(1, won=5)], {}, "no_amount"),
        ("win_rate_value", [deal(1, won=5, amount=1.0)], {}, None),
        ("reasons", [deal(1, lost=5)], {}, "no_loss_reason"),
        ("reasons", [deal(1, lost=5, loss_reason="price")], {}, None),
    ],
)
def test_what_a_question_needs(question, deals, more, reason):
    more = {k: v for k, v in more.items() if not (k == "stages" and v is None)} | (
        {"stages": STAGES.clear()} if more.get("stages", 0) is None else {}
    )
    row = book_of(deals, **more).fitness().filter(part="answers", subject=question).to_dicts()[0]
    assert row["reason"] == reason


@pytest.mark.parametrize("language", ["en", "nl"])
def test_every_question_has_a_name(language):
    # a refused question is said by its name: without one, kpikit check ends in a KeyError
    assert [card for card in cards() if not Words(language).has(f"kpi.{card}")] == []


def test_the_demo_answers_all_and_has_nothing_missing(demo):
    rows = demo.fitness()
    assert dict(rows.schema) == SCHEMA
    assert rows.filter((pl.col("part") == "answers") & (pl.col("status") != "fine")).is_empty()


# --- history ---------------------------------------------------------------------------------------------------------


def test_no_history_at_all():
    assert one(book_of([deal(1), deal(2)]), "no_stage_history") == ("missing", None, 2, None, None)


@pytest.mark.parametrize(
    ("started", "status", "n"),
    [
        (50, "look", 5),  # stages are known from day 50; deals of days 0, 10, 20, 30, 40 began before
        (31, "look", 4),  # day 31 is more than 30 days after day 0: 0, 10, 20 and 30
        (30, "fine", 3),  # 30 days are not
    ],
)
def test_a_history_that_starts_on_a_day(started, status, n):
    deals = [deal(i, created=10 * i) for i in range(20)]
    events = [visit(i, "A", max(10 * i, started)) for i in range(20)]
    on = date(2026, 1, 1 + started) if started <= 30 else day(started).date()
    assert one(book_of(deals, events), "history_from") == (status, n, 20, None, on)


def test_deals_without_any_history():
    deals = [deal(i) for i in range(100)]
    assert one(book_of(deals, [visit(i, "A", 0) for i in range(98)]), "deals_without_history")[:3] == ("fine", 2, 100)
    assert one(book_of(deals, [visit(i, "A", 0) for i in range(97)]), "deals_without_history") == (
        "look", 3, 100, "d97", None
    )  # fmt: skip


def test_deals_first_recorded_late_on_the_clock():
    deals = [deal(1), deal(2), deal(3), deal(4, recorded_at=day(5)), deal(5, created=None)]
    events = [visit(1, "A", 0), visit(2, "A", 1), visit(3, "A", 1.01), visit(4, "A", 0), visit(5, "A", 9)]
    # deal 2 a day late is not more than a day; 3 entered late, 4 was recorded late; 5 has no beginning
    assert one(book_of(deals, events), "left_truncated") == ("look", 2, 4, None, None)


def test_deals_first_recorded_at_a_later_stage():
    deals = [deal(i) for i in range(4)]
    events = [
        visit(0, "A", 0),
        visit(0, "C", 1),
        visit(1, "B", 0),
        visit(1, "A", 1),
        visit(2, "C", 0),
        visit(3, "?", 0),
    ]
    # deals 1 and 2 began at B and C; deal 3's stage is not declared
    assert one(book_of(deals, events), "recorded_late") == ("look", 2, 3, None, None)


def test_without_a_list_of_stages_nothing_is_said_about_the_first_of_them():
    book = book_of([deal(0), deal(1)], [visit(0, "C", 0), visit(1, "A", 3)])
    book = book.replace(tables={name: table for name, table in book.tables.items() if name != "stages"})
    assert found(book, "recorded_late") == []
    assert one(book, "left_truncated") == ("look", 1, 2, None, None)


def test_the_lowest_open_stage_counts_even_where_a_closed_one_stands_first():
    stages = STAGES.with_columns(position=pl.Series([2, 3, 4, 1]))
    events = [visit(0, "A", 0), visit(1, "A", 0)]
    assert one(book_of([deal(0), deal(1)], events, stages=stages), "recorded_late")[:3] == ("fine", 0, 2)


def test_a_history_that_ends_elsewhere_than_the_deal_stands():
    deals = [deal(0, stage="B"), deal(1, stage="A"), deal(2, stage="Won", won=9), deal(3), deal(4, stage="C")]
    events = [visit(i, stage, k) for i in range(4) for k, stage in enumerate(("A", "B"))]
    # deal 1 ends at B but stands at A; deal 2's Won is no open stage; deal 3 says no stage; deal 4 has no history
    assert one(book_of(deals, events), "stage_mismatch") == ("look", 1, 2, "d1", None)


def test_the_last_event_of_one_instant_is_that_with_the_highest_number():
    deals = [deal(0, stage="B")]
    events = [visit(0, "B", 3, seq=2), visit(0, "A", 3, seq=1)]
    assert one(book_of(deals, events), "stage_mismatch")[:3] == ("fine", 0, 1)


def test_two_stages_in_one_instant():
    deals = [deal(i) for i in range(4)]
    events = [visit(0, "A", 0), visit(0, "B", 0), visit(1, "A", 0), visit(1, "B", 1), visit(2, "A", 0)]
    # deals 0 and 1 have several events, deal 0 two in one instant
    assert one(book_of(deals, events), "clock_ties") == ("look", 1, 2, None, None)


@pytest.mark.parametrize(("zone", "status", "n"), [("UTC", "look", 3), ("Europe/Amsterdam", "fine", 1)])
def test_days_without_a_time_of_day_in_the_books_own_zone(zone, status, n):
    deals = [deal(i) for i in range(4)]
    events = [*(visit(i, "A", i) for i in range(3)), visit(3, "A", 3 + 23 / 24)]  # 23:00 UTC is midnight in Amsterdam
    assert one(book_of(deals, events, zone=zone), "no_clock") == (status, n, 4, None, None)


def _funnel(first_end):
    """A deal a day for 300 days, each won after 20 days; ends before a day are not known."""
    return [deal(i, created=i, won=max(i + 20, first_end)) for i in range(300)]


def test_ends_that_are_only_known_from_a_day_on():
    # deals of days 0 to 99 began before the first end; later ones take 20 days, so days 0 to 79 should have ended
    assert one(book_of(_funnel(100)), "outcomes_start") == ("look", 100, 300, None, date(2026, 4, 11))


@pytest.mark.parametrize(
    ("first_end", "why"), [(0, "the first end comes 20 days after the first beginning"), (29, "a gap of under 30 days")]
)
def test_ends_that_come_when_they_should(first_end, why):
    assert found(book_of(_funnel(first_end)), "outcomes_start") == [], why


def test_a_young_process_in_which_nothing_ends_early():
    # every deal takes 60 days, so the first end after 60 days is no surprise
    assert found(book_of([deal(i, created=i, won=i + 60) for i in range(200)]), "outcomes_start") == []


# --- ages, due dates, imports ----------------------------------------------------------------------------------------


def test_open_deals_older_than_any_that_ended():
    deals = [
        deal(0, won=40),
        deal(1, created=10, lost=25),
        deal(2, created=0),
        deal(3, created=60),
        deal(4, created=61),
    ]
    # at day 100 they are 100, 40 and 39 days old; the longest that ended took 40
    assert one(book_of(deals, as_of=100), "open_older") == ("look", 1, 3, "40", None)


def test_the_expected_close_of_an_open_deal_is_not_how_long_deals_take():
    deals = [deal(0, won=40), deal(1, created=0), deal(2, created=70) | {"outcome_at": day(370)}]
    # the last is to close after 300 days, but the longest that ended took 40; at day 100 one is 100 days old, one 30
    assert one(book_of(deals, as_of=100), "open_older")[:4] == ("look", 1, 2, "40")


def test_without_an_end_nothing_is_older():
    assert found(book_of([deal(0), deal(1)]), "open_older") == []


def test_open_deals_past_their_expected_close():
    due = [day(99).date(), day(100).date(), day(101).date(), None]
    deals = [deal(i, expected_close_on=on) for i, on in enumerate(due)]
    deals.append(deal(9, won=5, expected_close_on=day(1).date()))  # it has ended: nothing is due
    assert one(book_of(deals, as_of=100), "overdue") == ("look", 1, 3, None, None)


def test_overdue_is_by_the_local_day():
    deals = [deal(0, expected_close_on=day(100).date())]
    assert one(book_of(deals, as_of=100 + 23.5 / 24, zone="Europe/Amsterdam"), "overdue")[:3] == ("look", 1, 1)


def test_a_day_on_which_far_more_began_than_usual():
    deals = [deal(i, created=i) for i in range(10)] + [deal(100 + i, created=4.5) for i in range(30)]
    # day 4 has its own deal and 30 more of 40; other days one
    assert one(book_of(deals), "import_spike", "deals") == ("look", 31, 40, None, date(2026, 1, 5))


@pytest.mark.parametrize(
    ("many", "days"),
    [
        (18, 10),  # 19 on the day: fewer than 20
        (30, 4),  # four days are too few to know what is usual
    ],
)
def test_what_is_no_import(many, days):
    deals = [deal(i, created=i) for i in range(days)] + [deal(100 + i, created=2.5) for i in range(many)]
    assert found(book_of(deals), "import_spike") == []


def test_an_import_of_stage_events():
    deals = [deal(i, created=i) for i in range(40)]
    events = [visit(i, "A", 50.5 if i < 34 else 60 + i) for i in range(40)]
    assert one(book_of(deals, events), "import_spike", "stage_events") == ("look", 34, 40, None, day(50).date())


# --- gaps ------------------------------------------------------------------------------------------------------------


def test_cells_that_are_empty_of_those_that_should_be_filled():
    deals = [deal(0, won=3, amount=5.0, source="web"), deal(1, won=4, source=None), deal(2, lost=5), deal(3)]
    book = book_of(deals)
    assert one(book, "empty", "deals.amount") == ("look", 1, 2, None, None)  # of the won
    assert one(book, "empty", "deals.source") == ("look", 3, 4, None, None)
    assert one(book, "empty", "deals.created_at") == ("fine", 0, 4, None, None)
    assert one(book, "empty", "deals.outcome_at") == ("fine", 0, 3, None, None)  # of the decided
    assert one(book, "empty", "deals.loss_reason") == ("missing", 1, 1, None, None)  # of the lost
    assert one(book, "empty", "deals.expected_close_on") == ("missing", 1, 1, None, None)  # of the open


def test_two_in_a_hundred_empty_is_no_news():
    deals = [deal(i, owner=None if i < 2 else "ann") for i in range(100)]
    assert one(book_of(deals), "empty", "deals.owner")[:3] == ("fine", 2, 100)


def test_a_column_of_nobody_is_not_asked_for():
    assert found(book_of([deal(0)]), "empty", "deals.loss_reason") == []


def test_amounts_without_a_rate_are_counted_by_currency():
    rates = pl.DataFrame({"currency": ["USD"], "on": [date(2026, 2, 1)], "rate": [0.9]})
    given = [("EUR", 0), ("USD", 40), ("USD", 3), ("GBP", 40), ("GBP", 50), (None, 0)]  # the rate is of day 31
    deals = [deal(i, created=at, currency=currency, amount=10.0) for i, (currency, at) in enumerate(given)]
    deals.append(deal(9, currency="GBP"))  # nothing to price
    assert found(book_of(deals, currency="EUR", rates=rates), "missing_rate") == [
        ("look", 2, 6, "GBP", None),
        ("look", 1, 6, "USD", None),
    ]


def test_words_for_nothing():
    sources = ["unknown", "Other", "web", None, "onbekend", "UNKNOWN ", "web"]
    deals = [deal(i, source=source) for i, source in enumerate(sources)]
    status, n, of, example, _ = one(book_of(deals), "nothing_said", "deals.source")
    assert (status, n, of) == ("look", 4, 6)
    assert example in sources


@pytest.mark.parametrize(("n", "status"), [(1, "fine"), (2, "look")])
def test_one_word_for_nothing_in_twenty_is_no_news(n, status):
    deals = [deal(i, source="unknown" if i < n else f"s{i}") for i in range(20)]
    assert one(book_of(deals), "nothing_said", "deals.source")[:3] == (status, n, 20)


def test_one_value_nearly_everywhere():
    amounts = [*[1000.0] * 11, *range(1, 10)]  # 11 of 20
    deals = [deal(i, amount=float(a), segment="SMB" if i < 19 else "big") for i, a in enumerate(amounts)]
    book = book_of(deals)
    assert one(book, "one_value", "deals.amount") == ("look", 11, 20, "1000.0", None)
    assert one(book, "one_value", "deals.segment") == ("look", 19, 20, "SMB", None)


@pytest.mark.parametrize(("column", "n"), [("amount", 10), ("segment", 18), ("amount", 20)])
def test_what_is_no_default(column, n):
    """Half of the amounts, nine in ten of the names, and a column with one value alone."""
    values = (
        [1.0 if i < n else 2.0 + i for i in range(20)]
        if column == "amount"
        else ["a" if i < n else "b" for i in range(20)]
    )
    assert found(book_of([deal(i, **{column: v}) for i, v in enumerate(values)]), "one_value", f"deals.{column}") == []


def test_owners_without_a_team_and_people_without_a_deal():
    people = pl.DataFrame({"owner": ["ann", "ann", "Bobbie", "Cemal"], "team": ["N", "S", "N", "S"]})
    deals = [deal(i, owner=owner) for i, owner in enumerate(("ann", "ann", "Dries", "Evelien", None))]
    book = book_of(deals, people=people)
    assert one(book, "owners_without_team") == ("look", 2, 3, None, None)  # of ann, Dries and Evelien the last two
    assert one(book, "people_without_deals") == ("look", 2, 3, None, None)  # of ann, Bobbie and Cemal
    everybody = str(book.fitness().to_dicts())
    assert not any(name in everybody for name in ("Dries", "Evelien", "Bobbie", "Cemal"))


def test_tables_that_are_not_there():
    notes = pl.DataFrame({"deal_id": ["d0"], "at": [day(1)], "kind": ["story"], "text": ["They said so."]})
    book = book_of([deal(0)], notes=notes)
    missing = book.fitness().filter(code="no_table")["subject"].to_list()
    assert "people" in missing
    assert "interviews" in missing
    assert "notes" not in missing


# --- the door --------------------------------------------------------------------------------------------------------


def test_what_the_door_set_aside_and_warned_of():
    deals = [*(deal(i) for i in range(20)), deal(3, won=8), deal(30, won=5, amount=-4.0)]
    rows = book_of(deals).fitness().filter(part="door").to_dicts()
    assert [(r["code"], r["subject"], r["reason"], r["n"]) for r in rows] == [
        ("dropped", "deals", "duplicate_id", 1),
        ("warned", "amount", "negative_amount", 1),
    ]


def test_at_neither_door_does_the_expected_close_of_an_open_deal_say_how_far_the_data_go(tmp_path):
    from kpikit.book import trust

    rows = frame([deal(0, won=40), deal(1, created=50) | {"outcome_at": day(200)}])
    for book in (DealBook.from_frames(deals=rows), trust(tmp_path / "trusted", deals=rows.lazy())):
        assert book.as_of == day(50)
        ends = book.tables["deals"].lazy().collect().sort("deal_id")["outcome_at"].to_list()
        assert ends == [day(40), None]


# --- any book --------------------------------------------------------------------------------------------------------


def _said(book, language="en"):
    findings = book.fitness()
    parts = [fitness_part.answered(findings)]
    for part in (fitness_part.refused, fitness_part.looked, fitness_part.missing):
        parts += part(findings)
    return [message.in_words(Words(language)) for message in parts]


def test_every_finding_can_be_said_in_both_languages():
    deals = [deal(i, created=i, stage="A", source="unknown", expected_close_on=day(3).date()) for i in range(10)]
    deals += [deal(100 + i, created=4.5, amount=1.0, currency="USD", segment="a") for i in range(30)]
    deals += [deal(200 + i, created=i, won=i + 2, amount=2.0, segment="b" if i else "a") for i in range(25)]
    events = [visit(i, stage, k) for i in range(10) for k, stage in enumerate(("A", "B", "B"))]
    people = pl.DataFrame({"owner": ["ann"], "team": ["N"]})
    book = book_of(deals, events, currency="EUR", people=people)
    assert len(set(book.fitness().filter(status="look")["code"])) >= 8
    for language in ("en", "nl"):
        lines = _said(book, language)
        assert len(lines) > 10
        assert not any("{" in line or "None" in line for line in lines)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(deal_rows(), st.sampled_from(("UTC", "America/Sao_Paulo")), st.randoms(use_true_random=False))
def test_any_book_has_a_fitness_and_the_order_of_its_rows_does_not_matter(rows, zone, random):
    found = as_book(rows, time_zone=zone).fitness()
    assert dict(found.schema) == SCHEMA
    assert set(found["status"]) <= {"fine", "look", "missing"}
    counted = found.filter(pl.col("n").is_not_null() & pl.col("of").is_not_null() & (pl.col("part") != "door"))
    assert counted.filter((pl.col("n") > pl.col("of")) | (pl.col("n") < 0)).is_empty()
    frames = {
        name: table.with_columns(pl.col("^seq$")).sample(fraction=1, shuffle=True, seed=random.randrange(1000))
        for name, table in as_frames(rows).items()
    }
    if frames["stage_events"].is_empty():
        del frames["stage_events"]
    shuffled = DealBook.from_frames(**frames, as_of=rows["as_of"], settings=Settings(time_zone=zone)).fitness()
    # an example is one of several that would do
    examples = pl.exclude("example")
    assert shuffled.select(examples).sort(pl.all()).equals(found.select(examples).sort(pl.all()))


def test_a_book_of_one_open_deal_that_says_nothing():
    bare = pl.DataFrame({"deal_id": ["a"], "pipeline": ["p"], "outcome": ["open"]})
    book = DealBook.from_frames(deals=bare, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    for language in ("en", "nl"):
        assert _said(book, language)


def test_a_prepared_book_has_the_same_fitness(tmp_path, demo):
    import kpikit

    kpikit.prepare(demo, tmp_path / "prepared")
    prepared = kpikit.open_book(tmp_path / "prepared").fitness().filter(pl.col("part") != "door")
    assert prepared.equals(demo.fitness().filter(pl.col("part") != "door"))
