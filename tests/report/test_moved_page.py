"""The page of what moved: the title says which way, the sentence adds up, the bars take each other's place."""

import polars as pl
import pytest

from kpikit.report.pages.team.moved import moved
from kpikit.show.charts.base import draw
from kpikit.show.document import plain
from kpikit.words import Words


@pytest.fixture(scope="module")
def period(demo):
    return demo.settings.period("FY2026Q2")


def found(**deals):
    steps = ("open_then", "new", "taken_over", "won", "lost", "set_aside", "handed_over", "open_now", "postponed")
    rows = [
        {
            "figure": s,
            "value": float(deals.get(s, 0)),
            "money": 1000.0 * deals.get(s, 0),
            "status": "ok",
            "reason": None,
        }
        for s in steps
    ]
    return pl.DataFrame(rows, schema_overrides={"reason": pl.String})


def test_the_example_of_the_text(period):
    """61 open, 25 came in, 14 won, 19 lost: 61 + 25 - 14 - 19 = 53."""
    page = moved(found(open_then=61, new=25, won=14, lost=19, open_now=53, postponed=11), period)
    assert plain(page, Words("en")).splitlines() == [
        "More left the pipeline than came in",
        "61 open on 1 July 2026,",
        "25 came in, 14 won, 19 lost;",
        "53 open at the end, €\u00a053,000.",
        "For 11 of them the expected date moved beyond this period.",
        "Where do the next 25 come from?",
    ]
    # 61; 61 to 86; 86 to 72; 72 to 53; 0 to 53
    assert page.chart.data.select("start", "end").rows() == [(0, 61), (61, 86), (86, 72), (72, 53), (0, 53)]


@pytest.mark.parametrize(
    ("deals", "code"),
    [
        ({"open_then": 5, "new": 3, "won": 1, "open_now": 7}, "page.moved.title.in"),
        ({"open_then": 5, "new": 1, "lost": 1, "open_now": 5}, "page.moved.title.even"),
        ({"open_then": 5, "open_now": 5}, "page.moved.title.still"),
        ({"open_then": 5, "taken_over": 2, "handed_over": 3, "open_now": 4}, "page.moved.title.out"),
    ],
)
def test_the_title_says_which_way(deals, code, period):
    assert moved(found(**deals), period).title.code == code


def test_what_cannot_be_said_is_folded_with_its_reason(period):
    refused = found().with_columns(status=pl.lit("refused"), reason=pl.lit("no_created_at"))
    page = moved(refused, period)
    assert (page.folded, page.title.code) == (True, "page.moved.title.refused")


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("width", [860, 328])
def test_the_chart_is_valid_and_names_every_step(width, language, period):
    page = moved(found(open_then=61, new=25, won=14, lost=18, set_aside=1, open_now=53), period)
    spec = draw(page.chart, Words(language), width).to_dict()
    assert {layer["mark"]["type"] for layer in spec["layer"]} == {"bar", "text"}
    assert page.chart.data["part"].to_list() == ["before", "now", "on", "lost", "lost", "before"]
