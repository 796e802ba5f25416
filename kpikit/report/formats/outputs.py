"""What the cells of an executed notebook show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: what a page shows besides HTML and text: its facts; what a report's heading shows
PAGE_MIME = "application/vnd.kpikit.page+json"
REPORT_MIME = "application/vnd.kpikit.report+json"
#: under this kind a notebook keeps the figures that a run remembers, as codes and numbers; all stand on its pages too
FIGURES_MIME = "application/vnd.kpikit.figures+json"


def shown(notebook: Any, mime: str) -> Iterator[Any]:
    """Everything that the cells show in one format, in order."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if mime in output.get("data", {}):
                yield output["data"][mime]
