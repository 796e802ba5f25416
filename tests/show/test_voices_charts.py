"""Charts of reasons and drivers: by their specification; any text of a CRM is a label and nothing else."""

import json
import re

import polars as pl
import pytest

from kpikit.show.charts.base import NARROW, WIDE, draw
from kpikit.show.charts.picture import svg
from kpikit.show.document import plain, section
from kpikit.show.page import Card, Chart, Page, message
from kpikit.words import LANGUAGES, Words
from tests.show.pages_for_tests import HOSTILE

EN = Words("en")
FLOATS = dict.fromkeys(("value", "low", "high"), pl.Float64)


def shares(label="Price", **special):
    note = message("page.whom.note", k=9, n=18)
    row = {"label": label, "which": "now", "value": 0.5, "low": 0.29, "high": 0.71, "note": note}
    rows = [row | special, row | {"which": "before", "value": 0.25, "low": 0.1, "high": 0.5}]
    schema = {"label": pl.Object, "which": pl.String, **FLOATS, "note": pl.Object}
    return Chart("shares", pl.DataFrame(rows, schema=schema), message("page.whom.chart"))


def pairs(label="Price", ours=9, theirs=3):
    note = message("page.reasons.note", ours=ours, theirs=theirs, both=3)
    row = {"label": label, "ours": ours, "theirs": theirs, "note": note}
    schema = {"label": pl.Object, "ours": pl.Int64, "theirs": pl.Int64, "note": pl.Object}
    return Chart("pairs", pl.DataFrame([row], schema=schema), message("page.reasons.chart"))


def cells(label="Proposal", column="Price"):
    rows = [
        {"label": label, "column": column, "n": 28, "is_untold": False, "place": 0},
        {"label": "Qualify", "column": "blank", "n": 1, "is_untold": True, "place": 1},
    ]
    schema = {"label": pl.Object, "column": pl.Object, "n": pl.Int64, "is_untold": pl.Boolean, "place": pl.Int64}
    return Chart("cells", pl.DataFrame(rows, schema=schema), message("page.where.chart"))


CHARTS = {"shares": shares, "pairs": pairs, "cells": cells}


def values(spec):
    """All rows of data that a specification draws."""
    rows = [row for data in spec.get("datasets", {}).values() for row in data]
    return (
        rows
        + [row for layer in spec["layer"] for row in layer.get("data", {}).get("values", [])]
        + spec.get("data", {}).get("values", [])
    )


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chart_says_what_it_shows_and_is_drawn(kind, width, language):
    words = Words(language)
    chart = CHARTS[kind]()
    spec = draw(chart, words, width).to_dict()
    assert spec["description"] == chart.description.in_words(words)
    assert svg(chart, words, width).startswith("<svg ")


def test_shares_are_drawn_on_a_scale_of_a_hundred():
    rows = values(draw(shares(), EN, WIDE).to_dict())
    assert {row["value"] for row in rows} == {50.0, 25.0}
    assert sorted((round(row["low"], 6), round(row["high"], 6)) for row in rows) == [(10.0, 50.0), (29.0, 71.0)]


def test_the_axis_of_shares_holds_the_widest_range_and_ends_at_a_hundred():
    # the ranges end at 71 and 50 in 100: with a little air 71 * 1.06 = 75.26; at 98 there is no more room than 100
    domains = [
        draw(shares(high=high), EN, width).to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"]
        for width in (WIDE, NARROW)
        for high in (0.71, 0.3, 0.98, None)
    ]
    assert domains == [pytest.approx([0, top]) for top in (75.26, 53, 100, 53)] * 2


def test_a_share_that_is_not_known_has_no_dot():
    spec = draw(shares(value=None, low=None, high=None), EN, WIDE).to_dict()
    assert {row["value"] for row in values(spec)} == {None, 25.0}
    filters = [step["filter"] for layer in spec["layer"] for step in layer.get("transform", [])]
    assert filters == ["isValid(datum.low)", "isValid(datum.value)"]


def test_dots_are_as_large_as_their_count():
    rows = values(draw(cells(), EN, WIDE).to_dict())
    sizes = {row["n"]: row["size"] for row in rows}
    assert sizes[28] == pytest.approx(28 * sizes[1])
    assert {row["n"]: row["token"] for row in rows} == {28: "now", 1: "before"}


def test_rows_and_columns_change_places_on_a_telephone():
    wide, narrow = (draw(cells(), EN, width).to_dict()["layer"][0]["encoding"] for width in (WIDE, NARROW))
    assert (wide["y"]["field"], narrow["y"]["field"]) == ("label", "column")


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_labels_are_text(kind, hostile):
    for width in (WIDE, NARROW):
        drawn = svg(CHARTS[kind](hostile), EN, width)
        assert "<script" not in drawn
        assert "<img" not in drawn
        assert len(drawn) < 60_000


# --- cards -----------------------------------------------------------------------------------------------------------


def page_of(story, **card):
    return Page("customer", message("page.customer.question"), cards=(Card(message("card.won"), story, **card),))


def test_a_card_shows_heading_story_about_and_others():
    page = page_of(
        "It was fine.", about=("Small", message("card.stage", stage="Proposal")), others=("So it was.",), language="en"
    )
    html = section(page, EN)
    for part in (
        "Became a customer",
        '<blockquote lang="en">It was fine.</blockquote>',
        "Small · last at Proposal",
        "<li>So it was.</li>",
    ):
        assert part in html
    assert plain(page, EN).splitlines()[1:] == ["Became a customer: It was fine.", "So it was."]


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_stories_are_text(hostile):
    html = section(page_of(hostile, about=(hostile,), others=(hostile,)), EN)
    assert "<script" not in html
    assert "<img" not in html
    assert "{{7*7}}" in html or "{{7*7}}" not in hostile


@pytest.mark.parametrize(("ours", "theirs", "most"), [(9, 3, 9), (3, 9, 9)])
def test_pairs_begin_at_nought_and_end_above_the_larger(ours, theirs, most):
    spec = json.dumps(draw(pairs(ours=ours, theirs=theirs), EN, WIDE).to_dict())
    domains = {tuple(map(float, found.split(","))) for found in re.findall(r'"domain": \[([\d., ]+)\]', spec)}
    assert [list(found) for found in domains] == [pytest.approx([0.0, most * 1.08])]
