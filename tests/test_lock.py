"""One run at a time in a folder, and no lock outlives the process that held it."""

import os
import signal
import subprocess
import sys

import polars as pl
import pytest
from click.testing import CliRunner

import kpikit
from kpikit.book import sealing
from kpikit.cli import kpikit as command
from kpikit.errors import UsageError
from kpikit.lock import LOCK, locked
from kpikit.session import papers
from kpikit.simulate.writing import write
from kpikit.words import Words

HOLDS = (
    "import sys, time\nfrom pathlib import Path\nfrom kpikit.lock import locked\n"
    "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
)


def test_a_second_one_is_refused_and_told_who_holds_it(tmp_path):
    with locked(tmp_path / "out"):
        with pytest.raises(UsageError, match=f"process {os.getpid()}") as refused, locked(tmp_path / "out"):
            raise AssertionError("never entered")
        assert refused.value.code == "folder_locked"
        assert refused.value.exit_code == 2
    with locked(tmp_path / "out"):
        pass


def test_the_folder_is_made_and_nothing_is_left_in_it(tmp_path):
    with locked(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b" / LOCK).read_text() == f"{os.getpid()}\n"
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_the_lock_goes_when_an_error_passes(tmp_path):
    with pytest.raises(ValueError, match="no"), locked(tmp_path):
        raise ValueError("no")
    with locked(tmp_path):
        pass


def test_a_file_that_a_killed_run_left_holds_nobody_back(tmp_path):
    """Not even where its number belongs to a process that lives."""
    (tmp_path / LOCK).write_text(f"{os.getppid()}\n")
    with locked(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_lock_dies_with_its_process(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=f"process {process.pid}"), locked(tmp_path):
            raise AssertionError("never entered")
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        with locked(tmp_path):
            pass
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


# --- whoever writes a folder -----------------------------------------------------------------------------------------


def _prepare(folder):
    kpikit.prepare(kpikit.open_book("demo"), folder)


def _simulate(folder):
    write({"deals": pl.DataFrame({"deal_id": ["a"]})}, {}, folder)


def _papers(folder):
    papers.prepare(kpikit.open_book("demo"), None, folder, Words("en"))


def _demo(folder):
    """A run of the demo that is there already: the command takes it away first."""
    (folder / "FY2026Q2").mkdir(exist_ok=True)
    (folder / "FY2026Q2" / "run.json").write_text("{}")
    with locked(folder / "FY2026Q2"):
        done = CliRunner().invoke(command, ["demo", "--out", str(folder)])
    assert (folder / "FY2026Q2" / "run.json").read_text() == "{}"
    raise done.exception


@pytest.mark.parametrize("writes", [_prepare, _simulate, _papers])
def test_a_second_writer_is_refused_and_the_folder_stays_as_it_is(tmp_path, writes):
    folder = tmp_path / "out"
    with locked(folder):
        with pytest.raises(UsageError, match=f"process {os.getpid()}"):
            writes(folder)
        assert [path.name for path in folder.iterdir()] == [LOCK]
    writes(folder)
    assert not (folder / LOCK).exists()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert before
    with locked(folder), pytest.raises(UsageError):
        writes(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_demo_at_work_is_not_swept_away(tmp_path):
    with pytest.raises(UsageError, match=f"process {os.getpid()}"):
        _demo(tmp_path)


PREPARES = (
    "import sys\nfrom datetime import UTC, datetime\nimport kpikit\nfrom kpikit.errors import UsageError\n"
    "book = kpikit.open_book('demo')\n"
    "book = book if sys.argv[2] == 'whole' else book.at(datetime(2026, 1, 1, tzinfo=UTC))\n"
    "try:\n    print(kpikit.prepare(book, sys.argv[1]).hash)\nexcept UsageError as error:\n    print(error.code)\n"
)


@pytest.mark.slow
def test_of_two_who_prepare_at_once_one_book_stands_whole(tmp_path):
    """Whoever came first, or second after the first was done: never half of one and half of the other."""
    place = tmp_path / "book"
    command_ = [sys.executable, "-c", PREPARES, str(place)]
    both = [subprocess.Popen([*command_, which], stdout=subprocess.PIPE, text=True) for which in ("whole", "part")]
    said = [process.communicate(timeout=120)[0].strip() for process in both]
    hashes = [one for one in said if one != "folder_locked"]
    assert hashes
    sealing.check_whole(kpikit.open_book(place).tables)
    assert kpikit.open_book(place).hash in hashes
    assert {path.name for path in place.iterdir() if path.name.startswith(".")} == set()
