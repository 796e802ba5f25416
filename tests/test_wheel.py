"""The wheel, installed where no checkout is near, does the same as the checkout: the demo, its index, a report."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import kpikit

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without the network."""
    pytest.importorskip("hatchling", reason="hatchling: not installed")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(out.glob("kpikit-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment that has this wheel and, for the dependencies alone, looks into that of the tests."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    scheme = {"base": str(folder), "platbase": str(folder)}
    libraries = Path(sysconfig.get_path("purelib", "venv", scheme))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(libraries)  # a wheel without compiled parts is installed by unpacking it
    dependencies = Path(sysconfig.get_path("purelib"))
    (libraries / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    return Path(sysconfig.get_path("scripts", "venv", scheme)) / ("python.exe" if os.name == "nt" else "python")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return tmp_path_factory.mktemp("empty")


def _run(installed, empty, *arguments):
    surroundings = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "KPIKIT"))
    }
    command = [str(installed), "-m", "kpikit", *arguments]
    return subprocess.run(command, cwd=empty, env=surroundings, capture_output=True, text=True, check=False)


def test_the_wheel_holds_what_a_user_needs(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "kpikit/shipped/templates/team-review.ipynb",
        "kpikit/shipped/demo/deals.csv", "kpikit/shipped/demo/kpikit.toml",
        "kpikit/shipped/notebooks/01-open-a-book.ipynb", "kpikit/kpi/wins.toml", "kpikit/words/nl/pages.po",
        "kpikit/show/html/page.css", "kpikit/show/html/index.js", "kpikit/report/js/loader.js",
        "kpikit/report/js/chart.js", "kpikit/review/rules.toml", "kpikit/words/nl/questions.toml",
        "kpikit/shipped/notebooks/deal-review.ipynb", "kpikit/report/nbconvert/kpikit/index.html.j2",
    ):  # fmt: skip
        assert name in names, name
    assert not any("__pycache__" in name or name.startswith("tests/") for name in names)
    assert wheel.stat().st_size < 5_000_000


def test_it_declares_a_command_and_its_licence(wheel):
    archive = zipfile.ZipFile(wheel)
    info = f"kpikit-{kpikit.__version__}.dist-info"
    assert "kpikit = kpikit.__main__:main" in archive.read(f"{info}/entry_points.txt").decode()
    assert "License-Expression: BSD-3-Clause" in archive.read(f"{info}/METADATA").decode()


def test_it_is_the_wheel_that_runs(installed, empty):
    done = subprocess.run(
        [str(installed), "-c", "import kpikit; print(kpikit.__file__)"],
        cwd=empty, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
    )  # fmt: skip
    assert Path(done.stdout.strip()).is_relative_to(installed.parents[1]), done.stdout + done.stderr


def test_version(installed, empty):
    done = _run(installed, empty, "--version")
    assert (done.returncode, done.stdout.split()) == (0, ["kpikit,", "version", kpikit.__version__])


def test_the_demo(installed, empty):
    done = _run(installed, empty, "demo", "--out", "x")
    assert done.returncode == 0, done.stderr
    made = empty / "x" / "FY2026Q2"
    assert done.stdout.strip() == str(Path("x", "FY2026Q2", "index.html"))
    assert (made / "index.html").exists()
    record = json.loads((made / "run.json").read_text(encoding="utf-8"))
    assert len(record["teams"]) == 6
    assert {team["status"] for team in record["teams"]} == {"ok"}
    for team in record["teams"]:
        assert "<section" in (made / team["folder"] / "report.html").read_text(encoding="utf-8")
        assert (made / team["folder"] / "report.ipynb").exists()


def test_one_report(installed, empty):
    done = _run(
        installed, empty, "report", "demo", "--team", "North", "--period", "FY2026Q2", "--out", "y", "--lang", "nl"
    )
    assert done.returncode == 0, done.stderr
    html = (empty / "y" / "FY2026Q2" / "north" / "report.html").read_text(encoding="utf-8")
    assert '<html lang="nl">' in html
