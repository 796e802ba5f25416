"""Charts by their specification: marks, encodings, domains, and a description that says what they show."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kpikit.show.charts.base import NARROW, WIDE, draw
from kpikit.show.charts.picture import pair, svg
from kpikit.words import Words
from tests.show.pages_for_tests import CHARTS, findings, headline, hundreds, ranges

WIDTHS = [WIDE, NARROW]


def _spec(chart, width=WIDE, language="en"):
    return draw(chart, Words(language), width).to_dict()


def _marks(spec):
    return [layer["mark"]["type"] for layer in spec["layer"]]


def _values(spec):
    """The rows of the first layer, wherever altair has put them."""
    data = spec.get("data") or spec["layer"][0]["data"]
    return data["values"] if "values" in data else spec["datasets"][data["name"]]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("kind", CHARTS)
def test_every_chart_says_what_it_shows(kind, width, language):
    chart = CHARTS[kind]()
    spec = _spec(chart, width, language)
    assert spec["description"] == chart.description.in_words(Words(language))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", CHARTS)
def test_numbers_are_in_the_chart_and_no_data_is_fetched(kind, width):
    text = json.dumps(_spec(CHARTS[kind](), width))
    assert '"url"' not in text
    assert "vega-lite/v6" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_small_lines_begin_at_nothing_and_stand_above_the_findings(width):
    lines, below = _spec(headline(), width)["vconcat"]
    line = (lines.get("hconcat") or lines["vconcat"])[0]
    assert line["title"]["text"] == "New customers"
    assert _marks(line) == ["rule", "line", "point", "point", "text", "text"]
    assert line["layer"][1]["encoding"]["y"]["scale"]["domain"] == [0, pytest.approx(15.4)]  # a tenth more than 14
    assert "text" in _marks(below)


def test_ranges_have_a_bar_a_dot_an_end_and_a_note():
    assert _marks(_spec(ranges())) == ["rule", "point", "point", "text"]
    encoding = _spec(ranges())["layer"][0]["encoding"]
    assert encoding["y"]["sort"] == ["Qualify", "Proposal"]
    assert encoding["yOffset"]["sort"] == ["now", "before"]
    assert encoding["color"]["scale"]["domain"] == ["now", "before"]
    assert encoding["color"]["legend"] is None


def test_a_length_of_time_begins_at_zero_and_ends_a_little_beyond_the_longest():
    """The longest bound is 30 days; six per cent more is 31.8."""
    scale = _spec(ranges())["layer"][0]["encoding"]["x"]["scale"]
    assert scale["domain"] == [0, pytest.approx(31.8)]


def test_an_unknown_end_runs_to_the_edge_and_is_marked():
    spec = _spec(ranges(labels=("Qualify",), high=None))
    first = _values(spec)[0]
    assert first["beyond"] is True
    assert first["end"] == pytest.approx(20 * 1.06)  # the longest known is the value 20 itself
    assert "triangle" in spec["layer"][2]["mark"]["shape"]


@pytest.mark.parametrize(
    ("unit", "most", "axis"),
    [("minute", 30 * 1.06, "minutes"), ("hour", 30 * 1.06, "hours"), ("day", 30 * 1.06, "days")],
)
def test_the_axis_says_its_unit(unit, most, axis):
    x = _spec(ranges(unit=unit))["layer"][0]["encoding"]["x"]
    assert x["title"].startswith(axis)
    assert x["scale"]["domain"][1] == pytest.approx(most)


def test_minutes_become_hours_and_days_where_that_reads_better():
    """3,000 minutes are 50 hours, and from 48 hours on days are said: 3000 / 1440 = 2.083, and 6 % more 2.208."""
    x = _spec(ranges(unit="minute", high=3000.0))["layer"][0]["encoding"]["x"]
    assert x["title"].startswith("days")
    assert x["scale"]["domain"][1] == pytest.approx(3000 / 1440 * 1.06)


def test_hundreds_end_at_a_hundred():
    spec = _spec(hundreds())
    assert _marks(spec)[:2] == ["bar", "text"]
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 100]
    rows = _values(spec)
    ends = {}
    for row in rows:
        assert row["from"] == pytest.approx(ends.get(row["label"], 0))
        ends[row["label"]] = row["to"]
    assert ends == {"now": pytest.approx(100), "before": pytest.approx(100)}
    assert [row["shown"] for row in rows[:4]] == ["42", "6", "26", "26"]


def test_findings_stand_around_no_change():
    spec = _spec(findings())
    x = spec["layer"][0]["encoding"]["x"]
    assert x["scale"]["domain"] == [-1.05, 1.05]
    row = _values(spec)[0]
    assert (row["zero"], row["high"], row["value"]) == (0, 1, pytest.approx(14 / 21))
    assert row["sure"] == "clear"


@pytest.mark.parametrize("kind", CHARTS)
def test_no_pie_no_gauge_no_second_axis(kind):
    text = json.dumps(_spec(CHARTS[kind]()))
    assert '"arc"' not in text
    assert '"independent"' not in text


@pytest.mark.parametrize("kind", CHARTS)
def test_both_widths_fit_their_place(kind):
    wide, narrow = (drawn.svg for drawn in pair(CHARTS[kind](), Words("en")))
    widths = [float(re.search(r'viewBox="0 0 ([\d.]+)', picture)[1]) for picture in (wide, narrow)]
    assert widths[0] <= 912  # the page is 60 rem wide with 1.5 rem on either side
    assert widths[1] <= 328 + 8  # 360 pixels with 1 rem on either side, and the picture's own padding


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_picture_has_a_role_and_a_name_and_its_parts_have_none(language):
    picture = svg(ranges(), Words(language), WIDE)
    name = ranges().description.in_words(Words(language))
    assert picture.startswith("<svg ")
    assert f'role="img" aria-label="{name}"' in picture
    assert picture.count("aria-") == 1


def test_the_same_chart_is_drawn_the_same():
    assert svg(ranges(), Words("en"), WIDE) == svg(ranges(), Words("en"), WIDE)


def test_stage_names_stand_in_the_narrow_picture_too():
    picture = svg(ranges(labels=("Qualify", "Written offer")), Words("en"), NARROW)
    assert "Qualify" in picture
    assert "Written offer" in picture


@pytest.mark.slow
@pytest.mark.parametrize("character", ["\\x07", "\\x00", "\\x1b", "\\ufffe"])
def test_a_character_that_xml_cannot_hold_does_not_end_the_process(character):
    """In a process of its own, because it dies of it. A stage called so in an export must not stop a report."""
    code = f"""
from kpikit.show.charts.picture import svg
from kpikit.words import Words
from tests.show.pages_for_tests import ranges
svg(ranges(labels=("Pro{character}posal", "Qualify")), Words("en"), 860)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-300:]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029"])
def test_line_separators_in_the_name_of_a_stage(separator):
    drawn = svg(ranges(labels=(f"Pro{separator}posal", "Qualify")), Words("en"), WIDE)
    assert "Pro posal" in drawn
    assert separator not in drawn
