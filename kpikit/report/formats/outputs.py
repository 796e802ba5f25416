"""What the cells of an executed notebook show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def shown(notebook: Any, mime: str) -> Iterator[Any]:
    """Everything that the cells show in one format, in order."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if mime in output.get("data", {}):
                yield output["data"][mime]
