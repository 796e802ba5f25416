"""The pictures of a deal's story: by their specification; drawing adds no number; any text is only a label."""

from itertools import pairwise

import polars as pl
import pytest

from kpikit.review import story
from kpikit.review.pictures import course_chart, course_sentence, timeline_chart
from kpikit.show.charts.base import NARROW, WIDE, draw
from kpikit.show.charts.picture import svg
from kpikit.words import LANGUAGES, Words
from tests.review.review_books import book_of, day, deal, on
from tests.show.pages_for_tests import HOSTILE

EN = Words("en")


def values(spec):
    """All rows of data that a specification draws."""
    rows = list(spec.get("data", {}).get("values", []))
    for layer in spec.get("layer", []):
        rows += values(layer)
    return rows


@pytest.fixture(scope="module")
def long(demo):
    """Silent for long, its date moved eight times."""
    return story(demo, "D0034")


@pytest.fixture(scope="module")
def young(demo):
    return story(demo, "D2259")


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
def test_both_pictures_say_what_they_show_and_are_drawn(long, width, language):
    for chart in (timeline_chart(long), course_chart(long)):
        spec = draw(chart, Words(language), width).to_dict()
        assert spec["description"]
        assert spec["layer"]
        picture = svg(chart, Words(language), width)
        assert picture.startswith('<svg role="img" aria-label="')
        assert len(picture) < 90_000


def test_the_timeline_has_a_lane_a_kind_and_a_mark_a_thing(long):
    frame = timeline_chart(long).data.drop("label")
    marks = dict(frame.group_by("mark").len().iter_rows())
    things = long.timeline
    assert marks["bar"] == things.filter(pl.col("kind").str.starts_with("visit_")).height
    assert marks["dot"] == things.filter(pl.col("lane").is_in(["customer", "us"])).height
    assert marks["later"] + marks["later_late"] == things.filter(pl.col("kind").str.starts_with("later")).height
    assert (marks["silence"], marks["due"], marks["now"]) == (1, 1, 1)
    assert marks["lane"] == things["lane"].n_unique()


def test_days_are_counted_from_the_beginning():
    # begun on day 50, in Proposal from day 70, now is day 100; the date of day 88 has passed
    events = [{"deal_id": "d", "stage": s, "entered_at": day(at), "seq": i} for i, (s, at) in
              enumerate([("Qualify", 50), ("Proposal", 70)])]  # fmt: skip
    acts = [{"deal_id": "d", "kind": "meeting", "direction": "both", "happened_at": day(60), "recorded_at": day(65)}]
    book = book_of([deal("d", created_at=day(50), expected_close_on=on(88))], stage_events=events, activities=acts)
    rows = timeline_chart(story(book, "d")).data.drop("label")
    at = {row["mark"]: (row["x"], row["x2"]) for row in rows.to_dicts() if row["mark"] not in ("bar", "tick", "lane")}
    assert at["dot"] == (10.0, None)
    assert at["tail"] == (10.0, 15.0)  # written down five days later
    assert at["now"] == (50.0, None)
    assert at["due"] == (38.0, None)
    assert rows.filter(mark="bar").select("x", "x2").rows() == [(0.0, 20.0), (20.0, 50.0)]


def test_a_deal_that_ended_is_drawn_to_its_end_not_to_now(demo):
    rows = timeline_chart(story(demo, "D0003")).data.drop("label")
    assert "now" not in rows["mark"].to_list()
    assert rows["x"].max() < 60  # won after four weeks, two years ago


def test_texts_of_one_lane_do_not_lie_on_each_other(long):
    spec = draw(timeline_chart(long), EN, NARROW).to_dict()
    texts = [row for row in values(spec) if "start" in row and row["mark"] in ("value", "end", "due")]
    for lane in {row["lane"] for row in texts}:
        ends = sorted(
            {(row["start"], row["start"] + 12 * 0.56 * len(row["label"])) for row in texts if row["lane"] == lane}
        )
        assert all(left[1] <= right[0] for left, right in pairwise(ends))


def test_nothing_is_drawn_outside_the_picture(long, young):
    for found in (long, young):
        for width in (WIDE, NARROW):
            spec = draw(timeline_chart(found), EN, width).to_dict()
            inner = spec["width"]
            places = [row[name] for row in values(spec) for name in ("px", "px2", "start") if row.get(name) is not None]
            assert all(-12 <= place <= inner + 0.01 for place in places)


def test_the_course_is_a_hundred_at_every_age_with_this_deal_s_age(young):
    chart = course_chart(young)
    rows = chart.data.drop("label").filter(pl.col("part") != "mark")
    sums = rows.group_by("time").agg(top=pl.col("high").max(), bottom=pl.col("low").min())
    assert set(sums["bottom"]) == {0.0}
    assert sums["top"].round(6).unique().to_list() == [100.0]
    assert rows.group_by("time").len()["len"].max() == 5
    assert rows["time"].n_unique() <= 61
    mark = chart.data.drop("label").filter(part="mark")
    assert mark["time"][0] == pytest.approx(young.course["age_days"][0])


def test_an_age_beyond_what_was_seen_stands_at_the_edge_and_says_so(long):
    chart = course_chart(long)
    mark = next(row for row in chart.data.to_dicts() if row["part"] == "mark")
    assert mark["label"].in_words(EN).endswith("longer than could be seen")
    assert mark["time"] == chart.data["time"].max()


def test_the_sentence_gives_the_shares_at_this_deal_s_age():
    # ten others: five lost after 10 days, five went on after 20; this one is there for 15
    others = [deal(f"l{i}", created_at=day(0), outcome="lost", outcome_at=day(10)) for i in range(5)]
    others += [deal(f"g{i}", created_at=day(0), stage="Proposal") for i in range(5)]
    events = [{"deal_id": d["deal_id"], "stage": "Qualify", "entered_at": day(0), "seq": 1} for d in others]
    events += [{"deal_id": f"g{i}", "stage": "Proposal", "entered_at": day(20), "seq": 2} for i in range(5)]
    events.append({"deal_id": "me", "stage": "Qualify", "entered_at": day(85), "seq": 1})
    book = book_of([*others, deal("me", created_at=day(85))], stage_events=events)
    said = course_sentence(story(book, "me")).in_words(EN)
    assert said == (
        "Of 10 other deals in this stage, after 15 days 0 in 100 had gone on, 50 were lost and 50 were still there."
    )


def test_too_few_similar_deals_make_no_picture():
    found = story(book_of([deal("d")]), "d")
    assert course_chart(found) is None
    assert course_sentence(found) is None
    assert svg(timeline_chart(found), EN, WIDE)


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_drawn_as_text(kind, width):
    stage = HOSTILE[kind]
    stages = pl.DataFrame({"pipeline": ["New"], "stage": [stage], "position": [1]})
    book = book_of([deal("d", stage=stage, created_at=day(20))])
    book = book.replace(
        tables={**book.tables, "stages": stages.with_columns(is_won=False, is_lost=False, meaning=None)}
    )
    picture = svg(timeline_chart(story(book, "d")), EN, width)
    assert "<script" not in picture.lower()
    assert "<img" not in picture.lower()
