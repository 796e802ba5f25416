"""The one finding, what was won, and how sure the rest is."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.team import TeamFigures
from kpikit.report.pages.wording import alone, side, size, surest
from kpikit.show.page import Chart, Message, Page, message


def page(figures: TeamFigures) -> Page:
    """The one finding, what was won, and how sure the rest is; with few deals, that each is talked about."""
    if figures.is_few:
        return _of_few(figures)
    rows = surest(figures.changes)
    sure = [row for row in rows if row["certainty"] == "clear"]
    hints = [row for row in rows if row["certainty"] == "hint"]
    n_unknown = sum(row["certainty"] == "unknown" for row in rows)
    sentence = [*_won(figures)]
    if rows:
        sentence += [message("page.front.clear", n=len(sure))] if sure else [message("page.front.none_clear")]
        sentence += [message("page.front.unknown", n=n_unknown)] if n_unknown else []
    chart = _findings_chart(rows[:3]) if rows else None
    question = message("page.front.question" if sure or hints else "page.front.question.unknown")
    title = _title(figures.refused, sure, hints)
    return Page("front", title, tuple(sentence), chart, question, terms=("clear",))


def _title(refused: str | None, sure: list[dict], hints: list[dict]) -> Message:
    if refused:
        return message("page.front.title.refused", reason=message(f"reason.{refused}"))
    if not sure and not hints:
        return message("page.front.title.unknown")
    top = (sure or hints)[0]
    code = f"page.front.title.{top['figure']}.{side(top)}.{'clear' if sure else 'hint'}"
    return message(code, stage=top["stage"], change=size(top), n=len(sure))


def _of_few(figures: TeamFigures) -> Page:
    n = figures.n_deals
    return Page(
        "front",
        message("page.front.title.few", n=n, count=message(f"count.{n}")),
        tuple(_won(figures)),
        question=message("page.front.question.few"),
        terms=("clear",),
    )


def _won(figures: TeamFigures) -> list[Message]:
    """What was won, beside the last eight periods."""
    first_on = figures.period.first_on
    counts = figures.wins.filter(pl.col("figure") == "won").sort("period")
    value = figures.wins.filter((pl.col("figure") == "won_value") & (pl.col("period") == first_on))
    if counts["value"].is_null().all():
        return [message("page.front.won.refused")]
    earlier = counts.filter(pl.col("period") < first_on)
    covered = earlier.filter(pl.col("period") >= figures.whole_from) if figures.whole_from else earlier
    now = int(counts.filter(pl.col("period") == first_on)["value"][0])
    parts = [message("page.front.won", n=now, value=alone(value["value"][0], "money"))]
    if value["status"][0] == "refused":
        parts = [message("page.front.won.mixed", n=now)]
    if value["n_unpriced"][0]:
        parts.append(message("page.front.unpriced", n=value["n_unpriced"][0]))
    if covered.height >= 2:
        low, high = int(covered["value"].min()), int(covered["value"].max())  # type: ignore[arg-type]
        parts.append(message("page.front.won.range", n=covered.height, low=low, high=high))
    return parts


def _findings_chart(rows: list[dict]) -> Chart:
    data = pl.DataFrame(
        {
            "label": [_label(row) for row in rows],
            "value": [row["value"] for row in rows],
            "low": [row["low" if row["certainty"] == "clear" else "low_together"] for row in rows],
            "high": [row["high" if row["certainty"] == "clear" else "high_together"] for row in rows],
            "certainty": [row["certainty"] for row in rows],
        },
        schema={"label": pl.Object, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "certainty": pl.String},
        strict=False,
    )
    return Chart("findings", data, message("page.front.chart", n=len(rows)))


def _label(row: dict) -> Message:
    code = f"finding.{row['figure']}"
    if row["certainty"] == "unknown":
        known = row["noticeable"] is not None
        noticeable = alone(row["noticeable"], row["unit"])
        return message(f"{code}.unknown" if known else "finding.unknown", stage=row["stage"], noticeable=noticeable)
    window = message(f"window.{row['window']}")
    return message(f"{code}.{side(row)}", stage=row["stage"], change=size(row), window=window)
