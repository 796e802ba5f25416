"""Step curves for notebooks: a band around each, the numbers still in view under the axis, and a picture that stays.

What is drawn is an SVG inside the notebook: it needs no network and no script, is named by its description, and follows
the notebook's light or dark.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from kpikit.show.charts.cohorts import cohorts, curve_rows
from kpikit.show.charts.picture import accessible
from kpikit.show.theme import COLOURS, colour, vega_config
from kpikit.words import Words

#: colours of three cohorts in a notebook, the oldest first
_AGES = ("before", "now", "waiting")

#: Okabe and Ito's colours that can be told from paper, light and dark, each with a stroke of its own
STROKES = (
    ("curve-1", "#0072b2", "#56b4e9", []),
    ("curve-2", "#d55e00", "#e69f00", [7, 3]),
    ("curve-3", "#1b1f24", "#e8eaed", [2, 3]),
    ("curve-4", "#a8467f", "#cc79a7", [10, 3, 2, 3]),
    ("curve-5", "#007a59", "#009e73", [4, 2]),
    ("curve-6", "#7a6a00", "#f0e442", [1, 2]),
)
#: steps drawn of a curve at most; more cannot be seen
MOST_STEPS = 60
#: a curve is drawn as far as so many are in view
IN_VIEW = 5
_WIDTH, _HEIGHT = 620, 300


@dataclass(frozen=True, repr=False)
class Picture:
    """A chart as it stands in a notebook: ``spec`` (Vega-Lite) and ``svg``."""

    spec: dict[str, Any]
    svg: str

    def __repr__(self) -> str:
        return f"Picture: {self.spec['description']}"

    def _repr_html_(self) -> str:
        return f"<style>{_tokens()}</style><figure class='kpikit-curves' style='margin:0'>{self.svg}</figure>"

    def png(self, *, dark: bool = False, scale: float = 2) -> bytes:
        """The picture as PNG, on paper or in the dark."""
        import vl_convert

        values = {name: pair[dark] for name, pair in _pairs().items()}
        fixed = re.sub(r"var\(--([\w-]+), #\w+\)", lambda found: values[found[1]], json.dumps(self.spec))
        spec = json.loads(fixed)
        spec["background"] = values["paper"]
        return vl_convert.vegalite_to_png(json.dumps(spec), scale=scale)


def curve_chart(
    curves: pl.DataFrame,
    *,
    description: str,
    named: str = "stage",
    exit: str = "still_there",  # noqa: A002 - the column's own name
    until: float | None = None,
    language: str = "en",
) -> Picture:
    """Curves of :func:`kpikit.velocity.curves` as steps with bands, and how many were still in view under the axis.

    Args:
        curves: rows of ``velocity.curves``; several frames may be put together with a column that names them.
        description: what there is to see, in a sentence, for whoever cannot see it.
        named: the column that tells the curves apart (six at most).
        exit: the share that is drawn: ``still_there``, or one of the ways of leaving.
        until: where the axis ends; by default where fewer than five are in view in every curve.
        language: of the axes.

    Returns:
        A picture, which a notebook shows; every curve has at most sixty steps, and ends where fewer than five are in
        view.

    Raises:
        ValueError: the description is empty, or there are more than six curves.

    Example:
        >>> import kpikit
        >>> curves = kpikit.velocity.curves(kpikit.open_book("demo"))
        >>> picture = curve_chart(curves, description="Qualify is left soonest.")
        >>> picture.svg[:14]
        '<svg role="img'
    """
    import vl_convert

    rows = curves.filter((pl.col("exit") == exit) & (pl.col("status") == "ok")).sort("time", maintain_order=True)
    names = list(dict.fromkeys(curves[named].drop_nulls()))
    if not description.strip() or len(names) > len(STROKES):
        raise ValueError(f"a description, and at most {len(STROKES)} curves: {len(names)} in {named!r}")
    words = Words(language)
    steps = {str(name): _steps(rows.filter(pl.col(named) == name), exit) for name in names}
    end = until or max((step[-1]["time"] for step in steps.values() if step), default=1.0)
    unit = next(iter(curves["unit"]), "day")
    spec = _drawn(steps, _in_view(rows, named, names, end), end, exit, unit, words)
    spec["description"] = description
    return Picture(spec, accessible(vl_convert.vegalite_to_svg(json.dumps(spec)), description))


def _steps(curve: pl.DataFrame, exit: str) -> list[dict[str, Any]]:  # noqa: A002
    """The curve from its beginning on as at most sixty steps, evenly over its exits."""
    if not curve.height:
        return []
    seen = curve.filter(pl.col("n_at_risk") >= IN_VIEW)
    last = min(seen.height, MOST_STEPS - 1)
    places = sorted({round(i * (seen.height - 1) / max(last - 1, 1)) for i in range(last)})
    start = 1.0 if exit == "still_there" else 0.0
    first = {"time": curve["from_age"].item(0) or 0.0, "value": start, "low": start, "high": start}
    return [first, *seen[places].select("time", "value", "low", "high").to_dicts()]


def _ticks(end: float) -> list[float]:
    """Round times from 0 on, seven at most."""
    sizes = [size * 10**power for power in range(6) for size in (1, 2, 3, 5)]
    step = next((size for size in sizes if end / size < 7), end)
    return [step * i for i in range(int(end // step) + 1)]


def _in_view(rows: pl.DataFrame, named: str, names: Sequence[Any], end: float) -> list[dict[str, Any]]:
    """For each curve and tick: how many were in view at the next exit from then on."""
    table = []
    for name in names:
        curve = rows.filter(pl.col(named) == name)
        for tick in _ticks(end):
            later = curve.filter(pl.col("time") >= tick)["n_at_risk"]
            table.append({"curve": str(name), "time": tick, "n": later.item(0) if len(later) else 0})
    return table


def _drawn(
    steps: dict[str, list[dict[str, Any]]],
    in_view: list[dict[str, Any]],
    end: float,
    share: str,
    unit: str,
    words: Words,
) -> dict[str, Any]:
    """Curves and bands over one axis of time, and the table under it, whose headings name the strokes."""
    import altair as alt

    names = list(steps)
    flat = [{"curve": n, **s} for n, some in steps.items() for s in some if s["time"] <= end]
    for row in flat:
        row.update({k: None if row[k] is None else 100 * row[k] for k in ("value", "low", "high")})
    tint = alt.Color("curve:N", legend=None, scale=alt.Scale(domain=names, range=[_tint(i) for i in range(len(names))]))
    strokes = [dash or [1, 0] for _, _, _, dash in STROKES[: len(names)]]
    dash = alt.StrokeDash("curve:N", legend=None, scale=alt.Scale(domain=names, range=strokes))
    scale = alt.Scale(domain=[0, end], nice=False)
    axis = alt.Axis(values=_ticks(end), format=".0f", grid=False, labelFlush=False)
    x = alt.X("time:Q", title=words.say(f"curve.axis.{unit}"), scale=scale, axis=axis)
    levels = alt.Axis(grid=True, domain=False, ticks=False, values=[0, 25, 50, 75, 100])
    height = alt.Scale(domain=[0, 100])
    base = alt.Chart(alt.InlineData(values=tuple(flat)))
    bands = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    bands = bands.mark_area(opacity=0.16, interpolate="step-after").encode(
        x=x, y=alt.Y("low:Q", title=None, scale=height, axis=levels), y2=alt.Y2("high:Q"), color=tint
    )
    lines = base.mark_line(strokeWidth=2.2, interpolate="step-after").encode(
        x=x, y=alt.Y("value:Q", title=None, scale=height, axis=levels), color=tint, strokeDash=dash
    )
    upper = alt.layer(bands, lines).properties(
        width=_WIDTH, height=_HEIGHT, title=_heading(words, f"curve.share.{share}")
    )
    headings = alt.Axis(domain=False, ticks=False, labelPadding=56, labelFontSize=13, labelColor=colour("ink"))
    table = alt.Chart(alt.InlineData(values=tuple(in_view))).encode(
        y=alt.Y("curve:N", sort=names, title=None, axis=headings)
    )
    numbers = table.mark_text(fontSize=12).encode(x=alt.X("time:Q", axis=None, scale=scale), text=alt.Text("n:Q"))
    key = table.transform_filter("datum.time == 0").mark_rule(strokeWidth=3)
    key = key.encode(x=alt.XValue(-50), x2=alt.X2Value(-22), color=tint, strokeDash=dash)
    lower = alt.layer(numbers, key).properties(
        width=_WIDTH, height=alt.Step(21), title=_heading(words, "curve.in_view")
    )
    return alt.vconcat(upper, lower, spacing=12).configure(**vega_config()).to_dict()


def _heading(words: Words, code: str) -> Any:
    """A quiet heading above a part of the picture."""
    import altair as alt

    return alt.Title(words.say(code), anchor="start", fontSize=12, fontWeight="normal", color=colour("muted"), offset=8)


def _tint(i: int) -> str:
    name, light, _, _ = STROKES[i]
    return f"var(--{name}, {light})"


def _pairs() -> dict[str, tuple[str, str]]:
    """Every token that a picture uses, light and dark."""
    return {name: (light, dark) for name, light, dark, _ in STROKES} | COLOURS


def _tokens() -> str:
    """The tokens as CSS: light, dark where the reader's system or JupyterLab is."""
    light, dark = (";".join(f"--{name}:{pair[i]}" for name, pair in _pairs().items()) for i in (0, 1))
    return (
        f".kpikit-curves{{{light};max-width:48rem}}.kpikit-curves svg{{max-width:100%;height:auto}}"
        f"@media screen and (prefers-color-scheme:dark){{.kpikit-curves{{{dark}}}}}"
        f'[data-jp-theme-light="true"] .kpikit-curves{{{light}}}[data-jp-theme-light="false"] .kpikit-curves{{{dark}}}'
    )


def win_curve_picture(curves: pl.DataFrame, *, description: str, language: str = "en") -> Picture:
    """Win curves of up to three cohorts for a notebook: bands, numbers in view below, hollow where a cohort is young.

    Args:
        curves: of :func:`kpikit.cohorts.win_curves`, asked ``at=TICKS``.
        description: what there is to see, in a sentence, for whoever cannot see it.
        language: of the words in the picture.

    Raises:
        ValueError: the description is empty, or there are more than three cohorts.
    """
    import vl_convert

    usable = curves.filter(pl.col("value").is_not_null())
    parts = usable.sort("cohort", "time").partition_by("cohort", maintain_order=True)
    if not description.strip() or len(parts) > len(_AGES):
        raise ValueError(f"a description, and at most {len(_AGES)} cohorts: {len(parts)}")
    words = Words(language)
    named = zip(_AGES[-len(parts) :], parts, strict=True)
    rows = [row for which, part in named for row in curve_rows(part, which, words.month(part["cohort"][0]))]
    spec = cohorts(rows, words, 700).properties(description=description).configure(**vega_config()).to_dict()
    return Picture(spec, accessible(vl_convert.vegalite_to_svg(json.dumps(spec)), description))
