"""The index in a real browser: sorted by name, date and status only, and a readable table without script."""

from datetime import date

import pytest

from kpikit.show.document import index
from kpikit.show.page import message
from kpikit.words import Words

pytestmark = pytest.mark.slow


def _plain(text):
    return message("index.plain", text=text)


ROWS = [
    {
        "team": "Noord 10", "status": "ok", "finding": _plain("Proposals wait longer"), "link": "noord/report.html",
        "links": [("index.link.html", "noord/report.html"), ("index.link.pdf", "noord/report.pdf")],
        "warnings": [_plain("No Excel file: the disk is full.")], "made_on": date(2026, 9, 30),
        "figures": [(_plain("won"), _plain("14")), (_plain("half within"), _plain("34 days (28 to 43)"))],
    },
    {"team": "Noord 9", "status": "failed", "finding": _plain("Stopped"), "link": "", "made_on": date(2026, 10, 2)},
    {"team": "Zuid", "status": "refused", "finding": _plain("Too few people"), "link": "", "made_on": None},
]  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "index.html"
    html = index(Words("en"), title=_plain("Reviews"), lines=(_plain("Q2"),), rows=ROWS)
    path.write_text(html, encoding="utf-8")
    return path


def _teams(page):
    return page.evaluate("[...document.querySelectorAll('tbody tr')].map(r => r.querySelector('th').innerText.trim())")


def test_it_sorts_by_name_date_and_status_and_never_by_a_figure(opened, file):
    with opened(file) as page:
        buttons = page.locator("thead button")
        assert buttons.all_inner_texts() == ["Team", "Report", "Data up to"]
        assert _teams(page) == ["Noord 10", "Noord 9", "Zuid"]
        buttons.nth(0).click()
        assert _teams(page) == ["Noord 9", "Noord 10", "Zuid"]  # as people count
        buttons.nth(0).click()
        assert _teams(page) == ["Zuid", "Noord 10", "Noord 9"]
        assert page.locator("th[aria-sort=descending]").inner_text().startswith("Team")
        buttons.nth(2).click()
        assert _teams(page) == ["Zuid", "Noord 10", "Noord 9"]  # no date comes first
        buttons.nth(1).click()
        assert _teams(page) == ["Noord 9", "Zuid", "Noord 10"]  # by the words: failed, not made, ready
        assert page.locator("th[aria-sort]").count() == 1


def test_the_keyboard_sorts(opened, file):
    with opened(file) as page:
        page.locator("thead button").first.focus()
        page.keyboard.press("Enter")
        assert _teams(page) == ["Noord 9", "Noord 10", "Zuid"]


def test_without_script_it_is_a_table(opened, file):
    with opened(file, java_script_enabled=False) as page:
        assert page.locator("thead button").count() == 0
        assert page.locator("tbody tr").count() == 3
        assert page.locator("tbody a").count() == 3
        assert "34 days (28 to 43)" in page.locator("tbody").inner_text()
        assert "the disk is full" in page.locator("tbody").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone(opened, file, scheme):
    with opened(file, 360, 740, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.locator("tbody a").first.is_visible()
