"""Write kpikit/analysis/base/answers.pyi: an answer's own names, and the signatures of a polars frame's methods.

A type checker reads the stub; what happens stands in answers.py. ``python docs/answer_stub.py`` after either changed.
"""

import ast
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import polars as pl

BASE = Path(__file__).parents[1] / "kpikit" / "analysis" / "base"
FRAME = Path(pl.__file__).parent / "dataframe" / "frame.py"
STUB = BASE / "answers.pyi"
#: of a frame's double underscores these are typed; what an answer has itself is taken from there
TYPED = {"__getitem__", "__contains__", "__iter__", "__len__", "__eq__", "__ne__", "__bool__", "__array__"}
#: packages that kpikit does not bring: a method whose signature names one is passed on, but not in the stub
FOREIGN = {"deltalake", "jax", "pyiceberg", "great_tables", "torch"}
#: names that polars's module has another way
MORE = {"np": ("", "numpy as np"), "pa": ("", "pyarrow as pa"), "DataFrame": ("polars", "DataFrame")}
MORE |= {"Selector": ("polars.selectors", "Selector")}
VARIABLES = ('T = TypeVar("T")', 'P = ParamSpec("P")', "PROTOCOLS: frozenset[str]", "CHANGING: frozenset[str]")
HEAD = '''# ruff: noqa
# pyright: basic, reportOverlappingOverload=false, reportIncompatibleMethodOverride=false
"""Written by docs/answer_stub.py from answers.py and polars {version}; do not edit it by hand."""

from __future__ import annotations
'''


class _Plain(ast.NodeTransformer):
    """Inside polars ``pl.Selector`` is a name that is not there from outside."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Name("Selector") if ast.unparse(node) == "pl.Selector" else node


def _class(tree: ast.Module, name: str) -> ast.ClassDef:
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)


def _decorators(function: ast.FunctionDef) -> set[str]:
    return {ast.unparse(decorator).partition("(")[0] for decorator in function.decorator_list}


def _signature(function: ast.FunctionDef) -> ast.FunctionDef:
    """The function without its body and defaults; of its docstring the first paragraph."""
    bare = deepcopy(function)
    told = ast.get_docstring(function)
    say = [] if told is None else [ast.Expr(ast.Constant(" ".join(told.split("\n\n")[0].split())))]
    bare.body = [*say, ast.Expr(ast.Constant(...))]
    bare.args.defaults = [ast.Constant(...) for _ in bare.args.defaults]
    bare.args.kw_defaults = [default and ast.Constant(...) for default in bare.args.kw_defaults]
    kept = {"overload", "property"}
    bare.decorator_list = [one for one in bare.decorator_list if ast.unparse(one) in kept]
    return bare


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _imports(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Every name that a module imports: the module it is from (none for a module itself), and as what."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            of = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            found |= {alias.asname or alias.name: (of, ast.unparse(alias)) for alias in node.names}
    return found


def _import_lines(imports: dict[str, tuple[str, str]], names: set[str]) -> list[str]:
    used = sorted({imports[name] for name in names if name in imports})
    plain = [f"import {what}" for of, what in used if not of]
    homes = sorted({of for of, _ in used if of})
    return [*plain, *(f"from {home} import {', '.join(what for of, what in used if of == home)}" for home in homes)]


def _of_polars(tree: ast.Module, left_out: set[str]) -> list[ast.FunctionDef]:
    """The signatures that are passed on: all overloads of a method, or the method itself."""
    foreign = {
        name for name, home in _imports(tree).items() if any(one in home[0] or one in home[1] for one in FOREIGN)
    }
    found = []
    for node in _class(tree, "DataFrame").body:
        if isinstance(node, ast.FunctionDef) and node.name not in left_out:
            public = not node.name.startswith("_") or node.name in TYPED
            if public and not _decorators(node) & {"classmethod", "columns.setter"}:
                found.append(_signature(node))
    overloaded = {node.name for node in found if "overload" in _decorators(node)}
    unknown = {node.name for node in found if _names(node) & foreign}
    found = [node for node in found if node.name not in unknown]
    return [node for node in found if node.name not in overloaded or "overload" in _decorators(node)]


def _own(answer: ast.ClassDef) -> list[ast.stmt]:
    members: list[ast.stmt] = []
    for node in answer.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) != "__hash__":
            members.append(node)
        elif isinstance(node, ast.FunctionDef) and node.name not in {"__getattr__", "__post_init__", *TYPED}:
            members.append(_signature(node))
    return members


def _changing(module: ast.Module) -> set[str]:
    """The frame's methods that an answer does not pass on."""
    line = next(n for n in module.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "CHANGING")
    return {node.value for node in ast.walk(line) if isinstance(node, ast.Constant)}


def text() -> str:
    """The whole stub."""
    frame, module = (ast.parse(path.read_text(encoding="utf-8")) for path in (FRAME, BASE / "answers.py"))
    answer = _class(module, "Answer")
    own = _own(answer)
    named = {node.name for node in own if isinstance(node, ast.FunctionDef)}
    docstring = ast.Expr(ast.Constant(ast.get_docstring(answer, clean=False)))
    body = [docstring, *own, *_of_polars(frame, named | _changing(module))]
    told: ast.AST = ast.fix_missing_locations(ast.ClassDef("Answer", [], [], body, answer.decorator_list))
    told = _Plain().visit(told)
    imports = _imports(frame) | MORE | _imports(module)
    used = _names(told) | {"ParamSpec", "TypeVar"}
    lines = [HEAD.format(version=pl.__version__), *_import_lines(imports, used), *VARIABLES, ast.unparse(told)]
    return _formatted("\n".join(lines))


def _formatted(code: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(STUB), "-"]
    # our own text through our own formatter
    return subprocess.run(command, input=code, capture_output=True, text=True, check=True).stdout  # noqa: S603


if __name__ == "__main__":
    STUB.write_text(text(), encoding="utf-8")
