"""Charts of the quarterly report, by their specification: what is drawn where, and that text stays text."""

import json

import polars as pl
import pytest

from kpikit.report.review import quarterly_winloss
from kpikit.show.charts.base import NARROW, WIDE, draw
from kpikit.words import Words
from tests.report import worked


@pytest.fixture(scope="module")
def report():
    return quarterly_winloss(worked.book(), period=worked.NOW)


def spec(report, page, width=WIDE, **columns):
    chart = report[page].page.chart
    if columns:
        from dataclasses import replace

        chart = replace(chart, data=chart.data.with_columns(**columns))
    return json.loads(draw(chart, Words("en"), width).to_json())


def values(spec):
    """All rows of all data of a specification."""
    found = []
    for inner in [spec, *spec.get("hconcat", []), *spec.get("vconcat", [])]:
        for layer in [inner, *inner.get("layer", [])]:
            found += layer.get("data", {}).get("values", [])
    return found + [row for rows in spec.get("datasets", {}).values() for row in rows]


def test_a_limit_that_is_not_known_is_not_drawn(report):
    drawn = spec(report, "in_time", low_limit=pl.lit(None, pl.Float64))
    assert {row["low_limit"] for row in values(drawn) if "low_limit" in row} == {None}
    assert {round(row["high_limit"]) for row in values(drawn) if "high_limit" in row} == {45, 49}


def test_limits_are_marked_anew_where_they_were_renewed(report):
    rows = [row for row in values(spec(report, "in_time")) if "is_renewed" in row]
    assert [row["is_renewed"] for row in rows[:8]] == [False] * 3 + [True] + [False] * 4
    assert rows[3]["named"] == "New price list"
    assert [row["shown"] for row in rows[:8]] == ["33", "36", "34", "37", "34", "36", "35", "33"]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_limits_of_one_window_end_where_those_of_the_next_begin(report, width):
    drawn = spec(report, "in_time", width)
    n = len({row["label"] for row in values(drawn) if "is_renewed" in row})
    sizes = {layer["mark"]["size"] for layer in drawn["layer"] if layer["mark"].get("type") == "tick"}
    room = drawn["width"] / n
    assert n > 3 and sizes
    assert all(0.9 * room < size <= room for size in sizes)


def test_what_is_too_young_is_hollow_and_what_stands_out_is_amber(report):
    drawn = spec(report, "in_time")
    filters = [t["filter"] for layer in drawn["layer"] for t in layer.get("transform", []) if "is_young" in str(t)]
    assert filters == ["isValid(datum.value) && !datum.is_young", "isValid(datum.value) && datum.is_young"]
    out = spec(report, "in_time", is_out=pl.lit(True))
    assert {row["state"] for row in values(out) if "state" in row} == {"waiting"}


def test_bars_of_counts_stand_one_after_the_other(report):
    rows = [row for row in values(spec(report, "counted")) if row.get("panel") == "counts" and row["label"] == "SMB"]
    ends = {(row["from"], row["to"]) for row in rows}
    assert ends == {(0, 54), (54, 131), (131, 151), (151, 180)}  # won 54, lost 77, no decision 20, set aside 29


def test_slopes_go_from_before_to_now(report):
    shares = {(row["label"], row["when"]): row["share"] for row in values(spec(report, "why")) if "when" in row}
    assert shares == pytest.approx(
        {("SMB", "before"): 25, ("SMB", "now"): 30, ("Enterprise", "before"): 50, ("Enterprise", "now"): 55}
    )


def test_slopes_begin_at_nought_and_have_room_above_the_largest(report):
    """Half as high is half as many; the largest share is 55."""

    def domains(part):
        if isinstance(part, dict):
            y = part.get("y")
            if isinstance(y, dict) and y.get("field") == "share":
                yield tuple(y["scale"]["domain"])
            for inner in part.values():
                yield from domains(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from domains(inner)

    found = set(domains(spec(report, "why")))
    assert {low for low, _ in found} == {0}
    assert all(high == pytest.approx(55 * 1.15) for _, high in found)


@pytest.mark.parametrize("page", ["in_time", "counted", "why", "front"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_each_is_drawn_at_both_widths_with_a_name(report, page, width):
    drawn = spec(report, page, width)
    assert len(drawn["description"]) > 20
    inner = [part.get("width", 0) for part in [drawn, *drawn.get("hconcat", []), *drawn.get("vconcat", [])]]
    assert 0 < max(inner) <= width


def test_a_flag_is_text(report):
    drawn = spec(report, "in_time", began=pl.lit("<script>alert(1)</script>\u0000"))
    assert any("<script>" in row.get("named", "") for row in values(drawn))  # escaped by the SVG's writer
    assert not any("\u0000" in str(row) for row in values(drawn))
