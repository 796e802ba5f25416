"""A server that is gone, silent, stopped half-way or held by another: told in five seconds, by a code of its own."""

import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import create_engine, text

from kpikit.log import erasing
from kpikit.log.connecting import trouble
from kpikit.log.entries import Entry, LogError, ServerLost
from kpikit.review import open_log
from kpikit.words import LANGUAGES
from tests.log import postgres
from tests.log.postgres import standing_still

#: people wait for no longer
SOON = 5.0


@pytest.fixture(scope="module")
def server():
    with postgres.running() as running:
        yield running


@contextmanager
def soon():
    """What happens within is over in five seconds."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < SOON


def learned(words="They decide in March.", **more):
    return Entry(kind="learned", text=words, **more)


@contextmanager
def listening(answer=b""):
    """A socket that takes every connection and says nothing, or one byte a second."""
    taken, is_over = [], threading.Event()
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(20)
        door.settimeout(0.2)

        def take():
            while not is_over.is_set():
                with suppress(TimeoutError):
                    taken.append(door.accept()[0])
                for one in taken:
                    with suppress(OSError):
                        one.send(answer)
                time.sleep(0.5 if answer else 0)

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield f"postgresql://u:hidden@127.0.0.1:{door.getsockname()[1]}/db"
        finally:
            is_over.set()
            thread.join()
            for one in taken:
                one.close()


@pytest.mark.parametrize("answer", [b"", b"N"], ids=["silent", "a byte now and then"])
def test_a_socket_that_accepts_and_never_answers(answer):
    with listening(answer) as url, soon(), pytest.raises(ServerLost, match="does not answer") as lost:
        open_log(url)
    assert lost.value.exit_code == 5
    assert "hidden" not in str(lost.value)


def test_a_name_that_is_not_looked_up_holds_nobody(monkeypatch):
    """A dead network's resolver takes as long as it likes."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(8))
    with soon(), pytest.raises(ServerLost):
        open_log("postgresql://u:x@log.example.invalid/db")


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_says_so_with_code_5(language):
    with listening() as url:
        command = [sys.executable, "-m", "kpikit", "log", "export", "Anna", "--log", url, "--lang", language]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert ("antwoordt niet" if language == "nl" else "does not answer") in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "hidden" not in done.stderr


@pytest.mark.slow
def test_a_server_that_stands_still_is_told_and_found_again(server):
    with open_log(server.database()) as log:
        log.write(learned())
        entry = learned("while it stood still")
        with standing_still(server):
            with soon(), pytest.raises(ServerLost, match="Your text was not saved") as lost:
                log.write(entry)
            assert lost.value.text == "while it stood still"
            with soon(), pytest.raises(ServerLost):
                log.entries()
            with soon(), pytest.raises(ServerLost):
                log.write_all([learned(), learned()])
            time.sleep(1.1)
            with soon(), pytest.raises(ServerLost):
                log.clock()
            with soon(), pytest.raises(ServerLost):
                log.forget("Anna")
        log.write(entry)
        time.sleep(1.1)  # a reader does not ask at once again
        assert log.entries()["text"].to_list() == ["They decide in March.", "while it stood still"]


@pytest.mark.slow
def test_a_server_that_stops_between_two_statements(server, monkeypatch):
    with open_log(server.database()) as log:
        standing = []

        def stand_still(connection, entry):
            connection.execute(text("SELECT 1"))
            standing.append(standing_still(server))
            standing[-1].__enter__()
            return connection.execute(text("SELECT 2"))

        monkeypatch.setattr("kpikit.log.log.put", stand_still)
        try:
            with soon(), pytest.raises(ServerLost) as lost:
                log.write(learned("half-way"))
        finally:
            standing[-1].__exit__(None, None, None)
        assert lost.value.text == "half-way"
        monkeypatch.undo()
        time.sleep(1.1)
        assert log.entries().height == 0  # what was told not to be saved is not there


@pytest.mark.slow
def test_a_server_that_stops_while_the_table_is_written_anew(server, monkeypatch):
    """That may take long, so nobody limits it; but it is noticed when the server answers no others either."""
    with open_log(server.database(), author="Anna") as log:
        log.write(learned())
        is_working = threading.Event()

        def sweep(it):
            with it.engine.connect() as connection:
                is_working.set()
                connection.execute(text("SELECT pg_sleep(15)"))

        monkeypatch.setattr(erasing, "_sweep_server", sweep)
        found = []

        def forget():
            try:
                log.forget("Anna")
            except LogError as error:
                found.append((error, time.monotonic()))

        thread = threading.Thread(target=forget)
        thread.start()
        assert is_working.wait(10)
        time.sleep(4)  # longer than a silence may be: the server works, and answers others
        assert thread.is_alive()
        with standing_still(server):
            since = time.monotonic()
            thread.join(8)
        ((error, at),) = found
        assert isinstance(error, ServerLost)
        assert at - since < SOON


@pytest.mark.slow
def test_a_lock_that_another_program_holds_is_no_lost_server(server):
    url = server.database()
    with open_log(url, author="Anna") as log:
        log.write(learned())
        other = create_engine(url)
        with other.connect() as connection:
            connection.execute(text("LOCK TABLE kpikit_entries IN ACCESS EXCLUSIVE MODE"))
            with soon(), pytest.raises(LogError, match="held by another program") as held:
                log.write(learned("meanwhile"))
        other.dispose()
        assert (held.value.exit_code, held.value.text) == (4, "meanwhile")
        assert log.entries()["text"].to_list() == ["They decide in March."]
        log.write(learned("meanwhile"))


@pytest.mark.slow
def test_a_wrong_password_is_said_in_the_servers_words_and_without_it(server):
    url = server.database().replace(postgres.PASSWORD, "hidden")
    with pytest.raises(LogError, match="password authentication failed") as refused:
        open_log(url)
    assert (type(refused.value), refused.value.exit_code) == (LogError, 4)
    assert "hidden" not in str(refused.value)
    assert "{" not in str(refused.value)


class _WrappedError(Exception):
    """An error as SQLAlchemy wraps the driver's."""

    def __init__(self, orig):
        self.orig = orig


@pytest.mark.parametrize(
    ("state", "code", "kind"),
    [
        ("57P01", "log_unreachable", ServerLost),  # it was told to end
        ("57P03", "log_unreachable", ServerLost),  # it is starting
        ("08006", "log_unreachable", ServerLost),
        ("55P03", "log_busy", LogError),
        ("57014", "log_busy", LogError),
        ("53300", "log_busy", LogError),
        ("42501", "log_disk", LogError),
        ("53100", "log_disk", LogError),
    ],
)
def test_what_a_server_says_is_told_apart(state, code, kind):
    told = trouble(_WrappedError(Exception({"S": "ERROR", "C": state, "M": "its words\nmore"})), "here", "mine")
    assert (told.code, type(told), told.text) == (code, kind, "mine")
    assert told.values.get("reason", "its words") == "its words"
