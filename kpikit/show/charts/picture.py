"""From a chart to an SVG that stands in a page: drawn once wide and once narrow, in one locale."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from kpikit.languages import language
from kpikit.show.charts.tips import touchable, with_tips
from kpikit.show.page import Chart
from kpikit.words import Words

#: a specification and a locale → an SVG
Drawer = Callable[[str, str], str]


@dataclass(frozen=True)
class Drawn:
    """A chart at one width: the SVG, and the specification it was drawn from (Vega-Lite, compact JSON)."""

    svg: str
    spec: str


def numbers(name: str) -> str:
    """How a picture in a language writes its numbers and dates: the name that Vega knows.

    >>> numbers("en")
    'en-GB'
    """
    return language(name)["locale"].replace("_", "-")


_BEYOND = re.compile("[\U00010000-\U0010ffff]")


def drawn(spec: str, locale: str) -> str:
    """The SVG of a Vega-Lite specification. The first call starts a JavaScript engine, some tenths of a second."""
    import vl_convert

    known: Any = locale
    try:
        return vl_convert.vegalite_to_svg(spec, format_locale=known, time_format_locale=known)
    except ValueError:  # a label that is cut in the middle of an emoji stops the engine
        bare = _BEYOND.sub("\N{REPLACEMENT CHARACTER}", spec)
        if bare == spec:
            raise
        return vl_convert.vegalite_to_svg(bare, format_locale=known, time_format_locale=known)


#: who draws; a process that lives for one report only puts it off (:mod:`kpikit.report.making.deferred_charts`)
DRAWER: ContextVar[Drawer] = ContextVar("DRAWER", default=drawn)


def picture(chart: Chart, words: Words, width: int) -> Drawn:
    """The chart at that width: an SVG element without fixed size, named by its description."""
    from kpikit.show.charts.base import draw  # altair takes a second to import; who only starts reports does not draw

    spec = touchable(draw(with_tips(chart, words), words, width).to_dict(validate=False))  # tests validate every kind
    spec.pop("$schema", None)
    text = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
    return Drawn(
        accessible(DRAWER.get()(text, numbers(words.language)), chart.description.in_words(words)),
        text,
    )


def svg(chart: Chart, words: Words, width: int) -> str:
    """The chart as an SVG element of that width."""
    return picture(chart, words, width).svg


def pair(chart: Chart, words: Words) -> tuple[Drawn, Drawn]:
    """The chart drawn for a screen and for a telephone."""
    from kpikit.show.charts.base import NARROW, WIDE

    return picture(chart, words, WIDE), picture(chart, words, NARROW)


def accessible(picture: str, description: str) -> str:
    """The root element with a role and a name; the parts inside are decoration to a screen reader."""
    from markupsafe import escape

    return named(picture, f'role="img" aria-label="{escape(description)}"')


def named(picture: str, name: str) -> str:
    """An SVG without the names of its parts, with these attributes on its root."""
    inside = re.sub(r' (aria-\w+|role|aria-roledescription)="[^"]*"', "", picture)
    return inside.replace("<svg ", f"<svg {name} ", 1)
