"""Live charts in a page: Vega once, a small loader, and nothing from elsewhere."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import Any

from kpikit.files import user_folder, write_whole
from kpikit.show.charts.picture import numbers


@cache
def bundle() -> str:
    """Vega, Vega-Lite, Vega-Embed and our few lines as one script; made once a version, kept in the user's cache."""
    import vl_convert

    own = _own("chart.js")
    named = hashlib.sha256(f"{version('vl-convert-python')}{own}".encode()).hexdigest()[:16]
    kept = user_folder("cache") / f"vega-{named}.js"
    with suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8")
    made = f'(()=>{{"use strict";{vl_convert.javascript_bundle(own)}}})();'
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, made)
    return made


@cache
def loader() -> str:
    """The script that draws each chart when it comes into view."""
    return _own("loader.js")


@cache
def locale(language: str) -> str:
    """How live charts write numbers and dates, as JSON for the page: as their pictures do."""
    import vl_convert

    name: Any = numbers(language)
    found = {"numbers": vl_convert.get_format_locale(name), "times": vl_convert.get_time_format_locale(name)}
    return as_data(json.dumps(found, ensure_ascii=False, separators=(",", ":")))


def as_data(text: str) -> str:
    """JSON as it may stand in a ``<script type="application/json">``: nothing in it ends the element."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _own(name: str) -> str:
    return resources.files("kpikit.report").joinpath("js", name).read_text(encoding="utf-8")
