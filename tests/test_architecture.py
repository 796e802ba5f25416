"""The house keeps its shape: arrows between rooms, sizes of modules, the one wrapper, the map in ARCHITECTURE.md."""

import ast
import importlib
import importlib.util
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

import kpikit

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kpikit"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def _arrows_in_the_text():
    """Room → the rooms it may import, lazily or not, as ARCHITECTURE.md says it; under TYPE_CHECKING is no arrow."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## Arrows")[1].split("\n## ")[0]
    alone = re.findall(r"`(\w+)`", text.split("The test reads")[1].split("import nothing")[0])
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    return {name: set() for name in alone} | {name: set(re.findall(r"`(\w+)`", cell)) for name, cell in rows}


ARROWS = {**_arrows_in_the_text(), "__init__": {"windows"}, "__main__": {"cli", "processes"}}
COMPUTING = {"reading", "book", "sources", "engine", "stats", "analysis", "simulate"}


@cache
def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _nodes(path):
    """Every import statement of a module, anywhere in it, except where only a type checker looks."""
    tree = _tree(path)
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and id(node) not in for_types:
            yield node


def _imports(path):
    """The name of everything that a module imports, and its line."""
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        else:
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


def test_pages_only_draw():
    """What a page tells was computed and judged before: a page asks nothing of a book, a log or an analysis."""
    pages = (PACKAGE / "report" / "pages").rglob("*.py")
    asking = {"analysis", "review", "book", "log", "engine", "stats", "reading"}
    found = {
        f"{path.relative_to(ROOT).as_posix()} imports {name}"
        for path in pages
        for name, _ in _imports(path)
        if name.split(".")[0] == "kpikit" and name.split(".")[1:2] and name.split(".")[1] in asking
    }
    assert found == set()


def test_figures_do_not_speak_or_draw():
    figures = (PACKAGE / "report" / "figures").rglob("*.py")
    speaking = ("kpikit.show", "kpikit.words", "kpikit.report.pages", "kpikit.report.formats")
    assert [
        f"{path.name} imports {name}" for path in figures for name, _ in _imports(path) if name.startswith(speaking)
    ] == []


def _modules():
    """Each module's name, and the modules of ours that it imports."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}
    found = {}
    for name, path in names.items():
        to = set()
        for node in _nodes(path):
            whole = [f"{getattr(node, 'module', '')}.{alias.name}".lstrip(".") for alias in node.names]
            to |= {one if one in names else one.rpartition(".")[0] for one in whole}
        found[name] = (to & set(names)) - {name}
    return found


def _circles(arrows):
    """Sets of names that reach each other: what is left when those without a way out, or in, are taken away."""
    while True:
        ends = {name for name, to in arrows.items() if not to & set(arrows)}
        ends |= set(arrows) - {one for to in arrows.values() for one in to}
        if not ends:
            return set(arrows)
        arrows = {name: to for name, to in arrows.items() if name not in ends}
        if not arrows:
            return set()


def test_no_circles_between_modules():
    """An error's sentence comes from words (docs/decisions/0001): the only way back up."""
    arrows = _modules()
    arrows["kpikit.errors"] = arrows["kpikit.errors"] - {"kpikit.words"}
    assert _circles(arrows) == set()


def test_no_circles_between_rooms():
    arrows = {}
    for path, _, to in _arrows():
        arrows.setdefault(_room(path), set()).add(to)
    arrows["errors"] = arrows["errors"] - {"words"}
    assert _circles({room: to for room, to in arrows.items() if room not in ("__init__", "__main__")}) == set()


def test_a_circle_is_seen():
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {"a", "b", "c"}


def test_no_window_offers_a_function_by_the_name_of_its_module():
    """``import room.thing as it`` would give the function, not the module."""
    windows = [PACKAGE / "analysis" / name for name in ("velocity", "winloss", "cohorts", "retention", "voices")]
    modules = {f"{window.name}.{path.stem}" for window in windows for path in window.glob("*.py")}
    offered = {name for name, _ in _public_analyses()}
    assert modules & offered == set()


def test_rooms_hold_what_one_finds():
    """Five to twelve modules; ``stats``, flat and clear, and rooms that are still small may stand."""
    sizes = {}
    for path in MODULES:
        if path.name not in ("__init__.py", "__main__.py"):
            room = path.parent.relative_to(PACKAGE).as_posix()
            sizes[room] = sizes.get(room, 0) + 1
    assert {room: n for room, n in sizes.items() if n > 12 and room != "stats"} == {}


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
    from kpikit.kpi import cards

    found = dict(_public_analyses())
    assert len(found) >= 5
    assert [name for name, function in found.items() if not hasattr(function, "kpi")] == []
    wrapped = {name: function for name, function in found.items() if hasattr(function, "kpi")}
    assert [name for name, function in wrapped.items() if function.kpi not in cards()] == []


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


#: who writes files through kpikit.files
WRITERS = {
    "book/preparing", "cli/logs", "report/formats/kinds", "report/formats/pdf", "report/formats/vega",
    "report/making/job", "report/runs/index", "report/runs/record", "report/runs/run", "session/lab", "session/papers",
    "simulate/writing", "start/checking", "start/renewing", "start/starting",
}  # fmt: skip
#: who writes without it, and what for: tables (beside their place), copies into a run's own folder, a lock, a process's
#: output, a database's empty file
OTHERWISE = {
    "cli/failing": {"os.open"},  # nowhere: what stdout no longer takes
    "files": {"write_bytes", "touch"},
    "book/preparing": {"write_parquet"},
    "simulate/writing": {"write_parquet", "write_csv"},
    "report/runs/run": {"copyfile"},
    "lock": {"open"},
    "reading/archives": {"open"},  # a part of an archive, into a folder that goes again
    "session/lab": {"open"},
    "log/connecting": {"os.open"},
}
_WRITING = {
    "write_text", "write_bytes", "touch", "write_parquet", "write_csv", "write_json", "write_ndjson", "write_ipc",
    "write_excel", "sink_parquet", "sink_csv", "to_csv", "to_parquet", "to_excel", "to_json", "to_html", "copyfile",
    "copy2", "copytree", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "symlink_to", "hardlink_to",
}  # fmt: skip


def _writes(path):
    """What a module calls that writes a file."""
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        if called in ("os.open", "os.replace", "os.rename", "nbformat.write"):
            yield called
        elif name == "open":
            place = 0 if isinstance(node.func, ast.Attribute) else 1
            modes = [*node.args[place : place + 1], *(word.value for word in node.keywords if word.arg == "mode")]
            if any(isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") for mode in modes):
                yield name
        elif isinstance(node.func, ast.Attribute) and name in _WRITING:
            yield name


def test_files_are_written_in_one_way():
    writers, otherwise = set(), {}
    for path in MODULES:
        module = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if "write_whole" in path.read_text(encoding="utf-8") and module != "files":
            writers.add(module)
        if found := set(_writes(path)):
            otherwise[module] = found
    assert writers == WRITERS
    assert otherwise == OTHERWISE


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


def test_the_map_is_that_of_the_package():
    """``python docs/architecture_map.py`` writes it; a module that was moved without it is found here."""
    specification = importlib.util.spec_from_file_location("architecture_map", ROOT / "docs" / "architecture_map.py")
    architecture_map = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(architecture_map)
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert architecture_map.written(text) == text
