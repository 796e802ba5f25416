"""Going on with a run: what is whole and made of the same is kept, everything else is made anew."""

import json
import os
import shutil

import nbformat
import pytest

from kpikit.errors import UsageError
from kpikit.lock import locked
from kpikit.log.entries import Entry
from kpikit.log.opening import open_log
from kpikit.report.runs.run import Order, foreseen, run
from tests.report.books import write_book
from tests.report.own_templates import SHOWN, typed, write_template

pytestmark = pytest.mark.slow

TEAMS = {"A": (6, 4), "B": (6, 4), "Duo": (6, 2)}
PERIOD = "2026Q2"


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A book, a template, and a run."""
    folder = tmp_path_factory.mktemp("resume")
    write_book(folder / "book", TEAMS)
    write_template(folder / "own.ipynb", "1", SHOWN)
    run(_order(folder))
    return folder


@pytest.fixture
def place(begun, tmp_path):
    """A copy of all that, to be changed."""
    shutil.copytree(begun, tmp_path / "place")
    return tmp_path / "place"


def _order(place, **more):
    given = {"template": str(place / "own.ipynb"), "out": place / "out"} | more
    return Order(str(place / "book"), period=PERIOD, **given)


def _going_on(place, **more):
    """The run that goes on, and whose reports it made."""
    told = []
    made = run(_order(place, going_on="resume", **more), lambda outcome, *_: told.append(outcome.team))
    return made, told


def _files(place):
    """Every file of a run with what stands in it and when it was written."""
    folder = place / "out" / PERIOD
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


def _record(place):
    return json.loads((place / "out" / PERIOD / "run.json").read_text(encoding="utf-8"))


def test_what_is_whole_is_kept_untouched(place):
    before = _files(place)
    made, done = _going_on(place)
    assert (done, made.kept, made.exit_code) == ([], ("A", "B"), 0)
    after = _files(place)
    assert {name for name in before if before[name] != after[name]} <= {
        "index.html",
        "run.json",
    }  # written again, alike
    assert {name: text for name, (text, _) in before.items()} == {name: text for name, (text, _) in after.items()}


@pytest.mark.parametrize("name", ["report.html", "report.ipynb"])
def test_a_file_that_is_gone_or_no_longer_whole_is_made_again_alike(place, name):
    before = _files(place)
    (place / "out" / PERIOD / "a" / name).unlink()
    torn = place / "out" / PERIOD / "b" / name
    torn.write_bytes(torn.read_bytes()[:-40])
    made, done = _going_on(place)
    assert sorted(done) == ["A", "B"]
    assert made.kept == ()
    after = _files(place)
    for report in (f"a/{name}", f"b/{name}", "a/report.html", "b/report.ipynb", "index.html"):
        assert after[report][0] == before[report][0], report


def _edit_template(place):
    write_template(place / "own.ipynb", "'another'", SHOWN)


def _edit_book(place):
    deals = place / "book" / "deals.csv"
    deals.write_text(deals.read_text().replace(",1000,", ",1001,", 1))


@pytest.mark.parametrize("change", [_edit_template, _edit_book])
def test_what_is_made_of_something_else_is_made_anew(place, change):
    change(place)
    assert sorted(_going_on(place)[1]) == ["A", "B"]
    assert _going_on(place)[1] == []


@pytest.mark.parametrize("more", [{"formats": ("summary",)}, {"static": True}], ids=["format", "static"])
def test_another_format_is_made_anew(place, more):
    assert sorted(_going_on(place, **more)[1]) == ["A", "B"]


def test_another_look_is_made_anew(place):
    toml = place / "book" / "kpikit.toml"
    toml.write_text(toml.read_text() + '[theme]\nfooter = "Ours"\n')
    assert sorted(_going_on(place)[1]) == ["A", "B"]


def test_other_versions_are_made_anew(place, monkeypatch):
    monkeypatch.setattr("kpikit.report.runs.resume.versions", lambda: {"kpikit": "99"})
    assert {team: step.action for team, step in foreseen(_order(place, going_on="resume")).items()} == {
        "A": "make", "B": "make", "Duo": "refuse",
    }  # fmt: skip


@pytest.mark.parametrize("going_on", ["resume", "failed"])
def test_only_what_failed_is_made_again(place, going_on):
    stop = place / "stop"
    stop.touch()
    shutil.rmtree(place / "out")
    write_template(place / "own.ipynb", f"import os\nassert team != 'B' or not os.path.exists({str(stop)!r})", SHOWN)
    first = run(_order(place))
    assert first.exit_code == 1
    folder = place / "out" / PERIOD
    assert {path.name for path in (folder / "b").iterdir()} == {"report.ipynb", "failed.html"}
    kept = _files(place)["a/report.html"]
    stop.unlink()
    told = []
    second = run(_order(place, going_on=going_on), lambda outcome, *_: told.append(outcome.team))
    assert (told, second.kept, second.exit_code) == (["B"], ("A",), 0)
    assert {path.name for path in (folder / "b").iterdir()} == {"report.ipynb", "report.html"}
    assert _files(place)["a/report.html"] == kept


def test_only_failed_leaves_the_others_even_if_the_template_was_mended(place):
    write_template(place / "own.ipynb", "'mended'", SHOWN)
    shutil.rmtree(place / "out" / PERIOD / "b")
    steps = foreseen(_order(place, going_on="failed"))
    assert {team: step.action for team, step in steps.items()} == {"A": "keep", "B": "make", "Duo": "refuse"}


def test_only_failed_does_not_mix_two_books(place):
    _edit_book(place)
    with pytest.raises(UsageError, match="was made from other data"):
        run(_order(place, going_on="failed"))


def test_only_failed_needs_a_run(place):
    with pytest.raises(UsageError, match="There is no run in"):
        run(_order(place, out=place / "elsewhere", going_on="failed"))
    assert not (place / "elsewhere").exists()


@pytest.mark.parametrize(
    ("more", "what"),
    [({"copy": "company"}, "copy 'team', not 'company'"), ({"language": "nl"}, "language 'en', not 'nl'")],
)
@pytest.mark.parametrize("going_on", ["new", "resume", "failed"])
def test_a_run_never_goes_over_one_of_another_kind(place, more, what, going_on):
    """A company copy and a team copy in one folder would be taken for each other."""
    before = _files(place)
    with pytest.raises(UsageError) as refused:
        run(_order(place, going_on=going_on, **more))
    assert refused.value.code == ("run_exists" if going_on == "new" else "other_run")
    assert going_on == "new" or what in str(refused.value)
    assert _files(place) == before


def test_a_run_while_another_is_at_work_is_refused(place):
    before = _files(place)
    with locked(place / "out" / PERIOD), pytest.raises(UsageError, match=f"process {os.getpid()}"):
        run(_order(place, going_on="resume"))
    assert _files(place) == before


def test_more_teams_join_those_that_are_there(place):
    shutil.rmtree(place / "out")
    run(_order(place, teams=["A"]))
    made, done = _going_on(place, teams=["B"])
    assert (done, made.kept) == (["B"], ("A",))
    assert [(team["team"], team["status"]) for team in _record(place)["teams"]] == [("A", "ok"), ("B", "ok")]


def test_what_a_killed_run_left_is_taken_away(place):
    folder = place / "out" / PERIOD
    for path in (folder / ".run.json.1.part", folder / "a" / ".report.html.1.part", folder / ".work" / "book" / "x"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    (folder / "a" / "report.html").unlink()
    _going_on(place)
    assert [path.name for path in folder.rglob(".*")] == []


def test_a_dry_run_tells_and_writes_nothing(place):
    (place / "out" / PERIOD / "b" / "report.html").unlink()
    before = _files(place)
    steps = foreseen(_order(place, going_on="resume"))
    assert {team: step.action for team, step in steps.items()} == {"A": "keep", "B": "make", "Duo": "refuse"}
    assert _files(place) == before
    assert {step.action for step in foreseen(_order(place, out=place / "new")).values()} == {"make", "refuse"}
    assert not (place / "new").exists()


def test_a_record_of_something_else_is_not_gone_on_with(place):
    (place / "out" / PERIOD / "run.json").write_text("{}")
    with pytest.raises(UsageError, match=r"is not the run\.json of a run"):
        run(_order(place, going_on="resume"))


def test_the_index_leads_to_the_cell_that_failed(place):
    shutil.rmtree(place / "out")
    write_template(
        place / "own.ipynb", "1", "if team == 'B':\n    raise ValueError('<script>alert(1)</script>')", SHOWN
    )
    run(_order(place))
    folder = place / "out" / PERIOD
    index = (folder / "index.html").read_text(encoding="utf-8")
    # parameters, the parameters given, 1, and the one that failed
    assert 'href="b/failed.html#cell-04"' in index
    page = (folder / "b" / "failed.html").read_text(encoding="utf-8")
    assert 'id="cell-04"' in page
    assert "ValueError: &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page + index
    notebook = nbformat.read(folder / "b" / "report.ipynb", 4)
    assert notebook.cells[3].id == "cell-04"
    assert [output.ename for output in notebook.cells[3].outputs] == ["ValueError"]
    assert str(place) not in page + index + (folder / "b" / "report.ipynb").read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_one_failed_report(place):
    """A file stands where the folder of A should be: B is made, and A is told to have failed."""
    shutil.rmtree(place / "out")
    (place / "out" / PERIOD).mkdir(parents=True)
    (place / "out" / PERIOD / "a").write_text("mine")
    made = run(_order(place))
    assert {outcome.team: outcome.status for outcome in made.outcomes} == {"A": "failed", "B": "ok", "Duo": "refused"}
    assert made.exit_code == 1
    (reason,) = (outcome.reason for outcome in made.outcomes if outcome.team == "A")
    assert reason.startswith("FileExistsError: ")
    assert str(place) not in (place / "out" / PERIOD / "run.json").read_text()
    assert "This report could not be made: FileExistsError" in (place / "out" / PERIOD / "index.html").read_text()
    assert (place / "out" / PERIOD / "a").read_text() == "mine"


COUNTED = (
    "from IPython.display import HTML\n"
    "from kpikit.report.figures.tries import read_tries\n"
    'HTML(f"<section><h2>{read_tries(log).made.height} tries</h2></section>")'
)


def test_a_review_log_reaches_the_notebooks_and_a_new_agreement_makes_them_anew(place, tmp_path):
    path, out = tmp_path / "a log.sqlite", tmp_path / "logged"
    template = write_template(tmp_path / "logged.ipynb", COUNTED, parameters=typed(log=""))
    order = {"template": str(template), "out": out, "log": str(path), "teams": ("A",)}
    with open_log(path, author="Ann") as log:
        for text, titled in (("Ring them", "1 tries"), ("Visit them", "2 tries")):
            log.write(Entry(kind="agreement", text=text, owner="Ann"))
            _, done = _going_on(place, **order)
            page = (out / PERIOD / "a" / "report.html").read_text(encoding="utf-8")
            assert (done, titled in page) == (["A"], True)
    assert _going_on(place, **order)[1] == []  # nothing new in the log: nothing to make
    files = [file.read_text(encoding="utf-8") for file in (out / PERIOD).rglob("*.*") if file.is_file()]
    assert not any("a log.sqlite" in text or "Ann" in text for text in files)
