"""The recipes of CONTRIBUTING.md, followed to the letter in a copy: so many files, and it runs.

A language and a CRM are followed in ``test_third_language.py`` and ``sources/test_crms.py``.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FUNCTION = '''

@answer(kpi="unpriced")
def unpriced(book: DealBook) -> pl.DataFrame:
    """How many open deals have no amount?"""
    amount = pl.col("amount_home")
    deals = book.tables["deals"].lazy().filter(pl.col("outcome") == "open").select(
        n=pl.len().cast(pl.Int64), n_excluded=pl.lit(0, pl.Int64), value=amount.is_null().sum().cast(pl.Float64)
    ).collect()
    return deals.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64), unit=pl.lit("deal"))
'''
PAGE = '''"""How many open deals have no amount."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.team import TeamFigures
from kpikit.show.page import Chart, Page, message


def page(figures: TeamFigures) -> Page:
    """How many open deals have no amount."""
    row = figures.unpriced.row(0, named=True)
    rows = [{"label": message("kpi.unpriced"), "which": "now", "value": row["value"] / row["n"], "low": None,
             "high": None, "note": message("kpi.unpriced")}]
    schema = {"label": pl.Object, "which": pl.String, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
              "note": pl.Object}
    chart = Chart("shares", pl.DataFrame(rows, schema=schema), message("kpi.unpriced"))
    return Page("unpriced", message("page.unpriced.title", n=int(row["value"]), of=row["n"]), chart=chart)
'''
WORDS = '\nmsgid "kpi.unpriced"\nmsgstr "{kpi}"\n\nmsgid "page.unpriced.title"\nmsgstr "{title}"\n'
TEST = """
import kpikit
from kpikit.report.review import team_review

book = kpikit.open_book("demo")
deals = book.tables["deals"].filter(outcome="open")
answer = kpikit.pipeline.unpriced(book)
assert (answer["n"].item(), answer["value"].item()) == (deals.height, deals["amount_home"].null_count())
for language, begins in (("en", "Open deals"), ("nl", "Lopende deals")):
    report = team_review("demo", team="North", period="FY2026Q2", language=language)
    shown = report["unpriced"]._repr_mimebundle_()
    assert shown["text/plain"].startswith(begins), shown["text/plain"]
    assert "<svg" in shown["text/html"]
    assert [page.id for page in report.pages][-1] == "back"
print("followed")
"""


@pytest.fixture
def copied(tmp_path):
    for part in ("kpikit", "templates", "data/demo"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def changed(copied):
    """The files of the copy that are new, or other than ours."""
    files = {
        path.relative_to(copied) for path in copied.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    return sorted(str(file) for file in files if not same(ROOT / file, copied / file))


def same(ours, theirs):
    return ours.exists() and ours.read_bytes() == theirs.read_bytes()


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path}: {old}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def steps(title):
    """How many steps a recipe has: each is a file."""
    recipe = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    return len(re.findall(r"^\d+\. ", recipe, re.MULTILINE))


def test_a_kpi_with_a_page_and_a_chart(copied):
    package = copied / "kpikit"
    pipeline = package / "analysis" / "pipeline.py"
    edit(pipeline, '__all__ = ["moved"]', '__all__ = ["moved", "unpriced"]')
    pipeline.write_text(pipeline.read_text(encoding="utf-8") + FUNCTION, encoding="utf-8")
    card = (package / "kpi" / "pipeline_moved.toml").read_text(encoding="utf-8")
    (package / "kpi" / "unpriced.toml").write_text(card.replace("pipeline_moved", "unpriced"), encoding="utf-8")
    figures = package / "report" / "figures" / "team.py"
    edit(figures, "import moved\n", "import moved, unpriced\n")
    edit(figures, "    moved: pl.DataFrame\n", "    moved: pl.DataFrame\n    unpriced: pl.DataFrame\n")
    edit(figures, "        moved=moved(", "        unpriced=unpriced(book).frame,\n        moved=moved(")
    (package / "report" / "pages" / "team" / "unpriced.py").write_text(PAGE, encoding="utf-8")
    template = copied / "templates" / "team-review.ipynb"
    notebook = json.loads(template.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"] if "".join(cell["source"]) == 'review["moved"]')
    notebook["cells"].insert(
        notebook["cells"].index(cell), {**cell, "source": ['review["unpriced"]'], "id": "unpriced"}
    )
    template.write_text(json.dumps(notebook), encoding="utf-8")
    for language, kpi, title in (
        ("en", "Open deals without an amount", "Open deals without an amount: {n} of {of}"),
        ("nl", "Lopende deals zonder bedrag", "Lopende deals zonder bedrag: {n} van {of}"),
    ):
        file = package / "words" / language / "moved.po"
        words = WORDS.replace("{kpi}", kpi).replace("{title}", title)
        file.write_text(file.read_text(encoding="utf-8") + words, encoding="utf-8")
    (copied / "tests").mkdir()
    (copied / "tests" / "test_unpriced.py").write_text(TEST, encoding="utf-8")
    surroundings = os.environ | {"PYTHONPATH": str(copied)}
    done = subprocess.run(
        [sys.executable, "tests/test_unpriced.py"], cwd=copied, env=surroundings, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "followed", done.stderr
    assert len(changed(copied)) == steps("Add a KPI with a page and a chart") <= 8
