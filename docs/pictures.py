"""Draw docs/pictures/*.png: real reports of the demo book, as an installed Chromium shows them (``make pictures``)."""

import contextlib
import html
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner
from playwright.sync_api import Browser, sync_playwright

from kpikit.cli import kpikit
from kpikit.report.runs.run import Order, run

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
TEAM, PERIOD = "North", "FY2026Q2"
COPIES = {"team-review": "team", "quarterly-winloss": "company"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "msedge")


def browser_path() -> str:
    """An installed Chromium, Chrome or Edge."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        sys.exit("There is no Chromium, Chrome or Edge to draw with.")
    return found


def page_of(language: str, out: Path, template: str = "team-review", team: str = TEAM) -> Path:
    """The report of one team in one language."""
    folder = out / template / language
    made = run(Order("demo", template, PERIOD, folder, teams=[team], language=language, copy=COPIES[template]))
    return next(made.folder.glob("*/report.html"))


def index_of(out: Path) -> Path:
    """The index of the reports of all teams, with every format."""
    made = run(Order("demo", "team-review", PERIOD, out / "all", formats=("pdf", "xlsx", "summary")))
    return made.folder / "index.html"


def pointed(browser: Browser, page: Path, picture: str) -> None:
    """A live chart with the pointer on one of its marks."""
    shown = browser.new_page(viewport={"width": 1000, "height": 715}, device_scale_factor=2)
    shown.goto(page.as_uri())
    shown.locator("#page-time").evaluate("page => { page.style.padding = '24px 28px'; page.scrollIntoView() }")
    shown.locator("#page-time .wide .live .mark-symbol path").nth(2).hover()
    shown.locator("#page-time").screenshot(path=FOLDER / picture)
    shown.close()


def paper(browser: Browser, out: Path, page: Path) -> None:
    """The first two sheets of a report on paper, beside each other."""
    from kpikit.report.formats.pdf import pdf

    (out / "report.pdf").write_bytes(pdf(page.read_text(encoding="utf-8")))
    tool = shutil.which("pdftoppm") or sys.exit("poppler's pdftoppm is not installed.")
    subprocess.run([tool, "-r", "90", "-l", "2", "-png", out / "report.pdf", out / "sheet"], check=True)  # noqa: S603
    sheets = "".join(f'<img src="{file.name}" width="470">' for file in sorted(out.glob("sheet-*.png")))
    (out / "paper.html").write_text(f'<body style="margin:20px;display:flex;gap:20px;background:#8b9097">{sheets}')
    shown = browser.new_page(viewport={"width": 1000, "height": 705})
    shown.goto((out / "paper.html").as_uri())
    shown.screenshot(path=FOLDER / "report-pdf.png")
    shown.close()


def draw(
    browser: Browser, page: Path, picture: str, width: int, height: int, *, scheme: str = "light", part: str = ""
) -> None:
    """One page, from its top or one of its parts, at twice the density."""
    shown = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=2, color_scheme=scheme)
    shown.goto(page.as_uri())
    shown.wait_for_timeout(1500)  # charts in view become live
    if part:
        shown.locator(part).evaluate("page => { page.style.padding = '24px 28px' }")
        shown.locator(part).screenshot(path=FOLDER / picture)
    else:
        shown.screenshot(path=FOLDER / picture)
    shown.close()


TERMINAL = """<meta charset="utf-8"><style>
body {{ margin: 0; background: #1b2230; color: #e8ecf3; font: 15px/1.5 "DejaVu Sans Mono", Menlo, Consolas, monospace }}
pre {{ margin: 0; padding: 22px 26px; white-space: pre-wrap }} b {{ color: #8ec7ff; font-weight: 400 }}
</style><pre>{text}</pre>"""


def hubspot_export(folder: Path) -> None:
    """The demo's deals as a Dutch HubSpot writes them: no history, a stage that says how it ended, decimal commas."""
    import polars as pl

    ends = {"won": "Gewonnen", "lost": "Verloren", "void": "Ongekwalificeerd"}
    deals = pl.read_csv(ROOT / "data" / "demo" / "deals.csv", infer_schema=False).filter(pl.col("outcome") != "void")
    day = {
        name: pl.col(name).str.slice(0, 10).str.to_date().dt.strftime("%d-%m-%Y")
        for name in ("created_at", "outcome_at")
    }
    deals.select(
        pl.col("deal_id").alias("Record-ID"),
        pl.col("name").alias("Dealnaam"),
        pl.col("outcome").replace(ends).replace({"open": None}).fill_null(pl.col("stage")).alias("Dealfase"),
        pl.col("amount").str.replace(".", ",", literal=True).alias("Bedrag"),
        pl.col("currency").alias("Valuta"),
        day["created_at"].alias("Aanmaakdatum"),
        day["outcome_at"].alias("Sluitingsdatum"),
        pl.col("owner").alias("Dealeigenaar"),
        pl.col("team").alias("HubSpot-team"),
        pl.col("source").alias("Oorspronkelijke bron"),
    ).write_csv(folder / "deals.csv", separator=";")


def recurring_export(folder: Path) -> None:
    """The same deals with what they bring in a year and in a month, and no amount: two readings of their worth."""
    import polars as pl

    deals = pl.read_csv(folder / "deals.csv", separator=";", infer_schema=False)
    amount = pl.col("Bedrag").str.replace(",", ".").cast(pl.Float64)
    deals.select(
        pl.exclude("Bedrag"),
        (amount / 3).round(2).alias("ARR"),
        (amount / 36).round(2).alias("MRR"),
    ).write_csv(folder / "recurring.csv", separator=";")


def session(command: Sequence[str], answers: str) -> str:
    """What a terminal shows for a command, as HTML; a question ends its line, as the answer would."""
    ran = CliRunner().invoke(kpikit, command, input=answers)
    return TERMINAL.format(text=f"<b>$ kpikit {html.escape(' '.join(command))}</b>\n{html.escape(ran.output)}")


def terminals(browser: Browser, folder: Path) -> None:
    """``kpikit init`` with its questions, a refusal with both readings, ``kpikit check``."""
    hubspot_export(folder)
    recurring_export(folder)
    os.environ["XDG_DATA_HOME"] = str(folder / ".data")
    refused = ["init", "recurring.csv", "--yes", "--out", "my-other-crm", "--time-zone", "Europe/Amsterdam"]
    for picture, width, command, answers in (
        ("init.png", 1000, ["init", "deals.csv", "--out", "my-crm"], "\n4\n\n\nn\n"),
        ("init-refused.png", 1040, refused, ""),
        ("check.png", 1000, ["check", "my-crm"], ""),
    ):
        page = folder / "terminal.html"
        with contextlib.chdir(folder):
            page.write_text(session(command, answers), encoding="utf-8")
        shown = browser.new_page(viewport={"width": width, "height": 200}, device_scale_factor=2)
        shown.goto(page.as_uri())
        shown.screenshot(path=FOLDER / picture, full_page=True)
        shown.close()


def main() -> None:
    """The report in English, in Dutch, on a telephone, and in the dark; and the door, in a terminal."""
    FOLDER.mkdir(exist_ok=True)
    flags = ["--disable-background-networking"]
    flags += ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with tempfile.TemporaryDirectory() as out, sync_playwright() as drawn:
        english, dutch = (page_of(language, Path(out)) for language in ("en", "nl"))
        quarterly, kwartaal = (
            page_of(language, Path(out), "quarterly-winloss", "Randstad") for language in ("en", "nl")
        )
        every = index_of(Path(out))
        browser = drawn.chromium.launch(executable_path=browser_path(), args=flags)
        draw(browser, english, "report.png", 1000, 715)
        draw(browser, dutch, "report-nl.png", 1000, 715)
        draw(browser, english, "report-narrow.png", 360, 715)
        draw(browser, english, "report-dark.png", 1000, 715, scheme="dark")
        draw(browser, quarterly, "quarterly.png", 1000, 715)
        draw(browser, kwartaal, "quarterly-nl.png", 1000, 715)
        draw(browser, every, "reports-index.png", 1000, 560)
        pointed(browser, english, "report-live.png")
        paper(browser, Path(out), english)
        terminals(browser, Path(out))
        draw(browser, quarterly, "win-loss-counted.png", 1000, 715, part="#page-counted")
        draw(browser, quarterly, "win-loss-why.png", 1000, 715, part="#page-why")
        draw(browser, quarterly, "cohorts-to-come.png", 1000, 715, part="#page-to_come")
        browser.close()


if __name__ == "__main__":
    main()
