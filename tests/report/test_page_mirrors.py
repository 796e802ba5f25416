"""What pages say on either side: rises and falls, ours and theirs, sure and unsure, from figures that are given."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from kpikit.calendar import Period
from kpikit.report.figures.cohorts import Stay, stay_figures
from kpikit.report.figures.drivers import Drivers, _gaps, _refused, as_judged, driver_figures
from kpikit.report.figures.windows import Found
from kpikit.report.figures.winloss import WinLossFigures
from kpikit.report.pages.mix_words import grown, move
from kpikit.report.pages.winloss import front, goes_with, reasons, stay, why

QUARTER, YEAR = Period.parse("2026Q2"), Period.parse("2025")


def change(value, certainty="clear", **more):
    """A change with a range of .1 on either side."""
    return {
        "value": value, "low": value - 0.1, "high": value + 0.1, "certainty": certainty, "n_merged": 0, "n": 100,
        "n_won": 30, "n_before": 80, "n_won_before": 40, **more,
    }  # fmt: skip


def segments(*rows):
    """segment, n, n_before; a third of each won."""
    return pl.DataFrame(
        [
            {"segment": name, "n": n, "n_before": before, "n_events": n // 3, "n_events_before": before // 3,
             "value": 0.3, "value_before": 0.4}
            for name, n, before in rows
        ],
        schema={
            "segment": pl.String, "n": pl.Int64, "n_before": pl.Int64, "n_events": pl.Int64,
            "n_events_before": pl.Int64, "value": pl.Float64, "value_before": pl.Float64,
        },
    )  # fmt: skip


TWO = segments(("Large", 20, 40), ("Small", 80, 40))


def figures_of(mix=None, rate=None, total=None, by_segment=TWO, **more):
    found = {"mix": mix, "rate": rate, "total": total}
    for name, row in found.items():
        if row is not None:
            row["finding"] = name
    return SimpleNamespace(refused=None, change=found.get, by_segment=by_segment, **more)


def codes(parts):
    return [part.code for part in parts]


# --- why: what we chased, and how we did -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mix", "rate", "title", "certainty"),
    [
        (change(0.2), change(0.2), "both.more", "clear"),
        (change(0.2), change(-0.2), "both.less", "clear"),
        (change(-0.2), change(0.2, "hint"), "move", "clear"),
        (change(-0.2, "unknown"), change(0.2), "rate.more", "clear"),
        (change(-0.2, "hint"), change(-0.2), "rate.less", "clear"),
        (change(0.2, "hint"), change(0.2, "unknown"), "hint.mix", "hint"),
        (change(0.2, "unknown"), change(0.2, "hint"), "hint.rate", "hint"),
        (change(0.2, "unknown"), change(0.2, "unknown"), "unknown", None),
    ],
)
def test_the_surest_of_the_two_is_the_title(mix, rate, title, certainty):
    page = why.page(figures_of(mix, rate, change(-0.1)))
    assert page.title.code == f"page.wl.why.title.{title}"
    assert page.certainty == certainty
    assert (page.question is None, page.folded) == (certainty is None, certainty is None)


def test_a_mix_of_one_segment_names_none():
    page = why.page(figures_of(change(0.2), change(0.2, "hint"), change(0.1), segments(("Large", 20, 40))))
    assert page.title.code == "page.wl.why.title.mix"


def test_the_segment_that_grew_is_named_and_not_the_largest_nor_the_one_that_shrank():
    # shares: Large 60 of 100 after 45 of 50, Small 40 of 100 after 5 of 50; deals without a segment are no segment
    shrank = segments(("Large", 60, 45), (None, 900, 1), ("Small", 40, 5))
    assert grown(figures_of(by_segment=shrank)) == "Small"
    assert grown(figures_of(by_segment=segments(("Large", 60, 5), ("Small", 40, 45)))) == "Large"
    assert grown(figures_of(by_segment=segments(("Large", 60, 5), (None, 1, 1)))) is None
    assert move(figures_of(by_segment=shrank), change(0.2)).values == {"segment": "Small"}
    assert move(figures_of(by_segment=shrank), change(0.2, "hint")).code == "page.wl.why.mix"


def test_a_clear_fall_is_told_by_its_size_and_an_unsure_one_with_its_signs():
    mix = change(-0.2) | {"low": -0.5, "high": -0.125}
    rate = change(0.25, "hint") | {"low": -0.125, "high": 0.5}
    first = why.page(figures_of(mix, rate, change(-0.2))).sentence[0]
    took, within = first.values["mix"], first.values["within"]
    assert (first.values["now"], first.values["before"]) == (30.0, 50.0)  # 30 of 100 after 40 of 80
    assert (took.code, took.values["n"]) == ("page.wl.why.took.less", 20.0)
    assert (took.values["range"].values["low"], took.values["range"].values["high"]) == (12.5, 50.0)
    assert (within.code, within.values["n"]) == ("page.wl.why.within.more", 25.0)
    assert (within.values["range"].values["low"], within.values["range"].values["high"]) == (-12.5, 50.0)
    rise = why.page(figures_of(change(0.25) | {"low": 0.125, "high": 0.5}, change(-0.5, "unknown"), change(0.1)))
    took, within = (rise.sentence[0].values[name] for name in ("mix", "within"))
    assert (took.code, within.code) == ("page.wl.why.took.more", "page.wl.why.within.less")
    assert (took.values["range"].values["low"], took.values["range"].values["high"]) == (12.5, 50.0)
    assert within.values["n"] == 50.0


@pytest.mark.parametrize(("merged", "last"), [(0, "page.wl.why.n"), (1, "page.wl.why.merged")])
def test_segments_that_were_put_together_are_counted_where_there_are_any(merged, last):
    page = why.page(figures_of(change(0.2, n_merged=merged), change(0.2), change(0.2)))
    assert page.sentence[-1].code == last


@pytest.mark.parametrize(
    ("mix", "rate", "total", "code"),
    [(None, None, change(0.1), "one"), (None, None, None, "few"), (change(0.1), change(0.1), None, "few"),
     (change(0.1), None, change(0.1), "one"), (None, change(0.1), change(0.1), "one")],
)  # fmt: skip
def test_a_change_in_parts_needs_all_of_them(mix, rate, total, code):
    page = why.page(figures_of(mix, rate, total))
    assert (page.title.code, page.folded) == (f"page.wl.why.title.{code}", True)


def test_four_segments_are_drawn_and_both_effects():
    rows = [(name, 12, 9) for name in ("a", None, "c", "d", "e")]
    drawn = why.page(figures_of(change(-0.2), change(0.3), change(0.1), segments(*rows))).chart.data
    slopes, effects = drawn.filter(panel="slope").to_dicts(), drawn.filter(panel="effect").to_dicts()
    labels = [row["label"] for row in slopes]
    assert (labels[0], labels[1].code, labels[2:]) == ("a", "page.wl.no_segment", ["c", "d"])
    assert {(row["before"], row["now"]) for row in slopes} == {(0.4, 0.3)}
    assert slopes[0]["note_before"].values == {"k": 3, "n": 9}
    assert (slopes[0]["note_now"].values["k"], slopes[0]["note_now"].values["n"]) == (4, 12)
    assert [(row["label"].code, row["value"]) for row in effects] == [
        ("finding.wl.mix", -0.2),
        ("finding.wl.rate", 0.3),
    ]


# --- page 1 ----------------------------------------------------------------------------------------------------------


def wins(*rows):
    """period, figure, value."""
    kinds = {"won": "deal", "won_value": "money"}
    return pl.DataFrame(
        [
            {"period": at, "figure": figure, "value": value, "n": value and int(value), "n_unpriced": 0,
             "unit": kinds[figure], "status": "ok"}
            for at, figure, value in rows
        ],
        schema={"period": pl.Date, "figure": pl.String, "value": pl.Float64, "n": pl.Int64, "n_unpriced": pl.Int64,
                "unit": pl.String, "status": pl.String},
    )  # fmt: skip


NOW, BEFORE, EARLIER = date(2026, 4, 1), date(2026, 1, 1), date(2025, 10, 1)


def front_of(now, before, endings=(), name="period", **more):
    told = pl.DataFrame(
        [{"segment": s, "figure": figure, "value": value} for s, figure, value in endings],
        schema={"segment": pl.String, "figure": pl.String, "value": pl.Float64},
    )
    counted = wins((NOW, "won", now), (BEFORE, "won", before), (NOW, "won_value", 5.0 if now else None))
    return figures_of(
        wins=counted, period=QUARTER, endings=told, window=SimpleNamespace(name=name),
        **{"whole_from": EARLIER, "n_finished": 20} | more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "before", "count"),
    [
        (0, 9, "none"), (0, 0, "none"), (3, 0, "first"), (1, 10, "half"), (54, 100, "half"), (55, 100, "fewer"),
        (89, 100, "fewer"), (90, 100, "same"), (100, 100, "same"), (109, 100, "same"), (110, 100, "more"),
        (174, 100, "more"), (175, 100, "nearly_twice"), (199, 100, "nearly_twice"), (200, 100, "twice"),
        (249, 100, "twice"), (250, 100, "many"), (900, 100, "many"),
    ],
)  # fmt: skip
def test_how_many_more_or_fewer(now, before, count):
    told = front._title(front_of(float(now), float(before))).values["count"]
    assert told.code == f"page.wl.front.count.{count}"
    assert told.values == {"n": now, "before": before}


@pytest.mark.parametrize(
    ("endings", "name", "segment"),
    [
        ([("a", "won", 6.0), ("b", "won", 5.0)], "period", "a"),
        ([("a", "won", 5.0), ("b", "won", 6.0)], "period", "b"),
        ([("a", "won", 5.0), ("b", "won", 5.0)], "period", None),  # half is not most
        ([("a", "won", 6.0), ("b", "won", 4.0), (None, "won", 3.0)], "period", None),  # 6 of 13
        ([("a", "won", 6.0), (None, "won", 3.0)], "period", None),  # one segment only
        ([("a", "won", 6.0), ("b", "won", None)], "period", None),  # one is not told
        ([("a", "lost", 6.0), ("b", "lost", 1.0)], "period", None),
        ([("a", "won", 6.0), ("b", "won", 5.0)], "year", None),
    ],
)
def test_most_new_customers_are_of_one_segment_or_of_none(endings, name, segment):
    figures = front_of(11.0, 5.0, endings, name)
    assert front._leading(figures) == segment
    assert front._title(figures).code == f"page.wl.front.title.{'most' if segment else 'plain'}"


@pytest.mark.parametrize(("now", "title"), [(4, "plain"), (5, "most")])
def test_of_fewer_than_five_nobody_leads(now, title):
    told = front._title(front_of(float(now), 9.0, [("a", "won", 3.0), ("b", "won", 1.0)]))
    assert told.code == f"page.wl.front.title.{title}"


def test_what_has_no_price_is_counted_and_told_only_where_there_is_some():
    figures = front_of(5.0, 4.0)
    assert codes(front._won_sentence(figures)) == ["page.wl.front.won"]
    figures.wins = figures.wins.with_columns(n_unpriced=pl.lit(2))
    said = front._won_sentence(figures)
    assert (codes(said), said[1].values) == (["page.wl.front.won", "page.front.unpriced"], {"n": 2})
    figures.wins = figures.wins.with_columns(n=pl.lit(0))
    assert codes(front._won_sentence(figures)) == ["page.wl.front.won.bare"]


@pytest.mark.parametrize(
    ("mix", "rate", "late", "more"),
    [
        (None, None, 0, []),
        (None, change(0.2), 0, []),  # a rate without a mix is the whole change, which is told already
        (change(0.2), change(0.2, "hint"), 0, ["mix.more"]),
        (change(-0.2), change(0.2), 0, ["mix.less", "within.more"]),
        (change(-0.2, "hint"), change(-0.2), 0, ["within.less"]),
        (change(0.2, "unknown"), change(0.2, "unknown"), 3, ["late"]),
    ],
)
def test_what_is_clear_is_said_on_the_first_page(mix, rate, late, more):
    figures = front_of(5.0, 4.0, step={"finished": {"n_late": late}}.get)
    figures.change = {"mix": mix, "rate": rate, "total": change(-0.2, "hint")}.get
    said = front._sentence(figures)
    names = [code.removeprefix("page.wl.").removeprefix("front.") for code in codes(said)]
    assert names == ["won", "rate.hint", *more]
    assert (said[1].values["now"], said[1].values["before"]) == (30, 50)
    assert (said[1].values["low"], said[1].values["high"]) == pytest.approx((-30.0, -10.0))
    for part in said[2:]:
        assert part.values.get("n") == (3 if part.code.endswith("late") else 20)


def test_no_change_can_be_told_of_a_few():
    figures = front_of(5.0, 4.0, n_finished=7)
    assert front._sentence(figures)[-1].values == {"n": 7}


def test_the_line_begins_where_the_book_is_whole_goes_forward_and_needs_three_windows():
    figures = front_of(5.0, 4.0)
    assert front._lines(figures) == []
    rows = [(NOW, "won", 5.0), (date(2025, 7, 1), "won", 9.0), (EARLIER, "won", 0.0), (BEFORE, "won", 4.0)]
    figures.wins = wins(*rows, *((at, "won_value", None) for at, *_ in rows))
    drawn = front._lines(figures)
    assert [(row["height"], row["is_now"]) for row in drawn] == [(0.0, False), (4.0, False), (5.0, True)]
    assert {row["what"].code for row in drawn} == {"chart.line.won"}  # nothing has a price
    figures.whole_from = BEFORE
    assert front._lines(figures) == []
    figures.whole_from = None
    assert front._lines(figures) == []


def test_a_finding_is_drawn_on_its_side():
    found = front._findings(figures_of(), [change(-0.25) | {"finding": "rate"}, change(0.5) | {"finding": "mix"}])
    assert [row["label"].code for row in found] == ["finding.wl.less", "finding.wl.more"]
    assert [row["label"].values["size"] for row in found] == [25.0, 50.0]
    assert [row["label"].values["what"].code for row in found] == ["finding.wl.rate", "page.wl.why.move"]
    assert [row["value"] for row in found] == [-0.25, 0.5]


# --- what goes with winning ------------------------------------------------------------------------------------------


def driver(name="second_contact", value=0.2, certainty="clear", **more):
    return {
        "driver": name, "level": "yes", "value": value, "low": value - 0.1, "high": value + 0.1, "n": 40, "p": 0.01,
        "certainty": certainty, "noticeable": 0.3, "rate_with": 0.55, "rate_without": 0.35, "n_won_with": 11,
        "n_with": 20, "n_won_without": 7, "n_without": 20, "method": "plain", "n_in_model": 0, "known": "then",
        "low_with": 0.3, "high_with": 0.8, "low_without": 0.1, "high_without": 0.6, "model_value": -0.1,
        "model_low": -0.2, "model_high": 0.0, "status": "ok", **more,
    }  # fmt: skip


def page_of(*rows, window=QUARTER, refused=None):
    frame = pl.DataFrame(rows) if rows else pl.DataFrame()
    return goes_with.page(SimpleNamespace(drivers=Drivers(frame, frame, frame, window, refused)))


@pytest.mark.parametrize(
    ("row", "title"),
    [
        (driver(certainty="hint"), "hint.more"),
        (driver(value=-0.2, certainty="hint"), "hint.less"),
        (driver(rate_with=0.58, rate_without=0.31), "tens"),
        (driver(rate_with=0.04, rate_without=0.31), "hundred"),  # none in ten would be wrong
        (driver(rate_with=0.96, rate_without=0.31), "hundred"),  # and so would ten in ten
        (driver(rate_with=0.33, rate_without=0.31), "hundred"),  # three in ten either way
        (driver(rate_with=0.06, rate_without=0.31), "tens"),
        (driver(rate_with=0.94, rate_without=0.31), "tens"),
    ],
)
def test_rates_in_ten_where_they_differ_in_ten(row, title):
    told = page_of(row).title
    assert told.code == f"page.goes_with.title.{title}"
    if title == "tens":
        tens = [told.values[name].code for name in ("with_it", "without")]
        assert tens == [f"tens.{round(10 * row[name])}" for name in ("rate_with", "rate_without")]


@pytest.mark.parametrize(("value", "side", "whether"), [(0.2, "more", "second_contact"), (-0.2, "less", "less")])
def test_what_to_ask_turns_with_the_side(value, side, whether):
    page = page_of(driver(value=value, n_in_model=30, method="model", known="as_now", model_value=-value))
    other = {"more": "less", "less": "more"}[side]
    assert page.question.code == f"page.goes_with.question.{whether}"
    assert codes(page.sentence) == [
        "page.goes_with.window", "page.goes_with.counts", f"page.goes_with.gap.{side}",
        f"page.goes_with.others.{other}", "page.goes_with.as_now", f"page.goes_with.caution.{whether}",
    ]  # fmt: skip
    assert {name: page.sentence[1].values[name] for name in ("k1", "n1", "k2", "n2")} == {
        "k1": 11, "n1": 20, "k2": 7, "n2": 20,
    }  # fmt: skip
    assert page.sentence[2].values["gap"].value == pytest.approx(0.2)


@pytest.mark.parametrize("more", [{"method": "model", "n_in_model": 0}, {"method": "plain", "n_in_model": 30}])
def test_what_others_leave_of_it_needs_a_model_of_some(more):
    said = page_of(driver(**more), window=None).sentence
    assert codes(said) == [
        "wider.all", "page.goes_with.window.all", "page.goes_with.counts", "page.goes_with.gap.more",
        "page.goes_with.caution.second_contact",
    ]  # fmt: skip


def test_nothing_that_is_known_folds_and_says_what_would_have_shown():
    rows = [driver(certainty="unknown", n=10, noticeable=0.5), driver("fits_profile", certainty="unknown", n=40)]
    page = page_of(*rows)
    assert (page.folded, page.title.code) == (True, "page.goes_with.title.unknown")
    assert (page.sentence[-1].values["n"], page.sentence[-1].values["noticeable"].value) == (40, 0.3)
    assert page.chart.data["which"].to_list() == ["now", "before"] * 2
    assert page.chart.data["value"].to_list() == [0.55, 0.35] * 2
    assert page.chart.data["low"].to_list() == [0.3, 0.1] * 2


def test_why_there_are_no_drivers():
    def found(*reasons):
        rows = [{"status": "refused" if reason else "ok", "reason": reason} for reason in reasons]
        return Found(pl.DataFrame(rows, schema={"status": pl.String, "reason": pl.String}), QUARTER, "period")

    assert _refused(found("no_contacts", "no_contacts")) == "no_contacts"
    assert _refused(found("no_contacts", None)) == "few_deals"  # not all: it was asked, and little came of it


def test_drivers_that_can_be_told_keep_the_model_s_figures_beside_the_plain_gap():
    gap = {"gap": 0.2, "gap_low": 0.1, "gap_high": 0.3, "gap_low80": 0.15, "gap_high80": 0.25, "p_gap": 0.04}
    row = {"driver": "a", "level": "yes", "value": 0.5, "low": 0.4, "high": 0.6, "status": "ok"} | gap
    told = _gaps(pl.DataFrame([row, row | {"driver": "b", "status": "too_few"}]))
    assert told["driver"].to_list() == ["a"]
    assert told.select("value", "low", "high", "low80", "high80", "p").row(0) == (0.2, 0.1, 0.3, 0.15, 0.25, 0.04)
    assert told.select("model_value", "model_low", "model_high").row(0) == (0.5, 0.4, 0.6)
    assert _gaps(pl.DataFrame({"status": ["refused"]})).height == 0


def test_a_driver_that_was_not_judged_with_the_rest_is_not_known():
    frame = pl.DataFrame([driver("a"), driver("b")])
    found = as_judged(Drivers(frame, frame, frame, QUARTER, None), {"b": "hint"})
    assert found.judged["certainty"].to_list() == ["unknown", "hint"]
    nothing = Drivers(frame.clear(), frame, frame, QUARTER, "few_deals")
    assert as_judged(nothing, {"b": "hint"}) is nothing


# --- what we wrote and what the buyer said ---------------------------------------------------------------------------


def reason(group, ours, theirs, both=0, **more):
    return {
        "group": group, "loss_reason": more.pop("loss_reason", None), "n": ours, "n_theirs": theirs, "n_events": both,
        "n_both": 12, "n_lost": 30, "n_asked": 20, "n_answered": 14, "status": "ok", "value": 0.5, "low": 0.3,
        "high": 0.7, "unit": "share", "reason": None, **more,
    }  # fmt: skip


def reasons_of(*rows, name="period"):
    found = Found(pl.DataFrame(rows, infer_schema_length=None), QUARTER, name)
    return reasons.page(SimpleNamespace(losses=SimpleNamespace(both=found)))


@pytest.mark.parametrize(
    ("ours", "theirs", "title", "said"),
    [
        (6, 6, "title.same", "sentence"),
        (6, 0, "title.ours_only", "sentence"),
        (0, 6, "title.theirs_only", "theirs"),
        (6, 2, "title", "sentence"),
        (2, 6, "title", "sentence"),
    ],
)
def test_ours_and_theirs_are_told_each_way(ours, theirs, title, said):
    page = reasons_of(reason("price", ours, theirs, min(ours, theirs)))
    assert page.title.code == f"page.reasons.{title}"
    assert page.sentence[0].code == f"page.reasons.{said}"
    times = {name: value.code for name, value in page.title.values.items() if name in ("ours", "theirs")}
    assert times == {
        name: f"times.{n}" for name, n in (("ours", ours), ("theirs", theirs)) if n and title != "title.same"
    }
    assert page.sentence[-1].values == {"lost": 30, "asked": 20, "n": 14}


def test_the_reason_that_differs_most_comes_first_and_the_rest_last():
    page = reasons_of(reason("timing", 5, 5), reason("price", 2, 7), reason("rest", 9, 0), reason("fit", 7, 3))
    assert page.sentence[0].values["reason"].code == "reason_group.price"  # 5 apart; the rest is no reason
    assert [row.code for row in page.chart.data["label"]] == ["label.rest", "label.price", "label.fit", "label.timing"]
    assert page.chart.data.select("ours", "theirs").rows() == [(9, 0), (2, 7), (7, 3), (5, 5)]
    tied = reasons_of(reason("timing", 1, 4), reason("price", 6, 3))
    assert tied.sentence[0].values["reason"].code == "reason_group.price"  # as far apart, and written more often


def test_at_most_seven_reasons_are_drawn():
    page = reasons_of(*(reason("other", i, 0, loss_reason=f"r{i}") for i in range(9)))
    assert page.chart.data["ours"].to_list() == [8, 7, 6, 5, 4, 3, 2]


@pytest.mark.parametrize(("status", "agreed"), [("ok", "agreed"), ("too_few", "agreed.few")])
def test_a_share_is_told_where_there_are_enough(status, agreed):
    said = reasons_of(reason("price", 6, 3, 2, status=status)).sentence[0].values["agreed"]
    assert (said.code, said.values["k"]) == (f"page.reasons.{agreed}", 2)


@pytest.mark.parametrize(("both", "title"), [(4, "page.reasons.title.few"), (5, "page.reasons.title")])
def test_fewer_than_five_told_by_both_are_few(both, title):
    page = reasons_of(reason("price", 6, 3, 2, n_both=both))
    assert (page.title.code, page.folded) == (title, both == 4)


@pytest.mark.parametrize(("n", "code"), [(1, "times.1"), (10, "times.10"), (11, "times.more")])
def test_times_are_words_up_to_ten(n, code):
    assert reasons._times(n).code == code


# --- who stays -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "asked", "form"), [(12, 5, "both"), (12, 0, "due"), (0, 5, "wanted")], ids=["both", "due", "wanted"]
)
def test_who_renewed_and_who_is_wanted_are_told_as_far_as_known(due, asked, form):
    row = {"n": due, "n_events": 9 if due else 0, "n_open": 2 if due else 0, "status": "too_few", "reason": "few_deals"}
    found = SimpleNamespace(
        due=Found(pl.DataFrame([row]), QUARTER, "period"), n_due=due, n_asked=asked,
        wanted={"n_wanted": 3, "n_unwanted": 2, "n_unasked": 4},
        months=pl.DataFrame({"month": [NOW], "stayed": [9], "left": [3], "unknown": [0]}), links=pl.DataFrame(),
    )  # fmt: skip
    page = stay.page(SimpleNamespace(stay=found))
    assert page.title.code == f"page.stay.title.{form}"
    known = {"k": 9, "n": 12} if due else {}
    assert page.title.values == known | ({"yes": 3, "asked": 5} if asked else {})
    first = ["page.stay.sentence.few", "page.stay.open"] if due else ["page.stay.no_due"]
    assert codes(page.sentence) == [*first, "page.stay.wanted" if asked else "page.stay.unasked"]
    assert [token for token, _ in page.chart.key] == ["now", "before"]  # nothing is unknown


def test_the_sources_of_a_chain_stay_in_their_order():
    names = ["web", "fair", "call", "mail", "shop", "ads", "show"]
    rows = [{"source": name, "step": "accepted", "value": 0.5, "low": 0.4, "high": 0.6} for name in names]
    assert [row["label"] for row in stay._links(pl.DataFrame(rows))] == names


# --- figures that pages are made of ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "n"),
    [({"n_wanted": 3, "n_unwanted": 2}, 5), ({"n_wanted": None, "n_unwanted": 2}, 2), ({"n_wanted": 3}, 3), ({}, 0)],
)
def test_how_many_were_asked_whether_they_are_wanted_again(wanted, n):
    due = Found(pl.DataFrame({"n": [0], "status": ["ok"]}), QUARTER, "period")
    assert Stay(due, wanted, pl.DataFrame(), pl.DataFrame()).n_asked == n


@pytest.mark.parametrize(("window", "told"), [(None, QUARTER.widened(12)), (QUARTER, QUARTER)])
def test_months_are_those_of_the_window_or_of_a_year(monkeypatch, window, told):
    place, asked = "kpikit.report.figures.cohorts", []
    due = Found(pl.DataFrame({"n": [12], "status": ["ok"]}), window, "all")
    monkeypatch.setattr(f"{place}.widening", lambda *_, **__: due)
    monkeypatch.setattr(f"{place}.regret", lambda *_, during, **__: asked.append(during) or Frame({"n_wanted": [1]}))
    monkeypatch.setattr(f"{place}._links", lambda _: pl.DataFrame())
    monkeypatch.setattr(f"{place}._months", lambda _, during: asked.append(during) or pl.DataFrame())
    stay_figures(None, QUARTER)
    assert asked == [QUARTER.widened(12), told]
    assert told.months == (3 if window else 12)


class Frame:
    """An answer, as far as its frame is asked for."""

    def __init__(self, columns):
        self.frame = pl.DataFrame(columns)


@pytest.mark.parametrize(
    ("period", "year"), [(QUARTER, QUARTER.widened(12)), (Period.parse("2025"), Period.parse("2025"))]
)
def test_drivers_look_at_a_year_and_the_one_before_it(monkeypatch, period, year):
    asked = []

    def rows(book, window, draws=499):
        asked.append((window, draws))
        return pl.DataFrame([driver(gap=0.2, gap_low=0.1, gap_high=0.3, gap_low80=0.1, gap_high80=0.3, p_gap=0.01)])

    monkeypatch.setattr("kpikit.report.figures.drivers._asked", rows)
    monkeypatch.setattr(
        "kpikit.report.figures.drivers.widening", lambda window, ask, **_: Found(ask(window), window, "period")
    )
    found = driver_figures(None, period)
    assert asked == [(year, 499), (year.back(12), 1)]
    assert (found.window, found.refused, found.judged["value"].to_list()) == (year, None, [0.2])


def test_a_step_is_found_by_its_name():
    bridge = pl.DataFrame({"step": ["crm", "finished", "cohort"], "n": [20, 30, 40]})
    figures = SimpleNamespace(bridge=bridge, step=lambda name: WinLossFigures.step(figures, name))
    assert [figures.step(name)["n"] for name in ("finished", "cohort", "crm")] == [30, 40, 20]
    assert WinLossFigures.n_finished.fget(figures) == 30
    figures.bridge = bridge.drop("step")
    assert WinLossFigures.n_finished.fget(figures) == 0


def test_a_change_that_could_not_be_made_is_none():
    changes = pl.DataFrame({"finding": ["mix", "rate"], "status": ["too_few", "ok"], "value": [0.1, -0.2]})
    figures = SimpleNamespace(changes=changes)
    assert WinLossFigures.change(figures, "mix") is None
    assert WinLossFigures.change(figures, "rate")["value"] == -0.2
    assert WinLossFigures.change(figures, "total") is None
