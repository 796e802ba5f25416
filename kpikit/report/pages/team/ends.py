"""What became of a hundred deals in one stage, now and before, with those still waiting."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.team import HORIZON_DAYS, TeamFigures
from kpikit.report.pages.wording import refused, side, size, surest, unnoticed
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Page, message

_PARTS = ("on", "back", "lost", "other", "still_there")


def page(figures: TeamFigures) -> Page | None:
    """What became of a hundred deals in one stage, now and before, with those still waiting."""
    if figures.is_few:
        return None
    if figures.refused:
        return refused("ends", "page.ends.title.refused", figures.refused, terms=("ended",))
    rows = surest(figures.changes.filter(pl.col("figure") == "still_there"))
    unknown = message("page.ends.title.unknown")
    if not rows:
        return Page("ends", unknown, unnoticed("ends", rows), folded=True, terms=("ended",))
    top = rows[0] if rows[0]["certainty"] != "unknown" else max(rows, key=lambda row: row["n"])
    chart = _chart(figures, top["stage"])
    if top["certainty"] == "unknown":
        return Page("ends", unknown, unnoticed("ends", rows), chart, folded=True, terms=("ended",))
    now, before = (_still(frame, top["stage"]) for frame in (figures.ends, figures.ends_before))
    window = message(f"window.{top['window']}")
    values = {"stage": top["stage"], "now": now, "before": before, "days": HORIZON_DAYS, "window": window}
    sentence = (
        message("page.ends.sentence", **values),
        message(f"page.ends.change.{side(top)}", change=size(top)),
        message("page.ends.n", n=now.n, n_before=before.n),
    )
    title = message(f"page.ends.title.{top['certainty']}.{side(top)}", **values)
    question = message("page.ends.question", stage=top["stage"])
    return Page("ends", title, sentence, chart, question, top["certainty"], terms=("ended",))


def _still(shares: pl.DataFrame, stage: str) -> Estimate:
    return Estimate.of(shares.filter((pl.col("stage") == stage) & (pl.col("exit") == "still_there")).to_dicts()[0])


def _chart(figures: TeamFigures, stage: str) -> Chart:
    rows = []
    for window, frame in ((figures.ends_window.now, figures.ends), (figures.ends_window.before, figures.ends_before)):
        shares = {row["exit"]: row["value"] for row in frame.filter(pl.col("stage") == stage).to_dicts()}
        if shares.get("still_there") is None:
            continue
        known = {part: shares[part] for part in ("on", "back", "lost", "still_there") if shares.get(part) is not None}
        known["other"] = max(1 - sum(known.values()), 0.0)
        label = message("key.period", period=window)
        rows += [
            {"label": label, "part": "waiting" if part == "still_there" else part, "share": known[part]}
            for part in _PARTS
            if known.get(part, 0) > 0.005
        ]
    parts = dict.fromkeys(row["part"] for row in rows)
    return Chart(
        "hundreds",
        pl.DataFrame(rows, schema={"label": pl.Object, "part": pl.String, "share": pl.Float64}),
        message("page.ends.chart", stage=stage, days=HORIZON_DAYS),
        key=tuple((part, message(f"part.{part}")) for part in parts),
    )
