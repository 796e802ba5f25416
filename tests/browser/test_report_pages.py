"""Made reports in a real browser, with the network off: sizes, dark, print, keyboard, language."""

import re
from pathlib import Path

import pytest

from kpikit.report.runs.run import Order, run
from tests.report import made as runs

pytestmark = pytest.mark.slow

#: text that lies outside the picture that holds it, or the window
CLIPPED = """() => [...document.querySelectorAll('svg text')]
    .filter(text => text.textContent.trim() && text.getClientRects().length)
    .filter(text => { const t = text.getBoundingClientRect(); return t.right > innerWidth + .5 || t.left < -.5 })
    .map(text => text.textContent)"""
#: words that are broken in two because their column is too narrow
BROKEN = """() => { const found = []
    for (const cell of document.querySelectorAll('th, td')) {
        const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT)
        for (let node; (node = walker.nextNode());)
            for (const word of node.textContent.matchAll(/[\\p{L}\\p{N}]{2,}/gu)) {
                const range = document.createRange()
                range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length)
                const rows = new Set([...range.getClientRects()].map(r => Math.round(r.top)))
                if (rows.size > 1) found.push(word[0])
            } }
    return found }"""
#: pairs of texts in one picture that lie over each other
OVERLAPPING = """() => { const found = []
    for (const svg of document.querySelectorAll('svg')) {
        const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim() && t.getClientRects().length)
        texts.forEach((one, i) => texts.slice(i + 1).forEach(other => {
            const a = one.getBoundingClientRect(), b = other.getBoundingClientRect()
            const across = Math.min(a.right, b.right) - Math.max(a.left, b.left)
            const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
            if (across > 2 && down > 4) found.push([one.textContent, other.textContent]) })) }
    return found }"""


@pytest.fixture(scope="module", params=["en", "nl"])
def language(request):
    return request.param


@pytest.fixture(scope="module")
def folder(language):
    return runs.made(language).folder


def _pages(folder):
    return {
        "index": folder / "index.html",
        "finding": folder / "noord" / "report.html",
        "few": folder / "con-zuid" / "report.html",
    }


each_page = pytest.mark.parametrize("name", ["index", "finding", "few"])


@each_page
def test_language_title_and_headings(opened, folder, language, name):
    with opened(_pages(folder)[name]) as page:
        assert page.evaluate("document.documentElement.lang") == language
        assert page.title()
        assert page.locator("h1").count() == 1
        assert page.locator("main").count() == 1


@pytest.mark.parametrize("name", ["finding", "few"])
def test_every_screen_fits_into_1280_by_720(opened, folder, name):
    with opened(_pages(folder)[name]) as page:
        heights = page.evaluate(
            "[...document.querySelectorAll('section.screen')].map(s => [s.id, s.getBoundingClientRect().height])"
        )
        assert len(heights) >= 3
        assert [(name, height) for name, height in heights if height > 720] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize("scheme", ["light", "dark"])
@each_page
def test_no_sideways_scrolling_at_360(opened, folder, name, scheme):
    with opened(_pages(folder)[name], 360, 740, scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_picture_for_the_width_is_the_one_that_is_shown(opened, folder):
    for width, shown in ((1280, "wide"), (360, "narrow")):
        with opened(folder / "noord" / "report.html", width) as page:
            visible = page.evaluate(
                "[...document.querySelectorAll('section.screen figure > div')]"
                ".filter(d => d.offsetParent).map(d => d.classList[0])"
            )
            assert visible
            assert set(visible) == {shown}


@pytest.mark.parametrize("width", [1280, 360])
def test_no_text_of_a_picture_is_cut_off(opened, folder, language, width):
    with opened(folder / "noord" / "report.html", width) as page:
        assert page.evaluate(CLIPPED) == []


@pytest.mark.parametrize("width", [1280, 360])
def test_no_texts_lie_over_each_other(opened, folder, width):
    with opened(folder / "noord" / "report.html", width) as page:
        assert page.evaluate(OVERLAPPING) == []


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", ["index", "finding"])
def test_no_word_is_broken_in_a_table(opened, folder, name, width):
    with opened(_pages(folder)[name], width) as page:
        assert page.evaluate(BROKEN) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@each_page
def test_text_can_be_read(opened, folder, name, scheme):
    """Contrast of every text with the page, by the WCAG formula, as the browser has resolved the colours."""
    with opened(_pages(folder)[name], scheme=scheme) as page:
        found = page.evaluate(
            """() => {
            const numbers = text => (text.match(/[\\d.]+/g) || []).slice(0, 3).map(Number)
            const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4
            const luminance = rgb => { const [r, g, b] = rgb.map(v => linear(v / 255))
                return .2126 * r + .7152 * g + .0722 * b }
            const paper = luminance(numbers(getComputedStyle(document.body).backgroundColor))
            const poor = []
            const read = 'h1, h2, p, td, th, a, summary, figcaption span, caption'
            for (const element of document.querySelectorAll(read)) {
                if (!element.textContent.trim() || !element.offsetParent) continue
                const ink = luminance(numbers(getComputedStyle(element).color))
                const ratio = (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05)
                if (ratio < 4.5) poor.push([element.tagName, element.textContent.slice(0, 30), ratio])
            }
            return poor }"""
        )
        assert found == []
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", paper))) < 150) == (scheme == "dark")


def test_a_picture_is_named_for_those_who_do_not_see_it(opened, folder):
    with opened(folder / "noord" / "report.html") as page:
        pictures = page.locator("section.screen figure > div > svg")
        assert pictures.count() >= 2
        for i in range(pictures.count()):
            assert pictures.nth(i).get_attribute("role") == "img"
            assert len(pictures.nth(i).get_attribute("aria-label")) > 20


def test_the_keyboard_opens_a_folded_page(opened, folder):
    with opened(folder / "noord" / "report.html") as page:
        folded = page.locator("section.folded details").first
        assert folded.get_attribute("open") is None
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.tagName") == "SUMMARY":
                break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.parentElement.open") is True


def test_the_index_leads_to_the_reports(opened, folder):
    with opened(folder / "index.html") as page:
        page.locator("tbody a").first.click()
        page.wait_for_load_state()
        assert page.url.endswith("/con-zuid/report.html")
        assert page.locator("section.screen").count() >= 3


def test_it_prints(opened, folder):
    with opened(folder / "noord" / "report.html", scheme="dark") as page:
        page.emulate_media(media="print")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert sum(map(int, re.findall(r"\d+", paper))) > 700, "paper stays white, whatever the screen's scheme"
        pdf = page.pdf(prefer_css_page_size=True)
        assert pdf.startswith(b"%PDF-")
        assert 20_000 < len(pdf) < 2_000_000
        assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8


def test_seven_stages_fit_into_a_screen(opened, shared_data, tmp_path):
    """The real log has seven stages; a page must fit into 720 px with as many."""
    toml = Path(__file__).parents[1] / "real" / "bpic2012.toml"
    made = run(Order(str(toml), "team-review", "2012Q1", tmp_path / "out"))
    with opened(made.folder / "all" / "report.html") as page:
        heights = page.evaluate(
            "[...document.querySelectorAll('section.screen')].map(s => s.getBoundingClientRect().height)"
        )
        assert max(heights) <= 720
