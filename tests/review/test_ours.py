"""A log that teams share: each hears of its own sessions only."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kpikit.book import of_team
from kpikit.log.entries import Entry
from kpikit.review import learning, open_log, opening
from kpikit.review.listing.memory import memory
from kpikit.review.team_scope import ours, sessions_of

DAY = date(2026, 10, 5)


@pytest.fixture(scope="module")
def whole(demo):
    """The book as a session has it: with its hash."""
    return demo.replace(hash="abc")


@pytest.fixture(scope="module")
def teams(whole):
    return {name: of_team(whole, name) for name in ("North", "South")}


@pytest.fixture
def log(teams, whole, tmp_path):
    """A session of South, one of North a week earlier, and one of everybody, each with something agreed."""
    deals = {name: book.tables["deals"]["deal_id"][0] for name, book in teams.items()}
    with open_log(tmp_path / "log.sqlite", author="x") as log:
        for team, day in (("North", date(2026, 9, 21)), ("South", date(2026, 9, 28))):
            about = {"session_id": team, "book_hash": teams[team].hash}
            log.write(Entry(kind="opened", due_on=day, **about))
            log.write(Entry(kind="worked", text=f"{team} worked", **about))
            log.write(Entry(kind="agreement", text=f"{team} agreed", **about))
        log.write(Entry(kind="opened", session_id="all", due_on=date(2026, 9, 14), book_hash=whole.hash))
        for team, deal in deals.items():
            log.write(Entry(kind="agreement", text=f"all about {team}", session_id="all", deal_id=deal))
        yield log


def test_the_opening_of_a_team_has_no_other_teams_words(log, teams):
    found = opening(teams["North"], log, session=DAY)
    assert found.worked["text"].to_list() == ["North worked"]
    assert set(found.agreements["text"]) == {"North agreed", "all about North"}


def test_a_whole_book_hears_of_all(log, whole):
    assert sessions_of(log, whole).height == 3
    assert ours(log.agreements(), log, whole).height == 4


def test_the_last_session_is_the_teams_own(log, teams):
    days = [memory(log, teams[name], DAY).since for name in ("North", "South")]
    assert days == [date(2026, 9, 21), date(2026, 9, 28)]


def test_looking_back_counts_the_teams_own(log, teams):
    said = learning(teams["South"], log).said
    assert dict(said.select("state", "n").iter_rows())["unsaid"] == 2


@pytest.mark.parametrize(("is_closed", "asked"), [(True, {"D-1": True}), (False, {})])
def test_a_request_after_a_session_was_closed_is_for_the_next_one(whole, tmp_path, is_closed, asked):
    """One that is still open may be the one that it was meant for."""
    today = datetime.now(UTC).date()
    with open_log(tmp_path / "own.sqlite", author="x") as log:
        log.write(Entry(kind="opened", session_id="s", due_on=today, book_hash=whole.hash))
        log.write(Entry(kind="learned", session_id="s", text="They decide in March."))
        if is_closed:
            log.write(Entry(kind="closed", session_id="s"))
        log.write(Entry(kind="prepared", code="leave_out", deal_id="D-1"))
        assert dict(memory(log, whole, today + timedelta(days=7)).asked) == asked
