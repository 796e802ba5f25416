"""The public window is typed: a checker knows what every name of it is, and finds a wrong one."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import polars
import pytest

pytest.importorskip("basedpyright", reason="basedpyright: not installed")

ROOT = Path(__file__).parents[1]
#: cells such as a notebook has; a checker must know the type of every expression in them
CELLS = """
import polars as pl

import kpikit

BOOK = "demo"
NOW, BEFORE = "FY2026Q2", "FY2026Q1"

book = kpikit.open_book(BOOK)
now, before = book.settings.period(NOW), book.settings.period(BEFORE)
team = kpikit.book.of_team(book, "North")
fit = book.fitness().filter(pl.col("part") == "answers")

times = kpikit.velocity.time_in_stage(book, by=["team"], during=NOW)
medians = times.filter(pl.col("status") == "ok").select("team", "stage", "value", "low", "high")
change = kpikit.velocity.compare(book, during=now, before=BEFORE)
long = change.frame.sort("value", descending=True).head(3)
stages = times["stage"].unique().to_list()
rows, columns = times.height, times.columns

rates = kpikit.winloss.definitions(team, during=now)
both = pl.concat([rates.frame, kpikit.winloss.definitions(book, during=NOW).frame])
won = kpikit.winloss.wins(book, by="team", during=[NOW, before])
series = [column.name for column in won]
wide = won.filter(figure="won").pivot("period", index="team", values="value")

curves = kpikit.cohorts.win_curves(book, by="quarter", during=NOW)
kept = kpikit.retention.renewal(book, during=None).with_columns(share=pl.col("value").round(2))
moved = kpikit.pipeline.moved(book, during="2026-07").group_by("figure").agg(pl.col("value").sum())
whom = kpikit.interviews.draw(book, 6, seed=1, during=NOW).head(3)
agenda = kpikit.review.agenda(book).lazy().collect()
spells = kpikit.engine.spells(book)
interval = kpikit.stats.wilson(3, 10)

asked, by, kpi, again = times.asked, times.by, times.kpi, times.book
same, there, size = times == times, "value" in times, len(times)
plain = times.to_pandas()
"""
#: each line holds one mistake that a checker must see
WRONG = """
import kpikit

book = kpikit.open_book("demo")
kpikit.velocitie
kpikit.velocity.time_in_stages(book)
kpikit.velocity.time_in_stage(book, during=2026)
kpikit.velocity.time_in_stage(book, when="2026Q3")
kpikit.velocity.compare(book, during="2026Q3")
kpikit.winloss.wins(book).filtered("status")
kpikit.winloss.wins(book).frame.join(kpikit.winloss.wins(book), on="period")
"""
STRICT = {"typeCheckingMode": "strict", "reportAny": "error", "reportUnusedExpression": "none", "pythonVersion": "3.11"}


def _checked(folder, files, **settings):
    """The rules that each file breaks, as (file, line, rule)."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    settings = {"include": ["."], "extraPaths": [str(ROOT)], **STRICT, **settings}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert found["summary"]["filesAnalyzed"] == len(files)
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1, one.get("rule", one["message"]))
        for one in found["generalDiagnostics"]
    }


@pytest.mark.slow
def test_a_checker_knows_every_type_in_a_notebook_and_finds_each_mistake(tmp_path):
    found = _checked(tmp_path, {"cells.py": CELLS, "wrong.py": WRONG})
    assert {one for one in found if one[0] == "cells.py"} == set()
    lines = [number for number, line in enumerate(WRONG.splitlines(), 1) if line.startswith("kpikit.")]
    assert {line for name, line, _ in found if name == "wrong.py"} == set(lines)


@pytest.mark.slow
def test_what_the_cells_name_is_there_when_they_run():
    names = {}
    exec(compile(CELLS, "cells", "exec"), names)
    assert names["size"] == names["rows"] == len(names["plain"])
    assert names["again"] is names["book"]


@pytest.mark.slow
def test_a_checker_finds_nothing_unknown_in_our_notebooks(tmp_path):
    """A cell of a row is Any, as polars has it; everything else is known."""
    files = {}  # not the fifth: it goes through pandas
    for path in sorted((ROOT / "notebooks").glob("0[2-4]*.ipynb")):
        cells = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
        files[f"{path.stem.replace('-', '_')}.py"] = "\n".join(cells)
    assert _checked(tmp_path, files, reportAny="none") == set()


def test_the_stub_is_what_the_script_writes():
    """``python docs/answer_stub.py`` writes it; after another polars it is written anew."""
    specification = importlib.util.spec_from_file_location("answer_stub", ROOT / "docs" / "answer_stub.py")
    answer_stub = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(answer_stub)
    if f"polars {polars.__version__};" not in answer_stub.STUB.read_text(encoding="utf-8"):
        pytest.skip("polars: the stub was written with another version of it")
    assert answer_stub.STUB.read_text(encoding="utf-8") == answer_stub.text()
