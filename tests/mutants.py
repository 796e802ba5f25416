"""Small wrong changes to single lines: what can be changed in a source, and the same change found again elsewhere."""

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

COMPARISONS = {
    ast.Lt: ("<", ("<=", ">")), ast.LtE: ("<=", ("<", ">=")), ast.Gt: (">", (">=", "<")), ast.GtE: (">=", (">", "<=")),
    ast.Eq: ("==", ("!=",)), ast.NotEq: ("!=", ("==",)), ast.Is: ("is", ("is not",)), ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)), ast.NotIn: ("not in", ("in",)),
}  # fmt: skip
OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "/"),
    ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.And: ("and", "or"), ast.Or: ("or", "and"),
}  # fmt: skip
_MIRRORS = (
    "any all", "min max", "first last", "head tail", "floor ceil", "is_null is_not_null", "startswith endswith",
    "any_horizontal all_horizontal", "min_horizontal max_horizontal", "cum_min cum_max", "arg_min arg_max",
    "union intersection", "append prepend", "backward_fill forward_fill", "is_first_distinct is_last_distinct",
)  # fmt: skip
NAMES = {a: b for pair in _MIRRORS for a, b in (pair.split(), reversed(pair.split()))}
ORDERED = {"sort": "descending", "sorted": "reverse", "sort_by": "descending"}
#: what has no meaning for a reader of results: whether a value is frozen, whether zip checks its lengths
UNTOLD = {"strict", "frozen", "slots", "ensure_ascii", "validate", "check_exact"}


@dataclass(frozen=True)
class Mutant:
    """One line as it is and as it would be; the lines around it and the function tell it from its doubles."""

    file: str
    line: int
    kind: str
    old: str
    new: str
    scope: str = ""
    before: str = ""
    after: str = ""

    @property
    def room(self) -> str:
        """The folder below the package."""
        parts = Path(self.file).parts
        return parts[1].removesuffix(".py") if len(parts) > 1 else parts[0]

    def parses(self, text: str) -> bool:
        """Is the changed source still Python?"""
        try:
            ast.parse(self.applied(text))
        except SyntaxError:
            return False
        return True

    def applied(self, text: str) -> str:
        """The source with this line changed."""
        lines = text.splitlines(keepends=True)
        there = lines[self.line - 1]
        if there.strip() != self.old:
            raise ValueError(f"{self.file}:{self.line} reads otherwise: {there.strip()}")
        lines[self.line - 1] = there.replace(self.old, self.new)
        return "".join(lines)


def mutants_of(file: str, text: str) -> list[Mutant]:
    """Every mutant of a source, in the order of its lines."""
    tree, lines = ast.parse(text), text.splitlines()
    scopes = _scopes(tree)
    found = {}
    for node in _code(tree):
        for kind, line, start, end, new in _changes(node, lines):
            raw = lines[line - 1].encode()
            changed = (raw[:start] + new.encode() + raw[end:]).decode()
            old, new_line = lines[line - 1].strip(), changed.strip()
            if old == new_line:
                continue
            around = [lines[at - 1].strip() if 0 < at <= len(lines) else "" for at in (line - 1, line + 1)]
            found.setdefault((line, new_line), Mutant(file, line, kind, old, new_line, scopes.get(line, ""), *around))
    return [found[key] for key in sorted(found)]


def found_again(mutant: Mutant, sources: dict[str, str]) -> Mutant | None:
    """The same change in sources whose files moved: the line with this text, in this function, between these lines."""
    candidates = []
    for file, text in sources.items():
        if mutant.old not in text:
            continue
        lines, scopes = [line.strip() for line in text.splitlines()], None
        for line, there in enumerate(lines, start=1):
            if there == mutant.old:
                scopes = scopes or _scopes(ast.parse(text))
                here = Mutant(
                    file, line, mutant.kind, mutant.old, mutant.new, scopes.get(line, ""),
                    lines[line - 2] if line > 1 else "", lines[line] if line < len(lines) else "",
                )  # fmt: skip
                alike = (here.scope == mutant.scope) * 3 + (here.before == mutant.before) + (here.after == mutant.after)
                same = (file == mutant.file) + (here.room == mutant.room)
                candidates.append((alike, same, -abs(line - mutant.line), here))
    return max(candidates, key=lambda candidate: candidate[:3])[3] if candidates else None


def _scopes(tree: ast.Module) -> dict[int, str]:
    """The function or class of every line."""
    scopes = {}

    def walk(node, name):
        for child in ast.iter_child_nodes(node):
            inner = name
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                inner = f"{name}.{child.name}".lstrip(".")
                scopes.update(dict.fromkeys(range(child.lineno, (child.end_lineno or child.lineno) + 1), inner))
            walk(child, inner)

    walk(tree, "")
    return scopes


def _code(node: ast.AST):
    """All nodes that compute something: no annotations, decorators, docstrings, ``__all__`` or type-checking blocks."""
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "type_params"}:
            continue
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.keyword) and node.arg in UNTOLD:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from _code(child)


def _between(lines, left, right, token):
    """Where an operator stands between two nodes, if on one line with nothing else of its letters between."""
    for line in range(left.end_lineno, right.lineno + 1):
        raw = lines[line - 1].encode()
        start = left.end_col_offset if line == left.end_lineno else 0
        end = right.col_offset if line == right.lineno else len(raw)
        pattern = rf"\b{token}\b" if token[0].isalpha() else re.escape(token)
        code = raw[start:end].decode().partition("#")[0]
        if match := re.search(pattern, code):
            return line, start + len(code[: match.start()].encode()), start + len(code[: match.end()].encode())
    return None


def _changes(node: ast.AST, lines: list[str]):
    """What may be changed at a node: kind, line, from and to in bytes, the new text."""
    if isinstance(node, ast.Compare):
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            old, news = COMPARISONS[type(operator)]
            if place := _between(lines, left, right, old):
                yield from (("comparison", *place, new) for new in news)
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS and not _is_text(node.left, node.right):
        old, new = OPERATORS[type(node.op)]
        if place := _between(lines, node.left, node.right, old):
            yield "operator", *place, new
    elif isinstance(node, ast.BoolOp):
        old, new = OPERATORS[type(node.op)]
        for left, right in pairwise(node.values):
            if place := _between(lines, left, right, old):
                yield "and/or", *place, new
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.Invert)):
        if node.lineno == node.operand.lineno:
            yield "sign", node.lineno, node.col_offset, node.operand.col_offset, ""
    elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name in NAMES:
            end = node.end_col_offset
            yield "mirror", node.end_lineno, end - len(name), end, NAMES[name]
    elif isinstance(node, ast.Constant):
        yield from _constant(node)
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from _dropped(lines, test)
    if isinstance(node, ast.Call):
        yield from _call(node, lines)


def _is_text(*nodes) -> bool:
    return any(isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str) for node in nodes)


def _constant(node: ast.Constant):
    place = node.lineno, node.col_offset, node.end_col_offset
    if isinstance(node.value, bool):
        yield "true/false", *place, str(not node.value)
    elif isinstance(node.value, (int, float)):
        yield from (("number", *place, repr(node.value + step)) for step in (1, -1))


def _dropped(lines, test: ast.expr):
    """A comprehension without this filter."""
    raw = lines[test.lineno - 1].encode()
    start = raw.rfind(b" if ", 0, test.col_offset)
    if start > 0 and test.lineno == test.end_lineno and not raw[start + 4 : test.col_offset].strip():
        yield "filter", test.lineno, start, test.end_col_offset, ""


def _call(node: ast.Call, lines: list[str]):
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in {"filter", "drop_nulls"} and isinstance(node.func, ast.Attribute):
        value = node.func.value
        start = value.end_col_offset if value.end_lineno == node.end_lineno else None
        if start is None and lines[node.end_lineno - 1].lstrip().startswith("."):
            start = len(lines[node.end_lineno - 1]) - len(lines[node.end_lineno - 1].lstrip())
        if start is not None and node.func.end_lineno == node.end_lineno:
            yield "filter", node.end_lineno, start, node.end_col_offset, ""
    if name in ORDERED and node.args and ORDERED[name] not in {keyword.arg for keyword in node.keywords}:
        line, end = node.end_lineno, node.end_col_offset - 1
        if lines[line - 1].encode()[:end].strip():
            yield "order", line, end, end, f", {ORDERED[name]}=True"
    if name in {"sort", "sort_by", "group_by", "over", "unique", "partition_by", "join"}:
        keys = [argument for argument in node.args if isinstance(getattr(argument, "value", None), str)]
        for left, right in pairwise(keys):
            if left.end_lineno == right.end_lineno:
                yield "key", left.end_lineno, left.end_col_offset, right.end_col_offset, ""


def by_room(mutants) -> dict[str, list[Mutant]]:
    """The mutants of each room."""
    rooms = defaultdict(list)
    for mutant in mutants:
        rooms[mutant.room].append(mutant)
    return dict(sorted(rooms.items()))
