"""Pages and charts made by hand, so that show/ is tested without a book."""

from datetime import date

import polars as pl

from kpikit.show.page import Chart, message
from tests.hostile.strings import STRINGS

#: one of a kind from the one list of hostile texts, for what is drawn many times over; the whole is tried elsewhere
HOSTILE = {
    "script": STRINGS["script-1"],
    "element": STRINGS["markup-2"],
    "attribute": STRINGS["markup-3"],
    "template": " ".join(STRINGS[f"template-{number}"] for number in (1, 2, 3, 4)),
    "formula": STRINGS["formula-1"],
    "override": STRINGS["direction-1"],
    "long": STRINGS["long-1"][:3_000],
    "entity": STRINGS["markup-9"],
}


def ranges(labels=("Qualify", "Proposal"), unit="day", **special):
    """A chart of two rows: this period at 20 days (15 to 30), before at 10 (8 to 12)."""
    note = message("page.time.note.too_few", n=9, n_open=2)
    rows = [
        {"label": label, "which": which, "value": value, "low": low, "high": high, "note": note}
        for label in labels
        for which, value, low, high in (("now", 20.0, 15.0, 30.0), ("before", 10.0, 8.0, 12.0))
    ]  # fmt: skip
    rows[0] |= special
    schema = {
        "label": pl.String,
        "which": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "note": pl.Object,
    }
    key = (("now", message("index.plain", text="this")), ("before", message("index.plain", text="before")))
    return Chart("ranges", pl.DataFrame(rows, schema=schema), message("page.time.chart"), key=key, unit=unit)


def hundreds():
    """Of a hundred visits now 42 on, 6 back, 26 lost, 26 waiting; before 50, 10, 30, 10."""
    rows = [
        {"label": message("index.plain", text=label), "part": part, "share": share}
        for label, shares in (("now", (0.42, 0.06, 0.26, 0.26)), ("before", (0.50, 0.10, 0.30, 0.10)))
        for part, share in zip(("on", "back", "lost", "waiting"), shares, strict=True)
    ]
    schema = {"label": pl.Object, "part": pl.String, "share": pl.Float64}
    return Chart("hundreds", pl.DataFrame(rows, schema=schema), message("page.ends.chart", stage="Proposal", days=60))


def findings(label="Proposal: 14 days longer", **special):
    """One finding that is clear: 14 days longer (6 to 21)."""
    row = {"label": message("index.plain", text=label), "value": 14.0, "low": 6.0, "high": 21.0, "certainty": "clear"}
    schema = {"label": pl.Object, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "certainty": pl.String}
    return Chart("findings", pl.DataFrame([row | special], schema=schema), message("page.front.chart", n=1))


def headline():
    """New customers in three quarters, 12, 9 and 14, above one finding that is clear."""
    what = message("chart.line.won")
    line = [
        {
            "panel": "line", "what": what, "label": message("chart.line.at", what=what, month=month), "height": height,
            "month": message("chart.month", month=month), "note": message("chart.amount", figure=height),
            "is_now": height == 14.0,
        }
        for height, month in ((12.0, date(2026, 1, 1)), (9.0, date(2026, 4, 1)), (14.0, date(2026, 7, 1)))
    ]  # fmt: skip
    finding = {"panel": "finding", **findings().data.row(0, named=True)}
    objects = dict.fromkeys(("what", "label", "month", "note"), pl.Object)
    rows = [dict.fromkeys({**finding, **line[0]}) | row for row in (*line, finding)]
    return Chart("headline", pl.DataFrame(rows, schema_overrides=objects), message("page.wl.front.chart.lines"))


CHARTS = {"ranges": ranges, "hundreds": hundreds, "findings": findings, "headline": headline}
