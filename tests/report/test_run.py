"""A run as a whole: its folder, its record, its index; files that two runs write alike and that tell of no machine."""

import hashlib
import json
import re
import tempfile
from html import escape
from pathlib import Path

import nbformat
import pytest

from kpikit.report.runs.run import Order, run
from kpikit.show.names import folder_names
from tests.report import made as runs
from tests.report.books import write_book
from tests.report.own_templates import SHOWN, write_template

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
    assert set(record) == {
        "kpikit", "template", "period", "language", "copy", "formats", "book", "state", "teams",
    }  # fmt: skip
    assert (record["template"], record["period"], record["language"]) == ("team-review", runs.PERIOD, language)
    assert (record["copy"], record["formats"], record["state"]) == ("team", [], "finished")
    assert record["book"]["as_of"] == "2026-07-01T09:00:00+00:00"
    assert record["book"]["seen"] == "2026-06-30T22:00:00+00:00"  # the end of June in Amsterdam
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
    for name in ("report.html", "report.ipynb"):
        content = (made.folder / "noord" / name).read_bytes()
        assert teams["Noord"]["files"][name] == hashlib.sha256(content).hexdigest()
    assert teams["Duo"]["files"] == {}
    assert ("3 mensen" if language == "nl" else "3 people") in teams["Duo"]["reason"]


def test_the_index_lists_teams_by_name_and_ranks_nothing(made, language):
    html = (made.folder / "index.html").read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in html
    names = re.findall(r'<th scope="row">(?:<a href="[^"]*">)?([^<]+)', html)
    assert names == ["Con/ Zuid", "Duo", "Noord"]
    links = re.findall(r'<a href="([^"#]*)', html)
    assert {"con-zuid/report.html", "con-zuid/report.ipynb", "noord/report.html", "noord/report.ipynb"} <= set(links)
    assert all((made.folder / link).exists() for link in links)
    assert ("Drie deals" if language == "nl" else "Three deals") in html


def test_nothing_in_a_report_leaves_the_page(made):
    """No tag and no style fetches anything; that no script does is watched in a browser (tests/browser)."""
    for path in made.folder.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        tags = re.sub(r"(<script[^>]*>).*?</script>", r"\1</script>", html, flags=re.DOTALL)
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+", re.sub(r'xmlns(:\w+)?="[^"]*"', "", tags)))
        assert addresses == set(), path
        assert len(html) <= 1_500_000


def test_a_static_report_has_no_script_at_all(tmp_path):
    made = run(Order(str(runs.book()), "team-review", runs.PERIOD, tmp_path / "out", teams=["Noord"], static=True))
    html = (made.folder / "noord" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<svg" in html
    assert len(html) <= 300_000


def test_a_page_says_whose_copy_it_is(made, language):
    """In the title, which a browser takes for the name of a saved file, in the heading, and on the index."""
    said = "exemplaar voor het team" if language == "nl" else "team copy"
    html = (made.folder / "noord" / "report.html").read_text(encoding="utf-8")
    title = re.search("<title>(.*?)</title>", html, re.DOTALL)[1]
    assert title.startswith("Team Noord: ")
    assert title.endswith(f" · {said}")
    assert said in re.search(r'<p class="about">(.*?)</p>', html)[1]
    assert said in re.search(r'<p class="about">(.*?)</p>', (made.folder / "index.html").read_text())[1]


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


NAMES = ('x"; import os; os.mkdir("ran") #', "{team}", "../../up", "<b>bold</b>", "'''\\n1/0", "a\u2028b")


def test_names_of_teams_are_data_in_parameters_paths_and_pages(tmp_path):
    """The template's third cell fails if a name did more than be a name; the folder's own name has braces, too."""
    book = write_book(tmp_path / "book", dict.fromkeys(NAMES, (3, 3)))
    guard = f"import os\nassert team in {NAMES!r} and not os.path.exists('ran')"
    template = write_template(tmp_path / "{period}.ipynb", SHOWN, guard)
    made = run(Order(str(book), str(template), runs.PERIOD, tmp_path / "{team} {nonsense}"))
    assert [(outcome.team, outcome.status, outcome.reason) for outcome in made.outcomes] == [
        (name, "ok", "") for name in sorted(NAMES)
    ]
    assert {path.name for path in made.folder.iterdir() if path.is_dir()} == set(folder_names(NAMES).values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book", "{period}.ipynb", "{team} {nonsense}"]
    for name in NAMES:
        page = (made.folder / folder_names(sorted(NAMES))[name] / "report.html").read_text(encoding="utf-8")
        assert f"<h2>{escape(name)}, team, 2026Q2</h2>" in page
    assert "<b>bold" not in (made.folder / "index.html").read_text(encoding="utf-8")


def test_the_bank_of_2012(shared_data, tmp_path):
    """Minutes and hours: the report on the real log runs, and nothing in it reads 0 where something took time."""
    toml = Path(__file__).parents[1] / "real" / "bpic2012.toml"
    made = run(Order(str(toml), "team-review", "2012Q1", tmp_path / "out"))
    assert made.exit_code == 0
    html = (made.folder / "all" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(?<![\d.,])0 (?:minutes|hours|days)", html)
    assert "(0 to 0)" not in html
