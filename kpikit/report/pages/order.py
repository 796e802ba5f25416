"""Which pages a report shows, and in which order: its template says so, and nothing else does."""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TypeVar

from kpikit.shipped import shipped
from kpikit.show.page import Page

F = TypeVar("F")
_CELL = re.compile(r"""^\s*\w+\[["'](\w+)["']\]\s*$""", re.MULTILINE)
BACK = "back"


def names_in(source: str) -> tuple[str, ...]:
    """The pages that a cell of a template shows.

    >>> names_in('report["front"]')
    ('front',)
    """
    return tuple(_CELL.findall(source))


@cache
def order(template: str) -> tuple[str, ...]:
    """The pages of a template that comes with kpikit, as its cells show them.

    >>> order("team-review")[0]
    'front'
    """
    notebook = json.loads((shipped("templates") / f"{template}.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return tuple(name for source in cells for name in names_in(source))


def pages_in(room: str, path: Sequence[str]) -> dict[str, Callable[..., Page | None]]:
    """The pages of a room by name: every module in it has a function ``page`` from figures to a page."""
    return {found.name: import_module(f"{room}.{found.name}").page for found in pkgutil.iter_modules(path)}


def written(
    figures: F,
    template: str,
    pages: Mapping[str, Callable[[F], Page | None]],
    back: Callable[[F, Sequence[Page]], Page],
) -> tuple[Page, ...]:
    """All pages of a report; the back matter tells of those that had nothing to say."""
    made = [page for name in order(template) if name != BACK and (page := pages[name](figures)) is not None]
    return (*made, back(figures, [page for page in made if page.folded]))
