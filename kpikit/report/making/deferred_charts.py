"""Charts drawn later: a report's process leaves a place for each, a process that lives longer fills them.

Starting a drawing engine costs more than a report's figures; so it is started once for all reports.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kpikit.show.charts.picture import DRAWER, drawn, named

_PLACE = re.compile(r'<svg (role="img" aria-label="[^"]*") data-drawing="(\w+)"></svg>')
#: key → specification and locale
Drawings = Mapping[str, tuple[str, str]]


@contextmanager
def put_off() -> Iterator[dict[str, tuple[str, str]]]:
    """Within this, charts become places; what belongs there is in the mapping."""
    later: dict[str, tuple[str, str]] = {}

    def place(spec: str, locale: str) -> str:
        key = hashlib.sha256(f"{locale}{spec}".encode()).hexdigest()[:24]
        later[key] = (spec, locale)
        return f'<svg data-drawing="{key}"></svg>'

    token = DRAWER.set(place)
    try:
        yield later
    finally:
        DRAWER.reset(token)


def fill(notebook: Any, drawings: Drawings) -> None:
    """Draw what was put off, in every HTML output of the notebook. A place that nobody put off stays as it is."""
    pictures: dict[str, str] = {}

    def picture(place: re.Match[str]) -> str:
        key = place[2]
        if key not in drawings:
            return place[0]
        if key not in pictures:
            pictures[key] = drawn(*drawings[key])
        return named(pictures[key], place[1])

    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "text/html" in data:
                data["text/html"] = _PLACE.sub(picture, data["text/html"])
