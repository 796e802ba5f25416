"""The README tells the truth: its example runs, its commands and links exist, and its first screen is short."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kpikit.cli import kpikit

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def _example():
    return re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]


def test_the_example_is_short_and_runs_on_the_demo(tmp_path):
    code = _example()
    assert len(code.strip().splitlines()) <= 12
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    *stages, then = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in stages] == ["Qualify", "Discovery", "Proposal", "Negotiation"]
    assert all(
        re.search(r"half have left within (?:[1-9]\d* days|not yet known); \d+ of \d+ still there$", line)
        for line in stages
    )
    assert re.fullmatch(r"DealBook: [\d,]+ deals, up to 2026-06-30 22:00 UTC", then)


def test_promise_picture_and_commands_come_first():
    places = [
        TEXT.index(mark) for mark in ("Deal reviews", "docs/pictures/report.png", "make demo", "make test", "```python")
    ]
    assert places == sorted(places)
    promise = TEXT.split("\n\n")[1]
    assert promise.count(". ") + 1 == 2
    first_screen = TEXT.split("\n## ")[0].splitlines()
    assert len(first_screen) <= 40


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_to_files_that_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert not link.startswith("http"), f"{name}: {link}"
        assert (ROOT / link).exists(), f"{name}: {link}"


def test_commands_and_options_of_the_readme_exist():
    commands = set(re.findall(r"`?kpikit (report|demo|simulate|[a-z]+) ", TEXT)) & {
        "report",
        "demo",
        "simulate",
        "check",
        "init",
    }
    assert commands <= set(kpikit.commands)
    known = {
        option for command in kpikit.commands.values() for parameter in command.params for option in parameter.opts
    }
    used = {
        option for line in TEXT.splitlines() if line.startswith("kpikit ") for option in re.findall(r"--[a-z-]+", line)
    }
    assert used <= known


@pytest.mark.parametrize("name", ["report.png", "report-nl.png", "report-narrow.png", "report-dark.png"])
def test_pictures_are_there_and_small(name):
    picture = ROOT / "docs" / "pictures" / name
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 400_000


def test_documents_are_short():
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()
    assert len([line for line in architecture if not line.startswith("|")]) <= 50  # beside the two tables
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 40, path.name
        assert re.match(r"# \d{4} · ", path.read_text(encoding="utf-8")), path.name


def test_the_pages_of_definitions_are_up_to_date():
    """``python docs/kpi_pages.py`` writes them; a card that was edited without it is found here."""
    specification = importlib.util.spec_from_file_location("kpi_pages", ROOT / "docs" / "kpi_pages.py")
    kpi_pages = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(kpi_pages)
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "kpi").glob("*.md")}
    assert written == kpi_pages.pages()
