"""The command line from outside: exit codes, one sentence instead of a traceback, and nothing written when refused."""

import json
import re
import subprocess
import sys
import tomllib

import pytest

from tests.report.books import write_book
from tests.start import exports

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


@pytest.mark.parametrize(
    "command", [(), ("demo",), ("report",), ("init",), ("check",), ("simulate",), ("template",), ("template", "check")]
)
def test_every_command_has_help(kpikit, command):
    code, out, err = kpikit(*command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: ")
    assert max(len(line) for line in out.splitlines()) <= 100


def test_help_names_every_command(kpikit):
    _, out, _ = kpikit("--help")
    for command in ("demo", "report", "init", "check", "simulate", "template"):
        assert f"  {command}" in out


# --- 2: usage --------------------------------------------------------------------------------------------------------

REFUSED = {
    "unknown team": (["--team", "Nroth"], "There is no team 'Nroth'. The book has: Duo, North."),
    "no team": ([], "Say which: --team NAME (once or more), or --all-teams."),
    "team and all": (["--team", "North", "--all-teams"], "Say which: --team NAME (once or more), or --all-teams."),
    "mistyped parameter": (
        ["--team", "North", "-p", "tema=South"],
        "The template 'team-review' has no parameter 'tema'. It knows: book, team, period, language, copy, since, log.",
    ),
    "parameter of another type": (["--team", "North", "-p", "copy=3"], "The parameter 'copy' wants str, not '3'."),
    "language": (["--team", "North", "--lang", "fr"], "There is no language 'fr'. Choose one of: en, nl."),
    "template": (
        ["--team", "North", "--template", "team-revue"],
        "There is no template 'team-revue'. Shipped: quarterly-winloss, team-review; or give the path of an .ipynb.",
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
    ways = "Go on with it by --resume, or choose another folder for --out."
    assert err == f"kpikit: There is already a run in {folder}. {ways}\n"
    assert [path.name for path in folder.iterdir()] == ["run.json"]


@pytest.mark.parametrize("option", ["--only-failed", "--since"])
def test_a_run_to_go_on_with_that_is_not_there(kpikit, book, tmp_path, option):
    more = [option, tmp_path / "run.json"] if option == "--since" else [option]
    code, out, err = kpikit(*_report(book, tmp_path / "out", "--team", "North", *more))
    assert (code, out) == (2, "")
    said = {"--only-failed": "There is no run in ", "--since": f"{tmp_path / 'run.json'} is not the run.json of a run"}
    assert err.startswith(f"kpikit: {said[option]}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ["make    North  →  north", "Nothing was written. 1 to make, 0 to keep, 1 refused."]),
        ("nl", ["maken   North  →  north", "Er is niets geschreven. 1 te maken, 0 blijven, 1 geweigerd."]),
    ],
)
def test_a_dry_run(kpikit, book, tmp_path, language, lines):
    code, out, err = kpikit(*_report(book, tmp_path / "out", "--all-teams", "--dry-run", "--lang", language))
    assert (code, err) == (0, "")
    assert out.splitlines()[1:] == lines
    assert out.splitlines()[0].split()[1] == "Duo:"
    assert list(tmp_path.iterdir()) == []


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


def test_yes_is_all_that_is_asked_before_a_log_is_cleared(kpikit, tmp_path):
    from kpikit.review import open_log

    open_log(tmp_path / "log.sqlite", author="coach").close()
    code, out, _ = kpikit("log", "keep", "24", "--yes", "--log", tmp_path / "log.sqlite")
    assert (code, out) == (0, "0 entries were erased.\n")


def test_simulate_does_not_write_into_a_folder_in_use(kpikit, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    code, _, err = kpikit("simulate", "--deals", "10", "--out", tmp_path)
    assert code == 2
    assert err.startswith(f"kpikit: The folder {tmp_path} holds other files.")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("there", [True, False])
def test_simulate_takes_a_folder_that_is_empty_or_not_there(kpikit, tmp_path, monkeypatch, there):
    written = []
    monkeypatch.setattr("kpikit.simulate.write", lambda *given: written.append(given[-1]))
    if there:
        (tmp_path / "new").mkdir()
    code, out, _ = kpikit("simulate", "--deals", "3", "--teams", "1", "--out", tmp_path / "new")
    assert (code, out, written) == (0, f"{tmp_path / 'new'}\n", [tmp_path / "new"])


@pytest.mark.slow
def test_simulate_writes_a_book_that_opens_and_the_same_seed_gives_the_same(kpikit, tmp_path):
    import kpikit as package

    for name in ("one", "two"):
        code, out, _ = kpikit("simulate", "--deals", "60", "--teams", "2", "--seed", "4", "--out", tmp_path / name)
        assert (code, out) == (0, f"{tmp_path / name}\n")
    one, two = package.open_book(tmp_path / "one"), package.open_book(tmp_path / "two")
    assert one.tables["deals"].height == 60
    assert one.tables["deals"].equals(two.tables["deals"])
    assert isinstance(json.loads((tmp_path / "one" / "truth.json").read_text(encoding="utf-8")), dict)


@pytest.mark.slow
def test_simulate_plants_what_it_is_told_and_says_so(kpikit, tmp_path):
    code, *_ = kpikit("simulate", "--deals", "60", "--teams", "1", "--world", "company", "--plant", "hidden=1,late=0",
                      "--out", tmp_path / "planted")  # fmt: skip
    assert code == 0
    planted = json.loads((tmp_path / "planted" / "truth.json").read_text(encoding="utf-8"))["planted"]
    assert set(planted) == {"hidden"}
    assert planted["hidden"]["touched"] == len(planted["hidden"]["deals"]) > 5
    header = (tmp_path / "planted" / "deals.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert {"account_id", "deal_type", "is_icp", "is_new_market", "expected_close_on", "discount"} <= set(header)


@pytest.mark.parametrize("given", ["lat=.2", "late=2", "steps=.5", "late=.5@nobody"])
def test_simulate_refuses_a_plan_in_one_sentence_and_writes_nothing(kpikit, tmp_path, given):
    code, out, err = kpikit("simulate", "--deals", "20", "--plant", given, "--out", tmp_path / "new")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "--plant" in err
    assert not (tmp_path / "new").exists()


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


# --- check -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def memory(monkeypatch, tmp_path):
    """A data folder of our own, so that no look is remembered in anybody's home."""
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: tmp_path / "data")
    return tmp_path / "data" / "checks"


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ((), "90 deals, up to Wednesday 1 July 2026", "This is the first check; the next one says what is new."),
        (("--lang", "nl"), "90 deals, tot en met woensdag 1 juli 2026", "Dit is de eerste controle;"),
    ],
)
def test_check_says_what_a_book_can_answer(kpikit, book, memory, options, first, last):
    code, out, err = kpikit("check", book, *options)
    assert (code, err) == (0, "")
    assert out.startswith(first)
    assert out.splitlines()[-1].startswith(last)


def test_a_second_check_says_what_is_new(kpikit, tmp_path, memory):
    folder = write_book(tmp_path / "book", {"North": (60, 4)})
    kpikit("check", folder)
    _, out, _ = kpikit("check", folder)
    assert out.splitlines()[-1] == "Nothing new since the last check on 1 July 2026."
    text = (folder / "stage_events.csv").read_text(encoding="utf-8").replace("Written offer", "Quote")
    (folder / "stage_events.csv").write_text(text, encoding="utf-8")
    stages = (folder / "stages.csv").read_text(encoding="utf-8").replace("Written offer", "Quote")
    (folder / "stages.csv").write_text(stages, encoding="utf-8")
    code, out, _ = kpikit("check", folder)
    assert code == 0
    assert "  · Stages that were not there before: Quote (New)." in out.splitlines()


def test_check_for_machines(kpikit, book, memory):
    code, out, err = kpikit("check", book, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["deals"], found["new"], found["faults"]) == (90, None, [])
    assert {"part", "code", "subject", "status", "n", "of", "example", "at", "reason"} == set(found["findings"][0])
    assert json.loads(kpikit("check", book, "--json")[1])["new"] == []


def test_check_of_a_book_that_does_not_open(kpikit, tmp_path, memory):
    folder = _broken(tmp_path, lambda text: text.replace(",won,", ",gewonnen?,"))
    code, out, err = kpikit("check", folder)
    assert (code, out) == (3, "")
    assert err.startswith("The data break ")
    assert "deals.csv, row 2, column outcome: 'gewonnen?' is not one of: open, won, lost, void." in err
    code, out, err = kpikit("check", folder, "--json", "--lang", "nl")
    assert (code, err) == (3, "")
    faults = json.loads(out)["faults"]
    assert {"too_many_dropped", "unknown_choice", "required_empty"} <= {fault["rule"] for fault in faults}
    for fault in faults:
        assert {"rule", "severity", "file", "row", "column", "value", "n", "message"} <= set(fault)
    assert any("'gewonnen?' is niet een van: open, won, lost, void." in fault["message"] for fault in faults)
    assert not memory.exists()  # what does not open is not remembered


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "kpikit: There is nothing at nowhere"),
        (["nowhere", "--json"], "kpikit: There is nothing at nowhere"),
        (["demo", "--lang", "fr"], "kpikit: There is no language 'fr'."),
    ],
)
def test_check_of_nothing(kpikit, memory, arguments, sentence):
    code, out, err = kpikit("check", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(sentence)


def test_check_prints_nothing_that_a_terminal_obeys(kpikit, tmp_path, memory):
    folder = _broken(tmp_path, lambda text: text.replace("D0001,", "D\x1b[2J\x9b1m,").replace(",won,", ",w\x1b[31mn,"))
    _, out, err = kpikit("check", folder)
    assert "\x1b" not in out + err
    assert "\x9b" not in out + err
    assert "\N{REPLACEMENT CHARACTER}[31mn" in err


# --- init ------------------------------------------------------------------------------------------------------------


def test_init_with_every_guess_taken(kpikit, tmp_path, memory):
    (file,) = exports.hubspot_nl(tmp_path)
    code, out, err = kpikit("init", file, "--yes", "--out", tmp_path / "my crm", "--lang", "nl")
    config = tmp_path / "my crm" / "kpikit.toml"
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == [
        "40 deals:",
        "  · gewonnen: 16, samen €\N{NO-BREAK SPACE}92.152",
        "  · verloren: 16, samen €\N{NO-BREAK SPACE}96.160",
    ]
    assert "  · dagen beginnen en eindigen in Europe/Amsterdam (--time-zone Europe/Amsterdam)" in lines
    heading = lines.index("De eerste drie deals, zoals begrepen:")
    assert lines[heading + 1].split() == [
        "deal_id", "created_at", "stage", "outcome", "outcome_at", "amount", "currency", "team",
    ]  # fmt: skip
    assert lines[heading + 2].split()[:2] == ["90000000000", "2026-01-03"]
    assert f"Geschreven: {config}" in lines
    assert f"kpikit check '{config}'" in out
    assert f"kpikit report '{config}' --all-teams --period 2026Q1 --out '{tmp_path / 'my crm' / 'reports'}'" in out
    assert tomllib.loads(config.read_text(encoding="utf-8"))["settings"]["time_zone"] == "Europe/Amsterdam"
    code, out, _ = kpikit("check", config, "--json")
    assert (code, json.loads(out)["deals"]) == (0, exports.N)


def _typing(monkeypatch, *lines):
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_init_asks_and_takes_the_answers(kpikit, tmp_path, monkeypatch):
    (file,) = exports.hubspot_en(tmp_path)
    _typing(monkeypatch, "Europe/Brussels", "7", "", "y", "n")
    code, out, _ = kpikit("init", file, "--out", tmp_path / "mine")
    assert code == 0
    assert "In which month does your fiscal year start? (1 to 12) [1]" in out
    assert "Does this look right?" in out
    assert "Make a first report now?" in out
    made = tomllib.loads((tmp_path / "mine" / "kpikit.toml").read_text(encoding="utf-8"))
    assert made["settings"] == {"time_zone": "Europe/Brussels", "fiscal_year_starts": 7, "currency": "EUR"}
    assert made["tables"]["deals"]["columns"]["team"] == "HubSpot Team"


def test_init_asks_everything_where_it_does_not_look_right(kpikit, tmp_path, monkeypatch):
    (file,) = exports.hubspot_en(tmp_path)
    _typing(monkeypatch, "", "", "", "n", "", "Closed Lost, Contract Sent", "", "usd", "", "7", "", "n")
    code, out, _ = kpikit("init", file, "--out", tmp_path / "mine")
    assert code == 0
    assert "Which values of 'Deal Stage' mean won?" in out
    assert "[Closed Won]" in out
    made = tomllib.loads((tmp_path / "mine" / "kpikit.toml").read_text(encoding="utf-8"))
    assert made["settings"] == {"time_zone": "UTC", "fiscal_year_starts": 7, "currency": "USD"}
    assert made["tables"]["deals"]["values"]["outcome"]["Contract Sent"] == "lost"


def test_a_guess_that_cannot_be_shown_as_it_is_can_be_taken(kpikit, tmp_path, monkeypatch):
    rows = [
        {
            "Record ID": f"r{i}",
            "Deal Status": ("Wo\x1bn", "Lost", "Open")[i % 3],
            "Create Date": f"2026-01-{i + 1:02}",
        }
        for i in range(9)
    ]
    file = exports.write(tmp_path / "export.csv", rows)
    _typing(monkeypatch, *[""] * 4, "n", *[""] * 6, "n")
    code, out, _ = kpikit("init", file, "--out", tmp_path / "mine")
    assert code == 0
    assert "Wo\N{REPLACEMENT CHARACTER}n" in out
    made = tomllib.loads((tmp_path / "mine" / "kpikit.toml").read_text(encoding="utf-8"))
    assert list(made["tables"]["deals"]["values"]["outcome"].values()) == ["won", "lost", "open"]


def test_init_that_is_not_clear_refuses_with_both_readings_and_their_lines(kpikit, tmp_path):
    rows = [
        {"Record ID": f"r{i}", "Deal Status": ("Won", "Lost", "Open")[i % 3], "Create Date": f"2026-01-{i + 1:02}",
         "ARR": 100 + i, "ACV": 300 + i}
        for i in range(9)
    ]  # fmt: skip
    file = exports.write(tmp_path / "export.csv", rows)
    code, out, err = kpikit("init", file, "--yes", "--out", tmp_path / "mine")
    config = tmp_path / "mine" / "kpikit.toml"
    assert code == 3
    assert "9 deals:" in out
    assert "Several columns hold money: ARR, ACV. Which one says what a deal is worth?" in err
    assert '1. \'ARR\' (all together 936) → [tables.deals.columns] amount = { "column" = "ARR", "per" = "year" }' in err
    assert err.endswith(f"{config} is written but does not open yet. Correct it and run kpikit check.\n")
    code, _, err = kpikit("check", config)
    assert (code, "Several columns hold money" in err) == (3, True)
    # the line settles it beforehand
    line = 'tables.deals.columns.amount={column="ACV", per="year"}'
    code, out, err = kpikit("init", file, "--yes", "--out", tmp_path / "again", "--set", line)
    assert (code, err) == (0, "")
    assert "  · won: 3, together 909 a year" in out  # 300 + 303 + 306


def test_init_that_does_not_open_yet(kpikit, tmp_path):
    rows = [
        {"Record ID": str(i), "Deal Name": f"Deal {i}", "Deal Stage": "Closed Lost" if i == 1 else "Closed Won",
         "Create Date": f"2026-01-0{i}",
         "Close Date": "2099-01-01" if i == 3 else f"2026-02-0{i}"}
        for i in (1, 2, 3)
    ]  # fmt: skip
    file = exports.write(tmp_path / "deals.csv", rows)  # of three deals nobody can tell which day is wrong
    code, out, err = kpikit("init", file, "--yes", "--out", tmp_path / "mine")
    config = tmp_path / "mine" / "kpikit.toml"
    assert (code, out) == (3, "")
    assert "which day the export is of is unclear" in err
    assert err.endswith(f"{config} is written but does not open yet. Correct it and run kpikit check.\n")


def test_init_takes_the_answer_to_what_is_not_clear(kpikit, tmp_path, monkeypatch):
    rows = [
        {"Record ID": f"r{i}", "Deal Status": ("Won", "Lost", "Open")[i % 3], "Create Date": f"2026-01-{i + 1:02}",
         "ARR": 100 + i, "ACV": 300 + i}
        for i in range(9)
    ]  # fmt: skip
    _typing(monkeypatch, "2", *[""] * 5, "n")
    code, out, err = kpikit("init", exports.write(tmp_path / "x.csv", rows), "--out", tmp_path / "mine")
    assert (code, err) == (0, "")
    assert "  · won: 3, together 909" in out


def test_init_of_what_holds_no_deals(kpikit, tmp_path):
    file = exports.write(tmp_path / "people.csv", [{"Name": "Ann", "Team": "N"}, {"Name": "Bob", "Team": "S"}])
    code, out, err = kpikit("init", file, "--yes", "--out", tmp_path / "mine")
    assert (code, out) == (3, "")
    assert "people.csv: None of these files has a row a deal" in err
    assert not (tmp_path / "mine").exists()


def test_init_refuses_in_the_language_that_was_asked_for(kpikit, tmp_path):
    file = exports.write(tmp_path / "mensen.csv", [{"Naam": "Ann", "Team": "N"}, {"Naam": "Bob", "Team": "S"}])
    _, _, err = kpikit("init", file, "--yes", "--out", tmp_path / "mine", "--lang", "nl")
    assert "Geen van deze bestanden heeft een rij per deal" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nope.csv", "--yes"], "kpikit: There is no file nope.csv."),
        (["nope.csv", "--yes", "--lang", "fr"], "kpikit: There is no language 'fr'."),
        (["--yes"], "Usage: "),
    ],
)
def test_init_of_nothing(kpikit, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    code, out, err = kpikit("init", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(sentence)
    assert list(tmp_path.iterdir()) == []


def test_init_does_not_write_over_a_config(kpikit, tmp_path):
    (tmp_path / "kpikit.toml").write_text("# mine\n", encoding="utf-8")
    code, _, err = kpikit("init", *exports.hubspot_en(tmp_path / "export"), "--yes", "--out", tmp_path)
    assert code == 2
    assert (
        err
        == f"kpikit: {tmp_path / 'kpikit.toml'} exists already. Move it away, or choose another folder with --out.\n"
    )
    assert (tmp_path / "kpikit.toml").read_text(encoding="utf-8") == "# mine\n"


def test_init_prints_nothing_that_a_terminal_obeys(kpikit, tmp_path):
    rows = [
        {"Record ID": f"r{i}\x1b[2J", "Deal Status": ("Won", "Lost", "\x1b]0;x\x07")[i % 3],
         "Create Date": f"2026-01-{i + 1:02}", "Team": "\x9b31m\u202e"}
        for i in range(9)
    ]  # fmt: skip
    code, out, err = kpikit("init", exports.write(tmp_path / "x\x1b[1m.csv", rows), "--yes", "--out", tmp_path / "mine")
    assert code == 0
    assert not set("\x1b\x07\x9b\u202e") & set(out + err)


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

    monkeypatch.setattr("kpikit.report.runs.run.run", interrupt)
    code, _, err = kpikit(*_report(book, tmp_path / "out", "--team", "North"))
    assert (code, err.strip()) == (130, "Interrupted. What is finished stays; the same command with --resume goes on.")


def test_interrupted_elsewhere(kpikit, monkeypatch, book):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kpikit.book.open_book", interrupt)
    code, _, err = kpikit("check", book)
    assert (code, err.lstrip()) == (130, "kpikit: Interrupted: the command ended before it was done.\n")


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


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"status": "failed", "reason": "no such column", "cell": None}, "no such column"),
        ({"status": "failed", "reason": "no such column", "cell": 3}, "cell 3"),
        ({"status": "ok", "finding": "More was won."}, "More was won."),
    ],
)
def test_a_report_that_failed_says_in_which_cell_where_it_was_in_one(outcome, said):
    from kpikit.cli.reports import _said
    from kpikit.report.making.job import Outcome
    from kpikit.words import Words

    told = _said(Words("en"), Outcome("North", **outcome))
    assert said in told
    assert ("cell" in told) is (outcome.get("cell") is not None)


def test_the_time_left_is_told_by_the_pace_after_the_first_report(monkeypatch, capsys):
    """Two at a time, ten seconds each, after two of importing: 19 of 20 left at 10, 18 at 10.1 / 2, 17 at 20 / 3."""
    from kpikit.cli.reports import _progress
    from kpikit.report.making.job import Outcome
    from kpikit.words import Words

    moments = iter([12.0, 12.1, 22.0, 22.1])
    monkeypatch.setattr("kpikit.cli.reports.time.monotonic", lambda: next(moments))
    line = _progress(Words("en"), 0.0)
    for done in (1, 2, 3, 4):
        line(Outcome("North", "ok", seconds=10.0), done, 20)
    told = re.findall(r"about (\d+) s left", capsys.readouterr().err)
    assert told == ["190", "91", "113", "80"]


def test_a_refusal_is_answered_by_running_again(kpikit, tmp_path):
    """A draft with questions left open is begun anew, with the line that settles them; a settled one is renewed."""
    rows = [
        {"Record ID": f"r{i}", "Deal Status": ("Won", "Lost", "Open")[i % 3], "Create Date": f"2026-01-{i + 1:02}",
         "ARR": 100 + i, "ACV": 300 + i}
        for i in range(9)
    ]  # fmt: skip
    file = exports.write(tmp_path / "export.csv", rows)
    assert kpikit("init", file, "--yes", "--out", tmp_path / "mine")[0] == 3
    line = 'tables.deals.columns.amount={column="ACV", per="year"}'
    code, out, err = kpikit("init", file, "--yes", "--out", tmp_path / "mine", "--set", line)
    assert (code, err) == (0, "")
    assert "together 909 a year" in out
    code, out, _ = kpikit("init", file, "--yes", "--out", tmp_path / "mine")
    assert (code, "every answer is kept" in out) == (0, True)


def test_flags_can_be_settled_beforehand(kpikit, tmp_path):
    rows = [
        {"Record ID": f"r{i}", "Deal Status": ("Won", "Lost", "Open")[i % 3], "Create Date": f"2026-01-{i + 1:02}",
         "Is Won": i % 3 == 2, "Is Closed": i % 3 > 0}
        for i in range(9)
    ]  # fmt: skip
    file = exports.write(tmp_path / "export.csv", rows)
    code, _, err = kpikit("init", file, "--yes", "--out", tmp_path / "mine")
    assert (code, "say different things of 6 of 9 deals" in err) == (3, True)
    line = 'tables.deals.ends={won="Is Won", closed="Is Closed"}'
    code, out, _ = kpikit("init", file, "--yes", "--out", tmp_path / "mine", "--set", line)
    assert code == 0
    assert "  · won: 3" in out
