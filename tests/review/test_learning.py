"""Opening and looking back: what happened since an agreement, by hand; shares, the difference and the score; floors."""

import polars as pl
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from kpikit import Refused
from kpikit.book import of_team
from kpikit.log.tables import FRAME
from kpikit.review import learning, opening
from kpikit.review.beginning import since_words
from kpikit.review.calibration import apart, brier, came_out, shares
from kpikit.session.panel.learning import learning_part
from kpikit.session.panel.nodes import texts
from kpikit.words import LANGUAGES, Words
from tests.review.review_books import book_of, day, deal, on


class Said:
    """A log in memory: the reading half of :class:`kpikit.log.log.Log`, over rows whose times a test can choose."""

    def __init__(self, *rows):
        usual = {"seen_by": "team", "written_at": day(10), "entry_id": None}
        made = [usual | {"entry_id": f"e{i}"} | row for i, row in enumerate(rows)]
        self.frame = pl.DataFrame(made, schema=dict(FRAME))

    def entries(self, *, kind=None, deal_id=None, session_id=None, reader="team"):
        found = self.frame if reader != "team" else self.frame.filter(seen_by="team")
        wanted = {"kind": kind, "deal_id": deal_id, "session_id": session_id}
        return found.filter([pl.col(k) == v for k, v in wanted.items() if v is not None] or pl.lit(True))

    def sessions(self):
        return self.entries(kind="opened").select("session_id", held_on="due_on")

    def agenda(self, session_id):
        return self.entries(kind="listed", session_id=session_id).select("deal_id", rule="code")

    def agreements(self, *, reader="team", **_):
        ends = self.entries(kind="ended", reader=reader).select(entry_id="about", state="code")
        made = self.entries(kind="agreement", reader=reader).rename({"written_at": "made_at"})
        return made.join(ends, on="entry_id", how="left", maintain_order="left")


def session(name, held):
    return {"kind": "opened", "session_id": name, "due_on": on(held)}


def agreed(entry, deal_id, at, **more):
    return {
        "kind": "agreement",
        "entry_id": entry,
        "deal_id": deal_id,
        "text": "ring them",
        "written_at": day(at),
        **more,
    }


# --- what happened since ----------------------------------------------------------------------------------------------


def busy():
    """Five deals: one goes on and is called, one is won, one goes back, one is quiet but edited, one left the book."""
    deals = [
        deal("on", created_at=day(10), stage="Proposal"), deal("quiet", created_at=day(10)),
        deal("won", created_at=day(10), outcome="won", outcome_at=day(60)),
        deal("back", created_at=day(10), stage="Qualify"),
    ]  # fmt: skip
    events = [{"deal_id": d["deal_id"], "stage": "Qualify", "entered_at": day(10), "seq": 1} for d in deals]
    events += [
        {"deal_id": "on", "stage": "Proposal", "entered_at": day(55), "seq": 2},
        {"deal_id": "back", "stage": "Proposal", "entered_at": day(20), "seq": 2},
        {"deal_id": "back", "stage": "Qualify", "entered_at": day(70), "seq": 3},
    ]
    acts = [{"deal_id": "on", "kind": "call", "direction": who, "happened_at": day(at)} for who, at in
            (("customer", 40), ("customer", 56), ("both", 58), ("us", 59))]  # fmt: skip
    edits = [{"deal_id": "quiet", "field": "expected_close_on", "old": "2026-04-01", "new": "2026-05-31",
              "changed_at": day(90)}]  # fmt: skip
    return book_of(deals, stage_events=events, activities=acts, changes=edits)


BUSY = busy()
AGREED = [
    session("s1", 50), *(agreed(f"a-{d}", d, 50) for d in ("on", "won", "back", "quiet", "gone")),
    agreed("a-late", "on", 200), agreed("a-over", "on", 50), agreed("a-none", None, 50),
    {"kind": "ended", "about": "a-over", "code": "done"},
    {"kind": "worked", "session_id": "s1", "text": "Asking who else reads it."},
]  # fmt: skip


def test_what_the_book_says_happened_after_each_agreement():
    found = opening(BUSY, Said(*AGREED))
    rows = found.since.select("entry_id", "kind", "at", "text", "n").rows()
    assert sorted(rows, key=str) == sorted([
        ("a-back", "back", day(70), "Qualify", 1), ("a-gone", "left", None, None, None),
        ("a-late", "not_yet", None, None, None),
        ("a-on", "act", day(58), "call", 2),  # two after day 50; ours of day 59 is none
        ("a-on", "forward", day(55), "Proposal", 1), ("a-quiet", "nothing", None, None, None),
        ("a-won", "won", day(60), "won", 1),
    ], key=str)  # fmt: skip
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert [row[2] for row in rows if row[0] == "a-on"] == [day(55), day(58)]  # what came first stands first


def test_agreements_that_are_over_are_not_asked_again_and_the_last_session_s_words_are_there():
    found = opening(BUSY, Said(*AGREED))
    assert set(found.agreements["entry_id"]) == {"a-on", "a-won", "a-back", "a-quiet", "a-gone", "a-late", "a-none"}
    assert dict(found.agreements.select("entry_id", "is_in_book").iter_rows())["a-gone"] is False
    assert found.worked["text"].to_list() == ["Asking who else reads it."]
    assert found.did_not.height == 0
    assert found.voice is None  # nobody was asked


@pytest.mark.slow
def test_a_customer_s_words_are_drawn_from_those_who_allowed_it():
    asked = {"asked_at": day(60)}
    told = [
        asked | {"deal_id": f"w{i}", "held_at": day(60 + i), "story": f"Story {i}", "permission": i != 3}
        for i in range(4)
    ]
    won = [deal(f"w{i}", outcome="won", outcome_at=day(50), created_at=day(5)) for i in range(4)]
    book = book_of(won, interviews=told)
    drawn = {opening(book, Said(), seed=seed).voice["story"] for seed in range(40)}
    assert drawn == {"Story 0", "Story 1", "Story 2"}
    assert opening(book, Said(session("s", 62))).voice["story"] == "Story 2"  # the only one since, day 62


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_is_said(language):
    kinds = ("nothing", "not_yet", "left", "act", "forward", "back", "won", "lost", "void")
    rows = [{"kind": kind, "text": "Proposal", "n": 2} for kind in kinds]
    said = [since_words(row, on(60)).in_words(Words(language)) for row in rows]
    assert len(set(said)) == len(kinds)
    assert all(sentence.endswith(".") for sentence in said)


# --- looking back -----------------------------------------------------------------------------------------------------


def reviewed(n_rule, k_rule, n_lot, k_lot):
    """So many deals on one agenda (day 50) by rule and by lot, of which so many went on ten days later."""
    names = [(f"r{i}", "silent" if i % 2 else "overdue", i < k_rule) for i in range(n_rule)]
    names += [(f"l{i}", "lot", i < k_lot) for i in range(n_lot)]
    deals = [deal(name, created_at=day(10), stage="Proposal" if moved else "Qualify") for name, _, moved in names]
    events = [{"deal_id": name, "stage": "Qualify", "entered_at": day(10), "seq": 1} for name, _, _ in names]
    events += [
        {"deal_id": name, "stage": "Proposal", "entered_at": day(60), "seq": 2} for name, _, moved in names if moved
    ]
    log = [session("s1", 50), *({"kind": "listed", "session_id": "s1", "deal_id": name, "code": rule}
                                for name, rule, _ in names)]  # fmt: skip
    return book_of(deals, stage_events=events), log


def test_listed_deals_beside_those_drawn_by_lot():
    book, log = reviewed(40, 30, 20, 4)
    found = learning(book, Said(*log))
    rows = {row["which"]: row for row in found.moved.to_dicts()}
    for which, k, n in (("rule", 30, 40), ("lot", 4, 20)):
        low, high = proportion_confint(k, n, method="wilson")
        assert (rows[which]["value"], rows[which]["n"], rows[which]["n_events"]) == (k / n, n, k)
        assert (rows[which]["low"], rows[which]["high"]) == pytest.approx((low, high), abs=1e-6)
    low, high = confint_proportions_2indep(30, 40, 4, 20, method="newcomb", compare="diff")
    gap = found.difference.row(0, named=True)
    assert gap["value"] == pytest.approx(0.55)  # .75 - .20
    assert (gap["low"], gap["high"]) == pytest.approx((low, high), abs=1e-6)
    assert gap["certainty"] == "clear"
    assert dict(found.reasons.select("rule", "n").iter_rows()) == {"silent": 20, "overdue": 20, "lot": 20}


@pytest.mark.parametrize(("rule", "lot", "sign"), [((40, 30), (20, 4), "+"), ((20, 4), (40, 30), "−")])
def test_the_screen_says_the_difference_in_a_hundred_with_its_sign(rule, lot, sign):
    """.75 - .20, and the other way round: the rules may do worse than the lot."""
    book, log = reviewed(*rule, *lot)
    said = texts(learning_part(learning(book, Said(*log)), Words("en")))
    low, high = confint_proportions_2indep(rule[1], rule[0], lot[1], lot[0], method="newcomb", compare="diff")
    ends = " to ".join(f"{sign}{abs(round(100 * end))}" for end in (low, high))
    (line,) = [text for text in said if "in 100 for the rules" in text]
    assert line.startswith(f"{sign}55 in 100 for the rules ({ends})")


def test_a_deal_that_the_coach_alone_put_there_is_not_the_rules_find():
    book, log = reviewed(40, 30, 20, 4)
    pinned = ("r0", "r39")  # one that moved, and one that did not
    log = [row | {"code": "pinned"} if row.get("deal_id") in pinned else row for row in log]
    rows = learning(book, Said(*log)).moved.select("which", "n", "n_events").rows()
    assert rows == [("rule", 38, 29), ("lot", 20, 4)]


def test_a_difference_that_cannot_be_told_says_what_would_have_been_noticed():
    book, log = reviewed(20, 10, 20, 9)
    gap = learning(book, Said(*log)).difference.row(0, named=True)
    assert gap["certainty"] == "unknown"
    assert 0.3 < gap["noticeable"] < 0.55  # methods 3.1: about 43 points from 25 % with twenty each


def test_few_deals_give_counts_and_no_figure():
    book, log = reviewed(9, 5, 3, 1)
    found = learning(book, Said(*log))
    assert set(found.moved["status"]) == {"too_few"}
    assert found.moved["value"].null_count() == 2
    assert found.moved["n"].to_list() == [9, 3]
    assert found.difference.select("value", "certainty", "reason").row(0) == (None, "unknown", "few_reviewed")


def test_deals_that_had_ended_or_are_too_young_are_not_counted():
    deals = [deal("ended", created_at=day(10), outcome="lost", outcome_at=day(40)), deal("open", created_at=day(10)),
             deal("new", created_at=day(10))]  # fmt: skip
    log = [session("s1", 50), session("s2", 90)]
    log += [{"kind": "listed", "session_id": s, "deal_id": d, "code": "silent"} for s, d in
            (("s1", "ended"), ("s1", "open"), ("s2", "new"), ("s1", "gone"))]  # fmt: skip
    found = learning(book_of(deals), Said(*log))
    assert found.moved["n"].to_list() == [1, 0]
    assert found.n_young == 1  # day 90 and 28 days lie after day 100


def test_a_deal_on_the_agenda_that_ended_on_that_day_ended_after_it():
    """An end known by its day lies within that day, not at its midnight: the deal was open when it was listed."""
    ends = {"before": 49, "that_day": 49.5, "after": 50}
    deals = [deal(name, created_at=day(10), outcome="lost", outcome_at=day(at)) for name, at in ends.items()]
    log = [session("s1", 50)]
    log += [{"kind": "listed", "session_id": "s1", "deal_id": name, "code": "silent"} for name in ends]
    moved = learning(book_of(deals), Said(*log)).moved.row(0, named=True)
    assert (moved["which"], moved["n"], moved["n_events"]) == ("rule", 2, 2)


def test_a_loss_is_a_move_and_what_we_edit_is_none():
    lost = book_of([deal("d", created_at=day(10), outcome="lost", outcome_at=day(60))])
    log = Said(session("s1", 50), {"kind": "listed", "session_id": "s1", "deal_id": "d", "code": "silent"})
    assert learning(lost, log).moved["n_events"].to_list() == [1, 0]
    edits = [{"deal_id": "d", "field": "amount", "old": "1", "new": "2", "changed_at": day(60)}]
    assert learning(book_of([deal("d", created_at=day(10))], changes=edits), log).moved["n_events"].to_list() == [0, 0]


def test_how_agreements_ended_as_people_said_and_as_the_book_shows():
    found = learning(BUSY, Said(*AGREED))
    assert dict(found.said.iter_rows()) == {
        "done": 1, "changed_our_mind": 0, "still_on": 0, "overtaken": 0, "unsaid": 7
    }  # fmt: skip
    steps = {row["figure"]: (row["n"], row["n_events"]) for row in found.steps.to_dicts()}
    # on, over, won, back and quiet were followed for 28 days; on, over and won show a move forward, an end or an act
    assert steps == {"done": (1, 1), "happened": (5, 3)}


def test_how_predictions_came_out():
    deals = [
        deal(f"d{i}", created_at=day(10), outcome="won" if i < 20 else "lost", outcome_at=day(60)) for i in range(40)
    ]
    log = [{"kind": "prediction", "deal_id": f"d{i}", "code": "won", "value": 0.75 if i < 20 else 0.25, "days": 30,
            "written_at": day(50)} for i in range(40)]  # fmt: skip
    log.append({"kind": "prediction", "deal_id": "d0", "code": "won", "value": 0.1, "days": 300, "written_at": day(99)})
    found = learning(book_of(deals), Said(*log))
    score = found.score.row(0, named=True)
    # all off by a quarter: .25² = .0625; one rate of a half for all: .25
    assert (score["value"], score["usual"], score["n"]) == (0.0625, 0.25, 40)
    assert found.predicted.select("low_chance", "chance", "n", "n_events").rows() == [
        (0.2, 0.25, 20, 0), (0.6, 0.75, 20, 20)
    ]  # fmt: skip


def test_a_prediction_whose_time_is_not_over_is_not_judged_unless_it_has_come_out():
    deals = [deal("open", created_at=day(10)), deal("lost", created_at=day(10), outcome="lost", outcome_at=day(60))]
    log = [{"kind": "prediction", "deal_id": d, "code": "won", "value": 0.5, "days": 200, "written_at": day(50)}
           for d in ("open", "lost")]  # fmt: skip
    assert learning(book_of(deals), Said(*log)).score["n"].to_list() == [1]
    moves = [dict(row, code="moves", days=20) for row in log]
    assert learning(book_of(deals), Said(*moves)).score.select("n", "n_events").row(0) == (2, 1)


def test_nothing_is_counted_by_person_and_a_team_of_two_is_refused():
    book, log = reviewed(12, 6, 12, 6)
    found = learning(book, Said(*log))
    for frame in (found.said, found.steps, found.moved, found.difference, found.reasons, found.predicted, found.score):
        assert not {"owner", "author", "actor", "by"} & set(frame.columns)
    two = book_of([deal(f"d{i}", team="A", owner=f"p{i % 2}") for i in range(4)])
    narrowed = two.replace(team="A")
    with pytest.raises(Refused, match="fewer than 3 people"):
        learning(narrowed, Said())
    with pytest.raises(Refused):
        of_team(two, "A")


# --- the estimators ---------------------------------------------------------------------------------------------------


def test_brier_of_the_murphy_example():
    # methods 6b: .2 five times with one win, .5 six times with three, .9 four times with three: .209333
    chances = [0.2] * 5 + [0.5] * 6 + [0.9] * 4
    won = [True] + [False] * 4 + [True] * 3 + [False] * 3 + [True] * 3 + [False]
    found = brier(chances * 2, won * 2)
    assert found["value"][0] == pytest.approx(0.209333, abs=1e-6)
    assert found["usual"][0] == pytest.approx(0.248889, abs=1e-6)
    assert brier(chances, won)["status"].to_list() == ["too_few"]


def test_a_chance_of_one_lies_in_the_last_step():
    assert came_out([1.0, 0.8, 0.0], [True, True, False]).select("low_chance", "n").rows() == [(0.0, 1), (0.8, 2)]


def test_below_ten_there_is_no_figure():
    assert shares(pl.DataFrame({"n": [9, 10], "n_events": [3, 3]}))["status"].to_list() == ["too_few", "ok"]
    assert apart(5, 9, 50, 90)["status"].to_list() == ["too_few"]
    assert apart(9, 10, 3, 10).select("value", "low", "high").row(0) == pytest.approx((0.6, 0.1705, 0.8090), abs=1e-4)
