"""[theme] in kpikit.toml: what cannot be read or is no picture is refused, with what was measured."""

import base64

import pytest

import kpikit
from kpikit.book import Settings, prepare
from kpikit.book.house_style import PAPER, Theme, contrast
from kpikit.errors import UsageError
from kpikit.show.theme import COLOURS

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def test_contrast_by_the_published_formula():
    """Black on white is 21 to 1; #767676 on white is the grey that just reaches 4.54 to 1 (WCAG's own example)."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


def test_the_paper_is_that_of_the_pages():
    assert COLOURS["paper"][0] == PAPER


def test_a_colour_that_cannot_be_read_is_refused_with_its_contrast():
    """#ffcc00: luminance 0.2126 + 0.7152 * 0.6038 = 0.6444; paper #fdfdfb 0.9808: 1.0308 / 0.6944 = 1.48."""
    with pytest.raises(UsageError) as refused:
        Theme(now="#ffcc00")
    assert refused.value.values["found"] == "1.48"
    assert str(refused.value) == (
        "The colour #ffcc00 of theme.now stands out from the paper by 1.48 to 1; text needs 4.5 to 1. "
        "Choose a darker one."
    )


@pytest.mark.parametrize("name", ["now", "before", "waiting"])
def test_each_colour_is_looked_at(name):
    Theme(**{name: "#7a1f4b"})
    with pytest.raises(UsageError, match=f"theme.{name}"):
        Theme(**{name: "#eeeeee"})


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"now": "blue"}, "theme.now"),
        ({"now": "#12477"}, "theme.now"),
        ({"now": "#12477d;} body{display:none"}, "theme.now"),
        ({"font": 'x";} @import "http://x.test'}, "theme.font"),
        ({"font": "</style>"}, "theme.font"),
        ({"footer": "x" * 201}, "theme.footer"),
        ({"logo": "https://x.test/logo.png"}, "theme.logo"),
        ({"logo": "data:text/html;base64,AAAA"}, "theme.logo"),
    ],
)
def test_values_that_cannot_be(given, setting):
    with pytest.raises(UsageError) as refused:
        Theme(**given)
    assert refused.value.values["setting"] == setting


def test_an_unknown_key():
    with pytest.raises(UsageError, match=r"theme\.colour"):
        Theme.from_table({"colour": "#000000"})


@pytest.mark.parametrize(("name", "content", "kind"), [("a.png", PNG, "png"), ("b.SVG", SVG, "svg+xml")])
def test_a_logo_becomes_part_of_the_page(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    logo = Theme.from_table({"logo": name}, tmp_path).logo
    assert logo.startswith(f"data:image/{kind};base64,")
    assert base64.b64decode(logo.partition(",")[2]) == content


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.png", None, "theme_logo"),
        ("a.jpg", PNG, "theme_logo"),
        ("a.png", b"<html>", "theme_logo"),
        ("a.svg", b"<html>", "theme_logo"),
        ("a.png", PNG + b"0" * 300_000, "theme_logo_size"),
    ],
)
def test_what_is_no_logo(tmp_path, name, content, code):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as refused:
        Theme.from_table({"logo": name}, tmp_path)
    assert refused.value.code == code
    assert str(tmp_path) not in str(refused.value)


def test_a_book_brings_its_theme_along_and_its_figures_stay_the_same(tmp_path):
    """From the kpikit.toml through a prepared book; the hash names the data, not the look."""
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "deals.csv").write_text("deal_id,pipeline,outcome,created_at\n1,a,open,2026-01-01\n")
    (folder / "logo.png").write_bytes(PNG)
    bare = prepare(kpikit.open_book(folder), tmp_path / "bare")
    (folder / "kpikit.toml").write_text('[theme]\nlogo = "logo.png"\nnow = "#7a1f4b"\nfooter = "Ours"\n')
    themed = prepare(kpikit.open_book(folder), tmp_path / "themed")
    again = kpikit.open_book(tmp_path / "themed").settings.theme
    assert (
        again
        == themed.settings.theme
        == Theme.from_table({"logo": "logo.png", "now": "#7a1f4b", "footer": "Ours"}, folder)
    )
    assert themed.hash == bare.hash


def test_settings_without_a_theme_have_an_empty_one():
    assert Settings.from_tables({}, {}).theme == Theme()
