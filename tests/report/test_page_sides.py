"""What pages on losses, on what is to come and on what is counted say on either side, from figures that are given."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from kpikit.calendar import Period
from kpikit.report.figures.cohorts import Newest
from kpikit.report.figures.windows import Found
from kpikit.report.pages.losses import label, named, short
from kpikit.report.pages.winloss import counted, to_come, where, whom
from kpikit.report.pages.winloss import next as next_page

QUARTER, NEXT = Period.parse("2026Q2"), Period.parse("2026Q3")


def codes(parts):
    return [part.code for part in parts]


def loss(group, n_events, text=None, **more):
    return {
        "group": group, "loss_reason": text, "n_events": n_events, "n": 30, "value": n_events / 30, "low": 0.1,
        "high": 0.9, "unit": "share", "status": "ok", "reason": None, **more,
    }  # fmt: skip


# --- whom ------------------------------------------------------------------------------------------------------------


def whom_of(*rows, certainty="clear", rival=None):
    why = Found(pl.DataFrame(rows, infer_schema_length=None), QUARTER, "period")
    return whom.page(SimpleNamespace(losses=SimpleNamespace(why=why, certainty=certainty, rival=rival)))


@pytest.mark.parametrize(
    ("group", "form"),
    [("no_decision", "no_decision"), ("competitor", "competitor"), ("price", "price"), ("timing", "written")],
)
def test_the_first_reason_gives_the_title_and_the_question(group, form):
    page = whom_of(loss(group, 20), loss("fit", 10))
    assert (page.title.code, page.question.code) == (f"page.whom.title.{form}", f"page.whom.question.{form}")
    assert (page.certainty, page.folded) == ("clear", False)
    unsure = whom_of(loss(group, 20), loss("fit", 10), certainty="unknown")
    assert (unsure.title.code, unsure.folded) == ("page.whom.title.unknown", True)
    assert [unsure.title.values[name].code for name in ("one", "other")] == [
        f"reason_group.{group}",
        "reason_group.fit",
    ]
    assert whom_of(loss(group, 20), certainty="hint").folded is False


def test_what_was_not_told_is_counted_apart_and_is_no_reason():
    page = whom_of(loss("price", 12), loss("fit", 8), loss("blank", 5), loss("unknown", 4))
    assert page.sentence[0].code == "page.whom.sentence.blank"
    assert page.sentence[0].values["blank"] == 9
    assert [part.values["n"] for part in page.sentence[0].values["parts"]] == [12, 8]
    assert codes(whom_of(loss("price", 12), loss("fit", 8)).sentence) == ["page.whom.sentence"]
    assert page.chart.data.height == 2


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([9], [9]), ([9, 8, 7, 6], [9, 8, 7, 6]), ([9, 8, 7, 6, 5], [9, 8, 7, 11]), ([9, 8, 7, 6, 5, 4], [9, 8, 7, 15])],
)
def test_at_most_four_parts_the_last_is_what_is_left(numbers, said):
    parts = whom._parts([loss("timing", n) for n in numbers])
    assert [part.values["n"] for part in parts] == said
    assert codes(parts) == ["page.whom.part", *["page.whom.part.plain"] * (len(said) - 1)]
    is_rest = parts[-1].values["reason"].code == "reason_group.rest"
    assert is_rest is (len(numbers) > 4)


def test_a_rival_is_named_where_one_is_known_and_the_rest_is_no_title():
    assert whom_of(loss("price", 20), rival=("Rival", 7)).sentence[-1].values == {"rival": "Rival", "n": 7}
    assert whom_of(loss("rest", 20), loss("price", 10)).title.code == "page.whom.title.unnamed"


def test_seven_reasons_are_drawn():
    drawn = whom_of(*(loss("other", 20 - i, f"r{i}") for i in range(9))).chart.data
    assert [note.values["k"] for note in drawn["note"]] == [20, 19, 18, 17, 16, 15, 14]


@pytest.mark.parametrize(
    ("text", "in_title", "as_label"),
    [
        ("budget", "budget", "Budget"),
        ("no budget", "no budget", "No budget"),
        ("no budget yet", "no budget…", "No budget yet"),
    ],
)
def test_a_written_reason_is_cut_in_titles_only(text, in_title, as_label):
    row = loss("other", 3, text)
    assert (short(row).values, named(row).values, label(row).values) == (
        {"text": in_title}, {"text": text}, {"text": as_label},
    )  # fmt: skip
    assert (named(loss("price", 3, text)).code, label(loss("price", 3, text)).code) == (
        "reason_group.price",
        "label.price",
    )


# --- where -----------------------------------------------------------------------------------------------------------


def where_of(after, *stages):
    schema = {"stage": pl.String, "group": pl.String, "loss_reason": pl.String, "n_events": pl.Int64, "n": pl.Int64,
              "status": pl.String, "reason": pl.String}  # fmt: skip
    rows = [{name: row.get(name) for name in schema} for row in stages]
    found = Found(pl.DataFrame([after], infer_schema_length=None), QUARTER, "period")
    losses = SimpleNamespace(after=found, stages=pl.DataFrame(rows, schema=schema))
    return where.page(SimpleNamespace(losses=losses))


@pytest.mark.parametrize(
    ("share", "code", "tens"),
    [(0.0, ".none", None), (0.04, ".none", None), (0.06, "", "count.1"), (0.44, "", "count.4"), (0.94, "", "count.9"),
     (0.96, ".all", None), (1.0, ".all", None)],
)  # fmt: skip
def test_losses_after_an_offer_in_ten(share, code, tens):
    after = loss("", 10) | {"value": share, "n_untold": 0}
    page = where_of(after)
    assert page.title.code == f"page.where.title.offer{code}"
    assert (page.title.values["tens"].code if tens else None) == tens
    assert (page.chart, page.question.code) == (None, "page.where.question")
    assert codes(page.sentence) == ["page.where.offer"]
    assert codes(where_of(after | {"n_untold": 2}).sentence) == ["page.where.offer", "page.where.untold"]


def test_without_offers_the_stage_with_most_losses_is_told():
    after = loss("", 0) | {
        "n_events": None,
        "status": "refused",
        "reason": "no_offered_at",
        "n_untold": 0,
        "value": None,
    }
    rows = [
        loss("price", 4, stage="First", n=20), loss("fit", 3, stage="First", n=20),
        loss("price", 6, stage="Last", n=20),
    ]  # fmt: skip
    page = where_of(after, *rows)
    # 7 of 20 at First, 6 at Last
    assert (page.sentence[0].values["stage"], page.sentence[0].values["k"], page.sentence[0].values["n"]) == (
        "First",
        7,
        20,
    )
    assert page.title.values["tens"].code == "count.4"  # .35 is rounded to the even ten
    assert page.question.code == "page.where.question.stage"
    unnamed = where_of(after, loss("price", 9, n=20), *rows)
    assert unnamed.sentence[0].values["stage"].code == "label.no_stage"


def test_six_reasons_have_a_column_the_rarer_ones_share_one_and_the_untold_stand_last():
    counts = {"a": 3, "b": 9, "c": 8, "d": 7, "e": 6, "f": 5, "g": 4}
    rows = [loss("other", n, name, stage="S") for name, n in counts.items()]
    rows += [loss("blank", 50, stage="S"), loss("unknown", 40, stage="S"), loss("rest", 1, stage="S")]
    rows += [loss("other", 1, "a", stage="T"), loss("other", 2, "b", stage="T")]
    chart = where._cells(pl.DataFrame(rows, infer_schema_length=None))
    first = [row for row in chart.data.to_dicts() if row["label"] == "S"]
    told = [(row["column"].values.get("text") or row["column"].code, row["n"]) for row in first]
    assert told == [
        ("B", 9), ("C", 8), ("D", 7), ("E", 6), ("F", 5), ("A", 3), ("label.rest", 5),
        ("label.unknown", 40), ("label.blank", 50),
    ]  # fmt: skip
    assert [row["place"] for row in first] == list(range(9))
    assert [row["is_untold"] for row in first] == [False] * 7 + [True] * 2
    assert [token for token, _ in chart.key] == ["now", "before"]
    assert where._cells(pl.DataFrame(rows[:3], infer_schema_length=None)).key == ()


# --- to come ---------------------------------------------------------------------------------------------------------


def newest(value=0.2, certainty="clear", noticeable=0.1, n_open=4, cohort=QUARTER, following=NEXT, **more):
    row = {
        "status": "ok", "reason": None, "value": value, "noticeable": noticeable, "n_open": n_open, "n": 40,
        "usual": 0.3, "low_bound": 0.2, "high_bound": 0.6, "share": 0.5, "share_low": 0.3, "share_high": 0.7, **more,
    }  # fmt: skip
    found = Newest(pl.DataFrame(), pl.DataFrame(), row, certainty, cohort, following, None, None)
    return to_come.page(SimpleNamespace(newest=found))


@pytest.mark.parametrize(
    ("value", "certainty", "noticeable", "form", "told"),
    [
        (0.2, "clear", 0.1, "clear.more", "clear"),
        (-0.2, "clear", 0.1, "clear.less", "clear"),
        (0.2, "hint", 0.1, "hint.more", "hint"),
        (-0.2, "hint", 0.1, "hint.less", "hint"),
        (0.2, "unknown", 0.15, "usual", None),  # what would have shown is small: it is as usual
        (0.2, "unknown", 0.16, "unknown.these", "unknown"),
        (0.2, "unknown", None, "unknown.these", "unknown"),
    ],
)
def test_the_newest_quarter_on_either_side(value, certainty, noticeable, form, told):
    page = newest(value, certainty, noticeable)
    assert page.title.code == f"page.to_come.title.{form}"
    assert (page.certainty, page.folded) == (told, form == "unknown.these")
    more = [] if certainty == "clear" else ["page.to_come.noticeable"]
    assert codes(page.sentence) == ["page.to_come.sentence", "page.to_come.open", *more]
    assert page.sentence[1].values["still"].value == pytest.approx(0.1)
    assert codes(newest(value, certainty, noticeable, n_open=0).sentence) == ["page.to_come.sentence", *more]


def test_the_quarter_after_it_is_named_where_it_has_begun():
    page = newest(certainty="unknown")
    assert [page.title.values[name].code for name in ("these", "those")] == ["season.these.4", "season.those.7"]
    assert newest(certainty="unknown", following=None).title.code == "page.to_come.title.usual.alone"
    other = newest(cohort=Period("2026-02+3", date(2026, 2, 1), 3))
    assert other.title.values["these"].code == "season.these"


# --- counted ---------------------------------------------------------------------------------------------------------


def step(n_events, n, **more):
    value = n_events / n if n else None
    usual = {"n_late": 0, "n_set_aside": 3, "n_never": 2, "low": 0.1, "high": 0.9, "unit": "share"}
    return {"n_events": n_events, "n": n, "value": value, **usual, **more}


def counted_of(ours, crm, endings=(("a", "won", 12.0), ("a", "lost", 8.0)), name="hubspot"):
    frame = pl.DataFrame(
        [{"segment": s, "figure": figure, "value": v, "status": "ok"} for s, figure, v in endings],
        schema={"segment": pl.String, "figure": pl.String, "value": pl.Float64, "status": pl.String},
    )
    steps = {"crm": crm, "finished": ours, "cohort": step(0, 0)}
    headline = pl.DataFrame({"status": ["too_few"], "period": [None]})
    figures = SimpleNamespace(refused=None, step=steps.get, headline=headline, endings=frame, crm=name)
    return counted.page(figures)


def test_the_crm_s_figure_stands_beside_ours_where_it_is_another():
    other = counted_of(step(12, 30), step(12, 20))
    assert other.title.code == "page.wl.counted.title"
    assert {name: other.title.values[name] for name in ("crm", "ours", "won", "rest")} == {
        "crm": 60, "ours": 40, "won": 12, "rest": 18,
    }  # fmt: skip
    assert codes(other.sentence)[-1] == "page.wl.counted.ours"
    assert len(other.sentence) == 2
    assert counted_of(step(12, 30), step(20, 50)).title.code == "page.wl.counted.title.same"
    assert counted_of(step(12, 30), step(0, 0)).title.code == "page.wl.counted.title.same"
    assert codes(counted_of(step(12, 30), step(12, 30)).sentence) == ["page.wl.counted.ours"]
    assert counted_of(step(12, 30, n_late=4), step(12, 30)).sentence[1].values == {"n": 4, "of": 30}


def test_parts_that_nothing_ended_in_have_no_key_and_bars_go_from_large_to_small():
    ends = [("a", "won", 2.0), ("b", "won", 5.0), ("b", "lost", 1.0), (None, "won", 4.0), ("c", "lost", 0.0)]
    page = counted_of(step(12, 30), step(12, 30), ends)
    assert [token for token, _ in page.chart.key] == ["on", "lost"]
    bars = page.chart.data.filter(panel="counts").select("label", "part", "value").rows()
    told = [(label if isinstance(label, str) else label.code, part, value) for label, part, value in bars]
    assert told == [("b", "on", 5.0), ("b", "lost", 1.0), ("page.wl.no_segment", "on", 4.0), ("a", "on", 2.0)]
    alone = counted_of(step(12, 30), step(12, 30), [(None, "won", 4.0)]).chart.data
    assert alone["label"][0].code == "page.wl.all_deals"
    many = [(f"s{i}", "won", float(i + 1)) for i in range(8)]
    drawn = counted_of(step(12, 30), step(12, 30), many).chart.data.filter(panel="counts")["value"].to_list()
    assert drawn == [8.0, 7.0, 6.0, 5.0, 4.0, 3.0]


def test_steps_of_which_there_is_a_rate_make_the_bridge():
    bridge = counted_of(step(12, 30), step(12, 20)).chart.data.filter(panel="bridge")
    assert [(row["label"].code, row["value"]) for row in bridge.to_dicts()] == [
        ("step.crm", 0.6),
        ("step.finished", 0.4),
    ]


# --- next ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "refused", "said"),
    [
        ([0.3, 0.125], None, 13),
        ([0.3, None], None, 30),
        ([None], None, None),
        ([], None, None),
        ([0.3], "few_deals", None),
    ],
)
def test_the_smallest_change_is_that_of_the_last_window_that_has_one(seen, refused, said):
    in_time = pl.DataFrame({"noticeable": seen}, schema={"noticeable": pl.Float64})
    page = next_page.page(
        SimpleNamespace(period=QUARTER, refused=refused, in_time=in_time, tried=SimpleNamespace(states=()))
    )
    smallest = {row[3] if row[3] == "" else row[3].values["n"] for row in page.table.rows}
    assert smallest == ({""} if said is None else {said})
    assert {row[4].values["day"] for row in page.table.rows} == {date(2026, 10, 15)}  # a quarter on, and two weeks
    assert len(page.table.rows) == 3
