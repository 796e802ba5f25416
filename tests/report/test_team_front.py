"""Page 1 of the team's report from figures that are given: sure or not, longer or shorter, more or fewer."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from kpikit.calendar import Period
from kpikit.report.figures.team import _under_review
from kpikit.report.figures.winloss import _refused
from kpikit.report.pages.team import front

QUARTER = Period.parse("2026Q2")
NOW, STARTS = date(2026, 4, 1), [date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1), date(2026, 1, 1)]


def change(stage="Proposal", value=5.0, certainty="clear", p=0.01, noticeable=4.0):
    return {
        "stage": stage, "figure": "median", "value": value, "low": value - 1, "high": value + 1, "unit": "day", "n": 40,
        "low_together": value - 2, "high_together": value + 2, "certainty": certainty, "p": p, "noticeable": noticeable,
        "window": "period",
    }  # fmt: skip


def won(now=7.0, before=(3.0, 9.0, 4.0, 6.0), unpriced=0):
    rows = [
        {"period": at, "figure": "won", "value": value, "n_unpriced": 0}
        for at, value in zip(STARTS, before, strict=True)
    ]
    rows += [{"period": NOW, "figure": "won", "value": now, "n_unpriced": 0}]
    rows += [{"period": NOW, "figure": "won_value", "value": 10.0, "n_unpriced": unpriced}]
    in_no_order = pl.DataFrame(rows[::-1], schema_overrides={"value": pl.Float64})
    return in_no_order.with_columns(status=pl.lit("ok"))


def page_of(*rows, wins=None, whole_from=None, refused=None, is_few=False):
    schema = pl.DataFrame([change()]).schema
    return front.page(SimpleNamespace(
        changes=pl.DataFrame(rows, schema=schema), wins=won() if wins is None else wins, whole_from=whole_from,
        refused=refused, is_few=is_few, n_deals=4, period=QUARTER,
    ))  # fmt: skip


def codes(parts):
    return [part.code for part in parts]


@pytest.mark.parametrize(
    ("rows", "title", "said", "question"),
    [
        ([change(), change("Offer", certainty="unknown", p=0.5)], "median.more.clear", ["clear", "unknown"], ""),
        ([change(value=-5.0)], "median.less.clear", ["clear"], ""),
        (
            [change(certainty="hint"), change("Offer", certainty="unknown")],
            "median.more.hint",
            ["none_clear", "unknown"],
            "",
        ),
        ([change(value=-5.0, certainty="hint")], "median.less.hint", ["none_clear"], ""),
        ([change(certainty="unknown")], "unknown", ["none_clear", "unknown"], ".unknown"),
        ([], "unknown", [], ".unknown"),
    ],
)
def test_the_finding_and_how_sure_the_rest_is(rows, title, said, question):
    page = page_of(*rows)
    assert page.title.code == f"page.front.title.{title}"
    assert page.question.code == f"page.front.question{question}"
    assert codes(page.sentence)[2:] == [f"page.front.{name}" for name in said]
    assert (page.chart is None) is (not rows)


def test_each_kind_of_certainty_is_counted():
    kinds = ["unknown", "clear", "hint", "unknown", "clear", "unknown", "unknown"]
    said = page_of(*(change(f"s{i}", certainty=kind, p=i / 10) for i, kind in enumerate(kinds))).sentence
    assert {part.code: part.values["n"] for part in said[2:]} == {"page.front.clear": 2, "page.front.unknown": 4}


def test_the_surest_three_are_drawn_with_the_range_that_holds_for_them():
    rows = [change("a", certainty="unknown", p=0.9), change("b", certainty="unknown", p=0.2),
            change("c", certainty="hint"), change("d", -5.0)]  # fmt: skip
    chart = page_of(*rows).chart
    assert chart.data["certainty"].to_list() == ["clear", "hint", "unknown"]
    # the clear one with its own range, -5 ± 1; the others with one that holds for all together, 5 ± 2
    assert chart.data.select("value", "low", "high").rows() == [(-5.0, -6.0, -4.0), (5.0, 3.0, 7.0), (5.0, 3.0, 7.0)]
    labels = [label.code for label in chart.data["label"]]
    assert labels == ["finding.median.less", "finding.median.more", "finding.median.unknown"]
    assert chart.data["label"][2].values["stage"] == "b"
    assert page_of(change(certainty="unknown", noticeable=None)).chart.data["label"][0].code == "finding.unknown"


def test_what_was_won_stands_beside_the_periods_that_the_book_covers():
    said = page_of().sentence
    assert (said[0].values["n"], said[0].values["value"].value) == (7, 10.0)
    assert said[1].values == {"n": 4, "low": 3, "high": 9}
    assert page_of(whole_from=STARTS[2]).sentence[1].values == {"n": 2, "low": 4, "high": 6}
    assert codes(page_of(whole_from=STARTS[3]).sentence) == ["page.front.won"]  # one is no range
    assert page_of(wins=won(unpriced=2)).sentence[1].values == {"n": 2}
    nothing = won(None, (None,) * 4)
    assert codes(page_of(wins=nothing).sentence) == ["page.front.won.refused"]


def test_a_few_deals_are_talked_about_and_a_refusal_has_its_reason():
    few = page_of(change(), is_few=True)
    assert (few.title.code, few.title.values["n"], few.chart) == ("page.front.title.few", 4, None)
    refused = page_of(refused="no_stage_events").title
    assert refused.values["reason"].code == "reason.no_stage_events"


# --- figures ---------------------------------------------------------------------------------------------------------


def deals(*rows):
    schema = {"team": pl.String, "outcome_team": pl.String, "outcome": pl.String, "outcome_day": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_deals_under_review_are_open_or_decided_within_a_year():
    # the year to the end of June 2026 begins on 1 July 2025
    rows = [
        ("A", None, "open", None), ("A", "A", "won", date(2025, 7, 1)), ("A", "A", "lost", date(2025, 6, 30)),
        ("A", "B", "won", date(2026, 1, 1)), ("B", "B", "lost", date(2026, 1, 1)), ("B", None, "open", None),
        ("A", "A", "lost", None),
    ]  # fmt: skip
    for team, n in ((None, 6), ("A", 4), ("B", 3)):
        assert _under_review(SimpleNamespace(tables={"deals": deals(*rows)}, team=team), QUARTER) == n


@pytest.mark.parametrize(
    ("statuses", "outcomes", "reason"),
    [
        ([("ok", None), ("refused", "no_owner")], ["won", "lost"], "no_owner"),
        ([("ok", None)], ["won", "lost"], None),
        ([("ok", None)], ["won", "void"], None),
        ([("ok", None)], ["won", "open"], "no_losses"),
        ([("ok", None)], ["lost", "open"], None),
        ([("ok", None)], ["open"], None),
    ],
)
def test_a_rate_is_refused_with_the_first_reason_or_where_nothing_is_ever_lost(statuses, outcomes, reason):
    way = pl.DataFrame(statuses, schema={"status": pl.String, "reason": pl.String}, orient="row")
    book = SimpleNamespace(tables={"deals": pl.DataFrame({"outcome": outcomes})})
    assert _refused(book, way) == reason
