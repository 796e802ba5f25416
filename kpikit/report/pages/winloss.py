"""The pages of the quarterly win/loss report: figures in, findings out, as codes with their numbers."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from kpikit.calendar import add_months
from kpikit.crms import crms
from kpikit.report.figures.headline import whole_from
from kpikit.report.figures.tries import UNKNOWN, Tries
from kpikit.report.figures.winloss import ENOUGH, HORIZON_DAYS, WinLoss
from kpikit.report.pages.cohorts import stay, to_come
from kpikit.report.pages.drivers import goes_with
from kpikit.report.pages.in_time import in_time
from kpikit.report.pages.reasons import reasons, where, whom
from kpikit.report.pages.tried import last_tries
from kpikit.report.pages.voices import voices
from kpikit.report.pages.why import why
from kpikit.report.pages.winloss_back import back
from kpikit.report.pages.winloss_text import ends, gave, in_100, move
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, Table, message

_PARTS = {"won": "on", "lost": "lost", "no_decision": "back", "set_aside": "other"}


def winloss_pages(figures: WinLoss, copy: str, tries: Tries = UNKNOWN) -> tuple[Page, ...]:
    """All pages of the report, in reading order."""
    book, period = figures.book, figures.period
    judged = {row["finding"]: row["certainty"] for row in figures.changes.to_dicts()}
    sure = {name.removeprefix("driver."): word for name, word in judged.items() if name.startswith("driver.")}
    body = [
        front(figures), voices(book, period, copy), counted(figures), in_time(figures.in_time, book, figures.refused),
        why(figures), where(book, period, copy), reasons(book, period, copy),
        whom(book, period, copy, judged.get("lead")), goes_with(book, period, copy, sure),
        to_come(book, period, copy, judged.get("newest")), stay(book, period, copy),
        next_steps(figures, tries.of(book, period)),
    ]  # fmt: skip
    return (*body, back(figures, [page for page in body if page.folded]))


# --- page 1 ----------------------------------------------------------------------------------------------------------


def front(figures: WinLoss) -> Page:
    """Page 1: how many new customers, whether we win more often, and what moved that."""
    if figures.refused:
        reason = message(f"reason.{figures.refused}")
        title = message("page.wl.front.title.refused", reason=reason)
        sentence = (*_won_sentence(figures), *_headline(figures))
        lines = _lines(figures)
        chart = _headline_chart(lines) if lines else None
        return Page("front", title, sentence, chart, message("page.wl.front.question"))
    names = ("mix", "rate", "total") if figures.change("mix") is not None else ("total",)
    rows = [row for name in names if (row := figures.change(name)) is not None]
    day = add_months(figures.period.next_on, 1) - timedelta(days=1)
    question = message("page.wl.front.question.day", day=day)
    drawn = [*_lines(figures), *_findings(figures, rows)]
    chart = _headline_chart(drawn) if drawn else None
    return Page("front", _front_title(figures), tuple(_front_sentence(figures)), chart, question, terms=("clear",))


def _front_title(figures: WinLoss) -> Message:
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


def _leading(figures: WinLoss) -> str | None:
    """The segment that holds more than half of the new customers, where that is told."""
    won = figures.endings.filter(pl.col("figure") == "won")
    told = won.filter(pl.col("segment").is_not_null())
    if figures.window.name != "period" or told.height < 2 or won["value"].null_count():
        return None
    top = told.sort("value", descending=True).row(0, named=True)
    return top["segment"] if top["value"] > won["value"].sum() / 2 else None


def _won(figures: WinLoss) -> tuple[int, int]:
    """New customers of the period and of the one before."""
    counts = {row["period"]: row["value"] for row in figures.wins.filter(pl.col("figure") == "won").to_dicts()}
    now, before = figures.period, figures.period.back(figures.period.months)
    return int(counts.get(now.first_on) or 0), int(counts.get(before.first_on) or 0)


def _won_sentence(figures: WinLoss) -> list[Message]:
    """New customers and what they are worth, as far as they have a price."""
    if "period" not in figures.wins.columns:
        return [message("page.front.won.refused")]
    now, before = _won(figures)
    value = figures.wins.filter((pl.col("figure") == "won_value") & (pl.col("period") == figures.period.first_on))
    if not value["n"][0]:
        return [message("page.wl.front.won.bare", n=now, before=before)]
    money = Estimate(value["value"][0], None, None, "money")
    parts = [message("page.wl.front.won", n=now, before=before, value=money)]
    return [*parts, message("page.front.unpriced", n=value["n_unpriced"][0])] if value["n_unpriced"][0] else parts


def _front_sentence(figures: WinLoss) -> list[Message]:
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
        parts.append(message(f"page.wl.front.mix.{gave(mix)}", what=move(figures, mix), n=in_100(abs(mix["value"]))))
    if mix is not None and rate is not None and rate["certainty"] == "clear":
        parts.append(message(f"page.wl.front.within.{gave(rate)}", n=in_100(abs(rate["value"]))))
    return parts


def _lines(figures: WinLoss) -> list[dict]:
    """New customers and what they are worth, in the windows before that the book covers and in this one."""
    begun = whole_from(figures.book, figures.period)
    if "period" not in figures.wins.columns or begun is None:
        return []
    told = figures.wins.filter(pl.col("period") >= begun).sort("period")
    rows = [row for name in ("won", "won_value") for row in _line(told.filter(pl.col("figure") == name), figures)]
    return rows if told["period"].n_unique() >= 3 else []  # two points are the sentence's to tell


def _line(told: pl.DataFrame, figures: WinLoss) -> list[dict]:
    """A figure's windows; none where nothing has a price."""
    rows = told.to_dicts()
    if not any(row["value"] for row in rows):
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
    return Estimate(row["value"], None, None, "money") if row["unit"] == "money" else row["value"]


def _findings(figures: WinLoss, rows: list[dict]) -> list[dict]:
    words = {"mix": lambda row: move(figures, row)}
    drawn = []
    for row in rows:
        what = words[row["finding"]](row) if row["finding"] in words else message(f"finding.wl.{row['finding']}")
        size = Estimate(abs(row["value"]), None, None, "share")
        label = message(f"finding.wl.{gave(row)}", what=what, size=100 * (size.value or 0), **ends(row))
        floats = {name: row[name] for name in ("value", "low", "high")}
        drawn.append({"panel": "finding", "label": label, **floats, "certainty": row["certainty"]})
    return drawn


def _headline_chart(rows: list[dict]) -> Chart:
    schema = {"panel": pl.String, **dict.fromkeys(("what", "label", "month", "note"), pl.Object),
              **dict.fromkeys(("value", "low", "high", "height"), pl.Float64), "certainty": pl.String,
              "is_now": pl.Boolean}  # fmt: skip
    columns = {name: [row.get(name) for row in rows] for name in schema}
    described = "page.wl.front.chart.lines" if rows[0]["panel"] == "line" else "page.wl.front.chart"
    return Chart("headline", pl.DataFrame(columns, schema=schema, strict=False), message(described))


# --- page 3 ----------------------------------------------------------------------------------------------------------


def counted(figures: WinLoss) -> Page:
    """Page 3: what was won and what was not, and why the CRM says another figure."""
    if figures.refused:
        reason = message(f"reason.{figures.refused}")
        return Page("counted", message("page.wl.counted.title.refused", reason=reason), folded=True, terms=("both",))
    crm, ours = figures.step("crm"), figures.step("finished")
    if not ours["n"]:
        return Page("counted", message("page.wl.counted.title.none"), folded=True, terms=("both",))
    rest = ours["n"] - ours["n_events"]
    if ours["n"] < ENOUGH:  # a share of so few would mislead
        title = message("page.wl.counted.title.few", won=ours["n_events"], rest=rest)
        return Page("counted", title, question=message("page.wl.counted.question.few"), terms=("both",))
    if crm["n"] and (shown := in_100(crm["n_events"] / crm["n"])) != in_100(ours["n_events"] / ours["n"]):
        title = message(
            "page.wl.counted.title",
            won=ours["n_events"],
            rest=rest,
            crm=shown,
            ours=in_100(ours["n_events"] / ours["n"]),
        )
    else:
        title = message(
            "page.wl.counted.title.same", won=ours["n_events"], rest=rest, ours=in_100(ours["n_events"] / ours["n"])
        )
    sentence = [_difference(figures, crm, ours)] if crm["n"] != ours["n"] else []
    sentence += [
        message("page.wl.counted.ours", k=ours["n_events"], n=ours["n"], now=in_100(ours["value"]), rate=_share(ours))
    ]
    if ours["n_late"]:
        sentence.append(message("page.wl.late", n=ours["n_late"], of=ours["n"]))
    sentence += _headline(figures)
    asked = ours["n_set_aside"] if "set_aside" in crms()[figures.crm].leaves_out else 0
    question = message("page.wl.counted.question", n=asked) if asked else message("page.wl.counted.question.none")
    key = tuple((token, message(f"part.wl.{name}")) for name, token in _PARTS.items() if _ended(figures, name))
    chart = Chart("counts", _counts(figures), message("page.wl.counted.chart"), key=key)
    return Page("counted", title, tuple(sentence), chart, question, terms=("both",))


def _share(row: dict) -> Estimate:
    return Estimate(row["value"], row["low"], row["high"], "share", row["n"])


def _difference(figures: WinLoss, crm: dict, ours: dict) -> Message:
    if "set_aside" in crms()[figures.crm].leaves_out:
        return message("page.wl.counted.leaves_out", n=ours["n_set_aside"], k=crm["n_events"], of=crm["n"])
    return message("page.wl.counted.never", n=ours["n_never"], k=crm["n_events"], of=crm["n"])


def _headline(figures: WinLoss) -> list[Message]:
    """The share won by a fixed age, of the youngest deals that were all followed that long."""
    told = figures.headline.filter(pl.col("status") == "ok")
    row = told.row(0, named=True) if told.height else None
    if row is None or row["period"] is None:
        return []
    begun = figures.window.now.back(0)
    while begun.first_on > row["period"]:
        begun = begun.back(begun.months)
    return [
        message("page.wl.counted.headline", period=begun, days=HORIZON_DAYS, now=in_100(row["value"]), rate=_share(row))
    ]


def _ended(figures: WinLoss, name: str) -> float:
    return float(figures.endings.filter(pl.col("figure") == name)["value"].sum())


def _counts(figures: WinLoss) -> pl.DataFrame:
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


# --- page 12 ---------------------------------------------------------------------------------------------------------


def next_steps(figures: WinLoss, tries: Tries) -> Page:
    """Page 12: at most three things to try, the smallest change we could see, and when we look again."""
    day = add_months(figures.period.next_on, figures.period.months) + timedelta(days=14)
    seen = None if figures.refused else figures.in_time["noticeable"].drop_nulls()
    smallest = message("page.wl.next.seen", n=in_100(seen[-1])) if seen is not None and len(seen) else ""
    headings = tuple(message(f"page.wl.next.{name}") for name in ("what", "whom", "see", "smallest", "again"))
    table = Table(headings, tuple(("", "", "", smallest, message("page.next.day", day=day)) for _ in range(3)))
    last = last_tries(tries)
    sentence = (*((last,) if last else ()), message("page.wl.next.sentence"))
    return Page(
        "next", message("page.wl.next.title", day=day), sentence, None, message("page.wl.next.question"), table=table
    )
