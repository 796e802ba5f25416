"""Nothing that lies in a folder takes more memory than it may: a sentence for each, and this process lives on."""

import json
import subprocess
import sys

import pytest

import kpikit
from kpikit.errors import DataError, UsageError
from kpikit.processes import memory
from kpikit.reading import Formats, read
from kpikit.reading.workbook import archive, extent
from kpikit.words import Words
from tests.hostile import workbooks
from tests.hostile.test_command_line import ill_said, run  # noqa: F401 - a fixture

LIMIT = 256
#: what a process may hold that has read all of them, in MB: what it holds anyway, and once the limit
MOST = 700
_READ = """
import json, resource, sys
from pathlib import Path
from kpikit.reading import Formats, read
from kpikit.errors import DataError
told = {}
for path in map(Path, sys.argv[2:]):
    try:
        told[path.name] = read(path, Formats(memory_mb=int(sys.argv[1]))).frame.shape
    except DataError as error:
        told[path.name] = [fault.rule for fault in error.faults]
status = Path("/proc/self/status").read_text()  # getrusage would count the process that started this one
peak = int(status.split("VmHWM:")[1].split()[0]) >> 10
apart = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
print(json.dumps({"told": told, "peak": peak, "apart": apart}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("workbooks")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="how much was taken is counted as Linux counts it")
def test_every_kind_is_told_in_a_sentence_and_takes_no_more_than_it_may(folder):
    paths = [make(folder / name) for name, (make, _) in workbooks.KINDS.items()]
    command = [sys.executable, "-c", _READ, str(LIMIT), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    wrong = {
        name: told["told"][name]
        for name, (_, rules) in workbooks.KINDS.items()
        if len(told["told"][name]) != 1 or told["told"][name][0] not in rules
    }
    assert wrong == {}
    assert (told["peak"] < MOST, told["apart"] < MOST) == (True, True), (told["peak"], told["apart"])


@pytest.mark.parametrize("name", ["far.xlsx", "entities.xlsx", "understated.xlsx", "far_quoted.xlsx", "repeated.ods"])
def test_every_command_says_it_once(run, tmp_path, name):  # noqa: F811
    """Each has one sentence with the file, what is wrong and what to do, in the terminal and in a notebook."""
    make, rules = workbooks.KINDS[name]
    make(tmp_path / name)
    (tmp_path / "kpikit.toml").write_text(
        f'[formats]\nmemory_mb = {LIMIT}\n[tables.deals]\nfile = "{name}"\n', encoding="utf-8"
    )
    asked = [("check", tmp_path), ("report", tmp_path, "--team", "x", "--period", "2026Q2", "--out", tmp_path / "out")]
    if name in ("far.xlsx", "entities.xlsx", "understated.xlsx"):
        asked.append(("init", tmp_path / name, "--yes", "--out", tmp_path / "own"))
    for command in asked:
        for language in ("en", "nl"):
            code, out, err = run(*command, "--lang", language)
            assert ill_said(code, out, err) == []
            assert code == 3
            assert sum(Words(language).say(f"way.{rule}") in err for rule in rules) == 1
            assert name in err
    with pytest.raises(DataError) as raised:
        kpikit.open_book(tmp_path)
    assert {fault.rule for fault in raised.value.faults} <= rules


def test_the_far_cell_is_named_as_the_user_sees_it(folder):
    path = workbooks.write(folder / "named.xlsx", workbooks.sheet(), workbooks.sheet(workbooks.cell("XFD1048576", "x")))
    with pytest.raises(DataError) as raised:
        read(path, Formats(memory_mb=LIMIT))
    assert raised.value.faults[0].values == {"sheet": "Deals 2", "cell": "XFD1048576", "n": 1_048_576 * 16_384}


@pytest.mark.parametrize(
    ("place", "is_refused"),
    [
        # a cell takes 32 bytes: 256 MB are 8,388,608 of them; 26 columns have room for 322,638 rows
        ("Z1000000", True), ("B1000000", False), ("DZ9999", False), ("EA9999", False), ("ZZ9999", False),
        ("ZZZ9999", True), ("A1048576", False), ("H1048576", False), ("I1048576", True),
    ],
)  # fmt: skip
def test_how_far_is_too_far_follows_from_the_limit(folder, place, is_refused):
    looked = archive.look(
        workbooks.write(folder / f"{place}.xlsx", workbooks.sheet(workbooks.cell(place, "x"))), LIMIT << 20
    )
    assert extent.is_near(looked) == (place == "DZ9999")
    if is_refused:
        with pytest.raises(DataError):
            extent.check(looked, LIMIT << 20)
    else:
        extent.check(looked, LIMIT << 20)


def test_a_blank_cell_far_away_is_none(folder):
    """Programs write a style for cells that hold nothing."""
    path = workbooks.write(folder / "styled.xlsx", workbooks.sheet('<c r="XFD1048576" s="1"/>'))
    assert read(path).frame["deal_id"].to_list() == ["D-2", "D-3"]


def test_what_is_read_apart_is_what_is_read_here(folder):
    """A far cell that still fits is read in another process, as the same table."""
    near = workbooks.write(folder / "near.xlsx", workbooks.sheet())
    far = workbooks.write(folder / "further.xlsx", workbooks.sheet('<c r="EA9999" s="1"/>'))
    assert extent.is_near(archive.look(near, 1 << 30))
    assert not extent.is_near(archive.look(far, 1 << 30))
    here, there = read(near), read(far)
    assert here.frame.equals(there.frame)
    assert here.faults == there.faults
    with pytest.raises(UsageError) as raised:
        read(far, Formats(sheet="Nowhere"))
    assert (raised.value.code, raised.value.values["known"]) == ("unknown_sheet", "Deals 1")


def test_a_workbook_that_spreadsheet_programs_write_is_near(tmp_path):
    import openpyxl
    import xlsxwriter

    rows = [["deal_id", "amount", "name"], ["D-1", 100, "One"], ["D-2", 200, "A <b> & ☃"]]
    with xlsxwriter.Workbook(tmp_path / "one.xlsx") as book:
        sheet = book.add_worksheet("Deals")
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    other = openpyxl.Workbook()
    for row in rows:
        other.active.append(row)
    other.save(tmp_path / "two.xlsx")
    for name in ("one", "two"):
        assert extent.is_near(archive.look(tmp_path / f"{name}.xlsx", 1 << 30))
        assert read(tmp_path / f"{name}.xlsx").frame["name"].to_list() == ["One", "A <b> & ☃"]


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_that_is_cut_short_is_told(folder, cut):
    whole = workbooks.write(folder / "whole.xlsx", workbooks.sheet()).read_bytes()
    path = folder / "cut.xlsx"
    path.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(DataError) as raised:
        read(path)
    assert [fault.rule for fault in raised.value.faults] == ["broken_workbook"]


def test_what_is_behind_the_list_of_parts_is_read_apart(folder):
    path = workbooks.write(folder / "behind.xlsx", workbooks.sheet())
    path.write_bytes(path.read_bytes()[:-2] + b"\x03\x00abc")  # a remark of three letters
    assert not extent.is_near(archive.look(path, 1 << 30))
    assert read(path).frame.height == 2


def test_a_list_of_parts_that_says_it_is_endless_is_not_read(folder):
    path = workbooks.write(folder / "list.xlsx", workbooks.sheet())
    content = bytearray(path.read_bytes())
    content[-10:-6] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        read(path)
    assert [fault.rule for fault in raised.value.faults] == ["workbook_parts"]


def test_the_limit_is_a_setting_and_else_a_quarter(monkeypatch):
    assert Formats.from_settings({"memory_mb": 512}).memory == 512 * 1024 * 1024
    monkeypatch.setattr(memory, "there", lambda: 8 << 30)
    assert memory.quarter() == 2 << 30
    for value in (63, 0, -1, 1.5, True, "512", 1 << 25):
        with pytest.raises(UsageError):
            Formats.from_settings({"memory_mb": value})


def test_every_sentence_is_there_in_each_language():
    values = {"cell": "B2", "sheet": "Deals", "n": 3, "megabytes": 1, "limit": 2, "part": "x", "ratio": 7, "most": 9,
              "minutes": 5}  # fmt: skip
    for rule in sorted({rule for _, rules in workbooks.KINDS.values() for rule in rules} | {"workbook_slow"}):
        for language in ("en", "nl"):
            assert "{" not in Words(language).say(f"rule.{rule}", **values)
            assert Words(language).say(f"way.{rule}")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["far.xlsx", "far_quoted.xlsx"])
def test_a_notebook_lives_on(tmp_path, name):
    """The kernel that met such a workbook shows the sentence, and runs the next cell."""
    import nbformat
    from traitlets.config import Config

    from kpikit.report.making.job import _transport

    nbclient = pytest.importorskip("nbclient")
    workbooks.KINDS[name][0](tmp_path / name)
    (tmp_path / "kpikit.toml").write_text(
        f'[formats]\nmemory_mb = {LIMIT}\n[tables.deals]\nfile = "{name}"\n', encoding="utf-8"
    )
    cells = ["import kpikit", "kpikit.open_book('.')", "print('alive')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(
        notebook, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}},
        config=Config(_transport(tmp_path)), kernel_name="python3",
    )  # fmt: skip
    client.execute()
    error, alive = (cell.outputs[0] for cell in notebook.cells[1:])
    assert error.ename == "DataError"
    assert name in error.evalue
    assert alive.text == "alive\n"
