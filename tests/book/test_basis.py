"""What figures rest on: what is written down of it, and what of it counts as another when figures of two times meet."""

import dataclasses
import json
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpikit import DealBook, Privacy, Settings
from kpikit.book.basis import APART, Difference, are_apart, basis, differences

SEEN = datetime(2026, 3, 31, tzinfo=UTC)


def book(teams="NNNSSE", created=None, settings=None, **tables):
    """A deal for each letter, of the team that begins with it; recorded on the days of January, or on those given."""
    names = {"N": "North", "S": "South", "E": "East", "W": "West", "-": None}
    days = created or [f"2026-01-{1 + i:02}" for i in range(len(teams))]
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{i}" for i in range(len(teams))],
            "team": pl.Series([names[one] for one in teams], dtype=pl.String),
            "pipeline": ["New"] * len(teams), "outcome": ["open"] * len(teams), "created_at": days,
        }
    )  # fmt: skip
    as_of = datetime(2026, 6, 30, tzinfo=UTC)
    return DealBook.from_frames(deals=deals, settings=settings or Settings(), as_of=as_of, **tables)


def what(then, now):
    """What differs, by its name, once it was kept as JSON."""
    return [one.what for one in differences(json.loads(json.dumps(then)), now)]


def test_the_same_book_later_with_more_deals_differs_in_nothing():
    then = basis(book().at(SEEN))
    later = book("NNNSSENW", [f"2026-01-{1 + i:02}" for i in range(6)] + ["2026-05-01", "2026-05-02"])
    assert set(then["teams"]) == {"North", "South", "East"}  # the West began after March
    assert what(then, later) == []
    assert what(basis(later), book()) == ["teams"]  # the other way round: a team is gone


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"time_zone": "Europe/Brussels"}, "time_zone"),
        ({"fiscal_year_starts": 4}, "fiscal_year_starts"),
        ({"currency": "EUR"}, "currency"),
        ({"bin": "hour"}, "bin"),
        ({"holidays": (date(2026, 1, 1),)}, "holidays"),
        ({"privacy": Privacy(min_people=6)}, "floors"),
    ],
)
def test_each_setting_is_noticed_both_ways_and_alone(changed, name):
    plain, other = book(), book(settings=dataclasses.replace(Settings(), **changed))
    for one, two in ((plain, other), (other, plain)):
        assert what(basis(one, SEEN), two) == [name]
        assert are_apart(differences(basis(one, SEEN), two)) is (name in APART)


def test_what_changes_no_figure_is_no_difference():
    other = dataclasses.replace(Settings(), max_dropped=0.5, privacy=Privacy(agreement="new"))
    assert what(basis(book(), SEEN), book(settings=other)) == []


def test_a_calendar_differs_by_days_that_were_seen_and_not_by_next_year_s():
    def with_days(*days):
        return book(settings=Settings(holidays=days))

    then = basis(with_days(date(2026, 1, 1)), SEEN)
    assert what(then, with_days(date(2026, 1, 1), date(2027, 1, 1))) == []
    assert what(then, with_days(date(2026, 1, 1), date(2026, 3, 31))) == ["holidays"]  # the last day that was seen
    assert what(then, with_days(date(2026, 1, 1), date(2026, 4, 1))) == []
    (found,) = differences(then, with_days(date(2026, 2, 2)))
    assert (found.then, found.now) == (["2026-01-01"], ["2026-02-02"])


@pytest.mark.parametrize(
    ("now", "touched"),
    [
        ("WWWSSE", {"North", "West"}),  # renamed
        ("NNNNNE", {"North", "South"}),  # merged
        ("NNWSSE", {"North", "West"}),  # split
        ("SSNNNE", {"North", "South"}),  # handed over: the names are the same
    ],
)
def test_teams_renamed_merged_split_or_handed_over(now, touched):
    (found,) = differences(basis(book(), SEEN), book(now))
    assert found.what == "teams"
    every = set(found.then) | set(found.now)
    assert {name for name in every if found.then.get(name) != found.now.get(name)} == touched
    is_redrawn = set(found.then) != set(found.now)
    for team in every:
        assert are_apart([found], team) is (is_redrawn and team in touched)
    assert not are_apart([found], None)  # the whole book stays what it was


def test_a_deal_entered_late_with_an_early_day_is_data_and_no_new_line_between_teams():
    more = book("NNNSSEN", [f"2026-01-{1 + i:02}" for i in range(7)])
    assert what(basis(book(), SEEN), more) == []


def test_a_deal_that_changes_hands_as_the_book_records_it_is_history():
    """Its owner moved on 1 May: in March it was the other team's, then as now."""
    people = pl.DataFrame({"owner": ["An", "Bo"], "team": ["North", "South"]})
    deals = pl.DataFrame(
        {"deal_id": ["a", "b"], "pipeline": ["New"] * 2, "outcome": ["open"] * 2, "owner": ["An", "Bo"],
         "created_at": ["2026-01-05"] * 2}
    )  # fmt: skip
    changes = pl.DataFrame({"deal_id": ["a"], "field": ["owner"], "old": ["An"], "new": ["Bo"],
                            "changed_at": ["2026-05-01"]})  # fmt: skip
    before = DealBook.from_frames(deals=deals, people=people, as_of=SEEN)
    moved = deals.with_columns(owner=pl.lit("Bo"))
    after = DealBook.from_frames(deals=moved, people=people, changes=changes, as_of=datetime(2026, 6, 30, tzinfo=UTC))
    assert what(basis(before), after) == []
    assert what(basis(before), DealBook.from_frames(deals=moved, people=people, as_of=after.as_of)) == ["teams"]


def test_a_card_s_version_is_told_with_both(monkeypatch):
    then = basis(book(), SEEN)
    then["definitions"]["wins"] += 1
    then["definitions"]["gone_card"] = 1
    (found,) = differences(then, book())
    assert (found.what, found.is_apart) == ("definitions", False)
    assert found.then == {"wins": then["definitions"]["wins"]}
    assert found.now == {"wins": then["definitions"]["wins"] - 1}


@pytest.mark.parametrize(
    "then",
    [None, {}, [], "UTC", {"seen": "2026-01-01"}]
    + [{**basis(book(), SEEN), name: value} for name, value in
       (("seen", "soon"), ("teams", {"North": "zz"}), ("teams", {"North": 3}), ("teams", []), ("holidays", None),
        ("definitions", 1), ("time_zone", None), ("floors", 3))],
)  # fmt: skip
def test_what_nobody_wrote_down_is_said_to_be_unknown(then):
    assert differences(then, book()) == (Difference("unknown"),)


def test_no_number_of_deals_is_written_down():
    """In a team of one it would be a figure about a person."""
    told = basis(book(), SEEN)["teams"]
    assert all(len(one) == 16 and one.isalnum() for one in told.values())


@given(st.text(alphabet="NSEW-", min_size=1, max_size=12))
def test_a_book_against_itself_differs_in_nothing(teams):
    assert what(basis(book(teams), SEEN), book(teams)) == []


@given(st.text(alphabet="NSE", min_size=2, max_size=12), st.randoms())
def test_whoever_has_other_deals_is_told(teams, random):
    """Each deal is given to a team by lot: a difference there is exactly where some deal is another team's."""
    other = "".join(random.choice("NSE") for _ in teams)
    assert (what(basis(book(teams), SEEN), book(other)) == ["teams"]) is (teams != other)
