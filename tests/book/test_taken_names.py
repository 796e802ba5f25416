"""Own fields never stand where kpikit keeps a column of its own: the program is read for the names that it uses."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import kpikit
from kpikit.book.own_fields import OwnField
from kpikit.book.taken_names import TAKEN
from kpikit.schema import PERSON_COLUMNS, TABLES

PACKAGE = Path(kpikit.__file__).parent
#: rooms that compute with the tables of a book
ROOMS = ("analysis", "book", "engine", "report", "review", "session", "stats")
#: methods whose keywords name columns, and those whose texts do
_KEYWORDS = {"with_columns", "agg", "select", "group_by", "struct", "DataFrame"}
_TEXTS = {"alias", "col", "rename", "with_row_index", "Series", "with_columns", "select", "agg", "group_by", "then",
          "otherwise", "with_row_count", "unpivot", "value_counts"}  # fmt: skip


def used(source: str) -> Iterator[str]:
    """The names of columns in a module, as far as they are written out."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _KEYWORDS:
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)
        if name in _TEXTS:
            texts = (one for given in node.args for one in ast.walk(given))
            yield from (one.value for one in texts if isinstance(one, ast.Constant) and isinstance(one.value, str))


def test_the_reader_finds_names_in_every_place_where_they_stand():
    source = "f.with_columns(a=1).select('b', pl.col('c').alias('d')).rename({'e': 'g'}); other('h', i=2)"
    assert set(used(source)) == {"a", "b", "c", "d", "e", "g"}


def test_every_name_that_the_program_computes_with_is_taken():
    found = {name for room in ROOMS for path in (PACKAGE / room).rglob("*.py") for name in used(path.read_text())}
    names = {name for name in found if name.isidentifier() and name.islower() and name[0].isalpha()}
    assert len(names) > 300
    assert sorted(names - TAKEN) == [], "add these to kpikit/book/taken_names.py"


@pytest.mark.parametrize(
    "name", [*TABLES["deals"].names, *sorted(PERSON_COLUMNS), "n", "value", "outcome_team", "own_team"]
)
def test_a_field_called_like_a_column_of_ours_stands_beside_it(name):
    assert OwnField("deals", name, "x").column == f"own_{name}"


@pytest.mark.parametrize("name", ["product_line", "region", "country", "größe", "产品"])
def test_other_names_stay_as_they_are(name):
    assert OwnField("deals", name, "x").column == name
