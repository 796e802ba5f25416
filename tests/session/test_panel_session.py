"""What fails at the door is one sentence with a way on; the notebook and JupyterLab's settings are right."""

import ast
import json
import re
import stat
from datetime import UTC, datetime
from importlib import resources

import nbformat
import pytest

from kpikit.engine import spells
from kpikit.errors import DataError, Fault, UsageError
from kpikit.session import lab
from kpikit.session import last_good_book as kept
from kpikit.session.error_report import details, sentence
from kpikit.session.panel.nodes import node, texts
from kpikit.session.session import Order, Session, open_session
from kpikit.shipped import shipped
from kpikit.words import Words
from tests.strategies import as_book, spell_rows

EN = Words("en")
SECRET = "Geheimenis BV"
DEALS = f"""deal_id,name,pipeline,outcome,created_at,outcome_at
a,{SECRET},New,open,2026-09-01,
b,Other,New,won,2026-09-01,2026-09-25
"""


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A folder with two deals, in a home of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "deals.csv").write_text(DEALS, encoding="utf-8")
    return folder


def session(book, language="en"):
    return Session(Order(str(book), ":memory:", None, 45, None), Words(language))


def said_on(brain):
    return texts(brain.view()["tree"])


# --- failing ----------------------------------------------------------------------------------------------------------


def test_last_week_s_data_is_a_click_away_when_today_s_cannot_be_read(book):
    assert session(book).panel is not None
    (book / "deals.csv").write_text("deal_id,pipeline,outcome\na,New,perhaps\n", encoding="utf-8")
    brain = session(book)
    assert brain.panel is None
    found = said_on(brain)
    assert "This cannot be opened now" in found
    assert "Go on with the data up to Friday 25 September 2026 00:00" in found
    assert "Copy for your analyst" in found
    brain.handle({"do": "go_on"})
    assert "Data up to Friday 25 September 2026 00:00" in said_on(brain)


def test_without_an_earlier_session_there_is_nothing_to_go_on_with(book):
    (book / "deals.csv").unlink()
    brain = session(book)
    assert not [text for text in said_on(brain) if text.startswith("Go on")]
    brain.handle({"do": "go_on"})
    assert brain.panel is None
    (book / "deals.csv").write_text(DEALS, encoding="utf-8")
    brain.handle({"do": "again"})
    assert brain.panel is not None


def test_what_went_wrong_is_said_and_not_something_else(book, tmp_path):
    """Each failure has its own sentence: of data that cannot be read, of a book that is not there."""
    (book / "deals.csv").write_text("deal_id,pipeline,outcome\na,New,perhaps\n", encoding="utf-8")
    brain = session(book)
    assert isinstance(brain.error, DataError)
    assert sentence(brain.error, EN) in said_on(brain)
    nowhere = session(tmp_path / "nowhere")
    assert isinstance(nowhere.error, UsageError)
    assert sentence(nowhere.error, EN) in said_on(nowhere)
    assert sentence(nowhere.error, EN) != sentence(brain.error, EN)


@pytest.mark.parametrize("there", [True, False])
def test_what_is_heard_is_counted_and_the_clock_is_not(book, there):
    if not there:
        (book / "deals.csv").unlink()
    brain = session(book)
    assert brain.view()["heard"] == 0
    brain.handle({"do": "tick"})
    assert brain.view()["heard"] == 0
    brain.handle({"do": "go", "place": "deals"})
    assert brain.view()["heard"] == 1


def test_dutch_failures_are_dutch(book):
    (book / "deals.csv").unlink()
    assert "Dit kan nu niet worden geopend" in said_on(session(book, "nl"))


def test_what_is_kept_is_the_user_s_own(book, tmp_path):
    session(book)
    folder = kept.place(str(book))
    assert folder.is_relative_to(tmp_path / "home")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert kept.last_good(str(book)).as_of == datetime(2026, 9, 25, tzinfo=UTC)


def test_the_demo_and_prepared_books_are_not_copied(book, demo):
    kept.keep(demo, "demo")
    assert not (kept.place("demo")).exists()


def test_where_no_copy_can_be_kept_the_session_goes_on(book, tmp_path):
    (tmp_path / "home").write_text("a file where the folder should be")
    assert session(book).panel is not None


def test_a_log_that_cannot_be_opened_is_a_sentence_too(book, tmp_path):
    brain = Session(Order(str(book), str(book / "deals.csv" / "log"), None, 45, None), EN)
    assert brain.panel is None
    assert "Try again" in said_on(brain)


def test_the_log_may_be_named_by_the_environment(book, tmp_path, monkeypatch):
    monkeypatch.setenv(lab.LOG, str(tmp_path / "named.sqlite"))
    brain = Session(Order(str(book), None, None, 45, None), EN)
    assert brain.panel.log.path == tmp_path / "named.sqlite"


def test_an_unknown_language_is_refused():
    with pytest.raises(UsageError):
        open_session("demo", language="fr")


def test_the_widget_mirrors_its_brain(book):
    widget = open_session(book, log=":memory:")
    assert widget.view["shown"] == "opening/"
    widget._heard(widget, {"do": "select", "deal": "a"}, [])
    assert widget.view["shown"] == "deals/a"
    assert SECRET in texts(widget.view["tree"])
    widget._heard(widget, "nonsense", [])
    widget.close()


# --- what an analyst gets ---------------------------------------------------------------------------------------------


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return caught


def test_details_say_where_and_nothing_of_a_customer():
    try:
        try:
            {}[SECRET]
        except KeyError as inner:
            raise ValueError(SECRET) from inner
    except ValueError as error:
        text = details(error)
    assert SECRET not in text
    assert re.search(r"^ValueError$", text, re.MULTILINE)
    assert re.search(r"^KeyError$", text, re.MULTILINE)
    assert "test_panel_session.py:" in text
    assert "polars " in text
    assert "/home" not in text
    assert "/work" not in text


def test_details_of_data_name_rules_and_columns_not_values():
    error = raised(DataError([Fault("unreadable_date", table="deals", column="created_at", value=SECRET)]))
    assert "unreadable_date deals created_at" in details(error)
    assert SECRET not in details(error)
    assert sentence(error, EN).startswith("One thing in the data")


def test_an_unexpected_error_gives_its_kind_only():
    assert SECRET not in sentence(raised(RuntimeError(SECRET)), EN)
    assert "RuntimeError" in sentence(raised(RuntimeError(SECRET)), Words("nl"))


# --- the notebook -----------------------------------------------------------------------------------------------------


def test_the_copy_has_its_parameters_and_hides_its_code(tmp_path):
    path = lab.copy_notebook(tmp_path, lab.parameters_of(book='a"b\\c\n', log=None, language="nl", team="Zürich’"))
    cells = nbformat.read(path, 4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    values = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(code[0].source).body}
    assert values == {"BOOK": 'a"b\\c\n', "LOG": None, "LANGUAGE": "nl", "TEAM": "Zürich’"}
    assert all(cell.metadata["jupyter"]["source_hidden"] for cell in code)
    assert not any(cell.metadata["deletable"] for cell in cells)


def test_the_command_knows_every_parameter_of_the_notebook():
    """A parameter that the command forgot would be undefined in the session."""
    from kpikit.cli import sessions

    source = (resources.files(sessions.__package__) / "sessions.py").read_text(encoding="utf-8")
    call = next(
        each for each in ast.walk(ast.parse(source))
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "lab.parameters_of"
    )  # fmt: skip
    notebook = nbformat.read(shipped("notebooks") / lab.NOTEBOOK, 4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    names = {each.targets[0].id.lower() for each in ast.parse(first.source).body}
    assert {keyword.arg for keyword in call.keywords} == names


def test_the_shipped_notebook_is_thin_and_leaves_nothing_behind():
    notebook = nbformat.read(shipped("notebooks") / lab.NOTEBOOK, 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) <= 12
    assert all(len(cell.source.splitlines()) <= 10 and not cell.outputs for cell in code)
    assert notebook.cells[-1].source.startswith("## What this cannot tell you")
    assert re.match(r"# Deal review · .+\?\n", notebook.cells[0].source)
    assert 'LOG = ":memory:"' in code[0].source, "trying it out writes into nobody's log"


def test_jupyterlab_listens_to_this_machine_only_and_asks_nobody_for_news(tmp_path):
    config = lab._config(tmp_path, "secret", 0)
    assert config["ServerApp"]["ip"] == "127.0.0.1"
    assert config["IdentityProvider"]["token"] == "secret"
    assert config["LabApp"]["news_url"] is None
    assert config["LabApp"]["check_for_updates_class"] == "jupyterlab.NeverCheckForUpdate"
    assert config["LabApp"]["extension_manager"] == "readonly"
    json.dumps(config)


def test_what_is_missing_for_a_session_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"jupyterlab, ipywidgets, anywidget.*kpikit\[lab\]"):
        lab._installed()


# --- the script -------------------------------------------------------------------------------------------------------


def test_the_script_never_reads_text_as_markup_and_asks_for_nothing():
    script = resources.files("kpikit.session").joinpath("static/panel.js").read_text(encoding="utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(",
                "XMLHttpRequest", "import(", "WebSocket", "sendBeacon"):  # fmt: skip
        assert way not in script, way
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", script) == []
    style = resources.files("kpikit.session").joinpath("static/panel.css").read_text(encoding="utf-8")
    assert "url(" not in style
    assert "@import" not in style


def test_nodes_keep_text_apart_from_names():
    made = node("p", "<b>", None, "", cls="a", data_row=True, hidden=False, aria_label="x")
    assert made == ["p", {"class": "a", "data-row": "", "aria-label": "x"}, ["<b>"]]


def test_a_session_on_last_week_s_data_is_not_moved_by_another_that_opens_today_s(tmp_path, monkeypatch):
    """All of it is in memory, the visits too: another session may replace the copy meanwhile."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    given = str(tmp_path / "export")
    old = as_book(spell_rows([(i, 3, "lost") for i in range(6)]))
    kept.keep(old, given)
    spare = kept.last_good(given)
    kept.keep(as_book(spell_rows([(i, 40, "won") for i in range(9)])), given)
    assert spells(spare).equals(spells(old))
    assert spare.tables["deals"].height == 6
