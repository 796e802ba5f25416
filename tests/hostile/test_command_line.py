"""No raw traceback at the command line: odd settings, files, places and options get a sentence and an exit code."""

import errno
import os
import sys
from pathlib import Path

import pytest

from kpikit.cli import failing, main
from kpikit.review import open_log
from kpikit.words import Words
from tests.hostile import orders
from tests.report.books import SETTINGS, write_book


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return write_book(tmp_path_factory.mktemp("orders") / "book", {"North": (40, 4), "Duo": (12, 2)})


@pytest.fixture
def run(monkeypatch, capfd, tmp_path):
    """The command line in this process and in a folder of its own: exit code, stdout, stderr.

    Pictures are drawn elsewhere: that takes most of the time, and no order is about them.
    """
    monkeypatch.setattr("kpikit.session.papers.svg", lambda *_, **__: "<svg></svg>")
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("KPIKIT_DEBUG", raising=False)
    monkeypatch.delenv("KPIKIT_LOG", raising=False)
    monkeypatch.chdir(tmp_path)

    def ran(*arguments):
        monkeypatch.setattr(sys, "argv", ["kpikit", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
            sys.exit(0)
        said = capfd.readouterr()
        return stop.value.code or 0, said.out, said.err

    return ran


def ill_said(code, out, err):
    """What is wrong with how a command ended, if anything is."""
    said = out + err
    wrong = {
        "exit code": code not in (0, 1, 2, 3, 4),
        "traceback": "Traceback" in said,
        "unforeseen": "did not foresee" in err,
        "silent": code != 0 and len(err.strip()) <= 10,
        "escape": "\x1b" in said,
    }
    found = [name for name, is_so in wrong.items() if is_so]
    return [*found, code, said] if found else []


def test_what_is_ill_said_is_seen():
    assert ill_said(2, "", "There is no such book.") == []
    assert ill_said(1, "", "Traceback (most recent call last)")[0] == "traceback"
    assert ill_said(5, "", "A sentence that is long.")[0] == "exit code"
    assert ill_said(2, "", "")[0] == "silent"


#: making reports takes seconds, and asks nothing that the plan of one does not
QUICK = [case for case in orders.cases(seed=13, n=66) if case.name not in ("report --out empty", "demo --out empty")]
MORE = [case for case in orders.cases(seed=17, n=210) if case not in QUICK]


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name.encode("unicode_escape").decode())
def test_whatever_is_asked_gets_a_sentence(run, book, tmp_path, case):
    assert ill_said(*run(*case.arguments(book, tmp_path))) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", MORE, ids=lambda case: case.name.encode("unicode_escape").decode())
def test_whatever_else_is_asked_gets_a_sentence(run, book, tmp_path, case):
    assert ill_said(*run(*case.arguments(book, tmp_path))) == []


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("settings.max_dropped = nan", "The setting max_dropped cannot be 'nan'. Allowed: 0 – 1."),
        ("settings.max_dropped = -inf", "The setting max_dropped cannot be '-inf'. Allowed: 0 – 1."),
        ("settings.max_dropped = 20", "The setting max_dropped cannot be '20'. Allowed: 0 – 1."),
        ("settings.fiscal_year_starts = nan", "The setting fiscal_year_starts cannot be 'nan'. Allowed: 1 – 12."),
        ("settings.fiscal_year_starts = 4.0", "The setting fiscal_year_starts cannot be '4.0'. Allowed: 1 – 12."),
        ("privacy.min_team = nan", "The setting privacy.min_team cannot be 'nan'. Allowed: 3 – 1000000."),
        ("privacy.min_deals = inf", "The setting privacy.min_deals cannot be 'inf'. Allowed: 10 – 1000000."),
        ('settings.time_zone = "localtime"', "The setting time_zone cannot be 'localtime'. Allowed: Europe/Amsterdam"),
        ('formats.encoding = "idna"', "The setting formats.encoding cannot be 'idna'. Allowed:"),
        (f"settings.bin = {orders.DIGITS}", "kpikit.toml holds a number of more digits than can be read."),
        (f"settings.bin = {orders.DEEP}", "kpikit.toml holds lists or tables within each other, too many to be read."),
        ('tables.deals.file = "a\\u0000"', "The setting tables.deals.file cannot be a"),
        ("tables.deals.constants.amount = nan", "The setting tables.deals.constants.amount cannot be nan."),
    ],
)
def test_a_setting_that_is_no_number_or_too_much_of_one_is_named(run, book, tmp_path, setting, sentence):
    orders._copy(book, tmp_path / "book")
    (tmp_path / "book" / "kpikit.toml").write_text(f"{setting}\n", encoding="utf-8")
    code, _, err = run("check", tmp_path / "book")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"kpikit: {sentence}")


def test_a_file_with_none_of_our_columns_is_no_accident(run, book, tmp_path):
    orders._copy(book, tmp_path / "book")
    (tmp_path / "book" / "kpikit.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "book" / "people.csv").write_text("x,y\n1,2\n1,2\n", encoding="utf-8")
    assert ill_said(*run("check", tmp_path / "book")) == []


# --- what the system says ---------------------------------------------------------------------------------------------

#: errno → exit code and what is said; 4 where nothing that was asked can be blamed
SAID = {
    errno.ENOSPC: (4, "The disk is full"), errno.EDQUOT: (4, "The disk is full"),
    errno.EACCES: (2, "may not be read or written here"), errno.EROFS: (2, "lies on a disk that cannot be written"),
    errno.EISDIR: (2, "is a folder, and a file was expected"), errno.ENOTDIR: (2, "A folder is needed at"),
    errno.ELOOP: (2, "a link that leads back to itself"), errno.ENAMETOOLONG: (2, "is too long for this disk"),
    errno.EIO: (4, "The system refused something that kpikit needs"),
}  # fmt: skip


@pytest.mark.parametrize("number", SAID, ids=errno.errorcode.get)
@pytest.mark.parametrize("command", ["init", "report", "review", "log"])
def test_a_disk_that_takes_nothing_is_told_with_the_place(run, book, tmp_path, monkeypatch, command, number):
    asked = {
        "init": ["init", book / "deals.csv", "--yes", "--out", tmp_path / "out"],
        "report": ["report", book, "--team", "North", "--period", "2026Q2", "--out", tmp_path / "out"],
        "review": ["review", book, "--prepare", "--out", tmp_path / "out", "--log", tmp_path / "log.sqlite"],
        "log": ["log", "export", "Anna", "--out", tmp_path / "anna.json", "--log", tmp_path / "log.sqlite"],
    }[command]
    if command == "log":
        open_log(tmp_path / "log.sqlite", author="coach").close()

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    code, out, err = run(*asked)
    assert ill_said(code, out, err) == []
    assert code in (2, 4)
    if command in ("report", "log"):
        wanted, sentence = SAID[number]
        assert (code, sentence in err, str(tmp_path) in err) == (wanted, True, True)


def test_a_disk_is_no_log(run, book, tmp_path):
    code, out, err = run("review", book, "--prepare", "--out", tmp_path / "out", "--log", "/")
    assert ill_said(code, out, err) == []
    assert code in (2, 4)


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RecursionError("maximum recursion depth exceeded"), "nested"), (MemoryError(), "memory"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "characters"),
        (OverflowError("int too large"), "unforeseen"), (ZeroDivisionError(), "unforeseen"),
        (type("PanicException", (BaseException,), {})("a panic"), "unforeseen"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)  # fmt: skip
def test_what_nobody_foresaw_is_said_and_shown_with_debug(run, book, monkeypatch, error, code, language):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("kpikit.book.open_book", fail)
    ended, out, err = run("check", book, "--lang", language)
    assert (ended, out, "Traceback" in err) == (4, "", False)
    assert err == f"kpikit: {failing.as_error(error).sentence(language)}\n"
    assert failing.as_error(error).code == code
    ended, _, err = run("--debug", "check", book, "--lang", language)
    assert (ended, "Traceback" in err, type(error).__name__ in err) == (4, True, True)
    monkeypatch.setenv("KPIKIT_DEBUG", "1")
    assert "Traceback" in run("check", book)[2]


def test_a_value_that_reads_like_an_option_is_none():
    assert failing.is_debugging(["--debug", "check", "x"])
    assert not failing.is_debugging(["report", "x", "--team", "--debug"])


def test_a_terminal_without_a_letter_shows_another_mark(book, tmp_path):
    import subprocess

    asked = [sys.executable, "-m", "kpikit", "check", str(tmp_path / "œuvre"), "--lang", "nl"]
    done = subprocess.run(asked, capture_output=True, check=False, env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 2
    assert b"?uvre" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
@pytest.mark.parametrize("full", ["stdout", "stderr"])
def test_what_cannot_be_said_is_no_traceback_either(full):
    import subprocess

    with Path("/dev/full").open("w") as device:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {full: device}
        done = subprocess.run([sys.executable, "-m", "kpikit", "check", "demo"], check=False, text=True, **streams)
    assert done.returncode == {"stdout": 4, "stderr": 0}[full]
    assert "Traceback" not in (done.stderr or "")
    assert "Exception ignored" not in (done.stderr or "")


def test_every_sentence_about_the_system_is_there_in_each_language():
    for code in {*failing._PLACE.values(), "disk_full_at"}:
        for language in ("en", "nl"):
            assert "out/run.json" in Words(language).say(f"error.{code}", path="out/run.json")
