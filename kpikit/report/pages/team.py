"""The pages of the team review report: figures in, findings out, as codes with their numbers."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from kpikit.calendar import Period, add_months
from kpikit.report.figures.headline import whole_from
from kpikit.report.figures.team import FEW_DEALS, HORIZON_DAYS, Figures, Window
from kpikit.report.figures.tries import UNKNOWN, Tries
from kpikit.report.pages.deals import deals_page, few_deals_page
from kpikit.report.pages.in_time import rate
from kpikit.report.pages.moved import moved_page
from kpikit.report.pages.tried import tried_page
from kpikit.report.pages.voices import customer
from kpikit.schema import Estimate
from kpikit.show.page import Chart, Message, Page, Table, message

_PARTS = ("on", "back", "lost", "other", "still_there")


def pages(figures: Figures, copy: str, tries: Tries = UNKNOWN) -> tuple[Page, ...]:
    """All pages of the report, in reading order."""
    waits, told = figures.waiting, customer(figures.book, figures.period, copy)
    tried = tried_page(figures.book, tries.of(figures.book, figures.period), copy)
    if figures.n_deals < FEW_DEALS:
        deals = few_deals_page(figures.book, waits, copy=copy)
        body = [_front_of_few(figures), told, tried, deals, next_steps(figures)]
    else:
        deals = deals_page(figures.book, waits, copy=copy, refused=figures.refused)
        body = [
            front(figures), told, tried, moved_page(figures.moved, figures.period), time(figures),
            ends(figures), deals, rate(figures.rates, figures.book, figures.rate_days), next_steps(figures),
        ]  # fmt: skip
    return (*body, _back(figures, [page for page in body if page.folded]))


def _rows(changes: pl.DataFrame, figure: str | None = None) -> list[dict]:
    """Comparisons, the surest first."""
    order = pl.col("certainty").replace_strict({"clear": 0, "hint": 1, "unknown": 2}, return_dtype=pl.Int64)
    frame = changes if figure is None else changes.filter(pl.col("figure") == figure)
    return frame.sort(order, "p", maintain_order=True).to_dicts()


def _longer(row: dict) -> str:
    """``more`` or ``less``: the side of a difference, as part of a code."""
    return "more" if row["value"] > 0 else "less"


# --- page 1 ----------------------------------------------------------------------------------------------------------


def front(figures: Figures) -> Page:
    """Page 1: the one finding, what was won, and how sure the rest is."""
    rows = _rows(figures.changes)
    sure = [row for row in rows if row["certainty"] == "clear"]
    hints = [row for row in rows if row["certainty"] == "hint"]
    if figures.refused:
        title = message("page.front.title.refused", reason=message(f"reason.{figures.refused}"))
    elif sure or hints:
        top = (sure or hints)[0]
        word = "clear" if sure else "hint"
        code = f"page.front.title.{top['figure']}.{_longer(top)}.{word}"
        title = message(code, stage=top["stage"], change=_size(top), n=len(sure))
    else:
        title = message("page.front.title.unknown")
    n_unknown = sum(row["certainty"] == "unknown" for row in rows)
    sentence = [*_won(figures)]
    if rows:
        sentence += [message("page.front.clear", n=len(sure))] if sure else [message("page.front.none_clear")]
        sentence += [message("page.front.unknown", n=n_unknown)] if n_unknown else []
    chart = _findings_chart(rows[:3]) if rows else None
    question = message("page.front.question" if sure or hints else "page.front.question.unknown")
    return Page("front", title, tuple(sentence), chart, question, terms=("clear",))


def _front_of_few(figures: Figures) -> Page:
    n = figures.n_deals
    return Page(
        "front",
        message("page.front.title.few", n=n, count=message(f"count.{n}")),
        tuple(_won(figures)),
        question=message("page.front.question.few"),
        terms=("clear",),
    )


def _won(figures: Figures) -> list[Message]:
    """What was won, beside the last eight periods."""
    counts = figures.wins.filter(pl.col("figure") == "won").sort("period")
    value = figures.wins.filter((pl.col("figure") == "won_value") & (pl.col("period") == figures.period.first_on))
    if counts["value"].is_null().all():
        return [message("page.front.won.refused")]
    first_seen = whole_from(figures.book, figures.period)
    earlier = counts.filter(pl.col("period") < figures.period.first_on)
    covered = earlier.filter(pl.col("period") >= first_seen) if first_seen else earlier
    now = int(counts.filter(pl.col("period") == figures.period.first_on)["value"][0])
    parts = [message("page.front.won", n=now, value=Estimate(value["value"][0], None, None, "money"))]
    if value["n_unpriced"][0]:
        parts.append(message("page.front.unpriced", n=value["n_unpriced"][0]))
    if covered.height >= 2:
        low, high = int(covered["value"].min()), int(covered["value"].max())  # type: ignore[arg-type]
        parts.append(message("page.front.won.range", n=covered.height, low=low, high=high))
    return parts


def _size(row: dict) -> Estimate:
    """A difference without its sign."""
    low, high = row["low"], row["high"]
    if row["value"] < 0:
        low, high = (None if high is None else -high), (None if low is None else -low)
    return Estimate(abs(row["value"]), low, high, row["unit"], row["n"])


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
        noticeable = Estimate(row["noticeable"], None, None, row["unit"])
        known = row["noticeable"] is not None
        return message(f"{code}.unknown" if known else "finding.unknown", stage=row["stage"], noticeable=noticeable)
    window = message(f"window.{row['window']}")
    return message(f"{code}.{_longer(row)}", stage=row["stage"], change=_size(row), window=window)


# --- page 5 ----------------------------------------------------------------------------------------------------------


def time(figures: Figures) -> Page:
    """Page 5: how long deals stay in each stage, now and the year before."""
    if figures.refused:
        reason = message(f"reason.{figures.refused}")
        return Page("time", message("page.time.title.refused", reason=reason), folded=True, terms=("half",))
    rows = _rows(figures.changes, "median")
    chart = Chart(
        "ranges",
        _times_data(figures),
        message("page.time.chart"),
        key=_key(figures.time_window),
        unit=figures.book.settings.bin,
    )
    if not rows or rows[0]["certainty"] == "unknown":
        return Page(
            "time", message("page.time.title.unknown"), _unnoticed("time", rows), chart, folded=True, terms=("half",)
        )
    top = rows[0]
    now, before = (_median(frame, top["stage"]) for frame in (figures.times, figures.times_before))
    n_open = figures.times.filter(pl.col("stage") == top["stage"])["n_open"][0]
    sentence = (
        message(
            "page.time.sentence", stage=top["stage"], now=now, before=before, window=message(f"window.{top['window']}")
        ),
        message(f"page.time.change.{_longer(top)}", change=_size(top)),
        message("page.time.n", n=now.n, n_open=n_open),
    )
    title = message(f"page.time.title.{top['certainty']}.{_longer(top)}", stage=top["stage"], now=now, before=before)
    question = message("page.time.question", stage=top["stage"])
    return Page("time", title, sentence, chart, question, top["certainty"], terms=("half",))


def _median(times: pl.DataFrame, stage: str) -> Estimate:
    return Estimate.of(times.filter(pl.col("stage") == stage).to_dicts()[0])


def _times_data(figures: Figures) -> pl.DataFrame:
    rows = []
    before = {row["stage"]: row for row in figures.times_before.to_dicts()}
    for row in figures.times.to_dicts():
        for which, one in (("now", row), ("before", before.get(row["stage"]))):
            if one is not None:
                rows.append(
                    {
                        "label": row["stage"], "which": which, "value": one["value"], "low": one["low"],
                        "high": one["high"] if one["value"] is not None else one["low"], "note": _times_note(one),
                    }
                )  # fmt: skip
    schema = {
        "label": pl.String,
        "which": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "note": pl.Object,
    }
    return pl.DataFrame(rows, schema=schema)


def _times_note(row: dict) -> Message:
    if row["status"] == "ok":
        return message("page.time.note", figure=Estimate.of(row), n=row["n"], n_open=row["n_open"])
    return message(f"page.time.note.{row['status']}", n=row["n"], n_open=row["n_open"])


def _key(window: Window) -> tuple[tuple[str, Message], ...]:
    return (("now", message("key.period", period=window.now)), ("before", message("key.period", period=window.before)))


def _unnoticed(page: str, rows: list[dict]) -> tuple[Message, ...]:
    """What would have been noticed, told for the stage with most visits."""
    known = [row for row in rows if row["noticeable"] is not None]
    if not known:
        return (message("unnoticed.nothing"),)
    most = max(known, key=lambda row: row["n"])
    noticeable = Estimate(most["noticeable"], None, None, most["unit"])
    return (message(f"unnoticed.{page}", stage=most["stage"], n=most["n"], noticeable=noticeable),)


# --- page 6 ----------------------------------------------------------------------------------------------------------


def ends(figures: Figures) -> Page:
    """Page 6: what became of a hundred deals in one stage, now and before, with those still waiting."""
    if figures.refused:
        reason = message(f"reason.{figures.refused}")
        return Page("ends", message("page.ends.title.refused", reason=reason), folded=True, terms=("ended",))
    rows = _rows(figures.changes, "still_there")
    if not rows:
        return Page("ends", message("page.ends.title.unknown"), _unnoticed("ends", rows), folded=True, terms=("ended",))
    top = rows[0] if rows[0]["certainty"] != "unknown" else max(rows, key=lambda row: row["n"])
    chart = _ends_chart(figures, top["stage"])
    if top["certainty"] == "unknown":
        return Page(
            "ends", message("page.ends.title.unknown"), _unnoticed("ends", rows), chart, folded=True, terms=("ended",)
        )
    now, before = (_still(frame, top["stage"]) for frame in (figures.ends, figures.ends_before))
    window = message(f"window.{top['window']}")
    values = {"stage": top["stage"], "now": now, "before": before, "days": HORIZON_DAYS, "window": window}
    sentence = (
        message("page.ends.sentence", **values),
        message(f"page.ends.change.{_longer(top)}", change=_size(top)),
        message("page.ends.n", n=now.n, n_before=before.n),
    )
    title = message(f"page.ends.title.{top['certainty']}.{_longer(top)}", **values)
    question = message("page.ends.question", stage=top["stage"])
    return Page("ends", title, sentence, chart, question, top["certainty"], terms=("ended",))


def _still(shares: pl.DataFrame, stage: str) -> Estimate:
    return Estimate.of(shares.filter((pl.col("stage") == stage) & (pl.col("exit") == "still_there")).to_dicts()[0])


def _ends_chart(figures: Figures, stage: str) -> Chart:
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


# --- page 9 and the back ---------------------------------------------------------------------------------------------


def next_steps(figures: Figures) -> Page:
    """Page 9: at most three things to try, and when to look again."""
    until = add_months(figures.period.next_on, 2) - timedelta(days=1)
    rows = _rows(figures.changes)
    sure = next((row for row in rows if row["certainty"] != "unknown"), None)
    sentence = [message("page.next.sentence")]
    if sure is not None and figures.n_deals >= FEW_DEALS:
        sentence.append(message("page.next.idea", stage=sure["stage"]))
    headings = tuple(message(f"page.next.{name}") for name in ("what", "whom", "see", "again"))
    table = Table(headings, tuple(("", "", "", message("page.next.day", day=until)) for _ in range(3)))
    question = message("page.next.question")
    return Page("next", message("page.next.title", day=until), tuple(sentence), None, question, table=table)


def _back(figures: Figures, folded: list[Page]) -> Page:
    """The back matter: what could not be told, what was set aside, and what the words mean."""
    from kpikit.report.pages.back import details

    return Page("back", message("page.back.title"), (message("page.back.sentence"),), details=details(figures, folded))


def looked_again_on(period: Period) -> Message:
    """The day on which a folded page is worth opening again: when the next period is over."""
    return message("back.again", day=period.back(-period.months).next_on)
