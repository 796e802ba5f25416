"""The house keeps its shape: arrows between rooms, sizes of modules, the one wrapper, the map in ARCHITECTURE.md."""

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

import kpikit

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kpikit"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

LEAVES = {"errors", "schema", "calendar", "shipped", "kpi", "crms", "languages"}
#: room → the rooms it may import, lazily or not. What stands only under TYPE_CHECKING is no arrow.
ARROWS = {
    "schema": set(),
    "shipped": set(),
    "crms": set(),
    "languages": set(),
    "kpi": set(),
    "words": {"schema", "languages"},
    # an error turns its code into a sentence when it is printed (docs/decisions/0001)
    "errors": {"words", "languages"},
    "calendar": {"errors"},
    "reading": {"errors", "schema", "crms"},
    "engine": {"errors", "schema", "calendar"},
    "book": {*LEAVES, "reading", "engine"},
    "stats": {"errors"},
    "analysis": {*LEAVES, "book", "engine", "stats"},
    "simulate": {"errors", "schema", "calendar", "book"},
    "show": {"words", "schema", "kpi", "languages"},
    "log": {
        "errors",
        "calendar",
        "words",
    },  # as errors do: a LogError turns its code into a sentence when it is printed
    "review": {*LEAVES, "words", "show", "analysis", "stats", "engine", "book", "log"},
    "session": {*LEAVES, "words", "show", "analysis", "book", "log", "review"},
    "report": {*LEAVES, "words", "show", "analysis", "book", "log", "review"},  # of review: what happened since
    "sources": {*LEAVES, "reading"},
    "start": {*LEAVES, "sources", "words", "reading", "book", "report", "show"},
    "cli": {"errors", "words", "languages", "crms", "book", "start", "report", "log", "session", "simulate"},
    "__init__": set(),
    "__main__": {"cli"},
}
COMPUTING = {"reading", "book", "sources", "engine", "stats", "analysis", "simulate"}


@cache
def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path):
    """Every room that a module imports, anywhere in it, except where only a type checker looks."""
    tree = _tree(path)
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports name the whole path"
            if node.module == "kpikit":
                yield from ((f"kpikit.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module, node.lineno


def _arrows():
    for path in MODULES:
        for name, line in _imports(path):
            parts = name.split(".")
            if parts[0] == "kpikit" and len(parts) > 1 and parts[1] not in (_room(path), "__version__"):
                yield path, line, parts[1]


def _wrong_arrows():
    return {
        f"{path.relative_to(ROOT).as_posix()} imports {to}"
        for path, _, to in _arrows()
        if to not in ARROWS.get(_room(path), set())
    }


def test_arrows_between_rooms():
    assert _wrong_arrows() == set()


def test_every_room_has_its_rule():
    assert {_room(path) for path in MODULES} <= set(ARROWS)


def test_computing_never_speaks_or_draws():
    arrows = list(_arrows())
    assert [str(path) for path, _, to in arrows if _room(path) in COMPUTING and to in ("words", "show", "report")] == []


def test_the_arrows_are_seen_at_all():
    """The check would be green on a house without imports: some arrows must be there."""
    found = {(_room(path), to) for path, _, to in _arrows()}
    assert {("report", "show"), ("analysis", "engine"), ("errors", "words")} <= found


@pytest.mark.parametrize("library", ["statsmodels", "altair", "papermill", "nbconvert", "vl_convert", "babel"])
def test_heavy_libraries_are_imported_where_they_are_used(library):
    """At module level only in kpikit.show.charts.base, itself imported when a chart is drawn; else inside functions."""
    allowed = {("altair", "kpikit/show/charts/base.py")}
    found = set()
    for path in MODULES:
        for node in _tree(path).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if any(name.split(".")[0] == library for name in names):
                found.add((library, path.relative_to(ROOT).as_posix()))
    assert found - allowed == set()


def test_modules_and_functions_stay_small():
    long_modules, long_functions = [], []
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 450:
            long_modules.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        long_functions += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno - node.lineno >= 70
        ]
    assert long_modules == []
    assert long_functions == []


def test_the_window_stays_small():
    assert len((PACKAGE / "__init__.py").read_text(encoding="utf-8").splitlines()) <= 70


#: the windows of the analyses: what their ``__all__`` names is public
WINDOWS = ("velocity", "winloss", "cohorts", "retention", "pipeline", "interviews")


def _public_analyses():
    for window in WINDOWS:
        module = getattr(kpikit, window)
        for name in module.__all__:
            if list(inspect.signature(getattr(module, name)).parameters)[:1] == ["book"]:
                yield f"{window}.{name}", getattr(module, name)


def test_what_is_wrapped_stands_in_a_window():
    """No question is hidden in a room: what has a card can be asked from outside."""
    offered = {function.__wrapped__ for _, function in _public_analyses() if hasattr(function, "__wrapped__")}
    hidden = []
    for path in sorted((PACKAGE / "analysis").rglob("*.py")):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name, function in inspect.getmembers(module, lambda it: hasattr(it, "kpi")):
            if function.__wrapped__ not in offered:
                hidden.append(f"{module.__name__}.{name}")
    assert hidden == []


def test_every_public_analysis_goes_through_the_one_wrapper_and_has_a_card():
    from kpikit.analysis.floors import FLOORS
    from kpikit.kpi import cards

    found = dict(_public_analyses())
    assert len(found) >= 5
    assert [name for name, function in found.items() if not hasattr(function, "kpi")] == []
    wrapped = {name: function for name, function in found.items() if hasattr(function, "kpi")}
    assert [name for name, function in wrapped.items() if function.kpi not in cards()] == []
    assert [name for name, function in wrapped.items() if function.kpi not in FLOORS] == []


def test_no_module_takes_another_s_private_names():
    """What two modules need has a public name in a module of its own."""
    found = {
        f"{path.relative_to(ROOT).as_posix()}: {alias.name}"
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kpikit")
        for alias in node.names
        if alias.name.startswith("_") and alias.name != "__version__" and node.module != "kpikit.analysis"
    }
    assert found == set()


def test_no_module_prints():
    """Only the command line speaks to a terminal, through click."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_nothing_reads_the_clock_but_stopwatches():
    """``as_of`` is data: no ``now()`` or ``today()`` anywhere; ``monotonic`` only measures how long work took."""
    calls = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time)\b")
    found = [str(path.relative_to(ROOT)) for path in MODULES if calls.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_the_map_names_every_module_that_exists_and_none_that_does_not():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split("## Module map")[1].split("\n## ")[0]
    named = set()
    for line in table.splitlines():
        if not line.startswith("| `"):
            continue
        room, modules = (cell.strip() for cell in line.strip("| ").split("|")[:2])
        room = room.strip("`")
        if room.endswith("/"):
            named |= {f"{room}{name}.py" for name in re.findall(r"`([^`]+)`", modules)}
        else:
            named.add(room)
    exist = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if path.name not in ("__init__.py", "__main__.py") and "__pycache__" not in path.parts
    }
    assert named - exist == set(), "named in ARCHITECTURE.md, but not there"
    assert exist - named == set(), "there, but not named in ARCHITECTURE.md"
