"""Charts of cohorts and customers, by their specification."""

import re

import polars as pl
import pytest

from kpikit import cohorts
from kpikit.show.charts.cohorts import TICKS, curve_rows, stays
from kpikit.show.charts.cohorts import cohorts as curves_drawn
from kpikit.show.charts.curves import win_curve_picture
from kpikit.words import Words
from tests.analysis.rate_books import many, rate_book
from tests.strategies import day


@pytest.fixture(scope="module")
def curves():
    rows = [{"outcome": "won", "created_at": day(-80), "outcome_at": day(-80 + i)} for i in range(20, 60)]
    rows += [{"outcome": "won", "created_at": day(40), "outcome_at": day(40 + i)} for i in range(10, 50)]
    rows += many(20, "open", created_at=day(60)) + many(20, "open", created_at=day(-80))
    return cohorts.win_curves(rate_book(rows, as_of=120), at=TICKS)


def test_a_curve_begins_at_nothing_ends_while_enough_are_in_view_and_has_sixty_steps_at_most(curves):
    for part in curves.partition_by("cohort"):
        rows = curve_rows(part, "now")
        steps = [row for row in rows if row["panel"] == "curve"]
        assert (steps[0]["time"], steps[0]["value"]) == (0.0, 0.0)
        assert len(steps) <= 62
        assert [row["value"] for row in steps] == sorted(row["value"] for row in steps)
        assert [row["time"] for row in rows if row["panel"] == "view"] == [0.0, *TICKS]


def test_young_parts_are_two_lines_the_upper_one_of_paper(curves):
    spec = win_curve_picture(curves, description="Two quarters.").spec
    text = str(spec)
    hollow = [layer for layer in spec["vconcat"][0]["layer"] if "paper" in str(layer["mark"])]
    areas = [layer for layer in spec["vconcat"][0]["layer"] if layer["mark"]["type"] == "area"]
    # up to 1 May: the quarter from October is old enough to day 120, that from January to day 30; bands so far only
    assert (len(hollow), len(areas)) == (2, 2)
    assert "Oct 2025" in text
    assert "Jan 2026" in text


def test_a_picture_is_described_and_shows_three_at_most(curves):
    assert 'aria-label="Two quarters."' in win_curve_picture(curves, description="Two quarters.").svg
    more = pl.concat([curves.with_columns(pl.col("cohort").dt.offset_by(f"{i}y")) for i in (0, 1)])
    for frame, description in ((curves, " "), (more, "Too many.")):
        with pytest.raises(ValueError, match="at most 3 cohorts"):
            win_curve_picture(frame, description=description)


@pytest.mark.parametrize("width", [860, 328])
def test_the_axes_of_curves_hold_the_highest_and_the_last(width):
    def point(time, value, high, which="now", **more):
        return {"panel": "curve", "time": time, "value": value, "low": value, "high": high, "which": which} | more

    def spec_of(*points):
        seen = [{"panel": "view", "time": at, "which": "now", "n": 9, "label": "Jul"} for at in (0.0, 90.0, 180.0)]
        rows = [{"is_young": False} | row for row in [*points, *seen]]
        return str(curves_drawn(rows, Words("en"), width).to_dict())

    # the band of the older goes up to 40 in 100: 44 with some air; a young band is not drawn, but its curve is
    points = [point(0.0, 0.0, 0.1), point(90.0, 0.3, 0.4), point(90.0, 0.2, 0.9, "before", is_young=True)]
    assert "'domain': [0, 44.0" in spec_of(*points)
    assert "'domain': [0, 66.0" in spec_of(*points, point(180.0, 0.6, 0.9, "before", is_young=True))
    assert "'domain': [0, 100" in spec_of(*points, point(180.0, 0.9, 0.95))
    assert "'domain': [0, 180.0]" in spec_of(*points)


def due(**counts):
    return {"panel": "due", "label": "Jul 2026", "stayed": 0, "left": 0, "unknown": 0} | counts


@pytest.mark.parametrize("width", [860, 328])
def test_every_customer_is_a_square_until_they_are_many(width):
    rows = [due(stayed=20, left=4), due(label="Aug 2026", stayed=3, unknown=2)]
    text = str(stays(rows, Words("en"), width).to_dict())
    tokens = re.findall(r"'token': '(\w+)'", text)
    assert (tokens.count("now"), tokens.count("before"), tokens.count("other")) == (23, 4, 2)
    many_due = [due(stayed=640, left=128)]
    text = str(stays(many_due, Words("en"), width).to_dict())
    tokens = re.findall(r"'token': '(\w+)'", text)
    # 768 in a month, 64 squares at most: each is twelve
    assert "a square is 12" in text
    assert (tokens.count("now"), tokens.count("before")) == (53, 11)
