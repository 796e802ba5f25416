"""From a chart to an SVG that stands in a page: drawn once wide and once narrow, in one locale."""

from __future__ import annotations

import json
import re
from typing import Any

from kpikit.show.charts import NARROW, WIDE, draw
from kpikit.show.page import Chart
from kpikit.words import Words

_NUMBERS = {"en": "en-GB", "nl": "nl-NL"}


def svg(chart: Chart, words: Words, width: int) -> str:
    """The chart as an SVG element of that width, without fixed size, named by its description."""
    import vl_convert

    spec = draw(chart, words, width).to_dict()
    locale: Any = _NUMBERS[words.language]
    picture = vl_convert.vegalite_to_svg(json.dumps(spec), format_locale=locale, time_format_locale=locale)
    return _accessible(picture, chart.description.in_words(words))


def pair(chart: Chart, words: Words) -> tuple[str, str]:
    """The chart drawn for a screen and for a telephone."""
    return svg(chart, words, WIDE), svg(chart, words, NARROW)


def _accessible(picture: str, description: str) -> str:
    """The root element with a role and a name; the parts inside are decoration to a screen reader."""
    from markupsafe import escape

    inside = re.sub(r' (aria-\w+|role|aria-roledescription)="[^"]*"', "", picture)
    return inside.replace("<svg ", f'<svg role="img" aria-label="{escape(description)}" ', 1)
