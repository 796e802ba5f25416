"""From a chart to an SVG that stands in a page: drawn once wide and once narrow, in one locale."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from kpikit.show.charts import NARROW, WIDE, draw
from kpikit.show.page import Chart
from kpikit.words import Words

_NUMBERS = {"en": "en-GB", "nl": "nl-NL"}
#: a specification and a locale → an SVG
Drawer = Callable[[str, str], str]


def drawn(spec: str, locale: str) -> str:
    """The SVG of a Vega-Lite specification. The first call starts a JavaScript engine, some tenths of a second."""
    import vl_convert

    known: Any = locale
    return vl_convert.vegalite_to_svg(spec, format_locale=known, time_format_locale=known)


#: who draws; a process that lives for one report only puts it off (:mod:`kpikit.report.drawing`)
DRAWER: ContextVar[Drawer] = ContextVar("DRAWER", default=drawn)


def svg(chart: Chart, words: Words, width: int) -> str:
    """The chart as an SVG element of that width, without fixed size, named by its description."""
    spec = draw(chart, words, width).to_dict(validate=False)  # tests validate every kind of chart
    picture = DRAWER.get()(json.dumps(spec), _NUMBERS[words.language])
    return accessible(picture, chart.description.in_words(words))


def pair(chart: Chart, words: Words) -> tuple[str, str]:
    """The chart drawn for a screen and for a telephone."""
    return svg(chart, words, WIDE), svg(chart, words, NARROW)


def accessible(picture: str, description: str) -> str:
    """The root element with a role and a name; the parts inside are decoration to a screen reader."""
    from markupsafe import escape

    return named(picture, f'role="img" aria-label="{escape(description)}"')


def named(picture: str, name: str) -> str:
    """An SVG without the names of its parts, with these attributes on its root."""
    inside = re.sub(r' (aria-\w+|role|aria-roledescription)="[^"]*"', "", picture)
    return inside.replace("<svg ", f"<svg {name} ", 1)
