"""Every hostile string reaches every place where text is shown or written, as text, and does nothing there."""

import csv
import io
import json
import re
import unicodedata
import zipfile
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from xml.etree import ElementTree

import nbformat
import polars as pl
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from kpikit.cli.saying import as_json_text, tell
from kpikit.report.formats.html import to_html
from kpikit.report.formats.summary import summary
from kpikit.report.formats.vega import as_data
from kpikit.report.formats.workbook import workbook
from kpikit.report.review import Report
from kpikit.session.exports import as_calendar, as_table
from kpikit.show.charts.base import draw
from kpikit.show.charts.picture import accessible
from kpikit.show.document import index
from kpikit.show.names import folder_name, folder_names
from kpikit.show.page import Card, Chart, Page, Table, message
from kpikit.words import Words
from tests.hostile.strings import KINDS, STRINGS

EN = Words("en")
each = pytest.mark.parametrize("text", list(STRINGS.values()), ids=list(STRINGS))
#: marks that turn the direction of what follows them: taken out of sentences, so that they turn nothing else
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNDRAWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def test_there_are_ten_classes_and_enough_of_each():
    assert len(KINDS) == 10
    assert len(STRINGS) >= 60
    assert len(set(STRINGS.values())) == len(STRINGS)


class Reader(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.text, self.values = [], [], []
        self.feed(re.sub(r"(<(style|script)\b[^>]*>).*?</\2>", r"\1</\2>", html, flags=re.DOTALL))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.values += [value or "" for _, value in attrs]

    def handle_data(self, data):
        self.text.append(data)

    @property
    def said(self):
        return same("".join(self.text))


def same(text: str) -> str:
    """Text as a reader of HTML gives it back: line ends as one, what turns direction left out."""
    return TURNS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def page_of(text: str, *, chart: Chart | None = None) -> Page:
    """The string in every part of a page."""
    said = message("index.plain", text=text)
    return Page(
        "front", said, (said, message("page.front.title.unknown")), chart, said, footer=(said,),
        table=Table((said, said), ((text, said),)), cards=(Card(said, text, (text, said), (text,), "en"),),
        details=((said, (said, Table((said,), ((text,),)))),),
    )  # fmt: skip


def chart_of(text: str) -> Chart:
    rows = [{"label": text, "which": w, "value": 3.0, "low": 1.0, "high": 5.0, "note": text} for w in ("now", "before")]
    schema = {
        "label": pl.String,
        "which": pl.String,
        **dict.fromkeys(("value", "low", "high"), pl.Float64),
        "note": pl.Object,
    }
    return Chart("ranges", pl.DataFrame(rows, schema=schema), message("index.plain", text=text))


def notebook_of(text: str, *, chart: Chart | None = None):
    """An executed notebook that shows the string as its heading and in every part of a page; one undrawn chart."""
    from kpikit.report.making.deferred_charts import put_off

    with put_off():
        said = message("index.plain", text=text)
        report = Report(said, (said,), (page_of(text, chart=chart),), EN)
        bundles = [report._repr_mimebundle_(), report["front"]._repr_mimebundle_()]
    outputs = [new_output("display_data", data=bundle) for bundle in bundles]
    return new_notebook(cells=[new_markdown_cell("# Team review"), *(new_code_cell(outputs=[o]) for o in outputs)])


@pytest.fixture(scope="module")
def harmless():
    """The shape of the same pages with harmless text."""
    return Reader(to_html(notebook_of("harmless"), title="harmless", language="en"))


# --- HTML and its title ----------------------------------------------------------------------------------------------


@each
def test_html(text, harmless):
    html = to_html(notebook_of(text), title=text, language="en")
    reader = Reader(html)
    assert reader.tags == harmless.tags  # no element and no attribute more
    assert reader.said.count(same(text)) >= harmless.said.count("harmless") > 10
    assert "pwned" not in "".join(re.findall(r'(?:href|src|action|style)="([^"]*)"', html))


@each
def test_title_of_the_index(text):
    def made(name):
        row = {"team": name, "link": "team/report.html", "finding": message("index.plain", text=name), "status": "ok"}
        row |= {"links": [("index.link.html", "team/report.html")], "warnings": (message("index.plain", text=name),)}
        said = message("index.plain", text=name)
        row |= {"figures": ((said, said),), "made_on": None}
        return Reader(index(EN, title=said, lines=(said,), rows=[row]))

    reader, plain = made(text), made("harmless")
    assert reader.tags == plain.tags
    assert same(text) in reader.said
    assert same(text) in map(same, reader.values)  # data-team


@each
def test_description_of_a_picture(text):
    reader = Reader(accessible("<svg ></svg>", text))
    assert reader.tags == [("svg", ("aria-label", "role"))]
    assert text in reader.values


# --- charts: the picture's labels, the live chart's data, the words at the pointer ------------------------------------


def expressions(spec):
    """Everything in a specification that Vega reads as an expression, a reference or an address."""
    if isinstance(spec, dict):
        for name, value in spec.items():
            if name in ("data", "datasets", "values"):
                continue
            if name in ("expr", "signal", "labelExpr", "calculate", "filter", "test", "url", "href", "update", "field"):
                yield json.dumps(value)
            yield from expressions(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from expressions(value)


@each
def test_tooltip_and_labels_are_data_of_the_live_chart(text):
    spec = draw(chart_of(text), EN, 340).to_dict(validate=False)
    plain = draw(chart_of("harmless"), EN, 340).to_dict(validate=False)
    assert [*expressions(spec)] == [*expressions(plain)]
    held = json.dumps(spec, ensure_ascii=False)
    runs = [run for run in _UNDRAWN.split(text) if run.strip()]  # what a drawing cannot take is left out of it
    assert all(json.dumps(run[:20].strip(), ensure_ascii=False)[1:-1] in held for run in runs)


@each
def test_data_in_a_page_end_no_element(text):
    data = as_data(json.dumps({"label": text}, ensure_ascii=False))
    assert not set("<>&") & set(data)
    assert json.loads(data)["label"] == text


# --- notebook and Markdown -------------------------------------------------------------------------------------------


@each
def test_markdown_cells_never_hold_text_of_a_book(text):
    notebook = notebook_of(text)
    assert [cell.source for cell in notebook.cells if cell.cell_type == "markdown"] == ["# Team review"]
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not any({"text/markdown", "text/latex", "application/javascript"} & set(o["data"]) for o in outputs)
    again = nbformat.reads(nbformat.writes(notebook), 4)
    assert [c.get("outputs") for c in again.cells] == [c.get("outputs") for c in notebook.cells]


def test_templates_have_no_markdown_that_is_filled_in(root):
    for path in (root / "templates").glob("*.ipynb"):
        cells = nbformat.read(path, 4).cells
        assert not [c.source for c in cells if c.cell_type == "markdown" and re.search(r"\{\w*\}|\{\{", c.source)]
        assert not [c.source for c in cells if c.cell_type == "code" and re.search(r"Markdown|HTML\(|Latex", c.source)]


@each
def test_a_parameter_is_a_value_and_no_code(text):
    from papermill.translators import PythonTranslator

    source = PythonTranslator.codify({"team": text})
    namespace = {}
    exec(compile(source, "parameters", "exec"), namespace)  # as a kernel would
    assert namespace["team"] == text
    assert set(namespace) == {"team", "__builtins__"}


# --- Excel and CSV ---------------------------------------------------------------------------------------------------

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@each
def test_excel(text):
    content = workbook(notebook_of(text, chart=chart_of(text)), language="en")
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = parts.namelist()
        sheets = [ElementTree.fromstring(parts.read(name)) for name in names if name.startswith("xl/worksheets/sheet")]
        shared = ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))
        titles = [e.get("name") for e in ElementTree.fromstring(parts.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")]
    assert not [name for name in names if "external" in name.lower() or "/_rels/sheet" in name or "vba" in name.lower()]
    for sheet in sheets:
        assert not [*sheet.iter(f"{_MAIN}f")]
        assert not [*sheet.iter(f"{_MAIN}hyperlink")]
    written = ["".join(part.text or "" for part in item.iter(f"{_MAIN}t")) for item in shared]
    bare = re.sub(r"[^\w=+@-]", "", text)[:200]
    assert any(bare in re.sub(r"_x[0-9A-F]{4}_|[^\w=+@-]", "", one) for one in written)
    for title in titles:
        assert 0 < len(title) <= 31
        assert not set(title) & set("[]:*?/\\")


AGREED = {"entry_id": "e1", "due_on": date(2026, 7, 9), "made_at": datetime(2026, 7, 1, 9, tzinfo=UTC), "deal_id": "D1"}


@each
@pytest.mark.parametrize("language", ["en", "nl"])
def test_csv_of_tasks(text, language):
    written = as_table([AGREED | {"text": text, "owner": text, "customer": text}], Words(language))
    between = {"en": ",", "nl": ";"}[language]
    head, row, *more = csv.reader(io.StringIO(written.removeprefix("\ufeff"), newline=""), delimiter=between)
    assert (len(head), len(row), more) == (5, 5, [])
    for cell in (row[0], row[1], row[3]):
        assert not re.match(r"\s*[=+\-@\t\r]", cell)
        assert cell in (text, f"'{text}")


@each
def test_calendar_of_tasks(text):
    from icalendar import Calendar

    session = {"session_id": "s1", "next_on": None, "closed_at": None, "opened_at": AGREED["made_at"]}
    said = as_calendar([AGREED | {"text": text, "owner": text, "customer": text}], session, Words("en"))
    events = Calendar.from_ical(said).walk("VEVENT")
    assert len(events) == 1  # no line of the text began an entry of its own
    assert {str(events[0][name]) for name in ("UID",)} == {"e1@kpikit"}
    assert sorted(events[0]) == ["DESCRIPTION", "DTEND", "DTSTAMP", "DTSTART", "SUMMARY", "TRANSP", "UID"]


# --- file names, JSON, terminal --------------------------------------------------------------------------------------

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


@each
def test_file_name(text):
    name = folder_name(text)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", name)
    assert not _RESERVED.fullmatch(name)


def test_no_two_teams_share_a_folder_nor_take_the_place_of_another_file():
    names = folder_names(STRINGS.values())
    assert len({name.casefold() for name in names.values()}) == len(STRINGS)
    assert not {"index.html", "run.json"} & set(names.values())


@each
def test_json(text):
    assert json.loads(as_json_text({"team": text}))["team"] == text


@each
def test_terminal(text):
    import click

    @click.command()
    def say():
        tell(text)

    said = CliRunner().invoke(say).output
    assert not [c for c in said if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"]
    kept = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    assert said.replace("\N{REPLACEMENT CHARACTER}", "").rstrip("\n") == kept.rstrip("\n")


@each
def test_summary_for_a_chat(text, tmp_path):
    page = tmp_path / "team" / "report.html"
    lines = summary(notebook_of(text), page, language="en").rstrip("\n").split("\n")
    assert len(lines) == 5
    assert not [c for c in "".join(lines) if unicodedata.category(c) in ("Cc", "Cs")]
