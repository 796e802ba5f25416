"""A chart as it is drawn: an SVG, and the specification that a live chart is drawn from, which is the same one."""

import json

import pytest

from kpikit.show.charts.base import NARROW, WIDE, draw
from kpikit.show.charts.picture import accessible, drawn, numbers, pair, picture
from kpikit.words import LANGUAGES, Words
from tests.show.pages_for_tests import CHARTS, HOSTILE, findings, hundreds, ranges

EN = Words("en")


def _units(spec):
    for part in (*spec.get("layer", ()), *spec.get("hconcat", ()), *spec.get("vconcat", ())):
        yield from _units(part)
    if "mark" in spec:
        yield spec


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_what_is_added_for_the_live_chart_changes_nothing_in_the_picture(kind, width):
    bare = drawn(json.dumps(draw(CHARTS[kind](), EN, width).to_dict()), numbers("en"))
    live = drawn(picture(CHARTS[kind](), EN, width).spec, numbers("en"))
    assert accessible(live, "x") == accessible(bare, "x")


def test_wide_and_narrow_are_two_pictures():
    wide, narrow = pair(ranges(), EN)
    assert wide.svg != narrow.svg
    assert json.loads(wide.spec) != json.loads(narrow.spec)


def test_the_specification_names_no_address():
    assert "http" not in picture(ranges(), EN, WIDE).spec


def test_marks_can_be_pointed_at_and_texts_cannot():
    spec = json.loads(picture(ranges(), EN, WIDE).spec)
    for unit in _units(spec):
        kind = unit["mark"]["type"]
        assert ("tooltip" in unit["encoding"]) == (kind == "point"), kind


def test_a_chart_whose_labels_say_it_all_has_nothing_to_add():
    assert "tooltip" not in picture(findings(), EN, WIDE).spec


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_data_in_a_specification(name):
    spec = json.loads(picture(ranges(labels=(HOSTILE[name], "Qualify")), EN, WIDE).spec)
    rows = next(rows for rows in spec["datasets"].values() if "tip" in rows[0])
    assert rows[0]["label"] == HOSTILE[name]
    transforms = json.dumps([unit.get("transform") for unit in _units(spec)], ensure_ascii=False)
    assert HOSTILE[name] not in transforms
    assert '"expr"' not in picture(ranges(labels=(HOSTILE[name], "Qualify")), EN, WIDE).spec


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_locale_of_pictures(language):
    assert drawn(picture(hundreds(), Words(language), WIDE).spec, numbers(language)).startswith("<svg")
