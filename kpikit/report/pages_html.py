"""An executed notebook → one HTML file that works with the network off."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any


@cache
def _exporter() -> Any:
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    folder = str(resources.files("kpikit.report").joinpath("nbconvert"))
    config = Config({"HTMLExporter": {"extra_template_basedirs": [folder]}})
    return HTMLExporter(template_name="kpikit", config=config)


def to_html(notebook: Any, *, title: str, language: str) -> str:
    """The displayed pages of an executed notebook as one document; code is not shown."""
    html, _ = _exporter().from_notebook_node(notebook, {"kpikit": {"title": title, "language": language}})
    return html
