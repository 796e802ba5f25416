"""Draw docs/pictures/review-*.png: a deal review of the demo book in real JupyterLab.

Run it as ``python docs/pictures_review.py``.
"""

import os
import shutil
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import text

import kpikit
from kpikit.book import of_team
from kpikit.log import log
from kpikit.log.entries import Entry
from kpikit.review import open_log
from kpikit.session import lab

FOLDER = Path(__file__).parent / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "msedge")
TEAM = "North"
#: the session before, two weeks earlier: agreed, worked, did not
BEFORE = date(2026, 9, 4)
SAID = {
    "en": (
        "Ring procurement before the offer, together", "Ask the planner what Tuesday looks like",
        "Sending the offer only after the second talk", "A demo for twelve people at once",
    ),
    "nl": (
        "Samen inkoop bellen vóór de offerte", "De planner vragen hoe dinsdag eruitziet",
        "De offerte pas na het tweede gesprek sturen", "Een demo voor twaalf mensen tegelijk",
    ),
}  # fmt: skip


def filled(place: Path, language: str) -> None:
    """A log with an earlier session, written as if it were that day."""
    then = int(datetime(BEFORE.year, BEFORE.month, BEFORE.day, 9, 30, tzinfo=UTC).timestamp() * 1e6)
    usual, log.CLOCKS = log.CLOCKS, MappingProxyType({"sqlite": text(f"SELECT {then}")})
    listed = kpikit.review.agenda(of_team(kpikit.open_book("demo"), TEAM))["deal_id"].to_list()
    ring, ask, worked, did_not = SAID[language]
    with open_log(place, author="Anna") as book:
        book.write(Entry(kind="opened", session_id="before", due_on=BEFORE))
        for kind, words in (("worked", worked), ("did_not", did_not)):
            book.write(Entry(kind=kind, session_id="before", text=words))
        for deal, words, who in ((listed[1], ring, "Bram"), (listed[4], ask, "Anna")):
            agreed = {"deal_id": deal, "owner": who, "due_on": date(2026, 9, 25)}
            book.write(Entry(kind="agreement", session_id="before", text=words, **agreed))
    log.CLOCKS = usual


def hour(browser: Browser, folder: Path, language: str, scheme: str) -> None:
    """One session; in English a picture of each of its pages, in Dutch of a deal."""
    place = folder / f"{language}.sqlite"
    filled(place, language)
    first = lab.parameters_of(book="demo", log=None, language=language, team=TEAM, minutes=45, papers=None)
    with lab.running(first, log=str(place)) as running:
        size = {"width": 1280, "height": 720}
        page = browser.new_page(viewport=size, device_scale_factor=1.25, color_scheme=scheme, locale=language)
        page.goto(running.url)
        page.wait_for_selector(".kpikit-review header", timeout=120_000)
        page.get_by_role("textbox").first.fill("Anna")
        page.keyboard.press("Tab")
        if language == "en":
            shoot(page, "review-opening")
        page.locator("[key=tab-deals]").click()
        page.locator(".agenda li").nth(1).click()
        page.wait_for_selector(".story figure svg", timeout=30_000)
        shoot(page, f"review-deal{'' if language == 'en' else '-nl'}")
        if language == "nl":
            page.close()
            return
        page.locator("[key=tab-all]").click()
        page.wait_for_selector(".strip circle", timeout=30_000)
        page.locator(".strip circle[do]").nth(30).click()
        page.locator("[key=chip-agreement]").click()
        page.locator("textarea").fill(SAID[language][0])
        page.locator("[name=owner]").fill("Bram")
        page.keyboard.press("Enter")
        page.wait_for_selector(".said li", timeout=30_000)
        shoot(page, "review-all")
        page.close()


def shoot(page: Page, name: str) -> None:
    """What stands on the screen, once it has come to rest."""
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    """In English by day, in Dutch in the dark."""
    found = next(path for name in BROWSERS if (path := shutil.which(name)))
    flags = ["--disable-background-networking"]
    flags += ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as drawn:
        browser = drawn.chromium.launch(executable_path=found, args=flags)
        hour(browser, Path(folder), "en", "light")
        hour(browser, Path(folder), "nl", "dark")
        browser.close()


if __name__ == "__main__":
    main()
