"""The page on what goes with winning: declared drivers, as known on the day of the offer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from kpikit.analysis.base.certainty import judge
from kpikit.analysis.winloss.driver_gaps import WARNINGS, drivers
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.report.figures.windows import Told, widening
from kpikit.schema import Estimate
from kpikit.show.page import Certainty, Chart, Message, Page, message

#: declared once, for every team and every quarter: nobody looks first
DECLARED = ("second_contact", "asked_by_customer", "fits_profile")
#: fewer won or lost than this are not enough to look at four quarters only
ENOUGH = 15
_GAP = {
    "value": "gap",
    "low": "gap_low",
    "high": "gap_high",
    "low80": "gap_low80",
    "high80": "gap_high80",
    "p": "p_gap",
}
_KEYS = ["driver", "level"]


@lru_cache(maxsize=1)  # the report judges them and the page shows them: computed once
def compared(book: DealBook, period: Period) -> tuple[pl.DataFrame, pl.DataFrame, Told]:
    """The plain gap of each driver, the same four quarters earlier, and the window: for judging a report's comparisons.

    Both frames hold ``driver, level, value, low, high, low80, high80, p``.
    """
    year = period.widened(12) if period.months < 12 else period
    found = widening(year, lambda window: _asked(book, window), enough=ENOUGH)
    earlier = _asked(book, year.back(12), draws=1) if found.window else found.rows.clear()
    return _gaps(found.rows), _gaps(earlier), found


def _asked(book: DealBook, window: Period | None, draws: int = 499) -> pl.DataFrame:
    rows = drivers(book, declared=DECLARED, during=window, draws=draws)
    if "driver" not in rows.columns:
        return rows.with_columns(_n=pl.lit(0))
    won = pl.col("n_won_with") + pl.col("n_won_without")
    fewest = pl.min_horizontal(won, pl.col("n") - won).max().fill_null(0)
    return rows.with_columns(_n=pl.when(pl.int_range(pl.len()) == 0).then(fewest).otherwise(0))


def _gaps(rows: pl.DataFrame) -> pl.DataFrame:
    if "driver" not in rows.columns:
        return pl.DataFrame(schema=dict.fromkeys(_KEYS, pl.String) | dict.fromkeys(_GAP, pl.Float64))
    usable = rows.filter(pl.col("status") == "ok")
    kept = usable.with_columns(pl.col(name).alias(f"model_{name}") for name in ("value", "low", "high"))
    return kept.with_columns(pl.col(column).alias(name) for name, column in _GAP.items())


def goes_with(book: DealBook, period: Period, copy: str, sure: Mapping[str, Certainty] | None = None) -> Page:  # noqa: ARG001
    """Quarterly report, page 9: pairs of rates with and without each driver.

    Args:
        book: narrowed to the team and the period's end.
        period: of the report; four quarters are looked at.
        copy: "team" or "company".
        sure: the certainty of each driver, judged over the whole report; by default over this page.
    """
    now, earlier, found = compared(book, period)
    if not now.height:
        refused = found.rows.filter(pl.col("status") == "refused")["reason"]
        reason = refused[0] if len(refused) == found.rows.height else "few_deals"
        return Page(
            "goes_with", message("page.goes_with.title.refused", reason=message(f"reason.{reason}")), folded=True
        )
    judged = judge(now, earlier, _KEYS)
    if sure is not None:
        judged = judged.with_columns(certainty=pl.col("driver").replace_strict(dict(sure), default="unknown"))
    order = pl.col("certainty").replace_strict({"clear": 0, "hint": 1, "unknown": 2}, return_dtype=pl.Int64)
    rows = judged.sort(order, "p", maintain_order=True).to_dicts()
    top = rows[0]
    looked: tuple[Message, ...] = (message("wider.all"), message("page.goes_with.window.all"))
    if found.window:
        looked = (message("page.goes_with.window", period=found.window),)
    details = ((message("page.goes_with.warnings"), tuple(message(f"warning.{code}") for code in WARNINGS)),)
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
        return message(f"page.goes_with.title.hint.{_side(top)}", driver=driver)
    with_it, without = round(10 * top["rate_with"]), round(10 * top["rate_without"])
    if with_it != without and 0 < with_it < 10:
        tens = (message(f"tens.{n}") for n in (with_it, without))
        return message(
            "page.goes_with.title.tens", driver=driver, **dict(zip(("with_it", "without"), tens, strict=True))
        )
    rates = {"with_it": top["rate_with"], "without": top["rate_without"]}
    return message("page.goes_with.title.hundred", driver=driver, **rates)


def _side(row: dict) -> str:
    return "more" if row["value"] > 0 else "less"


def _whether(top: dict) -> str:
    """What to ask about a driver with which more are won; where fewer are, the same for all."""
    return top["driver"] if top["value"] > 0 else "less"


def _sentence(top: dict) -> tuple[Message, ...]:
    """With and without in counts, the gap, what the other drivers leave of it, and why to try rather than believe."""
    counts = {
        "k1": top["n_won_with"], "n1": top["n_with"], "k2": top["n_won_without"], "n2": top["n_without"],
        "driver": message(f"driver.{top['driver']}.short"),
    }  # fmt: skip
    parts = [message("page.goes_with.counts", **counts), message(f"page.goes_with.gap.{_side(top)}", gap=_size(top))]
    if top["method"] == "model" and top["n_in_model"]:
        effect = top | {name: top[f"model_{name}"] for name in ("value", "low", "high")}
        parts.append(message(f"page.goes_with.others.{_side(effect)}", effect=_size(effect)))
    if top["known"] == "as_now":
        parts.append(message("page.goes_with.as_now"))
    return (*parts, message(f"page.goes_with.caution.{_whether(top)}"))


def _size(row: dict) -> Estimate:
    """A difference without its sign."""
    low, high = (row["low"], row["high"]) if row["value"] >= 0 else (-row["high"], -row["low"])
    return Estimate(abs(row["value"]), low, high, "share", row["n"])


def _unnoticed(rows: list[dict]) -> Message:
    most = max(rows, key=lambda row: row["n"])
    noticeable = Estimate(most["noticeable"], None, None, "share")
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
