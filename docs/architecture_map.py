"""Writes the module map into ARCHITECTURE.md (``python docs/architecture_map.py``): a room says what it is for."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kpikit"
BEGIN, END = "## Module map\n", "\nBeside the package:"


def says(path: Path) -> str:
    """The first sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).rstrip(".")


def rows() -> list[str]:
    """A row a room, the modules of plain data and rules first."""
    single = sorted(path for path in PACKAGE.glob("*.py") if path.stem not in ("__init__", "__main__"))
    made = [f"| `{path.relative_to(ROOT).as_posix()}` | | {says(path)} |" for path in single]
    for window in sorted(PACKAGE.rglob("__init__.py")):
        room = window.parent
        if room == PACKAGE or "shipped" in room.parts:
            continue
        modules = ", ".join(f"`{path.stem}`" for path in sorted(room.glob("*.py")) if path.stem != "__init__")
        made.append(f"| `{room.relative_to(ROOT).as_posix()}/` | {modules} | {says(window)} |")
    return made


def written(text: str) -> str:
    """ARCHITECTURE.md with the map as the package is now."""
    before, rest = text.split(BEGIN)
    after = rest[rest.index(END) :]
    table = "\n".join(["| room | modules | what for |", "|---|---|---|", *rows()])
    return f"{before}{BEGIN}\n{table}\n{after}"


if __name__ == "__main__":
    page = ROOT / "ARCHITECTURE.md"
    page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")
