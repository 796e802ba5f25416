"""The command line from outside: exit codes, one sentence instead of a traceback, and nothing written when refused."""

import json
import subprocess
import sys

import pytest

from tests.report.books import write_book

PERIOD = "2026Q2"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Two teams: one with deals enough and people enough, one of two people."""
    return write_book(tmp_path_factory.mktemp("cli") / "book", {"North": (60, 4), "Duo": (30, 2)}, slower=30)


@pytest.fixture
def kpikit(monkeypatch, capfd):
    """Run the command line in this process: exit code, what it said on stdout and on stderr."""
    from kpikit.cli import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["kpikit", *map(str, arguments)])
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        else:
            code = 0
        said = capfd.readouterr()
        return code, said.out, said.err

    return run


def _report(book, out, *more, period=PERIOD):
    return ["report", book, "--period", period, "--out", out, *more]


# --- 0 ---------------------------------------------------------------------------------------------------------------


def test_python_m_kpikit_works_and_tells_its_version():
    import kpikit as package

    done = subprocess.run([sys.executable, "-m", "kpikit", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert package.__version__ in done.stdout


@pytest.mark.parametrize("command", [(), ("demo",), ("report",), ("simulate",)])
def test_every_command_has_help(kpikit, command):
    code, out, err = kpikit(*command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: ")
    assert max(len(line) for line in out.splitlines()) <= 100


def test_help_names_every_command(kpikit):
    _, out, _ = kpikit("--help")
    for command in ("demo", "report", "simulate"):
        assert f"  {command}" in out


# --- 2: usage --------------------------------------------------------------------------------------------------------

REFUSED = {
    "unknown team": (["--team", "Nroth"], "There is no team 'Nroth'. The book has: Duo, North."),
    "no team": ([], "Say which: --team NAME (once or more), or --all-teams."),
    "team and all": (["--team", "North", "--all-teams"], "Say which: --team NAME (once or more), or --all-teams."),
    "mistyped parameter": (
        ["--team", "North", "-p", "tema=South"],
        "The template 'team-review' has no parameter 'tema'. It knows: book, team, period, language, copy.",
    ),
    "parameter of another type": (["--team", "North", "-p", "copy=3"], "The parameter 'copy' wants str, not '3'."),
    "language": (["--team", "North", "--lang", "fr"], "There is no language 'fr'. Choose one of: en, nl."),
    "template": (
        ["--team", "North", "--template", "team-revue"],
        "There is no template 'team-revue'. Shipped: team-review; or give the path of an .ipynb.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_carried_out_is_refused_in_a_sentence_before_anything_is_written(kpikit, book, tmp_path, case):
    arguments, sentence = REFUSED[case]
    code, out, err = kpikit(*_report(book, tmp_path / "out", *arguments))
    assert (code, out) == (2, "")
    assert err == f"kpikit: {sentence}\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("period", "sentence"),
    [
        ("2026Q5", "'2026Q5' is not a period. Write 2026Q3 (calendar), FY2026Q2"),
        ("last quarter", "'last quarter' is not a period."),
        ("FY2026-07", "'FY2026-07' is not a period."),
        ("0000", "'0000' is not a period."),
        ("9999", "'9999' is not a period."),
        ("2031Q1", "2031Q1 lies after the data: they go up to 1 July 2026. Choose an earlier period."),
        ("2019Q1", "2019Q1 lies before the data: the first deal is of"),
    ],
)
def test_an_impossible_period(kpikit, book, tmp_path, period, sentence):
    code, out, err = kpikit(*_report(book, tmp_path / "out", "--team", "North", period=period))
    assert (code, out) == (2, "")
    assert err.startswith(f"kpikit: {sentence}")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_second_run_into_the_same_folder(kpikit, book, tmp_path):
    folder = tmp_path / "out" / PERIOD
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    code, _, err = kpikit(*_report(book, tmp_path / "out", "--team", "North"))
    assert code == 2
    assert err == f"kpikit: There is already a run in {folder}. Choose another folder for --out, or remove it.\n"
    assert [path.name for path in folder.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ('[settings]\ntimezone = "UTC"\n', "There is no setting 'settings.timezone'."),
        ('[settings]\ntime_zone = "Mars/Base"\n', "The setting time_zone cannot be 'Mars/Base'."),
        ("[settings]\nfiscal_year_starts = 13\n", "The setting fiscal_year_starts cannot be '13'. Allowed: 1 – 12."),
        ('[privacy]\npersons = "all"\n', "The setting privacy.persons cannot be 'all'. Allowed: off, self."),
        ("[privacy]\nmin_team = 1\n", "The setting privacy.min_team cannot be '1'."),
        ("[setings]\n", "There is no setting 'setings'."),
        ("settings = [\n", "kpikit.toml cannot be read as TOML:"),
    ],
)
def test_a_bad_setting(kpikit, tmp_path, toml, sentence):
    folder = write_book(tmp_path / "book", {"North": (20, 4)}, settings=toml)
    code, _, err = kpikit(*_report(folder, tmp_path / "out", "--team", "North"))
    assert code == 2
    assert err.startswith(f"kpikit: {sentence}")
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_no_such_book(kpikit, tmp_path):
    code, _, err = kpikit(*_report(tmp_path / "nowhere", tmp_path / "out", "--team", "North"))
    assert code == 2
    assert "There is nothing at" in err


@pytest.mark.parametrize(
    "arguments", [["--nonsense"], ["reprot"], ["report", "demo"], ["simulate", "--deals", "0", "--out", "x"]]
)
def test_mistyped_commands_and_options(kpikit, arguments):
    code, _, err = kpikit(*arguments)
    assert code == 2
    assert "Error: " in err
    assert "Traceback" not in err


def test_no_jobs_at_all(kpikit, book, tmp_path):
    code, _, err = kpikit(*_report(book, tmp_path / "out", "--team", "North", "--jobs", "0"))
    assert code == 2
    assert "Traceback" not in err


NO_LANGUAGE = (
    '{"cells": [{"cell_type": "code", "id": "a", "source": "team = 1", "metadata": {"tags": ["parameters"]},'
    ' "outputs": [], "execution_count": null}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
)


@pytest.mark.parametrize(
    "text",
    [
        "not a notebook",
        NO_LANGUAGE,
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    ],
)
def test_a_template_that_is_no_parameterised_notebook(kpikit, book, tmp_path, text):
    (tmp_path / "own.ipynb").write_text(text)
    code, _, err = kpikit(*_report(book, tmp_path / "out", "--team", "North", "--template", tmp_path / "own.ipynb"))
    assert code == 2
    assert "Traceback" not in err


def test_simulate_does_not_write_into_a_folder_in_use(kpikit, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    code, _, err = kpikit("simulate", "--deals", "10", "--out", tmp_path)
    assert code == 2
    assert err.startswith(f"kpikit: The folder {tmp_path} holds other files.")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_simulate_writes_a_book_that_opens_and_the_same_seed_gives_the_same(kpikit, tmp_path):
    import kpikit as package

    for name in ("one", "two"):
        code, out, _ = kpikit("simulate", "--deals", "60", "--teams", "2", "--seed", "4", "--out", tmp_path / name)
        assert (code, out) == (0, f"{tmp_path / name}\n")
    one, two = package.open_book(tmp_path / "one"), package.open_book(tmp_path / "two")
    assert one.tables["deals"].height == 60
    assert one.tables["deals"].equals(two.tables["deals"])
    assert isinstance(json.loads((tmp_path / "one" / "truth.json").read_text(encoding="utf-8")), dict)


# --- 3: data ---------------------------------------------------------------------------------------------------------


def _broken(tmp_path, change):
    folder = write_book(tmp_path / "book", {"North": (20, 4)})
    text = (folder / "deals.csv").read_text(encoding="utf-8")
    (folder / "deals.csv").write_text(change(text), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("outcome,", "result,"), id="a required column is missing"),
        pytest.param(
            lambda text: text.replace(",won,", ",gewonnen?,"),
            id="more than a fifth of the rows is refused",
        ),
        pytest.param(lambda _: "", id="an empty file"),
    ],
)
def test_data_that_break_their_contract(kpikit, tmp_path, change):
    code, out, err = kpikit(*_report(_broken(tmp_path, change), tmp_path / "out", "--team", "North"))
    assert (code, out) == (3, "")
    assert err.startswith("kpikit: The data break ")
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_deals(kpikit, tmp_path):
    (tmp_path / "book").mkdir()
    code, _, err = kpikit(*_report(tmp_path / "book", tmp_path / "out", "--team", "North"))
    assert code == 3
    assert "deals" in err


# --- 4 and 130 -------------------------------------------------------------------------------------------------------


def test_nothing_produced_because_the_only_team_asked_is_too_small(kpikit, book, tmp_path):
    code, out, _ = kpikit(*_report(book, tmp_path / "out", "--team", "Duo"))
    assert code == 4
    index = tmp_path / "out" / PERIOD / "index.html"
    assert out == f"{index}\n"
    assert "fewer than 3 people" in index.read_text(encoding="utf-8")
    assert not (index.parent / "duo").exists()


def test_interrupted(kpikit, monkeypatch, book, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kpikit.report.run.run", interrupt)
    code, _, err = kpikit(*_report(book, tmp_path / "out", "--team", "North"))
    assert (code, err.lstrip()) == (130, "kpikit: interrupted\n")


# --- 1: with real notebooks --------------------------------------------------------------------------------


KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def _failing_template(path, team):
    import nbformat

    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
    parameters = '\n'.join(f'{name}: str = "{value}"' for name, value in (
        ("book", "demo"), ("team", "North"), ("period", PERIOD), ("language", "en"), ("copy", "team")))  # fmt: skip
    first = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}, id="parameters")
    fails = f'if team == "{team}":\n    raise ValueError("the figures of this team are on fire")'
    notebook.cells = [first, nbformat.v4.new_code_cell(fails, id="fails")]
    nbformat.write(notebook, path)
    return path


@pytest.mark.slow
def test_one_failing_team_does_not_stop_the_others(kpikit, tmp_path):
    folder = write_book(tmp_path / "book", {"North": (30, 4), "South": (30, 4)})
    template = _failing_template(tmp_path / "own.ipynb", "South")
    code, out, err = kpikit(*_report(folder, tmp_path / "out", "--all-teams", "--template", template))
    made = tmp_path / "out" / PERIOD
    assert code == 1
    assert out == f"{made / 'index.html'}\n"
    assert "Traceback" not in err
    record = json.loads((made / "run.json").read_text(encoding="utf-8"))
    assert {team["team"]: team["status"] for team in record["teams"]} == {"North": "ok", "South": "failed"}
    assert record["teams"][1]["reason"] == "ValueError: the figures of this team are on fire"
    assert (made / "north" / "report.html").exists()
    assert not (made / "south" / "report.html").exists()
    assert "on fire" in (made / "south" / "report.ipynb").read_text(encoding="utf-8")
    assert "This report failed; the notebook beside it shows where." in (made / "index.html").read_text(
        encoding="utf-8"
    )


@pytest.mark.slow
def test_nothing_produced_because_all_fail(kpikit, tmp_path):
    folder = write_book(tmp_path / "book", {"South": (30, 4)})
    template = _failing_template(tmp_path / "own.ipynb", "South")
    code, _, _ = kpikit(*_report(folder, tmp_path / "out", "--all-teams", "--template", template))
    assert code == 4
