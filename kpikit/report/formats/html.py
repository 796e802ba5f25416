"""An executed notebook → one HTML file that works with the network off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from kpikit.report.formats import vega as live
from kpikit.report.formats.outputs import PAGE_MIME, REPORT_MIME, shown
from kpikit.schema import Look
from kpikit.show.document import policy, stylesheet
from kpikit.show.theme import PLAIN
from kpikit.words import Words

_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


@cache
def _exporter() -> Any:
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    folder = str(resources.files("kpikit.report").joinpath("nbconvert"))
    config = Config({"HTMLExporter": {"extra_template_basedirs": [folder]}})
    return HTMLExporter(template_name="kpikit", config=config)


def to_html(notebook: Any, *, title: str, language: str, static: bool = False, theme: Look | None = None) -> str:
    """The displayed pages of an executed notebook as one document; code is not shown.

    Args:
        notebook: executed, its charts drawn.
        title: of the document.
        language: one of ``kpikit.languages.LANGUAGES``.
        static: leave out all script; the charts are pictures then, and only pictures.
        theme: the look of a notebook that shows no heading of ours; else its heading has brought the look along.
    """
    from nbconvert.exporters.templateexporter import TemplateExporter

    charts = [] if static else list(_charts(notebook))
    footer = next((told.get("footer", "") for told in shown(notebook, REPORT_MIME)), theme.footer if theme else "")
    loader, bundle = (live.loader(), live.bundle()) if charts else ("", "")
    values = {
        "title": title, "language": language, "style": _style(notebook, theme), "charts": charts,
        "paper": _paper(title), "footer": footer,
        "skip": Words(language).say("page.skip"), "policy": policy(*filter(None, (loader, bundle))),
        "loader": loader, "bundle": bundle,
        "locale": live.locale(language) if charts else "",
    }  # fmt: skip
    # HTMLExporter's own method would parse the page once more, to name pictures and cells that our pages do not have
    html, _ = TemplateExporter.from_notebook_node(_exporter(), notebook, {"kpikit": values})
    return html


def _charts(notebook: Any) -> Iterator[dict[str, str]]:
    """The specifications that the pages brought along, each with its page and its width."""
    for facts in shown(notebook, PAGE_MIME):
        for width, spec in facts.get("charts", {}).items():
            yield {"page": facts["id"], "width": width, "spec": live.as_data(spec)}


def _style(notebook: Any, theme: Look | None) -> str:
    """The stylesheet that a heading brought along, or else the look of this theme."""
    found = next((html for html in shown(notebook, "text/html") if html.startswith("<style>")), "")
    brought = _STYLE.match(found)
    return brought[0] if brought else f"<style>{stylesheet(theme or PLAIN)}</style>"


def _paper(title: str) -> str:
    """What stands at the foot of each printed page: whose report it is, and which page of how many."""
    text = "".join(letter if letter.isascii() and letter.isalnum() else f"\\{ord(letter):x} " for letter in title)
    foot = "font:8pt var(--font);color:#59616b"
    return (
        f'<style>@page{{@bottom-left{{content:"{text}";padding-left:8mm;{foot}}}'
        f'@bottom-right{{content:counter(page) " / " counter(pages);padding-right:8mm;{foot}}}}}</style>'
    )
