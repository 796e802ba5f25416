"""The pages on losses: where they came, what we and the buyer said, and to whom."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from kpikit.analysis.winloss import competitors, last_stage, lost_after_offer, reasons_compared
from kpikit.analysis.winloss import reasons as our_reasons
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.report.figures.windows import Told, widening
from kpikit.schema import Estimate
from kpikit.show.page import Certainty, Chart, Message, Page, message

#: fewer losses than this are talked about one by one
FEW = 10
#: fewer deals with both sides known than this tell nothing together
FEW_BOTH = 5
LEVEL = 0.05
COLUMNS, LINES = 6, 7
UNTOLD = ("unknown", "blank")


def _is_refused(rows: pl.DataFrame) -> bool:
    return (rows["status"] == "refused").any()


def _refused(topic: str, rows: pl.DataFrame) -> Page:
    """The page cannot be answered, and why."""
    reason = message(f"reason.{rows.filter(pl.col('status') == 'refused')['reason'][0]}")
    return Page(topic, message(f"page.{topic}.title.refused", reason=reason), folded=True)


def _few(topic: str, n: int) -> Page:
    """So few losses that each is talked about, or none."""
    title = message(f"page.{topic}.title.few", n=n) if n else message(f"page.{topic}.title.none")
    return Page(topic, title, folded=True)


def named(row: dict) -> Message:
    """A reason within a sentence: one of the coding scheme in our words, any other as it was written."""
    group = row["group"]
    return (
        message("reason_group.written", text=row["loss_reason"])
        if group == "other"
        else message(f"reason_group.{group}")
    )


def _short(row: dict) -> Message:
    """A reason within a title: at most two words of what was written."""
    words = (row["loss_reason"] or "").split()
    text = row["loss_reason"] if len(words) <= 2 else f"{' '.join(words[:2])}…"
    return named(row | {"loss_reason": text})


def _label(row: dict) -> Message:
    """A reason as a label."""
    if row["group"] != "other":
        return message(f"label.{row['group']}")
    return message("label.written", text=row["loss_reason"][:1].upper() + row["loss_reason"][1:])


# --- page 6 ----------------------------------------------------------------------------------------------------------


def where(book: DealBook, period: Period, copy: str) -> Page:
    """Quarterly report, page 6: at which stage deals were lost, and why."""
    found = widening(period, lambda window: lost_after_offer(book, during=window).with_columns(_n="n"), enough=FEW)
    after = found.rows.to_dicts()[0]
    stages = last_stage(book, during=found.window, copy=copy).frame
    if after["n"] is None:
        return _refused("where", found.rows)
    if after["n"] < FEW:
        return _few("where", after["n"])
    known = stages.filter(pl.col("status") == "ok")
    if after["status"] != "ok" and not known.height:
        return _refused("where", stages if _is_refused(stages) else found.rows)
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
    return Page("where", title, (*found.said, lost, *untold), chart, question, terms=("hundred",))


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
    labels = {name: message("label.rest") if name is None else _label(row) for name, row in first.items()}
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


# --- page 7 ----------------------------------------------------------------------------------------------------------


def reasons(book: DealBook, period: Period, copy: str) -> Page:
    """Quarterly report, page 7: what we wrote and what the buyer said, over the same deals."""
    found = widening(
        period, lambda window: _both(reasons_compared(book, during=window, copy=copy).frame), enough=FEW_BOTH
    )
    if _is_refused(found.rows):
        return _refused("reasons", found.rows)
    rows = found.rows.to_dicts()
    n_both = rows[0]["n_both"] if rows else 0
    if n_both < FEW_BOTH:
        return Page("reasons", message("page.reasons.title.few", n=n_both), (message("page.reasons.few"),), folded=True)
    top = max(rows, key=lambda row: (row["group"] != "rest", abs(row["n"] - row["n_theirs"]), row["n"]))
    sentence = [*found.said]
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
    return Page("reasons", _reasons_title(top), tuple(sentence), _pairs(rows), question, terms=("range",))


def _both(rows: pl.DataFrame) -> pl.DataFrame:
    """Counted by the deals with both sides known, whatever the rows."""
    if "n_both" not in rows.columns:
        return rows.with_columns(_n=pl.lit(0))
    return rows.with_columns(_n=pl.when(pl.int_range(pl.len()) == 0).then("n_both").otherwise(0))


def _times(n: int) -> Message:
    return message(f"times.{n}") if n <= 10 else message("times.more", n=n)


def _reasons_title(top: dict) -> Message:
    ours, theirs = top["n"], top["n_theirs"]
    if ours == theirs:
        return message("page.reasons.title.same")
    if not theirs:
        return message("page.reasons.title.ours_only", reason=_short(top), ours=_times(ours))
    if not ours:
        return message("page.reasons.title.theirs_only", reason=_short(top), theirs=_times(theirs))
    return message("page.reasons.title", reason=_short(top), theirs=_times(theirs), ours=_times(ours))


def _pairs(rows: list[dict]) -> Chart:
    shown = sorted(rows, key=lambda row: -max(row["n"], row["n_theirs"]))[:LINES]
    data = [
        {
            "label": _label(row), "ours": row["n"], "theirs": row["n_theirs"],
            "note": message("page.reasons.note", ours=row["n"], theirs=row["n_theirs"], both=row["n_events"]),
        }
        for row in shown
    ]  # fmt: skip
    schema = {"label": pl.Object, "ours": pl.Int64, "theirs": pl.Int64, "note": pl.Object}
    key = (("before", message("key.ours")), ("now", message("key.theirs")))
    return Chart("pairs", pl.DataFrame(data, schema=schema), message("page.reasons.chart"), key=key)


# --- page 8 ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)  # the report judges the lead and the page shows it: computed once a copy
def _why_lost(book: DealBook, period: Period, copy: str) -> Told:
    known = pl.when(~pl.col("group").is_in(UNTOLD)).then("n_events").otherwise(0)
    return widening(
        period, lambda window: _counted(our_reasons(book, during=window, copy=copy).frame, known), enough=FEW
    )


def lead(book: DealBook, period: Period) -> float | None:
    """The p-value of the first reason's lead over the second, where page 8 tells one: a comparison of the report."""
    found = _why_lost(book, period, "team")
    if "p_next" not in found.rows.columns or found.rows["_n"].sum() < FEW:
        return None
    return found.rows["p_next"][0]


def whom(book: DealBook, period: Period, copy: str, sure: Certainty | None = None) -> Page:
    """Quarterly report, page 8: to whom, or to what, we lost; ``sure``: of the lead, judged over the whole report."""
    found = _why_lost(book, period, copy)
    if _is_refused(found.rows):
        return _refused("whom", found.rows)
    told = found.rows.filter(~pl.col("group").is_in(UNTOLD))
    if told["n_events"].sum() < FEW:
        return _few("whom", int(told["n_events"].sum() or 0))
    rows = told.to_dicts()
    top = rows[0]
    if top["group"] == "rest":
        return Page("whom", message("page.whom.title.unnamed"), folded=True)
    blank = int(found.rows.filter(pl.col("group").is_in(UNTOLD))["n_events"].sum())
    parts = {"n": top["n"], "parts": _parts(rows)}
    plain = message("page.whom.sentence", **parts)
    said = message("page.whom.sentence.blank", **parts, blank=blank) if blank else plain
    sentence = (*found.said, said, *_most_named(book, found, copy))
    leads = top["p_next"] is not None and top["p_next"] < LEVEL
    certainty = "clear" if len(rows) == 1 else (sure or ("clear" if leads else "unknown"))
    certainty = "unknown" if len(rows) > 1 and top["p_next"] is None else certainty
    form = top["group"] if top["group"] in ("no_decision", "competitor", "price") else "written"
    title = message(f"page.whom.title.{form}", reason=_short(top))
    if certainty == "unknown":
        title = message("page.whom.title.unknown", one=_short(top), other=_short(rows[1]))
    question = message(f"page.whom.question.{form}", reason=named(top))
    chart, folded = _shares(rows), certainty == "unknown"
    return Page("whom", title, sentence, chart, question, certainty, folded, terms=("clear",))


def _counted(rows: pl.DataFrame, n: pl.Expr) -> pl.DataFrame:
    return rows.with_columns(_n=n) if "group" in rows.columns else rows.with_columns(_n=pl.lit(0))


def _parts(rows: list[dict], most: int = 4) -> tuple[Message, ...]:
    """The most frequent reason with its share, the next ones as counts, the rest together."""
    first, *others = rows if len(rows) <= most else rows[: most - 1]
    parts = [message("page.whom.part", reason=named(first), n=first["n_events"], share=Estimate.of(first))]
    parts += [message("page.whom.part.plain", reason=named(row), n=row["n_events"]) for row in others]
    if len(rows) > most:
        rest = sum(row["n_events"] for row in rows[most - 1 :])
        parts.append(message("page.whom.part.plain", reason=message("reason_group.rest"), n=rest))
    return tuple(parts)


def _most_named(book: DealBook, found: Told, copy: str) -> list[Message]:
    rivals = competitors(book, during=found.window, copy=copy).frame
    if "group" in rivals.columns:
        is_named = (pl.col("group") == "named") & pl.col("rival").is_not_null()
        rivals = rivals.filter(is_named & (pl.col("n_events") > 1))
    if not rivals.height or "rival" not in rivals.columns:
        return []
    first = rivals.row(0, named=True)
    return [message("page.whom.rival", rival=first["rival"], n=first["n_events"])]


def _shares(rows: list[dict]) -> Chart:
    data = [
        {
            "label": _label(row), "which": "now", "value": row["value"], "low": row["low"], "high": row["high"],
            "note": message("page.whom.note", k=row["n_events"], n=row["n"]),
        }
        for row in rows[:LINES]
    ]  # fmt: skip
    floats = dict.fromkeys(("value", "low", "high"), pl.Float64)
    schema = {"label": pl.Object, "which": pl.String, **floats, "note": pl.Object}
    return Chart("shares", pl.DataFrame(data, schema=schema), message("page.whom.chart"))
