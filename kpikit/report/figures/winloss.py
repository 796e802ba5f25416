"""All figures of a quarterly win/loss report, computed and judged once, before a page is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from kpikit.analysis.base.certainty import judge
from kpikit.analysis.winloss import bridge, definitions, endings, mix_and_rate, over_time, win_rate, wins
from kpikit.book import DealBook
from kpikit.calendar import Period
from kpikit.report.figures.about import About
from kpikit.report.figures.cohorts import Newest, Stay, newest_figures, newest_judged, stay_figures
from kpikit.report.figures.drivers import Drivers, as_judged, driver_figures
from kpikit.report.figures.headline import of_winloss, whole_from
from kpikit.report.figures.losses import Losses, judged, losses
from kpikit.report.figures.tries import UNKNOWN, Tried, Tries, tried
from kpikit.report.figures.voices import Voices, voices
from kpikit.report.figures.windows import Window

#: quarters of a process chart at most, and the deals a point should have before windows widen
POINTS, DEALS_A_POINT = 12, 8
#: finished deals on either side below which a quarter is too short to compare
ENOUGH = 10
HORIZON_DAYS = 180


@dataclass(frozen=True)
class WinLossFigures:
    """What the pages of a quarterly report are written from.

    ``changes`` holds every comparison of the report with its word of certainty: ``finding`` (mix, rate, total, and the
    drivers), ``value, low, high, n, n_before, certainty, noticeable``. ``refused`` is why no rate can be told from this
    book; None if one can.
    """

    about: About
    crm: str
    refused: str | None
    whole_from: date | None
    window: Window
    wins: pl.DataFrame
    bridge: pl.DataFrame
    headline: pl.DataFrame
    definitions: pl.DataFrame
    endings: pl.DataFrame
    by_segment: pl.DataFrame
    in_time: pl.DataFrame
    changes: pl.DataFrame
    voices: Voices
    losses: Losses
    drivers: Drivers
    newest: Newest
    stay: Stay
    tried: Tried

    @property
    def period(self) -> Period:
        """The period of the report."""
        return self.about.period

    @property
    def n_finished(self) -> int:
        """How many deals ended in the window."""
        return 0 if "step" not in self.bridge.columns else int(self.step("finished")["n"])

    @property
    def kept(self) -> tuple[Mapping[str, Any], ...]:
        """What a run remembers of the report (:mod:`kpikit.report.figures.headline`)."""
        return of_winloss(self.wins, self.bridge, self.period, self.window.now)

    def step(self, name: str) -> dict:
        """A step of the way from the CRM's figure to ours."""
        return self.bridge.filter(pl.col("step") == name).row(0, named=True)

    def change(self, finding: str) -> dict | None:
        """One comparison; None where it could not be made."""
        found = self.changes.filter((pl.col("finding") == finding) & (pl.col("status") == "ok"))
        return found.row(0, named=True) if found.height else None


def winloss_figures(book: DealBook, about: About, tries: Tries = UNKNOWN, *, crm: str = "hubspot") -> WinLossFigures:
    """All figures of a quarterly report; ``book`` is already narrowed to the team and the period's end."""
    period, window = about.period, _window(book, about.period)
    found = definitions(book, during=window.now, horizon=HORIZON_DAYS).frame
    way = bridge(book, from_=crm, during=window.now, horizon=HORIZON_DAYS).frame
    lost, drivers, newest = losses(book, period, about.copy), driver_figures(book, period), newest_figures(book, period)
    changes = _judged(book, window, lost, drivers, newest)
    sure = {row["finding"]: row["certainty"] for row in changes.to_dicts()}
    of_drivers = {name.removeprefix("driver."): word for name, word in sure.items() if name.startswith("driver.")}
    return WinLossFigures(
        about=about,
        crm=crm,
        refused=_refused(book, way),
        whole_from=whole_from(book, period),
        window=window,
        wins=wins(book, during=[period.back(period.months * i) for i in range(9)]).frame,
        bridge=way,
        headline=found.filter(pl.col("kpi") == "win_rate_cohort"),
        definitions=found,
        endings=endings(book, by=["segment"], during=window.now).frame,
        by_segment=_by_segment(book, window),
        in_time=in_time(book, period, "finished"),
        changes=changes,
        voices=voices(book, period, about.copy),
        losses=judged(lost, sure.get("lead")),
        drivers=as_judged(drivers, of_drivers),
        newest=newest_judged(newest, sure.get("newest")),
        stay=stay_figures(book, period),
        tried=tried(book, tries.of(book, period), about.copy),
    )


def _refused(book: DealBook, way: pl.DataFrame) -> str | None:
    refused = way.filter(pl.col("status") == "refused")
    if refused.height:
        return refused["reason"][0]
    outcomes = book.tables["deals"].lazy().select(pl.col("outcome").unique()).collect()["outcome"].to_list()
    return "no_losses" if "won" in outcomes and not {"lost", "void"} & set(outcomes) else None


def _window(book: DealBook, period: Period) -> Window:
    """The period and the one before it, or four quarters and the four before, as narrow as the deals allow."""
    narrow = Window("period", period, period.back(period.months))
    wide = Window("year", period.widened(12), period.widened(12).back(12))
    sizes = [
        win_rate(book, definition="finished", during=side)["n"].fill_null(0)[0] for side in (narrow.now, narrow.before)
    ]
    return narrow if min(sizes) >= ENOUGH or period.months >= 12 else wide


def in_time(book: DealBook, period: Period, definition: str) -> pl.DataFrame:
    """The rate from window to window, a quarter a point, or half a year or a year where deals are few."""
    found = pl.DataFrame()
    for months in (period.months, 6, 12):
        if months >= period.months:
            last = period.widened(months)
            found = over_time(book, definition=definition, during=last, periods=POINTS, horizon=HORIZON_DAYS)  # type: ignore[arg-type]
            found = found.with_columns(months=pl.lit(months, pl.Int64))
            if "phase" not in found.columns or (found.select(pl.col("n").median()).item() or 0) >= DEALS_A_POINT:
                return found
    return found


def _by_segment(book: DealBook, window: Window) -> pl.DataFrame:
    """The rate of each segment in both windows, where it can be told in both: largest first."""
    now, before = (
        win_rate(book, by=["segment"], definition="finished", during=side).filter(pl.col("status") == "ok")
        for side in (window.now, window.before)
    )
    columns = ["segment", "n", "n_events", "value"]
    if "n_events" not in now.columns or "n_events" not in before.columns:
        return pl.DataFrame(schema={"segment": pl.String, "n": pl.Int64, "n_before": pl.Int64})
    both = now.select(columns).join(before.select(columns), on="segment", suffix="_before", nulls_equal=True)
    return both.sort("n", "segment", descending=[True, False])


def _judged(book: DealBook, window: Window, lost: Losses, drivers: Drivers, newest: Newest) -> pl.DataFrame:
    """Certainty over all comparisons of the report, drivers included; a hint needs the same side one period earlier."""
    now = _mixed(book, window.now, window.before)
    step = window.now.months
    earlier = _mixed(book, window.now.back(step), window.before.back(step))
    columns = ["finding", "value", "low", "high", "low80", "high80", "p"]
    named = [
        frame.with_columns(finding=pl.format("driver.{}", "driver"), status=pl.lit("ok"))
        for frame in (drivers.now, drivers.earlier)
    ]
    cohorts = [
        frame.filter(pl.col("value").is_not_null()) for frame in (newest.now, newest.earlier) if "p" in frame.columns
    ]
    rows = [now, *(frame.select(*columns, "status") for frame in (named[0], *cohorts[:1]))]
    leads = {"finding": ["lead"], "p": [lost.lead], "status": ["ok"]}
    rows.append(pl.DataFrame(leads, schema_overrides={"p": pl.Float64}).drop_nulls())
    rows = pl.concat(rows, how="diagonal_relaxed")
    before = pl.concat([frame.select(columns) for frame in (earlier, named[1], *cohorts[1:])], how="vertical_relaxed")
    usable = rows.filter(pl.col("status") == "ok")
    return judge(usable, before.unique("finding", maintain_order=True), ["finding"])


def _mixed(book: DealBook, now: Period, before: Period) -> pl.DataFrame:
    found = mix_and_rate(book, during=now, before=before)
    return found.with_columns(finding="part") if "part" in found.columns else _none()


def _none() -> pl.DataFrame:
    """No comparison: the book could not say."""
    floats = dict.fromkeys(("value", "low", "high", "low80", "high80", "p"), pl.Float64)
    counts = dict.fromkeys(("n", "n_before", "n_merged"), pl.Int64)
    return pl.DataFrame(schema={"finding": pl.String, **floats, **counts, "status": pl.String})
