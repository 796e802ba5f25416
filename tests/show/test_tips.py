"""What a live chart says at the pointer: one line of words a row, with the figures of the row."""

import polars as pl
import pytest

from kpikit.show.charts.tips import touchable, with_tips
from kpikit.show.page import Chart, message
from kpikit.words import Words
from tests.show.pages_for_tests import findings, hundreds, ranges

EN, NL = Words("en"), Words("nl")
SHOWN = message("index.plain", text="chart")


def _tips(chart, words=EN):
    return with_tips(chart, words).data["tip"].to_list()


def _chart(kind, rows, **more):
    messages = [name for row in rows for name, value in row.items() if hasattr(value, "in_words")]
    return Chart(kind, pl.DataFrame(rows, schema_overrides=dict.fromkeys(messages, pl.Object)), SHOWN, **more)


def test_a_range_of_days():
    """20 days (15 to 30) now, 10 (8 to 12) before; the chart's own key says which is which."""
    assert _tips(ranges())[:2] == ["Qualify · this: 20 days (15 to 30)", "Qualify · before: 10 days (8 to 12)"]
    assert _tips(ranges(), NL)[0] == "Qualify · this: 20 dagen (15 tot 30)"


def test_minutes_are_said_as_people_say_them():
    """150 minutes are 2.5 hours."""
    chart = ranges(unit="minute", value=150.0, low=120.0, high=180.0)
    assert _tips(chart)[0] == "Qualify · this: 2.5 hours (2 to 3)"


def test_a_part_of_a_hundred():
    assert _tips(hundreds())[0] == "now · gone on: 42 in 100"


def test_findings_say_it_in_their_labels():
    assert _tips(findings()) == [""]


def test_strips():
    rows = [
        {"label": "Proposal", "value": 70.3, "is_sleeping": True},
        {"label": "Proposal", "value": 44.0, "is_sleeping": None},
        {"label": "Qualify", "value": None, "is_sleeping": None},
    ]
    assert _tips(_chart("strips", rows)) == ["Proposal: 70 days", "Proposal: nine in ten had left within 44 days", ""]


def test_a_point_of_a_process():
    row = {"label": "Jul 2024", "value": 0.255, "centre": 0.3, "low_limit": 0.09, "high_limit": 0.52}
    assert _tips(_chart("process", [row])) == ["Jul 2024: 26 in 100; luck explains 9 to 52"]
    assert _tips(_chart("process", [row | {"value": None}], unit="day")) == [""]


@pytest.mark.parametrize(
    ("kind", "row", "said"),
    [
        ("shares", {"label": "Price", "value": 0.25, "low": 0.17, "high": 0.36}, "Price: 25 in 100 (17 to 36)"),
        ("cells", {"label": "Offer", "column": "Price", "n": 7}, "Offer · Price: 7"),
        ("moves", {"label": "won", "start": 91.0, "end": 76.0}, "won: 15"),
        ("counts", {"panel": "counts", "label": "Small", "part": "on", "value": 33.0}, "Small · gone on: 33"),
        ("slopes", {"panel": "slope", "label": "Mid", "before": 0.55, "now": 0.68}, "Mid: 68 in 100, before 55"),
        ("stays", {"panel": "due", "label": "Jul", "stayed": 4, "left": 2}, "Jul: 4 stayed, 2 left"),
        (
            "cohorts", {"panel": "curve", "which": "now", "time": 90.0, "value": 0.21},
            "this period: 21 in 100 within 90 days",
        ),
        ("cohorts", {"panel": "view", "which": "now", "time": 90.0, "n": 12}, ""),
        (
            "headline", {"panel": "line", "label": "Won, from Jul 2025", "height": 9.0,
                         "note": message("index.plain", text="9")}, "Won, from Jul 2025: 9",
        ),
        ("headline", {"panel": "finding", "label": "The move", "value": 0.1, "low": 0.0, "high": 0.2}, ""),
    ],
)  # fmt: skip
def test_each_kind_in_a_line(kind, row, said):
    assert _tips(_chart(kind, [row])) == [said]


def test_tips_go_to_the_marks_whose_data_have_them():
    rows = {"told": [{"tip": "x"}], "untold": [{"tip": ""}], "none": [{"a": 1}]}
    units = [{"mark": {"type": "point"}, "data": {"name": name}} for name in rows]
    spec = touchable({"datasets": rows, "hconcat": [{"layer": [*units, {"mark": "text", "data": {"name": "told"}}]}]})
    inner = spec["hconcat"][0]["layer"]
    assert ["tooltip" in unit.get("encoding", {}) for unit in inner] == [True, False, False, False]


def test_one_row_with_a_tip_is_enough():
    for rows in ([{"tip": "x"}, {"tip": ""}], [{"tip": ""}, {"tip": "x"}, {"a": 1}]):
        spec = touchable({"datasets": {"a": rows}, "data": {"name": "a"}, "layer": [{"mark": "bar"}]})
        assert spec["layer"][0]["encoding"]["tooltip"] == {"field": "tip", "type": "nominal"}


def test_data_of_the_whole_count_for_its_parts():
    spec = touchable({"datasets": {"a": [{"tip": "x"}]}, "data": {"name": "a"}, "layer": [{"mark": "bar"}]})
    assert spec["layer"][0]["encoding"]["tooltip"] == {"field": "tip", "type": "nominal"}
