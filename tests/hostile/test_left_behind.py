"""Nothing is left behind, whatever ends a command and when: no process, no folder, no token, no traceback."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kpikit.processes.keeper import MARK
from kpikit.processes.tether import environment
from tests.hostile import workbooks
from tests.report.books import write_book
from tests.report.own_templates import SHOWN, write_template

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="signals and processes are looked at as Linux tells them"),
]

PERIOD, KILLS, STOPS = "2026Q2", 50, 30
#: what nothing of a command may outlive, in seconds; on a machine with more to do than it can, more
PROMISED = 5.0
#: how the processes of one trial are known, whichever environment they were given
_TRIAL = "KPIKIT_TRIAL"
#: a cell that starts what would outlive it: a child, one in a session of its own, one with nothing of our environment;
#: and folders for what is only for now, multiprocessing's own among them
CELL = """
import multiprocessing.util, subprocess, sys, tempfile, time
sleep = "import sys, time; time.sleep(300)"
for more in ({}, {"start_new_session": True}, {"env": {}}):
    subprocess.Popen([sys.executable, "-c", sleep, "%s"], **more)
tempfile.mkdtemp()
multiprocessing.util.get_temp_dir()
time.sleep(0.3)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("left")
    write_book(folder / "book", {f"T{i:02}": (3, 3) for i in range(12)})
    write_template(folder / "own.ipynb", SHOWN, CELL % folder, SHOWN)
    cells = [f'<c r="EA{i}"><v>1</v></c>' for i in range(2, 60_000)]  # beyond what is read here: read apart
    workbooks.write(folder / "deals.xlsx", workbooks.sheet(*cells))
    return folder


def _orders(place, out):
    """Every command that starts a process or takes its time; the longest a trial waits before it ends it."""
    run = ("--template", place / "own.ipynb", "--all-teams", "--period", PERIOD, "--jobs", "2", "--out", out)
    return {
        "report": (("report", place / "book", *run), 12),
        "demo": (("demo", "--out", out), 10),
        "review": (("review", "demo", "--no-browser"), 15),
        "prepare": (("review", "demo", "--prepare", "--out", out, "--log", out / "log.sqlite"), 4),
        "init": (("init", place / "deals.xlsx", "--yes", "--out", out), 4),
        "check": (("check", place / "book"), 2),
        "template": (("template", "check", place / "own.ipynb"), 10),
        "simulate": (("simulate", "--deals", "20000", "--out", out / "simulated"), 3),
        "privacy": (("privacy", "demo"), 1),
    }


#: how a command ends that was done before it was asked to stop; the workbook of init holds no deals, which it says
ENDED = {"init": (3,)}


@pytest.fixture
def begun():
    """Begins trials; whichever command still runs at the end of the test is ended."""
    trials = []

    def begin(*given):
        trials.append(Trial(*given))
        return trials[-1]

    yield begin
    for trial in trials:
        trial.process.kill()
        trial.process.wait()
        shutil.rmtree(trial.temporary)


class Trial:
    """A command with a temporary folder and a home of its own, all of whose processes are known."""

    def __init__(self, order, home, mark):
        self.mark, self.out = mark, home / "out"
        self.out.mkdir(parents=True)
        self.temporary = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))  # sockets need a short path
        own = {"TMPDIR": str(self.temporary), "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), _TRIAL: mark}
        own |= {"XDG_DATA_HOME": str(home / "data")}
        outer = {name: value for name, value in os.environ.items() if name != MARK}
        with (home / "said.txt").open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kpikit", *map(str, order)],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=outer | own, start_new_session=True,
            )  # fmt: skip
        self.said = home / "said.txt"

    def is_listening(self):
        """Does it hear signals yet? Before that no line of ours has run."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return True
        caught = int(status.split("SigCgt:")[1].split()[0], 16)
        return self.process.poll() is not None or bool(caught >> (signal.SIGHUP - 1) & 1)

    def end(self, number, is_for_all):
        """Send a signal to the command, or to all of its group."""
        with suppress(ProcessLookupError):
            (os.killpg if is_for_all else os.kill)(self.process.pid, number)
        return self.process.wait(300)

    def left(self, sleeper):
        """Processes and folders that are there still."""
        found = []
        for process in psutil.process_iter():
            try:
                is_ours = process.environ().get(_TRIAL) == self.mark or sleeper in process.cmdline()
                if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline())[:200])
            except psutil.Error:
                continue
        folders = [str(path) for path in self.temporary.iterdir()]
        return found + folders + [str(path) for path in self.out.rglob(".work")]

    def left_after(self, seconds, sleeper):
        """What is there after so long, or as soon as there is nothing."""
        until = time.monotonic() + seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        while (left := self.left(sleeper)) and time.monotonic() < until:
            time.sleep(0.1)
        return left


@pytest.mark.timeout(3600)
def test_fifty_kills_at_random_moments_leave_no_process_and_no_folder(place, tmp_path, begun):
    """kill -9, of the command alone or of its whole group, in turn over all commands."""
    chance, ended, left = random.Random(16), Counter(), []
    for i in range(KILLS):
        home = tmp_path / str(i)
        orders = _orders(place, home / "out")
        name = list(orders)[i % len(orders)]
        order, longest = orders[name]
        trial = begun(order, home, f"kill-{i}")
        time.sleep(chance.uniform(0, longest))
        code = trial.end(signal.SIGKILL, is_for_all=chance.random() < 0.5)
        found = trial.left_after(PROMISED, str(place))
        left += [(name, found)] if found else []
        ended[code] += 1
    assert left == []
    assert ended[-signal.SIGKILL] >= KILLS // 2, ended  # the others were done before


@pytest.mark.timeout(3600)
def test_a_request_to_stop_is_answered_in_a_sentence_from_the_first_moment_on(place, tmp_path, begun):
    chance, codes, ill = random.Random(5), Counter(), []
    for i in range(STOPS):
        home = tmp_path / str(i)
        orders = _orders(place, home / "out")
        name = list(orders)[i % len(orders)]
        order, longest = orders[name]
        trial = begun(order, home, f"stop-{i}")
        while not trial.is_listening():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, longest) ** 2 / longest)  # most of them while it starts
        number = chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
        code = trial.end(number, is_for_all=chance.random() < 0.5)
        said = trial.said.read_text(encoding="utf-8")
        found = trial.left_after(PROMISED, str(place))
        is_told = "Interrupted" in said if code == 130 else code in ENDED.get(name, (0, 1))
        if not is_told or "Traceback" in said or "Exception ignored" in said or "panicked" in said or found:
            ill.append((name, number, code, said[-600:], found))
        codes[code] += 1
    assert ill == []
    assert codes[130] >= STOPS // 2, codes


def test_a_session_that_is_killed_leaves_no_server_with_a_token(place, tmp_path, begun):
    """Once JupyterLab serves and a kernel runs; the token stands in the address that was told."""
    trial = begun(("review", "demo", "--no-browser", "--log", tmp_path / "log.sqlite"), tmp_path / "home", "session")
    until = time.monotonic() + 240
    while "token=" not in trial.said.read_text(encoding="utf-8") and time.monotonic() < until:
        time.sleep(0.2)
    told = trial.said.read_text(encoding="utf-8")
    assert "token=" in told
    running = " ".join(trial.left("-"))
    assert "jupyterlab" in running
    assert "ipykernel" in running
    assert trial.end(signal.SIGKILL, is_for_all=False) == -signal.SIGKILL
    assert trial.left_after(PROMISED, "-") == []
    token = told.split("token=")[1].split()[0]
    holding = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and path != trial.said]
    assert [path for path in holding if token.encode() in path.read_bytes()] == []


def test_what_cells_started_ends_with_a_run_in_order(place, tmp_path, begun):
    run = ("--template", place / "own.ipynb", "--team", "T01", "--period", PERIOD, "--out", tmp_path / "home" / "out")
    trial = begun(("report", place / "book", *run), tmp_path / "home", "order")
    assert trial.process.wait(240) == 0, trial.said.read_text(encoding="utf-8")
    assert trial.left_after(PROMISED, str(place)) == []


@pytest.mark.parametrize("code", ["os.kill(os.getpid(), 9)", "os._exit(3)", "sys.exit(0)", "raise SystemExit(4)"])
def test_a_program_that_makes_reports_itself_leaves_nothing_either(tmp_path, code):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, subprocess, sys\n"
        "from kpikit.processes.keeping import kept, starting\n"
        "folder = kept().folder\n"
        "(folder / 'token').write_text('secret')\n"
        f"sleeper = [sys.executable, '-c', 'import time; time.sleep(300)', {str(tmp_path)!r}]\n"
        "with starting():\n    subprocess.Popen(sleeper)\n"
        f"print(folder, flush=True)\n{code}\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, env=environment())
    folder = Path(done.stdout.strip())
    assert done.stderr == ""
    until = time.monotonic() + 20
    while time.monotonic() < until and (folder.exists() or _running(str(tmp_path))):
        time.sleep(0.1)
    assert not folder.exists()
    assert _running(str(tmp_path)) == []


def _running(argument):
    found = []
    for process in psutil.process_iter():
        try:
            if argument in process.cmdline():
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_a_program_s_own_environment_stays_as_it_was(tmp_path):
    """What the user starts himself, a browser say, bears no mark: it may outlive the command."""
    script = (
        "import json, os, tempfile\n"
        "from kpikit.processes.keeping import kept, starting\n"
        "before = dict(os.environ), tempfile.gettempdir()\n"
        "with starting():\n    inside = dict(os.environ), tempfile.gettempdir()\n"
        "after = dict(os.environ), tempfile.gettempdir()\n"
        "print(json.dumps([before == after, sorted(set(inside[0].items()) - set(before[0].items())), inside[1], "
        "str(kept().folder)]))\n"
    )
    outer = {name: value for name, value in os.environ.items() if name != MARK}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=outer)
    is_same, added, temporary, folder = json.loads(done.stdout)
    assert is_same
    assert [name for name, _ in added] == [MARK, "TEMP", "TMP", "TMPDIR"]
    assert temporary == folder


def test_a_command_within_a_command_bears_both_marks(tmp_path):
    script = "from kpikit.processes.keeping import kept\nprint(kept().environment['KPIKIT_KEPT'])\n"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ | {MARK: "outer"}
    )
    outer, own = done.stdout.strip().split(":")
    assert outer == "outer"
    assert len(own) == 16


def test_a_request_that_is_ignored_stays_so(tmp_path):
    """Under nohup a closed window ends nothing."""
    script = (
        "import os, signal\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from kpikit.processes import stopping\n"
        "stopping.note()\n"
        "with stopping.heard():\n    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print('on')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "on\n"
