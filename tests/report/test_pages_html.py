"""The page of a report: one file, scripts known by their hash or none at all, the look in its head."""

import base64
import hashlib
import json
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kpikit.report.formats.html import to_html
from kpikit.schema import Look
from tests.report.notebooks import notebook
from tests.show.pages_for_tests import HOSTILE

SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)


@pytest.fixture(scope="module")
def live():
    return to_html(notebook(), title="Team A · Q2", language="en")


@pytest.fixture(scope="module")
def static():
    return to_html(notebook(), title="Team A · Q2", language="en", static=True)


def _policy(html):
    return re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)[1].replace("&#39;", "'")


def test_without_script_there_is_none(static):
    assert "<script" not in static
    assert "script-src 'none'" in _policy(static)
    assert "javascript:" not in static


def test_every_script_that_can_run_is_named_by_its_hash(live):
    """Data blocks (application/json) never run; the bundle is text until the loader puts it in."""
    runnable = [text for kind, text in SCRIPT.findall(live) if kind == "" or "text/plain" in kind]
    assert len(runnable) == 2
    for text in runnable:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in _policy(live)
    assert "unsafe-eval" not in _policy(live)
    assert _policy(live).count("'unsafe-inline'") == 1  # of style
    assert _policy(live).startswith("default-src 'none'")


def test_each_chart_comes_with_two_specifications(live):
    found = [(kind, json.loads(text)) for kind, text in SCRIPT.findall(live) if "data-chart" in kind]
    assert len(found) == 6  # three charts, wide and narrow
    for page in ("front", "time", "ends"):
        for width in ("wide", "narrow"):
            assert any(f'data-chart="page-{page}" data-width="{width}"' in kind for kind, _ in found)


def test_the_picture_is_there_with_and_without_script(live, static):
    assert SCRIPT.sub("", live).count("<svg ") == static.count("<svg ") == 6


def test_live_charts_write_numbers_as_their_pictures_do():
    html = to_html(notebook(language="nl"), title="x", language="nl")
    locale = json.loads(re.search(r'id="kpikit-locale">(.*?)</script>', html)[1])
    assert (locale["numbers"]["decimal"], locale["numbers"]["thousands"]) == (",", ".")
    assert locale["times"]["days"][1] == "maandag"


def test_nothing_is_asked_for(live):
    """Besides places within the page nothing is linked, and no attribute names an address."""
    outside = SCRIPT.sub("", live)
    assert not re.search(r'(?:src|href)="(?!#|data:)', outside)
    assert not re.search(r"https?://(?!www\.w3\.org)", outside)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends_no_script(name):
    text = HOSTILE[name]
    html = to_html(notebook(text), title=text, language="en")
    kinds = [kind for kind, _ in SCRIPT.findall(html)]
    assert len(kinds) == html.count("<script") == 9  # locale, six charts, bundle, loader
    specs = [json.loads(body) for kind, body in SCRIPT.findall(html) if "data-chart" in kind]
    assert text in json.dumps(specs, ensure_ascii=False).encode().decode() or '"' in text
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(style) == html.count("<style") == 2


def test_the_look_stands_in_the_head_once():
    html = to_html(notebook(look=Look(now="#7a1f4b", footer="Ours <3")), title="x", language="en", static=True)
    assert html.count("--now:#7a1f4b;") == 1
    assert html.index("--now:#7a1f4b;") < html.index("</head>")
    assert "<footer><p>Ours &lt;3</p></footer>" in html


def test_a_notebook_without_our_heading_gets_the_look_too():
    cells = [new_markdown_cell("# Hello"), new_code_cell("x", outputs=[
        new_output("display_data", data={"text/html": "<p>own</p>"})
    ])]  # fmt: skip
    html = to_html(new_notebook(cells=cells), title="x", language="en", theme=Look(now="#7a1f4b", footer="Ours"))
    assert "--now:#7a1f4b;" in html
    assert "<p>own</p>" in html
    assert "Hello" in html
    assert "Ours" in html
    assert "<script" not in html


def test_the_foot_of_a_printed_page_is_a_string_whatever_the_team_is_called():
    html = to_html(notebook(), title='"}</style><script>x', language="en", static=True)
    foot = re.search(r'@bottom-left\{content:"([^"]*)"', html)[1]
    assert re.fullmatch(r"(?:[A-Za-z0-9]|\\[0-9a-f]+ )*", foot)
    assert re.sub(r"\\([0-9a-f]+) ", lambda found: chr(int(found[1], 16)), foot) == '"}</style><script>x'
