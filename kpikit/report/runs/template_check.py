"""What is wrong with a template of one's own: looked at, then made on the demo, in every copy."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from kpikit.book import DealBook, open_book, prepare
from kpikit.errors import UsageError
from kpikit.processes.keeping import kept
from kpikit.report.making.job import FAILED, NOTEBOOK, PAGE, Job, Outcome
from kpikit.report.making.pool import made
from kpikit.report.pages import team, winloss
from kpikit.report.pages.order import BACK, names_in
from kpikit.report.runs import template as templates
from kpikit.report.runs.template import Template
from kpikit.schema import PERSON_COLUMNS
from kpikit.show.page import Message, message

COPIES = ("team", "company")
#: what makes a report, and the pages that it has
_REPORTS = {"team_review": team.PAGES, "quarterly_winloss": winloss.PAGES}
#: what ``kpikit report`` gives to every template, all of it text
GIVEN = ("book", "team", "period", "language", "copy")
TEAM, PERIOD = "North", "FY2026Q2"
#: attributes that fetch what they name; a plain link fetches nothing
_FETCHING = {
    "src": None, "srcset": None, "poster": None, "data": ("object",), "href": ("link", "image", "use", "base"),
    "background": None,
}  # fmt: skip
_OUTSIDE = re.compile(r"""(?:https?:)?//[^\s"'<>)\\]+""")
_IN_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^\s"')]+)""")
#: addresses that are only names
_NAMES = re.compile(r""""?\$schema"?\s*:\s*"[^"]*"|https?://www\.w3\.org/[^\s"']*""")
_COPIED_NAMES = ("deal_id", "name")


def check_template(path: str) -> list[Message]:
    """Everything found, in the order in which one would mend it; nothing if the template is fine.

    Args:
        path: an ``.ipynb``, or the name of a shipped template.

    Raises:
        UsageError: there is no such file.
    """
    try:
        template = templates.find(path)
    except UsageError as error:
        if error.code != "not_a_template":
            raise
        return [message(f"template.no_{error.values['detail']}")]
    found = [*_signature(template), *_pages(template)]
    return found or list(_made(template))


def _signature(template: Template) -> Iterator[Message]:
    """What the parameters cell lacks."""
    for name in GIVEN:
        if name not in template.parameters:
            yield message("template.missing", name=name)
    for name, parameter in template.parameters.items():
        if not parameter.type:
            yield message("template.untyped", name=name)
        elif name in GIVEN and parameter.type != "str":
            yield message("template.wrong_type", name=name, wanted=parameter.type)


def _pages(template: Template) -> Iterator[Message]:
    """Cells that show no page there is, and pages that no cell shows: made for nothing, and missed by a reader."""
    cells = json.loads(template.path.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    shown = [(number, name) for number, source in enumerate(sources, start=1) for name in names_in(source)]
    for report, pages in _REPORTS.items():
        if not any(f"{report}(" in source for source in sources):
            continue
        known = {*pages, BACK}
        for number, name in shown:
            if name not in known:
                yield message("template.unknown_page", page=name, cell=number, allowed=", ".join(sorted(known)))
        for name in sorted(known - {name for _, name in shown}):
            yield message("template.page_left_out", page=name)


def _made(template: Template) -> Iterator[Message]:
    """What is wrong with the reports that the template makes of the demo."""
    with tempfile.TemporaryDirectory(dir=kept().folder) as folder:
        work = Path(folder).resolve()
        book = prepare(open_book("demo"), work / "book")
        outcomes = {outcome.team: outcome for outcome in made([_job(template, work, copy) for copy in COPIES], 2)}
        seen = set()
        for copy in COPIES:
            for found in _of_copy(outcomes[copy], work / copy, copy, book):
                told = found.code, *(value for name, value in found.values.items() if name != "copy")
                if told not in seen:  # the same in both copies is one thing to mend
                    yield found
                seen.add(told)


def _job(template: Template, work: Path, copy: str) -> Job:
    given = {"book": "book", "team": TEAM, "period": PERIOD, "language": "en", "copy": copy}
    return Job(copy, template.path.resolve(), given, work / copy, work, TEAM, copy, static=True)


def _of_copy(outcome: Outcome, folder: Path, copy: str, book: DealBook) -> Iterator[Message]:
    which = message(f"title.copy.{copy}")
    if outcome.status == "failed" and not (folder / NOTEBOOK).exists():
        yield message("template.not_run", reason=outcome.reason, copy=which)
        return
    import nbformat

    notebook = nbformat.read(folder / NOTEBOOK, 4)
    if (folder / FAILED).exists():
        yield message("template.cell_failed", cell=_own_number(notebook, outcome), reason=outcome.reason, copy=which)
        return
    yield from _not_shown(notebook)
    html = (folder / PAGE).read_text(encoding="utf-8")
    page = _Page()
    page.feed(html)
    for address in dict.fromkeys(page.fetched):
        yield message("template.loads", address=address, copy=which)
    text = " ".join(page.text)
    for name in _persons(book):
        if _says(text, name):
            yield message("template.names_person", name=name, copy=which)
    if copy == "company":
        named = [name for name in _customers(book) if _says(text, name)]
        yield from (message("template.names_deal", name=name) for name in named[:1])


def _own_number(notebook: Any, outcome: Outcome) -> int:
    """The number of the failing cell in the template itself, which has no cell with the parameters that were given."""
    before = notebook.cells[: outcome.cell or 0]
    return len([cell for cell in before if "injected-parameters" not in cell.metadata.get("tags", ())])


def _not_shown(notebook: Any) -> Iterator[Message]:
    shown, number = 0, 0
    for cell in notebook.cells:
        number += "injected-parameters" not in cell.metadata.get("tags", ())
        shown += cell.cell_type == "markdown"
        for output in cell.get("outputs", ()):
            kinds = list(output.get("data", {}))
            shown += "text/html" in kinds
            if "text/html" not in kinds and any(kind.startswith(("image/", "application/vnd.")) for kind in kinds):
                what = next(kind for kind in kinds if kind.startswith(("image/", "application/vnd.")))
                yield message("template.no_html", cell=number, what=what)
    if not shown:
        yield message("template.nothing")


def _persons(book: DealBook) -> list[str]:
    frames = [frame.lazy().collect() for frame in book.tables.values()]
    columns = [frame[name] for frame in frames for name in frame.columns if name in PERSON_COLUMNS]
    return sorted({value for column in columns for value in column.drop_nulls().to_list() if isinstance(value, str)})


def _customers(book: DealBook) -> list[str]:
    deals = book.tables["deals"].lazy().collect()
    names = {value for name in _COPIED_NAMES if name in deals.columns for value in deals[name].drop_nulls().to_list()}
    if "accounts" in book.tables:
        names |= set(book.tables["accounts"].lazy().collect()["name"].drop_nulls().to_list())
    return sorted(name for name in names if len(name) > 3)


def _says(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


class _Page(HTMLParser):
    """What a page shows as text, and every address from which it would fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.fetched: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("script", "style") else self._inside
        for name, value in attrs:
            fetching = _FETCHING.get(name.removeprefix("xlink:"), ())
            if value and (fetching is None or tag in fetching):
                self.fetched += _OUTSIDE.findall(value)[:1] if _OUTSIDE.match(value.strip()) else []
            elif value and name == "style":
                self.fetched += _IN_STYLE.findall(value)

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.fetched += re.findall(r"""https?://[^\s"'<>)\\]+""", _NAMES.sub("", data))
        elif self._inside == "style":
            self.fetched += _IN_STYLE.findall(data)
        else:
            self.text.append(data)
