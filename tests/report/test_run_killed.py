"""A run stopped at any moment: nothing is half-written, nobody is left behind, and going on ends as if undisturbed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.report.books import write_book
from tests.report.own_templates import SHOWN, write_template

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc"),
]

PERIOD, N_TEAMS, KILLS = "2026Q2", 40, 20


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    write_book(folder / "book", {f"T{i:02}": (3, 3) for i in range(N_TEAMS)})
    write_template(folder / "own.ipynb", SHOWN, "import time\ntime.sleep(0.05)", SHOWN)
    return folder


def _start(place, out, *more):
    """A run in a session of its own, so that whatever it starts can be counted, and killed, together."""
    order = [
        "report",
        place / "book",
        "--template",
        place / "own.ipynb",
        "--all-teams",
        "--period",
        PERIOD,
        "--summary",
    ]
    command = [sys.executable, "-m", "kpikit", *order, "--out", place / out, *more]
    return subprocess.Popen(
        [str(part) for part in command],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _told(process, n):
    """Wait until so many reports are made; false if the run ended before."""
    return all(any(line.startswith("[") for line in iter(process.stderr.readline, "")) for _ in range(n))


def _ended(process):
    process.stdout.read()
    process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    return process.wait(timeout=60)


def _session(leader):
    """Processes that still live in a session; a dead one that nobody has asked about yet counts as dead."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


def _nobody_is_left(leader):
    until = time.monotonic() + 20
    while _session(leader) and time.monotonic() < until:
        time.sleep(0.1)
    return _session(leader) == []


def _files(place, out):
    """What stands in every file of a run, how long it took apart."""
    folder = place / out / PERIOD
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    record = json.loads(found["run.json"])
    for team in record["teams"]:
        del team["seconds"], team["key"]  # the key is of this moment's source files
    return found | {"run.json": record}


@pytest.fixture(scope="module")
def undisturbed(place):
    process = _start(place, "undisturbed")
    assert _ended(process) == 0
    found = _files(place, "undisturbed")
    assert len(found) == 3 * N_TEAMS + 2  # page, notebook and summary of each; index and record
    return found


def _whole(place, out, undisturbed):
    """The files of finished reports; each file that stands there is what an undisturbed run writes, from end to end."""
    folder = place / out / PERIOD
    if not (folder / "run.json").exists():
        return []
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    there = [path for path in folder.glob("*/*") if path.name[0] != "." and path.parent.name != ".work"]
    names = {path.relative_to(folder).as_posix(): path for path in there}
    assert [name for name, path in names.items() if path.read_bytes() != undisturbed[name]] == []
    ok = {team["folder"] for team in record["teams"] if team["status"] == "ok"}
    return sorted(name for name in names if name.partition("/")[0] in ok)


def _killed(place, out, chance):
    """A run that is killed after some of its reports, or at any time from its start on; its exit code."""
    process = _start(place, out, "--resume")
    if chance.random() < 0.3:
        time.sleep(chance.uniform(0, 4))
    else:
        _told(process, chance.choice([1, 2, 3, 5]))
        time.sleep(chance.uniform(0, 0.3))
    os.killpg(process.pid, signal.SIGKILL)
    code = _ended(process)
    assert code in (0, -signal.SIGKILL)
    assert _nobody_is_left(process.pid)
    return code


def test_twenty_kills_at_random_moments_lose_nothing(place, undisturbed):
    """Each killed run is resumed, and killed again; one that comes to its end is followed by a fresh one."""
    chance, kills, runs = random.Random(8), 0, 0
    while kills < KILLS:
        finished = set(_whole(place, f"run-{runs}", undisturbed))
        code = _killed(place, f"run-{runs}", chance)
        assert finished <= set(_whole(place, f"run-{runs}", undisturbed))  # nothing that was finished is lost
        kills += code != 0
        if code == 0:
            assert _files(place, f"run-{runs}") == undisturbed
            runs += 1
    assert _ended(_start(place, f"run-{runs}", "--resume")) == 0
    # no .part, no lock, no work; page, notebook, summary, index and record alike
    assert _files(place, f"run-{runs}") == undisturbed


@pytest.mark.parametrize(("stop", "to_all"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)])
def test_an_interrupt_ends_with_130_and_what_is_finished_stays(place, undisturbed, stop, to_all):
    """At the keyboard the whole group hears it; a service manager tells the first process only."""
    out = f"{stop.name}-{to_all}"
    process = _start(place, out)
    assert _told(process, 3)
    (os.killpg if to_all else os.kill)(process.pid, stop)
    said = process.stderr.read()
    assert _ended(process) == 130
    assert _nobody_is_left(process.pid)
    assert "Traceback" not in said
    assert "Interrupted. What is finished stays; the same command with --resume goes on." in said
    record = json.loads((place / out / PERIOD / "run.json").read_text(encoding="utf-8"))
    states = [team["status"] for team in record["teams"]]
    assert record["state"] == "interrupted"
    assert states.count("ok") >= 3
    assert states.count("ok") + states.count("pending") == N_TEAMS > states.count("ok")
    index = (place / out / PERIOD / "index.html").read_text(encoding="utf-8")
    assert "This report is not made yet" in index
    if to_all:
        assert _ended(_start(place, out, "--resume")) == 0
        assert _files(place, out) == undisturbed


def test_nobody_goes_on_when_only_the_first_process_is_killed(place, undisturbed):
    process = _start(place, "orphans")
    assert _told(process, 2)
    os.kill(process.pid, signal.SIGKILL)
    _ended(process)
    assert _nobody_is_left(process.pid)
    _whole(place, "orphans", undisturbed)
