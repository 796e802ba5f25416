"""Small groups are not told apart: five people, ten deals, a second group hidden too, no counts left."""

import polars as pl
import pytest

from kpikit import DealBook, Privacy, Settings, velocity, winloss
from tests.strategies import STAGES, as_book, day, spell_rows

COUNTS = (
    "n",
    "n_excluded",
    "n_open",
    "n_events",
    "n_at_risk",
    "n_followed",
    "n_unpriced",
    "n_before",
    "n_events_before",
)


def book_of(groups, *, column="segment", **settings):
    """groups: name → (deals, people); each deal leaves Qualify after some days, and is won from Discovery or lost."""
    visits, names, owners = [], [], []
    for name, (n_deals, n_people) in groups.items():
        for i in range(n_deals):
            visits.append((i % 30, 4 + i % 17, ("lost", "won")[i % 2]))
            names.append(name)
            owners.append(None if n_people is None else f"{name}{i % n_people}")
    rows = spell_rows(visits, as_of=400, owner=owners, amount=[5.0] * len(visits), **{column: names})
    return as_book(rows, **settings)


def hidden(frame, column="segment"):
    return set(frame.filter(status="suppressed")[column])


QUESTIONS = [velocity.time_in_stage, velocity.exits, velocity.curves, winloss.wins]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("groups", "suppressed"),
    [
        ({"a": (40, 8), "b": (40, 8)}, set()),
        ({"a": (40, 5), "b": (10, 5)}, set()),  # five people and ten deals are enough
        (
            {"a": (40, 4), "b": (60, 8), "c": (50, 8)},
            {"a", "c"},
        ),  # four people; and the smaller of the others with them
        ({"a": (9, 9), "b": (60, 8), "c": (50, 8)}, {"a", "c"}),  # nine deals
        ({"a": (40, 4), "b": (30, 4), "c": (50, 8)}, {"a", "b"}),  # two small ones hide each other
        ({"a": (40, 4), "b": (60, 8)}, {"a", "b"}),
        ({"a": (40, None), "b": (60, None)}, set()),  # nobody is named: only the number of deals counts
        ({"a": (9, None), "b": (60, None), "c": (50, None)}, {"a", "c"}),
    ],
)
def test_five_people_and_ten_deals(question, groups, suppressed):
    assert hidden(question(book_of(groups), by=["segment"])) == suppressed


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_countable_is_left(question):
    found = question(book_of({"a": (40, 4), "b": (60, 8), "c": (50, 8)}), by=["segment"]).filter(status="suppressed")
    assert found.height > 0
    assert found["reason"].unique().to_list() == ["small_group"]
    for name in (*COUNTS, "value", "low", "high"):
        if name in found.columns:
            assert found[name].null_count() == found.height, name


def test_comparisons_are_suppressed_too():
    book = book_of({"a": (40, 4), "b": (60, 8), "c": (50, 8)})
    asked = book.settings.period
    found = velocity.compare(book, during=asked("2026-02"), before=asked("2026-01"), by=["segment"])
    assert hidden(found) == {"a", "c"}
    gone = found.filter(status="suppressed")
    for name in (*COUNTS, "value", "low", "high", "low80", "high80", "p"):
        if name in gone.columns:
            assert gone[name].null_count() == gone.height, name


def test_suppressed_wins_over_too_few():
    # group a has 9 deals: too few for a median as well
    found = velocity.time_in_stage(book_of({"a": (9, 2), "b": (60, 8), "c": (50, 8)}), by=["segment"])
    assert found.filter(segment="a")["status"].unique().to_list() == ["suppressed"]


def test_a_team_of_two_and_another_with_it():
    groups = {"Two": (30, 2), "North": (60, 6), "South": (50, 6)}
    found = velocity.time_in_stage(book_of(groups, column="team"), by=["team"])
    assert hidden(found, "team") == {"Two", "South"}
    assert (
        hidden(
            velocity.time_in_stage(book_of({"Three": (30, 3), "North": (60, 6)}, column="team"), by=["team"]), "team"
        )
        == set()
    )


def test_a_team_within_a_segment_needs_five_people():
    # every owner sells in one segment: three people in each team's half
    rows = {"A": (40, 3), "B": (40, 8)}
    found = velocity.time_in_stage(book_of(rows, column="team").replace(), by=["team", "segment"])
    assert "A" in hidden(found, "team")


def test_limits_can_be_set_upwards():
    groups = {"a": (14, 6), "b": (60, 9), "c": (50, 9)}
    assert hidden(velocity.time_in_stage(book_of(groups), by=["segment"])) == set()
    assert hidden(velocity.time_in_stage(book_of(groups, privacy=Privacy(min_deals=15)), by=["segment"])) == {"a", "c"}
    assert hidden(velocity.time_in_stage(book_of(groups, privacy=Privacy(min_people=7)), by=["segment"])) == {"a", "c"}


def test_without_groups_nothing_is_suppressed():
    assert hidden(velocity.time_in_stage(book_of({"a": (12, 1)})), "stage") == set()


def test_a_second_group_is_hidden_in_a_tie_too():
    found = velocity.time_in_stage(book_of({"a": (12, 2), "b": (12, 6), "c": (30, 7)}), by=["segment"])
    assert hidden(found) == {"a", "b"}


def test_what_is_hidden_together_is_large_enough():
    found = velocity.time_in_stage(book_of({"a": (12, 1), "b": (12, 1), "c": (60, 8), "d": (50, 8)}), by=["segment"])
    assert hidden(found) == {"a", "b", "d"}


def test_the_times_of_a_hidden_group_are_hidden():
    found = velocity.curves(book_of({"a": (12, 2), "b": (60, 6), "c": (50, 7)}), by=["segment"]).filter(segment="a")
    assert found["time"].null_count() == found.height


@pytest.mark.parametrize("question", [velocity.time_in_stage, winloss.wins])
def test_a_team_of_one_that_somebody_moved_to_is_hidden(question):
    n = 24
    deals = pl.DataFrame(
        {
            "deal_id": [f"d{i}" for i in range(n)],
            "owner": ["mover" if i < 6 else f"o{i % 6}" for i in range(n)],
            "pipeline": ["New"] * n,
            "outcome": ["won"] * n,
            "created_at": [day(0)] * n,
            "outcome_at": [day(60)] * n,
        }
    )
    events = pl.DataFrame(
        [
            {"deal_id": f"d{i}", "stage": s, "entered_at": day(t)}
            for i in range(n)
            for s, t in (("Qualify", 0), ("Discovery", 40))
        ]
    )
    people = pl.DataFrame(
        {
            "owner": ["mover", "mover", *(f"o{i}" for i in range(6))],
            "team": ["North", "Solo", *["North"] * 6],
            "from_on": ["2025-01-01", "2026-01-20", *["2025-01-01"] * 6],
            "until_on": ["2026-01-20", None, *[None] * 6],
        }
    )
    book = DealBook.from_frames(deals=deals, stage_events=events, stages=STAGES, people=people, settings=Settings())
    found = question(book, by=["team"]).filter(team="Solo")
    assert found["status"].unique().to_list() == ["suppressed"]


def test_wins_by_the_deals_own_stage_are_suppressed():
    visits = [(i, 5 + i % 7, "won") for i in range(50)]
    rows = spell_rows(visits, owner=["x"] * 4 + [f"o{i % 9}" for i in range(46)])
    frames = {"deals": pl.DataFrame(rows["deals"]).with_columns(stage=pl.Series(["Rare"] * 4 + ["Usual"] * 46))}
    found = winloss.wins(DealBook.from_frames(**frames, as_of=day(400)), by=["stage"])
    assert "Rare" in hidden(found, "stage")
