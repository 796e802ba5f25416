"""Own fields never stand where kpikit keeps a column of its own: the program is read for the names that it uses."""

import importlib.util
from pathlib import Path

import pytest

from kpikit.book.own_fields import OwnField
from kpikit.book.taken_names import TAKEN
from kpikit.schema import PERSON_COLUMNS, TABLES


@pytest.fixture(scope="module")
def reader():
    place = Path(__file__).parents[2] / "docs" / "taken_names.py"
    specification = importlib.util.spec_from_file_location("taken_names", place)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_reader_finds_names_in_every_place_where_they_stand(reader):
    source = "f.with_columns(a=1).select('b', pl.col('c').alias('d')).rename({'e': 'g'}); other('h', i=2)"
    assert set(reader.used(source)) == {"a", "b", "c", "d", "e", "g"}


def test_every_name_that_the_program_computes_with_is_taken(reader):
    names = reader.names()
    assert len(names) > 300
    assert sorted(set(names) - TAKEN) == [], "run python docs/taken_names.py"


@pytest.mark.parametrize(
    "name", [*TABLES["deals"].names, *sorted(PERSON_COLUMNS), "n", "value", "outcome_team", "own_team"]
)
def test_a_field_called_like_a_column_of_ours_stands_beside_it(name):
    assert OwnField("deals", name, "x").column == f"own_{name}"


@pytest.mark.parametrize("name", ["product_line", "region", "country", "größe", "产品"])
def test_other_names_stay_as_they_are(name):
    assert OwnField("deals", name, "x").column == name
