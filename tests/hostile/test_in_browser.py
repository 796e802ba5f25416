"""A real browser opens pages full of hostile text, moves over the charts, and nothing runs, asks or appears."""

from contextlib import contextmanager

import nbformat
import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from kpikit import prepare
from kpikit.report.formats.html import to_html
from kpikit.report.formats.outputs import PAGE_MIME
from kpikit.report.review import Report
from kpikit.report.runs.run import Order, run
from kpikit.show.page import Card, Chart, Page, Table, message
from kpikit.words import Words
from tests.hostile.books import PERIOD, book_of
from tests.hostile.strings import KINDS, STRINGS
from tests.hostile.test_strings import same

pytestmark = pytest.mark.slow

#: whatever could act: elements, attributes and addresses that our own pages never have
ODD = """() => {
    const foreign = 'iframe,object,embed,form:not(.vega-bindings),base,link,audio,video,math,img,input,textarea'
    const odd = [...document.querySelectorAll(foreign)]
        .map(e => e.outerHTML.slice(0, 200));
    for (const e of document.querySelectorAll('*')) {
        for (const a of e.attributes)
            if (/^on/i.test(a.name) || /^(href|src|action|xlink:href)$/i.test(a.name)
                && /^\\s*(javascript|data|https?|file|mailto):/i.test(a.value))
                odd.push(e.tagName + ' ' + a.name + '=' + a.value.slice(0, 100));
        if (e.tagName === 'SCRIPT' && e.src) odd.push('script ' + e.src);
    }
    if (window.__pwned !== undefined) odd.push('window.__pwned');
    return odd }"""
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextmanager
def watched(browser, path, width=1280):
    """The page, and afterwards: nobody was asked for anything, nothing popped up, nothing failed."""
    context = browser.new_context(viewport={"width": width, "height": 720}, offline=True)
    asked, popped, failed = [], [], []

    def stop(route):
        asked.append(route.request.url)
        route.abort()

    context.route(lambda url: not url.startswith("file:"), stop)
    page = context.new_page()
    context.on("page", lambda opened: popped.append(opened.url))
    page.on("dialog", lambda dialog: (popped.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    page.on("framenavigated", lambda frame: asked.append(frame.url) if frame.url != path.as_uri() else None)
    page.goto(path.as_uri())
    yield page
    assert page.evaluate(ODD) == []
    context.close()
    assert (asked, popped, failed) == ([], [], [])


def over_the_charts(page) -> list[str]:
    """Bring each chart to life and move over its marks: the words that appeared at the pointer."""
    from playwright.sync_api import expect

    said = []
    for figure in page.query_selector_all("figure .wide"):
        figure.scroll_into_view_if_needed()
        page.wait_for_timeout(150)
    expect(page.locator("figure .wide:not(:has(.live svg))")).to_have_count(0, timeout=30_000)
    for mark in page.query_selector_all("figure .wide .live svg .mark-symbol path")[:60]:
        mark.scroll_into_view_if_needed()
        mark.hover(force=True)
        tip = page.query_selector(".tip:not([hidden])")
        if tip:
            said.append(tip.text_content())
    return said


def pages_of_all_strings():
    """A page for each class: its strings as labels of a chart, in tables, cards and sentences."""
    pages = []
    for kind in KINDS:
        texts = [text for name, text in STRINGS.items() if name.startswith(f"{kind}-")]
        rows = [
            {"label": text, "which": "now", "value": 3.0 + i, "low": 1.0, "high": 5.0 + i, "note": text}
            for i, text in enumerate(texts[:9])
        ]  # fmt: skip
        schema = {"label": pl.String, "which": pl.String, **dict.fromkeys(("value", "low", "high"), pl.Float64)}
        chart = Chart("ranges", pl.DataFrame(rows, schema={**schema, "note": pl.Object}), message("page.time.chart"))
        said = tuple(message("index.plain", text=text) for text in texts)
        cards = tuple(Card(message("card.won"), text, (text,), (text,), "en") for text in texts)
        table = Table((said[0], said[1]), tuple((text, one) for text, one in zip(texts, said, strict=True)))
        pages.append(Page(f"of-{kind}", said[0], said, chart, said[1], table=table, cards=cards, footer=said[:1]))
    return tuple(pages)


@pytest.fixture(scope="module")
def every_string(tmp_path_factory):
    words = Words("en")
    first = next(iter(STRINGS.values()))
    report = Report(message("index.plain", text=first), (), pages_of_all_strings(), words)
    bundles = [report._repr_mimebundle_(), *(report[page.id]._repr_mimebundle_() for page in report.pages)]
    cells = [new_code_cell(outputs=[new_output("display_data", data=bundle)]) for bundle in bundles]
    path = tmp_path_factory.mktemp("strings") / "report.html"
    html = to_html(new_notebook(cells=cells), title=first, language="en")
    path.write_bytes(html.encode("utf-8", "surrogatepass"))
    return path


def test_every_string_is_shown_and_nothing_runs(browser, every_string):
    with watched(browser, every_string) as page:
        shown = page.evaluate("() => document.body.textContent").replace("\r", "\n")
        missing = [name for name, text in STRINGS.items() if same(text) not in shown]
        assert missing == []
        said = over_the_charts(page)
        assert len(set(said)) >= 5  # the tooltips came


@pytest.mark.parametrize("width", [1280, 360])
def test_no_string_makes_a_page_scroll_sideways(browser, every_string, width):
    with watched(browser, every_string, width) as page:
        assert page.evaluate(WIDE) <= 0


# --- a whole book ----------------------------------------------------------------------------------------------------

#: strings that stand for the values of groups, so that pages tell them: teams, stages, segments, reasons, competitors
GROUPS = {
    "team": ("markup-3", "path-5"), "stage": ("script-2", "vega-5", "markdown-1"), "segment": ("markup-2", "vega-2"),
    "source": ("script-1", "formula-2"), "deal_type": ("template-1", "vega-6"),
    "loss_reason": ("script-7", "markdown-2", "vega-3", "template-3"), "competitor": ("markup-6", "direction-1"),
}  # fmt: skip
ROTATED = [text for text in STRINGS.values() if len(text) < 500 and text.strip()]


def hostile(table: str, column: str, i: int) -> str:
    """A hostile string in every cell; owners and keys differ by their number, so that they stay as many as they are."""
    if column in GROUPS:
        names = GROUPS[column]
        return STRINGS[names[i % len(names)]]
    text = ROTATED[(i + 7 * len(column) + len(table)) % len(ROTATED)]
    return f"{text} {i}" if column in ("owner", "contact_key", "name") else text


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    prepare(book_of(hostile), folder / "book")
    orders = {
        "review": Order(str(folder / "book"), "team-review", PERIOD, folder / "review", copy="team", formats=("xlsx",)),
        "winloss": Order(str(folder / "book"), "quarterly-winloss", PERIOD, folder / "winloss", ("all",), copy="team"),
    }
    return {name: run(order) for name, order in orders.items()}


def test_the_book_is_reported_whole_and_into_folders_of_its_own(made):
    review = made["review"]
    assert [outcome.status for outcome in review.outcomes] == ["ok", "ok"], [o.reason for o in review.outcomes]
    assert [outcome.status for outcome in made["winloss"].outcomes] == ["ok"], made["winloss"].outcomes[0].reason
    inside = {path.name for path in review.folder.iterdir()}
    assert all(name.isascii() and not set(name) & set('<>:"/\\|?*') for name in inside)
    assert not (review.folder.parent.parent / "etc").exists()


@pytest.mark.parametrize("name", ["review", "winloss"])
def test_reports_and_index_of_the_book_stay_quiet(browser, made, name):
    folder = made[name].folder
    with watched(browser, folder / "index.html") as page:
        assert same(STRINGS["markup-3"]) in page.text_content("main") or name == "winloss"
        for heading in page.query_selector_all("th[data-sort]"):
            heading.click()
    for path in folder.glob("*/report.html"):
        with watched(browser, path) as page:
            assert same(STRINGS["script-2"]) in page.evaluate("() => document.body.textContent")
            for folded in page.query_selector_all("details"):
                folded.evaluate("e => e.open = true")
            over_the_charts(page)


def test_the_notebook_holds_the_strings_as_values(made):
    paths = [*made["review"].folder.glob("*/report.ipynb")]
    assert paths
    for path in paths:
        notebook = nbformat.read(path, 4)
        injected = [c.source for c in notebook.cells if "injected-parameters" in c.metadata.get("tags", [])]
        namespace: dict = {}
        exec(compile(injected[0], "parameters", "exec"), namespace)
        assert namespace["team"] in (STRINGS["markup-3"], STRINGS["path-5"])
        titles = [
            o.data[PAGE_MIME]["title"] for c in notebook.cells for o in c.get("outputs", ()) if PAGE_MIME in o.data
        ]
        assert len(titles) > 3
