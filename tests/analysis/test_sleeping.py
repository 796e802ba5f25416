"""Open deals that wait: their marks, how many would be usual, what became of earlier ones, and the load; by hand."""

from datetime import timedelta

import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from kpikit import DealBook, RankingRefused, UsageError, velocity
from kpikit.book import of_team
from tests.strategies import STAGES, as_book, day, spell_rows

AS_OF = 400


def book_of(visits, **columns):
    """(days, kind) of visits to Qualify; an open one entered so long before the end of the book."""
    spells = [(AS_OF - d, None, k) if k == "open" else (50, d, k) for d, k in visits]
    return as_book(spell_rows(spells, as_of=AS_OF, **columns))


def waits(book):
    return {row["deal_id"]: row for row in velocity.waiting(book).to_dicts()}


# --- the mark --------------------------------------------------------------------------------------------------------

#: ten that left after 10, 20, … 90 and 95 days; one that is there for 92, one for 5
DOZEN = [*((10 * (i + 1), "lost") for i in range(9)), (95, "lost"), (92, "open"), (5, "open")]


def test_a_deal_does_not_raise_its_own_mark():
    found = waits(book_of(DOZEN))
    # without d0010: the one of 5 days is gone before the first exit, so 9/10, 8/10, … and 1/10 at 90.
    # with it: 10/11, … 2/11 at 90, and only then 0 at 95: it would not sleep
    assert found["d0010"]["mark_days"] == 90.0
    assert (found["d0010"]["is_sleeping"], found["d0010"]["is_at_least"]) == (True, False)
    # for the young one the other is one of eleven: 2/11 at 90, 0 at 95
    assert (found["d0011"]["mark_days"], found["d0011"]["is_sleeping"]) == (95.0, False)
    assert found["d0010"]["days_in_stage"] == 92.0
    assert found["d0010"]["entered_at"] == day(AS_OF - 92)


def test_where_nine_in_ten_is_never_reached_the_mark_is_the_last_exit():
    found = waits(book_of([(10 * (i + 1), "lost") for i in range(6)] + [(70, "open")] * 5 + [(60, "open")]))
    # six of eleven others left: 5/11 are still there
    assert {(row["mark_days"], row["is_at_least"]) for row in found.values()} == {(60.0, True)}
    assert [row["is_sleeping"] for row in found.values()] == [True] * 5 + [False]  # 60 is not longer than 60


def test_nobody_has_left_so_nobody_sleeps():
    found = waits(book_of([(70, "open")] * 3))
    assert {(row["mark_days"], row["is_sleeping"]) for row in found.values()} == {(None, False)}


def test_late_entry_is_not_at_risk_before():
    # ten left after 10, 20, … 100; another ten came into view at 85 and left at 86 … 95; one is there for 99
    rows = spell_rows(
        [(50, 10 * (i + 1), "lost") for i in range(10)]
        + [(50, 86 + i, "lost") for i in range(10)]
        + [(301, None, "open")],
        recorded=[None] * 10 + [85.0] * 10 + [None],
        as_of=AS_OF,
    )
    found = waits(as_book(rows))["d0020"]
    # 2/10 at 80; then twelve at risk: one leaves a day from 86 to 89 (8/12), two of eight at 90 (6/12); .2 · 6/12 = .1
    assert (found["mark_days"], found["is_at_least"]) == (90.0, False)


def test_the_farthest_beyond_its_mark_comes_first():
    book = book_of([(10, "lost")] * 20 + [(30, "open"), (90, "open"), (5, "open"), (60, "open")])
    listed = velocity.waiting(book)
    assert listed["deal_id"].to_list() == ["d0021", "d0023", "d0020", "d0022"]
    assert velocity.sleeping(book)["deal_id"].to_list() == ["d0021", "d0023", "d0020"]


def test_a_second_visit_and_a_closed_deal_are_not_on_the_list():
    rows = spell_rows([(50, 10, "lost")] * 12 + [(50, 10, "advance"), (300, None, "open")], as_of=AS_OF)
    rows["stage_events"].append({"deal_id": "d0012", "stage": "Qualify", "entered_at": day(100), "seq": 3})
    assert set(waits(as_book(rows))) == {"d0013"}


@pytest.mark.parametrize(
    "question",
    [velocity.waiting, velocity.sleeping, velocity.sleeping_rate, velocity.sleeping_outcome],
)
def test_refused_without_history(question):
    deals = pl.DataFrame({"deal_id": ["a"], "pipeline": ["New"], "outcome": ["open"], "created_at": [day(0)]})
    found = question(DealBook.from_frames(deals=deals, as_of=day(9)))
    assert found.select("status", "reason").row(0) == ("refused", "no_stage_history")


# --- how many would be usual, and what became of earlier ones --------------------------------------------------------


def test_expected_from_the_window_before():
    # ten entered on day 0: nine left after 10, 20, … 90, one is still there (1/10). Ten entered on day 300: six left
    # after 5 days, four are still there after 100
    old = [(0, 10 * (i + 1), "lost") for i in range(9)] + [(0, None, "open")]
    new = [(300, 5, "lost")] * 6 + [(300, None, "open")] * 4
    book = as_book(spell_rows(old + new, as_of=AS_OF))
    row = velocity.sleeping_rate(book, before=book.settings.period("2026Q2").widened(6)).row(0, named=True)
    # all: 14/20 at 5, then 13/14, … at 90 5/14 of it: 1/4, never 1/10: at least 90. All entered longer ago than that;
    # five are still there past it; one in ten of twenty would be
    assert (row["mark_days"], row["is_at_least"]) == (90.0, True)
    assert (row["n"], row["n_events"], row["value"]) == (20, 5, 0.25)
    assert row["expected"] == pytest.approx(2.0)
    assert (row["n_that_old"], row["n_won_later"]) == (0, 0)
    low, high = proportion_confint(5, 20, method="wilson")
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))


def test_expected_depends_on_the_time_since_entry():
    # half a year: nine that left after 20, 40, … 180 and one still there: after 95 to 99 days 6/10, from 100 on 5/10
    old = [(0, 20 * (i + 1), "lost") for i in range(9)] + [(0, None, "open")]
    quick = [(200, 1, "lost")] * 180  # they bring the mark down to a day
    new = [(305, None, "open")] * 4 + [(290, None, "open")] * 2  # 95 and 110 days ago
    book = as_book(spell_rows(old + quick + new, as_of=AS_OF))
    row = velocity.sleeping_rate(book, before=book.settings.period("2026Q2").widened(6)).row(0, named=True)
    # 180 of 196 left on day 1. Entered at least a day ago: all; the ten of day 0 (0.1 each) and the 180 (200 days ago,
    # 0.1 each), four at .6, two at .5
    assert row["mark_days"] == 1.0
    assert row["expected"] == pytest.approx(190 * 0.1 + 4 * 0.6 + 2 * 0.5)
    # past a day: nine that ended later (lost), and seven open
    assert (row["n"], row["n_events"], row["n_that_old"]) == (196, 7, 9)


def test_nothing_in_the_window_before_is_unknown_not_none():
    book = book_of([(10, "lost")] * 20 + [(60, "open")] * 5)
    row = velocity.sleeping_rate(book, before=book.settings.period("2025")).row(0, named=True)
    assert (row["n"], row["expected"]) == (25, None)


def test_what_became_of_earlier_ones():
    # of 120, 108 left on day 10, twelve later: all of these grew older than nine in ten; five were won
    later = [(50 + i, "won") for i in range(5)] + [(60 + i, "lost") for i in range(7)]
    row = velocity.sleeping_outcome(book_of([(10, "lost")] * 108 + later)).row(0, named=True)
    low, high = proportion_confint(5, 12, method="wilson")
    assert (row["n"], row["n_events"], row["value"]) == (12, 5, pytest.approx(5 / 12))
    assert (row["low"], row["high"], row["status"]) == (pytest.approx(low), pytest.approx(high), "ok")


def test_too_few_earlier_ones_keep_their_counts():
    later = [(50 + i, "won") for i in range(2)] + [(60 + i, "lost") for i in range(7)]
    row = velocity.sleeping_outcome(book_of([(10, "lost")] * 108 + later)).row(0, named=True)
    assert (row["status"], row["n"], row["n_events"], row["value"], row["low"]) == ("too_few", 9, 2, None, None)


# --- load ------------------------------------------------------------------------------------------------------------

LAST = day(AS_OF).date()


def person(name, team, share=None, *, since=None, until=None):
    return {"owner": name, "team": team, "share_of_full_time": share, "from_on": since, "until_on": until}


def staffed(people, owners):
    """Open deals in Qualify (100 days there) of these owners, and twenty that left after 10 days."""
    rows = spell_rows(
        [(50, 10, "lost")] * 20 + [(300, None, "open")] * len(owners),
        as_of=AS_OF,
        owner=[people[0]["owner"]] * 20 + owners,
    )
    schema = {
        "owner": pl.String, "team": pl.String, "share_of_full_time": pl.Float64,
        "from_on": pl.Date, "until_on": pl.Date,
    }  # fmt: skip
    frames = {name: pl.DataFrame(rows[name], infer_schema_length=None) for name in ("deals", "stage_events")}
    return DealBook.from_frames(
        **frames, stages=STAGES, people=pl.DataFrame(people, schema=schema), as_of=rows["as_of"]
    )


def carried(frame):
    return {(row["team"], row["figure"]): row for row in frame.to_dicts()}


NORTH = [
    person("a", "North"),  # not said: full time
    person("b", "North", 0.5),
    person("c", "North", 1.0, until=LAST),  # gone from the last day on
    person("d", "North", 1.0, since=LAST + timedelta(days=1)),  # comes tomorrow
    person("e", "North", 0.8, since=LAST, until=LAST + timedelta(days=30)),  # came today
]
SOUTH = [person("x", "South"), person("y", "South"), person("z", "South")]


def test_open_and_sleeping_deals_per_full_time_person():
    book = staffed(NORTH + SOUTH, ["a"] * 4 + ["b"] * 3 + ["x"] * 6)
    found = carried(velocity.load(book))
    # North: 1 + .5 + .8 = 2.3 full-time people and seven open deals, South three and six; all wait longer than 10 days
    assert found["North", "open"]["full_time"] == pytest.approx(2.3)
    for team, deals, people in (("North", 7, 2.3), ("South", 6, 3.0)):
        for figure in ("open", "sleeping"):
            row = found[team, figure]
            assert (row["n"], row["value"]) == (deals, pytest.approx(deals / people)), (team, figure)
            assert (row["unit"], row["status"], row["low"]) == ("deal_per_person", "ok", None)


def test_a_team_without_open_deals_carries_none_and_a_narrowed_book_is_one_team():
    book = staffed(NORTH + SOUTH, ["x"] * 6)
    found = carried(velocity.load(book))
    assert (found["North", "open"]["n"], found["North", "open"]["value"]) == (0, 0.0)
    part = velocity.load(of_team(book, "South"))
    assert set(part["team"]) == {"South"}
    assert carried(part)["South", "open"]["value"] == pytest.approx(2.0)


def test_load_is_refused_without_people_and_never_by_a_person():
    found = velocity.load(book_of([(10, "lost")] * 12))
    assert found.select("status", "reason").row(0) == ("refused", "no_people")
    with pytest.raises(RankingRefused):
        velocity.load(staffed(NORTH, ["a"]), by=["owner"])


@pytest.mark.parametrize("by", [["stage"], ["team", "stage"], ["stage", "team"], []])
def test_load_by_anything_but_the_team_is_refused_and_not_answered_by_team(by):
    with pytest.raises(UsageError) as refused:
        velocity.load(staffed(NORTH, ["a"]), by=by)
    assert refused.value.code == "unknown_group"


def test_a_team_of_one_is_not_told_apart_when_teams_are_asked_for():
    book = staffed([*NORTH, *SOUTH, person("solo", "One")], ["a"] * 4 + ["solo"] * 5)
    hidden = velocity.load(book, by=["team"]).filter(team="One")
    assert set(hidden["status"]) == {"suppressed"}
    assert hidden["value"].null_count() == hidden.height


def test_a_team_of_one_is_not_told_apart_by_default():
    book = staffed([*NORTH, *SOUTH, person("solo", "One")], ["a"] * 4 + ["solo"] * 5)
    hidden = velocity.load(book).filter(team="One")
    assert set(hidden["status"]) == {"suppressed"}


def test_deals_of_a_team_that_everybody_left_are_still_counted():
    gone = [person(name, "Gone", until=LAST) for name in "pqr"]
    found = velocity.load(staffed(NORTH + gone, ["a"] * 4 + ["p"] * 5)).filter(figure="open")
    assert found["n"].sum() == 9


def test_nobody_full_time_is_no_figure():
    idle = [person(name, "Idle", 0.0) for name in "pqr"]
    found = carried(velocity.load(staffed(NORTH + idle, ["p"] * 5)))
    assert found["Idle", "open"]["value"] is None


# --- few in view early, and one rule for list and rate ---------------------------------------------------------------

#: one seen from its start and lost on day 2; twelve that came into view at 30 and left at 40 … 51; two still there
EARLY = [(2, "lost"), *((40 + i, "lost") for i in range(12)), (60, "open"), (45, "open")]


def early_book():
    spells = [(AS_OF - d, None, k) if k == "open" else (50, d, k) for d, k in EARLY]
    return as_book(spell_rows(spells, recorded=[None] + [30.0] * 14, as_of=AS_OF))


def test_one_early_exit_of_the_only_one_in_view_makes_nobody_sleep():
    found = waits(early_book())
    # drawn from day 0 the curve would be 0 from day 2 on (1 of 1 left) and both would sleep. From day 40 on, without
    # d0013: 13 at risk, one leaves a day; after 45 7/13 are left and the other open one is out of sight, then 5/6, 4/5,
    # … and after day 50 7/13 · 1/6 = .09
    assert (found["d0013"]["mark_days"], found["d0013"]["is_sleeping"]) == (50.0, True)
    # without d0014: 12 of 13 have left by day 51 (1/13), 11 by day 50 (2/13)
    assert (found["d0014"]["mark_days"], found["d0014"]["is_sleeping"]) == (51.0, False)


def test_the_rate_has_the_same_guard():
    found = velocity.sleeping_rate.__wrapped__(early_book()).to_dicts()[0]
    # all fourteen: 8/14 left after 45, then 7 … : 14 at 40, 9 at 45 (8/14), 7 at 46; 8/14 · 6/7 · 5/6 · … · 1/2 at 51
    # = 8/14 · 1/7 = .082, and 8/14 · 2/7 = .163 at 50
    assert (found["mark_days"], found["is_at_least"], found["n_events"]) == (51.0, False, 1)


def test_the_rate_counts_the_deals_that_the_list_shows(demo):
    rate = velocity.sleeping_rate(demo)
    listed = velocity.sleeping(demo).group_by("stage").agg(pl.len().cast(pl.Int64).alias("n"))
    assert dict(rate.select("stage", "n_events").rows()) == dict(listed.rows())
    # DOZEN: d0010 sleeps by its own mark (90), though with it the stage's is 95
    found = velocity.sleeping_rate.__wrapped__(book_of(DOZEN)).to_dicts()[0]
    assert (found["mark_days"], found["n_events"]) == (95.0, 1)


def test_never_five_in_view_gives_the_last_exit():
    visits = [(10 * i + 8, "lost") for i in range(8)] + [(85, "open")]
    spells = [(AS_OF - d, None, k) if k == "open" else (50, d, k) for d, k in visits]
    recorded = [10.0 * i or None for i in range(8)] + [80.0]
    found = waits(as_book(spell_rows(spells, recorded=recorded, as_of=AS_OF)))["d0008"]
    assert (found["mark_days"], found["is_at_least"]) == (78.0, True)
