"""How many new customers, whether we win more often, and what moved that."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from kpikit.calendar import add_months
from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.mix_words import ends, move
from kpikit.report.pages.winloss.counted import by_age
from kpikit.report.pages.wording import alone, in_100, side
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, message


def page(figures: WinLossFigures) -> Page:
    """How many new customers, whether we win more often, and what moved that."""
    if figures.refused:
        title = message("page.wl.front.title.refused", reason=message(f"reason.{figures.refused}"))
        sentence = (*_won_sentence(figures), *by_age(figures))
        lines = _lines(figures)
        chart = _chart(lines) if lines else None
        return Page("front", title, sentence, chart, message("page.wl.front.question"))
    names = ("mix", "rate", "total") if figures.change("mix") is not None else ("total",)
    rows = [row for name in names if (row := figures.change(name)) is not None]
    day = add_months(figures.period.next_on, 1) - timedelta(days=1)
    question = message("page.wl.front.question.day", day=day)
    drawn = [*_lines(figures), *_findings(figures, rows)]
    chart = _chart(drawn) if drawn else None
    return Page("front", _title(figures), tuple(_sentence(figures)), chart, question, terms=("clear",))


def _title(figures: WinLossFigures) -> Message:
    now, before = _won(figures)
    ratio = now / before if before else None
    if now == 0:
        count = "none"
    elif ratio is None:
        count = "first"
    else:
        steps = ((0.55, "half"), (0.9, "fewer"), (1.1, "same"), (1.75, "more"), (2.0, "nearly_twice"), (2.5, "twice"))
        count = next((name for most, name in steps if ratio < most), "many")
    what = message(f"page.wl.front.count.{count}", n=now, before=before)
    leading = _leading(figures)
    if leading is not None and now >= 5:
        return message("page.wl.front.title.most", count=what, segment=leading)
    return message("page.wl.front.title.plain", count=what)


def _leading(figures: WinLossFigures) -> str | None:
    """The segment that holds more than half of the new customers, where that is told."""
    won = figures.endings.filter(pl.col("figure") == "won")
    told = won.filter(pl.col("segment").is_not_null())
    if figures.window.name != "period" or told.height < 2 or won["value"].null_count():
        return None
    top = told.sort("value", descending=True).row(0, named=True)
    return top["segment"] if top["value"] > won["value"].sum() / 2 else None


def _won(figures: WinLossFigures) -> tuple[int, int]:
    """New customers of the period and of the one before."""
    counts = {row["period"]: row["value"] for row in figures.wins.filter(pl.col("figure") == "won").to_dicts()}
    now, before = figures.period, figures.period.back(figures.period.months)
    return int(counts.get(now.first_on) or 0), int(counts.get(before.first_on) or 0)


def _won_sentence(figures: WinLossFigures) -> list[Message]:
    """New customers and what they are worth, as far as they have a price."""
    if "period" not in figures.wins.columns:
        return [message("page.front.won.refused")]
    now, before = _won(figures)
    value = figures.wins.filter((pl.col("figure") == "won_value") & (pl.col("period") == figures.period.first_on))
    if not value["n"][0]:
        return [message("page.wl.front.won.bare", n=now, before=before)]
    if value["status"][0] == "refused":
        return [message("page.wl.front.won.mixed", n=now, before=before)]
    money = alone(value["value"][0], "money")
    parts = [message("page.wl.front.won", n=now, before=before, value=money)]
    return [*parts, message("page.front.unpriced", n=value["n_unpriced"][0])] if value["n_unpriced"][0] else parts


def _sentence(figures: WinLossFigures) -> list[Message]:
    parts = _won_sentence(figures)
    total, mix, rate = (figures.change(name) for name in ("total", "mix", "rate"))
    if total is None:
        return [*parts, message("page.wl.front.few", n=figures.n_finished)]
    now_rate, before_rate = total["n_won"] / total["n"], total["n_won_before"] / total["n_before"]
    window = message(f"window.wl.{figures.window.name}")
    values = {"now": in_100(now_rate), "before": in_100(before_rate), "window": window, **ends(total)}
    parts.append(message(f"page.wl.front.rate.{total['certainty']}", **values))
    if figures.step("finished")["n_late"]:  # no rate without its companion
        parts.append(message("page.wl.late", n=figures.step("finished")["n_late"], of=figures.n_finished))
    if mix is not None and mix["certainty"] == "clear":
        parts.append(message(f"page.wl.front.mix.{side(mix)}", what=move(figures, mix), n=in_100(abs(mix["value"]))))
    if mix is not None and rate is not None and rate["certainty"] == "clear":
        parts.append(message(f"page.wl.front.within.{side(rate)}", n=in_100(abs(rate["value"]))))
    return parts


def _lines(figures: WinLossFigures) -> list[dict]:
    """New customers and what they are worth, in the windows before that the book covers and in this one."""
    begun = figures.whole_from
    if "period" not in figures.wins.columns or begun is None:
        return []
    told = figures.wins.filter(pl.col("period") >= begun).sort("period")
    rows = [row for name in ("won", "won_value") for row in _line(told.filter(pl.col("figure") == name), figures)]
    return rows if told["period"].n_unique() >= 3 else []  # two points are the sentence's to tell


def _line(told: pl.DataFrame, figures: WinLossFigures) -> list[dict]:
    """A figure's windows; none where nothing has a price."""
    rows = told.to_dicts()
    if not any(row["value"] for row in rows) or any(row["status"] == "refused" for row in rows):
        return []
    what = message(f"chart.line.{rows[0]['figure']}")
    return [
        {
            "panel": "line", "what": what, "label": message("chart.line.at", what=what, month=row["period"]),
            "height": row["value"], "month": message("chart.month", month=row["period"]),
            "note": message("chart.amount", figure=_bare(row)),
            "is_now": row["period"] == figures.period.first_on,
        }
        for row in rows
    ]  # fmt: skip


def _bare(row: dict) -> Estimate | float | None:
    """Money with its sign, a count without the name of what is counted, which stands above it."""
    return alone(row["value"], "money") if row["unit"] == "money" else row["value"]


def _findings(figures: WinLossFigures, rows: list[dict]) -> list[dict]:
    words = {"mix": lambda row: move(figures, row)}
    drawn = []
    for row in rows:
        what = words[row["finding"]](row) if row["finding"] in words else message(f"finding.wl.{row['finding']}")
        label = message(f"finding.wl.{side(row)}", what=what, size=100 * abs(row["value"]), **ends(row))
        floats = {name: row[name] for name in ("value", "low", "high")}
        drawn.append({"panel": "finding", "label": label, **floats, "certainty": row["certainty"]})
    return drawn


def _chart(rows: list[dict]) -> Chart:
    schema = {"panel": pl.String, **dict.fromkeys(("what", "label", "month", "note"), pl.Object),
              **dict.fromkeys(("value", "low", "high", "height"), pl.Float64), "certainty": pl.String,
              "is_now": pl.Boolean}  # fmt: skip
    columns = {name: [row.get(name) for row in rows] for name in schema}
    described = "page.wl.front.chart.lines" if rows[0]["panel"] == "line" else "page.wl.front.chart"
    return Chart("headline", pl.DataFrame(columns, schema=schema, strict=False), message(described))
