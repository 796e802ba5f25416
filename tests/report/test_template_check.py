"""``kpikit template check``: each thing that can be wrong with a template is found, and a fine one is fine."""

import pytest

from kpikit.cli import main
from kpikit.errors import UsageError
from kpikit.report.pages import team
from kpikit.report.pages.order import order
from kpikit.report.runs import template as templates
from kpikit.report.runs.template_check import _Page, _pages, check_template
from kpikit.words import LANGUAGES, Words
from tests.report.own_templates import GIVEN, KERNEL, SHOWN, typed, write_template


def _codes(path):
    found = check_template(str(path))
    for one in found:
        assert all(one.in_words(Words(language)) for language in LANGUAGES)
    return [(one.code.removeprefix("template."), one.values) for one in found]


# --- the parameters cell: nothing is run ------------------------------------------------------------------------------


def test_there_is_no_such_file(tmp_path):
    with pytest.raises(UsageError, match="There is no template"):
        check_template(str(tmp_path / "none.ipynb"))


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"parameters": ""}, "no_parameters"),
        ({"metadata": {}}, "no_kernel"),
        ({"metadata": {"kernelspec": {**KERNEL, "language": "R"}}}, "no_kernel"),
    ],
)
def test_what_is_no_template(tmp_path, how, code):
    assert _codes(write_template(tmp_path / "t.ipynb", **how)) == [(code, {})]


def test_what_is_no_notebook(tmp_path):
    (tmp_path / "t.ipynb").write_text("{")
    assert _codes(tmp_path / "t.ipynb") == [("no_json", {})]


@pytest.mark.parametrize("name", GIVEN)
def test_a_parameter_that_every_template_is_given(tmp_path, name):
    cell = "\n".join(line for line in typed().splitlines() if not line.startswith(f"{name}:"))
    assert _codes(write_template(tmp_path / "t.ipynb", parameters=cell)) == [("missing", {"name": name})]


def test_types_that_are_missing_or_wrong(tmp_path):
    cell = typed().replace("team: str", "team").replace("period: str", "period: int") + "\nmine = 3"
    assert _codes(write_template(tmp_path / "t.ipynb", parameters=cell)) == [
        ("untyped", {"name": "team"}), ("wrong_type", {"name": "period", "wanted": "int"}),
        ("untyped", {"name": "mine"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("html", "fetched"),
    [
        ('<img src="https://x.org/a.png">', ["https://x.org/a.png"]),
        ('<script src="//cdn.org/v.js"></script>', ["//cdn.org/v.js"]),
        ('<link rel="stylesheet" href="https://x.org/a.css">', ["https://x.org/a.css"]),
        ('<style>@import "https://x.org/a.css"; p{background:url(//x.org/b.png)}</style>',
         ["https://x.org/a.css", "//x.org/b.png"]),
        ('<p style="background:url(https://x.org/a)">', ["https://x.org/a"]),
        ('<script>import("https://cdn.example.org/lib/vega")</script>', ["https://cdn.example.org/lib/vega"]),
        ('<image xlink:href="http://x.org/a">', ["http://x.org/a"]),
        ('<iframe src="https://x.org"></iframe>', ["https://x.org"]),
        ('<a href="https://x.org">read more</a>', []),
        ('<img src="data:image/png;base64,//AA">', []),
        ('<svg xmlns="http://www.w3.org/2000/svg"></svg>', []),
        ('<script>{"$schema": "https://vega.github.io/schema/vega/v6.json"}</script>', []),
        ("<p>see https://x.org</p>", []),
    ],
)  # fmt: skip
def test_what_a_page_would_fetch(html, fetched):
    page = _Page()
    page.feed(html)
    assert page.fetched == fetched


# --- made on the demo -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_template_that_is_fine(tmp_path):
    assert _codes(write_template(tmp_path / "t.ipynb")) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["team-review", "quarterly-winloss"])
def test_the_shipped_templates_are_fine(name):
    assert _codes(name) == []


@pytest.mark.slow
def test_a_cell_that_fails_is_told_by_its_number_in_the_template(tmp_path):
    fails = 'if copy == "company":\n    raise ValueError("no deals")'
    ((code, values),) = _codes(write_template(tmp_path / "t.ipynb", SHOWN, fails))
    assert (code, values["cell"], values["reason"]) == ("cell_failed", 3, "ValueError: no deals")
    assert values["copy"].code == "title.copy.company"


@pytest.mark.slow
def test_all_that_a_page_should_not_have(tmp_path):
    """p001 is a person of the demo; D0001 is one of its deals."""
    path = write_template(
        tmp_path / "t.ipynb",
        "from IPython.display import HTML, Image",
        "HTML(\"<img src='https://x.org/a.png'><p>p001 with D0001</p>\")",
        'Image(data=b"\\x89PNG\\r\\n\\x1a\\n", format="png")',
    )
    found = _codes(path)
    assert [code for code, _ in found] == ["no_html", "loads", "names_person", "names_deal"]
    assert found[0][1] == {"cell": 4, "what": "image/png"}
    assert found[1][1]["address"] == "https://x.org/a.png"
    assert found[2][1]["name"] == "p001"
    assert found[3][1]["name"] == "D0001"


@pytest.mark.slow
def test_a_template_that_shows_nothing(tmp_path):
    assert [code for code, _ in _codes(write_template(tmp_path / "t.ipynb", "1 + 1"))] == ["nothing"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cells", "code", "said"),
    [
        (
            (SHOWN,),
            0,
            "t.ipynb: niets gevonden. Gemaakt met de demo, exemplaar voor het team en exemplaar voor het bedrijf.\n",
        ),
        (
            ("1 / 0",),
            1,
            "t.ipynb: één ding gevonden.\n  · Cel 2 mislukt met de demo (exemplaar voor het team): ZeroDivisionError: ",
        ),
    ],
)
def test_from_the_command_line(tmp_path, monkeypatch, capfd, cells, code, said):
    path = write_template(tmp_path / "t.ipynb", *cells)
    monkeypatch.setattr("sys.argv", ["kpikit", "template", "check", str(path), "--lang", "nl"])
    if code:
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code == code
    else:
        main()
    assert capfd.readouterr().out.startswith(said)


# --- pages and cells --------------------------------------------------------------------------------------------------


def test_a_cell_without_its_page_and_a_page_without_its_cell_are_found(tmp_path):
    cells = [cell for name in order(team.TEMPLATE) if name not in ("moved", "rate") for cell in [f'review["{name}"]']]
    make = "from kpikit.report.review import team_review\nreview = team_review(book, team=team, period=period)"
    path = write_template(tmp_path / "own.ipynb", make, *cells, 'review["fornt"]')
    found = {(code, values["page"]) for code, values in _codes(path)}
    assert found == {("unknown_page", "fornt"), ("page_left_out", "moved"), ("page_left_out", "rate")}


def test_a_template_that_shows_no_report_of_ours_has_no_pages_to_miss(tmp_path):
    assert list(_pages(templates.find(str(write_template(tmp_path / "own.ipynb"))))) == []
