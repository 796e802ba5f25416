"""Live charts in a real browser, network off: drawn over their pictures, under a policy that forbids the rest."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import nbformat
import pytest

from kpikit.report.formats.html import to_html
from kpikit.report.runs.run import Order, run
from tests.report import made as runs
from tests.report.notebooks import notebook

pytestmark = pytest.mark.slow

DRAWN = "[...document.querySelectorAll('figure > div.drawn')].filter(d => d.offsetParent)"
SEEN = """async () => { for (const figure of document.querySelectorAll('figure')) {
    figure.scrollIntoView(); await new Promise(done => setTimeout(done, 60)) } }"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Write a page by hand: its text, and how it is made."""
    folder = tmp_path_factory.mktemp("live")

    def write(name, text="Proposal", **more):
        language = more.pop("language", "en")
        file = folder / f"{name}.html"
        file.write_text(to_html(notebook(text, language=language), title="x", language=language, **more), "utf-8")
        return file

    return write


def _drawn(page, n):
    """Wait until so many charts are drawn, asking from outside: the page's policy forbids it to run a text as code."""
    from playwright.sync_api import expect

    expect(page.locator("figure > div.drawn").filter(visible=True)).to_have_count(n, timeout=20_000)


def _all_drawn(page, n):
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(SEEN)
    _drawn(page, n)


@pytest.mark.parametrize(("width", "shown"), [(1280, "wide"), (360, "narrow")])
def test_charts_in_view_become_live_and_take_the_same_room(opened, written, width, shown):
    with opened(written("live"), width) as page:
        before = page.evaluate("[...document.querySelectorAll('section')].map(s => s.getBoundingClientRect().height)")
        page.evaluate(SEEN)
        _drawn(page, 2)  # the third is folded
        after = page.evaluate("[...document.querySelectorAll('section')].map(s => s.getBoundingClientRect().height)")
        assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 6
        assert set(page.evaluate(f"{DRAWN}.map(d => d.classList[0])")) == {shown}
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_is_folded_is_drawn_when_it_opens(opened, written):
    with opened(written("live")) as page:
        page.evaluate(SEEN)
        _drawn(page, 2)
        inside = f"{DRAWN}.filter(d => d.closest('details')).length"
        assert page.evaluate(inside) == 0
        _all_drawn(page, 3)
        assert page.evaluate(inside) == 1


def test_a_live_chart_is_one_picture_with_a_name(opened, written):
    with opened(written("live")) as page:
        _all_drawn(page, 3)
        found = page.evaluate(
            "[...document.querySelectorAll('.drawn .live')].map(d => [d.getAttribute('role'), "
            "d.getAttribute('aria-label'), "
            "d.closest('.drawn').querySelector(':scope > svg').getAttribute('aria-label'), "
            "[...d.children].every(c => c.getAttribute('aria-hidden') == 'true')])"
        )
        assert [one[0] for one in found] == ["img"] * 3
        assert all(name == picture and len(name) > 5 and hidden for _, name, picture, hidden in found)
        assert page.evaluate("document.querySelectorAll('.drawn > svg').length") == 3
        hidden = "[...document.querySelectorAll('.drawn > svg')].every(s => !s.getClientRects().length)"
        assert page.evaluate(hidden)


@pytest.mark.parametrize(("language", "said"), [("en", "20 days (15 to 30)"), ("nl", "20 dagen (15 tot 30)")])
def test_the_pointer_is_told_the_figure(opened, written, language, said):
    with opened(written(f"tip-{language}", language=language)) as page:
        _all_drawn(page, 3)
        page.locator(
            "#page-time .wide .live path[aria-roledescription], #page-time .wide .live .mark-symbol path"
        ).first.hover()
        tip = page.locator(".tip")
        tip.wait_for(state="visible")
        assert said in tip.inner_text()
        page.keyboard.press("Escape")
        assert not tip.is_visible()


def test_axes_are_those_of_the_picture(opened, written):
    with opened(written("live")) as page:
        _all_drawn(page, 3)
        texts = """at => [...document.querySelectorAll('#page-time .wide ' + at + ' text')].map(t => t.textContent)
            .filter(t => t.trim()).sort()"""
        assert page.evaluate(texts, "> svg") == page.evaluate(texts, ".live")


def test_without_script_the_pictures_stay(opened, written):
    with opened(written("live"), java_script_enabled=False) as page:
        shown = page.locator("figure > div.wide > svg")
        assert shown.count() == 3
        assert shown.first.is_visible()
    with opened(written("static", static=True)) as page:
        assert page.locator("script").count() == 0
        assert page.locator("figure > div.wide > svg").first.is_visible()


def test_when_a_chart_cannot_be_drawn_its_picture_stays(opened, written):
    file = written("broken")
    html = file.read_text(encoding="utf-8")
    start = html.index('data-chart="page-front" data-width="wide">') + len('data-chart="page-front" data-width="wide">')
    file.write_text(html[:start] + '{"mark": 7}' + html[html.index("</script>", start) :], encoding="utf-8")
    with opened(file) as page:
        page.evaluate(SEEN)
        _drawn(page, 1)
        assert page.locator("#page-front .wide > svg").is_visible()
        assert page.locator("#page-front .live").count() == 0


@pytest.fixture
def listening():
    """A server on this machine, and what it was asked for."""
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_the_policy_stops_what_is_not_ours(browser, written, tmp_path, listening):
    """A script that got in after all does not run, and no address is asked, though there is somebody to ask."""
    at, asked = listening
    html = written("live").read_text(encoding="utf-8")
    bad = (
        f"<script>window.ran = 1</script><img src='{at}/img' onerror='window.ran = 2'><script src='{at}/js'></script>"
        f"<iframe src='{at}/frame'></iframe><link rel=stylesheet href='{at}/css'><style>@import '{at}/import';</style>"
    )
    page = browser.new_page()
    for name, text in (("bad", html.replace("</main>", f"{bad}</main>")), ("open", bad)):
        file = tmp_path / f"{name}.html"
        file.write_text(text, encoding="utf-8")
        page.goto(file.as_uri())
        if name == "bad":
            page.locator("figure > div.drawn").filter(visible=True).first.wait_for(timeout=20_000)
            assert page.evaluate("window.ran") is None
            asks = f"async () => {{ try {{ await fetch('{at}/fetch'); return 1 }} catch {{ return 0 }} }}"
            assert page.evaluate(asks) == 0
            assert asked == []
    wanted = {"/img", "/js", "/frame", "/css"}
    for _ in range(100):
        if wanted <= set(asked):
            break
        page.wait_for_timeout(100)
    assert page.evaluate("window.ran") in (1, 2)  # without the policy all of it would have run
    assert wanted <= set(asked)
    page.close()


def test_hostile_names_run_nothing(opened, written):
    text = "</script><script>window.ran=1</script><img src=x onerror=window.ran=2>{{7*7}}${window.ran=3}"
    with opened(written("hostile", text)) as page:
        _all_drawn(page, 3)
        assert page.evaluate("window.ran") is None
        assert page.evaluate("window.kpikitChart instanceof Function")
        page.locator("#page-time .wide .live .mark-symbol path").first.hover()
        assert text in page.locator(".tip").inner_text()


def test_on_paper_the_picture_stands_again(opened, written):
    with opened(written("live")) as page:
        _all_drawn(page, 3)
        page.emulate_media(media="print")
        assert page.locator("#page-front .wide > svg").is_visible()
        assert not page.locator("#page-front .wide > .live").is_visible()


@pytest.mark.parametrize(("template", "copy"), [("team-review", "team"), ("quarterly-winloss", "company")])
def test_sizes_of_whole_reports(tmp_path, template, copy):
    """At most 1.5 MB, 300 kB without script: both reports of the demo's largest team, in the longer language."""
    made = run(Order("demo", template, "FY2026Q2", tmp_path, ["Randstad"], language="nl", copy=copy, static=True))
    folder = made.folder / "randstad"
    live = to_html(nbformat.read(folder / "report.ipynb", 4), title="x", language="nl")
    assert 900_000 < len(live.encode()) <= 1_500_000
    assert (folder / "report.html").stat().st_size <= 300_000


def test_every_page_of_a_made_report_becomes_live(opened):
    folder = runs.made("en").folder
    with opened(folder / "noord" / "report.html") as page:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        page.evaluate(SEEN)
        n = page.evaluate("document.querySelectorAll('figure > div.wide').length")
        assert n >= 4
        _drawn(page, n)
