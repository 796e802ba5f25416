"""Write the list in ``kpikit/book/taken_names.py``: names of columns that the program computes with.

Run it after a question got columns of a new name: an own field that is called so then stands beside them as ``own_…``.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "kpikit"
LIST = PACKAGE / "book" / "taken_names.py"
#: rooms that compute with the tables of a book
ROOMS = ("analysis", "book", "engine", "report", "review", "session", "stats")
#: methods whose keywords name columns, and those whose texts do
_KEYWORDS = {"with_columns", "agg", "select", "group_by", "struct", "DataFrame"}
_TEXTS = {"alias", "col", "rename", "with_row_index", "Series", "with_columns", "select", "agg", "group_by", "then",
          "otherwise", "unpivot", "value_counts"}  # fmt: skip


def used(source: str) -> Iterator[str]:
    """The names of columns in a module, as far as they are written out."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _KEYWORDS:
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)
        if name in _TEXTS:
            texts = (one for given in node.args for one in ast.walk(given))
            yield from (one.value for one in texts if isinstance(one, ast.Constant) and isinstance(one.value, str))


def names() -> list[str]:
    """All names in the package that an own field could bear, in order."""
    files = (path for room in ROOMS for path in (PACKAGE / room).rglob("*.py"))
    found = {name for path in files for name in used(path.read_text(encoding="utf-8"))}
    return sorted(name for name in found if name.isidentifier() and name.islower() and name[0].isalpha())


def main() -> None:
    """Write the list in place."""
    text = LIST.read_text(encoding="utf-8")
    begin, end = text.index('"""\n    ') + 4, text.index('\n    """.split()')
    body = textwrap.fill(" ".join(names()), 114, initial_indent="    ", subsequent_indent="    ")
    LIST.write_text(text[:begin] + body + text[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
