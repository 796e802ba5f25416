"""What we wrote and what the buyer said, over the same deals."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.losses import FEW_BOTH
from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.losses import is_refused, label, named, refused_page, short
from kpikit.report.pages.wording import looked_back
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, message

LINES = 7


def page(figures: WinLossFigures) -> Page:
    """What we wrote and what the buyer said, over the same deals."""
    losses = figures.losses
    found = losses.both
    if is_refused(found.rows):
        return refused_page("reasons", found.rows)
    rows = found.rows.to_dicts()
    n_both = rows[0]["n_both"] if rows else 0
    if n_both < FEW_BOTH:
        return Page("reasons", message("page.reasons.title.few", n=n_both), (message("page.reasons.few"),), folded=True)
    top = max(rows, key=lambda row: (row["group"] != "rest", abs(row["n"] - row["n_theirs"]), row["n"]))
    sentence = [*looked_back(found)]
    if top["n"]:
        agreed = message("page.reasons.agreed", k=top["n_events"], share=Estimate.of(top))
        plain = message("page.reasons.agreed.few", k=top["n_events"])
        both = {"n": n_both, "reason": named(top), "ours": top["n"]}
        sentence.append(message("page.reasons.sentence", **both, agreed=agreed if top["status"] == "ok" else plain))
    else:
        sentence.append(message("page.reasons.theirs", n=n_both, reason=named(top), theirs=top["n_theirs"]))
    asked = {"lost": top["n_lost"], "asked": top["n_asked"], "n": top["n_answered"]}
    sentence += [message("page.reasons.general"), message("page.reasons.asked", **asked)]
    question = message("page.reasons.question", reason=named(top))
    return Page("reasons", _title(top), tuple(sentence), _pairs(rows), question, terms=("range",))


def _times(n: int) -> Message:
    return message(f"times.{n}") if n <= 10 else message("times.more", n=n)


def _title(top: dict) -> Message:
    ours, theirs = top["n"], top["n_theirs"]
    if ours == theirs:
        return message("page.reasons.title.same")
    if not theirs:
        return message("page.reasons.title.ours_only", reason=short(top), ours=_times(ours))
    if not ours:
        return message("page.reasons.title.theirs_only", reason=short(top), theirs=_times(theirs))
    return message("page.reasons.title", reason=short(top), theirs=_times(theirs), ours=_times(ours))


def _pairs(rows: list[dict]) -> Chart:
    shown = sorted(rows, key=lambda row: -max(row["n"], row["n_theirs"]))[:LINES]
    data = [
        {
            "label": label(row), "ours": row["n"], "theirs": row["n_theirs"],
            "note": message("page.reasons.note", ours=row["n"], theirs=row["n_theirs"], both=row["n_events"]),
        }
        for row in shown
    ]  # fmt: skip
    schema = {"label": pl.Object, "ours": pl.Int64, "theirs": pl.Int64, "note": pl.Object}
    key = (("before", message("key.ours")), ("now", message("key.theirs")))
    return Chart("pairs", pl.DataFrame(data, schema=schema), message("page.reasons.chart"), key=key)
