"""A deal's story: its timeline by hand, its criteria, questions and similar deals; hostile text stays text."""

import polars as pl
import pytest

from kpikit import DataError, UsageError
from kpikit.log.entries import Entry
from kpikit.log.opening import open_log
from kpikit.review import story
from kpikit.review.questions import ANY, STEPS, read_questions, step_of
from kpikit.schema import PERSON_COLUMNS
from kpikit.words import LANGUAGES
from tests.review.review_books import book_of, day, deal, on

HOSTILE = "</script><script>alert(1)</script>\x00 {0.__class__} =cmd|' /C calc'!A0"


def told():
    """One deal with everything, and ten others that went through Qualify."""
    others = [
        deal(f"o{i}", created_at=day(0), outcome="lost", outcome_at=day(10 + i), segment="Small") for i in range(10)
    ]
    mine = deal(
        "d", created_at=day(50), stage="Proposal", expected_close_on=on(99), amount=800.0, probability=0.6,
        segment="Small", offered_at=day(70), offer_asked_by="customer",
    )  # fmt: skip
    events = [
        {"deal_id": d["deal_id"], "stage": "Qualify", "entered_at": d["created_at"], "seq": 1} for d in (*others, mine)
    ]
    events.append({"deal_id": "d", "stage": "Proposal", "entered_at": day(70), "seq": 2})
    close = "expected_close_on"
    moves = [(close, "2026-03-12", "2026-03-22", 60), (close, "2026-03-22", "2026-04-10", 85),
             ("amount", "1000", "800", 75), ("probability", "0.3", "0.6", 71)]  # fmt: skip
    changes = [{"deal_id": "d", "field": f, "old": o, "new": n, "changed_at": day(at)} for f, o, n, at in moves]
    acts = [
        {"deal_id": "d", "kind": "call", "direction": "customer", "happened_at": day(55), "recorded_at": day(65)},
        {"deal_id": "d", "kind": "email", "direction": "us", "happened_at": day(56)},
        {"deal_id": "d", "kind": "meeting", "direction": "both", "happened_at": day(58)},
        {"deal_id": "d", "kind": "call", "direction": "customer", "happened_at": day(300)},  # planned
    ]
    notes = [{"deal_id": "d", "at": day(59), "kind": "listening", "text": HOSTILE}]
    talks = [{"deal_id": "o1", "asked_at": day(20), "held_at": day(21), "story": "You rang back.", "permission": True}]
    criteria = [{"pipeline": "New", "stage": "Proposal", "criterion": c} for c in
                ("The customer asked for the offer", "The customer is pleased")]  # fmt: skip
    return book_of([*others, mine], stage_events=events, changes=changes, activities=acts, notes=notes,
                   interviews=talks, criteria=criteria)  # fmt: skip


BOOK = told()
STORY = story(BOOK, "d")


def lane(name, *columns):
    return STORY.timeline.filter(lane=name).select(columns).rows()


def test_stages_from_entry_to_exit_and_the_last_to_now():
    assert lane("stage", "at", "until", "kind", "text") == [
        (day(50), day(70), "visit_advance", "Qualify"), (day(70), day(100), "visit_open", "Proposal"),
    ]  # fmt: skip


def test_close_dates_with_the_one_moved_only_after_it_had_passed():
    # 12 March is day 70, 22 March day 80: moved on day 60 (before), and on day 85 (after)
    assert lane("close", "at", "kind", "was_on", "on") == [
        (day(50), "set", None, on(70)), (day(60), "later", on(70), on(80)), (day(85), "later_late", on(80), on(99)),
    ]  # fmt: skip


def test_amount_and_probability_as_stated_from_then_on():
    assert lane("amount", "at", "kind", "value", "was") == [
        (day(50), "set", 1000.0, None), (day(75), "down", 800.0, 1000.0)
    ]  # fmt: skip
    assert lane("probability", "at", "kind", "value") == [(day(50), "set", 0.3), (day(71), "up", 0.6)]


def test_acts_in_the_lane_of_who_did_them_with_the_day_they_were_logged():
    assert lane("customer", "at", "recorded_at", "kind") == [(day(55), day(65), "call"), (day(58), None, "meeting")]
    assert lane("us", "at", "kind") == [(day(56), "email")]
    assert lane("words", "at", "kind") == [(day(59), "listening")]


def test_the_timeline_is_in_order_and_ends_now():
    assert STORY.timeline["at"].is_sorted()
    assert STORY.timeline["at"].max() <= BOOK.as_of


def test_a_reopened_deal_and_one_that_ended():
    ended = story(BOOK, "o1")
    last = ended.timeline.filter(lane="stage").row(-1, named=True)
    assert (last["kind"], last["at"]) == ("lost", day(11))
    assert ended.course["age_days"].null_count() == ended.course.height


def test_criteria_beside_what_is_recorded():
    assert STORY.criteria.rows() == [
        ("The customer asked for the offer", "asked_for_offer", True), ("The customer is pleased", None, None),
    ]  # fmt: skip
    assert STORY.meaning is None
    assert story(BOOK, "o1").meaning == "Is there something to change?"


def test_the_reasons_are_those_of_the_agenda():
    assert dict(STORY.reasons.select("rule", "value").iter_rows())["overdue"] == 1.0  # day 100 - day 99


def test_a_story_like_it_and_never_its_own():
    assert STORY.like["story"].to_list() == ["You rang back."]
    assert story(BOOK, "o1").like.height == 0


def test_text_of_the_crm_comes_through_as_it_was_written():
    hostile = book_of([deal("d", name=HOSTILE, customer_goal=HOSTILE, next_step=HOSTILE)])
    found = story(hostile, "d")
    assert found.deal["customer_goal"] == found.deal["name"] == HOSTILE


def test_no_column_names_a_person():
    assert not PERSON_COLUMNS & set(STORY.deal)
    for frame in (STORY.reasons, STORY.timeline, STORY.course, STORY.criteria, STORY.like):
        assert not PERSON_COLUMNS & set(frame.columns)


def test_a_deal_that_is_not_in_the_book_and_one_that_left_it(tmp_path):
    with pytest.raises(UsageError) as unknown:
        story(BOOK, "gone")
    assert unknown.value.code == "unknown_deal"
    with open_log(tmp_path / "log.sqlite") as log:
        log.write(Entry(kind="learned", deal_id="gone", text="They merge in May."))
        with pytest.raises(UsageError) as left:
            story(BOOK, "gone", log=log)
        log.write(Entry(kind="note", deal_id="d", text="for two", seen_by="coach_and_rep"))
        log.write(Entry(kind="prepared", deal_id="d", code="help", text="a second opinion"))
        team, two = (story(BOOK, "d", log=log, reader=reader) for reader in ("team", "coach_and_rep"))
    assert left.value.code == "deal_left_export"
    assert "earlier export" in str(left.value)
    assert team.prepared["text"].to_list() == ["a second opinion"]
    assert (team.said.height, two.said["text"].to_list()) == (0, ["for two"])


def test_a_book_with_deals_only():
    bare = book_of([deal("d")], stage_events=[])
    found = story(bare, "d")
    assert found.course.height == 0 or found.course["status"].to_list() == ["refused"]
    assert found.timeline.filter(lane="stage").height == 0
    assert found.asks("en")


# --- how it went with similar deals -----------------------------------------------------------------------------------


def test_the_course_of_ten_others_by_hand():
    # the ten others left Qualify after 10, 11, … 19 days, all lost; this deal left it after 20 and is not counted
    curve = story(BOOK, "o0").course.filter(exit="lost")
    assert curve["n"][0] == 10  # nine others, and d
    at_work = book_of([deal("me", created_at=day(95), segment="Small"),
                       *[deal(f"o{i}", created_at=day(0), outcome="lost", outcome_at=day(10 + i), segment="Small")
                         for i in range(10)]])  # fmt: skip
    found = story(at_work, "me").course
    assert (found["among"][0], found["age_days"][0], found["n"][0]) == ("segment", 5.0, 10)
    lost = found.filter(exit="lost").select("time", "value").rows()
    assert lost == [(pytest.approx(10.0 + i), pytest.approx((i + 1) / 10)) for i in range(10)]


def test_too_few_of_the_segment_means_all_and_too_few_at_all_means_no_curve():
    mixed = [deal(f"o{i}", created_at=day(0), outcome="lost", outcome_at=day(10), segment="Mid") for i in range(12)]
    alone = story(book_of([*mixed, deal("me", segment="Small")]), "me").course
    assert (alone["among"][0], alone["n"][0]) == ("all", 12)
    few = story(book_of([*mixed[:5], deal("me", segment="Mid")]), "me").course
    assert set(few["status"]) == {"too_few"}
    assert few["value"].null_count() == few.height


# --- questions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_has_as_many_questions_in_every_language(language):
    asked, english = ({step: read_questions().of(step, name) for step in (*STEPS, ANY)} for name in (language, "en"))
    assert {step: len(texts) for step, texts in asked.items()} == {step: len(texts) for step, texts in english.items()}
    assert all(text.endswith("?") for texts in asked.values() for text in texts)
    assert all(len(texts) > len(asked[ANY]) / 2 for texts in asked.values())
    assert language == "en" or not {*asked["offer"]} & {*english["offer"]}


@pytest.mark.parametrize(
    ("stage", "step"),
    [("Qualify", "appointment"), ("Proposal", "offer"), ("Negotiation", "follow_up"), ("Nowhere", None), (None, None)],
)
def test_a_stage_s_step_by_its_name(stage, step):
    assert step_of(BOOK, "New", stage, read_questions()) == step


def test_a_stage_s_step_by_its_place_where_its_name_says_nothing():
    stages = pl.DataFrame({"pipeline": ["P"] * 4, "stage": list("ABCD"), "position": [1, 2, 3, 4]})
    book = BOOK.replace(tables={**BOOK.tables, "stages": stages.with_columns(is_won=None, is_lost=None)})
    assert [step_of(book, "P", stage, read_questions()) for stage in "ABCD"] == list(STEPS)


def test_questions_of_the_step_come_first():
    known = read_questions()

    def asked(stage, language):
        return known.of(step_of(BOOK, "New", stage, known), language)

    assert asked("Proposal", "en")[0] == "Who asked for the offer?"
    assert asked("Nowhere", "nl")[0] == "Waar en wanneer denk je dat het kantelde?"


OWN = """
[steps]
Proposal = "meeting"

[[question]]
step = "meeting"
en = "What did they laugh about?"
nl = "Waar lachten ze om?"
"""


def test_a_company_s_own_questions_add_or_replace(tmp_path):
    file = tmp_path / "questions.toml"
    file.write_text(OWN, encoding="utf-8")
    added = read_questions(tmp_path)
    assert added.of("meeting", "nl")[:2] == (
        "Waar lachten ze om?",
        "Wat zeiden ze dat je woordelijk hebt opgeschreven?",
    )
    assert step_of(BOOK, "New", "Proposal", added) == "meeting"
    assert story(BOOK, "d", questions=added).asks("en")[0] == "What did they laugh about?"
    file.write_text("replace = true\n" + OWN, encoding="utf-8")
    assert read_questions(file).of("meeting", "en") == ("What did they laugh about?",)
    assert read_questions(tmp_path / "elsewhere") == read_questions()


def test_what_is_wrong_in_a_company_s_questions_is_told_at_once(tmp_path):
    file = tmp_path / "questions.toml"
    file.write_text(
        'colour = "blue"\n[steps]\nA = "lunch"\n[[question]]\nstep = "lunch"\nen = "Send a discount."\nnl = "Wat?"\n',
        encoding="utf-8",
    )
    with pytest.raises(DataError) as wrong:
        read_questions(file)
    assert [fault.rule for fault in wrong.value.faults] == [
        "questions_key", "question_step", "question_text", "question_stage"
    ]  # fmt: skip
    assert "ends in a question mark" in str(wrong.value)
    assert wrong.value.sentence("nl") != str(wrong.value)
    file.write_text("[[question", encoding="utf-8")
    with pytest.raises(DataError):
        read_questions(file)
