"""Draw docs/pictures/*.png: real reports of the demo book, as an installed Chromium shows them (``make pictures``)."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from kpikit.report.run import Order, run

FOLDER = Path(__file__).parent / "pictures"
TEAM, PERIOD = "North", "FY2026Q2"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "msedge")


def browser_path() -> str:
    """An installed Chromium, Chrome or Edge."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        sys.exit("There is no Chromium, Chrome or Edge to draw with.")
    return found


def page_of(language: str, out: Path) -> Path:
    """The report of one team in one language."""
    made = run(Order("demo", "team-review", PERIOD, out / language, teams=[TEAM], language=language))
    return next(made.folder.glob("*/report.html"))


def draw(browser: Browser, page: Path, picture: str, width: int, height: int, *, scheme: str = "light") -> None:
    """One page, from its top, at twice the density."""
    shown = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=2, color_scheme=scheme)
    shown.goto(page.as_uri())
    shown.screenshot(path=FOLDER / picture)
    shown.close()


def main() -> None:
    """The report in English, in Dutch, on a telephone, and in the dark."""
    FOLDER.mkdir(exist_ok=True)
    flags = ["--disable-background-networking"]
    flags += ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with tempfile.TemporaryDirectory() as out, sync_playwright() as drawn:
        english, dutch = (page_of(language, Path(out)) for language in ("en", "nl"))
        browser = drawn.chromium.launch(executable_path=browser_path(), args=flags)
        draw(browser, english, "report.png", 1000, 715)
        draw(browser, dutch, "report-nl.png", 1000, 715)
        draw(browser, english, "report-narrow.png", 360, 715)
        draw(browser, english, "report-dark.png", 1000, 715, scheme="dark")
        browser.close()


if __name__ == "__main__":
    main()
