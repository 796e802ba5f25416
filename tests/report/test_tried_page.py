"""What was agreed, what happened then, how it ended; counts only where the copy leaves the team."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from kpikit.errors import UsageError
from kpikit.log.entries import Entry
from kpikit.log.opening import open_log
from kpikit.report.figures.tries import Tries, keep_tries, read_tries
from kpikit.report.figures.tries import tried as figures
from kpikit.report.pages.tries import last
from kpikit.show.document import plain, section
from kpikit.words import Words
from tests.analysis.rate_books import rate_book
from tests.report import parts

EN = Words("en")


def at(month, day):
    return datetime(2026, month, day, 9, tzinfo=UTC)


def book():
    """D0 was won on 11 January, D1 is open; day 0 is 1 January 2026."""
    return rate_book([{"outcome": "won"}, {"outcome": "open"}], as_of=200)


def tries(*states, deal="D0", made=None):
    made = made or at(1, 5)
    rows = [
        {
            "session_id": "s",
            "deal_id": deal,
            "text": f"Try {i}",
            "due_on": date(2026, 2, 1),
            "made_at": made,
            "state": s,
        }
        for i, s in enumerate(states)
    ]
    empty = Tries()
    said = [{"session_id": "s", "deal_id": "D0", "kind": "worked", "text": "They rang <b>back</b>", "said_at": made}]
    return Tries(
        pl.DataFrame(rows, schema=empty.made.schema), pl.DataFrame(said, schema=empty.said.schema),
        pl.DataFrame([{"session_id": "s", "deal_id": "D0"}]), is_kept=True,
    )  # fmt: skip


def test_six_tries_of_which_four_are_done():
    page = parts.tried(book(), tries("done", "done", "done", "done", "overtaken", None), "team")
    assert plain(page, EN).splitlines() == [
        "4 of our 6 tries are done",
        "The others: 1 overtaken by events; of 1 nobody has said yet.",
        "What worked, in our words: They rang <b>back</b>.",
        "What do we keep, what do we stop?",
    ]
    assert [row[3].in_words(EN) for row in page.table.rows] == ["done"] * 4 + ["overtaken"]


def test_what_happened_to_the_deal_after_it_was_agreed():
    """Agreed on 5 January, won on 11 January (day 10); agreed on 1 February: nothing since."""
    rows = [parts.tried(book(), tries("done", made=made), "team").table.rows[0] for made in (at(1, 5), at(2, 1))]
    assert [row[2].in_words(EN) for row in rows] == ["Won on 11 January 2026.", "The book shows nothing since."]


def test_a_company_copy_has_no_word_of_the_team():
    page = parts.tried(book(), tries("done", None), "company")
    html = section(page, EN)
    assert page.table is None
    assert "Try" not in html and "rang" not in html
    assert plain(page, EN).splitlines()[0] == "1 of our 2 tries are done"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Tries(), "page.tried.title.no_log"),
        (Tries(is_kept=True), "page.tried.title.none"),
        (tries(None, None), "page.tried.title.unsaid"),
    ],
)
def test_nothing_kept_nothing_agreed_and_nothing_said_are_three_things(given, code):
    page = parts.tried(book(), given, "team")
    assert (page.title.code, page.folded) == (code, False)


def test_at_most_five_and_none_is_longer_than_the_page():
    many = tries(*["done"] * 9)
    long = Tries(many.made.with_columns(text=pl.lit("x" * 5000)), many.said, many.talked, is_kept=True)
    rows = parts.tried(book(), long, "team").table.rows
    assert len(rows) == 5
    assert all(len(row[0]) == 100 for row in rows)


def test_last_quarters_tries_in_a_sentence():
    assert (
        last(figures(book(), tries("done", "done", None), "team")).in_words(EN)
        == "Of last quarter's 3 tries 2 were done."
    )
    assert last(figures(book(), Tries(is_kept=True), "team")) is None


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_the_latest_two_of_what_was_said_are_shown_whatever_their_order(order):
    said = [
        {"session_id": "s", "deal_id": "D0", "kind": "worked", "text": f"Said {i}", "said_at": at(1, 5 + i)}
        for i in range(3)
    ]
    said.append({"session_id": "s", "deal_id": "D0", "kind": "did_not", "text": "It failed", "said_at": at(1, 9)})
    given = tries("done")
    frame = pl.DataFrame([said[i] for i in order], schema=given.said.schema)
    page = plain(parts.tried(book(), Tries(given.made, frame, given.talked, is_kept=True), "team"), EN)
    assert "What worked, in our words: Said 2; Said 1." in page
    assert page.count("It failed") == 1 and "Said 0" not in page


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.sqlite"
    with open_log(path, author="Ann") as opened:
        opened.write(Entry(kind="opened", session_id="s", due_on=date(2026, 1, 5)))
        opened.write(Entry(kind="listed", session_id="s", deal_id="D0", code="lot"))
        first = opened.write(Entry(kind="agreement", session_id="s", deal_id="D0", text="Ring them", owner="Ann"))
        opened.write(Entry(kind="agreement", session_id="s", text="Ask why"))
        opened.write(Entry(kind="agreement", session_id="s", text="Between us", owner="Bo", seen_by="coach_and_rep"))
        opened.write(Entry(kind="agreement", session_id="t", text="Another team's"))
        opened.write(Entry(kind="worked", session_id="s", text="Calling on Friday"))
        opened.end(first.id, "done")
    return path


def test_a_log_is_read_for_the_team_without_names(log):
    found = read_tries(log)
    assert found.made["text"].to_list() == ["Ring them", "Ask why", "Another team's"]
    assert found.made["state"].to_list() == ["done", None, None]
    kept = keep_tries(log)
    assert "Ann" not in kept and "Between us" not in kept


def test_of_all_that_a_session_says_only_what_worked_and_what_did_not_is_a_try(log):
    with open_log(log, author="Ann") as opened:
        opened.write(Entry(kind="did_not", session_id="s", deal_id="D0", text="The long demo"))
        opened.write(Entry(kind="note", session_id="s", deal_id="D0", text="They said no twice"))
        opened.write(Entry(kind="learned", session_id="s", text="Ask sooner"))
    said = read_tries(log).said
    assert said.select("kind", "text").rows() == [("worked", "Calling on Friday"), ("did_not", "The long demo")]


def test_what_a_run_keeps_says_the_same_as_the_log(log, tmp_path):
    (tmp_path / "tries.json").write_text(keep_tries(log), encoding="utf-8")
    kept, direct = read_tries(tmp_path / "tries.json"), read_tries(log)
    for name in ("made", "said", "talked"):
        assert getattr(kept, name).equals(getattr(direct, name))


def test_a_try_without_a_deal_is_of_the_team_whose_deals_its_session_talked_about(log):
    now = datetime.now(UTC)
    period = book().settings.period(f"{now.year}")
    assert read_tries(log).of(book(), period).made["text"].to_list() == ["Ring them", "Ask why"]


def test_a_log_that_is_not_there_is_refused_and_not_made(tmp_path):
    with pytest.raises(UsageError) as refused:
        read_tries(tmp_path / "none.sqlite")
    assert refused.value.code == "no_such_log"
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize("text", ["{}", "[1]", "not json", '{"made": [{}], "said": [], "talked": []}'])
def test_another_kind_of_json_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "other.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        read_tries(tmp_path / "other.json")
    assert refused.value.code == "not_a_log"
