"""Each rule of the agenda by hand: whom it names, with which figure; what never makes it fire; its card."""

from datetime import timedelta

import pytest

from kpikit.languages import LANGUAGES, language
from kpikit.review.facts import Facts, rule_cards
from kpikit.review.listing.criteria import SHOWN
from kpikit.review.listing.rules import RULES
from kpikit.review.reasons import reason, short
from kpikit.schema import TABLES
from kpikit.words import Words
from tests.review.review_books import AS_OF, book_of, day, deal, on


def found(rule, book, **more):
    """The rows of a rule by deal; a refusal is its code."""
    rows = RULES[rule](Facts(book, on(AS_OF), **more))
    return rows if isinstance(rows, str) else {row["deal_id"]: row for row in rows.to_dicts()}


# --- dates ------------------------------------------------------------------------------------------------------------


def test_a_close_date_that_has_passed_is_told_with_its_days():
    book = book_of([deal("late", expected_close_on=on(88)), deal("today", expected_close_on=on(100)), deal("ahead")])
    rows = found("overdue", book)
    assert list(rows) == ["late"]
    assert (rows["late"]["value"], rows["late"]["unit"], rows["late"]["on"]) == (12.0, "day", on(88))  # 100 - 88


def test_a_date_moved_before_it_passed_never_lists_a_deal_and_takes_one_away():
    """Moving early is good news: the rule sees the date as it is, and no rule reads that it was moved."""
    moved = [{"deal_id": "d", "field": "expected_close_on", "old": "2026-03-30", "new": "2026-05-31",
              "changed_at": day(70)}]  # fmt: skip
    stale = book_of([deal("d", expected_close_on=on(88))])
    early = book_of([deal("d", expected_close_on=on(150))], changes=moved)
    assert set(found("overdue", stale)) == {"d"}
    assert found("overdue", early) == {}
    for rule in RULES:
        before, after = (found(rule, book) for book in (stale, early))
        if not isinstance(after, str):
            assert set(after) <= set(before), rule


def test_without_any_close_date_the_rule_is_refused():
    assert found("overdue", book_of([deal("d", expected_close_on=None)])) == "no_close_dates"


def test_no_next_step_or_one_whose_day_has_passed():
    deals = [deal("none", next_step=None, next_step_on=None), deal("past", next_step_on=on(97)), deal("fine"),
             deal("undated", next_step_on=None)]  # fmt: skip
    rows = found("no_next_step", book_of(deals))
    assert {k: (row["detail"], row["value"]) for k, row in rows.items()} == {
        "none": ("none", None),
        "past": ("passed", 3),
    }
    assert found("no_next_step", book_of([deal("d", next_step=None, next_step_on=None)])) == "no_next_steps"


# --- amounts ----------------------------------------------------------------------------------------------------------


def change(deal_id, old, new, at):
    return {"deal_id": deal_id, "field": "amount", "old": str(old), "new": str(new), "changed_at": day(at)}


def test_an_amount_that_moved_by_more_than_a_fifth_over_all_its_steps():
    deals = [deal(name, created_at=day(0)) for name in ("up", "small", "steps", "back", "old")]
    changes = [
        change("up", 1000, 1300, 95), change("small", 1000, 1200, 95),  # exactly a fifth is not more
        change("steps", 1000, 900, 80), change("steps", 900, 790, 90),  # .79 - 1 = -.21
        change("back", 1000, 2000, 80), change("back", 2000, 1000, 90),
        change("old", 1000, 3000, 5),  # 95 days ago: before the 90 that are looked at
    ]  # fmt: skip
    rows = found("amount_moved", book_of(deals, changes=changes))
    assert set(rows) == {"up", "steps"}
    assert (rows["up"]["value"], rows["up"]["detail"], rows["up"]["on"]) == (pytest.approx(0.3), "up", on(95))
    assert (rows["steps"]["value"], rows["steps"]["detail"]) == (pytest.approx(-0.21), "down")


def test_steps_count_in_the_order_of_their_days_whatever_the_order_of_rows():
    # 1000 → 900 → 790 → 1300; read backwards it would be 790 → 900
    steps = [change("d", 790, 1300, 95), change("d", 1000, 900, 80), change("d", 900, 790, 90)]
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        numbered = [steps[i] | {"seq": at} for at, i in enumerate(order)]  # numbers that tell another order
        rows = found("amount_moved", book_of([deal("d", created_at=day(0))], changes=numbered))
        assert (rows["d"]["value"], rows["d"]["on"]) == (pytest.approx(0.3), on(95))


def test_since_the_last_session_only():
    book = book_of([deal("d", created_at=day(0))], changes=[change("d", 1000, 2000, 50)])
    assert set(found("amount_moved", book)) == {"d"}
    assert found("amount_moved", book, since=on(60)) == {}
    assert found("amount_moved", book_of([deal("d")])) == "no_amount_changes"


def test_a_large_part_of_the_pipeline():
    # 9 of 1,000 and one of 9,000: half of 18,000; an equal share is a tenth, three times that 30 in 100
    book = book_of([deal(f"d{i}") for i in range(9)] + [deal("big", amount=9000.0)])
    rows = found("large", book)
    assert (list(rows), rows["big"]["value"], rows["big"]["usual"]) == (["big"], 0.5, 0.1)
    assert found("large", book_of([deal("a"), deal("b", amount=2000.0)])) == {}  # two thirds, of two
    assert found("large", book_of([deal("a", amount=None)])) == "no_amount"


# --- people at the customer -------------------------------------------------------------------------------------------


def test_one_contact_past_the_first_stage_where_two_are_usual():
    won = [deal(f"w{i}", outcome="won", outcome_at=day(80), created_at=day(10)) for i in range(3)]
    open_ = [
        deal("one", stage="Proposal"),
        deal("two", stage="Proposal"),
        deal("none", stage="Proposal"),
        deal("first"),
    ]
    known = {"w0": "ab", "w1": "ab", "w2": "abc", "one": "aa", "two": "ab", "first": "a"}
    contacts = [{"deal_id": name, "contact_key": key} for name, keys in known.items() for key in keys]
    rows = found("single_contact", book_of(won + open_, contacts=contacts))
    assert {k: (row["value"], row["usual"]) for k, row in rows.items()} == {"one": (1, 2), "none": (0, 2)}
    assert found("single_contact", book_of(open_)) == "no_contacts"


# --- stages -----------------------------------------------------------------------------------------------------------


def test_a_company_says_itself_what_shows_its_criteria():
    """Its own words tell nothing; ``shown_by`` does. It also goes before what the wording would say."""
    rows = [("Budget is there", "goal"), ("The customer asked for the offer", "next_day"), ("They like us", None)]
    table = [{"pipeline": "New", "stage": "Qualify", "criterion": text, "shown_by": by} for text, by in rows]
    deals = [deal("well"), deal("aimless", customer_goal=None), deal("dayless", next_step_on=None)]
    rows = found("criteria", book_of(deals, criteria=table))
    assert {name: (row["detail"], row["usual"]) for name, row in rows.items()} == {
        "aimless": ("Budget is there", 2), "dayless": ("The customer asked for the offer", 2)
    }  # fmt: skip


def test_what_shows_a_criterion_is_what_the_review_can_look_up():
    assert set(SHOWN) == set(TABLES["criteria"]["shown_by"].choices)


def test_criteria_are_checked_as_far_as_the_book_can_show_them():
    criteria = [
        {"pipeline": "New", "stage": "Proposal", "criterion": text}
        for text in ("The customer asked for the offer", "De klant is blij", "The customer set a day to go through it")
    ]
    sent = {"stage": "Proposal", "offered_at": day(95)}
    deals = [deal("us", offer_asked_by="us", **sent), deal("them", offer_asked_by="customer", **sent),
             deal("q")]  # fmt: skip
    rows = found("criteria", book_of(deals, criteria=criteria))
    assert list(rows) == ["us"]  # nothing shows whether the customer is pleased, so nobody is named for it
    assert (rows["us"]["value"], rows["us"]["usual"]) == (1, 2)
    assert rows["us"]["detail"] == "The customer asked for the offer"
    assert found("criteria", book_of(deals)) == "no_criteria"
    only = [{"pipeline": "New", "stage": "Proposal", "criterion": "They like us"}]
    assert found("criteria", book_of(deals, criteria=only)) == "no_criteria_shown"


@pytest.mark.parametrize(
    ("fact", "table"),
    [
        ("two_talks", "activities"),
        ("two_contacts", "contacts"),
    ],
)
def test_a_fact_whose_table_is_not_there_accuses_nobody(fact, table):
    criteria = [{"pipeline": "New", "stage": "Qualify", "criterion": "Something", "shown_by": fact}]
    assert found("criteria", book_of([deal("a"), deal("b")], criteria=criteria)) == "no_criteria_shown"


def test_two_talks_are_two_days_on_which_the_customer_met_or_called():
    def talk(name, days, kind="call", direction="customer"):
        return {"deal_id": name, "happened_at": day(days), "kind": kind, "direction": direction}

    acts = [
        talk("two", 80), talk("two", 82, "meeting", "both"), talk("one", 80), talk("one", 80.1, "meeting"),
        talk("mail", 80), talk("mail", 82, "email"), talk("ours", 80), talk("ours", 82, "call", "us"),
    ]  # fmt: skip
    criteria = [{"pipeline": "New", "stage": "Qualify", "criterion": "Something", "shown_by": "two_talks"}]
    deals = [deal(name) for name in ("two", "one", "mail", "ours", "none")]
    rows = found("criteria", book_of(deals, criteria=criteria, activities=acts))
    assert set(rows) == {"one", "mail", "ours", "none"}


def test_two_contacts_are_two_people():
    known = {"two": "ab", "same": "aa", "one": "a", "three": "abc"}
    contacts = [{"deal_id": name, "contact_key": key} for name, keys in known.items() for key in keys]
    criteria = [{"pipeline": "New", "stage": "Qualify", "criterion": "Something", "shown_by": "two_contacts"}]
    rows = found("criteria", book_of([deal(name) for name in known], criteria=criteria, contacts=contacts))
    assert set(rows) == {"same", "one"}


def test_a_fact_that_nobody_ever_recorded_shows_nothing():
    criteria = [{"pipeline": "New", "stage": "Qualify", "criterion": "The customer asked for the offer"}]
    assert found("criteria", book_of([deal("a"), deal("b")], criteria=criteria)) == "no_criteria_shown"


# --- acts of the customer ---------------------------------------------------------------------------------------------


def talks(deal_id, *days, direction="customer"):
    return [{"deal_id": deal_id, "kind": "call", "direction": direction, "happened_at": day(d)} for d in days]


def silent_book(*more, **tables):
    """Twenty deals whose customer rings every fifth day, and one that is silent since day 40."""
    busy = [deal(f"b{i}", created_at=day(0)) for i in range(20)]
    acts = [act for d in busy for act in talks(d["deal_id"], *range(5, 100, 5))]
    quiet = [deal("quiet", created_at=day(0))]
    return book_of([*busy, *quiet], activities=[*acts, *talks("quiet", 5, 40), *more], **tables)


def test_silence_longer_than_usual_at_this_stage():
    rows = found("silent", silent_book())
    assert list(rows) == ["quiet"]
    # all other silences end after 5 days: nine in ten are shorter than, or as long as, 5
    assert (rows["quiet"]["value"], rows["quiet"]["usual"], rows["quiet"]["on"]) == (60.0, 5.0, on(40))


def test_what_we_do_ends_no_silence():
    """A mail of ours, a note, a new date, another stage: none of them is the customer."""
    ours = talks("quiet", 60, 80, 99, direction="us")
    edits = [{"deal_id": "quiet", "field": "expected_close_on", "old": "2026-04-30", "new": "2026-05-31",
              "changed_at": day(99)}]  # fmt: skip
    notes = [{"deal_id": "quiet", "at": day(99), "kind": "context", "text": "Still on it."}]
    rows = found("silent", silent_book(*ours, changes=edits, notes=notes))
    assert (rows["quiet"]["value"], rows["quiet"]["on"]) == (60.0, on(40))
    assert found("silent", silent_book(*talks("quiet", 99))) == {}


def test_without_activities_or_without_who_did_it_silence_is_refused():
    assert found("silent", book_of([deal("d")])) == "no_activities"
    nobody = [{"deal_id": "d", "kind": "call", "direction": None, "happened_at": day(95)}]
    assert found("silent", book_of([deal("d")], activities=nobody)) == "no_directions"


def test_sleeping_names_the_stage_and_nine_in_ten():
    gone = [deal(f"g{i}", created_at=day(0), outcome="lost", outcome_at=day(10)) for i in range(20)]
    rows = found("sleeping", book_of([*gone, deal("old", created_at=day(60)), deal("new", created_at=day(95))]))
    assert list(rows) == ["old"]
    assert (rows["old"]["value"], rows["old"]["usual"], rows["old"]["detail"]) == (40.0, 10.0, "Qualify")


# --- customers, and what has just ended -------------------------------------------------------------------------------


def customers():
    """Two customers with yearly contracts, due on day 120 and on day 300."""
    won = [deal(f"w{a}", account_id=a, outcome="won", outcome_at=day(1), created_at=day(-40)) for a in "ab"]
    paid = [{"account_id": "a", "period": on(120 - 365), "amount": 100.0},
            {"account_id": "b", "period": on(300 - 365), "amount": 100.0}]  # fmt: skip
    return won, paid


def test_a_contract_that_ends_within_sixty_days():
    won, paid = customers()
    rows = found("customer_due", book_of([*won, deal("open")], revenue=paid))
    assert {k: (row["value"], row["on"]) for k, row in rows.items()} == {"wa": (20, on(120))}  # 120 - 100
    mine = found("customer_due", book_of([*won, deal("more", account_id="a")], revenue=paid))
    assert list(mine) == ["more"]  # the deal that is open with that customer
    assert found("customer_due", book_of([deal("d")])) == "no_revenue"


def test_a_customer_not_heard_of_for_half_a_year():
    won, paid = customers()
    acts = [{"account_id": "b", "kind": "call", "direction": "customer", "happened_at": day(90)}]
    rows = found("customer_silent", book_of(won, revenue=paid, activities=acts))
    assert {k: row["value"] for k, row in rows.items()} == {"wa": 345}  # since its term began: 100 - (120 - 365)
    ours = [dict(acts[0], direction="us")]
    assert found("customer_silent", book_of(won, revenue=paid, activities=ours)) == "no_customer_acts"


def test_what_has_just_ended_and_whether_the_customer_told_us_why():
    deals = [
        deal("w", outcome="won", outcome_at=day(95)), deal("l", outcome="lost", outcome_at=day(99)),
        deal("v", outcome="void", outcome_at=day(99)),
        deal("old", outcome="won", outcome_at=day(80), created_at=day(2)),
        deal("no", outcome="lost", outcome_at=day(98)),
    ]  # fmt: skip
    told = {"held_at": day(99), "asked_at": day(99), "story": "You rang back."}
    talked = [{"deal_id": "l", "permission": True, **told}, {"deal_id": "no", "permission": False, **told}]
    rows = found("just_ended", book_of(deals, interviews=talked))
    assert {k: (row["detail"], row["value"]) for k, row in rows.items()} == {
        "w": ("won", 5), "l": ("lost_told", 1), "no": ("lost", 2)
    }  # fmt: skip
    assert set(found("just_ended", book_of(deals), since=on(97))) == {"l", "no"}


def test_what_ended_on_the_day_of_the_session_has_just_ended():
    deals = [deal(name, outcome="won", outcome_at=day(at)) for name, at in (("day", 99.9), ("before", 98.9))]
    assert {k: row["value"] for k, row in found("just_ended", book_of(deals)).items()} == {"day": 0, "before": 1}


# --- cards and words --------------------------------------------------------------------------------------------------


def test_every_rule_has_a_card_and_every_card_a_rule():
    assert list(rule_cards()) == list(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_card_names_honest_acts_and_how_it_is_gamed_in_every_language(rule):
    card = rule_cards()[rule]
    assert card["about"] in ("save", "keep", "learn")
    assert card["weight"] >= 1
    said = {name: language(name, "rules")[rule] for name in LANGUAGES}
    for name, texts in said.items():
        assert texts["gamed"].endswith(".")
        assert len(texts["honest_acts"]) == len(said["en"]["honest_acts"]) >= 1
        assert Words(name).has(f"review.rule.{rule}")
    assert len({texts["gamed"] for texts in said.values()}) == len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_is_said_with_its_figure(language):
    words = Words(language)
    row = {"value": 12.0, "usual": 5.0, "on": on(40), "detail": None}
    cases = [
        *[row | {"rule": rule} for rule in ("overdue", "large", "customer_silent", "returned", "lot", "pinned")],
        *[row | {"rule": "silent", "on": at} for at in (on(40), None)],
        row | {"rule": "sleeping", "detail": "Proposal"}, row | {"rule": "criteria", "detail": "{0}<b>"},
        *[row | {"rule": "no_next_step", "detail": kind} for kind in ("none", "passed")],
        *[row | {"rule": "amount_moved", "value": 0.3, "detail": way} for way in ("up", "down")],
        *[row | {"rule": "single_contact", "value": n} for n in (0, 1)],
        *[row | {"rule": "customer_due", "value": n} for n in (20, -3)],
        *[row | {"rule": "just_ended", "detail": how} for how in ("won", "lost", "won_told", "lost_told")],
    ]  # fmt: skip
    said = [reason(case).in_words(words) for case in cases]
    assert all(sentence[-1] in ".?" for sentence in said)
    assert len(set(said)) == len(said)
    assert {case["rule"] for case in cases} == {*RULES, "lot", "pinned"}
    assert [short(rule).in_words(words) for rule in RULES]


def test_the_session_may_lie_after_the_data():
    book = book_of([deal("d", expected_close_on=on(101))])
    assert set(RULES["overdue"](Facts(book, on(AS_OF) + timedelta(days=3)))["deal_id"]) == {"d"}
