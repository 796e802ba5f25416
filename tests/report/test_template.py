"""Templates: the parameters cell is a signature, and what does not fit it is refused before anything runs."""

import ast
from pathlib import Path

import nbformat
import pytest

from kpikit.errors import UsageError
from kpikit.report import template as templates

SHIPPED = sorted((Path(__file__).parents[2] / "templates").glob("*.ipynb"))


def test_the_shipped_template_knows_its_parameters():
    found = templates.find("team-review")
    assert list(found.parameters) == ["book", "team", "period", "language", "copy"]
    assert all(parameter["help"] for parameter in found.parameters.values())
    assert {parameter["inferred_type_name"] for parameter in found.parameters.values()} == {"str"}


def test_an_unknown_template_names_those_there_are():
    with pytest.raises(UsageError, match=r"no template 'quarterly'. Shipped: quarterly-winloss, team-review;"):
        templates.find("quarterly")


def test_a_template_of_ones_own_by_path(tmp_path):
    copy = tmp_path / "mine.ipynb"
    copy.write_bytes(SHIPPED[0].read_bytes())
    assert templates.find(str(copy)).name == "mine"


@pytest.mark.parametrize("name", ["tema", "Team", "team ", ""])
def test_a_mistyped_parameter(name):
    with pytest.raises(UsageError, match="It knows: book, team, period, language, copy"):
        templates.check(templates.find("team-review"), {name: "North"})


@pytest.mark.parametrize("value", [3, 1.5, True, None, ["North"]])
def test_a_parameter_of_another_type(value):
    with pytest.raises(UsageError, match="The parameter 'team' wants str"):
        templates.check(templates.find("team-review"), {"team": value})


def test_whole_numbers_pass_for_decimals_but_not_for_yes_and_no():
    known = {"share": {"inferred_type_name": "float"}, "on": {"inferred_type_name": "bool"}}
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
