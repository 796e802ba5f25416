"""Templates: the parameters cell is a signature, and what does not fit it is refused before anything runs."""

import ast
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill import inspect_notebook
from papermill.translators import PythonTranslator

from kpikit.errors import UsageError
from kpikit.report.runs import template as templates
from tests.report.own_templates import write_template

SHIPPED = sorted((Path(__file__).parents[2] / "templates").glob("*.ipynb"))


def test_the_shipped_template_knows_its_parameters():
    found = templates.find("team-review")
    assert list(found.parameters) == ["book", "team", "period", "language", "copy", "since", "log"]
    assert all(parameter.help for parameter in found.parameters.values())
    assert {parameter.type for parameter in found.parameters.values()} == {"str"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_papermill_reads_the_same_parameters(path):
    """Ours is quick and reads the cell as Python does; papermill's goes by lines."""
    theirs = inspect_notebook(path)
    ours = templates.find(path.stem).parameters
    assert {name: (one.type, ast.literal_eval(one.default), one.help) for name, one in ours.items()} == {
        name: (one["inferred_type_name"], ast.literal_eval(one["default"]), one["help"]) for name, one in theirs.items()
    }


def test_what_a_parameters_cell_may_hold(tmp_path):
    lines = (
        'a: str = "x=y"  # first = last', "b = 3", 'c: "float" = -1.5', "d: list = [", "    1,", "    2,", "]  # two",
        "print(1)", "e: int",
    )  # fmt: skip
    cell = "\n".join(lines)
    found = templates.find(str(write_template(tmp_path / "t.ipynb", parameters=cell))).parameters
    assert found == {
        "a": templates.Parameter("str", "'x=y'", "first = last"), "b": templates.Parameter("", "3"),
        "c": templates.Parameter("float", "-1.5"), "d": templates.Parameter("list", "[1, 2]", "two"),
    }  # fmt: skip


def test_a_template_s_own_copy():
    assert templates.default(templates.find("quarterly-winloss"), "copy", "team") == "company"
    assert templates.default(templates.find("team-review"), "copy", "company") == "team"
    assert templates.default(templates.find("team-review"), "nothing", "otherwise") == "otherwise"


R_KERNEL = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda path: path.write_text("not a notebook"), "json"),
        (lambda path: path.write_text("[]"), "json"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "json"),
        (lambda path: write_template(path, metadata={}), "kernel"),
        (lambda path: write_template(path, metadata=R_KERNEL), "kernel"),
        (lambda path: write_template(path, parameters=""), "parameters"),
        (lambda path: write_template(path, parameters="team: str = "), "parameters"),
        (lambda path: write_template(path, parameters="team: str = ("), "parameters"),
        (lambda path: write_template(path, parameters="%matplotlib inline"), "parameters"),
    ],
)
def test_what_is_no_template_says_what_it_lacks(tmp_path, change, detail):
    change(tmp_path / "t.ipynb")
    with pytest.raises(UsageError) as refused:
        templates.find(str(tmp_path / "t.ipynb"))
    assert (refused.value.code, refused.value.values["detail"]) == ("not_a_template", detail)


def test_an_unknown_template_names_those_there_are():
    with pytest.raises(UsageError, match=r"no template 'quarterly'. Shipped: quarterly-winloss, team-review;"):
        templates.find("quarterly")


def test_a_template_of_ones_own_by_path(tmp_path):
    copy = tmp_path / "mine.ipynb"
    copy.write_bytes(SHIPPED[0].read_bytes())
    assert templates.find(str(copy)).name == "mine"


@pytest.mark.parametrize("name", ["tema", "Team", "team ", ""])
def test_a_mistyped_parameter(name):
    with pytest.raises(UsageError, match="It knows: book, team, period, language, copy, since"):
        templates.check(templates.find("team-review"), {name: "North"})


@pytest.mark.parametrize("value", [3, 1.5, True, None, ["North"]])
def test_a_parameter_of_another_type(value):
    with pytest.raises(UsageError, match="The parameter 'team' wants str"):
        templates.check(templates.find("team-review"), {"team": value})


def test_whole_numbers_pass_for_decimals_but_not_for_yes_and_no():
    known = {"share": templates.Parameter("float", "0.5"), "on": templates.Parameter("bool", "True")}
    template = templates.Template("t", Path("t.ipynb"), known)
    templates.check(template, {"share": 1, "on": True})
    for wrong in ({"share": True}, {"on": 1}):
        with pytest.raises(UsageError):
            templates.check(template, wrong)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("team=North", ("team", "North")),
        ("n=3", ("n", 3)),
        ("on=True", ("on", True)),
        ("note=a=b", ("note", "a=b")),
        ("note=", ("note", "")),
        ("code=__import__('os')", ("code", "__import__('os')")),
    ],
)
def test_parameters_on_the_command_line_are_read_and_never_run(text, read):
    assert templates.read_parameter(text) == read


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_templates_keep_the_conventions(path):
    """One typed and commented parameters cell, code hidden, no clock, no outputs in git, no def and no class."""
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    parameters = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(parameters) == 1
    assert notebook.cells[0] is parameters[0]
    for line in parameters[0].source.splitlines():
        statement = ast.parse(line).body[0]
        assert isinstance(statement, ast.AnnAssign), line
        assert "  # " in line, line
    for cell in notebook.cells:
        assert cell.cell_type != "code" or (cell.outputs == [] and cell.execution_count is None)
        assert cell.cell_type != "code" or cell.metadata.get("jupyter", {}).get("source_hidden") is True
        for node in ast.walk(ast.parse(cell.source if cell.cell_type == "code" else "")):
            assert not isinstance(node, (ast.FunctionDef, ast.ClassDef))
        assert "datetime" not in cell.source and "today" not in cell.source


# --- parameters are data ---------------------------------------------------------------------------------------------

HOSTILE = [
    '"; RAN = 1; "', "'; RAN = 1; '", '"""\nRAN = 1\n"""', "\\", '\\"; RAN = 1 #', "\nRAN = 1\n", "\rRAN = 1\r",
    "\r\nRAN = 1", "a\u2028RAN = 1", "a\u2029RAN = 1", "a\x85RAN = 1", "a\x0bRAN = 1\x0c", "\x00", "{RAN}", "%(RAN)s",
    "$RAN", "!touch RAN", "%run RAN", "# RAN", "\\N{BULLET}", "\\u0022; RAN = 1 #", "\\x22; RAN = 1 #",
    "🙂\U000e0001", "\u202egnp.exe", 'f"{RAN}"', '"]; RAN = 1; ["', "x" * 20_000, "", " ", "None", "\ud800",
]  # fmt: skip


def _given(values):
    """What a notebook finds in its parameters, as papermill writes them and Python reads them."""
    found = {}
    exec(PythonTranslator.codify(values), {"__builtins__": {}, "float": float}, found)
    return found


@pytest.mark.parametrize("value", HOSTILE)
def test_text_reaches_the_notebook_as_text(value):
    nested = [value, {"key": value, value: [value]}]
    for given_ in (value, nested):
        template = templates.Template("t", Path("t.ipynb"), {"value": templates.Parameter("", "None")})
        templates.check(template, {"value": given_})
        assert _given({"value": given_}) == {"value": given_}


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6))  # fmt: skip
def test_any_data_reach_the_notebook_as_they_are(value):
    assert _given({"value": value}) == {"value": value}


@pytest.mark.parametrize(
    "value",
    [
        ('"; RAN = 1; "',), {'"; RAN = 1; "'}, b'"; RAN = 1; "', 1j, ..., {1: "a"}, {('"; RAN = 1; "',): 1}, [('"',)],
        {"a": {"b": (1,)}},
    ],
)  # fmt: skip
def test_what_would_be_written_down_as_code_is_refused(value):
    """A tuple or a set reaches the notebook unescaped; ``-p x=(…)`` can hold one where the template says no type."""
    for kind in ("", "tuple", "list", "dict"):
        template = templates.Template("t", Path("t.ipynb"), {"value": templates.Parameter(kind, "None")})
        with pytest.raises(UsageError, match="The parameter 'value' wants"):
            templates.check(template, {"value": value})


def test_papermill_would_have_run_such_a_tuple():
    """If this fails, papermill has learned to escape tuples, and the rule above may go."""
    assert _given({"value": ('"; RAN = 1; "',)}).get("RAN") == 1
