"""A run as a whole: its folder, its record, its index; files that two runs write alike and that tell of no machine."""

import json
import re
import tempfile
from pathlib import Path

import nbformat
import pytest

from kpikit.report.run import Order, run
from tests.report import made as runs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["en", "nl"])
def language(request):
    return request.param


@pytest.fixture(scope="module")
def made(language):
    return runs.made(language)


def _reports(folder):
    return sorted(folder.rglob("report.*"))


def test_the_folder_holds_what_others_rely_on(made):
    files = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    assert made.folder.name == runs.PERIOD
    assert files == {
        "index.html", "run.json",
        "noord/report.html", "noord/report.ipynb", "con-zuid/report.html", "con-zuid/report.ipynb",
    }  # fmt: skip
    assert made.exit_code == 0


def test_the_record(made, language):
    record = json.loads((made.folder / "run.json").read_text(encoding="utf-8"))
    assert set(record) == {"kpikit", "template", "period", "language", "copy", "book", "teams"}
    assert (record["template"], record["period"], record["language"]) == ("team-review", runs.PERIOD, language)
    assert record["book"]["as_of"] == "2026-07-01T09:00:00+00:00"
    assert re.fullmatch(r"[0-9a-f]{16,}", record["book"]["hash"])
    teams = {team["team"]: team for team in record["teams"]}
    assert list(teams) == sorted(runs.TEAMS)
    assert {name: team["status"] for name, team in teams.items()} == {
        "Noord": "ok",
        "Con/ Zuid": "ok",
        "Duo": "refused",
    }
    assert teams["Noord"]["folder"] == "noord"
    assert teams["Noord"]["finding"]
    assert ("3 mensen" if language == "nl" else "3 people") in teams["Duo"]["reason"]


def test_the_index_lists_teams_by_name_and_ranks_nothing(made, language):
    html = (made.folder / "index.html").read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in html
    names = re.findall(r'<th scope="row">(?:<a href="[^"]*">)?([^<]+)', html)
    assert names == ["Con/ Zuid", "Duo", "Noord"]
    assert re.findall(r'<a href="([^"]*)"', html) == ["con-zuid/report.html", "noord/report.html"]
    assert all((made.folder / link).exists() for link in re.findall(r'<a href="([^"]*)"', html))
    assert ("Drie deals" if language == "nl" else "Three deals") in html


def test_nothing_in_a_report_leaves_the_page(made):
    for path in made.folder.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+", re.sub(r'xmlns(:\w+)?="[^"]*"', "", html)))
        assert addresses == set(), path
        assert "<script" not in html
        assert len(html) < 1_000_000


def test_code_is_hidden_in_the_page_and_kept_in_the_notebook(made):
    html = (made.folder / "noord" / "report.html").read_text(encoding="utf-8")
    assert "team_review" not in html
    notebook = nbformat.read(made.folder / "noord" / "report.ipynb", 4)
    nbformat.validate(notebook)
    assert any("team_review" in cell.source for cell in notebook.cells)
    assert not any(
        output.output_type in ("error", "stream") for cell in notebook.cells for output in cell.get("outputs", [])
    )


def test_files_tell_of_no_machine_and_nobody(made):
    """No folder of this machine, no home, no temporary place; the notebook knows the book as "book"."""
    places = {str(Path.home()), str(Path.cwd()), tempfile.gettempdir(), str(runs.folder()), "/site-packages"}
    for path in [*_reports(made.folder), made.folder / "run.json", made.folder / "index.html"]:
        text = path.read_text(encoding="utf-8")
        assert [place for place in places if len(place) > 2 and place in text] == [], path
    notebook = nbformat.read(made.folder / "noord" / "report.ipynb", 4)
    assert "papermill" not in notebook.metadata
    assert all("papermill" not in cell.metadata for cell in notebook.cells)
    assert any('book = "book"' in cell.source for cell in notebook.cells)


def test_two_runs_write_the_same_bytes(tmp_path):
    again = run(Order(str(runs.book()), "team-review", runs.PERIOD, tmp_path / "again", teams=["Noord"]))
    for name in ("report.html", "report.ipynb"):
        one, two = (folder / "noord" / name for folder in (runs.made("en").folder, again.folder))
        assert one.read_bytes() == two.read_bytes(), name


def test_progress_is_told_team_by_team(tmp_path):
    said = []
    order = Order(str(runs.book()), "team-review", runs.PERIOD, tmp_path / "out", teams=["Con/ Zuid"])
    run(order, lambda outcome, done, total: said.append((outcome.team, outcome.status, done, total)))
    assert said == [("Con/ Zuid", "ok", 1, 1)]


def test_the_bank_of_2012(shared_data, tmp_path):
    """Minutes and hours: the report on the real log runs, and nothing in it reads 0 where something took time."""
    toml = Path(__file__).parents[1] / "real" / "bpic2012.toml"
    made = run(Order(str(toml), "team-review", "2012Q1", tmp_path / "out"))
    assert made.exit_code == 0
    html = (made.folder / "all" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(?<![\d.,])0 (?:minutes|hours|days)", html)
    assert "(0 to 0)" not in html
