"""At which stage deals were lost, and why."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.losses import FEW, UNTOLD
from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.losses import few, is_refused, label, refused_page
from kpikit.report.pages.wording import looked_back
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, message

#: the most frequent reasons have a column each, the others one together
COLUMNS = 6


def page(figures: WinLossFigures) -> Page:
    """At which stage deals were lost, and why."""
    losses = figures.losses
    found, stages = losses.after, losses.stages
    after = found.rows.to_dicts()[0]
    if after["n"] is None:
        return refused_page("where", found.rows)
    if after["n"] < FEW:
        return few("where", after["n"])
    known = stages.filter(pl.col("status") == "ok")
    if after["status"] != "ok" and not known.height:
        return refused_page("where", stages if is_refused(stages) else found.rows)
    chart = _cells(known) if known.height else None
    if after["status"] == "ok":
        title = _tenths("page.where.title.offer", after["value"])
        lost = message("page.where.offer", k=after["n_events"], n=after["n"], share=Estimate.of(after))
    else:
        top = known.group_by("stage", maintain_order=True).agg(pl.col("n_events").sum(), pl.col("n").first())
        stage, k, n = top.sort("n_events", descending=True, maintain_order=True).row(0)
        title = _tenths("page.where.title.stage", k / n, stage=stage or message("label.no_stage"))
        lost = message("page.where.stage", k=k, n=n, stage=stage or message("label.no_stage"))
    untold = (message("page.where.untold", n=after["n_untold"]),) if after["n_untold"] else ()
    question = message("page.where.question" if after["status"] == "ok" else "page.where.question.stage")
    return Page("where", title, (*looked_back(found), lost, *untold), chart, question, terms=("hundred",))


def _tenths(code: str, share: float, **values: object) -> Message:
    """Six in ten …; a form of its own for hardly any and for nearly all."""
    n = round(10 * share)
    if n in (0, 10):
        return message(f"{code}.{'none' if n == 0 else 'all'}", **values)
    return message(code, tens=message(f"count.{n}"), **values)


def _cells(rows: pl.DataFrame) -> Chart:
    """Stages down, reasons across; the rarer reasons together, blank and unknown in columns of their own."""
    key = pl.when(pl.col("group") == "other").then("loss_reason").when(pl.col("group") != "rest").then("group")
    rows = rows.with_columns(_key=key, _untold=pl.col("group").is_in(UNTOLD))
    sizes = (
        rows.filter(~pl.col("_untold") & pl.col("_key").is_not_null()).group_by("_key").agg(pl.col("n_events").sum())
    )
    kept = sizes.sort("n_events", "_key", descending=[True, False]).head(COLUMNS)["_key"].to_list()
    folded = pl.when(pl.col("_untold") | pl.col("_key").is_in(kept)).then("_key").otherwise(pl.lit(None, pl.String))
    counted = rows.with_columns(_column=folded).group_by("stage", "_column", maintain_order=True).agg(
        pl.col("n_events").sum(), pl.col("group", "loss_reason", "_untold").first()
    )  # fmt: skip
    place = {name: i for i, name in enumerate(kept)} | {None: 97, "unknown": 98, "blank": 99}
    stages = counted["stage"].unique(maintain_order=True).to_list()
    cells = sorted(counted.to_dicts(), key=lambda row: (stages.index(row["stage"]), place[row["_column"]]))
    order = sorted({row["_column"] for row in cells}, key=lambda name: place[name])
    first = {name: next(row for row in cells if row["_column"] == name) for name in order}
    labels = {name: message("label.rest") if name is None else label(row) for name, row in first.items()}
    data = [
        {
            "label": row["stage"] or message("label.no_stage"), "column": labels[row["_column"]],
            "n": row["n_events"], "is_untold": row["_untold"], "place": order.index(row["_column"]),
        }
        for row in cells
    ]  # fmt: skip
    schema = {"label": pl.Object, "column": pl.Object, "n": pl.Int64, "is_untold": pl.Boolean, "place": pl.Int64}
    key_of = (("now", message("key.told")), ("before", message("key.untold")))
    frame = pl.DataFrame(data, schema=schema)
    return Chart("cells", frame, message("page.where.chart"), key=key_of if rows["_untold"].any() else ())
