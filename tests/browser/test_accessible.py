"""Both templates, the index and a failed report against axe-core, light and dark, wide and narrow: nothing serious."""

from itertools import pairwise

import pytest

from kpikit.report.runs.run import Order, run
from tests.report import made as runs

pytestmark = pytest.mark.slow

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def axe():
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe: not installed").Axe()


@pytest.fixture(scope="module")
def quarterly(tmp_path_factory):
    out = tmp_path_factory.mktemp("quarterly")
    order = Order("demo", "quarterly-winloss", "FY2026Q2", out, ["Randstad"], copy="company")
    return run(order).folder / "randstad" / "report.html"


@pytest.fixture(scope="module")
def files(quarterly):
    folder = runs.made("nl").folder
    return {"team": folder / "noord" / "report.html", "quarterly": quarterly, "index": folder / "index.html"}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light")])
@pytest.mark.parametrize("name", ["team", "quarterly", "index"])
def test_nothing_that_keeps_a_reader_out(browser, axe, files, name, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 740}, color_scheme=scheme, bypass_csp=True)
    page.goto(files[name].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_timeout(400)
    found = axe.run(page, options=RULES).response["violations"]
    serious = [
        (one["id"], one["nodes"][0]["html"][:200], len(one["nodes"]))
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    page.close()
    assert serious == []


@pytest.mark.parametrize("name", ["team", "quarterly", "index"])
def test_headings_come_in_order_and_tables_have_heads(opened, files, name):
    with opened(files[name]) as page:
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert page.evaluate("document.querySelectorAll('table th:not([scope])').length") == 0
        assert page.evaluate("[...document.querySelectorAll('table')].every(t => t.querySelector('th'))")


@pytest.mark.parametrize("name", ["team", "quarterly", "index"])
def test_the_first_key_skips_to_the_content(opened, files, name):
    with opened(files[name]) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.tagName") == "MAIN"


@pytest.mark.parametrize("name", ["team", "quarterly"])
def test_every_page_with_figures_leads_to_its_words(opened, files, name):
    """Each page but the back matter asks "what is this?", and leads to the glossary, open where its word stands."""
    with opened(files[name]) as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        links = page.evaluate(
            "[...document.querySelectorAll('section')].filter(s => s.id != 'page-back')"
            ".map(s => [s.id, s.querySelector('.certainty a')?.getAttribute('href')])"
        )
        assert len(links) >= 8
        for section, target in links:
            assert target, section
            assert page.locator(target).count() == 1, (section, target)
        page.evaluate("document.querySelectorAll('#page-back details').forEach(d => d.open = false)")
        page.locator("section.screen .certainty a").first.click()
        assert page.evaluate("document.querySelector(location.hash).closest('details').open")
