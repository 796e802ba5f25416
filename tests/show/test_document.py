"""Sections: the order of reading is the order of the source, and whatever stands in the data is shown as text."""

import re
from html.parser import HTMLParser

import pytest

from kpikit.show.document import header, index, plain, section
from kpikit.show.page import Page, Table, message
from kpikit.words import Words
from tests.show.pages_for_tests import HOSTILE, findings, ranges

EN = Words("en")


def _page(text="Proposal", **more):
    said = message("index.plain", text=text)
    given = {
        "title": said, "sentence": (said, said), "chart": ranges(labels=(text, "Qualify")), "question": said,
        "certainty": "clear", "terms": ("clear",),
    }  # fmt: skip
    return Page("time", **(given | more))


class _Reader(HTMLParser):
    """Tags with their attributes, and the text that a reader sees."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def _read(html):
    reader = _Reader()
    reader.feed(html)
    return reader


def _turned(text):
    """Text in a sentence of ours: without what would turn around the rest of it."""
    return text.replace("\u202e", "")


def test_title_sentence_chart_question():
    html = section(_page(), EN)
    places = [
        html.index(mark) for mark in ("<h2>", 'class="sentence"', "<figure>", 'class="certainty', 'class="question"')
    ]
    assert places == sorted(places)
    assert html.count("<section") == html.count("</section>") == 1
    assert html.count("<svg ") == 2  # wide and narrow, one of which is shown


def test_a_folded_page_is_a_line_that_opens():
    html = section(_page(folded=True), EN)
    assert '<section class="folded" id="page-time">' in html
    assert html.index("<summary><h2>") < html.index('class="sentence"')
    assert "<details open" not in html


def test_back_matter_and_tables():
    table = Table((message("back.table"), message("back.rule")), (("deals", "x < y"),))
    html = section(
        Page(
            "back",
            message("page.back.title"),
            details=((message("back.data"), (message("back.hash", hash="ab"), table)),),
        ),
        EN,
    )
    assert html.count("<details>") == 1
    assert '<th scope="col">Table</th>' in html
    assert "x &lt; y" in html


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("folded", [False, True])
def test_hostile_text_is_shown_as_text(name, folded):
    text = HOSTILE[name]
    html = section(_page(text, folded=folded), EN)
    reader = _read(html)
    assert {tag for tag, _ in reader.tags} <= {
        "section", "h2", "p", "figure", "figcaption", "span", "div", "svg", "g", "path", "text", "rect", "line", "defs",
        "clippath", "details", "summary", "a", "style", "title", "desc",
    }  # fmt: skip
    assert not any(attribute.startswith("on") for _, attributes in reader.tags for attribute in attributes)
    shown = "".join(reader.text)
    assert _turned(text).strip() in shown
    assert plain(_page(text), EN).startswith(_turned(text))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_teams_in_heading_and_index(name):
    text = HOSTILE[name]
    rows = [{"team": text, "link": "team/report.html", "finding": message("index.plain", text=text), "status": "ok"}]
    for html in (
        header(message("header.team", team=text), (), EN),
        index(EN, title=message("index.plain", text=text), lines=(message("index.plain", text=text),), rows=rows),
    ):
        reader = _read(html)
        scripts = [attributes for tag, attributes in reader.tags if tag == "script"]
        assert scripts == ([{}] if "<!DOCTYPE" in html else [])  # the index sorts by a script of its own
        assert "img" not in {tag for tag, _ in reader.tags}
        assert _turned(text) in "".join(reader.text)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_labels_in_a_picture(name):
    html = section(_page(chart=findings(label=HOSTILE[name])), EN)
    assert "script" not in {tag for tag, _ in _read(html).tags}


def test_nothing_asks_for_the_network():
    html = header(message("header.all"), (), EN) + section(_page(), EN)
    assert not re.search(r'(?:src|href)="(?!#)', html)
    assert not re.search(r"https?://(?!www\.w3\.org)", html)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_index_says_its_language_and_names_failures_in_words(language):
    rows = [{"team": "A", "link": "a/report.ipynb", "finding": message("index.failed"), "status": "failed"}]
    html = index(Words(language), title=message("index.plain", text="t"), lines=(), rows=rows)
    assert f'<html lang="{language}">' in html
    assert {"en": "failed", "nl": "mislukt"}[language] in html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
