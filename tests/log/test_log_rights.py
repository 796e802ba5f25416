"""What a person may ask of the log: keep it no longer than agreed, show it, correct it, forget it to the last byte."""

import json
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import create_engine, text

from kpikit.errors import UsageError
from kpikit.log.entries import Entry, LogError
from kpikit.review import open_log
from tests.log import postgres

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path):
    with open_log(path, author="coach") as opened:
        yield opened


@pytest.fixture
def clock(monkeypatch):
    """``clock(instant)``: from now on the database's clock says so."""

    def says(instant):
        constant = {"sqlite": text(f"SELECT {round(instant.timestamp() * 1_000_000)}")}
        monkeypatch.setattr("kpikit.log.inserting.CLOCKS", constant)
        monkeypatch.setattr("kpikit.log.erasing.CLOCKS", constant)

    return says


def note(words, **more):
    return Entry(kind="note", text=words, **more)


def everywhere(path):
    """All bytes of all files of a log."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())


# --- keep ------------------------------------------------------------------------------------------------------------


def test_what_is_older_than_agreed_is_erased_and_a_row_says_how_many_and_when(path, log, clock):
    # three months before 30 November is 30 August: what was written on the 29th goes, on the 30th stays
    for instant in (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 8, 29, 23, 59, tzinfo=UTC)):
        clock(instant)
        log.write(note(f"secret of {instant:%B}"))
    clock(datetime(2026, 8, 30, tzinfo=UTC))
    log.write(note("of the last day"))
    clock(NOW)
    assert log.keep(3) == 2
    assert log.entries(kind="note")["text"].to_list() == ["of the last day"]
    erased = log.entries(kind="erased").row(0, named=True)
    assert (erased["code"], erased["value"], erased["due_on"]) == ("keep", 2.0, date(2026, 8, 30))
    assert erased["written_at"] == NOW
    assert (erased["text"], erased["author"]) == (None, None)
    assert b"secret of" not in everywhere(path)
    assert b"of the last day" in everywhere(path)


def test_a_month_without_that_day_ends_earlier(log, clock):
    # six months before 31 August is the last day of February, the 28th
    clock(datetime(2026, 2, 27, 23, tzinfo=UTC))
    log.write(note("goes"))
    clock(datetime(2026, 2, 28, 1, tzinfo=UTC))
    log.write(note("stays"))
    clock(datetime(2026, 8, 31, tzinfo=UTC))
    assert log.keep(6) == 1
    assert log.entries(kind="note")["text"].to_list() == ["stays"]


def test_the_rows_about_erasures_stay_and_nothing_to_erase_leaves_none(log, clock):
    clock(datetime(2020, 1, 1, tzinfo=UTC))
    log.write(note("old"))
    clock(datetime(2021, 1, 1, tzinfo=UTC))
    assert log.keep(1) == 1
    clock(NOW)
    assert log.keep(1) == 0
    assert log.entries(kind="erased")["value"].to_list() == [1.0]


def test_an_old_version_goes_while_the_new_one_stays(log, clock):
    clock(datetime(2026, 1, 5, tzinfo=UTC))
    first = log.write(note("first"))
    clock(NOW)
    log.correct(first.id, "second")
    assert log.keep(3) == 1
    assert log.history(first.id)["text"].to_list() == ["second"]
    log.correct(first.id, "third")
    assert log.entries(kind="note")["text"].to_list() == ["third"]


# --- export ----------------------------------------------------------------------------------------------------------


def test_everything_of_a_person_comes_out_in_all_versions_and_nothing_of_others(log):
    hers = log.write(note("mine", author="Anna de Vries", seen_by="coach_and_rep"))
    log.correct(hers.id, "mine, better", author="coach")
    log.write(Entry(kind="agreement", text="ring them", owner="anna de vries", due_on=date(2026, 12, 1)))
    log.write(note("Ask ANNA  de Vries about it"))
    log.write(note("nothing to do with her; Annabel de Vriesland is somebody else"))
    found = log.export("Anna de Vries")
    assert [row["text"] for row in found] == ["mine", "mine, better", "ring them", "Ask ANNA  de Vries about it"]
    assert found[2]["due_on"] == "2026-12-01"
    assert datetime.fromisoformat(found[0]["written_at"]).tzinfo is not None
    assert json.loads(json.dumps(found)) == found


# --- forget ----------------------------------------------------------------------------------------------------------


def test_a_person_is_forgotten_in_all_versions_down_to_the_bytes(path, log):
    for i in range(30):  # so that her words lie on several pages, long ones on pages of their own
        entry = log.write(note(f"hers-{i} " + "word " * (1500 if i % 10 == 0 else 5), author="Anna de Vries"))
        log.correct(entry.id, f"hers-again-{i}", author="coach")
    made = log.write(Entry(kind="agreement", text="hers-to-do", owner="Anna de Vries", author="coach", deal_id="D-1"))
    log.end(made.id, "done", author="Anna de Vries")
    log.write(note("We asked Anna de Vries, and Anna de Vries' customer said yes."))
    log.write(note("Bea wrote this."))
    assert b"hers-" in everywhere(path)
    assert log.forget("anna DE vries") == 60 + 2 + 1  # two versions of thirty notes; agreement and its end; one mention
    left = everywhere(path)
    for trace in (b"hers-", b"Anna", b"Vries", b"word word"):
        assert trace not in left
    assert log.entries(kind="note")["text"].to_list()[-2:] == [
        "We asked […], and […]' customer said yes.",
        "Bea wrote this.",
    ]
    agreement = log.agreements().row(0, named=True)
    assert (agreement["text"], agreement["owner"], agreement["state"]) == (None, None, "done")
    assert (agreement["deal_id"], agreement["author"]) == ("D-1", "coach")
    erased = log.entries(kind="erased").row(0, named=True)
    assert (erased["code"], erased["value"], erased["text"]) == ("forget", 63.0, None)
    with open_log(path) as again:  # the seals were made anew
        assert again.notices == ()


def test_what_another_program_left_in_free_pages_goes_too(path, log):
    for i in range(40):
        log.write(note(f"hers-{i} " + "word " * 1000, author="Anna"))
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA secure_delete=OFF")
        other.execute("DELETE FROM kpikit_entries WHERE seq <= 20")
    other.close()
    log.forget("Anna")
    assert b"hers-" not in everywhere(path)


def test_a_buyer_is_forgotten_by_name_and_by_deal(path, log):
    log.write(note("Mr Jansen wants it in March", deal_id="D-1", author="Anna"))
    log.write(note("Jansens of the baker's", deal_id="D-2", author="Anna"))
    assert log.forget("Mr Jansen") == 1
    assert log.entries(kind="note")["text"].to_list() == ["[…] wants it in March", "Jansens of the baker's"]
    assert log.forget(deal_id="D-2") == 1
    found = log.entries(kind="note")
    assert found["text"].to_list() == ["[…] wants it in March", None]
    assert found["author"].to_list() == ["Anna", "Anna"]
    assert b"Jansen" not in everywhere(path)


def test_names_are_found_however_their_accents_are_coded(log):
    log.write(note("Rene\u0301 said so; RENÉ\u00a0 did"))
    log.forget("René")
    assert log.entries(kind="note")["text"].to_list() == ["[…] said so; […]\u00a0 did"]


def test_a_name_is_no_pattern(log):
    log.write(note("axb (c) a.b"))
    log.forget("a.b")
    assert log.entries(kind="note")["text"].to_list() == ["axb (c) […]"]


@pytest.mark.parametrize("asked", [{}, {"person": "Anna", "deal_id": "D"}, {"person": " "}])
def test_one_of_the_two_must_be_given(log, asked):
    with pytest.raises(UsageError, match="one of the two"):
        log.forget(**asked)


def test_forgetting_again_finds_nothing(log):
    log.write(note("x", author="Anna"))
    assert log.forget("Anna") == 1
    assert log.forget("Anna") == 0
    assert log.entries(kind="erased").height == 1


def test_while_somebody_reads_it_is_said_that_traces_may_stay(path, log, monkeypatch):
    monkeypatch.setattr("kpikit.log.erasing.BUSY_TIMEOUT", 100)
    log.write(note("her words", author="Anna"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM kpikit_entries").fetchall()
    with pytest.raises(LogError, match="erased, but another program still holds"):
        log.forget("Anna")
    assert log.entries(kind="note")["text"].to_list() == [None]
    other.close()
    assert log.forget("Anna") == 0  # once more, as the sentence says
    assert b"her words" not in everywhere(path)


@pytest.mark.slow
def test_in_postgresql_a_person_is_forgotten_and_the_table_is_written_anew():
    with postgres.running() as server:
        url = server.database()
        with open_log(url, author="coach") as log:
            entry = log.write(note("her very own words", author="Anna"))
            log.correct(entry.id, "her own words again", author="Anna")
            log.write(note("theirs, not Anna's"))
            assert log.forget("Anna") == 3
            assert log.entries(kind="note")["text"].to_list() == [None, "theirs, not […]'s"]
            assert log.keep(1) == 0
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            where = connection.scalar(text("SELECT pg_relation_filepath('kpikit_entries')"))
            connection.execute(text("CHECKPOINT"))
        engine.dispose()
        table = (server.folder / "data" / where).read_bytes()
        assert b"theirs, not" in table
        assert b"very own" not in table
        assert b"Anna" not in table


# --- the command line ------------------------------------------------------------------------------------------------


def kpikit(*arguments, said=None):
    done = subprocess.run(
        [sys.executable, "-m", "kpikit", "log", *arguments], capture_output=True, text=True, check=False, input=said
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_the_commands_keep_correct_export_and_forget(path, tmp_path):
    with open_log(path) as log:
        entry = log.write(note("They decide in Marhc.", author="Anna"))
    there = ("--log", str(path))
    assert kpikit("correct", entry.id, "They decide in March.", *there)[0] == 0
    code, out, _ = kpikit("export", "Anna", *there)
    assert code == 0
    assert [row["text"] for row in json.loads(out)] == ["They decide in Marhc.", "They decide in March."]
    assert kpikit("export", "Anna", "--out", str(tmp_path / "anna.json"), *there)[0] == 0
    assert json.loads((tmp_path / "anna.json").read_text(encoding="utf-8")) == json.loads(out)
    assert kpikit("keep", "24", "--yes", *there)[:2] == (0, "0 entries were erased.\n")
    code, out, _ = kpikit("forget", "Anna", "--lang", "nl", *there, said="n\n")
    assert (code, re.search("Anna uit alle versies .* wissen\\?", out) is not None) == (130, True)
    assert kpikit("forget", "Anna", "--lang", "nl", *there, said="y\n")[1].endswith("Er zijn 2 notities gewist.\n")
    with open_log(path) as log:
        assert log.entries(kind="note")["text"].to_list() == [None]
    assert b"March" not in path.read_bytes()


@pytest.mark.slow
def test_the_commands_say_what_is_wrong_in_a_sentence_and_end_with_their_code(path):
    open_log(path).close()
    there = ("--log", str(path))
    assert kpikit("forget", "--yes", *there)[::2] == (
        2,
        "kpikit: Give the name of a person, or a deal with --deal: one of the two.\n",
    )
    code, _, err = kpikit("correct", "nonsense", "words", "--lang", "nl", *there)
    assert code == 4
    assert err == "kpikit: Het reviewlogboek heeft geen notitie nonsense. Je tekst is niet bewaard; hij staat er nog.\n"
    path.write_bytes(b"not a log")
    code, _, err = kpikit("keep", "3", "--yes", *there)
    assert code == 4
    assert err.count("is damaged") == 2
    assert "Traceback" not in err
    code, out, _ = kpikit("rescue", *there)
    assert (code, out) == (0, f"Saved in {path.with_name('log-saved.sqlite')}. The log itself stays as it was.\n")


@pytest.mark.parametrize("command", [("export", "Anna"), ("keep", "24", "--yes"), ("forget", "Anna", "--yes")])
def test_a_log_that_is_not_there_is_said_and_not_made(tmp_path, command):
    from click.testing import CliRunner

    from kpikit.cli.logs import log
    from kpikit.errors import UsageError

    done = CliRunner().invoke(log, [*command, "--log", str(tmp_path / "none.sqlite")])
    assert isinstance(done.exception, UsageError)
    assert "There is no review log" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


# --- at a server -----------------------------------------------------------------------------------------------------


def _on_disk(server, words):
    """The files of a server in which these words stand, but for its write-ahead log, which belongs to all databases."""
    data = server.folder / "data"
    files = [path for path in data.rglob("*") if path.is_file() and "pg_wal" not in path.parts]
    return [path.relative_to(data).as_posix() for path in files if words in path.read_bytes()]


@pytest.mark.slow
def test_in_postgresql_the_planner_forgets_too():
    """It keeps the commonest values of each column."""
    with postgres.running() as server:
        url = server.database()
        with open_log(url, author="Annabella Zwart") as log:
            for _ in range(60):
                log.write(note("uncommonly her own words"))
            log.write(note("others", author="Bea"))
            engine = create_engine(url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text("ANALYZE kpikit_entries"))
                connection.execute(text("CHECKPOINT"))
                assert len(_on_disk(server, b"Annabella")) >= 2  # the table, and what was counted
                assert log.forget("Annabella Zwart") == 60
                told = "SELECT string_agg(most_common_vals::text, ' ') FROM pg_stats WHERE tablename = 'kpikit_entries'"
                assert "Annabella" not in (connection.scalar(text(told)) or "")
                connection.execute(text("CHECKPOINT"))
            engine.dispose()
        assert _on_disk(server, b"Annabella") == []
        assert _on_disk(server, b"uncommonly her own") == []


@pytest.mark.slow
def test_who_may_not_write_the_table_anew_is_told_who_may():
    """Erased is erased for every reader; the bytes are the owner's matter, and that is said."""
    with postgres.running() as server:
        url = server.database()
        open_log(url).close()
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE ROLE coach LOGIN PASSWORD '{postgres.PASSWORD}'"))
            connection.execute(text("GRANT SELECT, INSERT, UPDATE, DELETE ON kpikit_entries, kpikit_log TO coach"))
            connection.execute(text("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO coach"))
        engine.dispose()
        with open_log(url.replace("kpikit:", "coach:"), author="Anna") as log:
            log.write(note("her words"))
            with pytest.raises(LogError, match=r"Let kpikit give: VACUUM \(FULL, ANALYZE\) kpikit_entries") as told:
                log.forget("Anna")
            assert told.value.exit_code == 4
            assert log.entries(kind="note")["text"].to_list() == [None]
        with open_log(url) as log:
            assert log.forget("Anna") == 0  # whose the table is may, and then it is gone


@pytest.mark.slow
def test_somebody_who_holds_the_table_is_said_to(monkeypatch):
    monkeypatch.setattr("kpikit.log.server.LONG_BUSY", 500)
    with postgres.running() as server:
        url = server.database()
        with open_log(url, author="Anna") as log:
            log.write(note("her words"))
            engine = create_engine(url)
            with engine.connect() as other:
                other.execute(text("SELECT * FROM kpikit_entries")).fetchall()  # and does not end
                with pytest.raises(LogError, match="erased, but another program still holds"):
                    log.forget("Anna")
            engine.dispose()
            assert log.entries(kind="note")["text"].to_list() == [None]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "page"), [("en", "docs/privacy/forgetting.md"), ("nl", "docs/privacy/vergeten.md")]
)
def test_the_command_says_what_a_server_keeps(root, language, page):
    assert (root / page).exists()
    with postgres.running() as server:
        url = server.database()
        with open_log(url) as log:
            log.write(note("her words", author="Anna"))
        for order in (("forget", "Anna", "--yes"), ("keep", "24", "--yes")):
            code, _, err = kpikit(*order, "--log", url, "--lang", language)
            assert (code, "pg_wal" in err, page in err) == (0, True, True)
