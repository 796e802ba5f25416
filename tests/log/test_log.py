"""The review log: what is written comes back as it was, to whom it was meant for, and never twice."""

import ast
import stat
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from kpikit.errors import UsageError
from kpikit.log import log as log_module
from kpikit.log.connecting import is_on_share
from kpikit.log.entries import KINDS, LIMITS, STATES, UNPARKED, Entry, LogError, new_id
from kpikit.review import open_log
from tests.log import postgres

SESSION = "2026-10-05"


@pytest.fixture(scope="module")
def server():
    with postgres.running() as running:
        yield running


@pytest.fixture(scope="module")
def database(server):
    return server.database()


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.slow)])
def place(request, tmp_path):
    """Where a new log may be: a file, and a database of a real server."""
    if request.param == "file":
        return tmp_path / "log.sqlite"
    url = request.getfixturevalue("database")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS kpikit_entries, kpikit_log"))
    engine.dispose()
    return url


@pytest.fixture
def log(place):
    with open_log(place, author="coach") as opened:
        yield opened


def learned(words="They decide in March.", **more):
    return Entry(kind="learned", text=words, **more)


# --- writing ----------------------------------------------------------------------------------------------------------


def test_what_is_written_comes_back_with_its_author_and_time(log):
    said = log.write(learned(deal_id="D-1", session_id=SESSION, book_hash="abc"))
    found = log.entries().row(0, named=True)
    assert found["text"] == "They decide in March."
    assert (found["deal_id"], found["session_id"], found["book_hash"]) == ("D-1", SESSION, "abc")
    assert (found["author"], found["seen_by"]) == ("coach", "team")
    assert found["written_at"] == said.written_at
    assert abs((said.written_at - datetime.now(UTC)).total_seconds()) < 120
    assert (found["entry_id"], found["replaces"]) == (said.id, None)


def test_every_kind_keeps_what_it_carries(log):
    given = {
        "session_id": SESSION, "deal_id": "D-1", "code": None, "value": 0.25, "days": 30, "text": "words",
        "owner": "Anna", "unit": "day", "position": 3, "due_on": date(2026, 10, 5), "about": new_id(),
    }  # fmt: skip
    for kind, carries in KINDS.items():
        if kind == "erased":
            continue
        allowed = {name: given[name] for name in (*carries.must, *carries.may)}
        if "code" in allowed:
            allowed["code"] = carries.codes[0] if carries.codes else "sleeping"
        log.write(Entry(kind=kind, **allowed))
        found = log.entries(kind=kind).row(0, named=True)
        assert {name: found[name] for name in allowed} == allowed


def test_writing_again_after_a_failure_never_writes_twice(log):
    entry = learned()
    first = log.write(entry)
    assert log.write(entry) == first
    assert log.entries().height == 1


def test_another_entry_with_the_same_id_is_refused(log):
    entry = log.write(learned())
    with pytest.raises(LogError, match="already") as refused:
        log.write(learned("Something else.", id=entry.id))
    assert refused.value.text == "Something else."
    assert log.entries()["text"].to_list() == ["They decide in March."]


def test_an_edit_is_a_new_row_that_names_what_it_replaces(log):
    first = log.write(learned("They decide in Marhc."))
    log.write(learned("Another."))
    second = log.correct(first.id, "They decide in March.", author="Anna")
    third = log.edit(first.id, deal_id="D-2")
    now = log.entries()
    assert now["text"].to_list() == ["They decide in March.", "Another."]  # an edit does not change the order
    assert now["deal_id"].to_list() == ["D-2", None]
    versions = log.history(first.id)
    assert versions["id"].to_list() == [first.id, second.id, third.id]
    assert versions["replaces"].to_list() == [None, first.id, second.id]
    assert versions["author"].to_list() == ["coach", "Anna", "coach"]
    assert versions["text"][0] == "They decide in Marhc."


def test_only_what_exists_can_be_edited(log):
    with pytest.raises(LogError, match="no entry nonsense"):
        log.correct("nonsense", "words")
    with pytest.raises(LogError, match="no entry gone"):
        log.write(learned(replaces="gone"))


def test_two_who_have_it_open_see_each_other(place):
    with open_log(place, author="coach") as one, open_log(place, author="Anna") as other:
        one.write(learned("from one"))
        other.write(learned("from the other"))
        assert one.entries()["text"].to_list() == other.entries()["text"].to_list() == ["from one", "from the other"]
        assert one.entries()["author"].to_list() == ["coach", "Anna"]


# --- what the log will not take --------------------------------------------------------------------------------------

REFUSED = [
    (Entry(kind="rumour", text="x"), "no entries of kind"),
    (Entry(kind="learned"), "needs “text”"),
    (Entry(kind="learned", text=""), "needs “text”"),
    (Entry(kind="learned", text="x", value=1.0), "has no “value”"),
    (Entry(kind="learned", text="x", seen_by="everybody"), "team, coach_and_rep"),
    (Entry(kind="ended", about="x", code="broken"), "done, changed_our_mind, still_on, overtaken"),
    (Entry(kind="prediction", deal_id="D", code="won", value=1.2, days=30), "0 – 1"),
    (Entry(kind="prediction", deal_id="D", code="won", value=float("nan"), days=30), "0 – 1"),
    (Entry(kind="prediction", deal_id="D", code="won", value=0.5, days=0), "1 – 36500"),
    (Entry(kind="listed", session_id="s", deal_id="D", code="x", value=float("inf")), "value"),
    (Entry(kind="agreement", text="x", due_on=datetime(2026, 1, 1, tzinfo=UTC)), "due_on"),
    (Entry(kind="erased", code="keep", value=1), "erased"),
    (Entry(kind="learned", text="x", deal_id="D" * 501), "501 characters where “deal_id” may have 500"),
    (Entry(kind="learned", text="one\0two"), r"Character 4 \(U\+0000\)"),
    (Entry(kind="learned", text="one\ud83dtwo"), r"Character 4 \(U\+D83D\)"),
    (Entry(kind="learned", text="x", author="An\0na"), r"Character 3 \(U\+0000\)"),
]


@pytest.mark.parametrize(("entry", "why"), REFUSED)
def test_it_says_what_it_will_not_take_and_keeps_the_text(tmp_path, entry, why):
    with open_log(tmp_path / "log.sqlite") as log:
        with pytest.raises(LogError, match=why) as refused:
            log.write(entry)
        assert refused.value.text == (entry.text or "")
        assert log.entries().height == 0


def test_a_note_of_a_megabyte_is_refused_whole_and_the_limit_is_said(log):
    note = "é" * 1_000_000
    with pytest.raises(
        LogError, match=r"1,000,000 characters where “text” may have 20,000. Nothing was cut"
    ) as refused:
        log.write(Entry(kind="note", text=note))
    assert refused.value.text == note
    assert log.entries().height == 0
    log.write(Entry(kind="note", text=note[: LIMITS["text"]]))
    assert log.entries()["text"].to_list() == [note[:20_000]]


HOSTILE = [
    "<script>alert(1)</script>", "'; DROP TABLE kpikit_entries; --", "=cmd|' /C calc'!A0", "line\r\nline\ttab\x01\x7f",
    "\u202eright to left\u202c", "👩‍👩‍👧 e\u0301 \ufeff", "%s {0} {x.__class__} $x \\N \\0 \\x00", " ", "\n",
]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_text_comes_back_byte_for_byte(log, words):
    log.write(Entry(kind="agreement", text=words, owner=words, deal_id=words, session_id=words, author=words))
    found = log.entries(deal_id=words, session_id=words).row(0, named=True)
    assert [found[name] for name in ("text", "owner", "deal_id", "session_id", "author")] == [words] * 5


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=400))
def test_any_text_comes_back_as_it_was(log, words):
    entry = log.write(Entry(kind="note", text=words))
    assert log.history(entry.id)["text"].to_list() == [words]


# --- who sees what ---------------------------------------------------------------------------------------------------


def test_what_is_between_coach_and_rep_is_not_shown_to_the_team(log):
    mine = log.write(learned("between us", seen_by="coach_and_rep"))
    log.write(learned("for all"))
    assert log.entries()["text"].to_list() == ["for all"]
    assert log.history(mine.id).height == 0
    assert log.entries(reader="coach_and_rep")["text"].to_list() == ["between us", "for all"]
    assert log.history(mine.id, reader="coach_and_rep").height == 1


def test_what_is_taken_back_from_the_team_is_gone_with_its_history_and_the_other_way_round(log):
    was_ours = log.write(learned("for all"))
    log.edit(was_ours.id, seen_by="coach_and_rep")
    assert log.entries().height == 0
    assert log.history(was_ours.id).height == 0
    was_hers = log.write(learned("a draft", seen_by="coach_and_rep"))
    log.edit(was_hers.id, seen_by="team", text="what I want to share")
    assert log.entries()["text"].to_list() == ["what I want to share"]
    assert log.history(was_hers.id)["text"].to_list() == ["what I want to share"]


def test_an_agreement_between_coach_and_rep_is_theirs_with_its_end(log):
    made = log.write(Entry(kind="agreement", text="talk about it", owner="Anna", seen_by="coach_and_rep"))
    log.end(made.id, "done", author="Anna")
    assert log.agreements().height == 0
    assert log.entries(kind="ended").height == 0
    assert log.agreements(reader="coach_and_rep")["state"].to_list() == ["done"]


def test_a_prediction_is_the_deal_s_and_nobody_s(log):
    log.write(Entry(kind="prediction", deal_id="D", code="won", value=0.4, days=60, author="Anna"))
    log.write(Entry(kind="listed", session_id=SESSION, deal_id="D", code="lot"))
    assert log.entries()["author"].to_list() == [None, None]


# --- agreements, sessions, agenda ------------------------------------------------------------------------------------


def test_an_agreement_ends_as_its_maker_or_its_owner_says(log):
    made = log.write(Entry(kind="agreement", text="ring procurement", owner="Anna", due_on=date(2026, 11, 1)))
    with pytest.raises(LogError, match="Bea is neither") as refused:
        log.end(made.id, "done", author="Bea", text="I did it")
    assert refused.value.text == "I did it"
    log.end(made.id, "still_on", author=" anna ")
    log.end(made.id, "done", author="coach", text="They rang back.")
    found = log.agreements().row(0, named=True)
    assert (found["text"], found["owner"], found["due_on"]) == ("ring procurement", "Anna", date(2026, 11, 1))
    assert (found["author"], found["state"]) == ("coach", "done")
    assert found["stated_at"] >= found["made_at"] == made.written_at
    assert log.entries(kind="ended")["code"].to_list() == ["still_on", "done"]


def test_an_agreement_that_was_edited_keeps_its_maker_and_its_end(log):
    made = log.write(Entry(kind="agreement", text="ring", author="Anna"))
    log.end(made.id, "overtaken", author="Anna")
    log.edit(made.id, author="coach", text="ring procurement", owner="Bea")
    found = log.agreements().row(0, named=True)
    assert (found["entry_id"], found["author"], found["state"]) == (made.id, "Anna", "overtaken")
    log.end(made.id, "done", author="Bea")
    with pytest.raises(LogError, match="coach is neither"):
        log.end(made.id, "done", author="coach")
    assert set(STATES) >= set(log.agreements()["state"])


def test_only_an_agreement_can_end(log):
    said = log.write(learned())
    with pytest.raises(LogError, match="no entry"):
        log.end(said.id, "done")


def test_sessions_with_their_next_day_and_agenda(log):
    log.write(Entry(kind="opened", session_id="a", due_on=date(2026, 10, 5), book_hash="h1"))
    log.write(Entry(kind="opened", session_id="b", due_on=date(2026, 10, 12), book_hash="h2"))
    log.write(Entry(kind="closed", session_id="a", due_on=date(2026, 10, 12)))
    log.write(learned(session_id="b"))
    log.write(Entry(kind="opened", session_id="only looked", due_on=date(2026, 10, 13)))
    log.write(Entry(kind="placed", session_id="only looked", deal_id="D-2", code="pinned"))
    for position, (deal, rule, value) in enumerate([("D-2", "sleeping", 41.0), ("D-7", "lot", None)], 1):
        log.write(
            Entry(kind="listed", session_id="a", deal_id=deal, code=rule, value=value, unit="day", position=position)
        )
    found = log.sessions()
    assert found["session_id"].to_list() == ["a", "b"]
    assert found["held_on"].to_list() == [date(2026, 10, 5), date(2026, 10, 12)]
    assert found["next_on"].to_list() == [date(2026, 10, 12), None]
    assert found["closed_at"].is_null().to_list() == [False, True]
    assert found["book_hash"].to_list() == ["h1", "h2"]
    agenda = log.agenda("a")
    assert agenda.select("position", "deal_id", "rule", "value", "is_lot").rows() == [
        (1, "D-2", "sleeping", 41.0, False),
        (2, "D-7", "lot", None, True),
    ]
    assert log.agenda("b").height == 0


def test_parked_until_what_was_said_last(log):
    for day in (3, 9, 6):
        log.write(Entry(kind="parked", deal_id="D", due_on=date(2026, 12, day)))
    assert log.parked().select("deal_id", "until_on").rows() == [("D", date(2026, 12, 6))]


def test_a_parking_that_was_undone_in_its_session_never_was(log):
    for session, day in (("a", date(2026, 12, 3)), ("b", date(2026, 12, 9)), ("b", UNPARKED), ("c", UNPARKED)):
        log.write(Entry(kind="parked", session_id=session, deal_id="D", due_on=day))
    assert log.parked().select("deal_id", "until_on", "session_id").rows() == [("D", date(2026, 12, 3), "a")]
    assert log.parked(besides=["a"]).height == 0


def test_several_entries_are_kept_together_or_not_at_all(log):
    with pytest.raises(LogError):
        log.write_all([learned(), Entry(kind="nonsense")])
    assert log.entries().height == 0
    log.write_all([learned("one"), learned("two")])
    assert log.entries()["text"].to_list() == ["one", "two"]


def test_an_empty_log_answers_with_empty_frames(log):
    for frame in (log.entries(), log.agreements(), log.sessions(), log.agenda("x"), log.parked(), log.history("x")):
        assert isinstance(frame, pl.DataFrame)
        assert frame.height == 0
        assert frame.width >= 4


# --- where it is -----------------------------------------------------------------------------------------------------


def test_by_default_it_is_a_file_that_only_its_owner_reads(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with open_log() as log:
        log.write(learned())
        folder = tmp_path / "data" / "kpikit"
        assert log.path == folder / "review-log.sqlite"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert files == {"review-log.sqlite": 0o600, "review-log.sqlite-wal": 0o600, "review-log.sqlite-shm": 0o600}


def test_what_is_committed_is_on_the_disk(tmp_path):
    with open_log(tmp_path / "log.sqlite") as log, log.engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "busy_timeout", "secure_delete")
        said = [connection.execute(text(f"PRAGMA {pragma}")).scalar() for pragma in asked]
    assert said == ["wal", 2, 30_000, 1]


def test_the_author_is_by_default_who_logged_in(tmp_path, monkeypatch):
    monkeypatch.setenv("LOGNAME", "anna")
    with open_log(tmp_path / "log.sqlite") as log:
        assert log.write(learned()).author == "anna"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("mysql://u:hidden@host/db", "mysql://u:\\*\\*\\*@host/db is no place"),
        ("postgresql://u:hidden@host:notaport/db", "no place for a review log"),
    ],
)
def test_a_url_of_something_else_is_refused_without_its_password(given, why):
    with pytest.raises(UsageError, match=why) as refused:
        open_log(given)
    assert "hidden" not in str(refused.value)


def test_a_server_that_does_not_answer_is_said_without_a_password():
    with pytest.raises(LogError, match="does not answer") as refused:
        open_log("postgresql://u:hidden@127.0.0.1:1/db")
    assert "hidden" not in str(refused.value)
    assert "***" in str(refused.value)


MOUNTS = r"""
22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda rw
23 22 0:21 / /mnt/team\040files rw - cifs //server/share rw
24 23 0:22 / /mnt/team\040files/local rw - ext4 /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("path", "is_share"),
    [("/srv/x/log", False), ("/mnt/team files/log", True), ("/mnt/team files/local/log", False), ("/mnt/team", False)],
)
def test_a_share_is_seen_by_its_file_system(tmp_path, path, is_share):
    assert is_on_share(tmp_path.__class__(path), MOUNTS) is is_share


def test_on_a_share_it_works_without_a_write_ahead_log_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("kpikit.log.connecting.is_on_share", lambda _: True)
    with open_log(tmp_path / "log.sqlite") as log:
        log.write(learned())
        assert [notice.code for notice in log.notices] == ["log_on_share"]
        assert "network share" in str(log.notices[0])
        assert log.entries().height == 1
        assert [file.name for file in tmp_path.iterdir()] == ["log.sqlite"]


# --- what is said of people ------------------------------------------------------------------------------------------


def by_person(source):
    """The lines of a source that count, group or rank by a person of ours, in whatever way the column is named."""
    ways = {"group_by", "partition_by", "over", "value_counts", "n_unique", "rank", "sort_by", "Counter"}
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ways:
            said = {getattr(part, "value", None) for part in ast.walk(node) if isinstance(part, ast.Constant)}
            said |= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            found += [node.lineno] * bool(said & {"owner", "author"})
    return found


@pytest.mark.parametrize(
    "line",
    [
        'deals.group_by("owner").len()',
        'deals.group_by("team", pl.col("owner")).len()',
        'select(ENTRIES).group_by(ENTRIES.c.author)',
        'deals["owner"].value_counts()',
        'n.rank().over(["team", "author"])',
        "Counter(entry.author for entry in entries)",
    ],
)  # fmt: skip
def test_counting_by_a_person_would_be_seen(line):
    assert by_person(line)
    assert by_person(line.replace("owner", "stage").replace("author", "stage")) == []


def test_nothing_in_log_review_or_session_counts_or_groups_by_a_person(root):
    files = [path for room in ("log", "review", "session") for path in (root / "kpikit" / room).rglob("*.py")]
    assert len(files) > 40
    assert [(path.name, line) for path in files for line in by_person(path.read_text(encoding="utf-8"))] == []
    asked = [name for name in dir(log_module.Log) if not name.startswith("_")]
    assert [name for name in asked if "person" in name or "owner" in name or "count" in name] == []


@pytest.mark.slow
def test_a_server_that_was_restarted_is_found_again():
    with postgres.running() as server, open_log(server.database()) as log:
        log.write(learned())
        server.stop()
        entry = learned("while it was away")
        with pytest.raises(LogError, match=r"does not answer.*Your text was not saved") as refused:
            log.write(entry)
        assert refused.value.text == "while it was away"
        server.start()
        log.write(entry)
        assert log.entries()["text"].to_list() == ["They decide in March.", "while it was away"]


@pytest.mark.slow
def test_a_database_that_does_not_keep_every_letter_is_refused(server):
    with pytest.raises(LogError, match="encoding UTF8"):
        open_log(server.database("-E", "LATIN1", "-T", "template0"))
