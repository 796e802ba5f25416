"""Why a rate changed: what we chased, and how we did."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.mix_words import grown, move
from kpikit.report.pages.wording import refused, side
from kpikit.show.page import Chart, Message, Page, message


def page(figures: WinLossFigures) -> Page:
    """What we chased, and how we did."""
    if figures.refused:
        return refused("why", "page.wl.why.title.refused", figures.refused, terms=("chased",))
    mix, rate, total = (figures.change(name) for name in ("mix", "rate", "total"))
    if mix is None or rate is None or total is None:
        code = "one" if total is not None else "few"
        return Page("why", message(f"page.wl.why.title.{code}"), folded=True, terms=("chased",))
    sure = "clear" if "clear" in (mix["certainty"], rate["certainty"]) else "unknown"
    if sure == "unknown" and "hint" in (mix["certainty"], rate["certainty"]):
        sure = "hint"
    now, before = (100 * total[a] / total[b] for a, b in (("n_won", "n"), ("n_won_before", "n_before")))
    parts = [
        message("page.wl.why.sentence", before=before, now=now, mix=_took(figures, mix), within=_within(rate)),
        message("page.wl.why.n", n=total["n"], n_before=total["n_before"]),
    ]
    if mix["n_merged"]:
        parts.append(message("page.wl.why.merged", n=mix["n_merged"]))
    effects = [mix, rate]
    chart = Chart("slopes", _slopes(figures, effects), message("page.wl.why.chart"))
    folded = sure == "unknown"
    question = None if folded else message("page.wl.why.question")
    certainty = None if folded else sure
    return Page("why", _title(figures, mix, rate), tuple(parts), chart, question, certainty, folded, terms=("chased",))


def _title(figures: WinLossFigures, mix: dict, rate: dict) -> Message:
    segment = grown(figures)
    if mix["certainty"] == rate["certainty"] == "clear":
        return message(f"page.wl.why.title.both.{side(rate)}")
    if mix["certainty"] == "clear":
        if segment is None:
            return message("page.wl.why.title.mix")
        return message("page.wl.why.title.move", segment=segment)
    if rate["certainty"] == "clear":
        return message(f"page.wl.why.title.rate.{side(rate)}")
    if "hint" in (mix["certainty"], rate["certainty"]):
        return message(f"page.wl.why.title.hint.{'mix' if mix['certainty'] == 'hint' else 'rate'}")
    return message("page.wl.why.title.unknown")


def _took(figures: WinLossFigures, mix: dict) -> Message:
    """What the mix did: "the move to SMB took 7.5 (2.7 to 13.3; clear)"."""
    return message(
        f"page.wl.why.took.{side(mix)}", what=move(figures, mix), n=100 * abs(mix["value"]), range=_range(mix)
    )


def _within(rate: dict) -> Message:
    return message(f"page.wl.why.within.{side(rate)}", n=100 * abs(rate["value"]), range=_range(rate))


def _range(row: dict) -> Message:
    """The range of a size where its side is clear, of the change with its signs where not; and how sure."""
    low, high = 100 * row["low"], 100 * row["high"]
    sure = message(f"certainty.{row['certainty']}")
    if row["certainty"] == "clear":
        ends = sorted((abs(low), abs(high)))
        return message("page.wl.range.size", low=ends[0], high=ends[1], sure=sure)
    return message("page.wl.range.signed", low=low, high=high, sure=sure)


def _slopes(figures: WinLossFigures, effects: list[dict]) -> pl.DataFrame:
    rows: list[dict] = []
    told = figures.by_segment.to_dicts()
    for row in told[:4]:
        label = row["segment"] if row["segment"] is not None else message("page.wl.no_segment")
        note = {
            "note_before": message("page.wl.slope.before", k=row["n_events_before"], n=row["n_before"]),
            "note_now": message("page.wl.slope.now", segment=label, k=row["n_events"], n=row["n"]),
        }
        rows.append({"panel": "slope", "label": label, "before": row["value_before"], "now": row["value"], **note})
    for row in effects:
        label = message(f"finding.wl.{row['finding']}")
        ends = {name: row[name] for name in ("value", "low", "high", "certainty")}
        rows.append({"panel": "effect", "label": label, **ends})
    floats = dict.fromkeys(("before", "now", "value", "low", "high"), pl.Float64)
    schema = {"panel": pl.String, "label": pl.Object, **floats, "certainty": pl.String,
              "note_before": pl.Object, "note_now": pl.Object}  # fmt: skip
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)
