"""What goes with winning: pairs of rates with and without each declared driver."""

from __future__ import annotations

import polars as pl

from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.wording import alone, refused, side, size, surest
from kpikit.show.page import Chart, Message, Page, message


def page(figures: WinLossFigures) -> Page:
    """Pairs of rates with and without each driver."""
    found = figures.drivers
    if found.refused is not None:
        return refused("goes_with", "page.goes_with.title.refused", found.refused)
    rows = surest(found.judged)
    top = rows[0]
    looked: tuple[Message, ...] = (message("wider.all"), message("page.goes_with.window.all"))
    if found.window:
        looked = (message("page.goes_with.window", period=found.window),)
    details = ((message("page.goes_with.warnings"), tuple(message(f"warning.{code}") for code in found.warnings)),)
    if top["certainty"] == "unknown":
        sentence = (*looked, _unnoticed(rows))
        title = message("page.goes_with.title.unknown")
        return Page("goes_with", title, sentence, _chart(rows), folded=True, details=details, terms=("goes_with",))
    return Page(
        "goes_with", _title(top), (*looked, *_sentence(top)), _chart(rows),
        message(f"page.goes_with.question.{_whether(top)}"), top["certainty"], details=details, terms=("goes_with",),
    )  # fmt: skip


def _title(top: dict) -> Message:
    driver = message(f"driver.{top['driver']}")
    if top["certainty"] == "hint":
        return message(f"page.goes_with.title.hint.{side(top)}", driver=driver)
    with_it, without = round(10 * top["rate_with"]), round(10 * top["rate_without"])
    if with_it != without and 0 < with_it < 10:
        tens = (message(f"tens.{n}") for n in (with_it, without))
        return message(
            "page.goes_with.title.tens", driver=driver, **dict(zip(("with_it", "without"), tens, strict=True))
        )
    rates = {"with_it": top["rate_with"], "without": top["rate_without"]}
    return message("page.goes_with.title.hundred", driver=driver, **rates)


def _whether(top: dict) -> str:
    """What to ask about a driver with which more are won; where fewer are, the same for all."""
    return top["driver"] if top["value"] > 0 else "less"


def _sentence(top: dict) -> tuple[Message, ...]:
    """With and without in counts, the gap, what the other drivers leave of it, and why to try rather than believe."""
    counts = {
        "k1": top["n_won_with"], "n1": top["n_with"], "k2": top["n_won_without"], "n2": top["n_without"],
        "driver": message(f"driver.{top['driver']}.short"),
    }  # fmt: skip
    parts = [message("page.goes_with.counts", **counts), message(f"page.goes_with.gap.{side(top)}", gap=size(top))]
    if top["method"] == "model" and top["n_in_model"]:
        effect = top | {name: top[f"model_{name}"] for name in ("value", "low", "high")}
        parts.append(message(f"page.goes_with.others.{side(effect)}", effect=size(effect)))
    if top["known"] == "as_now":
        parts.append(message("page.goes_with.as_now"))
    return (*parts, message(f"page.goes_with.caution.{_whether(top)}"))


def _unnoticed(rows: list[dict]) -> Message:
    most = max(rows, key=lambda row: row["n"])
    noticeable = alone(most["noticeable"], "share")
    return message("page.goes_with.unnoticed", n=most["n"], noticeable=noticeable)


def _chart(rows: list[dict]) -> Chart:
    data = [
        {
            "label": message(f"driver.{row['driver']}"), "which": which, "value": row[f"rate_{side}"],
            "low": row[f"low_{side}"], "high": row[f"high_{side}"],
            "note": message(f"page.goes_with.note.{side}", k=row[f"n_won_{side}"], n=row[f"n_{side}"]),
        }
        for row in rows
        for which, side in (("now", "with"), ("before", "without"))
    ]  # fmt: skip
    floats = dict.fromkeys(("value", "low", "high"), pl.Float64)
    schema = {"label": pl.Object, "which": pl.String, **floats, "note": pl.Object}
    key = (("now", message("key.with")), ("before", message("key.without")))
    return Chart("shares", pl.DataFrame(data, schema=schema), message("page.goes_with.chart"), key=key)
