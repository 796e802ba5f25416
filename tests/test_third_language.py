"""A third language is one folder: a copy of the English one under a third name, in a copy of the package, runs through.

What its folder lacked would be a ``KeyError`` somewhere: each command that speaks is run in it, with no code changed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kpikit.languages import FOLDER, LANGUAGES, language
from kpikit.show.charts.picture import numbers

ROOT = Path(__file__).parents[1]
THIRD = "qq"


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A checkout with one folder more."""
    root = tmp_path_factory.mktemp("checkout")
    for part in ("kpikit", "templates", "data/demo"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    words = root / "kpikit" / "words"
    shutil.copytree(words / "en", words / THIRD)
    return root


def run(copied, *arguments):
    """What a command says that knows this checkout only, and no earlier look at a book."""
    home = copied / "home"
    shutil.rmtree(home, ignore_errors=True)
    own = {"PYTHONPATH": str(copied), "KPIKIT_LOG": str(copied / "log.sqlite"), "XDG_DATA_HOME": str(home)}
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("KPIKIT")} | own
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copied, env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_folder_has_what_english_has():
    english = {path.name for path in (FOLDER / "en").iterdir()}
    for name in LANGUAGES:
        assert {path.name for path in (FOLDER / name).iterdir()} == english
        for file in ("questions", "rules"):
            assert set(language(name, file)) == set(language("en", file))
        for part in ("stories", "names", "reasons", "steps"):
            assert set(language(name)[part]) == set(language("en")[part])
        assert numbers(name) == language(name)["locale"].replace("_", "-")


@pytest.mark.parametrize("command", ["check demo", "privacy demo", "init data/demo/deals.csv --yes"])
def test_commands_speak_it(copied, command):
    arguments = [*command.split(), *(["--out", "made-{}"] if command.startswith("init") else [])]
    said = {
        name: run(copied, "-m", "kpikit", *(a.format(name) for a in arguments), "--lang", name)
        for name in (THIRD, "en")
    }
    assert said[THIRD] == said["en"].replace("made-en", f"made-{THIRD}")


def test_help_lists_it(copied):
    assert f"en, nl or {THIRD}." in run(copied, "-m", "kpikit", "report", "--help")


#: what a session leaves for other programs, what stories and criteria are told by, and a company's own questions
OTHERS = f"""
from datetime import date
from kpikit.analysis.voices.search import Texts, asked
from kpikit.review.facts import recognised
from kpikit.review.questions import read_questions
from kpikit.session.exports import as_table
from kpikit.words import Words

agreed = [dict(text="Call", customer="A", deal_id="d", owner="Ann", due_on=date(2026, 1, 2))]
assert as_table(agreed, Words("{THIRD}")) == as_table(agreed, Words("en"))
assert read_questions().of("offer", "{THIRD}") == read_questions().of("offer", "en")
assert Texts(["two quotes"], ["{THIRD}"]).scores(asked("quote"))[0] > 0
assert recognised()["asked for the offer"] == "asked_for_offer"
"""


def test_tasks_questions_and_searches_know_it(copied):
    assert run(copied, "-c", OTHERS + "print('known')").strip() == "known"


@pytest.mark.slow
def test_the_papers_before_a_session(copied):
    made = run(copied, "-m", "kpikit", "review", "demo", "--prepare", "--out", "papers", "--lang", THIRD)
    agenda, *papers = (Path(copied, line).read_text(encoding="utf-8") for line in made.splitlines())
    assert f'<html lang="{THIRD}">' in agenda
    assert len(papers) > 3


@pytest.mark.slow
@pytest.mark.parametrize("template", ["team-review", "quarterly-winloss"])
def test_a_report(copied, template):
    order = ("report", "demo", "--team", "North", "--period", "FY2026Q2", "--template", template)
    run(copied, "-m", "kpikit", *order, "--out", template, "--lang", THIRD)
    page = next(Path(copied, template).rglob("north/*.html")).read_text(encoding="utf-8")
    assert f'<html lang="{THIRD}">' in page
    assert page.count("<section") > 5
