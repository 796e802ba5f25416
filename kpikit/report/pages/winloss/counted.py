"""What was won and what was not, and why the CRM says another figure."""

from __future__ import annotations

import polars as pl

from kpikit.crms import crms
from kpikit.report.figures.winloss import ENOUGH, HORIZON_DAYS, WinLossFigures
from kpikit.report.pages.wording import in_100, refused, share
from kpikit.show.page import Chart, Message, Page, message

_PARTS = {"won": "on", "lost": "lost", "no_decision": "back", "set_aside": "other"}


def page(figures: WinLossFigures) -> Page:
    """What was won and what was not, and why the CRM says another figure."""
    if figures.refused:
        return refused("counted", "page.wl.counted.title.refused", figures.refused, terms=("both",))
    crm, ours = figures.step("crm"), figures.step("finished")
    if not ours["n"]:
        return Page("counted", message("page.wl.counted.title.none"), folded=True, terms=("both",))
    rest = ours["n"] - ours["n_events"]
    if ours["n"] < ENOUGH:  # a share of so few would mislead
        title = message("page.wl.counted.title.few", won=ours["n_events"], rest=rest)
        return Page("counted", title, question=message("page.wl.counted.question.few"), terms=("both",))
    title = _title(crm, ours, rest)
    sentence = [_difference(figures, crm, ours)] if crm["n"] != ours["n"] else []
    sentence += [
        message("page.wl.counted.ours", k=ours["n_events"], n=ours["n"], now=in_100(ours["value"]), rate=share(ours))
    ]
    if ours["n_late"]:
        sentence.append(message("page.wl.late", n=ours["n_late"], of=ours["n"]))
    sentence += by_age(figures)
    asked = ours["n_set_aside"] if "set_aside" in crms()[figures.crm].leaves_out else 0
    question = message("page.wl.counted.question", n=asked) if asked else message("page.wl.counted.question.none")
    key = tuple((token, message(f"part.wl.{name}")) for name, token in _PARTS.items() if _ended(figures, name))
    chart = Chart("counts", _counts(figures), message("page.wl.counted.chart"), key=key)
    return Page("counted", title, tuple(sentence), chart, question, terms=("both",))


def _title(crm: dict, ours: dict, rest: int) -> Message:
    """Ours, beside the CRM's where that is another figure."""
    counts = {"won": ours["n_events"], "rest": rest, "ours": in_100(ours["n_events"] / ours["n"])}
    if crm["n"] and (shown := in_100(crm["n_events"] / crm["n"])) != counts["ours"]:
        return message("page.wl.counted.title", crm=shown, **counts)
    return message("page.wl.counted.title.same", **counts)


def _difference(figures: WinLossFigures, crm: dict, ours: dict) -> Message:
    if "set_aside" in crms()[figures.crm].leaves_out:
        return message("page.wl.counted.leaves_out", n=ours["n_set_aside"], k=crm["n_events"], of=crm["n"])
    return message("page.wl.counted.never", n=ours["n_never"], k=crm["n_events"], of=crm["n"])


def by_age(figures: WinLossFigures) -> list[Message]:
    """The share won by a fixed age, of the youngest deals that were all followed that long."""
    told = figures.headline.filter(pl.col("status") == "ok")
    row = told.row(0, named=True) if told.height else None
    if row is None or row["period"] is None:
        return []
    begun = figures.window.now.back(0)
    while begun.first_on > row["period"]:
        begun = begun.back(begun.months)
    return [
        message("page.wl.counted.headline", period=begun, days=HORIZON_DAYS, now=in_100(row["value"]), rate=share(row))
    ]


def _ended(figures: WinLossFigures, name: str) -> float:
    return float(figures.endings.filter(pl.col("figure") == name)["value"].sum())


def _counts(figures: WinLossFigures) -> pl.DataFrame:
    shown = figures.endings.filter((pl.col("status") == "ok") & (pl.col("value") > 0))
    sizes = shown.group_by("segment").agg(size=pl.col("value").sum()).sort("size", "segment", descending=[True, False])
    kept = sizes.head(6)["segment"].to_list()
    rows: list[dict] = []
    for segment in kept:
        blank = message("page.wl.no_segment" if len(kept) > 1 else "page.wl.all_deals")
        label = segment if segment is not None else blank
        its = shown.filter(pl.col("segment").eq_missing(pl.lit(segment)))
        mine = {row["figure"]: row["value"] for row in its.to_dicts()}
        rows += [
            {"panel": "counts", "label": label, "part": token, "value": mine[name]}
            for name, token in _PARTS.items()
            if name in mine
        ]
    steps = [step for step in ("crm", "finished", "cohort") if figures.step(step)["value"] is not None]
    for step in steps:
        row = figures.step(step)
        note = message("page.wl.counted.note", k=row["n_events"], n=row["n"], now=in_100(row["value"]))
        rows.append(
            {"panel": "bridge", "label": message(f"step.{step}"), "value": row["value"], "low": row["low"],
             "high": row["high"], "note": note}
        )  # fmt: skip
    schema = {"panel": pl.String, "label": pl.Object, "part": pl.String, "value": pl.Float64, "low": pl.Float64,
              "high": pl.Float64, "note": pl.Object}  # fmt: skip
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)
