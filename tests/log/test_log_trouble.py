"""What can happen to a log: another kpikit, a damaged disk, a full one, a folder that may not be written, others."""

import contextlib
import os
import random
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from kpikit.errors import UsageError
from kpikit.log import connecting
from kpikit.log.entries import Entry, LogError
from kpikit.log.tables import VERSION, seal
from kpikit.review import open_log
from kpikit.words import LANGUAGES, Words

#: the tables of version 1, as that version wrote them
V1 = """
CREATE TABLE kpikit_entries (
 seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, id VARCHAR NOT NULL, replaces VARCHAR, kind VARCHAR NOT NULL,
 session_id VARCHAR, deal_id VARCHAR, book_hash VARCHAR, author VARCHAR, owner VARCHAR, seen_by VARCHAR NOT NULL,
 text TEXT, code VARCHAR, value FLOAT, unit VARCHAR, days INTEGER, position INTEGER, due_on DATE, about VARCHAR,
 written_at BIGINT NOT NULL, seal VARCHAR NOT NULL, UNIQUE (id));
CREATE TABLE kpikit_log (version INTEGER NOT NULL PRIMARY KEY, since BIGINT NOT NULL);
INSERT INTO kpikit_log VALUES (1, 1700000000000000);
"""
#: id, what it replaces, text: two entries, one of them in three versions
OF_V1 = [("a", None, "one"), ("b", None, "other"), ("c", "a", "two"), ("d", "c", "three")]


def names_of_v1():
    return re.findall(r"(?:\(|,)\s*(\w+) (?:INTEGER|VARCHAR|TEXT|FLOAT|DATE|BIGINT)", V1.split(";")[0])


def write_v1(path):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(V1)
        for i, (name, replaces, words) in enumerate(OF_V1):
            row = dict.fromkeys(names_of_v1()) | {
                "id": name, "replaces": replaces, "kind": "agreement", "seen_by": "team", "text": words,
                "owner": "Anna", "due_on": "2026-11-01", "author": "coach", "written_at": 1_700_000_000_000_000 + i,
            }  # fmt: skip
            row = {**row, "seal": seal(row), "seq": i + 1}
            connection.execute(
                f"INSERT INTO kpikit_entries ({','.join(row)}) VALUES ({','.join('?' * len(row))})", [*row.values()]
            )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.sqlite"


def written(path, n=120, length=300):
    """A log of so many notes, some long enough for several pages of their own; id → text."""
    rng = random.Random(1)
    notes = {}
    with open_log(path, author="coach") as log:
        for i in range(n):
            words = f"{i} " + "".join(rng.choices("abcdefghij éü€👍", k=length if i % 10 else 20 * length))
            notes[log.write(Entry(kind="note", text=words, deal_id=f"D-{i}", book_hash="h")).id] = words
    return notes


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a log, and what stands in it."""
    path = tmp_path_factory.mktemp("whole") / "log.sqlite"
    notes = written(path)
    assert [file.name for file in path.parent.iterdir()] == ["log.sqlite"]  # closed: all is in the one file
    return path.read_bytes(), notes


# --- versions --------------------------------------------------------------------------------------------------------


def test_a_log_of_version_1_is_brought_here_without_loss(path):
    write_v1(path)
    with open_log(path) as log:
        now = log.agreements()
        assert now.select("entry_id", "text", "owner").rows() == [("a", "three", "Anna"), ("b", "other", "Anna")]
        assert log.history("a")["text"].to_list() == ["one", "two", "three"]
        assert log.history("a")["written_at"].dt.epoch("us").to_list()[0] == 1_700_000_000_000_000
        assert log.notices == ()
        log.end("a", "done", author="coach")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version FROM kpikit_log ORDER BY version").fetchall() == [(1,), (VERSION,)]
    with open_log(path) as log:  # and the seals were made anew
        assert log.notices == ()


def test_a_migration_that_fails_leaves_the_log_as_it_was(path, monkeypatch):
    write_v1(path)
    before = sqlite3.connect(path).execute("SELECT * FROM kpikit_entries").fetchall()
    monkeypatch.setattr("kpikit.log.migrations.seal", lambda row: 1 / (row["id"] != "d"))
    with pytest.raises(ZeroDivisionError):
        open_log(path)
    after = sqlite3.connect(path).execute("SELECT * FROM kpikit_entries").fetchall()
    assert after == before
    monkeypatch.undo()
    with open_log(path) as log:
        assert log.history("a").height == 3


def test_a_new_log_and_a_migrated_one_have_the_same_tables(path, tmp_path):
    write_v1(path)
    columns = []
    for place in (path, tmp_path / "new.sqlite"):
        open_log(place).close()
        with contextlib.closing(sqlite3.connect(place)) as connection:
            columns.append([row[1:3] for row in connection.execute("PRAGMA table_info(kpikit_entries)")])
    assert columns[0] == columns[1]


def test_a_log_of_a_newer_kpikit_is_refused_and_not_touched(path):
    written(path, n=3)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO kpikit_log VALUES (99, 0)")
        connection.execute("ALTER TABLE kpikit_entries ADD COLUMN mood TEXT")
    before = path.read_bytes()
    with pytest.raises(LogError, match=f"version 99, here {VERSION} is known") as refused:
        open_log(path)
    assert refused.value.text is None
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_refused_and_not_touched(path):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(LogError, match="a database of something else"):
        open_log(path)
    assert path.read_bytes() == before


# --- damage ----------------------------------------------------------------------------------------------------------


def shown(log):
    return dict(log.entries().select("id", "text").iter_rows())


def check_damaged(path, notes, at_least):
    """It opens, shows nothing that was not written, changes no byte, takes nothing, and can be saved elsewhere."""
    before = path.read_bytes()
    with open_log(path) as log:
        found = shown(log)
        assert found.items() <= notes.items()
        assert len(found) >= at_least
        assert [notice.code for notice in log.notices] == ["log_damaged"]
        assert f"{len(found)} entries could be read" in str(log.notices[0])
        with pytest.raises(LogError, match=r"is damaged.*Your text was not saved; it is still here\.$") as refused:
            log.write(Entry(kind="note", text="new words"))
        assert refused.value.text == "new words"
        for erase in (lambda: log.keep(1), lambda: log.forget("coach")):
            with pytest.raises(LogError, match="is damaged"):
                erase()
        beside = log.rescue(path.with_name("saved.sqlite"))
        with pytest.raises(LogError, match="exists already"):
            log.rescue(beside)
    assert path.read_bytes() == before
    with open_log(beside) as saved:
        assert saved.notices == ()
        assert shown(saved) == found
        saved.write(Entry(kind="note", text="it goes on"))
    beside.unlink()
    return found


def test_with_its_first_page_gone_everything_else_is_saved(path, whole):
    content, notes = whole
    path.write_bytes(b"\0" * 4096 + content[4096:])
    assert check_damaged(path, notes, at_least=len(notes)) == notes


def test_what_was_cut_off_is_lost_and_the_rest_is_saved(path, whole):
    content, notes = whole
    path.write_bytes(content[: len(content) // 2 + 100])
    check_damaged(path, notes, at_least=len(notes) // 4)


def test_a_page_in_the_middle_that_was_overwritten_costs_only_what_stood_on_it(path, whole):
    content, notes = whole
    middle = len(content) // 8192 * 4096
    path.write_bytes(content[:middle] + b"\xff" * 4096 + content[middle + 4096 :])
    # a page of 4,096 bytes holds at most eleven of the short notes (300 characters and their ids each)
    check_damaged(path, notes, at_least=len(notes) - 12)


def test_a_changed_letter_in_a_note_is_noticed(path, whole):
    content, notes = whole
    words = notes[list(notes)[55]].encode()
    at = content.index(words[:60])
    path.write_bytes(content[: at + 5] + bytes([content[at + 5] ^ 1]) + content[at + 6 :])
    assert len(check_damaged(path, notes, at_least=len(notes) - 1)) == len(notes) - 1


def test_what_is_no_database_at_all_is_left_alone(path):
    path.write_text("deal_id;amount\nD-1;100\n" * 500, encoding="utf-8")
    assert check_damaged(path, {}, at_least=0) == {}


_flips = st.lists(st.tuples(st.integers(0, 2**24), st.integers(1, 255)), min_size=1, max_size=30)
_ends = st.sampled_from(
    [lambda n: n, lambda n: n - 1, lambda n: n * 2 // 3, lambda _: 4096, lambda _: 100, lambda _: 1]
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_flips, _ends)
def test_however_the_bytes_are_flipped_nothing_false_is_shown_and_no_byte_is_written(path, whole, flips, cut):
    content, notes = whole
    broken = bytearray(content)
    for at, with_ in flips:
        broken[at % len(content)] ^= with_
    end = cut(len(content))
    path.write_bytes(broken[:end])
    try:
        log = open_log(path)
    except LogError as error:
        assert error.code in ("log_newer", "log_not_a_log")  # the one byte that holds the version, or a name
        return
    with log:
        found = shown(log)
        if log.notices:  # unless what was hit is free space or a counter
            assert path.read_bytes() == bytes(broken[:end])
            assert log.notices[0].code == "log_damaged"
            assert found.items() <= notes.items()
        else:
            assert found == notes
    for left in path.parent.glob("log.sqlite*"):
        left.unlink()


def test_what_stands_in_the_write_ahead_log_of_a_file_that_was_emptied_is_saved(path, tmp_path):
    with open_log(path) as log:
        notes = {log.write(Entry(kind="note", text=f"note {i}")).id: f"note {i}" for i in range(20)}
        copy = tmp_path / "copy" / "log.sqlite"
        copy.parent.mkdir()
        copy.touch()
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    with open_log(copy) as log:
        assert shown(log) == notes
        assert [notice.code for notice in log.notices] == ["log_damaged"]


def test_a_damaged_log_of_version_1_is_saved_too(path):
    write_v1(path)
    content = path.read_bytes()
    path.write_bytes(b"\0" * 100 + content[100:])
    with open_log(path) as log:
        assert log.history("a")["text"].to_list() == ["one", "two", "three"]


def test_a_writer_that_was_killed_on_a_share_leaves_no_half_sentence(path, monkeypatch):
    monkeypatch.setattr(connecting, "is_on_share", lambda _: True)
    notes = written(path, n=50)
    killed = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size=1")
connection.execute("BEGIN")
connection.execute("UPDATE kpikit_entries SET text = 'half'")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", killed, str(path)], check=True)
    assert Path(f"{path}-journal").exists()
    assert b"half" in path.read_bytes()
    with open_log(path) as log:
        assert shown(log) == notes
        assert [notice.code for notice in log.notices] == ["log_on_share"]


# --- disks and folders -----------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_the_text_and_later_takes_it(path):
    with open_log(path) as log:
        log.write(Entry(kind="note", text="before"))
        entry = Entry(kind="note", text="x" * 20_000)
        event.listen(log.engine, "checkout", lambda connection, *_: connection.execute("PRAGMA max_page_count=1"))
        with pytest.raises(LogError, match=r"full.*Make room.*Your text was not saved; it is still here\.$") as refused:
            log.write(entry)
        assert refused.value.text == entry.text
        event.listen(log.engine, "checkout", lambda connection, *_: connection.execute("PRAGMA max_page_count=100000"))
        log.write(entry)
        assert log.entries()["text"].to_list() == ["before", entry.text]


def test_a_disk_that_takes_no_more_bytes_keeps_the_text(path):
    with open_log(path) as log:
        log.write(Entry(kind="note", text="before"))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = Path(f"{path}-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5_000, hard))
        try:
            with pytest.raises(LogError, match=r"full|did not take it") as refused:
                log.write(Entry(kind="note", text="y" * 20_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert refused.value.text == "y" * 20_000
        log.write(Entry(kind="note", text="after"))
        assert log.entries()["text"].to_list() == ["before", "after"]


@pytest.mark.slow
def test_a_disk_that_is_really_full_keeps_the_text(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if (
        not hasattr(os, "geteuid")
        or os.geteuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("mount: only root may mount a small disk")
    try:
        with open_log(disk / "log.sqlite") as log:
            acknowledged = []
            with pytest.raises(LogError, match=r"full|did not take it") as refused:
                acknowledged.extend(log.write(Entry(kind="note", text=f"{i}" + "z" * 5_000)).text for i in range(100))
            assert refused.value.text.startswith(f"{len(acknowledged)}z")
            assert log.entries()["text"].to_list() == acknowledged
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@contextlib.contextmanager
def as_nobody():
    """Without the rights of root, for whom no folder is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder(tmp_path_factory):
    """A folder that anybody can reach, and nobody but root can write."""
    import tempfile

    made = Path(tempfile.mkdtemp(prefix="kpikit-log-"))
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def test_in_a_folder_that_cannot_be_written_no_log_is_made(folder):
    open_log(folder / "warm.sqlite").close()
    folder.chmod(0o555)
    with as_nobody(), pytest.raises(LogError, match=r"No review log can be made at .*log.sqlite: Permission denied"):
        open_log(folder / "log.sqlite")


def test_a_log_that_cannot_be_written_is_shown_and_keeps_the_text(folder):
    with open_log(folder / "log.sqlite") as log:
        log.write(Entry(kind="note", text="before"))
    (folder / "log.sqlite").chmod(0o444)
    folder.chmod(0o555)
    with as_nobody(), open_log(folder / "log.sqlite") as log:
        assert log.entries()["text"].to_list() == ["before"]
        assert [notice.code for notice in log.notices] == ["log_read_only"]
        with pytest.raises(LogError, match="can be read but not written here") as refused:
            log.write(Entry(kind="note", text="my words"))
        assert refused.value.text == "my words"


def test_a_log_that_may_not_be_read_is_said(folder):
    open_log(folder / "log.sqlite").close()
    (folder / "log.sqlite").chmod(0o000)
    with as_nobody(), pytest.raises(LogError, match=r"log\.sqlite"):
        open_log(folder / "log.sqlite")


def test_a_log_that_somebody_holds_says_so_and_keeps_the_text(path, monkeypatch):
    monkeypatch.setattr(connecting, "BUSY_TIMEOUT", 100)
    with open_log(path) as log, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        log.write(Entry(kind="note", text="before"))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogError, match=r"held by another program\. Try again in a moment") as refused:
            log.write(Entry(kind="note", text="my words"))
        assert refused.value.text == "my words"
        other.execute("ROLLBACK")
        log.write(Entry(kind="note", text="my words"))


@pytest.mark.parametrize("how", ["moved", "replaced"])
def test_a_log_that_was_moved_away_does_not_take_words_into_nowhere(path, how):
    with open_log(path) as log:
        log.write(Entry(kind="note", text="before"))
        path.rename(path.with_name("elsewhere.sqlite"))
        if how == "replaced":
            path.touch()
        with pytest.raises(LogError, match="moved or replaced") as refused:
            log.write(Entry(kind="note", text="my words"))
        assert refused.value.text == "my words"


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LogError, match="No review log can be made"):
        open_log(tmp_path / "file" / "log.sqlite")


# --- what is said ----------------------------------------------------------------------------------------------------


def test_every_trouble_has_its_sentence_in_both_languages(root):
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted((root / "kpikit/log").rglob("*.py")))
    codes = set(re.findall(r'"(log_[a-z_]+)"', source)) - {"log_"}
    assert len(codes) > 20
    for language in LANGUAGES:
        assert [code for code in codes if not Words(language).has(f"error.{code}")] == []


def test_an_error_says_whether_words_were_lost():
    said = [LogError("log_busy", where="x", text=text).sentence("nl") for text in (None, "", "words")]
    assert said[0].endswith("Probeer het zo meteen opnieuw.")
    assert said[1].endswith("Er is niets bewaard.")
    assert said[2].endswith("Je tekst is niet bewaard; hij staat er nog.")


def test_opening_a_log_loads_no_browser_and_no_charts():
    code = "import kpikit.review, sys; kpikit.review.open_log; print({'altair', 'ipywidgets'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_person_is_not_a_number_of_months(path):
    with open_log(path) as log, pytest.raises(UsageError, match="not a number of months"):
        log.keep(0)
