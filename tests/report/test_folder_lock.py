"""One run at a time in a folder, and no lock outlives the process that held it."""

import os
import signal
import subprocess
import sys

import pytest

from kpikit.errors import UsageError
from kpikit.report.runs.lock import LOCK, locked

HOLDS = (
    "import sys, time\nfrom pathlib import Path\nfrom kpikit.report.runs.lock import locked\n"
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
