"""Curves for notebooks, compared by their specification."""

import json
import re
from xml.etree import ElementTree

import polars as pl
import pytest

import kpikit
from kpikit.show.charts.curves import IN_VIEW, MOST_STEPS, STROKES, curve_chart
from kpikit.show.theme import COLOURS


def curve(name, n=100, at_risk=None, **more):
    """A curve that comes down by an even step a day, from 1 to 0."""
    days = [float(i + 1) for i in range(n)]
    return pl.DataFrame(
        {
            "stage": [name] * n, "from_age": [0.0] * n, "time": days, "exit": ["still_there"] * n, "n": [n] * n,
            "value": [1 - d / n for d in days], "low": [max(0.0, 0.9 - d / n) for d in days],
            "high": [min(1.0, 1.1 - d / n) for d in days],
            "n_at_risk": at_risk or [n - i for i in range(n)], "unit": ["day"] * n, "status": ["ok"] * n,
        }
    ).with_columns(pl.lit(value).alias(key) for key, value in more.items())  # fmt: skip


def drawn(picture, part):
    """The rows behind the curves (0), or behind the table under them (1)."""
    return picture.spec["datasets"][picture.spec["vconcat"][part]["data"]["name"]]


def steps(picture, name):
    return [row for row in drawn(picture, 0) if row["curve"] == name]


def in_view(picture):
    return [(row["curve"], row["time"], row["n"]) for row in drawn(picture, 1)]


def test_at_most_sixty_steps_from_the_beginning_on():
    picture = curve_chart(pl.concat([curve("A", 500), curve("B", 20)]), description="x")
    long, short = steps(picture, "A"), steps(picture, "B")
    assert len(long) <= MOST_STEPS
    assert len(short) == 1 + 20 - (IN_VIEW - 1)  # the last four days had fewer than five in view
    assert (long[0]["time"], long[0]["value"]) == (0.0, 100.0)
    assert long[-1]["time"] == 496.0  # 500 − 495 = 5 in view
    for row in long[1:]:
        assert row["value"] == pytest.approx(100 * (1 - row["time"] / 500))


def test_the_numbers_in_view_stand_under_the_axis():
    picture = curve_chart(curve("A", 100), description="x", until=60)
    # round times; on day 10 the next exit is that of day 10, when 91 were in view
    assert in_view(picture) == [("A", t, 100 if t == 0 else 101 - t) for t in (0, 10, 20, 30, 40, 50, 60)]
    ended = curve_chart(curve("A", 20), description="x", until=60)
    assert in_view(ended)[-1] == ("A", 60, 0)


def test_another_exit_rises_from_nothing():
    lost = curve("A").with_columns(exit=pl.lit("lost"), value=1 - pl.col("value"))
    first = steps(curve_chart(lost, exit="lost", description="x"), "A")[0]
    assert (first["value"], first["low"], first["high"]) == (0.0, 0.0, 0.0)


def test_a_curve_begins_where_it_speaks():
    late = curve("A").with_columns(from_age=pl.lit(3.5)).filter(pl.col("time") > 3)
    assert steps(curve_chart(late, description="x"), "A")[0]["time"] == 3.5


def test_it_is_named_for_those_who_cannot_see_it():
    picture = curve_chart(curve("A"), description='Half have left "A" by <day 50>')
    root = ElementTree.fromstring(picture.svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", 'Half have left "A" by <day 50>')
    assert picture.spec["description"] == 'Half have left "A" by <day 50>'
    with pytest.raises(ValueError, match="description"):
        curve_chart(curve("A"), description=" ")
    with pytest.raises(TypeError):
        curve_chart(curve("A"))  # type: ignore[call-arg]


def test_curves_differ_by_stroke_and_colour_and_are_six_at_most():
    picture = curve_chart(pl.concat([curve(name) for name in "ABCDEF"]), description="x")
    for name, light, _, _ in STROKES:
        assert f"var(--{name}, {light})" in json.dumps(picture.spec)
    dashes = [tuple(dash) for *_, dash in STROKES]
    assert len(set(dashes)) == len(dashes)
    with pytest.raises(ValueError, match="at most 6"):
        curve_chart(pl.concat([curve(name) for name in "ABCDEFG"]), description="x")


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("name", "light", "dark", "_"), STROKES, ids=[s[0] for s in STROKES])
def test_strokes_stand_out_on_both_papers(name, light, dark, _):
    for colour, paper in zip((light, dark), COLOURS["paper"], strict=True):
        one, other = sorted((luminance(colour), luminance(paper)))
        assert (other + 0.05) / (one + 0.05) >= 3  # WCAG 1.4.11: graphics


def test_it_stands_in_a_notebook_without_a_network_and_in_both_lights():
    html = curve_chart(curve("A"), description="x")._repr_html_()
    assert "<script" not in html
    assert not re.search(r"(src|href)\s*=\s*[\"']http", html)
    assert "prefers-color-scheme:dark" in html
    assert '[data-jp-theme-light="false"]' in html
    for name, *_ in STROKES:
        assert html.count(f"--{name}:") == 4


def test_light_and_dark_pictures_differ():
    picture = curve_chart(curve("A"), description="x")
    assert picture.png()[:4] == picture.png(dark=True)[:4] == b"\x89PNG"
    assert picture.png() != picture.png(dark=True)


@pytest.mark.parametrize(("language", "axis"), [("en", "days since entering the stage"), ("nl", "dagen sinds")])
def test_the_demo_in_both_languages(demo, language, axis):
    curves = kpikit.velocity.curves(demo)
    for exit_ in curves["exit"].unique():
        picture = curve_chart(curves, exit=exit_, description="x", language=language)
        assert axis in picture.svg
    assert [row[0] for row in in_view(picture)[::7]][:1] == ["Qualify"]


def test_nothing_to_draw_is_an_empty_picture():
    empty = curve("A").with_columns(status=pl.lit("too_few"))
    assert steps(curve_chart(empty, description="x"), "A") == []
