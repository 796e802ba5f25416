"""What a failed notebook leaves: which cell it was, what the error said, and a page that shows both."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
#: where IPython says in which file an error arose
_FILE = re.compile(r"(?m)^(File )[^\n]*[/\\]([^/\\\n]+?:\d+)")


def without_places(notebook: Any, *more: Path) -> None:
    """Take the folders of this machine out of what the cells left; they name people and say nothing of the data."""
    places = _places(more)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output["text"] = _plain(output["text"], places)
            elif output.output_type == "error":
                output["evalue"] = _plain(output["evalue"], places)
                lines = (_COLOURS.sub("", line) for line in output["traceback"])
                output["traceback"] = [_FILE.sub(r"\1\2", _plain(line, places)) for line in lines]
            else:
                texts = {kind: text for kind, text in output["data"].items() if isinstance(text, str)}
                output["data"].update({kind: _plain(text, places) for kind, text in texts.items()})


def without_places_in(text: str, *more: Path) -> str:
    """The same for one text."""
    return _plain(text, _places(more))


def _places(more: tuple[Path, ...]) -> list[str]:
    """Folders that tell of the machine, the longest first; as they are, and as code writes them on Windows."""
    found = [*more, Path.cwd(), Path.home(), Path(sys.prefix), Path(__file__).parents[2], Path(tempfile.gettempdir())]
    texts = {str(path) for place in found for path in (place, place.resolve()) if len(path.parts) > 2}
    texts |= {text.replace("\\", "\\\\") for text in texts}
    return sorted(texts, key=len, reverse=True)


def _plain(text: str, places: list[str]) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")  # half a character can be raised, but not written
    for place in places:
        text = text.replace(place + os.sep, "").replace(place, "…")
    return text


def failing(notebook: Any) -> tuple[int, Any, Any] | None:
    """The number of the cell that failed (the first is 1), the cell, and its error."""
    return next(_errors(notebook), None)


def _errors(notebook: Any) -> Iterator[tuple[int, Any, Any]]:
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                yield number, cell, output


def page(notebook: Any, *, title: str, language: str) -> str:
    """The failing cell with its error as a page; ``#cell-NN`` is its anchor."""
    from kpikit.show.document import failed
    from kpikit.words import Words

    found = failing(notebook)
    number, cell, error = found or (0, {"source": ""}, {"ename": "", "evalue": "", "traceback": []})
    return failed(
        Words(language), title=title, cell=number, cells=len(notebook.cells), source=cell["source"],
        error=f"{error['ename']}: {error['evalue']}", trace="\n".join(error["traceback"]),
    )  # fmt: skip
