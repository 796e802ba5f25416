"""What the books of sessions rested on: kept in the log, said where it is another, and never joined."""

import dataclasses
import json

import polars as pl
import pytest

import kpikit
from kpikit.book.basis import basis
from kpikit.book.selection import of_team
from kpikit.log.entries import LIMITS, Entry
from kpikit.review import learning, open_log
from kpikit.review.session_basis import as_text, left_out, notices
from kpikit.session.session import open_session
from kpikit.words import Words


@pytest.fixture
def log(tmp_path):
    with open_log(tmp_path / "log.sqlite", author="coach") as opened:
        yield opened


@pytest.fixture(scope="module")
def book():
    found = kpikit.open_book("demo")
    return found.replace(hash="abc")


def other(book, **changes):
    return book.replace(settings=dataclasses.replace(book.settings, **changes))


def renamed(book, was, now):
    names = pl.col("team").replace({was: now})
    tables = {name: frame.lazy().collect() for name, frame in book.tables.items()}
    for name in ("deals", "people", "stage_events"):
        tables[name] = tables[name].with_columns(names)
    outcome = pl.col("outcome_team").replace({was: now})
    return book.replace(tables={**tables, "deals": tables["deals"].with_columns(outcome)})


def held(log, whole, day, team=None, deal=None, rests_on=""):
    """A session of a day on this book, in which one deal was listed and something was said."""
    session = f"s-{day.isoformat()}-{team}"
    part = f"{whole.hash}/{team}" if team else whole.hash
    entries = [Entry(kind="opened", due_on=day), Entry(kind="note", text="said", deal_id=deal)]
    if rests_on is not None:
        entries.append(Entry(kind="basis", text=rests_on or as_text(whole)))
    if deal:
        entries.append(Entry(kind="listed", deal_id=deal, code="overdue"))
    log.write_all([dataclasses.replace(one, session_id=session, book_hash=part) for one in entries])
    return session


def last(book):
    return book.as_of.date()


def said(found, language="en"):
    return [one.in_words(Words(language)) for one in found]


def test_a_session_keeps_what_its_book_rests_on(tmp_path):
    """Once, before anything else is said in it."""
    place = tmp_path / "log.sqlite"
    widget = open_session("demo", log=str(place), team="North")
    panel = widget.brain.panel
    deal = panel.desk.deals["deal_id"][0]
    for number in (1, 2):
        panel.handle({"do": "write", "id": f"w{number}", "saying": "learned", "deal": deal, "values": {"text": "x"}})
    with open_log(place) as log:
        (text,) = log.entries(kind="basis")["text"].to_list()
        assert log.entries(kind="basis")["author"].to_list() == [None]
    assert json.loads(text) == json.loads(json.dumps(basis(kpikit.open_book("demo"))))
    assert "North" in json.loads(text)["teams"]
    assert len(json.loads(text)["teams"]) > 1  # the whole book's, though the session was one team's


def test_the_same_book_again_says_nothing(log, book):
    held(log, book, last(book).replace(day=1))
    assert notices(log, book, book, last(book)) == ()
    assert left_out(log, book, book) == {}


@pytest.mark.parametrize("language", ["en", "nl"])
def test_what_is_another_than_in_the_last_session_is_said(log, book, language):
    held(log, other(book, time_zone="UTC"), last(book).replace(day=1))
    found = said(notices(log, book, book, last(book)), language)
    zone = {"en": "Counted in the time zone Europe/Amsterdam now; before, in UTC.",
            "nl": "Nu geteld in de tijdzone Europe/Amsterdam; eerder in UTC."}  # fmt: skip
    assert found[1:] == [zone[language]]
    assert "1 oktober 2026" in found[0] or "1 October 2026" in found[0]


def test_only_the_last_session_is_told_of_and_none_of_the_day_itself(log, book):
    held(log, other(book, time_zone="UTC"), last(book).replace(month=8))
    held(log, book, last(book).replace(day=1))
    held(log, other(book, bin="hour"), last(book))
    assert notices(log, book, book, last(book)) == ()


def test_deals_listed_under_other_local_days_are_left_out_and_counted(log, book):
    deal = book.tables["deals"].lazy().collect()["deal_id"][0]
    utc = held(log, other(book, time_zone="UTC"), last(book).replace(month=8, day=1), deal=deal)
    held(log, other(book, currency="USD"), last(book).replace(month=8, day=2), deal=deal)  # turns no day
    held(log, book, last(book).replace(month=8, day=3), deal=deal)
    held(log, book, last(book).replace(month=8, day=4), deal=deal, rests_on=None)  # before that was kept
    found = learning(book, log)
    assert list(found.apart) == [utc]
    assert [one.what for one in found.apart[utc]] == ["time_zone"]
    whole = learning(other(book, time_zone="UTC"), log)
    assert len(whole.apart) == 2


def test_a_team_that_was_merged_counts_its_new_sessions_only(log, book):
    now = renamed(book, "South", "North")
    earlier = held(log, book, last(book).replace(month=8, day=1), "North")
    held(log, now, last(book).replace(month=8, day=2), "North")
    mine = of_team(now, "North")
    assert list(left_out(log, mine, now)) == [earlier]
    liege = held(log, book, last(book).replace(month=8, day=3), "Liège")
    assert liege not in left_out(log, of_team(now, "Liège"), now)  # its deals are the same


def test_sessions_under_a_name_that_is_gone_are_named(log, book):
    held(log, book, last(book).replace(day=1), "North")
    held(log, book, last(book).replace(month=8), "North")
    held(log, book, last(book).replace(day=1), "South")
    now = renamed(book, "North", "Noord")
    assert said(notices(log, of_team(now, "Noord"), now, last(book))) == [
        "The log also holds 2 sessions of North, which this book does not have; they are not read here."
    ]
    assert notices(log, of_team(now, "South"), now, last(book))[-1].code == "basis.other_teams"
    assert said(notices(log, of_team(book, "North"), book, last(book))) == []


def test_the_screen_says_it(tmp_path, monkeypatch):
    place = tmp_path / "log.sqlite"
    book = kpikit.open_book("demo")
    deal = book.tables["deals"].lazy().collect()["deal_id"][0]
    with open_log(place) as log:
        utc = other(book.replace(hash="abc"), time_zone="UTC")
        held(log, utc, last(book).replace(month=8, day=1), deal=deal)
    widget = open_session("demo", log=str(place))
    assert "Counted in the time zone Europe/Amsterdam now; before, in UTC." in json.dumps(widget.view)
    widget.brain.handle({"do": "go", "place": "learning"})
    shown = json.dumps(widget.brain.view())
    assert "One session is left out: it looked at a book that rested on something else." in shown


def test_what_is_longer_than_an_entry_may_be_is_not_kept(book, monkeypatch):
    assert len(as_text(book)) <= LIMITS["text"]
    monkeypatch.setattr("kpikit.review.session_basis.LIMITS", {"text": 100})
    assert as_text(book) is None


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"seen": 1}'])
def test_what_cannot_be_read_is_unknown(log, book, text):
    held(log, book, last(book).replace(day=1), rests_on=text)
    assert [one.code for one in notices(log, book, book, last(book))] == ["basis.session", "basis.unknown"]
    assert left_out(log, book, book) == {}
