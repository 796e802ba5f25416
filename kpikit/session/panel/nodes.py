"""What the panel shows, as plain nodes: ``[tag, attributes, children]``, drawn by ``static/panel.js``, text as text."""

from __future__ import annotations

import json
from typing import Any

#: a text, or ``[tag, attributes, children]``
Node = str | list[Any]


def node(tag: str, *children: Node | None, do: dict[str, Any] | None = None, **attributes: Any) -> Node:
    """An element. ``do`` is what clicking (or choosing, or writing) it asks for; None, False and "" leave things out.

    >>> node("p", "Hello", cls="small", data_row=1)
    ['p', {'class': 'small', 'data-row': '1'}, ['Hello']]
    >>> node("button", "Pin", do={"do": "pin", "deal": "D1"})
    ['button', {'type': 'button', 'do': '{"do": "pin", "deal": "D1"}'}, ['Pin']]
    """
    named: dict[str, str] = {"type": "button"} if tag == "button" and "type" not in attributes else {}
    for name, value in attributes.items():
        if value is not None and value is not False:
            plain = "class" if name == "cls" else name.rstrip("_").replace("_", "-")
            named[plain] = "" if value is True else str(value)
    if do is not None:
        named["do"] = json.dumps(do, ensure_ascii=False)
    return [tag, named, [child for child in children if child is not None and child != ""]]


def button(said: str, do: dict[str, Any], **attributes: Any) -> Node:
    """A button that asks for something."""
    return node("button", said, do=do, **attributes)


def picture(svg: str) -> Node:
    """A picture that :mod:`kpikit.show.charts.picture` drew: its shapes and texts, and nothing else."""
    return ["svgtext", {"svg": svg}, []]


def texts(tree: Node) -> list[str]:
    """All that can be read in a tree, in order: for tests, and for comparing the screen with a page."""
    if isinstance(tree, str):
        return [tree]
    tag, attributes, children = tree
    own = [attributes[name] for name in ("placeholder", "title", "aria-label", "value") if name in attributes]
    return [*own, *([attributes["svg"]] if tag == "svgtext" else []), *(t for child in children for t in texts(child))]
