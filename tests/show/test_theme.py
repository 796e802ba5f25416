"""Colours: what is read has contrast enough in light and dark, and nothing anywhere has a colour outside the theme."""

import colorsys
import json
import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpikit.schema import Look
from kpikit.show.charts.base import NARROW, WIDE, draw
from kpikit.show.document import stylesheet
from kpikit.show.theme import COLOURS, colour, lightened, variables, vega_config
from kpikit.words import Words
from tests.show.pages_for_tests import CHARTS

TEXT = ("ink", "muted", "now", "before", "waiting")  # tokens that colour text somewhere, on paper
PARTS = ("on", "back", "lost", "other", "waiting")  # segments that carry a number in a colour of their own


def luminance(hexadecimal):
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_itself():
    # #767676 on white by hand: 0x76 = 118, 118 / 255 = .46275; (.46275 + .055) / 1.055 = .49076; ^ 2.4 = .18116.
    # Grey has the same value in all three, so luminance .18116: (1 + .05) / (.18116 + .05) = 4.542, the known 4.54 : 1.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.542, abs=0.001)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("token", TEXT)
def test_text_on_paper(token, scheme):
    assert contrast(COLOURS[token][scheme], COLOURS["paper"][scheme]) >= 4.5


def _inside():
    for token in PARTS:
        for scheme in (0, 1):
            yield pytest.param(token, scheme, id=f"{token}-{('light', 'dark')[scheme]}")


@pytest.mark.parametrize(("token", "scheme"), list(_inside()))
def test_numbers_inside_a_segment(token, scheme):
    assert contrast(COLOURS[f"in_{token}"][scheme], COLOURS[token][scheme]) >= 4.5


@pytest.mark.parametrize("token", COLOURS)
def test_no_red_and_no_green(token):
    """Hue, by hand from RGB: no colour with any strength lies near red (345° to 15°) or green (80° to 165°)."""
    for value in COLOURS[token]:
        red, green, blue = (int(value[i : i + 2], 16) / 255 for i in (1, 3, 5))
        hue, _, strength = colorsys.rgb_to_hls(red, green, blue)
        strong = strength > 0.25 and max(red, green, blue) - min(red, green, blue) > 0.15
        assert not strong or 15 < hue * 360 < 80 or 165 < hue * 360 < 345


def test_dark_is_for_screens_only_and_has_every_token():
    css = variables()
    light, dark = css.split("@media screen and (prefers-color-scheme:dark)")
    for token, values in COLOURS.items():
        assert f"--{token}:{values[0]};" in light
        assert f"--{token}:{values[1]};" in dark


def test_a_colour_is_a_variable_with_its_light_value_to_fall_back_on():
    assert colour("now") == f"var(--now, {COLOURS['now'][0]})"


def test_the_stylesheet_has_no_colour_outside_the_theme_and_no_address():
    page = resources.files("kpikit.show").joinpath("html/page.css").read_text(encoding="utf-8")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", page) == []
    assert set(re.findall(r"var\(--([a-z]+)", page)) <= {*COLOURS, "font"}
    assert not re.search(r"url\(|@import|//", stylesheet())


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_charts_have_no_colour_outside_the_theme(kind, width):
    spec = json.dumps(draw(CHARTS[kind](), Words("en"), width).to_dict())
    known = {colour(token) for token in COLOURS}
    found = set(re.findall(r'"(var\([^"]*\)|#[0-9a-fA-F]{3,8}|rgb[^"]*)"', spec))
    assert found <= known
    assert not re.search(r'"(?:color|fill|stroke)": "(?!var|transparent)[^"]', spec)


@given(st.integers(0, 0xFFFFFF))
def test_any_colour_can_be_read_in_the_dark_once_it_is_lightened(number):
    """Black mixed with 55 in 100 of white is #8c8c8c; nothing gets darker than that."""
    assert lightened("#000000") == "#8c8c8c"
    paper = luminance(COLOURS["paper"][1])
    assert (luminance(lightened(f"#{number:06x}")) + 0.05) / (paper + 0.05) >= 4.5


def test_a_look_of_ones_own_changes_its_tokens_only():
    css = variables(Look(now="#7a1f4b", font="Source Sans 3"))
    # 0x7a = 122: 0.45 * 122 + 0.55 * 255 = 195.15 → c3; 0x1f = 31: 154.2 → 9a; 0x4b = 75: 174 → ae
    light, dark = css.split("@media screen")
    assert "--now:#7a1f4b;" in light
    assert "--now:#c39aae;" in dark
    assert '--font:"Source Sans 3",system-ui' in light
    assert f"--before:{COLOURS['before'][0]};" in light


def test_the_look_of_charts_is_quiet():
    config = vega_config()
    assert config["background"] == "transparent"
    assert config["view"]["stroke"] is None
