"""A disk that is really full, for every command that writes: a sentence, an exit code, no half-written file."""

import os
import subprocess
import sys

import pytest

from kpikit.processes.tether import environment
from tests.hostile.test_command_line import ill_said
from tests.report.books import write_book

pytestmark = pytest.mark.slow

MEGABYTES = 4


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return write_book(tmp_path_factory.mktemp("small") / "book", {"North": (40, 4)})


@pytest.fixture
def disk(tmp_path):
    """A disk of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place)]
    is_root = getattr(os, "geteuid", lambda: 1)() == 0
    if not is_root or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mount: only root may mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(disk, kilobytes):
    """Leave so much of the disk; a page of the disk has four kilobytes."""
    free = os.statvfs(disk)
    wanted = free.f_bavail * free.f_bsize - kilobytes * 1024
    (disk / "other").write_bytes(os.urandom(wanted))


def _run(tmp_path, *order, **more):
    own = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "kpikit", *map(str, order)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=environment() | own | more
    )
    return done.returncode, done.stdout, done.stderr


def _orders(book, out, tmp_path):
    return {
        "init": ("init", book / "deals.csv", "--yes", "--out", out),
        "report": ("report", book, "--team", "North", "--period", "2026Q2", "--out", out, "--xlsx", "--summary"),
        "prepare": ("review", book, "--prepare", "--out", out, "--log", tmp_path / "log.sqlite"),
        "log": ("review", book, "--prepare", "--out", tmp_path / "papers", "--log", out / "log.sqlite"),
        "simulate": ("simulate", "--deals", "20000", "--out", out / "simulated"),
    }


@pytest.mark.parametrize("kilobytes", [0, 4, 60, 400])
@pytest.mark.parametrize("name", ["init", "report", "prepare", "log", "simulate"])
def test_a_full_disk_is_said_and_holds_nothing_half_written(book, disk, tmp_path, name, kilobytes):
    _fill(disk, kilobytes)
    code, out, err = _run(tmp_path, *_orders(book, disk / "out", tmp_path)[name])
    assert ill_said(code, out, err) == []
    assert list(disk.rglob("*.part")) == []
    assert list(disk.rglob(".work")) == []
    if code in (1, 4) or kilobytes == 0:
        assert code in (1, 2, 4)
        assert "full" in err or "No space left" in err


def test_a_disk_with_room_takes_all(book, disk, tmp_path):
    """The mirror: the same order on the same disk, with nothing else on it."""
    code, _, err = _run(tmp_path, *_orders(book, disk / "out", tmp_path)["report"])
    assert (code, "full" in err) == (0, False)
    assert (disk / "out" / "2026Q2" / "north" / "report.html").exists()
